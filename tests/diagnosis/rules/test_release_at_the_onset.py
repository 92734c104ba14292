"""Users suffer since the minute in which somebody else was released, and nothing else was changed then."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import OLD, SHOP, latency, rate, shop
from tests.diagnosis.rules.tiny import Obj, snapshot, thing, workload

KEYS = "Deployment/keys"


def keys(released: float = 660) -> list[Obj]:
    return workload("keys", before=OLD, released=released)


HOLDS = [
    Holds(
        "the shop is slow since the keys were released, whoever asks them",
        snapshot(keys(), shop(), figures=[latency("shop", since=600)]),
        (KEYS, "code_defect", "rollback_workload"),
        sure=(0.3, 0.45),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the release came a quarter of an hour earlier",
        snapshot(keys(1500), shop(), figures=[latency("shop", since=600)]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "two were released",
        snapshot(keys(), workload("tax", before=OLD, released=650), shop(), figures=[latency("shop", since=600)]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "a ConfigMap was written in the same minutes",
        snapshot(keys(), shop(), thing("ConfigMap", "rates", written=640), figures=[latency("shop", since=600)]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "users came in twice the number",
        snapshot(keys(), shop(), figures=[latency("shop", since=600), rate("shop", 50, 150)]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "it was their own release",
        snapshot(shop(before=OLD, released=660), figures=[latency("shop", since=600)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
