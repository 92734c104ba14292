"""Settings by which what clients hold is over too soon: who comes again is all that is asked more; what looks so."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.reread import EDIT, HARM, PYTHON
from tests.diagnosis.rules.scenes import CART, WELL, alert, rate
from tests.diagnosis.rules.test_configuration_changed_outside__refused import refusing
from tests.diagnosis.rules.tiny import Obj, figure, pod, redis, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

SPRING = "INFO RefreshEventListener : Refresh keys changed: [session.ttl-seconds]"
VIPER = 'level=info msg="config reloaded"'
BEAT = "WARN Sessions : heartbeat for unknown session s-{n}f: 410 Gone"
LEASE = 'level=warn msg="renewal refused" err="lease a{n} not found"'
TOKEN = '{{"level":"warn","msg":"refused","err":"TokenExpiredError: jwt expired","request":"r{n}"}}'
BASKET = "WARNING checkout: basket b{n} has expired, the customer starts anew"
PLACE = "WARN Orders : order refused: no courier for o-{n}"
IN_REDIS: dict[str, Any] = {"env": {"REDIS_URL": "redis://redis:6379"}}
IN_SERVICE = {"SESSIONS_URL": "http://sessions:8080"}
HOLD = "WARN Holds : hold h-{n} has expired"
LOCK = "WARN Locks : lock l-{n} not found"
AT_MOST = [figure("cpu_share", 0.3, 0.99, 1100, pod=pod("cart", n), container="cart") for n in range(2)]
"""Both pods use what processor time they may have, since far more is asked."""
KEEPER = workload("sessions", started=1160.0)
MORE = rate("cart", 50, 200, 1100)


def written(key: str, value: str = "45", *, among: str = "page.size", told: bool = True) -> Obj:
    """Return settings of which one was written by hand; told: whether they tell which."""
    made = thing("ConfigMap", "rates", written=EDIT, data={among: "20", key: value})
    if told:
        made["metadata"]["managedFields"][0]["fieldsV1"] = {"f:data": {f"f:{key}": {}}}
    return made


TTL = written("session.ttl-seconds")


def coming(
    *beside: Obj,
    file: Obj = TTL,
    told: str = SPRING,
    said: str = BEAT,
    figures: tuple[Any, ...] = (MORE,),
    cart: dict[str, Any] | None = None,
    **more: Any,
) -> Snapshot:
    """Return a cart that keeps something in Redis, reads its settings anew, and gets four times the requests since."""
    return refusing(
        *redis(),
        *beside,
        file=file,
        told=told,
        said=said,
        figures=[WELL, *figures],
        cart={**IN_REDIS, **(cart or {})},
        **more,
    )


HOLDS = [
    *(
        Holds(
            f"what clients hold is over too soon, and they come again: {what}",
            world,
            ("ConfigMap/rates", "configuration_error", "page_human"),
            alone=True,
            excludes=no("rollback_workload", "restart_workload", "scale_workload", at=CART),
            harmful=HARM,
        )
        for what, world in (
            ("sessions, by a program in Java", coming()),
            ("leases, by one in Go", coming(file=written("lease.duration"), told=VIPER, said=LEASE)),
            ("tokens, in JSON", coming(file=written("accessTokenTtl", "30s"), told=VIPER, said=TOKEN)),
            (
                "baskets, by a whole file of settings",
                coming(
                    file=written("rates.json", '{"page": 20,\n"basket": {"keptFor": "90s"}}'), told=PYTHON, said=BASKET
                ),
            ),
            ("a user's time out, in other words", coming(file=written("web.userSessionTimeout"))),
            ("in one word", coming(file=written("HOLDS_KEEPALIVE"), told=VIPER, said=HOLD)),
            ("nobody tells which of the settings was written", coming(file=written("sessionTtl", told=False))),
            ("the store drops as little as ever", coming(figures=(MORE, figure("cache_evictions", 0, 0, 1100)))),
        )
    ),
    Holds(
        "what clients hold is over too soon, and nobody counts what they ask",
        coming(figures=()),
        ("ConfigMap/rates", "configuration_error", "page_human"),
        spares=no("scale_workload", at=CART),
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"far more is asked since settings were read, and {what}", world)
    for what, world in (
        ("what is refused is nothing that the client held", coming(said=PLACE)),
        ("what was written is of something else", coming(file=written("page.width"))),
        (
            "what was written is of something else, and a time to live stands beside it",
            coming(file=written("page.width", among="session.ttl")),
        ),
        ("what was written throttles", coming(file=written("throttle.settled"))),
        ("a file has the time to live in a comment", coming(file=written("a.yaml", "# session ttl\npage: 20\n"))),
        *(
            (f"what was written has only letters of it: {key}", coming(file=written(key), told=VIPER, said=said))
            for key, said in (
                ("pick.threshold", HOLD),
                ("shuttle.seats", HOLD),
                ("bottle_deposit", BEAT),
                ("blocklist", LOCK),
                ("hikari.minimumIdle", BEAT),
                ("http.client.timeout", LOCK),
            )
        ),
        ("more was asked well before", coming(figures=(rate("cart", 50, 200, 1500),))),
        (
            "the store drops keys for want of room",
            coming(figures=(MORE, figure("cache_evictions", 0, 200, 1100, component="redis"))),
        ),
        ("the store was started anew, and lost them", coming(*redis(started=1160.0))),
        ("who keeps them was started anew, and lost them", coming(*KEEPER, cart={"env": IN_SERVICE})),
        ("what keeps them is ill", coming(figures=(MORE, figure("error_ratio", 0, 0.5, 1100, component="redis")))),
        ("it was refused before", coming(began=2900)),
        ("it is over", coming(end=950)),
        ("one pod of two refuses", coming(refuse=1)),
    )
] + [
    DoesNotHold(
        f"far more is asked since settings were read, its pods are at their most, and {what}",
        coming(file=written(key), told=VIPER, said=HOLD, figures=(MORE, *AT_MOST), alerts=[alert(service="cart")]),
        (CART, "capacity", "scale_workload"),
    )
    for what, key in (
        ("what was written is of something else", "pick.threshold"),
        ("nobody knows whether what it holds ends by its settings or as it is slow", "hold.seconds"),
    )
]
