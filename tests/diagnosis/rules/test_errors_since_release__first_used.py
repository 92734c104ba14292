"""A path that nobody asks for until hours after a release, and that fails each time from its first use on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import reown
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

CODE = ("code_defect", "rollback_workload")
HOUR = 3600.0
ASKS = {"SHOP_URL": "http://shop:8080"}
FINE = '10.1.0.7 - - "GET /books HTTP/1.1" 200 512'
ASKED = "asking http://shop:8080"
PYTHON = (
    '10.1.0.7 - - "POST /orders/41{n}/refunds HTTP/1.1" 500 21',
    "Traceback (most recent call last):",
    '  File "/app/refunds/partial_refund.py", line 31, in split',
    "KeyError: 'vat_share'",
)
JAVA = (
    "level=error method=POST path=/orders/41{n}/refunds status=500 duration=12",
    'java.lang.NullPointerException: Cannot invoke "Share.vat()" because "share" is null',
    "\tat example.shop.refunds.PartialRefund.split(PartialRefund.java:31)",
    "\tat org.springframework.web.FrameworkServlet.service(FrameworkServlet.java:885)",
)
GO = (
    "[GIN] 500 | 1.2ms | POST /orders/41{n}/refunds status=500",
    "http: panic serving 10.1.0.7:4411: runtime error: index out of range [2] with length 2",
    "\t/app/refunds/partial_refund.go:31 +0x1d",
)
AWAY = (
    '10.1.0.7 - - "POST /orders/41{n}/refunds HTTP/1.1" 500 21',
    "requests.exceptions.ConnectionError: HTTPConnectionPool(host='cart', port=8080): Connection refused",
)
BARE = [(1100.0 - 90 * n, PYTHON[0].format(n=n)) for n in range(9)]
NOTE = "2.4: a partial refund splits the tax"


def trial(path: str = "/orders/7/refunds", status: int = 201, *more: tuple[float, str], age: float = 13 * HOUR) -> Log:
    """Return the log of who tried the path at night."""
    said = [(age, ASKED), (age - 60, f"POST {path} {status}"), *more, (600.0, "still here")]
    return timed(pod("tester"), *sorted(said, reverse=True))


def opens(
    says: Sequence[str] = PYTHON,
    *more: tuple[float, str],
    tried: Log | None = None,
    well: Sequence[Log] = (),
    note: str = "",
    noted: str = "",
    released: float = 12 * HOUR,
    heard: float = 2 * HOUR,
    pods: Sequence[int] = (0, 1),
    starts: str = "listening",
    web: list[Obj] | None = None,
    beside: Any = (),
    count: int = 2,
    **of_shop: Any,
) -> Snapshot:
    """Return a shop that was released in the night, and breaks at refunds, for which it is asked since 20 minutes.

    ``note``: what its release is called, ``noted``: what the one before was; ``more``: further lines of its pods;
    ``well``: logs of pods beside those that break.
    """
    made = shop(pods=count, before=IMAGE, released=released, started=released - 10, env=CALLS_CART, **of_shop)
    for each in made:
        if each["kind"] == "Deployment" and note:
            each["metadata"]["annotations"] = {"kubernetes.io/change-cause": note}
        if each["metadata"]["name"] == "shop-r1" and noted:
            each["metadata"]["annotations"]["kubernetes.io/change-cause"] = noted
    broken = [(1200.0 - 120 * n, line.format(n=n)) for n in range(9) for line in says]
    served = [(heard - 300 * n, FINE) for n in range(int(heard // 300))]
    told = sorted([*broken, *served, *more], key=lambda each: -each[0])
    return snapshot(
        made,
        web or workload("web", pods=1, env=ASKS),
        workload("tester", pods=1),
        workload("cart"),
        beside,
        logs=[
            *(timed(pod("shop", n), (released - 15, starts), *told) for n in pods),
            *([tried] if tried else []),
            *well,
        ],
        figures=[errors("shop", 0.3, 1200)],
        alerts=[alert("RefundsFail", service="web")],
    )


def paused(status: int, often: int = 9, asked: str = JAVA[0].replace("error", "info")) -> Snapshot:
    """Return the shop with a pod of the former code, which answers too; its traces are in nobody's log."""
    said = [(1190.0 - 90 * n, asked.format(n=n).replace("500", str(status))) for n in range(often)]
    former = timed(pod("shop", 2), *((7200.0 - 300 * n, FINE) for n in range(20)), *said)
    world = opens(tried=trial(), well=[former], count=3)
    reown([dict(each) for each in world.of("Pod")][2], "shop-r1", 80 * HOUR)
    return world


def proxied(to: str) -> Log:
    """Return the log of a proxy that tells whom it asked each time: shop for books, another for the path."""
    asked = "GET /books 200 upstream=http://shop:8080", f"POST /orders/7/refunds 201 upstream=http://{to}"
    return timed(pod("tester"), (13 * HOUR, asked[0]), (13 * HOUR - 60, asked[1]), (600.0, "still here"))


def run(start: float, end: float) -> Obj:
    """Return a Job that ran from one age to another."""
    status = {"startTime": at(start), "completionTime": at(end), "succeeded": 1}
    return thing("Job", "migrate-taxes", age=start, spec={}, status=status)


