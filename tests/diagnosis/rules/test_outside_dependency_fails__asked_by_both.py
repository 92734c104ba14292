"""Two programs ask a slow host outside, and one of them asks the other too: who does without it is not meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.refusing import HOST
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, SHOP, URL, WEB, errors, rate, shop
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

FAILS_SHOP, FAILS_CART, FAILS_WEB = ((ref, "dependency_failure", "page_human") for ref in (SHOP, CART, WEB))
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool", "scale_database")
SPARED = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)
ASKS = {"PAY_URL": f"https://{HOST}/v3"}
BOTH = {**URL, **CALLS_CART}
JAVA = (
    f'ERROR ResourceAccessException: I/O error on GET request for "https://{HOST}/v3/rates": Read timed out',
    "ERROR HikariPool-1 - Connection is not available, request timed out after 30001ms "
    "(total=10, active=10, idle=0, waiting=31)",
)
PYTHON = (
    f"ERROR HTTPSConnectionPool(host='{HOST}', port=443): Read timed out. (read timeout=30)",
    "ERROR QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
)
GO = f'level=error msg="Get https://{HOST}/v3/rates: context deadline exceeded"'
NODE = (
    f"Error: ESOCKETTIMEDOUT https://{HOST}/v3/rates",
    "KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full.",
)
FALLS_BACK = (
    f"WARN rates of https://{HOST}/v3/rates unavailable, using last known: HttpTimeoutException: request timed out"
)
NAMELESS = "ERROR POST /checkout 502 Bad Gateway"
LIMITED = f"GET https://{HOST}/v3/rates: 429 Too Many Requests"
FAILING = (errors("shop", 0.5), errors("cart", 0.0))
BEFORE_IT = [timed(pod("shop"), *((float(age), JAVA[1]) for age in range(3000, 0, -50)), (10.0, JAVA[0]))]
OVER = [timed(pod("shop"), *((float(age), JAVA[1]) for age in range(2900, 2400, -50)), (30.0, JAVA[0]))]


def asked(
    *lines: str,
    env: Any = ASKS,
    measured: Sequence[str] = ("shop", "cart"),
    failing: Any = FAILING,
    since: float = 600,
    told: Sequence[Log] = (),
    falls_back: str = FALLS_BACK,
    **more: Any,
) -> Snapshot:
    """Return a site that fails and names nobody, and the shop and the cart behind it, which ask a slow host."""
    slow = [figure("dependency_latency_p95", 0.2, 20.0, since, component=each, dependency=HOST) for each in measured]
    return snapshot(
        workload("web", env={"SHOP_URL": "http://shop:8080"}),
        shop(env={**BOTH, **env}, **more),
        workload("cart", env=ASKS),
        postgres(),
        figures=[errors("web", 0.2, 580), *failing, *slow],
        logs=[
            *(told or ([log(pod("shop"), *lines * 9, since=500)] if lines else [])),
            log(pod("cart"), "GET /cart 200 4ms", *[falls_back] * 6, since=590),
            log(pod("web"), *[NAMELESS] * 8, since=560),
        ],
    )


UNMEASURED = (errors("cart", 0.0),)
SLOW = [figure("dependency_latency_p95", 0.2, 20.0, 600, component=c, dependency=HOST) for c in ("shop", "cart")]
CRASHES = "ERROR NullPointerException at Checkout.java:77"

HOLDS = [
    *(
        Holds(
            f"who fails and asks it as well is meant, not who falls back nor who stands before: {what}",
            world,
            FAILS_SHOP,
            excludes=SPARED,
            harmful=HARMFUL,
            alone=True,
        )
        for what, world in (
            ("a pool in Java", asked(*JAVA)),
            ("a pool in Python", asked(*PYTHON)),
            ("without a word of connections", asked(GO)),
            ("figures show whom it asks", asked(*JAVA, env={})),
            ("its settings show whom it asks", asked(*PYTHON, measured=())),
            ("released weeks before", asked(*JAVA, before=IMAGE, released=20 * DAY)),
            ("it tells nothing", asked()),
            ("released just before", asked(*JAVA, before=IMAGE, released=620)),
            ("released minutes before", asked(*JAVA, before=IMAGE, released=900)),
            ("released minutes before, and it tells nothing", asked(before=IMAGE, released=900)),
            (
                "released with a setting",
                asked(GO, before={**IMAGE, "env": {**BOTH, **ASKS, "LOG": "info"}}, released=900),
            ),
        )
    ),
    *(
        Holds(
            f"nobody measures it, and its connections are kept amid the calls: {what}",
            asked(*lines, failing=UNMEASURED, env=env),
            FAILS_SHOP,
            excludes=SPARED,
            harmful=HARMFUL,
            alone=True,
        )
        for what, lines, env in (
            ("in Java", JAVA, ASKS),
            ("in Python", PYTHON, ASKS),
            ("in Node, and figures alone show whom it asks", NODE, {}),
        )
    ),
    *(
        Holds(f"who stands before is meant: {what}", world, FAILS_WEB, harmful=HARMFUL[:3])
        for what, world in (
            ("the other only passes words on", asked(GO, env={}, measured=("cart",))),
            ("the other does well", asked(GO, failing=(errors("shop", 0.0), errors("cart", 0.0)))),
            ("the other has connections", asked(GO, failing=UNMEASURED)),
            ("the other misses connections no more", asked(told=OVER, failing=UNMEASURED, since=3000)),
            ("the other missed them before it was slow", asked(told=BEFORE_IT, failing=UNMEASURED)),
        )
    ),
    Holds(
        "who asks it as well suffered long before: that has a reason of its own",
        asked(GO, failing=(errors("shop", 0.5, 2400), errors("cart", 0.0))),
        FAILS_WEB,
    ),
    Holds(
        "who was released asks it, and who else measures it neither calls that one nor is called by it",
        snapshot(
            shop(env={**URL, **ASKS}, before=IMAGE, released=900),
            workload("cart", env=ASKS),
            postgres(),
            figures=[*FAILING, *SLOW],
            logs=[log(pod("shop"), *JAVA * 9, since=500), log(pod("cart"), *[FALLS_BACK] * 6, since=590)],
        ),
        FAILS_SHOP,
        excludes=SPARED,
        harmful=HARMFUL,
        alone=True,
    ),
    *(
        Holds(
            f"who was released minutes before stumbles by itself, and a slow host is not why: {what}",
            asked(CRASHES, before=IMAGE, released=released),
            FAILS_SHOP,
            believed="errors_since_release",
        )
        for what, released in (("just now", 620), ("some minutes ago", 900))
    ),
    Holds(
        "the nearest does not do without it",
        asked(GO, failing=(errors("shop", 0.5), errors("cart", 0.4))),
        FAILS_CART,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "connections are missed, and no host outside is slow",
        asked(JAVA[1], measured=(), falls_back="GET /cart 200 3ms"),
    ),
    DoesNotHold(
        "it refuses more than it grants, as a release of who asks the nearest multiplied the requests of that one",
        asked(
            LIMITED,
            measured=(),
            falls_back=LIMITED,
            failing=(errors("shop", 0.5, 540), errors("cart", 0.0), rate("shop"), rate("cart", 5, 50)),
            before=IMAGE,
            released=660,
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
