"""A CronJob that somebody suspended, and what waits for its runs: its age in a log grows as the clock goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.rooms import schedule
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, WELL, alert, errors
from tests.diagnosis.rules.tiny import Obj, pod, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

RAN, WAITS = 3600.0, 4500.0
"""How many seconds ago the last run was, and since when the oldest waits that it left."""
EACH = "*/5 * * * *"
HARM = ("rollback_workload", "restart_workload", "scale_workload", "no_action")
FOUND = ("CronJob/release-holds", "configuration_error", "page_human")
REFUSED = "INFO 409 no seat free, held={n} oldest_hold={min}min"
JSON = '{{"level":"info","msg":"outbox","pending":{n},"oldest_age_ms":{ms}}}'
SAID = 'level=info msg="oldest unpaid refund is {min} minutes old"'
BARE = "INFO Reservations : open={n}, reservationAge={s}"


def told(line: str, *, age: Callable[[float], float] | None = None, ages: Iterable[float] = ()) -> list[Log]:
    """Return the logs of two pods that tell an age every two minutes; ``age``: what it is so many seconds ago."""
    lines = []
    for ago in ages or range(2400, 0, -120):
        old = age(ago) if age else WAITS - ago
        filled = line.format(n=90 - int(ago) // 60, min=int(old // 60), s=int(old), ms=int(old * 1000))
        lines.append((float(ago), filled))
    return [timed(pod("cart", n), *lines[n::2], (5.0, "INFO cart 7 is served")) for n in range(2)]


def waiting(
    name: str = "release-holds",
    line: str = REFUSED,
    *beside: Obj | list[Obj],
    alerts: Iterable[Alert] = (),
    figures: Iterable[Any] = (WELL,),
    logs: list[Log] | None = None,
    cart: dict[str, Any] | None = None,
    **job: Any,
) -> Snapshot:
    """Return a cart that tells how long the oldest waits, and a schedule that took it away until an hour ago."""
    return snapshot(
        workload("cart", **(cart or {})),
        workload("shop", env=CALLS_CART),
        postgres(),
        schedule(name, "/app/run", **{"each": EACH, "ran": RAN, **job}),
        *beside,
        figures=figures,
        logs=told(line) if logs is None else logs,
        alerts=list(alerts) or [alert("TooManyRefused", service="cart")],
    )


def falls_back(ago: float) -> float:
    """Return the age of what is taken away every ten minutes."""
    return 900 + (WAITS - ago) % 600


HOLDS = [
    *(
        Holds(
            f"what its runs took away waits since the last one: {what}",
            world,
            (f"CronJob/{who}", "configuration_error", "page_human"),
            excludes=no("rollback_workload", "restart_workload", "scale_workload", at=CART),
            alone=True,
            harmful=HARM,
        )
        for what, who, world in (
            ("minutes beside a name", "release-holds", waiting()),
            ("thousandths of a second, in JSON", "outbox-relay", waiting("outbox-relay", JSON)),
            ("in words", "retry-refunds", waiting("retry-refunds", SAID)),
            ("a number without a unit", "expire-reservations", waiting("expire-reservations", BARE)),
            ("its callers are complained of", "release-holds", waiting(alerts=[alert(service="shop")])),
            (
                "who tells so was released amid it",
                "release-holds",
                waiting(cart={"before": OLD, "released": 1800.0}),
            ),
            (
                "another schedule goes on",
                "release-holds",
                waiting("release-holds", REFUSED, schedule("report", "/app/report", each=EACH, ran=120, suspend=False)),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a schedule is suspended, and {what}", world, instead)
    for what, instead, world in (
        ("its age falls back again and again", (), waiting(logs=told(REFUSED, age=falls_back))),
        ("it waits for something else", (), waiting("nightly-report")),
        ("it is called only as who tells so", (), waiting("cart-report", "INFO cart: oldest={min}min")),
        ("it waited long before its last run", (), waiting(logs=told(REFUSED, age=lambda ago: 90000 - ago))),
        ("it waits since much later", (), waiting(logs=told(REFUSED, age=lambda ago: 2900 - ago))),
        (
            "its former runs left it as well",
            (),
            waiting(ran=2400.0, logs=told(REFUSED, ages=range(3300, 0, -120))),
        ),
        (
            "another one took over",
            (),
            waiting("release-holds", REFUSED, schedule("holds-v2", each=EACH, ran=200, suspend=False)),
        ),
        ("its last run is a moment ago", (), waiting(ran=600.0)),
        ("it was told of no more", (), waiting(logs=told(REFUSED, ages=range(2400, 1200, -60)))),
        ("it is not suspended", (), waiting(suspend=False, ran=RAN)),
        ("nobody was called for it", (), waiting(alerts=[alert(service="postgres")])),
        ("it tells how long it runs", (), waiting("hold-cleanup", "INFO holds_uptime_s={s}")),
        (
            "a store behind is ill",
            (),
            waiting(cart={"env": {"DB_HOST": "postgres"}}, figures=[WELL, errors("postgres", 0.5)]),
        ),
    )
]
