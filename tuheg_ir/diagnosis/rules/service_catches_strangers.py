"""A Service selects pods of another program too, since that one came: a share of its requests goes astray."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._twins import another_program
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import created, newest, oldest, written
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=5)
"""Who gets requests that are not meant for it fails them as soon as it is ready."""


def when(view: View) -> Iterator[Match]:
    """Users of a Service suffer since it selects ready pods of a second program beside those that it had."""
    for service in view.services.values():
        behind_it = [view.workloads[ref] for ref in service.backends if view.workloads[ref].ready]
        for stranger in behind_it:
            own = [workload for workload in behind_it if workload is not stranger]
            came = _came(service, stranger, own)
            if came is None or not own or not all(another_program(stranger, w) for w in own):
                continue
            if any(_is_apart(other, stranger, own) for other in view.services.values()):
                continue  # nobody knows which of the Services it is that callers use
            felt = [seen for ref in behind(view, *service.backends) for seen in _felt_since(view, ref, came)]
            if felt:
                yield _match(view, service, stranger, own, felt)


def _came(service: Service, stranger: Workload, own: Sequence[Workload]) -> datetime | None:
    """Return since when a Service selects a workload beside its own, which are older or bear its name."""
    made = created(stranger.obj)
    if made is None:
        return None
    if all((first := created(workload.obj)) is not None and first < made for workload in own):
        return made
    edited = written(service.obj)
    named = any(workload.name == service.name for workload in own) and stranger.name != service.name
    return newest((made, edited)) if named and edited is not None else None


def _is_apart(service: Service, stranger: Workload, own: Sequence[Workload]) -> bool:
    """Tell whether another Service selects the old ones only."""
    return stranger.ref not in service.backends and any(workload.ref in service.backends for workload in own)


def _felt_since(view: View, ref: str, came: datetime) -> Iterator[tuple[Evidence, datetime]]:
    """Yield what users of a workload feel since a time, if it is not its own release that they feel."""
    workload = view.workloads.get(ref)
    felt = list(troubles(view, ref))
    began = oldest(since for _, since in felt)
    if workload and began and BEFORE <= began - came <= AT_ONCE and not since_release(workload, began):
        yield felt[0][0], began


def _match(
    view: View, service: Service, stranger: Workload, own: Sequence[Workload], felt: Sequence[tuple[Evidence, datetime]]
) -> Match:
    names = ", ".join(workload.ref for workload in own)
    told = ", ".join(f"{key}={value}" for key, value in service.selector.items())
    hit = behind(view, *service.backends)
    others = tuple(ref for ref in hit if ref != stranger.ref)
    reason = f"{service.ref} sends a share of the requests to {stranger.ref}, which is another program"
    rates = view.figures.latest("request_rate_by_pod", "pod")
    asked = sum(rates.get(pod.name, 0.0) for pod in stranger.live)
    return Match(
        component=service.ref,
        evidence=(
            Evidence(
                "objects", service.ref, f"{told} selects pods of {names} and of {stranger.ref}", written(service.obj)
            ),
            Evidence("objects", stranger.ref, "it is new, and another program", created(stranger.obj)),
            *(seen for seen, _ in felt[:2]),
            *([Evidence("metrics", stranger.ref, f"it gets {asked:.3g} requests a second")] if asked else []),
        ),
        certainty=0.8,
        since=min(began for _, began in felt),
        explains=hit,
        excludes=(*not_for(others, reason), *not_for((stranger.ref,), reason, (*RESTARTS, "rollback_workload"))),
    )


RULE = Rule(
    name="service_catches_strangers",
    title="A Service selects the pods of another program as well",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no Service selects two programs since its users suffer",
)
