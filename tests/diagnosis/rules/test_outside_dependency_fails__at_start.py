"""A host outside is silent: one program does not come up without it, another serves on and complains far more often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.refusing import HOST
from tests.diagnosis.rules.scenes import CART, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

FAILS_CART, FAILS_SHOP = ((ref, "dependency_failure", "page_human") for ref in (CART, SHOP))
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool")
COMPLAINS = f'ERROR check of a token: Get "https://{HOST}/keys": dial tcp 203.0.113.7:443: i/o timeout'
SPRING = (
    "ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed",
    "Caused by: java.lang.IllegalArgumentException: Unable to resolve Configuration",
    f'Caused by: ResourceAccessException: I/O error on GET request for "https://{HOST}/conf": Connect timed out',
)
PYTHON = (
    "Traceback (most recent call last):",
    '  File "/srv/boot.py", line 12, in <module>',
    f"requests.exceptions.ConnectTimeout: HTTPSConnectionPool(host='{HOST}', port=443): Max retries exceeded",
)
GO = (f'level=fatal msg="cannot load keys" error="Get \\"https://{HOST}/keys\\": context deadline exceeded"',)
BROKEN = "TypeError: Cannot read properties of undefined (reading 'issuer')"


def starts(
    words: Sequence[str] = SPRING,
    status: Obj | None = None,
    *,
    alerts: Sequence[Alert] = (),
    of_cart: Sequence[str] = (COMPLAINS,) * 40,
    ends: bool = True,
    **more: Any,
) -> Snapshot:
    """Return a shop of which one pod of two does not come up, and a cart that serves on; some users of both suffer."""
    objects = shop(ready=1 if ends else 2, **more)
    if ends:
        put(pods_of(objects)[-1], status or looping(lived=40))
    return snapshot(
        objects,
        workload("cart"),
        figures=[errors("shop", 0.05), errors("cart", 0.06)],
        logs=[
            log(pod("shop", 1), *words, since=60),
            log(pod("shop", 1), *words, since=400, previous=True),
            *(log(pod("cart", n), "GET /cart 200 4ms", *of_cart, since=620) for n in (0, 1)),
        ],
        alerts=alerts,
    )


HOLDS = [
    *(
        Holds(
            f"who does not come up without it is meant, and not who complains most: {what}",
            world,
            FAILS_SHOP,
            excludes=(*no("restart_workload", "rollback_workload", at=SHOP), *no("restart_workload", at=CART)),
            harmful=HARMFUL,
            alone=True,
        )
        for what, world in (
            ("causes of an exception", starts()),
            ("a traceback", starts(PYTHON)),
            ("a traceback of who caught it", starts((*PYTHON, PYTHON[0], "RuntimeError: no keys"))),
            ("one word before it ends", starts(GO)),
            ("an alert is about it", starts(alerts=[alert("CrashLooping", deployment="shop")])),
            (
                "alerts are about both",
                starts(alerts=[alert("A", deployment="shop"), alert("E", deployment="cart")]),
            ),
        )
    ),
    *(
        Holds(f"who complains most is meant: {what}", world, FAILS_CART, believed=by)
        for what, world, by in (
            ("nobody ends", starts(ends=False), ""),
            ("alerts are about that one alone", starts(alerts=[alert("CartErrors", deployment="cart")]), ""),
            ("the other was killed for memory", starts(status=looping("OOMKilled", 137)), ""),
            ("the other ends by a fault of its own", starts((*SPRING[-1:], BROKEN)), ""),
            ("the other's last words tell of something else", starts((*SPRING, *["INFO cleaning up"] * 30)), ""),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the crashing one names nobody, and no one else complains", starts((BROKEN,), of_cart=())),
]
