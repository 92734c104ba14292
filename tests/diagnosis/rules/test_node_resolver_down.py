"""The server of names that a node has of its own is ill on one node alone, and names fail there and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, alert, errors
from tests.diagnosis.rules.tiny import Obj, event, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SERVER, NODE = "DaemonSet/nodelocaldns", "Node/n3"
CACHE = "registry.k8s.io/dns/k8s-dns-node-cache:1.22.28"
NODES = ("n1", "n2", "n3")
LOOP = (
    '[FATAL] plugin/loop: Loop (169.254.25.10:3543 -> 169.254.25.10:53) detected for zone ".", see https://coredns.io'
)
TAKEN = "Error: failed to start: listen tcp 169.254.20.10:53: bind: address already in use"
LOOKUP = "dial tcp: lookup cart.town.svc on 169.254.25.10:53: dial udp 169.254.25.10:53: connect: connection refused"
UNKNOWN = "ERROR java.net.UnknownHostException: cart"
OUTSIDE = "[ERROR] plugin/errors: 2 api.weather.example. A: read udp 10.1.0.4:35547->10.12.0.2:53: i/o timeout"
ACT = ("rollback_workload", "restart_workload", "scale_workload")


def server(
    *ill: int,
    name: str = "nodelocaldns",
    image: str = CACHE,
    status: Any = None,
    nodes: Sequence[str] = NODES,
    **more: Any,
) -> list[Obj]:
    """Return a server of names on each node, some of which do not come up."""
    many = len(nodes)
    how: dict[str, Any] = {"kind": "DaemonSet", "pods": many, "ready": many - len(ill), "nodes": nodes}
    made = workload(name, image, **how, port=53, service=False, **more)
    made[0]["status"] = {"desiredNumberScheduled": many, "numberReady": many - len(ill)}
    for number in ill:
        put(pods_of(made)[number], status or looping(restarts=14), ready=False, unready=2400)
    return made


def spread(name: str, **more: Any) -> list[Obj]:
    return workload(name, **{"pods": 3, "nodes": NODES, **more})


def stuck(name: str) -> list[Obj]:
    """Return a workload whose pod on the third node does not become ready."""
    made = spread(name, ready=2)
    put(pods_of(made)[2], {}, ready=False, unready=2000)
    return made


def complaint(name: str, *numbers: int, line: str = LOOKUP) -> list[Log]:
    """Return the logs of a workload's three pods, of which some do not find names."""
    return [
        log(pod(name, n), *[line if n in numbers else "INFO request done status=200"] * 30, since=2000)
        for n in range(3)
    ]


def world(*more: Any, logs: Sequence[Log] = (), released: Mapping[str, Any] | None = None) -> Snapshot:
    return snapshot(
        spread("shop", **(released or {})),
        spread("fees"),
        spread("cart"),
        workload("coredns", "registry.k8s.io/coredns/coredns:v1.11.1", port=53, nodes=NODES),
        *more,
        logs=logs,
        figures=[errors("shop", since=2000)],
        alerts=[alert(service="shop")],
    )


BOTH = (*complaint("shop", 2), *complaint("fees", 2))
RELEASED: dict[str, Any] = {"before": {"image": "shop:0"}, "released": 2600}
HOLDS = [
    Holds(
        "it forwards to itself since its node was started anew, and a release came before that",
        world(
            server(2),
            event(NODE, "Rebooted", "Node n3 has been rebooted", age=2500, count=1),
            logs=[*BOTH, log("nodelocaldns-2", LOOP), log("nodelocaldns-2", LOOP, previous=True)],
            released=RELEASED,
        ),
        (NODE, "configuration_error", "page_human"),
        excludes=(
            *no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
            *no("rollback_workload", "restart_workload", at=SERVER),
        ),
        alone=True,
        harmful=ACT,
    ),
    Holds(
        "another server whose address is taken, and other clients",
        world(
            server(2, name="unbound-node", image="registry.example/unbound:1.21"),
            logs=[
                *complaint("shop", 2, line=UNKNOWN),
                *complaint("fees", 2, line=UNKNOWN),
                log("unbound-node-2", TAKEN),
            ],
        ),
        (NODE, "network_fault", "page_human"),
        alone=True,
        harmful=ACT,
    ),
    Holds(
        "one client alone, and those of the cluster tell of a host outside for weeks",
        world(
            server(2),
            logs=[*complaint("shop", 2), *(log(pod("coredns", n), *[OUTSIDE] * 20, since=3000) for n in range(2))],
        ),
        (NODE, "network_fault", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=ACT,
    ),
    Holds(
        "no log at all: its clients are not ready there, and are elsewhere",
        snapshot(server(2), stuck("shop"), stuck("fees")),
        (NODE, "network_fault", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "it has two nodes that it does not come up on: the one that is to be looked at is the server",
        world(server(2, 3, nodes=(*NODES, "n4", "n5")), logs=BOTH),
        (SERVER, "network_fault", "page_human"),
        harmful=ACT,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, seen, instead, harmful=("rollback_workload", "restart_workload"))
    for what, seen, instead in (
        (
            "names of the cluster fail on other nodes too",
            world(server(2), logs=[*complaint("shop", 0, 1, 2), *complaint("fees", 0, 1, 2)]),
            ("network_fault", "page_human"),
        ),
        (
            "it is ill on all nodes",
            world(server(0, 1, 2), logs=[*complaint("shop", 0, 1, 2), *complaint("fees", 0, 1, 2)]),
            ("network_fault", "page_human"),
        ),
        ("all of its like are well", world(server(), logs=BOTH), ("Node/n3", "network_fault", "page_human")),
        (
            "what is ill on the node is another agent",
            world(server(2, name="log-shipper", image="fluent-bit:3"), logs=BOTH),
            ("Node/n3", "network_fault", "page_human"),
        ),
        (
            "nobody misses it there",
            snapshot(server(2), spread("shop")),
            (),
        ),
        (
            "it waits for room in memory: what it is asked fills it",
            snapshot(server(2, status=looping("OOMKilled", 137)), spread("shop")),
            (),
        ),
    )
] + [
    DoesNotHold(
        "its own release ends on the first node that gets it",
        world(
            [
                each
                | (
                    {"metadata": each["metadata"] | {"labels": {"controller-revision-hash": "nodelocaldns-r1"}}}
                    if each["kind"] == "Pod" and each["metadata"]["name"] != "nodelocaldns-2"
                    else {}
                )
                for each in server(2, before={"args": ["-old"]}, released=2400)
            ],
            logs=BOTH,
        ),
        (SERVER, "configuration_error", "rollback_workload"),
    ),
]
