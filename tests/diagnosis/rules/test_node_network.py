"""The network of one node: its pods get none, or reach nobody while all others do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CALLS_CART, OLD, SHOP, WEB, logs, rate, shop
from tests.diagnosis.rules.tiny import Obj, at, event, figure, log, pod, redis, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot
from tuheg_ir.diagnosis.rules import node_network
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

NODE = ("Node/n1", "network_fault", "page_human")
MESSAGES = (
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "4f": '
    'plugin type="calico" failed (add): error getting ClusterInformation',
    "Failed to create pod sandbox: ... failed to allocate for range 0: no IP addresses available in range set",
    'networkPlugin cni failed to set up pod "x" network: add cmd: failed to assign an IP address to container',
)
LATE = "dial tcp 10.96.0.9:8080: i/o timeout"


def callers() -> list[list[Obj]]:
    return [shop(env=CALLS_CART), workload("web", env=CALLS_CART), workload("cart")]


ONE = [shop(env=CALLS_CART), workload("cart")]
HEARD = [*logs("shop", LATE, times=1), log(pod("shop", 1), "ok")]
FULL = "nf_conntrack: nf_conntrack: table full, dropping packet"
OF_ONE = "ERROR charge failed: dial tcp {}: i/o timeout"
UNRESOLVED = "dial tcp: lookup cart on 10.96.0.10:53: read udp 10.1.2.2:4242->10.96.0.10:53: i/o timeout"
NEITHER = "Error -3 connecting to redis:6379. Temporary failure in name resolution."
BUSY = "redis.exceptions.TimeoutError: Timeout reading from socket"


def ill_node(kind: str, message: str) -> Obj:
    """Return a node that a detector of problems tells of."""
    problem = {"type": kind, "status": "True", "reason": kind, "message": message}
    return thing("Node", "n1", status={"conditions": [{"type": "Ready", "status": "True"}, problem]})


def there_only(line: str, *names: str) -> list[Log]:
    """Return what the pods of some workloads on the one node repeat, and that their twins on the other are well."""
    return [each for name in names for each in (*logs(name, line), log(pod(name, 1), "ok"))]


def missed(*there: tuple[str, int], here: str = "") -> Snapshot:
    """Return two services that reach nobody from the node; one misses pods, each (workload, number), elsewhere too.

    ``here``: whose pod on the node a third one there misses.
    """
    made = {name: workload(name, env={"WEB_URL": "http://web:8080"}) for name in ("shop", "web", "cart", "front")}

    def of(name: str, number: int) -> str:
        return OF_ONE.format(f"{pods_of(made[name])[number]['status']['podIP']}:8080")

    lines = [*logs("shop", LATE), *logs("web", LATE), log(pod("web", 1), "ok")]
    lines.append(log(pod("shop", 1), *(of(*each) for each in there)))
    return snapshot(*made.values(), logs=[*lines, *(logs("front", of(here, 0)) if here else ())])


def hanging(*callers: str) -> Snapshot:
    """Return a pod on the node that hangs: all pods of its callers, there and elsewhere, time out on its address."""
    backend = workload("backend", pods=1)
    line = OF_ONE.format(f"{pods_of(backend)[0]['status']['podIP']}:8080")
    made = (workload(name, env={"BACKEND_URL": "http://backend:8080"}) for name in callers)
    return snapshot(backend, *made, logs=[each for name in callers for each in logs(name, line, 0, 1)])


FEED, CODE, BACK = "Deployment/feed", "code_defect", "rollback_workload"
ROOM_FOR = 262144


def feed(**more: Any) -> list[Obj]:
    """Return a program that was released half an hour ago, all of whose pods are on the one node."""
    return workload("feed", **{"nodes": ("n1",), "before": OLD, "released": 1800, **more})


def table(taken: float, *, before: float = 9000, since: float = 900, node: str = "n1") -> list[tuple[str, Series]]:
    """Return how many connections a node keeps track of, which climb from some time after the release on."""
    steps = ((3600, before), (1700, before + (taken - before) / 2), (since, taken))
    limit = ("node_connections_limit", series({"node": node}, (3600, ROOM_FOR)))
    return [("node_connections", series({"node": node}, *steps)), limit]


def opened(name: str, *held: float, first: float = 40) -> list[tuple[str, Series]]:
    """Return how many sockets the pods of a workload hold open since a quarter of an hour."""
    return [figure("pod_open_files", first, each, 900, pod=pod(name, n)) for n, each in enumerate(held)]


def crowded(*figures: tuple[str, Series], late: Sequence[str] = ("shop", "web"), **released: Any) -> Snapshot:
    """Return a node on which two services reach nobody since it has no room for a further connection."""
    said = [line for name in late for line in there_only(LATE, name)]
    measured = [*table(ROOM_FOR - 3), *table(11000, node="n2"), *figures]
    return snapshot(*callers(), feed(**released), logs=said, figures=measured)


def at_home(taken: float) -> Snapshot:
    """Return a node with a good part of a full table whose services have no pod anywhere else."""
    made = (workload(name, pods=1, nodes=("n1",), env=CALLS_CART) for name in ("shop", "web"))
    said = [line for name in ("shop", "web") for line in logs(name, LATE)]
    return snapshot(*made, workload("cart", nodes=("n2",)), feed(), logs=said, figures=table(taken))


def unready(*names: str, figures: Sequence[tuple[str, Series]] = (), since: float = 800) -> Snapshot:
    """Return workloads whose pod on the one node is not ready, and the one elsewhere is; no log tells of anything."""
    made = {name: workload(name, ready=1, nodes=("n2", "n1"), env=CALLS_CART) for name in names}
    for each in made.values():
        pods_of(each)[1]["status"]["conditions"][0]["lastTransitionTime"] = at(since)
    return snapshot(*made.values(), workload("cart", nodes=("n2",)), feed(), figures=figures)


FLAPS = event("Node/n1", "NICLinkFlap", "mlx5_core 0000:3b:00.0 eth0: Link down", age=30, count=20)

HOLDS = [
    Holds(
        "it has no room for connections, and what was released holds most of them",
        crowded(*opened("feed", 120000, 119000)),
        (FEED, CODE, BACK),
        excludes=(*no("restart_workload", "scale_workload", at=FEED), *no(BACK, at=SHOP), *no(BACK, at=WEB)),
        alone=True,
    ),
    Holds(
        "it has no room for connections, and one pod of what was set otherwise holds most of them",
        crowded(*opened("feed", 190000), pods=1, before={"env": {"POOL": "4"}}, env={"POOL": "4000"}, late=("shop",)),
        (FEED, "configuration_error", BACK),
        alone=True,
    ),
    Holds(
        "what was released holds most of them, and who suffers was released too, and has no pod elsewhere",
        snapshot(
            *(
                workload(name, pods=1, nodes=("n1",), env=CALLS_CART, before=OLD, released=1000)
                for name in ("shop", "web")
            ),
            workload("cart", nodes=("n2",)),
            feed(),
            logs=[line for name in ("shop", "web") for line in logs(name, LATE)],
            figures=[*table(ROOM_FOR), *opened("feed", 100000, 130000)],
        ),
        (FEED, CODE, BACK),
        alone=True,
    ),
    Holds("it has no room for connections, and who suffers there has no pod elsewhere", at_home(ROOM_FOR), NODE),
    Holds(
        "it has no room for connections since what was released holds them, and two pods there are not ready: no logs",
        unready("shop", "web", figures=[*table(ROOM_FOR), *opened("feed", 120000, 119000)]),
        (FEED, CODE, BACK),
        alone=True,
    ),
    *(
        Holds(
            f"it has no room for connections, and {what}",
            world,
            NODE,
            harmful=(BACK,),
        )
        for what, world in (
            ("nobody counts who holds them", crowded()),
            ("what was released holds few of them", crowded(*opened("feed", 20000, 19000))),
            (
                "what was released holds no more than its pods before",
                crowded(*opened("feed", 1.2e5, 1.2e5, first=1.2e5)),
            ),
            (
                "what was released holds as many as its pods that are gone",
                crowded(
                    *opened("feed", 120000, 119000),
                    *(figure("pod_open_files", 118000, 119000, pod=f"feed-6f4b-x2x9{n}") for n in range(2)),
                ),
            ),
            (
                "who holds them was released when there was none left",
                crowded(*opened("feed", 1.2e5, 1.2e5), released=600),
            ),
            ("who holds them was not released", crowded(*opened("feed", 1.2e5, 1.2e5), before=None)),
            (
                "who holds them is asked twice as much",
                crowded(*opened("feed", 1.2e5, 1.2e5), rate("feed", 100, 210, 1700)),
            ),
        )
    ),
    Holds("one service there reaches nobody, and its link goes down", snapshot(*ONE, FLAPS, logs=HEARD), NODE),
    *(
        Holds(f"one service there reaches nobody, and {what}", snapshot(*ONE, sign, logs=HEARD), NODE)
        for what, sign in (
            (
                "its kernel finds no room for connections",
                event("Node/n1", "ConntrackFull", f"kernel: {FULL}", count=90),
            ),
            ("a condition says so", ill_node("ConntrackFull", "the conntrack table is nearly full")),
            (
                "it knows too many neighbours",
                event("Node/n1", "Kernel", "neighbour: arp_cache: neighbor table overflow!"),
            ),
        )
    ),
    Holds(
        "names are not resolved there, and everywhere else they are",
        snapshot(*callers(), logs=there_only(UNRESOLVED, "shop", "web")),
        NODE,
        alone=True,
    ),
    Holds(
        "a cache is missed from there only",
        snapshot(
            *(workload(name, env={"REDIS_URL": "redis://redis:6379"}) for name in ("shop", "web")),
            redis(),
            logs=[
                *logs("shop", NEITHER),
                *logs("web", NEITHER),
                *logs("web", BUSY),
                *(log(pod(name, 1), "ok") for name in ("shop", "web")),
            ],
        ),
        NODE,
        alone=True,
    ),
    Holds(
        "who misses pods of several there from elsewhere has the same trouble", missed(("web", 0), ("cart", 0)), NODE
    ),
    *(
        Holds(
            f"its pods get no network: {message[-40:]}",
            snapshot(shop(env=CALLS_CART, ready=1), event(f"Pod/{pod('shop')}", "FailedCreatePodSandBox", message)),
            NODE,
        )
        for message in MESSAGES
    ),
    Holds(
        "its pods alone reach nobody",
        snapshot(
            *callers(),
            logs=[
                *(line for name in ("shop", "web") for line in logs(name, LATE, times=1)),
                *(log(pod(name, 1), "ok") for name in ("shop", "web")),
            ],
        ),
        NODE,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it has no room for connections, and one pod there is not ready",
        unready("shop", figures=[*table(ROOM_FOR), *opened("feed", 120000, 119000)]),
    ),
    DoesNotHold(
        "it has no room for connections, and two pods there have not been ready since long before",
        unready("shop", "web", figures=[*table(ROOM_FOR), *opened("feed", 120000, 119000)], since=3000),
    ),
    DoesNotHold("half of its room for connections is taken, and who suffers has no pod elsewhere", at_home(131072)),
    DoesNotHold(
        "it has no room for connections, and all its pods are well",
        snapshot(*callers(), feed(), figures=[*table(ROOM_FOR), *opened("feed", 120000, 119000)]),
    ),
    DoesNotHold("pods elsewhere are missed as well", missed(("web", 0), ("cart", 0), ("web", 1))),
    DoesNotHold("the pods of one workload there are missed elsewhere: they may hang", missed(("web", 0))),
    DoesNotHold(
        "one of the pods that are missed elsewhere is missed there too",
        missed(("web", 0), ("cart", 0), here="web"),
        ("Deployment/web", "service_crash", "restart_workload"),
    ),
    DoesNotHold("a pod there hangs: who calls it misses it from everywhere", hanging("web", "cart")),
    DoesNotHold(
        "its kernel finds no room for connections, and all its pods are well",
        snapshot(*ONE, event("Node/n1", "ConntrackFull", FULL, count=90)),
    ),
    DoesNotHold("one service there reaches nobody, and no link is bad", snapshot(*ONE, logs=HEARD)),
    DoesNotHold("its link goes down, and all its pods are well", snapshot(*ONE, FLAPS)),
    DoesNotHold(
        "pods everywhere reach nobody",
        snapshot(*callers(), logs=[line for name in ("shop", "web") for line in logs(name, LATE, 0, 1, times=1)]),
    ),
]


@pytest.mark.parametrize("nodes", [2, 12])
def test_pods_and_logs_are_gone_through_as_often_for_many_nodes_as_for_few(
    nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {f"one{n}": workload(f"one{n}", env=CALLS_CART, nodes=(f"n{n}", f"n{n + 1}")) for n in range(nodes)}
    line = OF_ONE.format(f"{pods_of(made['one0'])[0]['status']['podIP']}:8080")
    view = View(snapshot(*made.values(), workload("cart"), logs=[e for name in made for e in logs(name, line, 0, 1)]))
    asked = {"pods": 0, "complaints": 0}
    all_pods = View.pods

    def pods(self: View) -> Iterator[tuple[Workload, Pod]]:
        asked["pods"] += 1
        return all_pods(self)

    def gone_through(view: View, *troubles: str) -> tuple[Complaint, ...]:
        asked["complaints"] += 1
        return complaints(view, *troubles)

    monkeypatch.setattr(View, "pods", pods)
    monkeypatch.setattr("tuheg_ir.diagnosis.rules.node_network.complaints", gone_through)
    list(node_network.when(view))
    assert asked == {"pods": 3, "complaints": 1}
