"""One kind of what a release is asked for, which comes first long after it and fails each time; others do well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, pod, service_for, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

CODE = ("code_defect", "rollback_workload")
ASKS = {"SHOP_URL": "http://shop:8080"}
GO = ("http: panic serving 10.1.0.7:4411: runtime error: invalid memory address or nil pointer dereference",)
JAVA = (
    'java.lang.NullPointerException: Cannot invoke "Slots.pick()" because "this.slots" is null',
    "\tat example.shop.delivery.Slots.pick(Slots.java:31)",
)
PYTHON = (
    "Traceback (most recent call last):",
    '  File "/app/delivery/slots.py", line 31, in pick',
    "KeyError: 'chilled'",
)
DID = "INFO POST http://shop:8080/orders -> 201 temp={kind}"
FAILED = "ERROR POST http://shop:8080/orders -> 500 temp={kind}"
JSON = '{{"level":"info","msg":"order stored by shop","goods":{{"class": "{kind}"}},"status":201}}'
JSON_FAILED = (
    '{{"level":"error","msg":"POST http://shop:8080/orders failed","goods":{{"class": "{kind}"}},"status":500}}'
)
OK = "INFO shop accepted an order, brand={kind} lines=3"
REFUSED = "WARN no order: http://shop:8080/orders answered status=500, brand={kind} lines=4"
BEGUN = "INFO order temp=chilled begun"
BY_CART = "INFO POST http://cart:8080/orders -> 201 for shop temp={kind}"
LOUD = 'level={{kind}} msg="{} http://shop:8080/orders" status={}'
BY_FRONT = {"SHOP_URL": "http://orders-front:8080"}
BY_NAME = {"SHOP_URL": "http://orders-front:8080", "SHOP_MAIN_URL": "http://shop:8080"}
SINCE = 1200.0
"""The first of the kind came so long ago."""


def kinds(
    says: Sequence[str] = GO,
    *more: tuple[float, str],
    did: str = DID,
    failed: str = FAILED,
    kind: str = "chilled",
    usual: str = "ambient",
    before: str | None = None,
    well: int = 8,
    served: int = 20,
    usually: float = 2900.0,
    released: float = 3000,
    pods: Sequence[int] = (0, 1),
    web: dict[str, Any] | None = None,
    image: dict[str, Any] | None = None,
    beside: Any = (),
    started: float | None = None,
    logs: Sequence[Log] = (),
) -> Snapshot:
    """Return a shop that breaks at one kind of order, which comes again since a while, as the log of web tells.

    ``before``: how a line told of that kind before the release, ``well``: in how many; ``served``: how many others are
    told in all, the first ``usually`` seconds ago; ``more``: further lines of web, ``logs``: those of other
    pods; ``started``: when all pods of the shop were made, if not with the release.
    """
    broken = [(SINCE - 120 * n, line) for n in range(9) for line in says]
    told = [
        *((released + 2000 - 100 * n, (before or did).format(kind=kind)) for n in range(well)),
        *((usually - 140 * n, did.format(kind=usual)) for n in range(served)),
        *((SINCE - 120 * n, failed.format(kind=kind)) for n in range(9)),
        *more,
    ]
    made = released - 10 if started is None else started
    return snapshot(
        shop(pods=2, released=released, started=made, env=CALLS_CART, **(image or {"before": IMAGE})),
        workload("web", **{"pods": 1, "env": ASKS, **(web or {})}),
        workload("cart"),
        beside,
        logs=[
            *(timed(pod("shop", n), (released - 15, "listening"), *broken) for n in pods),
            timed(pod("web"), *sorted(told, reverse=True)),
            *logs,
        ],
        figures=[errors("shop", 0.1, SINCE)],
        alerts=[alert("OrdersFail", service="web")],
    )


def called(key: str, kind: str = "night", usual: str = "day") -> Snapshot:
    """Return the same, where the only thing that tells failures from others is under another field."""
    did, failed = (line.replace("temp", key) for line in (DID, FAILED))
    return kinds(did=did, failed=failed, kind=kind, usual=usual)


def another(line: str, since: float = 3500, env: dict[str, Any] = ASKS, **more: Any) -> Snapshot:
    """Return the same, where another one asks the shop as well, and tells a line for each time."""
    told = timed(pod("bff"), (3600, "INFO alive"), *((since - 100 * n, line) for n in range(int(since / 100))))
    return kinds(beside=[*workload("bff", pods=1, env=env), front()], logs=[told], **more)


def front() -> Obj:
    """Return another Service of the shop."""
    return service_for("orders-front", selector={"app": "shop"})


def one_anew() -> Snapshot:
    """Return the same, where one of both pods was made anew before the first failure."""
    world = kinds()
    young = next(each for each in world.of("Pod") if each["metadata"]["name"] == pod("shop", 1))
    young["metadata"]["creationTimestamp"] = at(1300)
    for each in young["status"]["containerStatuses"]:
        each["state"]["running"]["startedAt"] = at(1300)
    return world


def run(start: float, end: float) -> Obj:
    """Return a Job that ran from one age to another."""
    status = {"startTime": at(start), "completionTime": at(end), "succeeded": 1}
    return thing("Job", "load-slots", age=start, spec={}, status=status)


HOLDS = [
    *(
        Holds(
            f"who asks tells of which kind it is: {says[0][:30]}",
            kinds(says),
            (SHOP, *CODE),
            harmful=("restart_workload", "scale_workload"),
        )
        for says in (GO, JAVA, PYTHON)
    ),
    Holds("it tells so in JSON", kinds(JAVA, did=JSON, failed=JSON_FAILED), (SHOP, *CODE)),
    Holds(
        "the kind is a brand, and words tell what went well",
        kinds(PYTHON, did=OK, failed=REFUSED, kind="amex", usual="visa"),
        (SHOP, *CODE),
    ),
    Holds(
        "the release is hours old", kinds(PYTHON, (9000.0, DID.format(kind="chilled")), released=4500), (SHOP, *CODE)
    ),
    Holds(
        "a run ended before the release",
        kinds(beside=run(4000, 3500)),
        (SHOP, *CODE),
    ),
    *(
        Holds(
            f"a number beside what went well is no status: {number}",
            kinds(PYTHON, did=f"{OK} {number}", failed=REFUSED, kind="amex", usual="visa"),
            (SHOP, *CODE),
        )
        for number in ("total=540", "bytes=512", "resp_size=500", '"sum": 555')
    ),
    *(
        Holds(f"the kind is told as {key}", called(key), (SHOP, *CODE))
        for key in ("orderType", "delivery_mode", "goods.category", "payment-method", "channel", "catalog_class")
    ),
    Holds(
        "another one who asks tells of other kinds alone",
        another("INFO POST http://orders-front:8080/orders -> 201 class=ambient"),
        (SHOP, *CODE),
    ),
    Holds("another one of whom nothing is heard asks somebody else", kinds(beside=workload("bff")), (SHOP, *CODE)),
    Holds("one of its pods alone was made anew since", one_anew(), (SHOP, *CODE)),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"one kind fails long after a release, but {what}", world, harmful=("rollback_workload",))
    for what, world in (
        ("nobody asked for it before", kinds(well=0)),
        ("it is seldom told from before", kinds(well=2)),
        ("the former code failed at it as well", kinds(before=FAILED)),
        ("the former code failed at it once", kinds(GO, (4050.0, FAILED.format(kind="chilled")))),
        ("it went well since the release", kinds(GO, (2000.0, DID.format(kind="chilled")))),
        ("some of it go well by now", kinds(GO, (300.0, DID.format(kind="chilled")))),
        (
            "it was asked for since, and nobody tells how that went",
            kinds(GO, (2000.0, BEGUN)),
        ),
        ("others fail as well", kinds(GO, (900.0, FAILED.format(kind="ambient")))),
        ("nobody asks for another kind", kinds(served=0)),
        ("nobody was served before it", kinds(usually=1100, served=7)),
        ("it tells of whom it is", kinds(did=DID.replace("temp", "tenant"), failed=FAILED.replace("temp", "tenant"))),
        (
            "it tells where it is kept",
            kinds(did=DID.replace("temp", "shard"), failed=FAILED.replace("temp", "shard"), kind="s-a", usual="s-b"),
        ),
        ("it is told by a number", kinds(kind="7", usual="8")),
        ("one of its pods alone breaks", kinds(pods=(0,))),
        ("it tells that somebody else does not answer", kinds(("ConnectionError: cart:8080: Connection refused",))),
        ("who asks was released since", kinds(web={"before": IMAGE, "released": 1300})),
        ("a run ended just before it failed", kinds(beside=run(2400, 1300))),
        ("a way was written since", kinds(beside=thing("Ingress", "front", written=1500))),
        (
            "what it reads was written since",
            kinds(
                beside=[thing("ConfigMap", "slots", written=1400)],
                image={
                    "before": IMAGE,
                    "spec": {"volumes": [{"name": "t", "configMap": {"name": "slots"}}]},
                },
            ),
        ),
        ("the image is as it was", kinds(image={"before": {"env": {"MODE": "a"}}})),
        ("the release is days old", kinds(GO, released=80 * 3600.0)),
        (
            "another one did it well before",
            kinds(before=BY_CART),
        ),
        *(
            (f"another one does it well: {line}", another(line, since, env))
            for line, since, env in (
                ("INFO POST http://orders-front:8080/orders -> 201 temp=chilled", 1150, BY_FRONT),
                ("INFO POST http://orders-front:8080/orders -> 201 kind=chilled", 3500, BY_FRONT),
                ("INFO POST http://shop:8080/orders -> 201 class=chilled", 3500, ASKS),
                ('INFO POST http://shop:8080/orders -> 201 temp: "Chilled"', 3500, ASKS),
                ("INFO POST http://shop:8080/chilled/orders -> 201", 1150, ASKS),
                ("INFO orders-front took an order temp=chilled", 1150, BY_FRONT),
                ("INFO order sent upstream=shop-main status=201 temp=chilled", 1150, BY_NAME),
            )
        ),
        (
            "another one spoke of it before, under another field, and nobody tells to whom",
            another("INFO order class=Chilled begun"),
        ),
        (
            "it tells itself later of some that went well",
            kinds(logs=[timed(pod("shop"), (500, '{"msg": "stored", "class": "CHILLED", "status": 201}'))]),
        ),
        ("two pods of who asks are not heard", kinds(web={"pods": 3})),
        (
            "two pods of who asks are heard only of late",
            kinds(
                web={"pods": 3},
                logs=[timed(pod("web", n), *((500 - 20 * k, "INFO alive") for k in range(20))) for n in (1, 2)],
            ),
        ),
        ("another one who asks is not heard", kinds(beside=workload("bff", pods=1, env=ASKS))),
        ("all its pods were made anew since", kinds(started=1260)),
        ("all its pods were made anew some time after it", kinds(started=2000)),
        *(
            (f"it tells only {key}", called(key))
            for key in (
                *("carrier", "provider", "gateway", "bank", "issuer", "airline", "coupon", "promo", "campaign"),
                *("template", "recipe", "file", "feed", "source", "doctor", "driver", "agent", "device", "weekday"),
                *("day", "cache", "error_type", "retry-mode", "node.type", "logger_class"),
            )
        ),
        *(
            (f"it tells only how it went: {key}={kind}", called(key, kind, usual))
            for key, kind, usual in (
                *(("retried", "true", "false"), ("cached", "false", "true"), ("cache", "miss", "hit")),
                *(("type", "warn", "info"), ("mode", "fallback", "direct"), ("temp", "unknown", "ambient")),
            )
        ),
        ("it tells only which class of who asks writes", called("class", "SlowCalls", "AllCalls")),
        (
            "its lines are louder where it was slow",
            kinds(
                did=LOUD.format("POST", 201),
                failed=LOUD.format("POST", 500),
                before=LOUD.format("slow POST", 201),
                kind="warn",
                usual="info",
            ),
        ),
    )
]
