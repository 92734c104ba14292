"""Runs of a schedule do not end, or begin faster than they end, and pile up until others lack what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._asked_room import asked
from tuheg_ir.diagnosis.rules._busy_with_runs import busy_with_runs, going_on
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.rules._holders import held_by
from tuheg_ir.diagnosis.rules._sessions import Full, clients, full
from tuheg_ir.diagnosis.rules.session_limit_lowered import limit_of
from tuheg_ir.diagnosis.view.complaints import kind_spoken_of
from tuheg_ir.diagnosis.view.pods import Pod, controller
from tuheg_ir.diagnosis.view.reading import created, items, moment, newest, oldest, text
from tuheg_ir.diagnosis.view.refusals import refusals
from tuheg_ir.diagnosis.view.releases import brought_by_release, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

MANY = 5
"""So many runs of one schedule at once are no overlap of two."""
NONE_OVER = 3
"""Runs that are long, and end one after the other, do not let so many more begin before the next one is over."""
AT_ONCE = 2
"""Runs of a schedule are meant to come one after the other."""
MOST = 0.5
"""Share of a database's sessions from which on it is full for those that have them."""
_OPENS = late(
    r"\b(?:open(?:s|ed|ing)?|pool(?: of)?|us(?:es|ing)|with) (?:up to )?(?P<many>\d{1,4}) "
    r"(?:(?:new|db|database|postgres(?:ql)?|mysql|mongo(?:db)?|parallel|concurrent) ){0,2}(?:connections|sessions)\b"
    r"(?: (?:to|of|at|with) (?:the )?(?!(?:the|database|db)\b)(?P<whose>[\w.-]*\w))?",
    re.IGNORECASE,
)
"""How a run tells how many sessions it takes."""
_DATABASE = late(r"\b(?:db|database|sql)s?\b", re.IGNORECASE)
_GRACE = timedelta(seconds=60)
_LACKS = late(r"Insufficient ([\w./-]*\w)")
_FULL = late(r"Too many pods")
_QUOTA = late(r"exceeded quota: ([\w.-]+), requested: (?:(requests|limits)\.)?([\w./-]+)=([\w.]+)")


class Want(NamedTuple):
    """What somebody lacks: so much of a resource on one node, or (``quota``) of what the namespace may have."""

    what: str
    amount: float
    side: str
    evidence: Evidence
    quota: str = ""


def when(view: View) -> Iterator[Match]:
    """Runs of one CronJob hang, or overlap; else a pod would have room, a client a session, a store a processor."""
    schedules = [workload for workload in view.workloads.values() if workload.kind == "CronJob"]
    filled = full(view) if schedules else ()
    for schedule in schedules:
        yield from busy_with_runs(view, schedule)
        runs, edit = _piled(view, schedule)
        for each in filled:
            if _fill(view, schedule, runs, each):
                yield _of_sessions(view, schedule, runs, each)
                continue
            opening, opened = _opening(view, schedule, each)
            if opening:
                yield _of_sessions(view, schedule, opening, each, opened)
        if len(runs) < MANY:
            continue
        wants = [(w.ref, want) for w in view.serving for want in _wants(view, w) if want.amount]
        lacking = {ref: want for ref, want in wants if _held(runs, want) >= want.amount}
        if lacking:
            yield _match(view, schedule, runs, lacking, edit)


def _piled(view: View, schedule: Workload) -> tuple[list[Pod], datetime | None]:
    """Return the runs of a schedule that pile up, and the edit since which they do; None: they hang.

    Runs that overlap and end are a matter of how the schedule was made, if it was not made so a short while ago.
    """
    runs = going_on(schedule)
    hung = _hung(view, schedule, runs)
    at = edited(schedule.obj)
    if len(hung) >= MANY or at is None or not view.recent(at, HOURS):
        return hung, None
    before = [pod for pod in runs if pod.created and pod.created < at]
    return ([], None) if before else (runs[:-1], at)


def _hung(view: View, schedule: Workload, runs: list[Pod]) -> list[Pod]:
    """Return the pods of runs that go on though later ones are over, or none is over since they began; one of each."""
    well = moment(schedule.obj, "status", "lastSuccessfulTime")
    if well is None or sum(pod.created is not None and pod.created > well for pod in runs) >= NONE_OVER:
        return runs[:-1]  # the newest one has only begun
    over = newest(created(job) for job in view.snapshot.of("Job") if controller(job) == schedule.ref and _over(job))
    return [pod for pod in runs if over and pod.created and pod.created < over]


def _over(job: Obj) -> bool:
    done = (c for c in items(job, "status", "conditions") if text(c, "type") == "Complete")
    return any(text(c, "status") == "True" for c in done)


def _wants(view: View, workload: Workload) -> Iterator[Want]:
    """Yield what a workload lacks for its pods, if no release of it asks for more than before."""
    waiting = [pod for pod in workload.live if pod.unschedulable and not view.recent(pod.created, _GRACE)]
    if waiting and not (workload.changed("limits", "placement") and brought_by_release(workload, waiting)):
        why = waiting[0].unschedulable
        told = Evidence("objects", f"Pod/{waiting[0].name}", f"Pending: {why[:240]}", waiting[0].created)
        resources = {found[1] for found in _LACKS.finditer(why)} | ({"pods"} if _FULL.search(why) else set())
        for what in sorted(resources):
            yield Want(what, asked(waiting[0].obj, what), "requests", told)
    lacks = len(workload.live) < workload.wanted + bool(workload.older_pods())
    for told in refusals(view, workload) if lacks else ():
        if (found := _QUOTA.search(told.fact)) and (amount := number(found[4])):
            yield Want(found[3], amount, found[2] or "requests", told, f"ResourceQuota/{found[1]}")


