"""Connections that leave a node get one port twice: handshakes with a host outside lose a packet, and it is well."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, errors, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import Obj, event, figure, log, pod, series, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

ASKS = {"PAY_URL": "https://api.pay.example.com/v1"}
AGENT = "DaemonSet/aws-node"
AWS = "602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.18.3"
SLOW = '{"msg":"slow call","host":"api.pay.example.com","dns_ms":1.2,"connect_ms":%s,"tls_ms":21.4}'
CURL = "GET https://api.pay.example.com/v1/rates 200 time_namelookup=0.002 time_connect=%s time_total=%s"
TOOK = "WARN o.a.h.Pool - connected to api.pay.example.com in %s ms"
DIAL = 'Post "https://api.pay.example.com/charge": dial tcp 203.0.113.9:443: i/o timeout'
PYTHON = (
    "requests.exceptions.ConnectTimeout: HTTPSConnectionPool(host='api.pay.example.com', port=443): Max retries"
    " (Caused by ConnectTimeoutError('Connection to api.pay.example.com timed out. (connect timeout=2)'))"
)
WAITS = "HTTPSConnectionPool(host='api.pay.example.com', port=443): Read timed out. (read timeout=10)"
LOOKUP = "dial tcp: lookup api.pay.example.com on 10.96.0.10:53: read udp 10.1.0.7:53->10.96.0.10:53: i/o timeout"
FULL = event("Node/n1", "ConntrackFull", "kernel: nf_conntrack: table full, dropping packet", age=5)


def fallen(*nodes: str, was: float = 0.1, now: float = 20.0, since: float = 620) -> list[tuple[str, Series]]:
    """Return how many connections fall on nodes."""
    return [figure("node_connections_clashed", was, now, since, node=node) for node in nodes or ("n1", "n2")]


def late(name: str = "shop", line: str = SLOW, *times: Any, since: float = 600) -> list[Log]:
    """Return what both pods tell of their handshakes: how long each took."""
    took = times or ("1011.0", "3022.4", "1008.7", "1013.1", "7020.3", "1002.9")
    lines = [line % ((each,) * line.count("%s")) for each in took]
    return [log(pod(name, n), *lines, since=since) for n in range(2)]


def agent(image: str = AWS, name: str = "aws-node", **more: Any) -> list[Obj]:
    return workload(name, image, kind="DaemonSet", spec={"hostNetwork": True}, service=False, **more)


def asking(told: list[Log], *figures: tuple[str, Series]) -> Snapshot:
    """Return a shop that asks a host outside, on nodes whose ports an agent gives out."""
    return snapshot(shop(env=ASKS), agent(), logs=told, figures=figures)


def opened(was: float, now: float) -> list[tuple[str, Series]]:
    """Return what pods of a release that came 1500 seconds ago open, and what those before them did."""
    old = ("connections_opened", Series({"pod": "shop-old-x"}, series({}, (3600, was)).points[:60]))
    return [old, *(figure("connections_opened", was, now, 1500, pod=pod("shop", n)) for n in range(2))]


HOLDS = [
    Holds(
        "clients tell how long it took to connect; ports are given out in turn, a release stands near",
        snapshot(
            shop(env=ASKS),
            workload("front", env={"SHOP_URL": "http://shop:8080"}, before={"image": "front:0"}, released=900),
            agent(env={"AWS_VPC_K8S_CNI_RANDOMIZESNAT": "none", "AWS_VPC_K8S_CNI_EXTERNALSNAT": "false"}),
            logs=late(),
            figures=[*fallen(), latency("shop", since=600), latency("front", since=600)],
        ),
        (AGENT, "network_fault", "page_human"),
        excludes=(*no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),),
        harmful=("rollback_workload", "restart_workload"),
        alone=True,
    ),
    Holds(
        "a tool tells it in seconds, and flannel runs on the nodes",
        snapshot(
            shop(env=ASKS),
            agent("docker.io/flannel/flannel:v0.25.1", "kube-flannel"),
            logs=late("shop", CURL, "1.003", "3.009", "1.004", "1.012"),
            figures=[*fallen(), latency("shop")],
        ),
        ("DaemonSet/kube-flannel", "network_fault", "page_human"),
    ),
    Holds(
        "clients give up before the second packet; most calls get through, and nobody knows who gives out ports",
        snapshot(
            shop(env=ASKS),
            logs=logs("shop", PYTHON, 0, 1, since=480),
            figures=[*fallen("n1", "n2", since=500), errors("shop", 0.08, since=480)],
        ),
        ("Node/n2", "network_fault", "page_human"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "the release of a program opens a connection for each call",
        snapshot(
            shop(env=ASKS, before={"image": "registry.example/shop:0"}, released=1500),
            agent(),
            logs=late("shop", TOOK, "1004", "3012", "1009", "1003"),
            figures=[*fallen(), latency("shop"), *opened(0.5, 9.0)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "a program was released, and opens more as more is asked of it",
        snapshot(
            shop(env=ASKS, before={"image": "registry.example/shop:0"}, released=1500),
            agent(),
            logs=late(),
            figures=[*fallen(), latency("shop"), rate("shop", 50, 250, since=1400), *opened(0.5, 2.2)],
        ),
        (AGENT, "network_fault", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "who gives out ports was told to do so in turn",
        snapshot(
            shop(env=ASKS),
            agent(
                env={"AWS_VPC_K8S_CNI_RANDOMIZESNAT": "none"},
                before={"env": {"AWS_VPC_K8S_CNI_RANDOMIZESNAT": "prng"}},
                released=900,
            ),
            logs=late(),
            figures=[*fallen(), latency("shop")],
        ),
        (AGENT, "configuration_error", "rollback_workload"),
    ),
]
OUTSIDE = (SHOP, "dependency_failure", "page_human")
DOES_NOT_HOLD = [
    DoesNotHold(
        "the host outside has no room for handshakes: nothing falls on our nodes",
        asking(logs("shop", DIAL, 0, 1, since=480), *fallen(was=0.1, now=0.1), errors("shop", since=480)),
        OUTSIDE,
    ),
    DoesNotHold(
        "as many fall as ever",
        snapshot(
            shop(env=ASKS),
            logs=logs("shop", DIAL, 0, 1, since=480),
            figures=[*fallen(was=3.0, now=3.4), errors("shop", since=480)],
        ),
        OUTSIDE,
    ),
    DoesNotHold(
        "the host outside is down for all, and is asked again and again",
        asking(logs("shop", DIAL, 0, 1, since=480), *fallen(since=470), errors("shop", 0.95, since=480)),
        OUTSIDE,
    ),
    DoesNotHold(
        "connections fall only since the host was late",
        asking(logs("shop", DIAL, 0, 1, since=1500), *fallen(since=600), errors("shop", 0.2, since=1500)),
        OUTSIDE,
    ),
    DoesNotHold(
        "the host outside takes connections and does not answer",
        asking(logs("shop", WAITS, 0, 1, since=480), *fallen(since=500), errors("shop", 0.2, since=480)),
        OUTSIDE,
    ),
    DoesNotHold(
        "handshakes take any time: the host is far, or slow",
        asking(
            late("shop", SLOW, "1420.0", "2210.4", "1008.7", "1760.1", "2660.3", "4102.9"), *fallen(), latency("shop")
        ),
    ),
    DoesNotHold(
        "what falls are questions for names",
        asking(
            [*logs("shop", LOOKUP, since=480), *logs("shop", PYTHON, 1, since=480)],
            *fallen(since=500),
            errors("shop", 0.1, since=480),
        ),
    ),
    DoesNotHold(
        "the table of connections of the node is full",
        snapshot(
            shop(env=ASKS, nodes=("n1",)),
            agent(nodes=("n1",)),
            FULL,
            logs=late(),
            figures=[*fallen("n1"), latency("shop")],
        ),
    ),
    DoesNotHold(
        "nodes give out no ports: that is done by a gateway of the cloud",
        snapshot(
            shop(env=ASKS),
            agent(env={"AWS_VPC_K8S_CNI_EXTERNALSNAT": "true"}),
            logs=logs("shop", PYTHON, 0, 1, since=480),
            figures=[*fallen(since=500), errors("shop", 0.08, since=480)],
        ),
        OUTSIDE,
    ),
    DoesNotHold(
        "ports are chosen at random",
        snapshot(
            shop(env=ASKS),
            agent(env={"AWS_VPC_K8S_CNI_RANDOMIZESNAT": "prng"}),
            logs=logs("shop", PYTHON, 0, 1, since=480),
            figures=[*fallen(since=500), errors("shop", 0.08, since=480)],
        ),
        OUTSIDE,
    ),
    DoesNotHold(
        "who has its node's own address is late as well",
        snapshot(
            shop(env=ASKS, spec={"hostNetwork": True}),
            agent(),
            logs=logs("shop", PYTHON, 0, 1, since=480),
            figures=[*fallen(since=500), errors("shop", 0.08, since=480)],
        ),
        OUTSIDE,
    ),
    DoesNotHold(
        "pods on a node where nothing falls are late as well",
        asking(
            logs("shop", PYTHON, 0, 1, since=480),
            *fallen("n2", since=500),
            *fallen("n1", now=0.1),
            errors("shop", 0.08, since=480),
        ),
        OUTSIDE,
    ),
    DoesNotHold(
        "connections fall, and no handshake is late",
        asking(late("shop", SLOW, "11.0", "12.4", "9.7"), *fallen(), errors("shop", 0.001)),
    ),
    DoesNotHold(
        "a client tells when it tries anew: it waits a second, and three",
        asking(
            late("shop", "api.pay.example.com refused, next attempt to connect in %s s", "1", "3", "7", "15"),
            *fallen(),
            errors("shop", 0.1),
        ),
    ),
]
