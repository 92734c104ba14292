"""Limits of requests were written, and refuse since what they let through before."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, WELL, alert, ingress, rate, shop
from tests.diagnosis.rules.tiny import Obj, figure, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.seal import seal

LIMITS, EDITED = "ConfigMap/limits", 660.0
SAID = {"api.yaml": "descriptors:\n  - key: plan\n    rate_limit: {unit: minute, requests_per_unit: 60}\n"}
SEALED = {"api.yaml": seal("limit: 60", "limits/api.yaml")}
LEVEL = {"log.level": "debug"}


def reads(name: str) -> dict[str, Any]:
    return {"volumes": [{"name": "c", "configMap": {"name": name}}]}


def limiter(name: str = "limiter", **more: Any) -> list[Obj]:
    return workload(name, spec=reads("limits"), **more)


def limits(edited: float = EDITED, name: str = "limits", said: Obj | None = None) -> Obj:
    return thing("ConfigMap", name, written=edited, data=SAID if said is None else said)


def refusing(*objects: list[Obj] | Obj, asked: tuple[float, float] = (100, 103), since: float = 600) -> Snapshot:
    """Return a shop that refuses more requests since a time; ``asked``: how many came a second before and since."""
    figures = [WELL, figure("rate_limited_ratio", 0.05, 0.35, since, component="shop"), rate("shop", *asked, since)]
    return snapshot(*objects, figures=figures, alerts=[alert("ClientsThrottled", service="shop")])


def unmeasured(*objects: list[Obj] | Obj, named: str = "limits") -> Snapshot:
    """Return a shop that reads settings of its own and refuses more, of nobody knows how many requests."""
    figures = [WELL, figure("rate_limited_ratio", 0.0, 0.3, component="shop")]
    return snapshot(shop(spec=reads(named)), *objects, figures=figures, alerts=[alert("Shop4xx", service="shop")])


def route(said: str) -> Obj:
    """Return a route of the shop that was edited, with an annotation."""
    made = ingress("shop", "shop.example", written=EDITED)
    made["metadata"]["annotations"] = {said: "5"}
    return made


TIGHTER = (LIMITS, "configuration_error", "page_human")
WANTED = (SHOP, "no_fault", "no_action")
ASK = ("unknown", "page_human")
CART_RELEASED = workload("cart", before={"image": "cart:0"}, released=900)
HARM = ("no_action", "rollback_workload", "restart_workload", "scale_workload")
HOLDS = [
    Holds(
        "the file of a limiter was edited, and as much is asked as before",
        refusing(shop(), limiter(), limits()),
        TIGHTER,
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        alone=True,
        harmful=HARM,
        began=600,
    ),
    *(
        Holds(what, world, TIGHTER, alone=True, harmful=HARM)
        for what, world in (
            ("the gateway was released before", refusing(shop(before=IMAGE, released=3500), limiter(), limits())),
            ("what it asks was released then", refusing(shop(env=CALLS_CART), CART_RELEASED, limiter(), limits())),
            ("the file is sealed, its reader a limiter", refusing(shop(), limiter("ratelimit"), limits(said=SEALED))),
            ("it is the gateway's own file", refusing(shop(spec=reads("limits")), limits(said=SEALED))),
            ("a little more is asked", refusing(shop(), limiter(), limits(), asked=(100, 115))),
        )
    ),
    *(
        Holds(what, world, TIGHTER, alone=True, harmful=HARM, sure=(0.5, 0.75))
        for what, world in (
            ("fewer are asked as well", refusing(shop(), limiter(), limits(), asked=(100, 70))),
            ("it is so since two minutes only", refusing(shop(), limiter(), limits(160), since=120)),
        )
    ),
    Holds(
        "an annotation of its route limits it",
        refusing(shop(), route("nginx.ingress.kubernetes.io/limit-rps")),
        ("Ingress/shop", "configuration_error", "page_human"),
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "nobody measures how much is asked, and limits were written: either may be",
        unmeasured(limiter(), limits()),
        ASK,
    ),
    DoesNotHold(
        "nobody measures how much is asked, and nobody sees what was written of its own",
        unmeasured(limits(said=SEALED)),
        ASK,
    ),
    DoesNotHold(
        "nobody measures how much is asked, and a word of its own settings was written that says nothing of limits",
        unmeasured(limits(name="gateway", said=LEVEL), named="gateway"),
        WANTED,
    ),
    DoesNotHold(
        "it is so since two minutes only, and its own settings say nothing of limits",
        refusing(shop(spec=reads("gateway")), limits(160, name="gateway", said=LEVEL), since=120),
        ASK,
    ),
    DoesNotHold(
        "so much more is asked that the same limits refuse it",
        refusing(shop(), limiter(), limits(), asked=(100, 150)),
        WANTED,
    ),
    DoesNotHold(
        "limits were written half an hour before, and as much is asked: a quota may be spent",
        refusing(shop(), limiter(), limits(2400)),
        WANTED,
    ),
    DoesNotHold("what was written is of something else", refusing(shop(), route("example.org/owner")), WANTED),
    DoesNotHold(
        "another program's settings were written, which say nothing of limits",
        refusing(shop(), workload("cart", spec=reads("cart")), limits(name="cart", said={"a": "b"})),
        WANTED,
    ),
    DoesNotHold(
        "the gateway was released in the same minutes",
        refusing(shop(before=IMAGE, released=660), limiter(), limits()),
        ASK,
        harmful=("no_action",),
    ),
    DoesNotHold(
        "only the gateway was released in those minutes",
        refusing(shop(before=IMAGE, released=660)),
        ASK,
        harmful=("no_action",),
    ),
    DoesNotHold(
        "two settings of limits were written: nobody can tell which",
        refusing(shop(spec=reads("more")), limiter(), limits(), limits(name="more")),
        ASK,
        harmful=("no_action",),
    ),
    DoesNotHold(
        "the limiter reads them only when it starts",
        refusing(shop(), workload("limiter", envFrom=[{"configMapRef": {"name": "limits"}}]), limits()),
        WANTED,
    ),
]
