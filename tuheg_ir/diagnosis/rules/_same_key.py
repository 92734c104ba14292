"""Clients of a broker whose address a Secret keeps: they take it from the same place as one that is known to ask it.

And those of a broker that others run outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_A_BROKER = late(
    r"amqp|rabbit|broker|kafka|nats|pulsar|activemq|artemis|mqtt|stomp|celery|event_?bus|messag"
    r"|(?:^|[^a-z])(?:mq|jms)(?:$|[^a-z])",
    re.IGNORECASE,
)
"""Words of a broker in the name of a Secret, or of one of its keys: others are of a database beside it."""
_OF_A_SERVICE = late(r"sqs|kinesis|queue|pub_?sub|service_?bus|event_?hub", re.IGNORECASE)
"""Words of queues that a cloud keeps, in settings and hosts: where they are the client knows by itself."""
_LONGEST = 1000
"""A setting that is longer is no address, but a certificate or a program."""


def of_same_broker(view: View, known: Iterable[str], *, alone: bool = False) -> tuple[str, ...]:
    """Return the workloads that take what leads to a broker from the same key of a Secret as some that ask it.

    ``alone``: there is no other broker here, so that any such key leads to it.
    """
    clients = {ref for ref in known if ref in view.workloads}
    theirs = {kept for ref in clients for kept in _kept(view.workloads[ref])}
    kept = {ref: _kept(each) for ref, each in view.workloads.items()}
    return tuple(sorted(ref for ref in kept if ref in clients or theirs & kept[ref] or (alone and kept[ref])))


def asks_one_outside(view: View, workload: Workload) -> bool:
    """Tell whether a workload is told of a broker that nobody here runs: a host outside, or what a Secret keeps."""
    if _kept(workload):
        return True
    for key, value in view.graph.settings(workload):
        away = [host for host in hosts_in(key, value[:_LONGEST]) if view.graph.is_away(host)]
        words = " ".join((key, *away))
        if _OF_A_SERVICE.search(words) or (away and _OF_A_BROKER.search(words)):
            return True
    return False


def _kept(workload: Workload) -> set[tuple[str, str]]:
    """Return (Secret, key) of what a workload is told of a broker; key "" is all that is in it."""
    found = {(named, key) for kind, named, key, _ in keys_of(workload.template) if kind == "Secret"}
    return {each for each in found if _OF_A_BROKER.search(" ".join(each))}
