"""A DaemonSet is rolled out node by node, and the pods of each node that it has come to are ill since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import NODES, agent
from tests.diagnosis.rules.scenes import API, SHOP, errors, shop
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

AGENT = "DaemonSet/agent"


def failing(name: str, since: dict[int, float], pods: int = 4, now: float = 0.9) -> list[tuple[str, Series]]:
    return [
        figure("error_ratio_by_pod", 0.0, now if n in since else 0.0, since.get(n, 600), pod=pod(name, n))
        for n in range(pods)
    ]


NAME = "dial tcp: lookup cart on 169.254.20.10:53: read udp 10.1.2.2:4242->169.254.20.10:53: i/o timeout"
COREDNS = "Deployment/coredns"


def unresolved(name: str, *since: tuple[int, float], line: str = NAME) -> list[Log]:
    """Return logs of pods that miss names since a time each, the rest of four tell nothing of it."""
    ill = dict(since)
    return [
        *(log(pod(name, n), *[line] * 20, since=age) for n, age in since),
        *(log(pod(name, n), *["INFO ok"] * 20, since=1800) for n in range(4) if n not in ill),
    ]


def names_fail(*more: Log, of_web: Obj | None = None, dns: Obj | None = None, **world: Any) -> Snapshot:
    """Return three services that miss names on the two nodes to which a roll-out has come, and servers of names."""
    given: dict[str, Any] = {"pods": 4, "nodes": NODES}
    return snapshot(
        agent(1500, 700),
        shop(**given),
        workload("api", **given),
        workload("web", **{**given, **(of_web or {})}),
        workload("cart", nodes=NODES[2:]),
        workload("coredns", "registry.k8s.io/coredns/coredns:v1.11.3", **{"nodes": NODES, **(dns or {})}),
        logs=[
            *unresolved("shop", (0, 1480), (1, 680)),
            *unresolved("api", (0, 1470), (1, 690)),
            *(more or unresolved("web", (0, 400), (1, 390))),
        ],
        **world,
    )


ONE: Obj = {"pods": 1}
YOUNG: Obj = {"before": {"image": "web:1"}, "released": 420}
FOUR = shop(pods=4, nodes=NODES)
HOLDS = [
    Holds(
        "on two of four nodes, each since it came there",
        snapshot(
            agent(1500, 700), FOUR, figures=[*failing("shop", {0: 1480, 1: 680}), errors("shop", 0.45, since=1480)]
        ),
        (AGENT, "configuration_error", "rollback_workload"),
        excludes=(*no("restart_workload", at=AGENT), *no("restart_workload", "rollback_workload", at=SHOP)),
        harmful=("restart_workload",),
        alone=True,
    ),
    Holds(
        "three of four nodes have it, and it is another program",
        snapshot(
            agent(1500, 900, 300, image="agent:2", before={"image": "agent:1"}),
            FOUR,
            figures=[*failing("shop", {0: 1470, 1: 880, 2: 290}), errors("shop", 0.7, since=1470)],
        ),
        (AGENT, "code_defect", "rollback_workload"),
        harmful=("restart_workload",),
    ),
    Holds(
        "nothing is measured: only the pods on those nodes complain",
        snapshot(
            agent(1000, 200),
            workload("api", pods=4, nodes=NODES),
            logs=[
                log(pod("api", n), *["dial tcp 172.16.0.9:5000: connect: connection refused"] * 9, since=since)
                for n, since in ((0, 980), (1, 190))
            ],
        ),
        (AGENT, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=API),
    ),
    *(
        Holds(
            f"names fail on those nodes alone: {what}",
            made,
            (AGENT, "configuration_error", "rollback_workload"),
            excludes=(*no("restart_workload", at=AGENT), *no("rollback_workload", at="Deployment/web")),
            harmful=("restart_workload", "scale_workload"),
            alone=True,
        )
        for what, made in (
            ("all three as it came there", names_fail(*unresolved("web", (0, 1475), (1, 670)))),
            ("one of them asks for names only since later", names_fail()),
            ("one of them was released since, and its pods elsewhere find them", names_fail(of_web=YOUNG)),
            ("what servers cannot answer is counted", names_fail(figures=[figure("dns_error_ratio", 0, 0.3, 1480)])),
            ("one of them has a single pod, on such a node", names_fail(*unresolved("web", (0, 1475)), of_web=ONE)),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a pod on a third node fails as well",
        snapshot(agent(1500, 700), shop(pods=8, nodes=NODES), figures=failing("shop", {0: 1480, 1: 680, 2: 500}, 8)),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "it came there an hour before",
        snapshot(agent(3500), FOUR, figures=failing("shop", {0: 600})),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "it is everywhere, and only the pod on one node fails",
        snapshot(agent(900, 880, 860, 840), FOUR, figures=failing("shop", {0: 890})),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "the node came a moment before, and with it its first agent",
        snapshot(agent(900), FOUR, thing("Node", "n1", age=960), figures=failing("shop", {0: 880})),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
