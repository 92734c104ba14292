"""Who keeps two places alike takes his own changes for those of others since his release: each brings the next.

Each change that it makes comes back to it as news. What knows its own echo is silent then, and what does not goes on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for
from tuheg_ir.diagnosis.rules._strangers import reached_from_outside
from tuheg_ir.diagnosis.rules._used_up import asks
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, fresh
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=3)
LOOPS = 5
"""So many changes of one thing by one program, where it made one at a time before, are no user's."""
AT_A_TIME = 2
"""What was changed no more often by it stood still then: its own word, and a second one by chance."""
QUICK = timedelta(minutes=1)
"""An answer comes in seconds; what is changed by a plan, or as users come, takes its time."""
_DOES = ("image", "env", "command", "mounts")
"""What a release has to bring for a program to do something else than before."""
_BY = late(
    r"(?:\b|_|\blast)"
    r"(?:(?:changed|updated|modified|edited|written|made|triggered|caused)[ _-]?by|actor|author|initiator|originator)"
    r"[\"']?\s*[=:]\s*[\"']?([\w.:@/-]{2,80})",
    re.IGNORECASE,
)
"""How news of a change tell who made it."""
_THING = late(r"(?<![\w-])(?:[A-Za-z]{1,16}[-_:]\d{2,18}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{9,22})(?![\w-])")
"""What something is called that is changed."""


class _Echo(NamedTuple):
    """A thing that one program changes again and again: who hears of it, since when, how often, and a line."""

    thing: str
    hearer: str
    since: datetime
    times: int
    line: str


class _News(NamedTuple):
    """A line of a log that names a thing: when, and whether it tells that the program changed it."""

    thing: str
    at: datetime
    own: bool
    line: str


def when(view: View) -> Iterator[Match]:
    """Since a release a program changes one thing over and over, as who hears of it tells, and uses up a limit."""
    refused = [each for each in complaints(view, "rate_limited") if fresh(view, each.hit)]
    for giver in view.serving if refused else ():
        if giver.returned or giver.older_pods() or not releases(view, giver, LATELY) or not giver.changed(*_DOES):
            continue
        if (until := _refused_since(view, giver)) is None:
            continue
        echo = next((each for each in _echoes(view, giver, until) if _worked_on(view, giver, each, until)), None)
        if echo is None:
            continue
        others = _others(view, giver, refused)
        suffer = behind(view, *(each.caller for each in others), but=giver.ref)
        said = [seen for ref in suffer for seen in (*felt(view, ref), *suffering(view, ref))]
        if others and said:
            yield _match(view, giver, echo, others, suffer, said)


def _refused_since(view: View, giver: Workload) -> datetime | None:
    """Return when a program was refused first; None where it fails at something else as well.

    Who is refused, or fails at a later step, does its work once more: that is no echo.
    """
    hits = view.hits_of(giver.ref)
    return oldest(hit.first for hit in hits) if all(hit.trouble == "rate_limited" for hit in hits) else None


def _echoes(view: View, giver: Workload, until: datetime) -> Iterator[_Echo]:
    """Yield what others hear of as changed by a release, again and again until then, where each was one before."""
    for log in view.snapshot.logs:
        hearer = view.owner_of(log.pod)
        if hearer == giver.ref or giver.released_at is None or _asked(view, giver, hearer):
            continue
        news = list(_news(log, giver))
        own = [each for each in news if each.own]
        before = Counter(each.thing for each in own if each.at < giver.released_at)
        if not before or max(before.values()) > AT_A_TIME:
            continue  # it may always have done so
        after = [each for each in own if each.at >= giver.released_at]
        for thing, count in Counter(each.thing for each in after).most_common(1):
            mine = sorted(each for each in after if each.thing == thing)
            reach = giver.released_at - min(each.at for each in news)
            asked = sum(each.thing == thing for each in news) - len(mine)
            if asked <= AT_A_TIME and _answers_itself([each.at for each in mine], reach, until):
                yield _Echo(thing, hearer, mine[0].at, count, mine[-1].line)


def _asked(view: View, giver: Workload, hearer: str) -> bool:
    """Tell whether others than who hears of its changes ask for them: who serves users changes what they want."""
    called = any(giver.ref in needed for ref, needed in view.graph.calls.items() if ref != hearer)
    return called or reached_from_outside(view, giver)


def _answers_itself(times: list[datetime], reach: timedelta, until: datetime) -> bool:
    """Tell whether changes are as many and as quick as those that bring each other, and so before anything failed.

    ``reach``: how long before the release a log begins. In less time than the changes took, nobody would have heard
    of as many either.
    """
    quick = any(later - each <= QUICK for each, later in zip(times, times[AT_A_TIME:], strict=False))
    return quick and len(times) >= LOOPS and times[LOOPS - 1] < until and times[LOOPS - 1] - times[0] <= reach


def _news(log: Log, giver: Workload) -> Iterator[_News]:
    for line in log.lines:
        at, by = stamp(line), _BY.search(line)
        if at is None:
            continue
        own = by is not None and names(by[1], giver.name)
        for thing in sorted(set(_THING.findall(line)) - {by[1] if by else ""}):
            yield _News(thing, at, own, line)


def _worked_on(view: View, giver: Workload, echo: _Echo, until: datetime) -> bool:
    """Tell whether the program itself tells that it worked on the thing again and again, before it was refused."""
    lines = (line for log in view.logs_of(giver.newest_pods(), previous=False) for line in log.lines)
    told = (stamp(line) for line in lines if echo.thing in _THING.findall(line))
    return sum(at is not None and at < until for at in told) > AT_A_TIME


def _others(view: View, giver: Workload, refused: list[Complaint]) -> list[Complaint]:
    """Return who else is refused by the limit of a host that it asks as well, while it is refused itself."""
    if not any(each.caller == giver.ref for each in refused):
        return []
    return [c for c in refused if c.caller != giver.ref and not c.about and any(asks(view, giver, h) for h in c.hosts)]


def _match(
    view: View, giver: Workload, echo: _Echo, others: list[Complaint], suffer: tuple[str, ...], said: list[Evidence]
) -> Match:
    fact = f"{echo.times} changes of {echo.thing} by {giver.name} since its release, one at a time before: "
    return Match(
        component=giver.ref,
        evidence=(
            *release_evidence(giver)[:2],
            Evidence("logs", echo.hearer, fact + echo.line.strip(), echo.since),
            *(view.hit_evidence(each.hit) for each in others[:2]),
            said[0],
        ),
        certainty=0.7,
        root_cause=release_cause(view, giver),
        since=echo.since,
        explains=suffer,
        excludes=(
            *excluding(giver.ref, "new pods would answer themselves as well", *RESTARTS, "scale_workload"),
            *not_for(suffer, f"{giver.ref} uses up what they share: nothing done to others gives it back"),
        ),
    )


RULE = Rule(
    name="answers_its_own_echo",
    title="A release takes its own changes for those of others, and makes ever more",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release changes one thing over and over where it did so once before, and uses up a shared limit",
)
