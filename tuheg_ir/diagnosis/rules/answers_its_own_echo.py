"""Who keeps two places alike takes his own changes for those of others since his release: each brings the next.

Each change that it makes comes back to it as news. What knows its own echo is silent then, and what does not goes on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for
from tuheg_ir.diagnosis.rules._used_up import asks
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, fresh
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import suffering
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(hours=3)
LOOPS = 5
"""So many changes of one thing by one program, where it made one at a time before, are no user's."""
AT_A_TIME = 2
"""What was changed no more often by it stood still then: its own word, and a second one by chance."""
_BY = late(
    r"\b(?:(?:changed|updated|modified|edited|written|made|triggered|caused)[ _-]?by|actor|author|initiator|originator)"
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


def when(view: View) -> Iterator[Match]:
    """Since a release a program changes one thing over and over, as who hears of it tells, and uses up a limit."""
    refused = [each for each in complaints(view, "rate_limited") if fresh(view, each.hit)]
    for giver in view.serving if refused else ():
        if giver.returned or not giver.changes or giver.older_pods() or not releases(view, giver, LATELY):
            continue
        echo = next(_echoes(view, giver), None)
        if echo is None or _told(view, giver, echo) <= AT_A_TIME:
            continue
        others = _others(view, giver, refused)
        suffer = behind(view, *(each.caller for each in others), but=giver.ref)
        said = [seen for ref in suffer for seen in (*felt(view, ref), *suffering(view, ref))]
        if others and said:
            yield _match(view, giver, echo, others, suffer, said)


def _echoes(view: View, giver: Workload) -> Iterator[_Echo]:
    """Yield what others hear of again and again as changed by a release, where each was one before."""
    for log in view.snapshot.logs:
        hearer = view.owner_of(log.pod)
        if hearer == giver.ref or giver.released_at is None:
            continue
        before, after, since, lines = _heard(log, giver, giver.released_at)
        if not before or max(before.values()) > AT_A_TIME:
            continue  # it may always have done so
        for thing, count in after.most_common(1):
            if count >= LOOPS:
                yield _Echo(thing, hearer, since[thing], count, lines[thing])


def _heard(
    log: Log, giver: Workload, at: datetime
) -> tuple[Counter[str], Counter[str], dict[str, datetime], dict[str, str]]:
    """Return how often a log tells of each thing that one program changed, before its release and since; when first."""
    before, after = Counter[str](), Counter[str]()
    since: dict[str, datetime] = {}
    lines: dict[str, str] = {}
    for line in log.lines:
        by, when_told = _BY.search(line), stamp(line)
        if by is None or when_told is None or not names(by[1], giver.name):
            continue
        for thing in set(_THING.findall(line)) - {by[1]}:
            (before if when_told < at else after)[thing] += 1
            if when_told >= at:
                since.setdefault(thing, when_told)
                lines[thing] = line
    return before, after, since, lines


def _told(view: View, giver: Workload, echo: _Echo) -> int:
    """Return how often the program itself tells that it works on the thing."""
    logs = view.logs_of(giver.newest_pods(), previous=False)
    return sum(echo.thing in _THING.findall(line) for log in logs for line in log.lines)


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
            Evidence("logs", echo.hearer, fact + echo.line.strip()[:200], echo.since),
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
