"""A Service selects pods of another program too, since that one came or got its labels, or it was edited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._asked_amiss import asked_amiss, asked_the_same
from tuheg_ir.diagnosis.rules._by_pods import of_pods
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._labelled_in import answered_amiss, labelled_in
from tuheg_ir.diagnosis.rules._selected_anew import selected_anew, selector_alone
from tuheg_ir.diagnosis.rules._twins import another_program, programs, started_alike, started_otherwise, told_by_slot
from tuheg_ir.diagnosis.rules._witnesses import as_before
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.network import Service, named_port, target_of
from tuheg_ir.diagnosis.view.reading import created, items, oldest, written
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN, errors, finds_nothing, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

AT_ONCE = timedelta(minutes=5)
"""Who gets requests that are not meant for it fails them as soon as it is ready."""
TIMES = 5
"""So many times what it was asked before is more than callers who try again make of it."""
SCRAPED = 0.1
"""So many requests a second are those of who only looks whether a pod is there."""


def when(view: View) -> Iterator[Match]:
    """Users of a Service suffer since it selects ready pods of a second program beside those that it had."""
    for service in view.services.values():
        behind_it = [w for ref in service.backends if (w := view.workloads[ref]).ready and _leads_to(service, w)]
        for stranger in behind_it:
            own = [workload for workload in behind_it if workload is not stranger]
            if not own or any(_is_apart(other, stranger, own) for other in view.services.values()):
                continue  # nobody knows which of the Services it is that callers use
            before = labelled_in(view, service, stranger, own)
            amiss = () if before else _asked_for_another(view, service, stranger, own)
            if not amiss and not all(_is_strange(service, stranger, w) for w in own):
                continue
            times: Sequence[datetime | None] = (
                (selected_anew(service),) if amiss else tuple(_came(view, service, stranger, own))
            )
            times = (stranger.released_at,) if before else times
            came, felt = _first_felt(view, service, own, times)
            if came and not any(_is_its_own(view, workload, came, felt) for workload in own):
                seen = [*((each, each.time or came) for each in amiss), *felt]
                yield _match(view, service, stranger, own, seen, by_release=before is not None)


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


def _came(view: View, service: Service, stranger: Workload, own: Sequence[Workload]) -> Iterator[datetime]:
    """Yield since when a Service may select a workload beside its own, which are older or bear its name.

    Who came later than they did may have been there for long, when the Service was edited. But it may have been meant
    for as long too, and something else of the Service edited: its selector alone was, or requests come to it since.
    """
    made = created(stranger.obj)
    if made is None:
        return
    younger = all((first := created(workload.obj)) is not None and first < made for workload in own)
    if younger:
        yield made
    wrote = selected_anew(service) if edited(service.obj) else written(service.obj)
    named = any(workload.name == service.name for workload in own) and stranger.name != service.name
    if (
        named
        and wrote is not None
        and (not younger or selector_alone(service, wrote) or _asked_since(view, stranger, wrote))
    ):
        yield max(made, wrote)


def _asked_since(view: View, stranger: Workload, when: datetime) -> bool:
    """Tell whether a pod gets many times the requests that it ever got, since a moment."""
    for counted in of_pods(view, stranger):
        before = [value for at, value in counted.points if at < when.timestamp()]
        limit = TIMES * max([SCRAPED, *before])
        rose = view.figures.crossed("request_rate_by_pod", limit, below=False, **counted.labels) if before else None
        if soon_after(rose, when):
            return True
    return False


def _asked_for_another(
    view: View, service: Service, stranger: Workload, own: Sequence[Workload]
) -> tuple[Evidence, ...]:
    """Return that a workload gets what is meant for others, since a Service was edited: it alone knows nothing of it.

    What is of one image, listens on one port and is told by a word or a variable alone what it is to do, and is there
    for as long, can be told apart by nothing else. The logs of pods that are newer than the edit tell nothing of it.
    """
    when = selected_anew(service)
    if when is None or since_release(stranger, when) or not all(_has_another_task(stranger, w) for w in own):
        return ()
    if any(since_release(w, when) or _knows_no_better(view, stranger, w, when) for w in own):
        return ()
    return asked_amiss(view, stranger, when, on_top=True)


def _knows_no_better(view: View, stranger: Workload, own: Workload, when: datetime) -> bool:
    """Tell whether one of a Service's own does not know what it is asked for either: who asks has it wrong."""
    if asked_the_same(view, stranger, own) or finds_nothing(view, own):
        return True
    return bool(asked_amiss(view, own, when, on_top=True))


