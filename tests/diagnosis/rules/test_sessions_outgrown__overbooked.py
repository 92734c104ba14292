"""Nobody counts sessions by client: templates tell whose larger pools, hours ago, want more than there are."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import API, IMAGE, URL, shop
from tests.diagnosis.rules.test_sessions_leaked__by_log import LYING, THEIRS, came
from tests.diagnosis.rules.test_sessions_outgrown import ONLY_BACK, OTHER, OUTGROWN, RAISED, SIZE
from tests.diagnosis.rules.tiny import DAY, event, figure, log, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

NOTHING = ("rollback_workload",)
AS_EVER = {"env": {**URL, SIZE: "10"}}
SILENT = {"env": URL}
LOCKED = "LOG:  process 71 still waiting for ShareLock on transaction 88 after 1000.5 ms"
CAME = timed("postgres-0", *sorted([*came("api", 60, start=20000), *THEIRS], reverse=True))


def booked(
    was: str = "10",
    now: str = "40",
    *beside: Any,
    limit: str = "100",
    key: str = SIZE,
    api: dict[str, Any] | None = None,
    told: tuple[Any, ...] = (),
    figures: tuple[Any, ...] = (),
    server: dict[str, Any] | None = None,
    **release: Any,
) -> Snapshot:
    """Return a database that refuses an api since four minutes; the shop's pools were set anew two hours ago."""
    setting = {"env": {**URL, key: now}, "before": {"env": {**URL, key: was}}, "released": 7200}
    args = {"args": ["-c", f"max_connections={limit}"]} if limit else {}
    return snapshot(
        shop(pods=2, **{**setting, **release}),
        workload("api", **{**AS_EVER, **(api or {})}),
        postgres(**(server or args)),
        *beside,
        logs=[*OTHER, *told],
        figures=figures,
    )


HOLDS = [
    Holds(
        f"its pools may take more than there are, and could not before: {what}",
        world,
        RAISED,
        **ONLY_BACK,
    )
    for what, world in (
        ("of HikariCP", booked("10", "45")),
        ("of pgx", booked("8", "80", key="DB_POOL_MAX_CONNS")),
        ("a variable tells the limit", booked("10", "45", server={"env": {"POSTGRESQL_MAX_CONNECTIONS": "100"}})),
        (
            "a word of its command",
            booked("10", "45", env=URL, args=["--pool-size=45"], before={"env": URL, "args": ["--pool-size=10"]}),
        ),
        (
            "another client was released since, and its pools are as small as ever",
            booked("10", "45", api={"released": 900, "before": IMAGE}),
        ),
        (
            "figures count all sessions, and not whose they are",
            booked("10", "45", figures=(figure("db_connections", 40, 97, 300, component="postgres"),)),
        ),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"its pools were set anew hours ago, and {what}", world, harmful=NOTHING)
        for what, world in (
            ("all have room", booked("10", "15")),
            ("they may take few of all", booked("4", "20", api={"pods": 6})),
            ("they were too large before as well", booked("60", "120")),
            ("nobody tells how many there may be", booked("10", "45", limit="")),
            ("there is room for all", booked("10", "45", limit="400")),
            ("it was a day ago", booked("10", "45", released=DAY)),
            (
                "another client was released since that may take any number",
                booked("10", "45", api={"env": URL, "released": 900, "before": IMAGE}),
            ),
            (
                "another client's were too",
                booked(
                    "10",
                    "45",
                    api={"env": {**URL, SIZE: "40"}, "before": {"env": {**URL, SIZE: "10"}}, "released": 7000},
                ),
            ),
            (
                "locks kept sessions before it was full",
                booked("10", "45", told=(log("postgres-0", *[LOCKED] * 9, since=900),)),
            ),
            ("what it set is the pool of another thing", booked("10", "45", key="HTTP_CLIENT_POOL_SIZE")),
            (
                "it tells of connections that are lost",
                booked(
                    "10",
                    "45",
                    told=(
                        log(
                            "shop-pod0",
                            *["WARN HikariPool-1 - Connection leak detection triggered for conn4"] * 9,
                            since=1000,
                        ),
                    ),
                ),
            ),
            (
                "figures tell that another has most of the sessions",
                booked(
                    "10",
                    "45",
                    figures=(figure("db_connections_by_client", 20, 70, component="postgres", client="api"),),
                ),
            ),
        )
    ),
    DoesNotHold(
        "its pools were set anew hours ago, and the database's log tells that another opened many by and by",
        booked("10", "45", told=(CAME,)),
        LYING,
        harmful=NOTHING,
    ),
    DoesNotHold(
        "an autoscaler gave a client one pod, and all its pools may have few sessions",
        booked(
            "10",
            "10",
            event(API, "ScalingReplicaSet", "Scaled up replica set api-r1 to 3 from 2", kind="Normal"),
            api={"pods": 3},
        ),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
]
HOLDS += [
    Holds(
        "an autoscaler gave a client pods, and how many processes each has with a pool nobody tells",
        booked(
            "10",
            "10",
            event(API, "ScalingReplicaSet", "Scaled up replica set api-r1 to 3 from 2", kind="Normal"),
            api={"pods": 3, "env": {**URL, "DB_POOL": "5"}},
        ),
        (API, *OUTGROWN[1:]),
    )
]
