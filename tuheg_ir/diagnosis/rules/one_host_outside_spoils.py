"""All that programs cannot take came over one of several hosts of a party outside, which was well until then."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for, sharing
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.marked import OFTEN, STILL, complains, shape_of
from tuheg_ir.diagnosis.view.network import is_inner
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import MINUTE, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes
from tuheg_ir.named import NamedTuple

WELL = 3
"""So much that came over it and was taken before shows that it was well."""
_LEAST = 3
"""A shorter name is any word."""
_FIELD = late(
    r"(?<![\w.\\@-])[\"']?([A-Za-z][\w.@-]{0,40})[\"']?(?: ?: ?|=)[\"']?([\w.-]{3,100})(?::\d{2,5})?(?=[\s\"',;)}\]]|$)"
)
"""A field of a line, of JSON, key=value or plain words, and what it holds."""
_PLACE = late(
    r"node|host|gateway|(?<![a-z])gw(?![a-z])|peer|server|endpoint|upstream|backend|proxy|addr|relay", re.IGNORECASE
)
"""How a field, or what it holds, tells that it is a place; the first part of a host alone may be any word of ours."""


class _Line(NamedTuple):
    """A line with a field that holds a host outside: what its like have in common, and whether it complains.

    plain: it tells the host as a whole, or that it is a place.
    """

    shape: str
    bad: bool
    key: str
    host: str
    at: datetime
    text: str
    plain: bool


class _Taken(NamedTuple):
    """When what is alike and was taken came, in order: over any host, and over each."""

    all: Sequence[datetime]
    over: Mapping[str, Sequence[datetime]]


class _Spoilt(NamedTuple):
    """What a workload tells of what came over one host: how often, since when, and how many came over others well."""

    workload: Workload
    host: str
    often: int
    well: int
    first: datetime
    line: str
    plain: bool


def when(view: View) -> Iterator[Match]:
    """Errors of programs, of which one at least was not released then, all name one host; the others' are taken."""
    yield from spoiled_outside(view)


@once_a_view
def spoiled_outside(view: View) -> tuple[Match, ...]:
    """Return who tells of what one of several hosts outside spoils, and no release brought."""
    return tuple(_spoiled_outside(view))


def _spoiled_outside(view: View) -> Iterator[Match]:
    found: dict[str, list[_Spoilt]] = {}
    for workload in view.serving if len({*_outside(view).values()}) > 1 else ():
        lines = list(_lines(view, workload))
        for each in _spoilt(view, workload, lines) if any(line.bad for line in lines) else ():
            found.setdefault(each.host, []).append(each)
    for host, told in found.items():
        first = min(each.first for each in told)
        tellers = list({each.workload.ref: each.workload for each in told}.values())
        said = [(each.ref, seen) for each in tellers for seen in (*suffering(view, each.ref), *felt(view, each.ref))]
        if not said or not any(each.plain for each in told):
            continue
        if not _seen_alone(view, tellers, first) or _our_own(view, tellers, first):
            continue
        said.sort(key=lambda each: each[1].time or first)
        yield _match(view, host, told, said, first)


@once_a_view
def _outside(view: View) -> Mapping[str, str]:
    """Return the hosts outside that settings name, each by its name and by the first part of it, in small letters.

    Not where our own users come in, which settings name as well; nor what several hosts are called.
    """
    ours = {route.host.removeprefix("*").lower() for route in view.routes if route.host}
    hosts = {
        host
        for host in {*_named(view.snapshot.of("ConfigMap")), *_asked(view, *view.serving)}
        if (foreign(host) or is_inner(host) is False) and not view.graph.resolve(host)
        if not any(host == own or (own.startswith(".") and host.endswith(own)) for own in ours)
    }
    labels = Counter(host.partition(".")[0] for host in hosts if foreign(host))
    short = {label for label, count in labels.items() if count == 1 and len(label) >= _LEAST}
    called = {host.partition(".")[0]: host for host in hosts}
    return {**{label: called[label] for label in short if not view.graph.resolve(label)}, **{h: h for h in hosts}}


def _named(maps: Iterable[Obj]) -> set[str]:
    """Return the hosts that ConfigMaps name, whoever reads them."""
    return _hosts((str(key), str(value)) for obj in maps for key, value in mapping(obj, "data").items())


def _asked(view: View, *workloads: Workload) -> set[str]:
    return _hosts(pair for each in workloads for pair in view.graph.settings(each))


def _hosts(settings: Iterable[tuple[str, str]]) -> set[str]:
    return {host.lower() for key, value in settings for host in hosts_in(key, value)}


def _lines(view: View, workload: Workload) -> Iterator[_Line]:
    hosts = _outside(view)
    for log in view.logs_of(workload.live, previous=False):
        if not any(label in line.lower() for line in log.lines if complains(line) for label in hosts):
            continue
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            held = [(key, value.lower()) for key, value in _FIELD.findall(line) if value.lower() in hosts]
            if held and at is not None:
                shape, bad, lowered = shape_of(line), complains(line), line.lower()
                for key, value in held:
                    plain = hosts[value] in lowered or _PLACE.search(f"{key} {value}") is not None
                    yield _Line(shape, bad, key, hosts[value], at, line.strip(), plain)


