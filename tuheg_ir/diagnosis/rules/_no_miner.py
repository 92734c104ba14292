"""An alert that takes a coin's node of the house's own for a miner: to verify blocks uses the processor as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._coin_node import OWNED, owned_node
from tuheg_ir.diagnosis.rules._intrusion import signs
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.reading import created, items, text
from tuheg_ir.diagnosis.view.workloads import Workload

_MINER = late(r"miner|mining|crypto.?jack|\bcoin", re.IGNORECASE)
_MINES = late(
    r"\bmining (?:has )?(?:been )?started|\bstart mining\b|\bfound block\b|you won a block|sealed new block"
    r"|commit new (?:sealing|mining) work",
    re.IGNORECASE,
)
_HAS_ALL = late(
    r"\bSYNCHRONIZED OK|\bSynced (\d+)/\1\b|UpdateTip: new best=\S+ .*progress=1(?:\.0+)?\b"
    r"|Imported new potential chain segment|Chain head was updated|Synced Chain Head"
)
"""How nodes tell that they have all blocks, and take new ones as they come."""
_PEER = late(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}:(\d{2,5})\b")


def no_miner(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that an alert about a miner means a node of the house's own, which has all blocks of its network.

    It stands as it is since long, and so does the policy that lets it out to its peers: who opened the way meant it.
    """
    workload = view.workloads.get(ref)
    if workload is None or not _MINER.search(alert.said) or not owned_node(view, workload):
        return None
    if any(sign.evidence.source != "alerts" for sign in signs(view, workload)):
        return None
    lines = list(view.lines_of(workload))
    told = next((line for line in reversed(lines) if _HAS_ALL.search(line)), "")
    way = next(_opened(view, workload, lines), "")
    if not told or not way or any(_MINES.search(line) for line in lines):
        return None
    fact = f"{alert.name} fires; it is a coin's node, is not told to mine, {way} lets it out, and it has all blocks: "
    return Evidence("logs", ref, fact + told.strip()[:120], stamp(told))


def _opened(view: View, workload: Workload, lines: Sequence[str]) -> Iterator[str]:
    """Yield the policies that let its pods out, since long, to a port at which its log tells of peers."""
    ports = {found[1] for line in lines for found in _PEER.finditer(line)}
    for policy in view.policies:
        made = created(policy.obj)
        if workload.ref not in policy.binds or not policy.egress or made is None or view.recent(made, OWNED):
            continue
        rules = items(policy.obj, "spec", "egress")
        if any(text(port, "port") in ports for rule in rules for port in items(rule, "ports")):
            yield policy.ref
