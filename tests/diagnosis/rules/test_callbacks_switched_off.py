"""Who calls back from outside has switched that off, a run's log tells it, and nothing comes in."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import DAY, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HOUR = 3600.0
LISTED = '{"msg":"webhook endpoint","url":"https://shop.example/in/parcels","livemode":true,"status":"disabled"}'
PLAIN = "WARN carrier: webhook https://shop.example/in/parcels has been disabled after 3 days of failed deliveries"
NO_ADDRESS = "INFO our webhook was automatically disabled by the carrier"
ON = LISTED.replace("disabled", "enabled")
OTHER_ON = ON.replace("/parcels", "/stock")
OF_TESTS = LISTED.replace("true", "false")
OF_THE_CLUSTER = "INFO validating webhook is disabled"
OFF_FEATURE = "INFO retries of the webhook sender: on, status: idle"
CAME = '203.0.113.7 - - "POST /in/parcels HTTP/1.1" 200 2'
FAILED = '203.0.113.7 - - "POST /in/parcels HTTP/1.1" 401 2'
FIRES = alert("ParcelsNotUpdated", service="shop")


def tells(*lines: str, age: float = 5 * HOUR, name: str = "nightly") -> Log:
    return Log(pod(name), name, tuple(f"{at(age - n)} {line}" for n, line in enumerate(lines)))


def off(*lines: str, later: Any = (), alerts: Any = (FIRES,), figures: Any = (), age: float = 5 * HOUR) -> Snapshot:
    """Return a shop that an alert is about, what another one told hours ago, and what was told since."""
    logs = [tells(*(lines or (LISTED,)), age=age), *later]
    return snapshot(shop(), workload("nightly", pods=1), logs=logs, alerts=alerts, figures=figures)


HARM = ("restart_workload", "rollback_workload", "scale_workload", "no_action")
HOLDS = [
    Holds(
        what,
        world,
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=HARM,
        sure=(0.25, 0.45),
    )
    for what, world in (
        ("a run lists it", off()),
        ("a program says it", off(PLAIN)),
        ("it names no address", off(NO_ADDRESS)),
        ("that of another address is on", off(LISTED, OTHER_ON)),
        ("it was on before", off(ON, LISTED)),
        ("one came in hours before", off(later=[tells(CAME, age=3 * HOUR, name="shop")])),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload", "rollback_workload"))
    for what, world in (
        ("it is on", off(ON)),
        ("it is on again", off(LISTED, ON)),
        ("it is that of tests", off(OF_TESTS)),
        ("it is one of the cluster", off(OF_THE_CLUSTER)),
        ("nothing says that it is off", off(OFF_FEATURE)),
        ("it was told days ago", off(age=2 * DAY)),
        ("one came in lately", off(later=[tells(CAME, age=600, name="shop")])),
        ("one is refused still", off(later=[tells(FAILED, age=600, name="shop")])),
        ("nobody is alarmed", off(alerts=())),
        ("alerts are about several", off(alerts=(FIRES, alert("Slow", service="nightly")))),
        ("requests fail", off(figures=[errors("shop")])),
    )
]
