"""A Service selects pods of another program too, since that one came or got its labels: requests go astray."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._labelled_in import answered_amiss, labelled_in
from tuheg_ir.diagnosis.rules._twins import another_program, started_otherwise
from tuheg_ir.diagnosis.rules._witnesses import as_before
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.network import Service, named_port, target_of
from tuheg_ir.diagnosis.view.reading import created, items, newest, oldest, written
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN, errors, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=5)
"""Who gets requests that are not meant for it fails them as soon as it is ready."""


def when(view: View) -> Iterator[Match]:
    """Users of a Service suffer since it selects ready pods of a second program beside those that it had."""
    for service in view.services.values():
        behind_it = [w for ref in service.backends if (w := view.workloads[ref]).ready and _leads_to(service, w)]
        for stranger in behind_it:
            own = [workload for workload in behind_it if workload is not stranger]
            before = labelled_in(view, service, stranger, own)
            came = stranger.released_at if before else _came(service, stranger, own)
            if came is None or not own or not all(_is_strange(service, stranger, w) for w in own):
                continue
            if any(_is_apart(other, stranger, own) for other in view.services.values()):
                continue  # nobody knows which of the Services it is that callers use
            felt = [seen for ref in behind(view, *service.backends) for seen in _felt_since(view, ref, came)]
            felt = felt or list(_refused_since(view, service, own, came))
            felt = felt or list(answered_amiss(view, service, came))
            if felt and not any(_is_its_own(view, workload, came, felt) for workload in own):
                yield _match(view, service, stranger, own, felt, by_release=before is not None)


def _leads_to(service: Service, workload: Workload) -> bool:
    """Tell whether a Service sends to a workload that it selects: by a port's name to those only that have it."""
    targets = [target_of(port) for port in service.ports]
    return not targets or any(str(target).isdigit() or named_port(workload, target) for target in targets)


def _is_strange(service: Service, stranger: Workload, own: Workload) -> bool:
    """Tell whether a workload cannot answer for another one behind a Service: its image is another, or it serves none.

    A worker is often of the server's image, which it is told to start otherwise, and lists none of the server's ports.
    """
    if another_program(stranger, own):
        return True
    return started_otherwise(stranger, own) and _lists_a_port(service, own) and not _lists_a_port(service, stranger)


def _lists_a_port(service: Service, workload: Workload) -> bool:
    """Tell whether a container of a workload lists a port to which a Service leads."""
    listed = [port for each in items(workload.template, "spec", "containers") for port in items(each, "ports")]
    return bool(listed) and any(named_port(workload, target_of(port)) for port in service.ports)


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
    first = oldest(since for _, since in felt)
    if workload and first and BEFORE <= first - came <= AT_ONCE and not since_release(workload, first):
        yield felt[0][0], first


def _is_its_own(view: View, workload: Workload, came: datetime, felt: Sequence[tuple[Evidence, datetime]]) -> bool:
    """Tell whether one of a Service's own may be what its users feel: by a release, or as it fails itself since then.

    What goes astray does not come to it, so it cannot fail there.
    """
    fails = errors(view, workload.ref)
    rose = fails is not None and (fails[1] is None or fails[1] - came >= BEFORE)
    return rose or any(since_release(workload, first) for _, first in felt)


def _refused_since(
    view: View, service: Service, own: Sequence[Workload], came: datetime
) -> Iterator[tuple[Evidence, datetime]]:
    """Yield that callers which nobody touched are refused connections since a time, though all who should serve do."""
    if any(workload.ready < workload.wanted for workload in own):
        return
    said: dict[str, list[Complaint]] = {}
    for each in complaints(view, "connection_refused"):
        if each.about in service.backends:
            said.setdefault(each.caller, []).append(each)
    for caller, found in said.items():
        first = began(found)
        often = sum(each.hit.count for each in found) >= OFTEN
        if often and first is not None and soon_after(first, came) and as_before(view, caller, found):
            yield told(view, found)[0], first


def _match(
    view: View,
    service: Service,
    stranger: Workload,
    own: Sequence[Workload],
    felt: Sequence[tuple[Evidence, datetime]],
    *,
    by_release: bool,
) -> Match:
    names = ", ".join(workload.ref for workload in own)
    labels = ", ".join(f"{key}={value}" for key, value in service.selector.items())
    selected = f"{labels} selects pods of {names} and of {stranger.ref}"
    hit = behind(view, *service.backends)
    others = tuple(ref for ref in hit if ref != stranger.ref)
    reason = f"{service.ref} sends a share of the requests to {stranger.ref}, which is another program"
    rates = view.figures.latest("request_rate_by_pod", "pod")
    asked = sum(rates.get(pod.name, 0.0) for pod in stranger.live)
    vain = (*RESTARTS, "scale_workload", *(() if by_release else ("rollback_workload",)))
    gave = "released: its pods have these labels since, and it is another program"
    return Match(
        component=stranger.ref if by_release else service.ref,
        remedy="rollback_workload" if by_release else "",
        evidence=(
            Evidence("objects", service.ref, selected, written(service.obj)),
            Evidence("objects", stranger.ref, gave, stranger.released_at)
            if by_release
            else Evidence("objects", stranger.ref, "it is new, and another program", created(stranger.obj)),
            *(seen for seen, _ in felt[:2]),
            *([Evidence("metrics", stranger.ref, f"it gets {asked:.3g} requests a second")] if asked else []),
        ),
        certainty=0.8,
        since=min(first for _, first in felt),
        explains=hit,
        excludes=(*not_for(others, reason), *not_for((stranger.ref,), reason, vain)),
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