GONE = timed("shop-r1-x7k2p", *((7200.0 - 300 * n, FINE) for n in range(20)), *BARE)
NAMED = "shop 2.4 loads partial_refund (new), bills, books"
HOLDS = [
    *(
        Holds(f"the path was tried well before its release: {says[1]}", opens(says, tried=trial()), (SHOP, *CODE))
        for says in (PYTHON, JAVA, GO)
    ),
    Holds(
        "it was tried well with another thing, whose name has no number",
        opens(tried=trial("/orders/trial/refunds")),
        (SHOP, *CODE),
    ),
    *(
        Holds(
            f"its release is called after the code that breaks: {says[2].strip()}",
            opens(says, note=NOTE),
            (SHOP, *CODE),
        )
        for says in (PYTHON, JAVA, GO)
    ),
    Holds("a pod of the former code is left and does it well", paused(201), (SHOP, *CODE)),
    Holds(
        "a proxy tells that the former code itself did it well",
        opens(tried=proxied("shop:8080")),
        (SHOP, *CODE),
    ),
    Holds(
        "a run ended and a way was written before its release",
        opens(tried=trial(), beside=[run(13.5 * HOUR, 13 * HOUR), thing("Ingress", "front", written=12.5 * HOUR)]),
        (SHOP, *CODE),
    ),
    Holds(
        "it told of that code and of its version as it started",
        opens(starts=NAMED, image="registry.example/shop:2.4"),
        (SHOP, *CODE),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a path is used first long after a release, but {what}", world, harmful=("rollback_workload",))
    for what, world in (
        ("nothing tells that the former code did it well", opens()),
        ("the former code did something else well", opens(tried=trial("/orders/7/bills"))),
        ("the former code failed at it as well", opens(tried=trial(status=500))),
        (
            "another one failed at it before the release",
            opens(
                tried=trial(),
                well=[
                    timed(pod("cart"), (14 * HOUR, "asks http://shop:8080"), (13 * HOUR, "POST /orders/3/refunds 500"))
                ],
            ),
        ),
        (
            "another path, which nobody had tried, fails as well",
            opens(
                PYTHON,
                *((1190.0 - 60 * n, '10.1.0.7 - - "PUT /vouchers/7 HTTP/1.1" 500 9') for n in range(9)),
                tried=trial(),
            ),
        ),
        ("it was tried well since the release", opens(tried=trial(age=9 * HOUR))),
        (
            "it was tried before and since, and well both times",
            opens(PYTHON, tried=trial("/orders/7/refunds", 201, (5 * HOUR, "POST /orders/8/refunds 201"))),
        ),
        (
            "some requests for it are served",
            opens(PYTHON, (700.0, '10.1.0.7 - - "POST /orders/77/refunds HTTP/1.1" 201 9'), tried=trial()),
        ),
        (
            "it was served shortly before",
            opens(PYTHON, (2400.0, '10.1.0.7 - - "POST /orders/77/refunds HTTP/1.1" 201 9'), tried=trial()),
        ),
        ("its logs do not reach back before it", opens(tried=trial(), heard=1500)),
        ("the release is days old", opens(tried=trial(age=75 * HOUR), released=74 * HOUR)),
        ("one of its pods has no log", opens(tried=trial(), pods=(0,))),
        (
            "one of its pods alone breaks",
            opens(
                tried=trial(),
                pods=(0,),
                well=[
                    timed(pod("shop", 1), *[(7200.0 - 60 * n, FINE) for n in range(100)], *BARE),
                ],
            ),
        ),
        (
            "it stumbled over something else before",
            opens(PYTHON, *((3000.0 - 120 * n, "KeyError: 'theme'") for n in range(16)), tried=trial()),
        ),
        ("it tells that somebody else does not answer", opens(AWAY, tried=trial())),
        (
            "who asks it was released since",
            opens(tried=trial(), web=workload("web", pods=1, env=ASKS, before=IMAGE, released=1300)),
        ),
        (
            "what it reads was written since",
            opens(
                tried=trial(),
                spec={"volumes": [{"name": "t", "configMap": {"name": "taxes"}}]},
                beside=thing("ConfigMap", "taxes", written=1400),
            ),
        ),
        ("a pod of the former code that is left fails at it as well", paused(500)),
        ("a pod of the former code that is left failed at it once", paused(500, 1)),
        ("the log is left of a pod of the former code that failed at it", opens(tried=trial(), well=[GONE])),
        (
            "a proxy tells that another did it well before",
            opens(tried=proxied("cart:8080")),
        ),
        (
            "a proxy tells that one did it well who is gone",
            opens(tried=proxied("refunds:8080")),
        ),
        ("a way in was written since", opens(tried=trial(), beside=thing("Ingress", "front", written=1500))),
        ("a route was written since", opens(tried=trial(), beside=thing("HTTPRoute", "front", written=5 * HOUR))),
        ("a long run ended before it failed", opens(tried=trial(), beside=run(2400, 1300))),
        ("a short run ended before it failed", opens(tried=trial(), beside=run(1400, 1300))),
        ("its release is called after something else", opens(note="2.4: nicer book pages")),
        ("the note was left there from the release before", opens(note="partial refund", noted="partial refund")),
        ("a line at its start names the code, and no version", opens(starts="loads partial_refund, bills, books")),
        (
            "its release left the image as it was",
            snapshot(
                shop(env={**CALLS_CART, "MODE": "b"}, before={"env": {**CALLS_CART, "MODE": "a"}}, released=12 * HOUR),
                workload("web", pods=1, env=ASKS),
                workload("tester", pods=1),
                workload("cart"),
                logs=[*opens(tried=trial()).logs],
                figures=[errors("shop", 0.3, 1200)],
                alerts=[alert("RefundsFail", service="web")],
            ),
        ),
        (
            "a long run began just before",
            opens(
                tried=trial(),
                beside=thing("Job", "close-books", age=1230, spec={}, status={"startTime": at(1230), "active": 1}),
            ),
        ),
    )
]
