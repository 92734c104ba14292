"""Two sets of pods of one program, of which one serves: colours of a cut-over, a canary's controller and its copy."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._at_rest import rests_since
from tuheg_ir.diagnosis.rules._retired import GONE
from tuheg_ir.diagnosis.rules._strangers import reached_from_outside
from tuheg_ir.diagnosis.rules._twins import by_a_slot, program_of, started_alike
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import created, items, last_write, text
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(days=3)
"""Who cuts over before a weekend takes the former colour down after it; what rests for longer is a reserve."""


def stand_in(view: View, workload: Workload) -> Workload | None:
    """Return the workload of the same program to which the users of a workload are led; None for none.

    More replicas of what rests help nobody, be the other complete or not. So it is with canaries, whose controller
    serves by a copy while what it copies rests, and with two colours.
    """
    return next((other for _, other in _standing_in(view, workload)), None)


def cut_over(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that what an alert misses is the former colour, taken down since its users were led away; None: not so.

    No pods alone prove nothing. A Service of the program was written to lead to the other colour, all of which is
    ready, before this one was taken down, and since then nothing leads or calls here.
    """
    workload = view.workloads.get(ref)
    since = rests_since(view, workload) if workload is not None and GONE.search(alert.said) else None
    if workload is None or since is None or workload.live:
        return None
    if alert.starts_at is not None and alert.starts_at < since:
        return None  # it missed it when it was still to be there
    if view.graph.callers(ref) or reached_from_outside(view, workload):
        return None
    for service, other in _standing_in(view, workload):
        at, made = last_write(service.obj), created(service.obj)
        if at is None or made is None or at - made <= MINUTE or not timedelta(0) <= since - at <= LATELY:
            continue
        if other.ready >= other.wanted and by_a_slot(service.selector, workload):
            led = f"{service.ref} was led to {other.ref} at {at:%Y-%m-%d %H:%M} UTC, all pods of which are ready"
            return Evidence("objects", ref, f"{alert.name} fires; it was taken down after {led}", since)
    return None


def _standing_in(view: View, workload: Workload) -> list[tuple[Service, Workload]]:
    """Return the Services that lead to another workload of the same program instead, each with that."""
    found = []
    for service in view.services.values():
        other = view.workloads.get(service.backends[0]) if len(service.backends) == 1 else None
        if other is None or other.ref == workload.ref or not other.wanted:
            continue
        same = started_alike(workload, other)
        if same and (_copied(service, workload, other) or coloured(service, workload, other)):
            found.append((service, other))
    return found


def _copied(service: Service, workload: Workload, other: Workload) -> bool:
    """Tell whether a Service of a workload's name leads to another with the same container of the same program."""
    named = workload.name == service.name or workload.name.startswith(f"{service.name}-")
    return named and bool(_containers(workload) & _containers(other))


def coloured(service: Service, workload: Workload, other: Workload) -> bool:
    """Tell whether a Service selects by the label of a slot what is like another, on the same ports.

    A worker of the same image is another component, is told otherwise, or has other ports.
    """
    labelled = len(service.selector) > 1 and by_a_slot(service.selector, workload)
    return labelled and _ports(workload) == _ports(other)


def in_another_role(service: Service, other: Workload) -> bool:
    """Tell whether a Service means the like of a workload in another role: who leads, or who is the source."""
    return any("role" in key and other.labels.get(key) != value for key, value in service.selector.items())


def _containers(workload: Workload) -> set[tuple[str, str]]:
    """Return the containers of a template with their images, whatever version of them."""
    return {(text(c, "name"), program_of(text(c, "image"))) for c in items(workload.template, "spec", "containers")}


def _ports(workload: Workload) -> set[str]:
    containers = items(workload.template, "spec", "containers")
    return {text(port, "containerPort") for each in containers for port in items(each, "ports")}
