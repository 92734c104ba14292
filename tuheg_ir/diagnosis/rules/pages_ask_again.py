"""What a release lets browsers load asks a service for the same again and again, though it was answered.

No call between workloads shows it: the page asks, wherever it is open, through the edge. The service behind it gets
many times the requests that people make, and gets them whatever version of it runs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._bursts import Visit, visits
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.view.demand import MUCH_MORE, traffic_growth
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence
from tuheg_ir.diagnosis.view.took import way_of
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SOON = timedelta(minutes=45)
"""So long it may take until a page that lay open is loaded anew in enough browsers to be seen in a log."""
CLOCKS = timedelta(minutes=2)
LATELY = timedelta(minutes=20)
FEW, CLIENTS = 5, 3
"""So many visits tell how a page asks, and so many clients that it is the page and none of them."""
RARE, MOST = 0.05, 0.5
"""Share of visits that may ask again by chance, and the least that do so where the page does."""
_VERSION = late(r"v?(\d+(?:\.\d+)+[\w.-]*|(?=[a-z]*\d)[0-9a-f]{7,40})")
"""Tags that no other number is taken for."""
_PAGE = late(
    r"\" \d{3} (?:\d+|-) \"https?://(?P<host>[^/\s\":]+)(?::\d+)?(?P<path>/[^\s\"?]*)?"
    r"|\b(?:http_)?refer(?:r?er)[\"']?\s*[=:]\s*[\"']?https?://(?P<from>[^/\s\":]+)(?::\d+)?(?P<of>/[^\s\"'?,]*)?",
    re.IGNORECASE,
)
"""The page that asks, as a browser tells it."""
_LED = late(r"\[(\S+-\S+)\] \[\S*\] \S")
"""The upstream `namespace-service-port` that an ingress-nginx chose."""


class Case(NamedTuple):
    """A page and what it asks for again and again: who tells it, the path, the bursts, who is asked, why it is it."""

    page: Workload
    teller: Workload
    way: str
    bursts: Sequence[Visit]
    asked: Workload
    tie: Evidence

    @property
    def first(self) -> datetime:
        """Return when it began."""
        return self.bursts[0].at


def when(view: View) -> Iterator[Match]:
    """Since the release of a page many clients ask again and again for what they had got, and who answers suffers."""
    released = [w for w in view.serving if _may_be_page(view, w)]
    ill = {w.ref: felt for w in view.serving if (felt := list(_felt(view, w.ref)))} if released else {}
    for teller in view.serving if ill else ():
        for way, found in visits(view, teller).items():
            cases = [each for page in released if (each := _case(view, page, teller, way, found, ill.keys()))]
            case = cases[0] if len(cases) == 1 else None  # of which of several pages it is nobody can tell
            began = oldest(since for _, since in ill[case.asked.ref]) if case else None
            # Who tries again what fails begins no earlier than it failed.
            if case is not None and (began is None or case.first <= began + CLOCKS):
                yield _match(view, case, tuple(seen for seen, _ in ill[case.asked.ref][:2]))


def _felt(view: View, ref: str) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield what tells that users of a workload suffer, alerts about it too where nobody measures, and since when."""
    yield from troubles(view, ref)
    for alert in view.alerts:
        if view.about_alert(alert) == ref:
            yield alert.fires(ref), alert.starts_at


def _may_be_page(view: View, workload: Workload) -> bool:
    came = workload.released_at if workload.changed("image", "env", "command", "mounts") else None
    return came is not None and view.recent(came, HOURS) and not workload.returned and role(workload) not in DATA


def _case(
    view: View, page: Workload, teller: Workload, way: str, found: Sequence[Visit], ill: Collection[str]
) -> Case | None:
    """Return what a page asks for again and again of somebody who suffers; None if nothing shows that it is this page.

    Where who answers, or who leads there, was released just before, the answers may be what is otherwise.
    """
    bursts = _bursts(view, page, found)
    asked = _asked(view, teller, way, bursts[-1].line, sorted({*ill} - {page.ref})) if bursts else None
    if asked is None or any(_new(each, bursts[0].at) for each in (asked, teller) if each is not page):
        return None
    tie = _tie(view, page, teller, asked, bursts)
    return Case(page, teller, way, bursts, asked, tie) if tie else None


def _bursts(view: View, page: Workload, found: Sequence[Visit]) -> Sequence[Visit]:
    """Return the bursts of a path since a release, before which hardly anyone asked again; () if it is not so.

    Where a log reaches back no further, those who still have the version before tell how that asked.
    """
    came, old = page.released_at, _tag(page, new=False)
    if came is None:
        return ()
    known = [v for v in found if v.served]
    before = [v for v in known if v.at < came + BEFORE or (old and _of_version(old).search(v.line))]
    since = [v for v in known if v not in before]
    bursts, lately = [v for v in since if v.burst], [v for v in since if view.recent(v.at, LATELY)]
    if len(before) < FEW or sum(v.burst for v in before) > RARE * len(before) or len(lately) < CLIENTS:
        return ()
    if len(bursts) < FEW or len({v.who for v in bursts}) < CLIENTS or bursts[0].at - came > SOON:
        return ()
    return bursts if sum(v.burst for v in lately) >= MOST * len(lately) else ()


