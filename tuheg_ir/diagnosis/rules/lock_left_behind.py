"""A process was killed amid a run, and the lock of that run stayed in a store: each later run is turned away.

The lock outlives any process, so no new one helps; somebody has to delete it, and give such locks an end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._missed import felt_since, missed_by_others
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import belongs_to
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_TURNED_AWAY = late(
    r"\bclass=(?P<job>[\w:]+)\b.{0,200}Skipping job with id \(\w+\) because lock_digest: \((?P<lock>[\w:]+)\) already"
    r"|Skipping enqueue for (?P<of>[\w:]+), not unique \(lock held by JID (?P<by>\w+)\)"
)
"""How sidekiq-unique-jobs and Sidekiq Enterprise tell of a run that they drop, and of the lock that is in its way."""
_ENDS = late(r"\b(?:done|fail(?:ed)?|finished|skipping)\b", re.IGNORECASE)
"""The last that is told of a run which is over, or was none."""
LASTING = timedelta(hours=1)
"""Who is turned away for so long after the holder of the lock was killed waits for nobody who works."""
STILL = timedelta(minutes=30)
"""Runs that come every so often are turned away still."""
LATELY = timedelta(hours=24)


class _Left(NamedTuple):
    """A run whose lock was left behind: its name, who was killed in it and when, the lines that turn others away."""

    job: str
    pod: str
    killed: datetime
    reason: str
    began: str
    said: tuple[str, ...]


def when(view: View) -> Iterator[Match]:
    """One lock turns each run of a kind away since a process was killed in such a run, and that run is missed."""
    for workload in view.serving:
        left = _left(view, workload)
        if left is None:
            continue
        signs = (s for s in felt_since(view, workload, left.killed) if belongs_to(view, s) != workload.ref)
        felt = list(signs)
        readers = tuple(w.ref for w in view.serving if w is not workload and share_a_store(view, workload, w))
        if felt or missed_by_others(view, workload, left.killed):
            yield _match(view, workload, left, readers, felt)


def _left(view: View, workload: Workload) -> _Left | None:
    """Return the run whose lock a killed process of a workload left behind; None if nothing shows that."""
    by_lock: dict[tuple[str, str], list[str]] = {}
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines if speaks_of(log, ("skipping",)) else ():
            if found := _TURNED_AWAY.search(line):
                by_lock.setdefault((found["job"] or found["of"], found["lock"] or found["by"]), []).append(line)
    for (job, _), lines in by_lock.items():
        times = [at for line in lines if (at := stamp(line)) is not None]
        if len(times) < OFTEN or not view.recent(max(times), STILL):
            continue
        for at, reason, log in _killed(view, workload):
            began = _under_way(log, job)
            if began and at <= min(times) and max(times) - at >= LASTING and not _worked_at(view, job, at):
                return _Left(job, log.pod, at, reason, began, tuple(lines))
    return None


def _killed(view: View, workload: Workload) -> Iterator[tuple[datetime, str, Log]]:
    """Yield which containers were killed of late and run again: when, why, and the log of the process before."""
    for log in view.logs_of(workload.live):
        pod = next((each for each in workload.live if each.name == log.pod), None)
        for container in pod.containers if pod is not None and log.previous else ():
            ended = container.ended if container.name == log.container and container.state == "running" else None
            if ended is not None and ended.exit_code == 137 and ended.at and view.recent(ended.at, LATELY):
                yield ended.at, "OOMKilled" if container.killed_for_memory else "killed", log


def _under_way(log: Log, job: str) -> str:
    """Return the last that a log tells of a kind of run, if that was under way at its end; "" if it was over."""
    last = next((line for line in reversed(log.lines) if _names(line, job)), "")
    return "" if _ENDS.search(last) else last


def _worked_at(view: View, job: str, since: datetime) -> bool:
    """Tell whether anybody works at such a run since a moment: then the lock is held by one who is alive."""
    logs = (log for w in view.serving for log in view.logs_of(w.live, previous=False))
    times = (stamp(line) for log in logs for line in _of_run(log.lines, job))
    return any(at is not None and at >= since for at in times)


def _of_run(lines: Sequence[str], job: str) -> Iterator[str]:
    """Yield the lines that name a kind of run as the one who works at it does."""
    for line in lines:
        if f"class={job} " in line and not _TURNED_AWAY.search(line):
            yield line


def _names(line: str, job: str) -> bool:
    return re.search(rf"(?<![\w:]){re.escape(job)}(?![\w:])", line) is not None


def _match(view: View, workload: Workload, left: _Left, readers: tuple[str, ...], felt: list[Evidence]) -> Match:
    others = tuple(dict.fromkeys((*readers, *behind(view, workload.ref, but=workload.ref))))
    later = tuple(ref for ref in others if not since_release(view.workloads[ref], left.killed))
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", f"Pod/{left.pod}", f"{len(left.said)} runs are turned away: {left.said[-1]}"),
            Evidence("logs", f"Pod/{left.pod}", f"the process before was in one: {left.began.strip()}"),
            Evidence("objects", f"Pod/{left.pod}", f"that process was ended ({left.reason})", left.killed),
            *felt[:1],
        ),
        certainty=0.65,
        since=left.killed,
        explains=others,
        excludes=(
            *not_for(
                (workload.ref,),
                "the lock is in a store: it was started anew since, and is turned away all the same",
                (*RESTARTS, "scale_workload", "rollback_workload"),
            ),
            *not_for(later, f"it lacks what {workload.ref} no longer does"),
        ),
    )


RULE = Rule(
    name="lock_left_behind",
    title="A killed process left the lock of its run behind, and each later run is turned away",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no run is turned away by a lock whose holder was killed",
)
