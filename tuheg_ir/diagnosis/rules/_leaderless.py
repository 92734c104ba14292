"""How brokers and stores, and those who use them, tell that nobody leads a part of what they hold."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.view.view import View

OFTEN = 5
"""Members choose another leader in seconds: who waits for that tells of it once or twice."""
_MISSED = late(
    r"\bcoordinator (?:for .{0,120} )?is not available|\bCOORDINATOR_NOT_AVAILABLE|CoordinatorNotAvailable"
    r"|\bLEADER_NOT_AVAILABLE|LeaderNotAvailable|no leader for this (?:topic-)?partition|\bNOT_ENOUGH_REPLICAS"
    r"|fewer in-sync replicas than required|NotEnoughReplicas"
    r"|\bhome node .{0,120} of durable queue .{0,200} is down or inaccessible"
    r"|\bCLUSTERDOWN (?:Hash slot not served|The cluster is down)"
    r"|\bno_shard_available_action_exception|NoShardAvailableAction|\bunavailable_shards_exception"
    r"|\bprimary shard is not active|Cannot achieve consistency level|\betcdserver: no leader",
    re.IGNORECASE,
)
"""How brokers and stores, and their clients, tell that nobody leads what is asked for, or too few have it."""
_WORDS = (
    *("coordinator", "leader", "replicas", "home node", "clusterdown", "shard", "consistency level"),
    *("leadernotavailable", "not_enough_replicas"),
)


def leaderless(view: View, ref: str) -> Repeated | None:
    """Return what a user of a store repeats of a leader that it misses; None if it does not, or chooses one soon."""
    workload = view.workloads.get(ref)
    return repeated(view, workload, _MISSED, _WORDS, OFTEN) if workload else None
