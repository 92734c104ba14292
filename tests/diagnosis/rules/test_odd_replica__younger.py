"""Whose like took an edit at their start is not started anew; who only happens to be younger is."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, younger
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.test_configuration_changed_outside__younger import CONF, JAVA, KEY, WHOLE, drained, edited
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, secret_key, snapshot
from tuheg_ir.diagnosis.model import Snapshot

REFUSED = 'FATAL: password authentication failed for user "shop"'
OTHER = edited("Secret", "partner", 3 * HOUR, "token")


def ill_as_far_as_known(edit: Obj, pods: float = 10 * DAY) -> Snapshot:
    """Return a shop of four whose last pod was made anew five days ago, and fails since before figures begin."""
    made = younger(shop(pods=4, nodes=("n1", "n2", "n3"), started=pods, **WHOLE), 1, age=5 * DAY)
    like = [figure("error_ratio_by_pod", ill, ill, pod=pod("shop", n)) for n, ill in enumerate((0.0, 0.0, 0.0, 0.4))]
    lines = [log(pod("shop", n), *["INFO stored"] * 30, since=900) for n in range(4)]
    return snapshot(made, edit, logs=lines, figures=[*like, errors("shop", 0.1, 3590)])


HOLDS = [
    Holds(f"younger pods are ill, and no edit made them so: {what}", world, (SHOP, "service_crash", "restart_workload"))
    for what, world in (
        ("nothing that they read was edited", drained()),
        ("no key that they read was", drained(edited("Secret", "partner", 2 * HOUR, "webhook"), envFrom=[], **KEY)),
        ("it came after all had started", drained(edited("ConfigMap", "shop-config", 1800, "RATES_URL"))),
        ("those that are well started with it too", drained(edited("ConfigMap", "shop-config", 20 * DAY, "A"))),
        ("one of them is well", drained(CONF, ill=(4,))),
        ("they were well with it for days", drained(CONF, age=5 * DAY, onset=1800)),
    )
]
HOLDS += [
    Holds(
        "it is ill for longer than is measured, and an edit is older than its start, days ago",
        ill_as_far_as_known(edited("ConfigMap", "shop-config", 6 * DAY, "BANNER")),
        (SHOP, "unknown", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "it is ill for longer than is measured, and the others started with the edit as well",
        ill_as_far_as_known(edited("ConfigMap", "shop-config", 25 * DAY, "BANNER"), pods=20 * DAY),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"an edit may have made the younger ones ill: {what}", world, harmful=("restart_workload",))
    for what, world in (
        ("it alone", drained(CONF)),
        ("two were edited", drained(CONF, OTHER, says=JAVA, **KEY)),
        ("the one of them is alone on its node", drained(CONF, young=1, nodes=("n1", "n1", "n1", "n1", "n2"))),
        ("they are refused since a password was edited", drained(OTHER, says=REFUSED, envFrom=[], **KEY)),
        ("one that just started tells nothing yet", drained(CONF, young=3, ill=(2, 3), ages=(HOUR, HOUR, 120))),
    )
]
UNREAD: dict[str, Any] = {"envFrom": [], **KEY}
HOLDS += [
    Holds(
        f"the youngest are ill since they took a Secret that nobody may read: {what}",
        world,
        (SHOP, "unknown", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
    )
    for what, world in (
        ("two of five", drained(**UNREAD)),
        ("all of it is taken", drained(pods=6, says=JAVA, envFrom=[{"secretRef": {"name": "partner"}}])),
        ("another Secret was read", drained(OTHER, envFrom=[], env={"TOKEN": secret_key("bank", "token")})),
    )
]
HOLDS += [
    Holds(
        f"the ill ones take a Secret that nobody may read, and {what}",
        world,
        (SHOP, "service_crash", "restart_workload"),
    )
    for what, world in (
        ("it is one alone", drained(young=1, **UNREAD)),
        ("one as young is well", drained(young=3, ill=(2, 3), **UNREAD)),
        ("they are no younger than the others", drained(ill=(0, 4), **UNREAD)),
        ("they were well with it for days", drained(age=5 * DAY, onset=1800, **UNREAD)),
    )
]
