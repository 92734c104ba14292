"""Proxies turn calls away by a circuit breaker since its limits were written: what they lead to is not even full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._capping import Cap, caps
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._onset import BEFORE
from tuheg_ir.diagnosis.rules._proxied import Answer, answers
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.logs import heard_since, lines_told, speaks_of
from tuheg_ir.diagnosis.view.reading import oldest, ref, written
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_FULL = "UO"
"""The flag of a proxy whose circuit breaker lets nobody more through."""
_TOLD = late(r"reset reason: overflow\b|\{overflow\}")
"""What a caller is answered then, and what the proxy tells of it."""
_HINTS = (" uo", ",uo", '"uo', "overflow")
"""Without one of these no log tells of it: much cheaper to see."""
_CLOCKS = timedelta(seconds=30)
_HELD = ("restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload", "switch_traffic")


class _Refused(NamedTuple):
    """Calls that were turned away at one pod: the names of whom they were for, when first, since when its log tells."""

    pod: str
    names: frozenset[str]
    first: datetime | None
    heard: datetime | None
    line: str
    times: int


def when(view: View) -> Iterator[Match]:
    """Proxies tell of overflow (UO) at whom a cap of connections or requests is about, from when that was written on.

    It is the only one of those that was written then. A log that begins later is taken for one if users of whom
    it is about suffer since the cap was written.
    """
    if not any(speaks_of(log, _HINTS) for log in view.snapshot.logs):
        return
    refused = [*_by_proxies(view), *_by_callers(view)]
    found: dict[str, list[_Refused]] = {}
    capping = tuple(caps(view)) if refused else ()
    for each in refused:
        mine = [cap for cap in capping if _concerns(cap, each, capping)]
        then = [cap for cap in mine if _since(written(cap.obj), _began(view, cap, each))]
        if len(then) == 1:
            found.setdefault(ref(then[0].obj), []).append(each)
    for cap in capping:
        if ref(cap.obj) in found:
            yield _match(view, cap, found[ref(cap.obj)])


def _by_proxies(view: View) -> Iterator[_Refused]:
    """Yield what proxies' own logs tell, of each pod and cluster."""
    told: dict[tuple[str, str], list[Answer]] = {}
    heard: dict[str, datetime | None] = {}
    for each in answers(view):
        heard[each.pod] = oldest((heard.get(each.pod), each.at))
        if _FULL in each.flags:
            told.setdefault((each.pod, each.cluster), []).append(each)
    for (pod, _), said in told.items():
        yield _Refused(pod, _names(view, said[0]), oldest(a.at for a in said), heard[pod], said[-1].told, len(said))


def _names(view: View, answer: Answer) -> frozenset[str]:
    """Return whom a call was for: what comes in at a pod's own proxy bears no name, and is for who leads to that."""
    if not answer.cluster.startswith("inbound"):
        return answer.names
    return frozenset(each.name for each in view.leading_to(view.owner_of(answer.pod)))


def _by_callers(view: View) -> Iterator[_Refused]:
    """Yield what callers' own logs repeat of such an answer: of whom it is they name themselves."""
    for each in complaints(view, "upstream_failure"):
        if _TOLD.search(each.hit.line) and not any(a.pod == each.hit.pod and _FULL in a.flags for a in answers(view)):
            names = frozenset(service.name for service in view.leading_to(each.about))
            heard = heard_since([log for log in view.logs_with(each.hit) if log.lines])
            yield _Refused(each.hit.pod, names, each.hit.first, heard, each.hit.line, each.hit.count)


def _concerns(cap: Cap, refused: _Refused, capping: Sequence[Cap]) -> bool:
    """Tell whether a cap is about those who were called; where one of both is unknown there must be no other cap."""
    if cap.names and refused.names:
        return bool(cap.names & refused.names)
    return len(capping) == 1


def _began(view: View, cap: Cap, refused: _Refused) -> datetime | None:
    """Return when calls began to be turned away: as a log tells that begins before, else as users feel it."""
    if _in_full(refused):
        return refused.first
    return oldest(since for each in behind(view, *_served(view, cap)) for _, since in troubles(view, each))


def _in_full(refused: _Refused) -> bool:
    """Tell whether a log tells of the time before calls were turned away as well."""
    return refused.first is not None and refused.heard is not None and refused.heard < refused.first


def _since(at: datetime | None, began: datetime | None) -> bool:
    return at is not None and began is not None and -_CLOCKS <= began - at <= BEFORE


def _served(view: View, cap: Cap) -> tuple[str, ...]:
    """Return the workloads that a cap is about."""
    found = (view.services[each].backends for each in sorted(cap.names) if each in view.services)
    return tuple(dict.fromkeys(each for backends in found for each in backends))


def _match(view: View, cap: Cap, refused: Sequence[_Refused]) -> Match:
    named, at = ref(cap.obj), written(cap.obj)
    served = _served(view, cap)
    proxies = [owner for each in refused if (owner := view.owner_of(each.pod)) in view.workloads]
    hit = behind(view, *served, *proxies)
    told = (lines_told(each.pod, each.times, each.line.strip(), each.first) for each in refused[:3])
    felt = (fact for each in hit for fact, _ in troubles(view, each))
    return Match(
        component=named,
        evidence=(
            Evidence("objects", named, f"it was written, and caps calls: {cap.told}", at),
            *told,
            *tuple(felt)[:2],
        ),
        certainty=0.85 if any(map(_in_full, refused)) else 0.7,
        since=oldest(each.first for each in refused),
        explains=hit,
        excludes=not_for(hit, f"the proxy lets no more through than {named} says, whoever is behind it", _HELD),
    )


RULE = Rule(
    name="capped_at_the_proxy",
    title="A circuit breaker of a proxy turns calls away since its limits were written",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no proxy tells of overflow since limits of connections or requests were written",
)
