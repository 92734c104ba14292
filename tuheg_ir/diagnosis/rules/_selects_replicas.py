"""A Service of a store whose selector was edited, so that it sends who writes to servers that only read.

No server was made another: whoever comes anew is dealt to one of them again, or gets none that writes at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._new_primary import LEADING
from tuheg_ir.diagnosis.rules._selected_anew import selected_anew, selector_alone
from tuheg_ir.diagnosis.view.complaints import Complaint, began, told
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import labels, selects
from tuheg_ir.diagnosis.view.releases import BEFORE, soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_READING = frozenset(
    {"replica", "secondary", "slave", "standby", "follower", "reader", "read", "readonly", "read-only", "ro"}
)
"""Values of labels by which servers are marked that only read."""


class Widened(NamedTuple):
    """A Service that sends to servers that only read since its selector was edited; ``marked``: as labels say."""

    service: Service
    when: datetime
    reading: tuple[Pod, ...]
    chosen: int
    marked: bool


def selects_replicas(view: View, holder: str, found: Sequence[Complaint], every: Iterable[Complaint]) -> Widened | None:
    """Return the Service by which a client comes to servers that refuse its writes, since an edit of it.

    ``every``: what all clients tell. One of them has to be refused soon: another may write seldom, or keep its session.
    """
    about, first = {each.about for each in found}, began(found)
    times = [each.hit.first for each in every if each.about in about]
    for service in view.services.values():
        when = selected_anew(service) if about & {*service.backends} else None
        if when is None or first is None or first - when < BEFORE or not _asks_it(view, holder, service, found):
            continue
        if not any(soon_after(each, when) for each in times):
            continue
        chosen = [pod for ref in service.backends for pod in view.workloads[ref].live if _selected(service, pod)]
        reading = [pod for pod in chosen if _is_marked(pod, _READING)]
        kind = role(view.workloads[next(ref for ref in service.backends if ref in about)])
        servers = [pod for each in of_role(view.workloads, kind) for pod in each.live]
        if reading and any(_is_marked(pod, LEADING) and pod.ready for pod in servers):
            return Widened(service, when, tuple(reading), len(chosen), marked=True)
        unmarked = not any(_is_marked(pod, (*_READING, *LEADING)) for pod in chosen)
        if len(chosen) > 1 and unmarked and selector_alone(service, when):
            return Widened(service, when, (), len(chosen), marked=False)
    return None


def _asks_it(view: View, holder: str, service: Service, found: Sequence[Complaint]) -> bool:
    """Tell whether a client names a Service: where it was refused, else in its settings."""
    told_of = {host for each in found for host in each.hosts}
    settings = view.graph.settings(view.workloads[holder])
    hosts = told_of or {host for key, value in settings for host in hosts_in(key, value)}
    return service.name in {host.partition(".")[0] for host in hosts}


def _selected(service: Service, pod: Pod) -> bool:
    return pod.ready and selects(service.selector, labels(pod.obj))


def _is_marked(pod: Pod, values: Collection[str]) -> bool:
    return any(str(value).lower() in values for value in labels(pod.obj).values())


def led_by_service(view: View, by: Widened, holders: Mapping[str, Sequence[Complaint]]) -> Match:
    """Return that a Service leads its clients to servers that only read, since its selector was edited."""
    service, found = by.service, [each for said in holders.values() for each in said]
    chosen = ", ".join(f"{key}={value}" for key, value in service.selector.items())
    readers = f"{len(by.reading)} of {by.chosen} servers that it selects only read" if by.marked else ""
    fact = f"its selector was edited: {chosen} selects {by.chosen} servers"
    hit = behind(view, *service.backends, *holders)
    reason = f"{service.ref} deals each new session to a server again, and some of them only read"
    return Match(
        component=service.ref,
        evidence=(
            Evidence("objects", service.ref, fact, by.when),
            *(Evidence("objects", f"Pod/{pod.name}", f"{readers}, as its labels say", None) for pod in by.reading[:1]),
            *(seen for said in [*holders.values()][:3] for seen in told(view, said)[:1]),
        ),
        certainty=0.8 if by.marked else 0.6,
        root_cause="configuration_error",
        remedy="page_human",
        since=began(found),
        explains=hit,
        excludes=(
            *not_for((ref for ref in hit if ref not in service.backends), reason, ON_CALLERS),
            *not_for(service.backends, f"its servers are as they were: {reason}", (*RESTARTS, "scale_workload")),
        ),
    )
