"""A release gave its pods the labels by which a Service selects another program's, and its callers get odd answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._relabelled import with_former_labels
from tuheg_ir.diagnosis.rules._witnesses import TOGETHER
from tuheg_ir.diagnosis.served import field_of, status_of
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.marked import OFTEN, Marked, complained
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import created, selects
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

AT_ONCE = timedelta(minutes=5)
"""So soon after a stranger is behind a Service its callers get answers that they never got."""
_AMISS = (400, 401, 403, 404, 405, 406, 415, 422, 501)
"""How a program answers what is meant for another one: it knows no such path, method, form or user."""


def labelled_in(view: View, service: Service, stranger: Workload, own: Sequence[Workload]) -> Workload | None:
    """Return a workload as it was before a release alone brought it behind a Service; None if none did.

    The others were there before it: who selects two programs since both got new labels is meant to, or nobody knows.
    """
    before = with_former_labels(view, stranger)
    came = stranger.released_at
    if before is None or came is None or selects(service.selector, before.labels):
        return None
    if not selects(service.selector, stranger.labels):
        return None
    older = all((made := created(each.obj)) is not None and made < came for each in own)
    anew = [known for each in own if (known := with_former_labels(view, each)) is not None]
    return before if older and all(selects(service.selector, each.labels) for each in anew) else None


def answered_amiss(view: View, service: Service, came: datetime) -> Iterator[tuple[Evidence, datetime]]:
    """Yield that callers which nobody touched complain of a Service's answers since a time, and never did before.

    What they are told is no failure: another program answers well, and knows nothing of what it is asked for.
    """
    above = {ref for backend in service.backends for ref in view.graph.callers(backend)} - set(service.backends)
    for ref in sorted(above):
        caller = view.workloads.get(ref)
        if caller is None or any(abs(came - at) <= TOGETHER for _, at in outside_changes(view, caller)):
            continue
        for each in complained(view, caller):
            since = each.since
            if since is None or not BEFORE <= since - came <= AT_ONCE or since_release(caller, since):
                continue
            if each.count >= OFTEN and _is_amiss(view, service, each):
                fact = f"{each.count} lines: {each.line}"
                yield Evidence("logs", ref, fact[:240], since), since
                break


def _is_amiss(view: View, service: Service, told: Marked) -> bool:
    """Tell whether a complaint names a Service and a status with which programs answer what they do not know."""
    status = status_of(told.line) or field_of(told.line)
    named = any(view.graph.resolve(host) in service.backends for host in hosts_named([told.line]))
    return named and status in _AMISS
