"""The gateway for addresses has no ports left: the host outside that all complain of is well."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, CART, SHOP, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import Obj, figure, pod, series, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Series

DIAL = 'Post "https://api.pay.example.com/charge": dial tcp 203.0.113.9:443: i/o timeout'
CONNECT = "java.net.SocketTimeoutException: connect timed out: https://api.pay.example.com"
WAITS = "HTTPSConnectionPool(host='api.pay.example.com', port=443): Read timed out. (read timeout=10)"
FELL = "xx drop (No mapping for NAT masquerade) flow 0x0 to endpoint 0: 10.0.1.7:41872 -> 203.0.113.9:443 tcp SYN"
REFUSED = figure("nat_ports_refused", 0.0, 40.0, 500)
SPENT = Alert("NatGatewaySNATPortsExhausted", {}, {}, "firing")


def released(name: str = "shop", age: float = 1500, **more: Any) -> list[Obj]:
    return workload(name, before={"image": f"registry.example/{name}:0"}, released=age, **more)


def taken(signal: str, was: float, now: float, since: float = 1500, name: str = "shop") -> list[tuple[str, Series]]:
    """Return what pods of a release that came 1500 seconds ago take, and what those before them took."""
    old = (signal, Series({"pod": f"{name}-old-x"}, tuple(p for p in series({}, (3600, was)).points[:60])))
    return [old, *(figure(signal, was, now, since, pod=pod(name, n)) for n in range(2))]


HOLDS = [
    Holds(
        "a release opens a connection for each call; who shares the way suffers too",
        snapshot(
            released(),
            workload("cart"),
            logs=[*logs("shop", DIAL, 0, 1, since=480), *logs("cart", CONNECT, since=300)],
            figures=[REFUSED, errors("shop", since=480), *taken("connections_opened", 0.1, 2.0)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("rollback_workload", at=CART)),
        harmful=("restart_workload", "scale_workload"),
        alone=True,
    ),
    Holds(
        "only the sockets that its pods hold are known, and an alert tells of the gateway; its caller was released too",
        snapshot(
            released("api"),
            released(age=700, env={"API_URL": "http://api:8080"}),
            logs=[*logs("api", DIAL, 0, 1, since=480), *logs("shop", "http://api:8080/rates answered 503", since=470)],
            figures=[errors("shop", since=470), *taken("pod_open_files", 20, 90, name="api")],
            alerts=[SPENT],
        ),
        (API, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "nobody was released: a person gives the gateway more ports",
        snapshot(shop(), logs=logs("shop", CONNECT, 0, 1, since=480), figures=[REFUSED, errors("shop", since=480)]),
        (SHOP, "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "what watches the packets tells of it; a release stands near, and what it takes nobody measures",
        snapshot(
            released(),
            workload("agent", kind="DaemonSet"),
            logs=[*logs("shop", DIAL, 0, 1, since=480), *logs("agent", FELL, since=490)],
            figures=[errors("shop", since=480)],
        ),
        (SHOP, "resource_exhaustion", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "a release stands near, and its pods hold more only since what they open falls",
        snapshot(
            released(),
            logs=logs("shop", DIAL, 0, 1, since=480),
            figures=[REFUSED, errors("shop", since=480), *taken("pod_open_files", 20, 90, since=470)],
        ),
        (SHOP, "resource_exhaustion", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "a release stands near, and it opens more as more is asked of it",
        snapshot(
            released(),
            logs=logs("shop", DIAL, 0, 1, since=480),
            figures=[
                *(REFUSED, errors("shop", since=480), rate("shop", 50, 250, since=1400)),
                *taken("connections_opened", 0.5, 2.2),
            ],
        ),
        (SHOP, "resource_exhaustion", "page_human"),
        harmful=("rollback_workload",),
    ),
]
OUTSIDE = (SHOP, "dependency_failure", "page_human")
DOES_NOT_HOLD = [
    DoesNotHold(
        "the gateway has ports for all",
        snapshot(
            shop(),
            logs=logs("shop", DIAL, 0, 1, since=480),
            figures=[figure("nat_ports_refused", 0.0, 0.0), errors("shop", since=480)],
        ),
        OUTSIDE,
    ),
    DoesNotHold(
        "it had none an hour ago",
        snapshot(
            shop(),
            logs=logs("shop", DIAL, 0, 1, since=480),
            figures=[figure("nat_ports_refused", 40.0, 0.0, 2000), errors("shop", since=480)],
        ),
        OUTSIDE,
    ),
    DoesNotHold(
        "the host outside takes connections and does not answer",
        snapshot(shop(), logs=logs("shop", WAITS, 0, 1, since=480), figures=[REFUSED, errors("shop", since=480)]),
        OUTSIDE,
    ),
    DoesNotHold(
        "the host outside answers with errors",
        snapshot(
            shop(),
            logs=logs("shop", "upstream error: 503 from https://api.pay.example.com/charge", 0, 1, since=480),
            figures=[REFUSED, errors("shop", since=480)],
        ),
        OUTSIDE,
    ),
]
