"""Few of several readers of a queue do no more work, and nobody does their part: what is dealt to them waits.

Such a reader beats on and stays a member of its group, so that its part is given to nobody else. It is ready, restarts
are none, and its like ask the same hosts and are well: a new process takes up what this one holds. So it is with who
was cut off as the broker was moved or started anew, and never came back to it, however many of them there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._left_behind import fell_out, left_behind
from tuheg_ir.diagnosis.rules._queue_alerts import queue_alerts
from tuheg_ir.diagnosis.rules._readers import backlogs, by_release, queues
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SAME = "others of the same template, or of the same broker, work: it is a process that hangs"
_MORE = "more readers leave the one that hangs as it is, and what it holds with it"


def when(view: View) -> Iterator[Match]:
    """A queue grows since few of its readers told of no more work, while the others do as before and no more.

    Or since readers lost the broker and never came back, while who was started after that works.
    """
    for workload in view.serving:
        if role(workload) in DATA or len(workload.live) < 2 or workload.ready < workload.wanted:
            continue
        found = (_fell_out(view, workload, waits) for waits in _waits(view, workload))
        if seen := next((each for each in found if each), ()):
            yield _match(view, workload, seen)


def _waits(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield what tells of a queue that a workload reads and that grows: figures, or alerts where nobody measures."""
    if queues(view):
        yield from (seen for seen, grew in backlogs(view, workload) if not by_release(workload, grew))
    else:
        yield from queue_alerts(view, workload)


def _fell_out(view: View, workload: Workload, waits: Evidence) -> tuple[Evidence, ...]:
    still = fell_out(view, workload, waits.time) or left_behind(view, workload, waits.time)
    return (waits, *still) if still else ()


def _match(view: View, workload: Workload, seen: tuple[Evidence, ...]) -> Match:
    return Match(
        component=workload.ref,
        evidence=seen,
        certainty=0.65,
        since=seen[1].time,
        explains=behind(view, workload.ref),
        excludes=(
            *not_for((workload.ref,), _SAME, ("rollback_workload",)),
            *not_for((workload.ref,), _MORE, ("scale_workload",)),
        ),
    )


RULE = Rule(
    name="reader_fell_out",
    title="Few readers of a queue hang, and their part of it waits",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no reader of a queue that grows fell silent while the others work on",
)
