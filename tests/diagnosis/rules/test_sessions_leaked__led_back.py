"""A store that a release fills within hours, with figures of the last hour: what its pods hold leads back to it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, figure, pod, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

STORE = {"CACHE_URL": "redis://redis:6379/0"}
MAX = "redis.exceptions.ConnectionError: max number of clients reached"
END = 900
"""How many seconds ago the store was full."""
AGO = 6.5 * 3600
"""How many seconds ago the shop was released."""


def line(high: float, began: float = AGO, low: float = 0.0, until: float = END, stays: float | None = None) -> Series:
    """Return the last hour of what goes up in a straight line since so many seconds until the store is full."""
    pace = (high - low) / (began - until)
    ages = range(3600, -1, -60)
    values = [(age, low + pace * (began - age) if age > until else (high if stays is None else stays)) for age in ages]
    return Series({}, tuple((NOW.timestamp() - age, float(round(value))) for age, value in values))


def of(signal: str, found: Series, **labels: str) -> tuple[str, Series]:
    return signal, Series(labels, found.points)


def held(name: str, *found: Series) -> list[tuple[str, Series]]:
    return [of("pod_open_files", each, pod=pod(name, n)) for n, each in enumerate(found)]


def seen(
    found: Series, until: float = 0, since: float = 3600, *, step: int = 1, first: int = 0, late: float = 0
) -> Series:
    """Return what was read of a series between two ages: each, or one of some, so many seconds later."""
    kept = [p for p in found.points if until <= NOW.timestamp() - p[0] <= since][first::step]
    return Series({}, tuple((at + late, value) for at, value in kept))


def counted(high: float = 2000, low: float = 90, began: float = AGO, name: str = "redis") -> list[tuple[str, Series]]:
    """Return what a store counts of its connections, all together."""
    return [
        of("db_connections", line(high, began, low), component=name),
        figure("db_max_connections", high, high, component=name),
    ]


GROWS = line(960, low=25)
LEAKS = held("shop", GROWS, GROWS)
STEADY = held("api", line(44, low=44), line(44, low=44))
CALM = [rate("shop")]


def full(
    *more: tuple[str, Series],
    store: list[tuple[str, Series]] | None = None,
    mine: list[tuple[str, Series]] = LEAKS,
    others: list[tuple[str, Series]] = STEADY,
    work: list[tuple[str, Series]] = CALM,
    told: str = MAX,
    server: list[Obj] | None = None,
    env: Any = STORE,
    api: float = 1500,
    **release: Any,
) -> Snapshot:
    """Return a store that is full since a quarter of an hour; the shop is of the morning, the api is of just now."""
    return snapshot(
        shop(env=env, **{"before": IMAGE, "released": AGO, "started": AGO - 20, **release}),
        workload("api", env=env, before=IMAGE, released=api, age=30 * DAY),
        redis() if server is None else server,
        figures=[*(counted() if store is None else store), *mine, *others, *work, errors("api", 0.4, END - 60), *more],
        logs=[*logs("api", told, 0, 1, since=END - 60), *logs("shop", told, 0, 1, since=END - 90)],
        alerts=[alert("ApiErrors", deployment="api")],
    )


BACK = (SHOP, "code_defect", "rollback_workload")
DIURNAL = of("request_rate", line(1000), component="shop")
HOLDS = [
    Holds(
        "the client of the morning's release holds most, and who complains was released just now",
        full(),
        BACK,
        excludes=(*no("scale_workload", at=SHOP), *no("restart_workload", "rollback_workload", at="Deployment/api")),
    ),
    Holds(
        "nobody counts what it is asked, and it uses no more processor time",
        full(work=[figure("cpu_share", 0.3, 0.3, pod=pod("shop", n), container="shop") for n in (0, 1)]),
        BACK,
    ),
    Holds(
        "a database, within three hours",
        full(
            server=workload("mongo", "mongo:7", kind="StatefulSet", pods=1, port=27017),
            env={"MONGO_URL": "mongodb://mongo:27017/shop"},
            told="MongoServerSelectionError: connection refused because too many open connections: 2000",
            store=counted(began=10800, name="mongo"),
            mine=held("shop", line(960, 10800, 25), line(960, 10800, 25)),
            released=10800,
            started=10790,
        ),
        BACK,
    ),
    Holds(
        "one of its pods is counted half as often",
        full(mine=held("shop", GROWS, seen(GROWS, step=2))),
        BACK,
    ),
    Holds(
        "a setting came with the morning's release, and no other image",
        full(before={"env": STORE | {"CLIENTS": "shared"}}),
        (SHOP, "database_connection", "rollback_workload"),
    ),
]


def not_by(what: str, world: Snapshot) -> DoesNotHold:
    return DoesNotHold(what, world, harmful=("rollback_workload",))


DOES_NOT_HOLD = [
    not_by("it gets more requests by as much: each user has a connection", full(work=[DIURNAL])),
    not_by("nobody knows whether it has more to do", full(work=[])),
    not_by("it was released yesterday morning: its line begins hours after that", full(released=DAY, started=DAY - 20)),
    not_by(
        "it holds many, and no more than an hour ago: that pool is as large",
        full(mine=held("shop", *[line(960, low=960)] * 2)),
    ),
    not_by(
        "most of what came to the store is of others",
        full(mine=held("shop", *[line(960, 3 * AGO, 25)] * 2)),
    ),
    not_by("it holds a small part of what the store has", full(mine=held("shop", *[line(300, low=25)] * 2))),
    not_by(
        "it holds twice as many: each is of a user who stays connected",
        full(mine=held("shop", *[line(1900, low=25)] * 2)),
    ),
    not_by(
        "the line begins an hour before the figures, and the release long before",
        full(store=counted(began=5400), mine=held("shop", *[line(960, 5400, 25)] * 2)),
    ),
    not_by("only one of its pods holds ever more since the morning", full(mine=held("shop", GROWS, line(40, low=40)))),
    not_by("the other client's grow as much since the morning", full(others=held("api", GROWS, GROWS))),
    not_by(
        "its pods are counted at other moments each",
        full(mine=held("shop", seen(GROWS, step=2), seen(GROWS, step=2, first=1))),
    ),
    not_by("so they are, a quarter of a minute apart", full(mine=held("shop", GROWS, seen(GROWS, late=15)))),
    not_by(
        "one pod's figures end at the moment at which the other's begin",
        full(mine=held("shop", seen(line(960, low=25), 2340), seen(line(1000, low=25), 0, 2340))),
    ),
    not_by(
        "one pod's figures end before the other's begin",
        full(mine=held("shop", seen(line(960, low=25), 2400), seen(line(1000, low=25), 0, 2280))),
    ),
    not_by(
        "both were counted for some minutes only",
        full(mine=held("shop", seen(line(960, low=25), 2040), seen(line(1000, low=25), 0, 2400))),
    ),
    not_by(
        "it may open more of them by its settings",
        full(env=STORE | {"REDIS_POOL_SIZE": "2000"}, before={"env": STORE | {"REDIS_POOL_SIZE": "20"}}),
    ),
]