def _held(runs: list[Pod], want: Want) -> float:
    """Return how much of what somebody lacks the runs hold together, on the one node where they hold most of it."""
    by_node: dict[str, float] = {}
    for pod in runs:
        place = "" if want.quota else pod.node
        by_node[place] = by_node.get(place, 0.0) + asked(pod.obj, want.what, want.side)
    return max(by_node.values())


def _fill(view: View, schedule: Workload, runs: list[Pod], each: Full) -> bool:
    """Tell whether runs piled up before a database that they use was full: later ones may only wait for it."""
    return len(_began_before(runs, each)) >= MANY and _theirs(view, schedule, each)


def _opening(view: View, schedule: Workload, each: Full) -> tuple[list[Pod], int]:
    """Return the runs of which none was over since the first began, and what they open, if that is most sessions.

    A few runs are many where each of them has many sessions.
    """
    well, limit = moment(schedule.obj, "status", "lastSuccessfulTime"), limit_of(view, each)
    before = _began_before(going_on(schedule), each)
    runs = [pod for pod in before if well is None or (pod.created and pod.created > well)]
    if len(runs) < AT_ONCE or not limit or not _theirs(view, schedule, each):
        return [], 0
    opened = sum(_opens(view, pod, each) for pod in runs)
    return (runs, opened) if opened >= MOST * limit else ([], 0)


def _opens(view: View, pod: Pod, each: Full) -> int:
    """Return how many sessions of a database a run tells that it opens; 0 if it tells of none."""
    lines = (line for log in view.logs_of([pod], previous=False) for line in log.lines)
    found = (told for line in lines if (told := _OPENS.search(line)) and _is_of(view, told, each))
    return max((int(told["many"]) for told in found), default=0)


def _is_of(view: View, told: re.Match[str], each: Full) -> bool:
    """Tell whether sessions are those of a database, as it is named, or a line that names nobody speaks of one.

    Users of a page have sessions as well, and a store of files is asked over many connections at once.
    """
    named = told["whose"] or ""
    if named and view.graph.resolve(named) == each.ref:
        return True
    return kind_spoken_of(named or told.string) == "database" or bool(not named and _DATABASE.search(told.string))


def _began_before(runs: list[Pod], each: Full) -> list[Pod]:
    return [pod for pod in runs if pod.created and each.since and pod.created < each.since]


def _theirs(view: View, schedule: Workload, each: Full) -> bool:
    """Tell whether the sessions of a database may be those of a schedule's runs.

    Where it is known who has them they have most of them; where it is not, no release may have taken them.
    """
    known = clients(view, each.ref)
    held = held_by(view, each)
    if schedule.ref not in known or (held and held[0].ref != schedule.ref):
        return False
    return bool(held) or not any(since_release(w, each.since) for ref in known if (w := view.workloads.get(ref)))


def _of_sessions(view: View, schedule: Workload, runs: list[Pod], each: Full, opened: int = 0) -> Match:
    """Return that runs hold the sessions of a database that others are refused."""
    began = oldest(pod.created for pod in runs)
    fact = f"{len(runs)} runs of it go on, the first since {began:%H:%M} UTC, each with sessions that others lack"
    told = (Evidence("logs", schedule.ref, f"they tell that they open {opened} sessions", began),) if opened else ()
    others = tuple(sorted({c.caller for c in each.refused} - {schedule.ref, each.ref}))
    return Match(
        component=schedule.ref,
        evidence=(Evidence("objects", schedule.ref, fact, began), *told, *each.evidence),
        certainty=0.75,
        root_cause="database_connection",
        since=began,
        explains=behind(view, each.ref, *others, but=schedule.ref),
        excludes=(
            *not_for(others, "the runs that pile up hold the sessions: nothing done to this client gives them back"),
            *not_for((each.ref,), "a restart ends everybody's work, and the runs fill it again", ("restart_workload",)),
        ),
    )


def _match(view: View, schedule: Workload, runs: list[Pod], lacking: dict[str, Want], edit: datetime | None) -> Match:
    began = oldest(pod.created for pod in runs)
    what = ", ".join(sorted({want.what for want in lacking.values()}))
    fact = f"{len(runs)} runs of it go on, the first since {began:%H:%M} UTC, and hold {what} that others lack"
    edits = (Evidence("objects", schedule.ref, "it was edited, and all of them began since", edit),) if edit else ()
    told = (e for ref in lacking for e in view.events_of(ref, "FailedScheduling", "FailedCreate"))
    reason = "the runs that pile up hold the room: there is none for a further pod"
    return Match(
        component=schedule.ref,
        evidence=(
            Evidence("objects", schedule.ref, fact, began),
            *edits,
            *[want.evidence for want in lacking.values()][:3],
            *[view.event_evidence(event) for event in told][:2],
        ),
        # What was edited is not kept: it may have been the image alone.
        certainty=0.65 if edit else 0.8,
        root_cause="configuration_error" if edit else "",
        since=began,
        explains=(*lacking, *sorted({want.quota for want in lacking.values()} - {""})),
        excludes=tuple(
            each for ref in lacking for each in excluding(ref, reason, *RESTARTS, "scale_workload", "rollback_workload")
        ),
    )


RULE = Rule(
    name="runs_pile_up",
    title="Runs of a schedule pile up, and hold the room, the sessions or the processor that others need",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no runs of a CronJob that hang, or overlap since an edit, hold what a pod or a client of a store lacks",
)
