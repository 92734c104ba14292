"""The pods of a node are islands since its agent took the address of another interface of the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node, pods_of, put
from tests.diagnosis.rules.scenes import CALLS_CART, OLD, SHOP, logs, shop
from tests.diagnosis.rules.tiny import Obj, event, log, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

NODE = ("Node/n1", "network_fault", "page_human")
OWN = ("192.0.2.11", "192.0.2.12", "192.0.2.13")
BACKUP = "198.51.100.23"
CALICO, FLANNEL = "projectcalico.org/IPv4Address", "flannel.alpha.coreos.com/public-ip"
OF_CALICO = "[INFO][69] autodetection_methods.go 103: Using autodetected IPv4 address on interface {}: {}/24"
OF_FLANNEL = "I1103 09:12:44.1 1 main.go:246] Using interface with name {} and address {}"
BRIDGE = "startup.go 509: IPv4 address {1} discovered on interface {0}"
MISSED = "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with {}"
LATE = "dial tcp 10.96.0.176:8080: i/o timeout"
BACK = ("rollback_workload", "restart_workload")


def nodes(*taken: str, key: str = CALICO, mask: str = "/24", own: Sequence[str] = OWN) -> list[Obj]:
    """Return three nodes with a note of which address their network goes by."""
    made = [node(f"n{n + 1}") for n in range(3)]
    for each, address, mine in zip(made, taken or own, own, strict=True):
        each["metadata"]["annotations"] = {key: f"{address}{mask}", "example.org/rack": "r7"}
        each["status"]["addresses"] = [
            {"type": "InternalIP", "address": mine},
            {"type": "Hostname", "address": each["metadata"]["name"]},
        ]
    return made


def agents(*, unready: int = 0, started: float = 900) -> list[Obj]:
    """Return an agent of the network on each node."""
    made = workload("agent", kind="DaemonSet", pods=3, nodes=("n1", "n2", "n3"), service=False, started=started)
    made[0]["status"] = {"desiredNumberScheduled": 3, "numberReady": 3 - unready}
    for each in pods_of(made)[:unready]:
        put(each, {}, ready=False, unready=800)
    return made


def took(line: str, *addresses: str, before: str = "") -> list[Log]:
    """Return what agents told of the address that they found."""
    first = [line.format("eth0", before)] * 3 if before else []
    return [
        log(f"agent-{n}", *(first if n == 0 else []), *[line.format("eth1", each)] * 4, of="agent", since=3000)
        for n, each in enumerate(addresses)
    ]


def island(*more: Any, missing: int = 1, said: Sequence[Log] = (), line: str = LATE, **released: Any) -> Snapshot:
    """Return a shop on three nodes, whose pods on the first ones of them miss the cart."""
    made = shop(pods=3, nodes=("n1", "n2", "n3"), env=CALLS_CART, **released)
    told = [each for n in range(3) for each in (logs("shop", line, n) if n < missing else logs("shop", "INFO told", n))]
    return snapshot(made, workload("cart", nodes=("n2", "n3")), *more, logs=[*told, *said])


def asked(address: str) -> Snapshot:
    """Return a web that times out on the pod of a service on that node alone, and tells its address."""
    made = workload("cart", pods=3, nodes=("n1", "n2", "n3"), before=OLD, released=2400)
    ip = pods_of(made)[0]["status"]["podIP"]
    line = f"ERROR upstream timed out (110: Operation timed out) while connecting to upstream: http://{ip}:8080/rows"
    web = workload("web", env=CALLS_CART, nodes=("n2", "n3"))
    return snapshot(web, made, nodes(address, *OWN[1:]), logs=logs("web", line, 0, 1))


HOLDS = [
    Holds(
        "its note alone bears an address that is none of its own, and a pod there reaches nobody",
        island(nodes(BACKUP, *OWN[1:])),
        NODE,
        excludes=no("rollback_workload", at=SHOP),
        harmful=BACK,
        alone=True,
    ),
    Holds(
        "so it is, and what suffers there was released before",
        island(nodes(BACKUP, *OWN[1:], key=FLANNEL, mask=""), before=OLD, released=1200),
        NODE,
        harmful=BACK,
    ),
    Holds(
        "the agent there tells of it, nobody noted it, and all others found their own",
        island(nodes(), agents(), said=took(OF_FLANNEL, BACKUP, *OWN[1:])),
        NODE,
        excludes=no("restart_workload", at="DaemonSet/agent"),
        harmful=BACK,
        alone=True,
    ),
    Holds(
        "the agent there came to the address of a bridge, and its log alone was read",
        island(nodes(), agents(started=9e5), said=took(BRIDGE, "172.18.0.1", before=OWN[0])),
        NODE,
        harmful=BACK,
        alone=True,
    ),
    Holds(
        "the cluster tells that the agents elsewhere miss it there; no log was read",
        snapshot(
            shop(pods=3, nodes=("n1", "n2", "n3")),
            nodes(BACKUP, *OWN[1:]),
            agents(unready=3),
            *(event(f"Pod/agent-{n}", "Unhealthy", MISSED.format(BACKUP), count=90) for n in (1, 2)),
        ),
        NODE,
        harmful=BACK,
        alone=True,
    ),
    Holds("who is elsewhere misses the pod there, and no other", asked(BACKUP), NODE, harmful=BACK),
]
DOES_NOT_HOLD = [
    DoesNotHold("each node goes by its own address", island(nodes()), ("page_human",), harmful=("rollback_workload",)),
    DoesNotHold(
        "all nodes go by other addresses: it is meant so",
        island(nodes(BACKUP, "198.51.100.24", "198.51.100.25")),
        ("page_human",),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "all agents found the same address, as machines of one make have it",
        island(nodes(), agents(), said=took(OF_FLANNEL, "10.0.2.15", "10.0.2.15", "10.0.2.15")),
        ("page_human",),
        harmful=("rollback_workload",),
    ),
    DoesNotHold("its network goes by another address, and all are well", island(nodes(BACKUP, *OWN[1:]), missing=0)),
    DoesNotHold(
        "its network goes by another address, and pods everywhere reach nobody",
        island(nodes(BACKUP, *OWN[1:]), missing=3),
        ("page_human",),
    ),
    DoesNotHold(
        "its agent went by another address, and has found its own again",
        island(nodes(), agents(), said=took(OF_CALICO, *OWN, before=BACKUP)),
        ("page_human",),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "one pod is missed from everywhere, and its node goes by its own address",
        asked(OWN[0]),
        ("Deployment/cart", "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "the agents elsewhere miss a node that goes by its own address: it is being restarted",
        snapshot(
            shop(pods=3, nodes=("n1", "n2", "n3")),
            nodes(),
            agents(unready=3),
            event("Pod/agent-1", "Unhealthy", MISSED.format(OWN[0])),
        ),
        ("page_human",),
    ),
]
