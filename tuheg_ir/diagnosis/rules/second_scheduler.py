"""A release lets replicas begin by the clock what another workload begins already: all that is due is done many times.

A scheduler does not know of others. What each of them sends is work like any other, so that a queue grows, whoever is
asked for it turns some away, and runs of one task meet. The one that was there before goes on, and is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._readers import backlogs, by_release
from tuheg_ir.diagnosis.rules._same_place import same_place
from tuheg_ir.diagnosis.rules._turned_on import turned_on
from tuheg_ir.diagnosis.rules._twins import another_program
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.releases import releases, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

OFTEN = 3
"""What was begun less often has no pace."""
PACE = 1.5
"""Who begins a thing more seldom than so many times the pace of before shares it with others: a lock lets one do it."""
STILL = timedelta(minutes=30)
"""What began longer ago than this, and than a few times its pace, is over."""
ROUNDS = 3
KNOWN = timedelta(days=14)
"""A template that was left longer ago than this nobody goes back to without looking."""
_DOES = r"\b(?:sen[dt]|run|start|trigger|fir|enqueu|queu|dispatch|launch|execut|kick)\w*\b"
_DUE = late(
    rf"(?:schedul|\bcron|\bbeat\b|\bclockwork)\w{{0,12}}[^\n]{{0,60}}?{_DOES}(?P<what>.{{1,160}})"
    r"|\b(?:runn|start|dispatch|trigger|fir|enqueu|queu|launch|execut)ing (?:the )?"
    r"(?:scheduled|due|periodic|recurring|cron) (?:command|task|job)s?\b(?P<named>.{1,160})"
    r"|\bTriggering '(?P<event>[^']{1,160})'",
    re.IGNORECASE,
)
"""How schedulers tell what they begin: Celery beat, APScheduler, sidekiq-scheduler, Laravel, clockwork, own ones."""
_CLOCK = r"(?:schedul|cron|beat|clockwork)"
_OF_ITS_OWN = (
    r"(?:apscheduler|(?:sidekiq|resque|celery|django|rq)\W{1,2}(?:scheduler|cron|beat)"
    r"|(?:scheduler|cron|beat)(?![\w.$-]))"
)
"""The names of schedulers themselves, and how they head what they tell."""
_TELLER = late(
    rf"\[(?=[^\[\]\n]{{0,80}}{_CLOCK})(?!{_OF_ITS_OWN}[^\s\]]{{0,80}}\])[^\[\]\n]{{1,120}}\]"
    r"|\bthread\w{0,12}[\"']?\s?[=:]\s?[\"']?[\w.$/-]{1,120}"
    rf"|\b(?:logger|caller|class|source)\w{{0,12}}[\"']?\s?[=:]\s?[\"']?(?!{_OF_ITS_OWN})"
    rf"(?=[\w.$/-]{{0,80}}{_CLOCK})[\w.$/-]{{1,120}}"
    rf"|(?<![\w.$(\"'/-])(?!{_OF_ITS_OWN})(?=[\w.$-]{{0,80}}{_CLOCK})[\w.$-]{{1,120}}(?=\s{{0,40}}:\s| - )",
    re.IGNORECASE,
)
"""A thread or a class that bears the word: what each pod does for itself by the clock, it tells in such as well."""
_VARYING = late(
    r"(?<![a-z])(?P<label>(?:run|exec(?:ution)?|attempt|jid|(?:run|job|task|execution|message|trace|request)[ _-]?id)"
    r"[\"' ]{0,2}[=:#][\"' ]{0,2})[\w-]{1,80}",
    re.IGNORECASE,
)
"""What one run is told from the next by. Any other number may be the name of a part that somebody else leaves alone."""
_TAKEN = (
    r"\b(?:lock(?:ed)?|lease|leader|already (?:run|ran|execut|queued|enqueued|started|in progress|being)\w*"
    r"|another (?:instance|process|server|node|pod|replica|worker|scheduler))\b"
)
_LEAVES = r"\b(?:skip|not (?:run|execut|start|send)|ignor)"
_LEFT_OUT = late(
    rf"{_LEAVES}[^\n]{{0,120}}?{_TAKEN}|{_TAKEN}[^\n]{{0,120}}?{_LEAVES}"
    r"|\b(?:lock|lease) (?:is |was )?(?:already )?(?:held|taken|owned) by\b|\bnot (?:the |a )?leader\b"
    r"|\b(?:could|can|did)(?: not|n[o']t) (?:acquire|obtain|get) (?:the |a )?(?:\w+ )?(?:lock|lease)\b(?! on\b)",
    re.IGNORECASE,
)
"""How one who wakes like all others tells that another does the work this time."""
_AT_ONCE = timedelta(seconds=10)
HARMS = timedelta(hours=1)
"""What doubled work does it does within the first rounds: what was quiet for longer is hardly behind a trouble."""
_OF_WORK = ("lock_wait", "rate_limited")
"""What work that is done many times brings about at whom it asks: runs meet, and are too many."""

_Begun = Mapping[str, Sequence[datetime]]
"""What was begun -> when."""


class _Both(NamedTuple):
    """Who began what is due before, which pods of another one do so as well, how often since, and what."""

    before: Workload
    pods: tuple[str, ...]
    first: datetime
    times: int
    what: str


def when(view: View) -> Iterator[Match]:
    """Pods of a release that turned a scheduler on begin what another workload began before, and begins as ever."""
    for workload in view.serving:
        if workload.returned or not releases(view, workload, KNOWN) or role(workload):
            continue
        found = _beside(view, workload) if turned_on(workload) else None
        if found is not None:
            yield _match(view, workload, found)


def _beside(view: View, workload: Workload) -> _Both | None:
    came = workload.released_at
    if came is None:
        return None
    mine = {pod.name: _begun(view, (pod,)) for pod in workload.newest_pods()}
    for other in view.serving:
        if other is workload or another_program(workload, other) or not same_place(view, workload, other):
            continue  # two programs may each do what a library of both does for itself
        its = _begun_by(view, other)
        for what, times in its.items():
            before, since = [at for at in times if at < came], [at for at in times if at >= came]
            pace = _pace(before)
            if pace is None or not _keeps(view, since, pace):
                continue
            both = {pod: begun[what] for pod, begun in mine.items() if _keeps(view, begun.get(what, ()), pace)}
            if both:
                first = min(times[0] for times in both.values())
                return _Both(other, tuple(both), first, sum(map(len, both.values())), what)
    return None


@once
def _begun_by(view: View, workload: Workload) -> _Begun:
    return _begun(view, workload.live)


def _begun(view: View, pods: Iterable[Pod]) -> _Begun:
    """Return what pods tell that they began by the clock, and when."""
    found: dict[str, list[datetime]] = {}
    for log in view.logs_of(pods, previous=False):
        for what, at in _done(log.lines):
            found.setdefault(what, []).append(at)
    return {what: sorted(times) for what, times in found.items() if re.search("[a-z]{3}", what, re.IGNORECASE)}


def _done(lines: Iterable[str]) -> list[tuple[str, datetime]]:
    """Return what one began, and when, but for what it left to another at once: a lock lets one of all do it."""
    found: list[tuple[str, datetime]] = []
    for line in lines:
        due = _DUE.search(line) and _DUE.search(_TELLER.sub(" ", line))
        left = _LEFT_OUT.search(line) if due or found else None
        at = stamp(line) if due or left else None
        if at is not None and due and not left:
            what = without_time(due["what"] or due["named"] or due["event"])
            found.append((_VARYING.sub(r"\g<label>#", what).strip(" :'\""), at))
        elif at is not None and not due and at - found[-1][1] <= _AT_ONCE:
            found.pop()
    return found


def _pace(times: Sequence[datetime]) -> timedelta | None:
    """Return the time between two of these; None if they are too few to tell."""
    if len(times) < OFTEN:
        return None
    return sorted(later - at for at, later in pairwise(times))[(len(times) - 1) // 2]


def _keeps(view: View, times: Sequence[datetime], pace: timedelta) -> bool:
    """Tell whether these come at such a pace at least, until now."""
    own = _pace(times)
    return own is not None and own <= PACE * pace and view.recent(times[-1], max(STILL, ROUNDS * pace))


def _met(view: View, workload: Workload, both: _Both) -> Iterator[str]:
    """Yield whom a workload asks, if all that it tells of is what doubled work brings, and came with the release.

    Where it is not seen to ask a database, the only one there may be it, if it tells only of who waits for a lock.
    """
    asked = view.graph.calls.get(workload.ref, set())
    alone = of_role(view.workloads, "database")
    hidden = {each.ref for each in alone} - asked if len(alone) == 1 else set()
    for ref in sorted(asked | hidden):
        hits = view.hits_of(ref)
        kinds = _OF_WORK if ref in asked else ("lock_wait",)
        if hits and all(hit.trouble in kinds and _follows(workload, both, hit.first) for hit in hits):
            yield ref


def _follows(workload: Workload, both: _Both, began: datetime | None) -> bool:
    return began is not None and began >= both.first and since_release(workload, began)


def _does_harm(view: View, workload: Workload, both: _Both, met: Sequence[str]) -> bool:
    """Tell whether what people are told of began soon after work was doubled, or is seen to be of such work.

    Who misses a host outside does not for the sake of work that is done twice, unless that host finds it too much.
    """
    if any(_blames_outside(view, hit) for hit in view.hits_of(workload.ref)):
        return False
    began = [alert.starts_at for alert in view.alerts if alert.starts_at is not None] or [view.now]
    soon = any(both.first <= at <= both.first + HARMS for at in began)
    return soon or bool(met) or any(by_release(workload, grew) for _, grew in backlogs(view, workload))


def _blames_outside(view: View, hit: Hit) -> bool:
    missed = hit.trouble in UNANSWERED and not any(tells(each, hit.line) for each in _OF_WORK)
    return missed and any(map(view.graph.is_away, hit.hosts))


def _match(view: View, workload: Workload, both: _Both) -> Match:
    came = workload.released_at
    told = f"{len(both.pods)} pods tell {both.times} times of what {both.before.name} begins as ever: {both.what}"
    why = "each of its pods begins all that is due: they do so after a start, and each further one does too"
    met = tuple(_met(view, workload, both))
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", f"Pod/{both.pods[0]}", told, both.first),
            *(Evidence("objects", workload.ref, f"released: {c.told()}", came) for c in turned_on(workload)[:2]),
        ),
        certainty=0.75 if _does_harm(view, workload, both, met) else 0.2,
        since=both.first,
        explains=tuple(dict.fromkeys((*behind(view, workload.ref, but=workload.ref), *met))),
        excludes=not_for((workload.ref,), why, (*RESTARTS, "scale_workload")),
    )


RULE = Rule(
    name="second_scheduler",
    title="A release begins by the clock what another workload begins already",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release turned a scheduler on whose pods begin what another workload begins as ever",
)
