"""All clients of a database get more requests and want more sessions than it grants, and it has room for more.

Not where most sessions idle, work for long or are one client's; nor where it is busy, or somebody was changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, DB, FATAL, OLD, SHOP, URL, errors, logs
from tests.diagnosis.rules.tiny import NOW, Obj, figure, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

Figure = tuple[str, Series]
OF = {"component": "postgres"}
SHARES: Mapping[str, float] = {"shop": 0.4, "api": 0.35, "cart": 0.25}


def ramp(signal: str, first: float, last: float, **labels: str) -> Figure:
    """Return what rises evenly for most of the hour, and stands since a database is full."""
    points = []
    for age in range(3600, -1, -30):
        share = min(1.0, (3600 - age) / 3000)
        points.append((NOW.timestamp() - age, first + (last - first) * share))
    return signal, Series(labels, tuple(points))


def world(
    *more: Any,
    shares: Mapping[str, float] = SHARES,
    sessions: tuple[float, float] = (36, 97),
    asked: Mapping[str, float] | float = 3.0,
    active: float = 0.8,
    open_: float = 0.0,
    age: float | None = 0.3,
    room: tuple[float | None, float | None] = (0.4, 0.4),
    line: str = FATAL,
    figures: Sequence[Figure] = (),
    limit: Figure | None = None,
    **of_shop: Any,
) -> Snapshot:
    """Return a database whose hundred sessions three services want by and by, and what they are asked for."""
    states = {"active": active, "idle": 1 - active - open_, "idle in transaction": open_}
    low, high = sessions
    grew = asked if isinstance(asked, Mapping) else dict.fromkeys(shares, asked)
    return snapshot(
        postgres(),
        *(workload(n, env=URL, started=90_000, **(of_shop if n == "shop" else {})) for n in ("shop", "api", "cart")),
        *more,
        logs=[each for name in ("shop", "api", "cart") for each in logs(name, line, since=400)],
        figures=[
            ramp("db_connections", low, high, **OF),
            limit or figure("db_max_connections", 100, 100, component="postgres"),
            *(
                ramp(
                    "db_connections_by_client", low * share * part, high * share * part, **OF, client=name, state=state
                )
                for name, share in shares.items()
                for state, part in states.items()
                if part > 0
            ),
            *(
                figure(
                    "db_transaction_age_by_client", age or 0, age or 0, component="postgres", client=n, state="active"
                )
                for n in (shares if age is not None else ())
            ),
            *(ramp("request_rate", 40, 40 * times, component=name) for name, times in grew.items()),
            *(
                figure(signal, share, share, pod="postgres-0")
                for signal, share in zip(("cpu_share", "memory_share"), room, strict=True)
                if share is not None
            ),
            *(errors(name, 0.2, 400) for name in ("shop", "api", "cart")),
            *figures,
        ],
    )


def settings(written: float) -> Obj:
    return thing("ConfigMap", "shop-settings", age=90_000, written=written, data={"WORKERS": "9"})


READS: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "shop-settings"}}]}
HOLDS = [
    Holds(
        f"all clients want more sessions for more requests, {what}",
        seen,
        (DB, "capacity", "scale_database"),
        excludes=(
            *no("scale_workload", "rollback_workload", "restart_connection_pool", at=SHOP),
            *no("scale_workload", at=API),
            *no("restart_workload", at=DB),
        ),
        harmful=("scale_workload", "rollback_workload", "restart_connection_pool", "restart_workload"),
        alone=True,
    )
    for what, seen in (
        ("each as many as the others", world()),
        ("two of three clients", world(shares={"shop": 0.5, "api": 0.5})),
        ("and autoscalers gave them pods", world(figures=[figure("replicas_wanted", 1, 2, 2400, component="cart")])),
        ("and they keep some ready", world(active=0.65)),
        ("and one was released the day before", world(before=OLD, released=80_000)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"all clients want more sessions, and {what}",
        seen,
        (),
        harmful=("scale_database", "scale_workload", "restart_connection_pool"),
    )
    for what, seen in (
        ("most of them are idle: they are to be given back", world(active=0.4)),
        ("many idle in transactions", world(active=0.7, open_=0.2)),
        ("a transaction at work is old", world(age=40)),
        ("nobody tells how old a transaction at work is", world(age=None)),
        ("one of them has most", world(shares={"shop": 0.7, "api": 0.2, "cart": 0.1})),
        ("one client alone has all", world(shares={"shop": 1.0})),
        ("a third of them are nobody's", world(shares={"shop": 0.35, "api": 0.3})),
        ("its processor is busy", world(room=(0.85, 0.4))),
        ("its memory is nearly used up", world(room=(0.4, 0.9))),
        ("nobody measures its memory", world(room=(0.4, None))),
        ("nobody measures its processor", world(room=(None, 0.4))),
        ("they get no more requests: each is slower, or keeps what it has", world(asked=1.1)),
        ("one of them wants far more for each request", world(asked={"shop": 1.2, "api": 3, "cart": 3})),
        ("nobody counts the requests of one", world(asked={"api": 3, "cart": 3})),
        ("they always were so many", world(sessions=(90, 97))),
        ("the limit fell", world(limit=figure("db_max_connections", 200, 100, 900, component="postgres"))),
        ("somebody waits for a lock", world(figures=[figure("db_locks_waiting", 0, 9, component="postgres")])),
        ("settings of one were written", world(settings(3000), **READS)),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        f"all clients want more sessions, and {what} was released two hours before",
        seen,
        harmful=("scale_database", "scale_workload", "restart_connection_pool"),
    )
    for what, seen in (
        ("one of them", world(before=OLD, released=7200)),
        ("who calls one", world(workload("web", env={"SHOP_URL": "http://shop:8080"}, before=OLD, released=7200))),
    )
]
