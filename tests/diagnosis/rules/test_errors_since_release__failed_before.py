"""What failed before a release came, or with a node that was lost after it, is not of the release."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.pods import node
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, errors, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

NAMES, OWN = "ERROR confirm failed: cart has no carrier to give", "ERROR confirm failed: total of the basket is odd"
KEPT, SENT = "ERROR hand-over failed, kept for another time", "INFO handed over"
CODE, OUTER = "code_defect", "dependency_failure"
WELL, ILL = [SENT] * 40, [KEPT] * 60


def behind(cart: list[str], *, says: str = NAMES, since: float = 9000) -> Snapshot:
    """Return a shop that fails since its release and what a cart that it asks told meanwhile."""
    return snapshot(
        shop(env=CALLS_CART, before=IMAGE, released=700),
        workload("cart", pods=1),
        figures=[errors("shop", since=690)],
        logs=[
            *(log(pod("shop", n), *[says] * 12, since=680) for n in (0, 1)),
            log(pod("cart"), *cart, since=since),
        ],
    )


def lost(began: float, *, gone: float = 900, holds: bool = True, released: float = 1700, **more: Any) -> Snapshot:
    """Return a shop that was released, and a node that was lost since; ``holds``: a cart was on it."""
    nodes = ("n1", "n3")
    return snapshot(
        shop(before={**IMAGE, "env": {"SIZE": "1"}}, env={"SIZE": "2"}, released=released, nodes=nodes),
        workload("cart", pods=2, nodes=("n2", "n3") if holds else nodes),
        [node("n1"), node("n2", ready="Unknown", since=gone), node("n3")],
        figures=[errors("shop", since=began)],
        logs=[log(pod("shop", n), *[OWN] * 12, since=began) for n in (0, 1)],
        **more,
    )


HOLDS = [
    Holds(
        "whom its errors name has failed for an hour longer: a person looks at that one",
        behind(WELL + ILL),
        (SHOP, OUTER, "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "that one fails only since then",
        behind(WELL * 3 + ILL[:9]),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "that one has told the same all along, and the release before lived with it",
        behind(ILL),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "that one has failed only a few times before",
        behind(WELL * 3 + [KEPT] * 2 + WELL),
        (SHOP, CODE, "rollback_workload"),
    ),
    *(
        Holds(f"that one had failed before, and {what}", behind(cart), (SHOP, CODE, "rollback_workload"))
        for what, cart in (
            ("does so far more often since", [SENT] * 300 + [KEPT, *[SENT] * 29] * 17 + [SENT] * 20 + [KEPT] * 70),
            ("worked for an hour in between", [SENT] * 300 + [KEPT] * 120 + [SENT] * 410 + [KEPT] * 70),
        )
    ),
    Holds(
        "its errors are its own",
        behind(WELL + ILL, says=OWN),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "it had served well until a node was lost",
        lost(930),
        (SHOP, OUTER, "page_human"),
        believed="node_lost",
        harmful=("rollback_workload",),
    ),
    Holds(
        "it failed before the node was lost",
        lost(1300),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "nothing of the namespace was on the node",
        lost(930, holds=False),
        (SHOP, CODE, "rollback_workload"),
    ),
]
