"""An old version that cannot read what is in the store: a new one beside it wrote that, or somebody else did."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

NEW = "Deployment/shop-canary"
USES = {"REDIS_URL": "redis://redis:6379"}
MISREADS = "ERROR pydantic.ValidationError: items Field required [type=missing] rows Extra inputs are not permitted"
NOBODY = ("unknown", "page_human")


def canary(image: str = "registry.example/shop:2", **more: Any) -> list[Obj]:
    """Return another version beside the shop, of which there was an earlier template."""
    earlier = {"before": {"image": "registry.example/shop:1"}, "released": 660}
    return workload("shop-canary", image, **{"pods": 1, "env": USES, **earlier, **more})


def world(*more: list[Obj], also: tuple[str, ...] = (), since: float = 600, **stable: Any) -> Snapshot:
    """Return a shop that fails, and tells of data that it misreads, beside what else is there."""
    told = [entry for name in ("shop", *also) for entry in logs(name, MISREADS, since=since)]
    return snapshot(shop(**{"env": USES, **stable}), redis(), *more, logs=told, figures=[errors("shop", 0.2, since)])


HOLDS = [
    Holds(
        "it was rolled out beside the stable one",
        world(canary()),
        (NEW, "code_defect", "rollback_workload"),
        excludes=(
            *no("restart_workload", "scale_workload", at=NEW),
            *no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        ),
        harmful=("restart_workload", "scale_workload"),
        began=600,
    ),
    Holds(
        "it was made beside the stable one, and has nothing to go back to",
        world(canary(before=None, age=660)),
        (NEW, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("no other version is there", world(), NOBODY),
    DoesNotHold("it misreads the same", world(canary(), also=("shop-canary",)), (), harmful=("restart_workload",)),
    DoesNotHold("it runs the same version", world(canary("registry.example/shop:1", before={"image": "x:0"})), ()),
    DoesNotHold("it is another program", world(canary("registry.example/mail:2")), ()),
    DoesNotHold("it has a store of its own", world(canary(env={})), ()),
    DoesNotHold("it is there since long before", world(canary(released=7200)), ()),
    DoesNotHold(
        "the stable one was released then as well",
        world(canary(), before={"image": "registry.example/shop:0"}, released=640),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "another user of the store was released then as well",
        world(canary(), workload("mail", env=USES, before={"image": "registry.example/mail:0"}, released=640)),
        (),
        harmful=("rollback_workload",),
    ),
]
