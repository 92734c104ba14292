"""A VirtualService leads to a subset that no pod belongs to: its proxies have nobody to ask, though the pods are well.

It came so by an edit of where calls are led, by one of what the subset asks for, or by a release with other labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._attached import Led, Subset, led, pods_of, subsets, told
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._proxied import Answer, answers, first, shown
from tuheg_ir.diagnosis.rules._relabelled import relabelled, with_former_labels
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import mapping, oldest, ref, selects, written
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_NOBODY = frozenset({"UH", "NC"})
"""Flags of a proxy that has no pod to ask, or knows no such part of a Service."""
_HELD = ("restart_workload", "scale_workload", "restart_connection_pool")


class _Empty(NamedTuple):
    """A subset without pods to which calls are led, what asks for it, and who was turned away."""

    led: Led
    asked: Subset | None
    said: tuple[Answer, ...]
    felt: tuple[Evidence, ...]
    began: datetime | None


def when(view: View) -> Iterator[Match]:
    """A VirtualService leads to a subset that no pod belongs to, while pods of its Service are ready; callers fail."""
    if not view.snapshot.known("DestinationRule"):
        return
    seen = set[tuple[str, str, str]]()
    for each in led(view):
        place = ref(each.route), each.service.name, each.subset
        if each.used and each.subset and place not in seen:
            seen.add(place)
            found = _empty(view, each)
            match = _match(view, found) if found and (found.said or found.felt) else None
            if match:
                yield match


def _empty(view: View, each: Led) -> _Empty | None:
    """Return a subset without pods, and who suffers; None if it has some, rests, or its Service has no pods either."""
    asked = subsets(view, each.service).get(each.subset)
    if asked is not None and (pods_of(view, each.service, asked.labels) or _rests(view, each.service, asked)):
        return None
    if not any(pod.ready for pod in pods_of(view, each.service, {})):
        return None
    said = tuple(
        answer
        for answer in answers(view)
        if answer.flags & _NOBODY and (each.subset, each.service.name) == _called(answer)
    )
    hurt = [
        (fact, since)
        for caller in behind(view, *each.service.backends)
        if caller not in each.service.backends
        for fact, since in troubles(view, caller)
    ]
    began = first(said) or oldest(since for _, since in hurt)
    return _Empty(each, asked, said, tuple(fact for fact, _ in hurt), began)


def _called(answer: Answer) -> tuple[str, str]:
    subset, host = answer.called
    return subset, host.partition(".")[0].lower()


def _rests(view: View, service: Service, asked: Subset) -> bool:
    """Tell whether a subset is that of a workload which has no pods at present: it asks for the right labels."""
    return any(selects({**service.selector, **asked.labels}, each.labels) for each in view.serving)


def _match(view: View, empty: _Empty) -> Match | None:
    """Return who led calls to nobody; None where no proxy tells of it, and nothing was written as users fell ill."""
    route, service = empty.led.route, empty.led.service
    released = _relabelled(view, empty)
    edited = [obj for obj in (route, empty.asked.rule if empty.asked else None) if obj is not None]
    by = next((obj for obj in edited if soon_after(empty.began, written(obj))), None)
    if not empty.said and (_asked(view, empty) or not (by or released)):
        return None
    stands = _former(view, empty) if by is route else None
    at_fault = released.ref if released else ref(by or route)
    callers = tuple(each for each in behind(view, *service.backends, *_proxies(view, empty)) if each != at_fault)
    why = f"no pod belongs to subset {empty.led.subset} of {service.ref}: its pods and their callers are not to blame"
    return Match(
        component=at_fault,
        evidence=(
            *((relabelled(released),) if released else ()),
            *_facts(view, empty),
            *shown(empty.said),
            *empty.felt[:2],
            *((stands,) if stands else ()),
        ),
        certainty=0.85 if empty.said and (by or released) else 0.7,
        remedy="rollback_workload" if released else "switch_traffic" if stands else "",
        since=empty.began,
        explains=callers,
        excludes=(
            *not_for(callers, why),
            *(not_for((released.ref,), "new pods bear the same labels", _HELD) if released else ()),
        ),
    )


def _asked(view: View, empty: _Empty) -> bool:
    """Tell whether proxies tell of calls of the Service since: where nobody was turned away, users suffer otherwise."""
    to = (each for each in answers(view) if _called(each)[1] == empty.led.service.name)
    return any(each.at is None or empty.began is None or each.at >= empty.began for each in to)


def _relabelled(view: View, empty: _Empty) -> Workload | None:
    """Return the workload whose release took the labels from its pods that the subset asks for; None for none."""
    if empty.asked is None:
        return None
    wanted = {**empty.led.service.selector, **empty.asked.labels}
    for each in map(view.workloads.__getitem__, empty.led.service.backends):
        before = with_former_labels(view, each)
        if before is not None and selects(wanted, before.labels) and since_release(each, empty.began):
            later = written(empty.led.route)
            if each.released_at is None or later is None or later <= each.released_at:
                return each
    return None


def _facts(view: View, empty: _Empty) -> Iterator[Evidence]:
    """Yield where calls are led, what is asked for there, and what the pods bear instead."""
    route, service = empty.led.route, empty.led.service
    fact = f"it leads to subset {empty.led.subset} of {service.ref}"
    if empty.asked is None:
        yield Evidence("objects", ref(route), f"{fact}, which no DestinationRule names", written(route))
        return
    asked = told(empty.asked.labels)
    yield Evidence("objects", ref(route), f"{fact}: no pod has the labels {asked}", written(route))
    yield Evidence("objects", ref(empty.asked.rule), f"its subset {empty.led.subset} asks for {asked}")
    for each in map(view.workloads.__getitem__, service.backends):
        borne = {key: each.labels[key] for key in empty.asked.labels if key in each.labels}
        yield Evidence("objects", each.ref, f"{each.ready} pods are ready and bear {told(borne) or 'no such label'}")


def _former(view: View, empty: _Empty) -> Evidence | None:
    """Return the part of the Service that was asked before, or gets the rest: all its pods are ready; None for none.

    A proxy tells whom it asked before; else it stands beside the new one, in the same route.
    """
    service, parts = empty.led.service, subsets(view, empty.led.service)
    answered = [a for a in answers(view) if 0 < a.status < 500 and _called(a)[1] == service.name]
    before = [_called(a)[0] for a in answered if a.at is not None and (empty.began is None or a.at <= empty.began)]
    beside = [each.subset for each in led(view) if each.route is empty.led.route and each.service is service]
    for name in dict.fromkeys((*reversed(before), *beside)):
        pods = pods_of(view, service, mapping(parts[name].labels) if name in parts else {})
        known = name in parts or (not name and name in before)
        if known and pods and all(pod.ready for pod in pods):
            which = f"subset {name} of {service.ref}" if name else service.ref
            was = "it was asked before" if name in before else "it stands beside the other"
            return Evidence("objects", service.ref, f"all {len(pods)} pods of {which} are ready; {was}")
    return None


def _proxies(view: View, empty: _Empty) -> tuple[str, ...]:
    owners = dict.fromkeys(view.owner_of(each.pod) for each in empty.said)
    return tuple(owner for owner in owners if owner in view.workloads)


RULE = Rule(
    name="subset_without_pods",
    title="A VirtualService leads to a subset that no pod belongs to",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="each subset to which a VirtualService leads has pods, or nobody is turned away",
)
