"""A release breaks on one path of many: few of all requests, and all that one who asks for nothing else gets."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, alert, errors, failing
from tests.diagnosis.rules.tiny import NOW, Obj, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

RUST = "thread 'tokio-runtime-worker' panicked at src/bill.rs:88:41: called `Option::unwrap()` on a `None` value"
PYTHON = "KeyError: 'vat_id'"
KOTLIN = (
    "java.lang.NullPointerException: Parameter specified as non-null is null: method c.e.Bill.<init>, parameter vat"
)
OUTER = "ERROR cart: dial tcp 10.96.0.9:8080: connect: connection refused"
SAYS = "WARN bill 17 refused by shop: 500 {'title':'internal'} - again in 60s"
GRPC = "bill 17: shop: rpc error: code = Unknown desc = unexpected"
SPRING = (
    "o.s.web.client.HttpServerErrorException$InternalServerError: 500 Internal Server Error on POST http://shop:8080/b"
)
ASKS = {"SHOP_URL": "http://shop:8080"}
DONE = ("code_defect", "rollback_workload")
BACK = ("rollback_workload",)
CAME = 1500.0
FEW = (errors("shop", 0.03, CAME - 60), *failing(0.03, 0.028, since=CAME - 60))


def one_path(
    says: str = KOTLIN,
    tells: str = SAYS,
    *,
    figures: tuple[tuple[str, Series], ...] = FEW,
    pods: tuple[int, ...] = (0, 1),
    first: float = CAME - 200,
    last: float = 60,
    told: tuple[float, float] = (CAME - 300, 30),
    times: int = 3,
    about: str = "bills",
    heard: float = 3500,
    beside: list[Obj] | None = None,
    bills: dict[str, Any] | None = None,
    **more: Any,
) -> Snapshot:
    """Return a shop that breaks since its release, a few times in each pod, and one that waits for its bills."""
    ages = [first - n * (first - last) / (times - 1) for n in range(times)]
    asked = [told[0] - n * (told[0] - told[1]) / 8 for n in range(9)]
    return snapshot(
        workload("shop", **{"before": IMAGE, "released": CAME, "env": CALLS_CART, **more}),
        workload("bills", pods=1, env=ASKS, **(bills or {})),
        beside or workload("cart"),
        figures=figures,
        logs=[
            *(timed(pod("shop", n), (CAME - 5, "INFO started"), *((age, says) for age in ages)) for n in pods),
            timed(pod("bills"), (heard, "INFO bill 3 sent"), *((age, tells) for age in asked)),
        ],
        alerts=[alert("BillsOverdue", service=about)],
    )


SINCE_THEN = tuple((NOW.timestamp() - age, 0.03) for age in range(1400, -1, -30))
YOUNG = ("error_ratio", Series({"component": "shop"}, SINCE_THEN))


def piling(first: float, since: float) -> tuple[str, Series]:
    """Return what waits for the bills, which grows since a time."""
    ages = range(int(since), -1, -30)
    return "queue_depth", Series({"component": "bills"}, tuple((NOW.timestamp() - n, first + since - n) for n in ages))


SINCE_RELEASE: dict[str, Any] = {"before": IMAGE, "released": CAME - 100}
HOLDS = [
    *(
        Holds(
            f"its code breaks on one path, and who needs that is stuck: {says[:30]}, {tells[:30]}", world, (SHOP, *DONE)
        )
        for says, tells, world in (
            (says, tells, one_path(says, tells))
            for says, tells in ((KOTLIN, SAYS), (RUST, GRPC), (PYTHON, SPRING), (PYTHON, SAYS))
        )
    ),
    Holds(
        "whom it asks was released well before",
        one_path(beside=workload("cart", **{**SINCE_RELEASE, "released": CAME + 1800})),
        (SHOP, *DONE),
    ),
    Holds(
        "nothing is heard or counted of before, but for whom nothing waited then ever more waits now",
        one_path(heard=CAME - 240, figures=(YOUNG, piling(5, CAME - 60))),
        (SHOP, *DONE),
    ),
    Holds("pods are not counted, but all of them together", one_path(figures=FEW[:1]), (SHOP, *DONE)),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"its code breaks on one path, but {what}", world, harmful=BACK)
    for what, world in (
        ("as large a share failed before", one_path(figures=(errors("shop", 0.03, CAME - 60, before=0.025),))),
        ("hardly anything fails", one_path(figures=(errors("shop", 0.004, CAME - 60),))),
        ("one of its pods fails at nothing", one_path(figures=(FEW[0], *failing(0.05, 0.001, since=CAME - 60)))),
        ("only one of its pods does", one_path(pods=(0,))),
        ("it did so a few times", one_path(times=2)),
        ("it does no more", one_path(last=800)),
        ("it did not for an hour after its release", one_path(first=600, released=5000.0)),
        ("it was hardly ever told", one_path(tells="INFO bill 17 refused")),
        ("who waits told the same before", one_path(told=(3000, 30))),
        ("who waits asks for what is not there", one_path(tells="WARN bill 17 refused by shop: 404 no such bill")),
        ("who waits names another one", one_path(tells="WARN bill 17 refused by shop-tax: 500 internal")),
        ("people were called for somebody else", one_path(about="cart")),
        ("whom it asks was released as well", one_path(beside=workload("cart", **SINCE_RELEASE))),
        ("who waits was released as well", one_path(bills={**SINCE_RELEASE, "released": CAME + 60})),
        (
            "who waits was released a minute before, and it broke at once",
            one_path(first=CAME - 20, bills={**SINCE_RELEASE, "released": CAME + 60}),
        ),
        (
            "whom it asks was released just before, and it broke at once",
            one_path(first=CAME - 20, beside=workload("cart", **{**SINCE_RELEASE, "released": CAME + 40})),
        ),
        (
            "whom it asks was released minutes before",
            one_path(beside=workload("cart", **{**SINCE_RELEASE, "released": CAME + 300})),
        ),
        ("nobody counted before it came", one_path(figures=tuple(failing(0.03, 0.028, since=CAME - 60)))),
        ("all of it is counted only since it came", one_path(figures=(YOUNG,))),
        *(
            (f"nothing is heard or counted of before, and {what}", one_path(heard=CAME - 240, figures=(YOUNG, waits)))
            for what, waits in (
                ("much waited soon after", piling(300, CAME - 60)),
                ("what waits is counted only since long after", piling(5, CAME - 1260)),
            )
        ),
        ("who waits is not heard before it came", one_path(heard=CAME - 240)),
        *(
            (f"who waits is answered well: {line}", one_path(tells=line))
            for line in (
                "INFO bill 17 posted to shop: 200, 500 bytes, again in 60s",
                "INFO shop accepted bill 17: 202, batch 500 of 900",
                "DEBUG shop: page size 500, 12 bills done",
                "bill 17 posted to shop: 500 bytes",
                "bills posted to shop, batch 500 of 900",
                "bill 17 posted to shop: 201, queue 500",
            )
        ),
        ("it brought settings alone", one_path(before={"env": {**CALLS_CART, "VAT": "1"}})),
        ("nothing was released", one_path(before=None)),
        ("it tells that somebody else does not answer", one_path(OUTER)),
    )
]
