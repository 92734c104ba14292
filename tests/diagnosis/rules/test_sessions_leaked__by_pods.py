"""A store counts its connections and not whose they are: what one client's pods hold open since a release tells it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, Obj, figure, pod, redis, series, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

STORE = {"CACHE_URL": "redis://redis:6379/0"}
FULL = "ReplyError: ERR max number of clients reached"
BEGAN, END = 1770, 900
"""How many seconds ago the shop's pods came, and its store was full."""


def climbing(low: float, high: float, since: float = BEGAN, until: float = END) -> list[tuple[float, float]]:
    """Return the steps of a straight line that ends."""
    steps = int((since - until) // 30)
    return [(3600, 0.0)] + [(since - n * 30, low + (high - low) * n / steps) for n in range(steps + 1)]


def held(name: str, *steps: tuple[float, float]) -> tuple[str, Series]:
    return "pod_open_files", series({"pod": name}, *steps)


def counted(
    before: float = 60, at_last: float = 598, most: float = 600, since: float = BEGAN
) -> list[tuple[str, Series]]:
    """Return what a store counts of its connections, all together."""
    line = climbing(before, at_last, since)[1:]
    return [
        ("db_connections", series({"component": "redis"}, (3600, before), *line)),
        figure("db_max_connections", most, most, component="redis"),
    ]


LEAKS = [held(pod("shop", n), *climbing(20, 290)) for n in (0, 1)]
STEADY = [held(pod("api", n), (3600, 44)) for n in (0, 1)]


def full(
    *more: tuple[str, Series],
    store: list[tuple[str, Series]] | None = None,
    mine: list[tuple[str, Series]] = LEAKS,
    others: list[tuple[str, Series]] = STEADY,
    also: tuple[list[Obj], ...] = (),
    line: str = FULL,
    server: list[Obj] | None = None,
    env: Any = STORE,
    **release: Any,
) -> Snapshot:
    """Return a cache that is full since a quarter of an hour; the shop was released half an hour ago."""
    return snapshot(
        shop(env=env, **{"before": IMAGE, "released": 1800, **release}),
        workload("api", env=env),
        redis() if server is None else server,
        *also,
        figures=[*(counted() if store is None else store), *mine, *others, errors("api", 0.4, END - 60), *more],
        logs=[*logs("api", line, 0, 1, since=END - 60), *logs("shop", line, 0, 1, since=END - 90)],
        alerts=[alert("ApiErrors", deployment="api")],
    )


BACK = (SHOP, "code_defect", "rollback_workload")
HOLDS = [
    Holds(
        "its pods hold as many more open as came to the cache, and the other client no more than before",
        full(),
        BACK,
        excludes=(*no("scale_workload", at=SHOP), *no("restart_workload", "rollback_workload", at="Deployment/api")),
        began=END + 60,
    ),
    Holds("nobody counts what the other client holds", full(others=[]), BACK),
    Holds(
        "another was released as well, which does not use it",
        full(also=(workload("web", before={"image": "registry.example/web:0"}, released=1500),)),
        BACK,
    ),
    Holds("nobody counts what the cache has: they stop as it refuses more", full(store=[]), BACK),
    Holds(
        "a database, counted as a whole",
        full(
            server=workload("redis", "mongo:7", kind="StatefulSet", pods=1, port=27017),
            env={"MONGO_URL": "mongodb://redis:27017/shop"},
            line="MongoServerSelectionError: connection refused because too many open connections: 600",
        ),
        BACK,
    ),
    Holds(
        "a setting came with it, and no other image",
        full(before={"env": STORE | {"MODE": "a"}}),
        (SHOP, "database_connection", "rollback_workload"),
    ),
]
NOTHING = ("rollback_workload",)


def not_by(what: str, world: Snapshot) -> DoesNotHold:
    return DoesNotHold(what, world, harmful=NOTHING)


DOES_NOT_HOLD = [
    not_by("its pods hold as many as ever", full(mine=[held(pod("shop", n), (3600, 40)) for n in (0, 1)])),
    not_by(
        "they had all of them at once: a pool that is larger",
        full(mine=[held(pod("shop", n), (3600, 0), (BEGAN, 20), (BEGAN - 60, 290)) for n in (0, 1)]),
    ),
    not_by("only one of its pods holds more", full(mine=[LEAKS[0], held(pod("shop", 1), (3600, 22))])),
    not_by(
        "the other client's grow as much",
        full(others=[held(pod("api", n), *climbing(20, 290)) for n in (0, 1)]),
    ),
    not_by(
        "they are far fewer than what came to the cache",
        full(mine=[held(pod("shop", n), *climbing(20, 90)) for n in (0, 1)]),
    ),
    not_by(
        "they are twice as many: each is of a user who stays connected",
        full(mine=[held(pod("shop", n), *climbing(20, 580)) for n in (0, 1)]),
    ),
    not_by("the cache had ever more before its release as well", full(store=counted(since=3500))),
    not_by("it gets twice as many requests", full(rate("shop", 50, 100, 1700))),
    not_by("it has more replicas than before", full(figure("replicas_wanted", 1, 2, 1700, component="shop"))),
    not_by("it was released last week", full(released=7 * DAY)),
    not_by(
        "all that its release changed is how much of a processor it asks for",
        full(before={"resources": {"requests": {"cpu": "1"}}}),
    ),
    not_by(
        "nobody counts what the cache has, and they go on as it refuses more",
        full(store=[], mine=[held(pod("shop", n), *climbing(20, 900, until=30)) for n in (0, 1)]),
    ),
]
