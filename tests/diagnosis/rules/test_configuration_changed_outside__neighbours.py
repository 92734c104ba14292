"""Settings were edited while a neighbour's release already failed: whom all errors name is behind it, not the edit."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CART, OLD, alert
from tests.diagnosis.rules.tiny import log, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

NULL = "ERROR unhandled: TypeError: Cannot read properties of undefined (reading 'price') at total (/app/cart.js:41:9)"
PYTHON = "ERROR unhandled exception: Traceback (most recent call last): KeyError: 'price' in cart/total.py line 41"
JAVA = "ERROR java.lang.NullPointerException: Cannot invoke getPrice() at com.shop.cart.Total.of(Total.java:41)"
PLAIN = "ERROR total of basket 41 is negative, answer withheld"
PASSED = '{"level":"error","name":"edge","msg":"cart answered 500","url":"/basket"}'
GOT = "[error] GET http://cart:8080/total failed: 500 Internal Server Error"
OWN = "ERROR banner.json: Unexpected token } in JSON at position 41"
READS = {"volumes": [{"name": "c", "configMap": {"name": "edge-content"}}]}
EDGE: dict[str, Any] = {"spec": READS, "env": {"CART_URL": "http://cart:8080"}}


def world(
    *,
    edit: float = 1000,
    released: float | None = 1400,
    began: float = 1100,
    told: str = NULL,
    passed: str = PASSED,
    since: float = 900,
    more: tuple[str, ...] = (),
    **cart: Any,
) -> Snapshot:
    """Return an edge whose settings were edited amid the troubles of a cart that was released before."""
    before: dict[str, Any] = {"before": OLD, "released": released} if released else {}
    ages = [began * (1 - n / 30) for n in range(30)]
    own = [(released or 3000, "INFO listening"), *((age, told) for age in ages)]
    edge = [(3000.0, "INFO listening"), *((since * (1 - n / 30), line) for n in range(30) for line in (passed, *more))]
    conf = thing("ConfigMap", "edge-content", written=edit, data={"banner.json": "{}"})
    objects = [*workload("edge", **EDGE), *workload("cart", **before, **cart)]
    told_by = [timed(pod("cart"), *own), timed(pod("edge"), *edge), log("edge-1", "INFO fine", since=3000)]
    return snapshot(objects, conf, logs=told_by, alerts=[alert("BasketErrors", service="edge")])


EDIT = ("ConfigMap/edge-content", "configuration_error", "page_human")
RELEASE = (CART, "code_defect", "rollback_workload")
ILL = (CART, "dependency_failure", "page_human")
HOLDS = [
    Holds(f"the edit may be the reason: {what}", said, EDIT, believed=believed)
    for what, said, believed in (
        ("the edge cannot read what was written", world(more=(OWN,)), "errors_since_release"),
        ("whom it names was not released", world(released=None), ""),
        ("whom it names reads it too", world(spec=READS), ""),
        ("whom it names fails since the edit alone, and was released before", world(began=950), "errors_since_release"),
        ("it names somebody else", world(passed=PASSED.replace("cart", "tariffs")), "errors_since_release"),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"whom it names failed before: {what}", said, instead)
    for what, said, instead in (
        ("a program in JavaScript", world(), RELEASE),
        ("one in Python, asked by its address", world(told=PYTHON, passed=GOT), RELEASE),
        ("one in Java, minutes before the edit", world(told=JAVA, released=2000, began=1900, since=940), RELEASE),
        ("it calls it an error and no more", world(told=PLAIN), ILL),
        ("its release came minutes after the edit", world(edit=1700, released=1200, began=1150, since=1100), RELEASE),
    )
]
