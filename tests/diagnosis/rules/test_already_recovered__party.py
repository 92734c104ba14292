"""One party outside failed for a while and serves as before: what told of it meanwhile is over, others' waits too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tests.diagnosis.rules.back_again import told
from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.parties import AMISS, BACK, GONE, calls, sending
from tests.diagnosis.rules.tiny import NOW, pod, series, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

SENDER = "Deployment/sender"
ACTING = ("rollback_workload", "restart_workload", "scale_workload")
WAITS = '{"level":40,"order":"W17","waitedSeconds":904,"msg":"label not ready yet"}'
EMPTY = '{"level":40,"order":"W17","waitedSeconds":904,"msg":"label is empty"}'
SOON = '{"level":40,"order":"W17","msg":"label not ready yet"}'


def back(calls_told: Sequence[tuple[float, str]], words: str = WAITS, *, until: float = 900) -> Snapshot:
    """Return a sender whose party is back, and a desk that told of its labels from then on until so long ago."""
    failed = series({"component": "sender"}, (3600, 0.0), (GONE, 0.6), (BACK, 0.0))
    lines = [*told(3400, 2700, "INFO shown", times=10), *told(GONE - 100, until, words, times=60)]
    desk = Log(pod("desk"), "desk", (*lines, *told(until - 20, 20, "INFO shown", times=30)))
    fires = Alert("LabelsFail", {"service": "sender"}, {}, "firing", NOW - timedelta(seconds=GONE - 300))
    return sending(
        calls_told,
        workload("desk", service=False),
        logs=[desk],
        figures=[("error_ratio", failed)],
        alerts=[fires],
    )


HOLDS = [
    Holds(
        f"one party serves again, and another told {what}",
        world,
        (SENDER, "no_fault", "no_action"),
        harmful=ACTING,
        alone=True,
    )
    for what, world in (
        ("meanwhile of what waited", back(calls())),
        ("of what waited until some minutes ago", back(calls(), until=400)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"one party serves again, and {what}", world, instead, harmful=("no_action",))
    for what, world, instead in (
        ("another tells still of what waits", back(calls(), until=40), ()),
        (
            "another told of what is wrong",
            back(calls(), EMPTY, until=400),
            (SENDER, "code_defect", "page_human"),
        ),
        (
            "another told of what is not there, not how long",
            back(calls(), SOON, until=400),
            (SENDER, "code_defect", "page_human"),
        ),
        (
            "what it is sent is bad since",
            back(calls(since=AMISS), until=400),
            (SENDER, "code_defect", "page_human"),
        ),
    )
]
