"""Who leaves transactions open is known by its pools: they count as many sessions as a database does of one user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import errors
from tests.diagnosis.rules.test_sessions_leaked import DIRECT, NO_SLOT, ROOM
from tests.diagnosis.rules.tiny import figure, log, pod, postgres, series, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

DESK = "Deployment/help-desk"
LEAK = (DESK, "database_connection", "restart_connection_pool")
GO = "INF db.stats open={all} in_use={taken} idle={idle} max_open=0 wait_count=0"
HIKARI = "DEBUG HikariPool-1 - Pool stats (total={all}, active={taken}, idle={idle}, waiting=0)"
NODE = '{{"level":20,"msg":"pool","active":{taken},"idle":{idle},"waiting":0}}'
AGES = range(3600, 0, -360)


def held(age: float) -> int:
    """Return how many sessions of the user the database counts: 20 an hour ago, 80 since five minutes."""
    return int(20 + 60 * min(1.0, (3600 - age) / 3300))


def counting(form: str, *number: int, of: str = "help-desk", share: float = 0.5, idle: int = 1) -> list[Log]:
    """Return the logs of pods that count their pool, each a share of what the database counts."""
    return [
        timed(pod(of, n), *((age, form.format(all=each, taken=each - idle, idle=idle)) for age, each in counts))
        for n in number or (0, 1)
        for counts in [[(float(age), round(share * held(age))) for age in AGES]]
    ]


def open_ones(*said: Log, counted: Sequence[tuple[float, float]] = (), figures: Any = (), desk: Any = None) -> Snapshot:
    """Return a full database whose user `talk` leaves transactions open, and who may be that user; cart is refused."""
    of: dict[str, Any] = {"component": "postgres", "user": "talk", "state": "idle in transaction"}
    course = counted or [(float(age), float(held(age))) for age in range(3600, -1, -60)]
    return snapshot(
        workload("cart", env=DIRECT),
        desk or workload("help-desk", env=DIRECT),
        workload("billing", env=DIRECT),
        postgres(),
        logs=[log(pod("cart"), *[NO_SLOT] * 9, since=280), *said],
        figures=[
            *ROOM,
            errors("cart", 0.4, 280),
            figure("db_connections", 30, 98, 300, component="postgres"),
            ("db_connections_by_client", series(of, *course)),
            figure("db_connections_by_client", 9, 9, component="postgres", user="cart", state="idle"),
            figure("db_connections_by_client", 9, 9, component="postgres", user="pay", state="idle"),
            *figures,
        ],
    )


def told(line: str, ages: Sequence[float] = AGES) -> list[Log]:
    """Return the logs of two pods that tell half of what the database counts."""
    return [
        timed(
            pod("help-desk", n),
            *((age, each) for age in ages for each in line.format(held(age) // 2, held(age) // 4).split("\n")),
        )
        for n in (0, 1)
    ]


def pools(of: str = "help-desk", numbers: Sequence[int] = (0, 1)) -> list[tuple[str, Any]]:
    steps = [(float(age), held(age) / 2) for age in range(3600, -1, -60)]
    return [("pool_in_use", series({"pod": pod(of, n)}, *steps)) for n in numbers]


OLDER = workload("help-desk", env=DIRECT, before={"image": "registry.example/help-desk:0"}, released=3 * 3600)
FAR = {"DB_HOST": "db.far.example"}
FLAT = [(3600.0, 80.0)]

HOLDS = [
    *(
        Holds(
            f"its pools count as many as the database does of a user that is called as nobody: {form}",
            open_ones(*counting(form)),
            LEAK,
            excludes=no("scale_workload", at=DESK),
            harmful=("rollback_workload", "scale_workload", "scale_database"),
        )
        for form in (GO, HIKARI, NODE)
    ),
    Holds(
        "each of its pods has two pools there",
        open_ones(*told("orders in_use={1} idle=1\nmails in_use={1} idle=0")),
        LEAK,
    ),
    Holds("figures count its pools, of which no log tells", open_ones(figures=pools()), LEAK),
    Holds(
        "another one's pools count as well, and stay as they are",
        open_ones(*counting(GO), *counting(GO, of="billing", share=0.05)),
        LEAK,
    ),
    Holds(
        "it was released before they became more",
        open_ones(*counting(GO), desk=OLDER),
        (DESK, "code_defect", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a user leaves transactions open, and whose it is nobody knows: {what}",
        world,
        harmful=("restart_connection_pool", "rollback_workload"),
    )
    for what, world in (
        ("no pool is counted", open_ones()),
        ("one of two pods does not count", open_ones(*counting(GO, 0))),
        ("the pools count far fewer", open_ones(*counting(GO, share=0.3))),
        ("the pools count far more", open_ones(*counting(GO, share=0.8))),
        ("two programs count as many", open_ones(*counting(GO), *counting(GO, of="billing"))),
        (
            "the pools become more, and what the database counts does not",
            open_ones(*counting(GO), counted=FLAT),
        ),
        ("both are as large as ever", open_ones(*told("db.stats in_use=39 idle=1"), counted=FLAT)),
        (
            "the pools were counted long ago",
            open_ones(*told("db.stats in_use={0} idle=0", [float(age) for age in range(3600, 1200, -240)])),
        ),
        (
            "a second pool of each pod is of somewhere else",
            open_ones(*told("orders in_use={0} idle=0\nmails in_use={0} idle=0")),
        ),
        ("who counts them asks another database", open_ones(*counting(GO), desk=workload("help-desk", env=FAR))),
    )
]
