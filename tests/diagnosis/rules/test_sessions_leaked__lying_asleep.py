"""A program opened most of a full store's sessions by and by, and hardly any of all is awake: it has lost them.

Not who has more to do, waits for others, has just come or was changed; nor where others' sessions became many too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, OLD, errors, rate
from tests.diagnosis.rules.test_sessions_leaked import LOCKED_OUT, OUT_OF_TIME
from tests.diagnosis.rules.tiny import NOW, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

FEED = "Deployment/feed"
FULL = "ERROR 1040 (HY000): Too many connections"
TO_STORE = {"DB_HOST": "mysql"}
LEAKED = (*range(60, 126, 3), *[126] * 20)
"""What it had in the last hour: more and more for half of it, and as many since."""
Figure = tuple[str, Series]


def course(signal: str, *values: float, **labels: str) -> Figure:
    """Return a signal that had these values at even times of the last hour."""
    step = 3600 / (len(values) - 1)
    return signal, Series(labels, tuple((NOW.timestamp() - 3600 + n * step, float(v)) for n, v in enumerate(values)))


def sessions(held: Sequence[float], others: Sequence[float], *, pods: int, user: bool) -> list[Figure]:
    """Return how many sessions a feed and all others have, the first by the addresses of its pods or by its user."""
    of = {"component": "mysql"}
    total = [mine + other for mine, other in zip(held, others, strict=True)]
    whose = (
        [{"user": "feed"}] if user else [{"client": f"10.1.{sum(map(ord, 'feed')) % 250}.{n + 1}"} for n in range(pods)]
    )
    return [
        course("db_connections", *total, **of),
        figure("db_max_connections", 200, 200, component="mysql"),
        *(course("db_connections_by_client", *(v / len(whose) for v in held), **of, **each) for each in whose),
    ]


def world(
    *more: Any,
    held: Sequence[float] = LEAKED,
    others: Sequence[float] | None = None,
    asleep: float | None = 185,
    awake: float = 6,
    words: tuple[str, str] = ("sleep", "query"),
    work: float | None = 0.3,
    said: str = "INFO feed loaded",
    user: bool = False,
    figures: Sequence[Figure] = (),
    **feed: Any,
) -> Snapshot:
    """Return a store that refuses a cart for four minutes, and a feed that nobody asks and that has its sessions."""
    feed = {"env": TO_STORE, "pods": 2, "started": 90_000, "service": False, **feed}
    states = () if asleep is None else zip(words, (asleep, awake), strict=True)
    by_pod = [] if work is None else [figure("cpu_share", 0.3, work, 3000, pod=pod("feed", n)) for n in range(2)]
    return snapshot(
        workload("cart", env=TO_STORE),
        workload("feed", **feed),
        workload("mysql", "mysql:8.0", kind="StatefulSet", pods=1, port=3306),
        *more,
        logs=[log(pod("cart"), *[FULL] * 9, since=240), log(pod("feed"), *[said] * 60, since=3500)],
        figures=[
            *sessions(held, others or [72] * len(held), pods=2, user=user),
            *(
                figure("db_connections_by_state", count, count, component="mysql", state=state)
                for state, count in states
            ),
            *by_pod,
            errors("cart", 0.4, 280),
            *figures,
        ],
    )


LEAKS = (FEED, "database_connection", "restart_connection_pool")
HOLDS = [
    Holds(
        f"a feed's sessions became most of all, hardly any of all is awake, and {what}",
        seen,
        LEAKS,
        excludes=(*no("scale_workload", at=FEED), *no("restart_workload", "rollback_workload", at=CART)),
        harmful=("scale_database", "rollback_workload", "scale_workload"),
        alone=True,
    )
    for what, seen in (
        ("they are counted by the addresses of its pods", world()),
        ("they are counted by its user", world(user=True, env={**TO_STORE, "DB_USER": "feed"})),
        ("the database calls what sleeps idle", world(words=("idle", "active"))),
        ("it works a little less", world(work=0.28)),
        ("its requests are as many as ever", world(service=True, work=None, figures=[rate("feed", 50, 51)])),
        ("it has a Service, and works as much as ever", world(service=True)),
        ("it had as few as ever for a quarter of an hour", world(held=(*[60] * 10, *range(60, 126, 4), *[126] * 15))),
        ("some of them come and go", world(held=(*range(60, 126, 3), *[126, 121] * 10))),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a feed has most of the sessions, and {what}",
        seen,
        harmful=("restart_connection_pool", "restart_workload", "rollback_workload"),
    )
    for what, seen in (
        ("nobody knows what the sessions do", world(asleep=None)),
        ("many of all are awake", world(asleep=130, awake=60)),
        ("some that nobody has counted by state may be awake", world(asleep=150, awake=6)),
        ("it always had so many", world(held=[126] * 42)),
        ("they came all at once", world(held=(*[60] * 20, *[126] * 22))),
        ("they became so many within a quarter of an hour", world(held=(*range(60, 126, 6), *[126] * 31))),
        ("they were as many a moment ago", world(held=(*[60] * 18, *range(60, 129, 3), 128))),
        ("it had two thirds of them before", world(held=(*range(90, 126, 2), *[126] * 24))),
        ("it has given some back since", world(held=(*range(60, 150, 4), *[126] * 19))),
        ("those of others became many as well", world(others=(*range(40, 72, 2), *[72] * 26))),
        ("it works more than before", world(work=0.5)),
        ("nobody knows what it has to do", world(work=None)),
        ("it gets more requests", world(service=True, figures=[rate("feed", 50, 90, 3000)])),
        ("its pods came as it began", world(started=4000)),
        ("it was released an hour before", world(before=OLD, released=5000, started=5000)),
        ("it has more replicas", world(figures=[figure("replicas_wanted", 1, 2, 2400, component="feed")])),
        ("whom it asks does not answer in time", world(said=OUT_OF_TIME)),
        ("it waits for a lock", world(said=LOCKED_OUT)),
        ("it comes to an end by itself", world(kind="Job")),
    )
]
