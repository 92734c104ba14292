"""Two programs of different people stumble over the same field: whom both ask outside answers otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, URL, alert, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, log, pod, postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

OUTSIDE = (SHOP, "dependency_failure", "page_human")
JAVA = (
    "ERROR quote failed: MismatchedInputException: Cannot deserialize value (through reference chain: "
    'com.example.Answer["offers"]->java.util.ArrayList[0]->com.example.Offer["baseFreight"])'
)
RUBY = 'F, FATAL -- : KeyError (key not found: "baseFreight"):'
DECIMAL = (
    "offers.0.baseFreight",
    "  Decimal input should be an integer, float, string or Decimal object [type=decimal_type, input_type=dict]",
)
STATUS = 'F, FATAL -- : KeyError (key not found: "status"):'
ROWS = 'ERROR select: PG::UndefinedColumn KeyError (key not found: "baseFreight"):'
ASKED: Any = {"alerts": [alert("QuotesFail", service="shop")]}
PARTNER = {"RATES_URL": "https://api.rates.example/v2"}


def told(name: str, *lines: str, since: float = 560, until: float = 0) -> list[Log]:
    """Return the logs of both pods of a Deployment, which were calm, and repeat some lines since some seconds ago."""
    stamped = [f"{at(age)} {each}" for age in range(int(since), int(until), -40) for each in lines]
    calm = [f"{at(age)} INFO 200" for age in range(3000, int(since), -120)]
    return [Log(pod(name, n), name, (*calm, *stamped)) for n in (0, 1)]


def both(
    mine: tuple[str, ...] = (JAVA,),
    theirs: tuple[str, ...] = (RUBY,),
    *more: list[Obj],
    release: dict[str, Any] | None = None,
    other: dict[str, Any] | None = None,
    ours: float = 560,
    since: float = 520,
    until: float = 0,
    fires: dict[str, Any] | None = None,
) -> Snapshot:
    """Return a shop that was released minutes before it fails, and tariffs that stumble at about that time."""
    of_shop = {"env": PARTNER, "before": IMAGE, "released": 1200, **(release or {})}
    return snapshot(
        shop(**of_shop),
        workload("tariffs", **{"env": PARTNER, **(other or {})}),
        *more,
        figures=[errors("shop", since=550)],
        logs=[*told("shop", *mine, since=ours, until=until), *told("tariffs", *theirs, since=since, until=until)],
        **(ASKED if fires is None else fires),
    )


def pydantic() -> Snapshot:
    """Return the same, where the field stands in the line above of what is wrong with it."""
    world = both()
    named = log(pod("tariffs"), *[line for _ in range(6) for line in ("ERROR refresh failed", *DECIMAL)], since=520)
    return replace(world, logs=(*world.logs[:2], named))


HOLDS = [
    Holds("one was released and had served well, the other was not", both(), OUTSIDE),
    Holds("a parser tells the field in the line above of what is wrong", pydantic(), OUTSIDE),
    Holds("none was released", both(release={"before": None}), OUTSIDE),
    Holds("both ask a service that nobody touched", both((JAVA,), (RUBY,), workload("cart")), OUTSIDE),
]
BACK = ("code_defect", "rollback_workload")
DOES_NOT_HOLD = [
    DoesNotHold(
        "it is over",
        both(release={"released": 2900}, ours=2300, since=2280, until=900),
        ("code_defect", "page_human"),
    ),
    DoesNotHold("nobody suffers", replace(both(fires={}), metrics={})),
    *(
        DoesNotHold(what, world, BACK)
        for what, world in (
            ("only one stumbles", both(theirs=("INFO fine",))),
            ("they stumble over different fields", both(theirs=(RUBY.replace("baseFreight", "netAmount"),))),
            ("any program may lack that field by itself", both((STATUS,), (STATUS,))),
            ("a store is spoken of", both((ROWS,), (ROWS,))),
            ("the other one has stumbled for long", both(since=2400)),
            ("the shop came anew as it began", both(release={"released": 600})),
            ("the other came anew as it began", both(other={"before": IMAGE, "released": 600})),
            ("both are of one image", both(other={"image": "registry.example/shop:1"})),
            ("the other asks the shop", both(other={"env": {"SHOP_URL": "http://shop:8080"}})),
            ("the shop asks the other", both(release={"env": {"TARIFFS_URL": "http://tariffs:8080"}})),
            ("both use one database", both((JAVA,), (RUBY,), postgres(), release={"env": URL}, other={"env": URL})),
            (
                "both use one cache",
                both(
                    (JAVA,),
                    (RUBY,),
                    redis(),
                    release={"env": {"REDIS_URL": "redis://redis:6379"}},
                    other={"env": {"REDIS_URL": "redis://redis:6379"}},
                ),
            ),
            (
                "whom both ask came anew just before",
                both(
                    (JAVA,),
                    (RUBY,),
                    workload("cart", before=IMAGE, released=640),
                    release={"env": CALLS_CART},
                    other={"env": CALLS_CART},
                ),
            ),
        )
    ),
]
