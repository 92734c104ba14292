"""A sender of which one of several parties outside does not take what it sends, for a while after its release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.tiny import Obj, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

AWAY = '{{"level":40,"carrier":"{}","status":503,"headers":{{"retry-after":"120"}},"msg":"label failed"}}'
LATE = '{{"level":40,"carrier":"{}","err":{{"message":"Headers Timeout Error"}},"msg":"label failed"}}'
AMISS = '{{"level":40,"carrier":"{}","status":400,"body":"weight is missing","msg":"label failed"}}'
STUMBLES = '{{"level":40,"carrier":"{}","status":500,"msg":"label failed"}}'
DONE = '{{"level":30,"carrier":"{}","msg":"label printed"}}'
ONE, OTHERS = "northpost", ("courier24", "alpine")
RELEASED, GONE, BACK = 3000.0, 2780.0, 1300.0
"""When the release came, and the party went and was back."""
Told = Sequence[tuple[float, str]]


def calls(
    fails: Sequence[str] = (AWAY, LATE, AWAY),
    *,
    one: str = ONE,
    gone: float = GONE,
    back: float = BACK,
    alike: bool = False,
    since: str = DONE,
    pace: float = 20,
) -> list[tuple[float, str]]:
    """Return what a pod tells of calls since its start; alike: the others fail as well; since: as the one is back."""
    told = []
    for n, age in enumerate(range(int(RELEASED) - 30, 10, -20)):
        away = back < age <= gone
        if age > gone or away or (n * 20) % pace == 0:
            how = fails[n % len(fails)] if away else since if age <= back else DONE
            told.append((float(age), how.format(one)))
        other = OTHERS[n % len(OTHERS)]
        told.append((age - 5.0, (fails[n % len(fails)] if alike and away else DONE).format(other)))
    return told


def sending(
    told: Told,
    *objects: Iterable[Obj] | Obj,
    logs: Iterable[Log] = (),
    figures: Iterable[tuple[str, Series]] = (),
    alerts: Iterable[Alert] = (),
    **more: Any,
) -> Snapshot:
    """Return a sender that was released before, whose two pods tell of their calls, and what is beside it."""
    made = {"before": {"image": "sender:0"}, "released": RELEASED, "service": False, **more}
    lines = [timed(pod("sender", n), *told, of="sender") for n in range(2)]
    return snapshot(workload("sender", **made), *objects, logs=[*lines, *logs], figures=figures, alerts=alerts)


def but(told: Told, change: Callable[[float, str], str]) -> list[tuple[float, str]]:
    """Return what is told, with each line changed."""
    return [(age, change(age, line)) for age, line in told]
