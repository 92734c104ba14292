"""Words since the release of who calls, or of who is called: which of the two they are about."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.new_words import AWAY, CART, CRASHED, FAILED, warned
from tests.diagnosis.rules.pods import again, pods_of, put, younger
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, alert, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

REFUSES = 'ERROR Post "http://cart:8080/v1": dial tcp 10.96.0.9:8080: connect: connection refused'


def blames(words: str = AWAY, *of_cart: Log, **more: Any) -> Snapshot:
    """Return a shop that blames somebody since a cart beside it, which asks it, was released."""
    change: dict[str, Any] = {"before": OLD, "released": 660, **more}
    released = workload("cart", env={"SHOP_URL": "http://shop:8080"}, **change)
    return snapshot(shop(), released, logs=[warned(words=words), *of_cart], alerts=[alert()])


def ending(cart: list[Obj], *numbers: int) -> list[Obj]:
    """Return a cart half rolled out, of whose two pods some ended; the second one is of the template before."""
    older = pods_of(cart)[1]
    older["metadata"]["labels"]["controller-revision-hash"] = "cart-r1"
    older["metadata"]["ownerReferences"][0]["name"] = "cart-r1"
    for number in numbers:
        put(pods_of(cart)[number], again("Error", 2, age=300))
    return cart


def beside_a_young_one(age: float, *, heard: bool = True) -> Snapshot:
    """Return a shop whose older pods warn since its caller was released, and a pod that was made since and does not."""
    calm = [log(pod("shop", 2), *["INFO request"] * 40, since=age)] if heard else []
    return snapshot(
        younger(shop(pods=3), 1, age=age),
        workload("cart", env={"SHOP_URL": "http://shop:8080"}, released=660, before=OLD),
        logs=[warned(), warned(of=pod("shop", 1)), *calm],
        alerts=[alert("CartErrors", deployment="cart")],
    )


HOLDS = [
    *(
        Holds(
            f"a caller was released, and beside the pods that warn is one {what}",
            world,
            ("Deployment/cart", "code_defect", "rollback_workload"),
        )
        for what, world in (
            ("that has just been made", beside_a_young_one(20)),
            ("that was made since, and nobody read its log", beside_a_young_one(420, heard=False)),
        )
    ),
    *(
        Holds(
            f"what it says since blames {what}",
            world,
            (CART, "code_defect", remedy),
            believed=by,
        )
        for what, remedy, world, by in (
            ("a host outside: a person looks", "page_human", blames(), "outside_dependency_fails"),
            ("nobody by name", "rollback_workload", blames("ERROR label not printed: 502 Bad Gateway"), ""),
            ("the released", "rollback_workload", blames(REFUSES), "unanswered_since_release"),
            (
                "a host outside, and the released panics",
                "rollback_workload",
                blames(AWAY, log(pod("cart"), *[CRASHED] * 4)),
                "outside_dependency_fails",
            ),
        )
    ),
    Holds(
        "who asks it was released, and it tells that it has no room",
        snapshot(
            shop(),
            workload("cart", env={"SHOP_URL": "http://shop:8080"}, before=IMAGE, released=660),
            logs=[warned(words="ERROR cannot write /data/spool/7: No space left on device")],
            alerts=[alert()],
        ),
        (CART, "code_defect", "page_human"),
        believed="volume_full",
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(
            f"a caller was released, and the shop fails ten minutes after it at {what}",
            blames(words, released=1400, before=IMAGE),
            (CART, "code_defect", remedy),
        )
        for what, words, remedy in (
            ("what has no name", "ERROR no such row", "page_human"),
            ("what the caller serves", REFUSES, "rollback_workload"),
        )
    ),
    *(
        Holds(
            f"a caller says that it cannot reach the cart since the release of this, of which pods end {what}",
            snapshot(
                shop(env={"CART_URL": "http://cart:8080"}),
                ending(workload("cart", before=OLD, released=700), *ends),
                logs=[warned(words=REFUSES)],
                alerts=[alert()],
            ),
            (CART, "code_defect", remedy),
            believed=by,
            harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
        )
        for what, ends, remedy, by in (
            ("of the template before as well: a person looks", (0, 1), "page_human", ""),
            ("of the new template alone", (0,), "rollback_workload", "unanswered_since_release"),
        )
    ),
    *(
        Holds(
            f"the shop fails since its release, and who asks it told of it {what}",
            snapshot(
                shop(before=IMAGE, released=660),
                workload("web", env={"SHOP_URL": "http://shop:8080"}),
                logs=[
                    *(
                        log(pod("shop", n), *["INFO request"] * 20, *["ERROR no such cart"] * 20, since=1200)
                        for n in (0, 1)
                    ),
                    log(pod("web"), *[FAILED] * 9, since=since),
                ],
                alerts=[alert()],
            ),
            (SHOP, "code_defect", remedy),
            believed=by,
            harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
        )
        for what, since, remedy, by in (
            ("not before", 600, "rollback_workload", "neighbour_released"),
            ("half an hour before it came: a person looks", 2700, "page_human", ""),
        )
    ),
    *(
        Holds(
            f"what the shop asks was released, and had served well until the shop says: {words}",
            snapshot(
                shop(env={"CART_URL": "http://cart:8080"}),
                workload("cart", before=OLD, released=1400),
                logs=[warned(words=words)],
                alerts=[alert()],
            ),
            (CART, "code_defect", remedy),
            harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
        )
        for words, remedy in (
            ("ERROR basket not shown: GET http://cart:8080/v1 returned 500", "page_human"),
            ("WARN slow GET http://cart:8080/v1 7231 ms", "page_human"),
            ("ERROR read tcp 10.1.0.4:53122->cart:8080: connection reset by peer", "rollback_workload"),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a caller was released, and a pod that was made since says nothing like the others",
        beside_a_young_one(420),
        (SHOP, "service_crash", "restart_workload"),
        harmful=("rollback_workload",),
    ),
]
