"""A Service was led to a port of operators that is measured as well: its pods do not know what they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, rate
from tests.diagnosis.rules.test_service_port_wrong import (
    FOUND,
    METRICS,
    NOT_FOUND,
    PROBED,
    RELEASED,
    edited,
    led_aside,
    unwell,
)
from tests.diagnosis.rules.tiny import pod, timed
from tuheg_ir.diagnosis.model import Log, Snapshot

MANAGED = {"readinessProbe": {"httpGet": {"path": "/ready", "port": "metrics"}}}
SPRING = "WARN [nio-9090-exec-1] PageNotFound : No mapping for GET /v1/items/{}"
NOT_NAMED = "ERROR item failed: 404 Not Found"


def asked(word: str = SPRING, *, since: float = 580, things: Sequence[str] = ("7", "8"), heard: float = 3000) -> Log:
    """Return the log of a pod that works all the while, and is asked for what it does not know since then."""
    works = [(age, "INFO priced 12 items for the audit") for age in range(int(heard), 0, -200)]
    told = [(since - 60 * n, word.format(things[n % len(things)])) for n in range(8)]
    return timed(pod("cart"), *sorted([*works, *told], reverse=True))


def served(*, others: bool = False, first: int = 2990) -> Log:
    """Return an access log whose requests are all refused since the edit; ``others``: and as many answered as ever.

    ``first``: when the first of those who were answered came.
    """
    line = '10.1.0.{} - - "GET /v1/items/7 HTTP/1.1" {} 19'
    well = [(age, line.format(4, 200)) for age in range(first, 0 if others else 590, -30)]
    bad = [(age, line.format(5, 404)) for age in range(580, 0, -10 if others else -30)]
    return timed(pod("cart"), (3000, "INFO started"), *sorted([*well, *bad], reverse=True))


def led(*cart: Log, line: str = NOT_FOUND, ports: Sequence[dict[str, Any]] = (), **more: Any) -> Snapshot:
    """Return a Service that was edited ten minutes ago, and whose pods are asked as often as before."""
    made = {"figures": (rate("cart"),), "told": [*unwell(line=line), *cart], "cart": MANAGED, **more}
    return edited(*ports, **made)


HOLDS = [
    *(
        led_aside(f"its pods are asked since for what they do not know: {what}", world)
        for what, world in (
            ("Spring", led(asked())),
            ("Spring, of files", led(asked("WARN NoResourceFoundException: No static resource v1/items/{}."))),
            ("Rails", led(asked('FATAL ActionController::RoutingError (No route matches [GET] "/v1/items/{}"):'))),
            ("Symfony", led(asked('ERROR NotFoundHttpException: "No route found for "GET http://cart/v1/items/{}""'))),
            ("Express", led(asked("warn: Cannot POST /v1/items/{}"))),
            ("Fastify", led(asked('{{"level":30,"msg":"Route GET:/v1/items/{} not found"}}'))),
            (
                "ASP.NET",
                led(
                    asked(
                        "info: Request reached the end of the middleware pipeline without being handled by application"
                        " code. Request path: GET http://cart/v1/items/{}, Response status code: 404"
                    )
                ),
            ),
            ("an access log", led(served())),
            ("an access log that told of no request before", led(served(first=0))),
            ("the probes ask the port that serves", led(asked(), cart=PROBED)),
            (
                "its callers name nobody, and their users suffer",
                led(asked(), line=NOT_NAMED, figures=(rate("cart"), errors("worker", 0.9, 590))),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"it was edited right before, but {what}", world, (SHOP, "code_defect", "page_human"))
        for what, world in (
            ("its pods were asked so all the while", led(asked(since=2500))),
            ("each thing is asked for once, as by who scans", led(asked(things="abcdefgh"))),
            ("only whether they are there is asked amiss", led(asked("WARN No mapping for GET /healthz"))),
            ("nobody knows how it was before", led(asked(heard=900))),
            ("it sends to the port that serves, which does not know it", led(asked(), target=8080)),
            ("it has no other port that serves", led(asked(), ports=[METRICS])),
            ("its callers name nobody, and their users are well", led(asked(), line=NOT_NAMED)),
            ("its pods tell of something else", led(asked("WARN No mapping for NAT masquerade {}"))),
        )
    ),
    DoesNotHold("it was edited long before its pods were asked so", led(asked(since=450), written=2500), RELEASED),
    DoesNotHold("its pods were hardly asked before, and answered", led(served(first=700)), FOUND),
    DoesNotHold("others are answered as ever, and the refused came besides", led(served(others=True)), FOUND),
    DoesNotHold(
        "what is behind it was released with it, and may have lost the path",
        led(asked(), cart={**MANAGED, "before": OLD, "released": 620}),
    ),
]
