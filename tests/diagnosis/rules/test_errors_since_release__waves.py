"""A path that is used only now and then fails in waves: the first after a release tells as much as the first minute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, alert, shop
from tests.diagnosis.rules.tiny import Obj, pod, series, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

RUST = "thread 'tokio-runtime-worker' panicked at src/bill.rs:88:41: called `Option::unwrap()` on a `None` value"
PYTHON = "KeyError: 'vat_id'"
JAVA = 'Exception java.lang.NullPointerException: Cannot invoke "String.trim()" because "order.taxId" is null'
REFUSED = "ERROR cart: dial tcp 10.96.0.9:8080: connect: connection refused"
FAILED, FINE = "ERROR bill failed: POST http://shop:8080/bills: 500 Internal Server Error", "INFO page shown"
CODE, OUTER = ("code_defect", "rollback_workload"), ("dependency_failure", "page_human")
BACK, LOOK = "rollback_workload", ("code_defect", "page_human")
CHANGED: dict[str, Any] = {"before": IMAGE, "released": 2700}
NOBODYS = [("request_rate", series({"component": "till"}, (3600, 1.0)))]
WAVES = (1900.0, 400.0)
ASKS = {"SHOP_URL": "http://shop:8080"}


def waves(
    *at: float,
    says: str = RUST,
    tells: str = FAILED,
    heard: float = 9000,
    released: float = 3300,
    before: Sequence[float] = (),
    also: Sequence[tuple[float, str]] = (),
    pods: Sequence[int] = (0, 1),
    web: list[Obj] | None = None,
    beside: Any = (),
    figures: Any = (),
) -> Snapshot:
    """Return a released shop that stumbles for minutes at some ages, and a web that asks it and tells so.

    ``heard``: how far the log of web reaches back; ``before``: when it told the same before; ``also``: what else.
    """
    lasts = [age - 20 * n for age in at or WAVES for n in range(6)]
    told = [
        (heard, FINE),
        *also,
        *((age, tells) for age in before),
        (3500.0, FINE),
        *((age - 3, tells) for age in lasts),
    ]
    return snapshot(
        shop(before=IMAGE, released=released, started=released - 10, env=CALLS_CART),
        web or workload("web", pods=1, env=ASKS),
        beside or workload("cart"),
        figures=figures or [("error_ratio", series({"component": "shop"}, (3600, 0.0)))],
        logs=[
            *(timed(pod("shop", n), (released - 15, FINE), *((age, says) for age in lasts)) for n in pods),
            timed(pod("web"), *sorted(told, reverse=True)),
        ],
        alerts=[alert("BillsMissing", service="web")],
    )


def measured(*steps: tuple[float, float]) -> Snapshot:
    """Return the same, of which figures alone tell when requests failed, as web names nobody."""
    return waves(
        1300,
        300,
        released=2400,
        tells="ERROR bill failed",
        figures=[("error_ratio", series({"component": "shop"}, *steps))],
    )


IN_WAVES = ((3600.0, 0.0), (1300.0, 0.4), (1240.0, 0.0), (300.0, 0.4), (180.0, 0.0))
HOLDS = [
    *(
        Holds(
            f"its code breaks whenever it is asked for bills, and between that all is well: {line}",
            world,
            (SHOP, *CODE),
        )
        for line, world in ((line, waves(says=line)) for line in (RUST, PYTHON, JAVA))
    ),
    Holds("figures tell of the waves, and reach back for as long", measured(*IN_WAVES), (SHOP, *CODE)),
    Holds(
        "what who asks it reads was written in between",
        waves(
            web=workload("web", pods=1, env=ASKS, spec={"volumes": [{"name": "n", "configMap": {"name": "notice"}}]}),
            beside=thing("ConfigMap", "notice", written=2900),
        ),
        (SHOP, *CODE),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"it breaks in waves, but {what}", world)
    for what, world in (
        ("requests failed in the wave before its release", waves(before=(3800, 3790))),
        ("the log of who asks it does not reach back to a wave before", waves(heard=4000)),
        ("who asks it was released since", waves(web=workload("web", pods=1, env=ASKS, before=IMAGE, released=2700))),
        ("whom it asks was released since", waves(beside=workload("cart", before=IMAGE, released=2700))),
        ("it served the path well for longer than it pauses", waves(1200, 900, 600, 200)),
        ("it came no more for long", waves(3000, 2600)),
        ("it tells that somebody else does not answer", waves(says=REFUSED)),
        ("one of its pods alone tells so", waves(pods=())),
        ("who asks it names nobody", waves(tells="ERROR bill failed")),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "figures show a wave before its release as well, so that only its new pods have new words",
        measured((3600.0, 0.0), (2800.0, 0.4), (2700.0, 0.0), *IN_WAVES[1:]),
        LOOK,
        (BACK,),
    ),
]
EARLY: dict[str, Any] = {"released": 2500.0}
DOES_NOT_HOLD += [
    DoesNotHold(f"its first wave comes soon after it, but {what}", world, instead, (BACK,))
    for what, world, instead in (
        ("requests failed in the wave before", waves(**EARLY, before=(3400, 3390)), LOOK),
        ("so they did, and nobody measures it", waves(**EARLY, before=(3400, 3390), figures=NOBODYS), LOOK),
        ("no log reaches back to a wave before", waves(**EARLY, heard=2800), LOOK),
        ("who asks it was released", waves(**EARLY, web=workload("web", pods=1, env=ASKS, **CHANGED)), OUTER),
        ("whom it asks was released since", waves(**EARLY, beside=workload("cart", **CHANGED)), OUTER),
        ("it tells that somebody else does not answer", waves(**EARLY, says=REFUSED), OUTER),
    )
]
HOLDS += [
    Holds("its first wave comes soon after it", waves(**EARLY), (SHOP, *CODE)),
    Holds(
        "it fails since its release for the first time, and nobody measures it",
        waves(600, released=1100, figures=NOBODYS),
        (SHOP, *CODE),
    ),
    Holds(
        "it fails since its release, but who asks it told the same before",
        waves(600, released=1100, before=(2100, 2090), figures=NOBODYS),
        (SHOP, *LOOK),
        harmful=(BACK,),
    ),
]
