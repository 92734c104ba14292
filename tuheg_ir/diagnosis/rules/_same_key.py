"""Clients of a broker whose address a Secret keeps: they take it from the same place as one that is known to ask it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_A_BROKER = late(
    r"amqp|rabbit|broker|kafka|nats|pulsar|activemq|artemis|mqtt|stomp|celery|event_?bus|messag"
    r"|(?:^|[^a-z])(?:mq|jms)(?:$|[^a-z])",
    re.IGNORECASE,
)
"""Words of a broker in the name of a Secret, or of one of its keys: others are of a database beside it."""


def of_same_broker(view: View, known: Iterable[str], *, alone: bool = False) -> tuple[str, ...]:
    """Return the workloads that take what leads to a broker from the same key of a Secret as some that ask it.

    ``alone``: there is no other broker here, so that any such key leads to it.
    """
    clients = {ref for ref in known if ref in view.workloads}
    theirs = {kept for ref in clients for kept in _kept(view.workloads[ref])}
    kept = {ref: _kept(each) for ref, each in view.workloads.items()}
    return tuple(sorted(ref for ref in kept if ref in clients or theirs & kept[ref] or (alone and kept[ref])))


def _kept(workload: Workload) -> set[tuple[str, str]]:
    """Return (Secret, key) of what a workload is told of a broker; key "" is all that is in it."""
    found = {(named, key) for kind, named, key, _ in keys_of(workload.template) if kind == "Secret"}
    return {each for each in found if _OF_A_BROKER.search(" ".join(each))}
