"""What a store without room refuses is sent again and again: that is no release of one of its callers."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, SHOP, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

BACK = "rollback_workload"
FED = {**CALLS_CART, "AMQP_URL": "amqp://rabbit:5672"}
EAGER: dict[str, Any] = {
    "env": {**CALLS_CART, "HTTP_RETRIES": "10"},
    "before": {"env": {**CALLS_CART, "HTTP_RETRIES": "1"}},
    "released": 660,
}
NO_INODE = "ERROR store failed: open /data/3f/9a.json.tmp: no space left on device"
NO_ACCESS_LOG = "WARN cannot write access log: write /var/log/cart/access.log: no space left on device"
QUOTA = 'level=error msg="write failed" err="write /data/blob-77: disk quota exceeded"'


def no_space(since: float, line: str = NO_INODE, *, times: int = 30, of: str = "cart", **caller: Any) -> Snapshot:
    """Return a caller whose release came before a storm, and who tells since some time of a full volume."""
    objects = workload("cart", spec={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "carts"}}]})
    rabbit = workload("rabbit", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
    storm = (rate("shop"), rate("cart", 60, 400), errors("cart", 0.4, before=0.0))
    return snapshot(shop(**caller), objects, rabbit, logs=logs(of, line, times=times, since=since), figures=storm)


HOLDS = [
    Holds(
        f"whom it asks tells that it has no space left, {what}",
        world,
        (SHOP, "configuration_error", BACK),
    )
    for what, world in (
        ("but only minutes after it was asked more", no_space(300, **EAGER)),
        ("but once only", no_space(640, times=1, **EAGER)),
        ("and has for long, of what it can do without", no_space(3300, NO_ACCESS_LOG, times=60, **EAGER)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"whom it asks has no space left, and what it refuses is sent again: {what}",
        world,
        (CART, "resource_exhaustion", "page_human"),
        harmful=(BACK, "restart_workload", "scale_workload"),
    )
    for what, world in (
        (
            "a caller that only reads has a new image",
            no_space(640, env=CALLS_CART, before=IMAGE, released=900),
        ),
        ("a caller was set to ask more often", no_space(640, **EAGER)),
        ("a caller has a new image, and reads a broker", no_space(640, env=FED, before=IMAGE, released=660)),
        ("a quota is reached", no_space(620, QUOTA, env=CALLS_CART, before=IMAGE, released=900)),
    )
]
