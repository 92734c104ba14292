"""A service is closed by its own people for a time that is not over."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import Obj, at, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

MAP = "ConfigMap/switch"
SAYS = "maintenance mode on until 2026-03-04 13:30 UTC (change 17), answering 503"
ASKED = ("configuration_error", "page_human")


def switch(written: float = 660, **data: str) -> Obj:
    """Return the map that closes the shop."""
    window = {"enabled": "true", "from": "2026-03-04 11:50 UTC", "until": "2026-03-04T13:30:00Z", "reason": "change 17"}
    return thing("ConfigMap", "switch", written=written, data=window | data)


def closed(
    *more: Any,
    by: Obj | None = None,
    says: str = SAYS,
    path: str = "/etc/maintenance",
    others: tuple[Any, ...] = (),
    objects: list[Obj] | None = None,
) -> Snapshot:
    """Return a shop that fails its requests since ten minutes, the map that it reads, and what it says."""
    spec = {"volumes": [{"name": "m", "configMap": {"name": "switch"}}]}
    mounts = [{"name": "m", "mountPath": path}]
    made = shop(spec=spec, volumeMounts=mounts) if objects is None else objects
    lines = ["INFO GET / 200", f"WARN {says}" if says else "INFO GET / 503", *["INFO GET / 503"] * 9]
    return snapshot(
        made,
        by or switch(),
        *more,
        logs=[log(pod("shop"), *lines, since=660)],
        figures=[errors("shop", 0.99), *others],
        alerts=[alert("HighErrorRate", service="shop", severity="critical")],
    )


def ill() -> list[Obj]:
    """Return a shop that ends again and again beside its maintenance."""
    made = shop(spec={"volumes": [{"name": "m", "configMap": {"name": "switch"}}]})
    put(pods_of(made)[0], again("Error", 1, age=200, restarts=3), unready=200)
    return made


def failed() -> Obj:
    """Return the run that the shop was closed for, which went wrong."""
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": at(300)}
    return thing("Job", "move", age=500, spec={"template": {"spec": {}}}, status={"conditions": [condition]})


HOLDS = [
    Holds(
        "the program tells until when, and the map that was written for it says the same",
        closed(),
        (MAP, "no_fault", "no_action"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds("the map alone tells it", closed(says=""), (MAP, "no_fault", "no_action"), alone=True),
    Holds(
        "the program alone tells it",
        closed(by=switch(9 * 86400), objects=shop()),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("its end is past", closed(by=switch(until="2026-03-04 11:55 UTC")), ASKED),
    DoesNotHold("nobody says when it ends", closed(by=switch(until=""), says="maintenance mode on"), ASKED),
    DoesNotHold("its end is of an unknown place", closed(by=switch(until="2026-03-04 13:30"), says=""), ASKED),
    DoesNotHold("it is switched off", closed(by=switch(enabled="false"), says=""), ASKED),
    DoesNotHold("the map is of something else", closed(path="/etc/sale", says=""), ASKED),
    DoesNotHold("it ends by itself beside it", closed(objects=ill())),
    DoesNotHold("what it was closed for has failed", closed(failed())),
    DoesNotHold("somebody else fails as well", closed(workload("cart"), others=(errors("cart", 0.4),))),
    DoesNotHold(
        "nothing fails",
        snapshot(shop(), switch(), figures=[errors("shop", 0.001)]),
        ("no_fault", "no_action"),
    ),
]
