"""A policy or a route was written between a release and failing requests: a person looks which of the two it is."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, ingress, policy, shop
from tests.diagnosis.rules.tiny import Obj, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

RELEASED, BEGAN = 900.0, 720.0
OUT: list[Obj] = [{"to": [{"podSelector": {}}]}]


def failing(*beside: Obj) -> Snapshot:
    """Return a shop that fails since minutes after its release, and what was written beside it."""
    return snapshot(shop(before=IMAGE, released=RELEASED), *beside, figures=[errors("shop", 0.3, BEGAN)])


HOLDS = [
    *(
        Holds(
            f"after a release and just before requests failed {what}",
            world,
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("a policy for it was made", failing(policy("out", "shop", age=BEGAN + 60, egress=OUT))),
            ("its route was edited", failing(ingress("shop", "shop.example", written=BEGAN + 60))),
        )
    ),
    *(
        Holds(f"requests fail since a release, and {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in (
            ("its policy came with it", failing(policy("out", "shop", age=RELEASED - 10, egress=OUT))),
            ("its policy is old", failing(policy("out", "shop", age=RELEASED + 600, egress=OUT))),
            ("a policy for others was made", failing(policy("out", "web", age=BEGAN + 60, egress=OUT))),
            ("its route was edited since", failing(ingress("shop", "shop.example", written=BEGAN - 120))),
            (
                "the route of others was edited",
                failing(*workload("web"), ingress("web", "web.example", written=BEGAN + 60)),
            ),
        )
    ),
]
