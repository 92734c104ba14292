"""Whose like took an edit at their start is not started anew; who only happens to be younger is."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_configuration_changed_outside__younger import CONF, JAVA, KEY, drained, edited
from tests.diagnosis.rules.tiny import DAY

REFUSED = 'FATAL: password authentication failed for user "shop"'
OTHER = edited("Secret", "partner", 3 * HOUR, "token")
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