def _has_another_task(one: Workload, other: Workload) -> bool:
    """Tell whether two workloads are for different things: no canary, colour or other version of the same."""
    if another_program(one, other) or started_otherwise(one, other):
        return True
    same = programs(one, tags=True) == programs(other, tags=True)
    return same and not started_alike(one, other) and not told_by_slot(one, other)


def _is_apart(service: Service, stranger: Workload, own: Sequence[Workload]) -> bool:
    """Tell whether another Service selects the old ones only."""
    return stranger.ref not in service.backends and any(workload.ref in service.backends for workload in own)


def _felt(view: View, service: Service, own: Sequence[Workload], came: datetime) -> Iterator[tuple[Evidence, datetime]]:
    """Yield what users of a Service feel since a time: what is measured, else what callers are refused, else told."""
    users = behind(view, *service.backends)
    measured = [
        seen for ref in users if not _fails_elsewhere(view, ref, users, came) for seen in _felt_since(view, ref, came)
    ]
    yield from measured or list(_refused_since(view, service, own, came)) or answered_amiss(view, service, came)


def _first_felt(
    view: View, service: Service, own: Sequence[Workload], times: Sequence[datetime | None]
) -> tuple[datetime | None, list[tuple[Evidence, datetime]]]:
    """Return the first of the times since when users of a Service feel something, and what they feel."""
    for at in times:
        if at is not None and (felt := list(_felt(view, service, own, at))):
            return at, felt
    return None, []


def _felt_since(view: View, ref: str, came: datetime) -> Iterator[tuple[Evidence, datetime]]:
    """Yield what users of a workload feel since a time, if it is not its own release that they feel."""
    workload = view.workloads.get(ref)
    felt = list(troubles(view, ref))
    first = oldest(since for _, since in felt)
    if workload and first and BEFORE <= first - came <= AT_ONCE and not since_release(workload, first):
        yield felt[0][0], first


def _fails_elsewhere(view: View, ref: str, users: Sequence[str], came: datetime) -> bool:
    """Tell whether a user of a Service says since a time that it gets no answer from others, and nothing of this one.

    ``users``: who serves behind it, and all that call them.
    """
    said = [each for each in complaints(view, *UNANSWERED) if each.caller == ref and (each.about or each.hosts)]
    if not said or any(each.about in users for each in said):
        return False
    return sum(each.hit.count for each in said) >= OFTEN and soon_after(began(said), came)


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
    wrote = selected_anew(service) or written(service.obj)
    selected = f"{labels} selects pods of {names} and of {stranger.ref}"
    hit = behind(view, *service.backends)
    others = tuple(ref for ref in hit if ref != stranger.ref)
    reason = f"{service.ref} sends a share of the requests to {stranger.ref}, which is another program"
    rates = view.figures.latest("request_rate_by_pod", "pod")
    asked = sum(rates.get(pod.name, 0.0) for pod in stranger.live)
    vain = (*RESTARTS, "scale_workload", *(() if by_release else ("rollback_workload",)))
    made = created(stranger.obj)
    if by_release:
        gave = "released: its pods have these labels since, and it is another program"
        came = Evidence("objects", stranger.ref, gave, stranger.released_at)
    elif made is not None and min(first for _, first in felt) - made > AT_ONCE:
        came = Evidence("objects", stranger.ref, "it is selected since, and is another program", wrote)
    else:
        came = Evidence("objects", stranger.ref, "it is new, and another program", made)
    return Match(
        component=stranger.ref if by_release else service.ref,
        remedy="rollback_workload" if by_release else "",
        evidence=(
            Evidence("objects", service.ref, selected, wrote),
            came,
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
