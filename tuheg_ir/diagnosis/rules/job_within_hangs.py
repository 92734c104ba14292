"""One job that a program runs by its own schedule hangs, and its other ones go on: only its scheduler tells.

Probes are good and the process tells of other work, so that nobody starts it again; each time the job is due its
scheduler says that the last run goes on. What it waits for never answers: a pod that is gone, a lock, a connection
without an end. A new process begins with a new run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import begun, lines_told, speaks_of
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LONG = timedelta(minutes=15)
"""A run that is passed over for so long without a break is none that is merely late."""
OFTEN = 8
STILL = 3.0
"""It is told at each time that the job is due: a pause of more such times is a run that began."""
IDLE = 0.3
"""So small a part of the processor time of before is left to a process whose work is that job."""
_SKIPPED = late(
    r"Execution of job \"(\S{1,80}) .{0,200}skipped: maximum number of running instances reached"
    r"|\b(?:[Ss]kipp(?:ing|ed)|[Nn]ot starting) (?:the )?(?:scheduled )?(?:job|task|run)(?: of)? [\"'`]?(\S{1,80}?)"
    r"[\"'`]?[:, ]"
    r".{0,60}\b(?:(?:is )?(?:still|already) running|previous run|has not (?:finished|ended))"
    r"|\b(?:[Jj]ob|[Tt]ask) [\"'`]?(\S{1,80}?)[\"'`]? (?:is )?(?:still|already) running\b.{0,40}\bskip"
)
_WORDS = ("skipp", "not starting")


class _Passed(NamedTuple):
    """How often a job was passed over in a pod without a break, since when, and the last line that tells it."""

    pod: str
    job: str
    number: int
    since: datetime
    line: str


def when(view: View) -> Iterator[Match]:
    """A scheduler passes over one job at each time that it is due, for long; the process rests, and people were called.

    Not since a release of the program, which may bring the same each time.
    """
    for workload in view.serving:
        for log in view.logs_of(workload.live, previous=False):
            passed = _passed(view, log) if speaks_of(log, _WORDS) else None
            if passed is None or since_release(workload, passed.since):
                continue
            rests = _rests(view, workload, passed)
            called = [alert for alert in view.alerts if alert.starts_at and alert.starts_at >= passed.since]
            if rests is not None and called:
                alerts = (a.fires(workload.ref) for a in called[:2])
                yield _match(view, workload, passed, (rests, *alerts))
                break


def _passed(view: View, log: Log) -> _Passed | None:
    """Return the job that is passed over without a break until now, if one is for long."""
    told: dict[str, list[tuple[datetime, str]]] = {}
    for line in log.lines:
        if (said := _SKIPPED.search(line)) and (at := stamp(line)) is not None:
            told.setdefault(next(filter(None, said.groups())), []).append((at, line.strip()))
    for job, lines in told.items():
        since = begun(at for at, _ in lines)
        times = [at for at, _ in lines if since is not None and at >= since]
        if since is None or len(times) < OFTEN:
            continue
        pauses = [later - sooner for sooner, later in pairwise((*times, view.now))]
        most = STILL * timedelta(seconds=median(each.total_seconds() for each in pauses[:-1]))
        if max(pauses) <= most and times[-1] - since >= LONG:
            return _Passed(log.pod, job, len(times), since, lines[-1][1][:240])
    return None


def _rests(view: View, workload: Workload, passed: _Passed) -> Evidence | None:
    """Return that a process has hardly used a processor since; one that computes is at the job."""
    before = view.figures.before("cpu_usage", passed.since, pod=passed.pod)
    now = view.figures.now("cpu_usage", pod=passed.pod)
    if before is None or now is None or now > IDLE * before:
        return None
    return Evidence(
        "metrics", workload.ref, f"{passed.pod} uses {now:.3f} processors, and {before:.3f} before", passed.since
    )


def _match(view: View, workload: Workload, passed: _Passed, seen: tuple[Evidence, ...]) -> Match:
    return Match(
        component=workload.ref,
        evidence=(lines_told(passed.pod, passed.number, passed.line, passed.since), *seen),
        certainty=0.75,
        since=passed.since,
        explains=behind(view, workload.ref, but=workload.ref),
    )


RULE = Rule(
    name="job_within_hangs",
    title="One job of a program hangs, and its scheduler passes it over each time",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no scheduler within a program passes over one job for long while the process rests",
)
