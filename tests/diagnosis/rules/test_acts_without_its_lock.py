"""Two replicas that both do what one is to do, since one could not ask for its lock; work that is shared is no such."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, alert
from tests.diagnosis.rules.tiny import DAY, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

BEAT = "Deployment/beat"
FAILED = "ERROR/MainProcess] Signal handler <function acquire_distributed_beat_lock> raised: ConnectionError('Closed')"
OTHERS = (
    "ERROR leaderelection.go:332] error retrieving resource lock town/jobs: renew lease timed out",
    "ERROR LockNotOwnedError: Cannot extend a lock that's no longer owned",
    "ERROR could not acquire the scheduler lock: connection reset by peer, going on",
)
OTHER_LOCKS = (
    "ERROR: could not obtain lock on row in relation orders",
    "ERROR Lock wait timeout exceeded; could not acquire lock, try restarting transaction",
    "ERROR failed to renew lease database/creds/app/x1: permission denied",
    "ERROR could not obtain the next block",
    "ERROR failed to obtain the release",
    "ERROR could not acquire file lock /data/.lock",
    "ERROR canceling statement due to lock timeout while it tried to acquire the lock on table orders",
)
DUE = "INFO/MainProcess] Scheduler: Sending due task send-reminders (reminders.send)"
HOUR = tuple(range(7200, 0, -300))
SINCE = 3600


def said(number: int, told: Iterable[tuple[float, str]]) -> Log:
    lines = tuple(f"{at(age)} {line}" for age, line in sorted(told, key=lambda each: -each[0]))
    return Log(pod("beat", number), "beat", lines)


def twice(
    failed: str = FAILED,
    *,
    error: float = 3700,
    one: Sequence[float] = HOUR,
    other: Sequence[float] | None = None,
    start: float = 10 * DAY,
    line: str = DUE,
    by: int = 1,
    due: str = DUE,
    again: Sequence[float] = (),
    **more: Any,
) -> Snapshot:
    """Return two pods: when each does its work, and when one of them told that it could not get its lock.

    ``start``: the first that the other one tells of. ``line``: what that one does; ``due``: what the first one does.
    ``again``: when it told the same of its lock later.
    """
    acts = [age for age in HOUR if age <= SINCE] if other is None else other
    mine = [(10 * DAY, "INFO/MainProcess] beat: Starting..."), *((age, due) for age in one)]
    its = [(start, "INFO/MainProcess] beat: Starting..."), *((age, line) for age in acts)]
    (its if by else mine).extend((age, failed) for age in (error, *again))
    return snapshot(
        workload("beat", env={"REDIS": "redis://redis:6379"}, service=False, **more),
        logs=[said(0, mine), said(1, its)],
        alerts=[alert("SmsBudget")],
    )


def far_ahead() -> Snapshot:
    """Return two pods whose clocks are at the end of all times."""
    lines = tuple(f"9999-12-31T23:{minute:02}:59Z {DUE}" for minute in range(4, 60, 5))
    logs = [Log(pod("beat", number), "beat", (f"{at(60)} {FAILED}", *lines)) for number in (0, 1)]
    return snapshot(workload("beat", service=False), logs=logs, alerts=[alert("SmsBudget")])


BOTH = (BEAT, "code_defect", "restart_workload")
HOLDS = [
    *(
        Holds(f"both do it since: {line[:50]}", twice(line), BOTH, excludes=no("rollback_workload", at=BEAT))
        for line in (FAILED, *OTHERS)
    ),
    Holds("who had the lock could not keep it", twice(OTHERS[1], by=0), BOTH),
    Holds("it is of a release of days ago", twice(before=OLD, released=3 * DAY), BOTH, harmful=("rollback_workload",)),
]
HOLDS += [
    Holds(
        what,
        world,
        (BEAT, "code_defect", "page_human"),
        spares=no("rollback_workload", at=BEAT),
        harmful=("restart_workload",),
    )
    for what, world in (
        ("a release of an hour before may have lost the lock", twice(OTHERS[1], before=OLD, released=5400)),
        ("a release of minutes before may have", twice(before=OLD, released=4000)),
    )
]
HOLDS += [
    Holds(
        "it still gets no answer as it asks for the lock: nor would who begins anew",
        twice(again=(1800, 1200, 600, 60)),
        (BEAT, "code_defect", "page_human"),
        excludes=no("rollback_workload", at=BEAT),
        harmful=("restart_workload",),
    )
]
SHARD = "INFO/MainProcess] walks through the orders of shard {}"
OFTEN = tuple(range(7200, 0, -6))
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload", "rollback_workload", "scale_workload"))
    for what, world in (
        ("neither tells of a lock", twice("ERROR/MainProcess] ConnectionError('Connection closed by server')")),
        ("it waits for the lock, which is no error", twice("INFO/MainProcess] beat: Acquiring lock...")),
        ("it could not get the lock hours before that", twice(error=20000)),
        ("it could not get the lock after that", twice(error=1000)),
        ("it took over, and the other one has stopped", twice(one=[age for age in HOUR if age > SINCE])),
        ("they share the work: each does its own", twice(other=[age - 120 for age in HOUR if age <= SINCE])),
        ("both did it all the time", twice(other=HOUR)),
        ("nobody knows what it did before: its log begins there", twice(start=SINCE + 60)),
        ("each has a part of its own", twice(due=SHARD.format(1), line=SHARD.format(2))),
        (
            "both do it each few seconds: so near is chance",
            twice(one=OFTEN, other=[age for age in OFTEN if age <= SINCE]),
        ),
        ("their clocks are at the end of all times", far_ahead()),
        *((f"it tells of another lock: {each[:60]}", twice(each)) for each in OTHER_LOCKS),
        ("it does something else", twice(line="INFO/MainProcess] beat: Waking up in 5.00 minutes")),
        ("both did it a few times", twice(other=(3600, 3300, 3000))),
        ("it is over", twice(one=[a for a in HOUR if a > 2400], other=[a for a in HOUR if 2400 < a <= SINCE + 900])),
        ("one pod is not ready", twice(ready=1)),
    )
]
