"""Work is dealt out again while it is being done: it takes longer than a queue keeps it for who took it.

Nobody is told: a queue in Redis, or a table, only lets the next one have what was not acknowledged in time. Each piece
is done several times, and what is short waits behind that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._done_again import Again, done_again
from tuheg_ir.diagnosis.rules._figures import finds_slow
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

AGAIN = 3
"""What was begun twice less often may have been asked for twice."""
LATELY = timedelta(hours=2)
_KEPT = late(
    r"visibility_?time_?out|invisib\w*(?:time|sec)|(?:^|_)retry_?after(?:_|$)|(?:^|_)ack(?:nowledge?ment)?_?(?:wait|deadline)"
    r"|(?:^|_)lock_?duration|(?:^|_)(?:re_?deliver\w*|re_?queue|(?:re)?claim)_?(?:after|time_?out|interval|idle)"
    r"|(?:job|task|message|work)_?(?:lease|reserv\w*|lock)_?(?:time|duration|sec|ms)|(?:^|_)(?:ttr|time_?to_?run)(?:_|$)",
    re.IGNORECASE,
)
"""Names of variables: for how long work is kept for who took it (Celery, SQS, Laravel, NATS, BullMQ, beanstalkd)."""
_TIME = late(
    r"\s*(?P<many>\d{1,12}(?:\.\d{1,6})?)\s*(?P<unit>ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)?\s*", re.IGNORECASE
)
_NAMED = late(r"(?:_|(?<=[a-z]))(?P<unit>ms|millis|milliseconds|m(?:in)?(?:ute)?s|h(?:ou)?rs)$", re.IGNORECASE)


class _Kept(NamedTuple):
    """For how long work is kept for who took it, how it was before a release that changed that, and its words."""

    now: timedelta
    before: timedelta | None
    told: str


def when(view: View) -> Iterator[Match]:
    """Pieces of work take longer than a setting keeps them for who took them, are done, and are begun again."""
    for workload in view.serving:
        for kept in () if role(workload) else _settings(view, workload):
            found = [each for each in done_again(view, workload, kept.now) if _was_enough(workload, each, kept)]
            if len(found) >= AGAIN and view.recent(found[-1].again, LATELY):
                yield _match(view, workload, kept, found)
                break


def _settings(view: View, workload: Workload) -> Iterator[_Kept]:
    """Yield for how long work is kept: as a release shortened it first, then as it is set."""
    known = releases(view, workload, HOURS) and not workload.returned and not called_before(view, workload.released_at)
    for change in workload.changed("env") if known else ():
        name = change.name
        now, before = (_time(name, each) for each in (change.after, change.before))
        if now and before and now < before:
            yield _Kept(now, before, change.told())
    if finds_slow(view, workload.ref):
        return  # it takes so long for that
    for name, value in view.graph.settings(workload):
        if now := _time(name, value):
            yield _Kept(now, None, f"{name} is {value}")


def _time(name: str, value: str) -> timedelta | None:
    """Return the time that a setting keeps work; in seconds, unless its value or its name says otherwise."""
    found = _TIME.fullmatch(value) if _KEPT.search(name) else None
    if found is None:
        return None
    named = _NAMED.search(name)
    unit = (found["unit"] or (named["unit"] if named else "s")).lower()
    seconds = 0.001 if unit.startswith(("ms", "mil")) else {"m": 60.0, "h": 3600.0}.get(unit[0], 1.0)
    return timedelta(seconds=float(found["many"]) * seconds) or None


def _was_enough(workload: Workload, each: Again, kept: _Kept) -> bool:
    """Tell whether a piece of work would have been done in the time that it was kept before a release."""
    if kept.before is None:
        return True
    since = workload.released_at is not None and each.begun >= workload.released_at
    return since and each.done - each.begun < kept.before


def _match(view: View, workload: Workload, kept: _Kept, found: list[Again]) -> Match:
    longest = max(each.done - each.begun for each in found).total_seconds()
    first = min(found, key=lambda each: each.again)
    told = f"{len(found)} pieces of work took up to {longest:.0f} s, were done, and begun again: {first.line.strip()}"
    at = workload.released_at if kept.before else None
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, kept.told, at),
            Evidence("logs", workload.ref, told[:320], first.again),
        ),
        certainty=0.75 if kept.before else 0.65,
        remedy="rollback_workload" if kept.before else "page_human",
        since=first.again,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *not_for((workload.ref,), "all that is being done is dealt out again, and kept no longer", RESTARTS),
            *not_for((workload.ref,), "more of them do the same pieces of work at once", ("scale_workload",)),
        ),
    )


RULE = Rule(
    name="dealt_out_again",
    title="Work is dealt out again while it is being done",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no work takes longer than a setting keeps it for who took it, and is begun again",
    follows=True,
)