def _new(workload: Workload, began: datetime) -> bool:
    came = workload.released_at if workload.changes else None
    return came is not None and timedelta() <= began - came <= SOON


def _tag(workload: Workload, *, new: bool = True) -> str:
    """Return the version that a release brought, or the one before; "" for a tag that may mean anything."""
    tags = (
        (change.after if new else change.before).partition("@")[0].rpartition(":")[2]
        for change in workload.changed("image")
    )
    return next((told[1] for tag in tags if (told := _VERSION.fullmatch(tag))), "")


def _of_version(tag: str, name: str = "") -> re.Pattern[str]:
    """Return how a line names a version, or a program with its version."""
    head = rf"(?<![\w.-]){re.escape(name)}[/ :@=-]v?" if name else r"(?<![\w.])v?"
    return re.compile(rf"{head}{re.escape(tag)}(?!\w|\.\d)")


def _asked(view: View, teller: Workload, way: str, line: str, ill: Sequence[str]) -> Workload | None:
    """Return who is asked, of those who suffer: whom the edge tells, an Ingress or the path names, or who tells it."""
    led = _LED.search(line)
    named = _routed(view, "", way) or set(way.split("/"))
    for ref in ill:
        mine = {s.name for s in view.leading_to(ref)}
        heads = tuple(f"{view.snapshot.namespace}-{name}-".lower() for name in mine)
        if led[1].lower().startswith(heads) if led else named & mine:
            return view.workloads[ref]
    return teller if teller.ref in ill and not led else None


def _tie(view: View, page: Workload, teller: Workload, asked: Workload, bursts: Sequence[Visit]) -> Evidence | None:
    """Return what tells that it is this page that asks: its new version, where the page is led, or its name with it."""
    tag, line, first = _tag(page), bursts[-1].line, bursts[0].at
    if tag and all(_of_version(tag).search(v.line) for v in bursts):
        return _told(teller, "the version that was released asks", line, first)
    if led := _routed(view, *_page(line)):
        mine = {s.name for s in view.leading_to(page.ref)}
        return _told(teller, f"a page of {page.name} asks", line, first) if led & mine else None
    if teller is page:
        return _told(teller, "it is asked for through the one that was released", line, first)
    named, what = _of_version(tag, page.name) if tag else None, _last(line)
    told = next((each for each in view.lines_of(asked) if named.search(each) and what in each), "") if named else ""
    return _told(asked, f"it is asked by {page.name} as it was released", told, first) if told else None


def _page(line: str) -> tuple[str, str]:
    """Return host and path of the page that asks, as its browser tells them; "" twice for none."""
    shown = _PAGE.search(line)
    return ((shown["host"] or shown["from"]).lower(), shown["path"] or shown["of"] or "/") if shown else ("", "")


def _last(line: str) -> str:
    """Return the last part of the path that a line tells of: the edge may have led it on by another one."""
    return next((part for part in reversed(way_of(line).split("/")) if part not in ("", "*")), "/")


def _told(by: Workload, what: str, line: str, since: datetime) -> Evidence:
    return Evidence("logs", by.ref, f"{what}: {line.strip()}", since)


def _routed(view: View, host: str, path: str) -> set[str]:
    """Return the Services to which Ingresses lead a path of a host ("" any host): those of the longest beginning."""
    found = [
        (len(head), text(each, "backend", "service", "name"))
        for obj in view.snapshot.of("Ingress")
        for rule in items(obj, "spec", "rules")
        if not host or text(rule, "host") in ("", host)
        for each in items(rule, "http", "paths")
        if path and f"{path.rstrip('/')}/".startswith(f"{(head := text(each, 'path').rstrip('/'))}/")
    ]
    longest = max((length for length, _ in found), default=0)
    return {service for length, service in found if length == longest}


def _match(view: View, case: Case, felt: tuple[Evidence, ...]) -> Match:
    page, asked = case.page, case.asked
    fact = (
        f"{case.way} was asked for again and again {len(case.bursts)} times, up to"
        f" {max(v.times for v in case.bursts)} times at once, though it was answered; not before the release"
    )
    grown = traffic_growth(view, asked.ref) or 1.0
    more = (Evidence("metrics", asked.ref, f"its requests have grown {grown:.1f} times"),) if grown > MUCH_MORE else ()
    suffer = behind(view, asked.ref, case.teller.ref, but=page.ref)
    told = Evidence("logs", case.teller.ref, fact, case.first)
    return Match(
        component=page.ref,
        evidence=(*release_evidence(page)[:2], told, case.tie, *felt, *more),
        certainty=0.75,
        root_cause=release_cause(view, page),
        since=case.first,
        explains=suffer,
        excludes=(
            *excluding(page.ref, "a restart hands out the same page", *RESTARTS, "scale_workload"),
            *not_for(suffer, f"open pages of {page.ref} ask as often, whoever answers: each answer brings the next"),
        ),
    )


RULE = Rule(
    name="pages_ask_again",
    title="Pages ask a service again and again since their release, though it answers",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no clients ask again and again, since the release of a page, for what they had got",
)
