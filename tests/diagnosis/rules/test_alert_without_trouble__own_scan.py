"""A scan that the house runs on itself knocked at weak places, and is over: alerts that count that are of it.

Not where a stranger knocked as well, the scan goes on, or an alert tells of harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import SHOP, WELL, alert
from tests.diagnosis.rules.tiny import NOW, Obj, at, container, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

ZAP, STRANGER = "ghcr.io/zaproxy/zaproxy:2.15.0", "203.0.113.9"
KNOCKS = ("/.env", "/.git/config", "/wp-login.php", "/phpinfo.php", "/etc/passwd", "/actuator/env")
BEGAN, ENDED = 2400.0, 1200.0
Told = Sequence[tuple[float, str]]


def run(image: str, *, over: bool = True) -> tuple[list[Obj], str]:
    """Return a schedule and its run, which is over or goes on, and the address of its pod."""
    spec = {"containers": [container("dast", image)]}
    jobs = {"schedule": "25 9 * * 3", "jobTemplate": {"spec": {"template": {"spec": spec}}}}
    job = thing("Job", "dast-1", age=BEGAN + 5, spec={"template": {"spec": spec}})
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "dast", "controller": True}]
    [its] = pods_of(workload("dast-1", image, kind="Job", pods=1, service=False))
    its["metadata"] |= {"ownerReferences": [{"kind": "Job", "name": "dast-1", "controller": True}]}
    its["metadata"]["creationTimestamp"] = at(BEGAN)
    end = {"exitCode": 0, "reason": "Completed", "startedAt": at(BEGAN), "finishedAt": at(ENDED)}
    state = {"terminated": end} if over else {"running": {"startedAt": at(BEGAN)}}
    its["status"] |= {
        "phase": "Succeeded" if over else "Running",
        "containerStatuses": [{"name": "dast", "ready": False, "restartCount": 0, "state": state}],
    }
    return [thing("CronJob", "dast", age=9e6, spec=jobs), job, its], str(its["status"]["podIP"])


def asked(client: str, path: str, status: int = 404) -> str:
    return f'{client} - - "GET {path} HTTP/1.1" {status} 512 "-" "Mozilla/5.0 (compatible; ZAP)"'


def scanned(
    *,
    image: str = ZAP,
    over: bool = True,
    also: Told = (),
    said: Told = (),
    late: float = 0,
    alerts: Sequence[Alert] | None = None,
) -> Snapshot:
    """Return a shop at which a run of the house's own knocked for a while, and what others asked and it complained of.

    ``late``: so many seconds after its end the last of them came.
    """
    objects, address = run(image, over=over)
    calm = [(age, asked("198.51.100.7", "/cart", 200)) for age in range(3600, 20, -40)]
    knocks = [(BEGAN - 60 - 25 * n, asked(address, KNOCKS[n % len(KNOCKS)])) for n in range(40)]
    knocks += [(ENDED - late, asked(address, "/.aws/credentials"))] if late else []
    lines = sorted((*calm, *knocks, *also, *said), key=lambda each: -each[0])
    return snapshot(
        workload("shop"),
        objects,
        logs=[Log(pod("shop"), "shop", tuple(f"{at(age)} {line}" for age, line in lines))],
        figures=[WELL],
        alerts=[fires("SuspiciousRequests", BEGAN - 300)] if alerts is None else alerts,
    )


def fires(name: str, age: float, **labels: str) -> Alert:
    """Return a critical alert: of others what was turned away says enough."""
    return alert(name, **{"app": "shop", "severity": "critical", **labels})._replace(
        starts_at=NOW - timedelta(seconds=age)
    )


OF_IT: Any = [(BEGAN - 30 * n, f"WARN Forbidden (CSRF token missing.): /account/{n}") for n in range(2, 38)]
ALWAYS: Any = [(3590 - 30 * n, f"WARN Forbidden (CSRF token missing.): /account/{n}") for n in range(118)]
MEANT = (SHOP, "no_fault", "no_action")
HOLDS = [
    Holds(f"a scan of the house's own is over, and {what}", world, MEANT)
    for what, world in (
        ("an alert of odd requests fires", scanned()),
        ("one of failed logins began soon after its end", scanned(alerts=[fires("LoginFailuresHigh", ENDED - 300)])),
        ("its program complained of what it was asked", scanned(said=OF_IT)),
        ("another tool of the kind did it", scanned(image="projectdiscovery/nuclei:v3.3")),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"somebody knocks at weak places: {what}", world, harmful=("no_action", "isolate_workload"))
    for what, world in (
        ("a stranger does as well", scanned(also=[(900.0 - n, asked(STRANGER, "/.env")) for n in range(12)])),
        ("the scan goes on", scanned(over=False)),
        ("it came from there after its end", scanned(late=600)),
        ("a run of another kind", scanned(image="registry.example/reports:4")),
        ("the alert came long after it", scanned(alerts=[fires("SuspiciousRequests", 60)])),
        ("the alert came before it", scanned(alerts=[fires("SuspiciousRequests", BEGAN + 600)])),
        ("the alert tells of slow answers as well", scanned(alerts=[fires("LoginsSlow", BEGAN - 300)])),
        ("its program complains of the like at all times", scanned(said=ALWAYS)),
    )
]