def _spoilt(view: View, workload: Workload, lines: Sequence[_Line]) -> Iterator[_Spoilt]:
    """Yield the errors of one kind that all name one host, if what came over it was taken before, and is no more.

    What came over others is taken on: else it is nothing of that one.
    """
    bad: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    for each in lines:
        if each.bad:
            bad[each.shape, each.key].append(each)
    taken = _taken(lines)
    for (_, key), told in bad.items():
        host, first, last = told[0].host, min(each.at for each in told), max(each.at for each in told)
        if len(told) < OFTEN or any(each.host != host for each in told) or not view.recent(last, STILL):
            continue
        if well := _others_well(taken.get(key, ()), host, first):
            plain = any(each.plain for each in told)
            yield _Spoilt(workload, host, len(told), well, first, told[-1].text, plain)


def _taken(lines: Iterable[_Line]) -> Mapping[str, Sequence[_Taken]]:
    """Return what was taken, by the field that tells over which host it came; of each kind enough to judge by."""
    kinds: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    for each in lines:
        if not each.bad:
            kinds[each.key, each.shape].append(each)
    found: dict[str, list[_Taken]] = defaultdict(list)
    for (key, _), kind in kinds.items():
        if len(kind) >= WELL + OFTEN:
            over: dict[str, list[datetime]] = defaultdict(list)
            kind.sort(key=lambda line: line.at)
            for each in kind:
                over[each.host].append(each.at)
            found[key].append(_Taken([each.at for each in kind], over))
    return found


def _others_well(kinds: Iterable[_Taken], host: str, first: datetime) -> int:
    """Return how many came over other hosts since, of a kind that came over one until then and never since; 0 if none.

    A minute may pass until the last of what was on its way is done.
    """
    most = 0
    for kind in kinds:
        own = kind.over.get(host, ())
        if bisect_left(own, first) >= WELL and own[-1] <= first + MINUTE:
            most = max(most, _since(kind.all, first) - _since(own, first))
    return most if most >= OFTEN else 0


def _since(times: Sequence[datetime], first: datetime) -> int:
    return len(times) - bisect_right(times, first)


def _seen_alone(view: View, tellers: Sequence[Workload], first: datetime) -> bool:
    """Tell whether one that was not released then tells of it, and not what one that was may have handed on to it.

    That may come by calls, either way, or over a broker.
    """
    given = {each.ref for each in tellers if since_release(each, first)}
    for ref in tuple(given):
        near = sharing(view, view.workloads[ref], "broker")
        given |= view.graph.needs(ref) | view.graph.callers(ref) | {each.ref for each in near}
    return any(each.ref not in given for each in tellers)


def _our_own(view: View, tellers: Sequence[Workload], first: datetime) -> bool:
    """Tell whether something of our own on the way to hosts outside was changed then: settings, keys, or a proxy.

    Or who may send the tellers over a broker what they cannot take.
    """
    hosts, refs = {*_outside(view).values()}, {each.ref for each in tellers}
    needed = {need for ref in refs for need in view.graph.needs(ref)}
    needed |= {near.ref for each in tellers for near in sharing(view, each, "broker")}
    near = [each for each in view.serving if each.ref in refs | needed or hosts & _asked(view, each)]
    maps = (edited(obj) for obj in view.snapshot.of("ConfigMap") if hosts & _named([obj]))
    written = (at for each in near for _, at in outside_changes(view, each))
    released = any(since_release(each, first) for each in near if each.ref not in refs)
    return released or any(soon_after(first, at) for at in (*maps, *written))


def _match(
    view: View, host: str, told: Sequence[_Spoilt], said: Sequence[tuple[str, Evidence]], first: datetime
) -> Match:
    component = said[0][0]
    tellers = tuple(dict.fromkeys(each.workload.ref for each in told))
    facts = (
        Evidence(
            "logs",
            each.workload.ref,
            f"{each.often} lines, all of what came over {host}; {each.well} over others are taken since: {each.line}",
            each.first,
        )
        for each in told
    )
    suffer = behind(view, *tellers, but=component)
    return Match(
        component=component,
        evidence=(*facts, *(seen for _, seen in said[:2])),
        certainty=0.75 if len(tellers) > 1 else 0.65,
        since=first,
        explains=tuple(dict.fromkeys((*(ref for ref in tellers if ref != component), *suffer))),
        excludes=not_for(tellers, f"only what comes over {host}, which is outside, is bad"),
    )


RULE = Rule(
    name="one_host_outside_spoils",
    title="All that programs cannot take came over one of several hosts outside",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no errors all name one host outside over which all was well before",
)
