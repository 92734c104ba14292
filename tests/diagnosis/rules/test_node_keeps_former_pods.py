"""Pods of one node alone do not reach whom new pods stand behind: that node has not heard of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import OLD, errors, failing
from tests.diagnosis.rules.tiny import NOW, Obj, at, figure, pod, series, service_for, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

NODE, PROXY, CARD, SHOP = "Node/n1", "DaemonSet/kube-proxy", "Deployment/card", "Deployment/shop"
GO = "ERROR pay: dial tcp: card:8080: i/o timeout"
JAVA = "ERROR c.k.Client - failed: ConnectTimeoutException: connection timed out after 1000 ms: card/10.96.0.9:8080"
NODEJS = "error: connect EHOSTUNREACH card:8080"
RULES = 'I1129 20:10:14.2 1 proxier.go:1569] "Reloading service iptables data" numServices=61 numEndpoints={}'
WELL = "INFO order paid"
CALLS = {"CARD_URL": "http://card:8080", "RATE_URL": "http://rate:8080"}


def card(**more: Any) -> list[Obj]:
    """Return whom they call: it was released ten minutes ago, and its pods are on other nodes."""
    return workload("card", **{"before": OLD, "released": 620, "nodes": ("n2", "n3"), **more})


def rated(came: float = 2400) -> list[Obj]:
    """Return another one that they call, one of whose pods was made anew long before that, by the same template."""
    made = workload("rate", nodes=("n2", "n3"))
    pods_of(made)[0]["metadata"]["creationTimestamp"] = at(came)
    return made


def shop(**more: Any) -> list[Obj]:
    return workload("shop", **{"pods": 3, "nodes": ("n1", "n2", "n3"), "env": CALLS, **more})


def says(number: int, *told: tuple[float, str], name: str = "shop") -> Log:
    """Return the log of a pod that works all the hour, and what it tells beside that, each a minute from an age on."""
    lines = [(float(age), WELL) for age in range(3500, 0, -60)]
    lines += [(float(age), line) for since, line in told for age in range(int(since), 0, -60)]
    return timed(pod(name, number), *sorted(lines, key=lambda each: -each[0]))


def proxies(*counts: Sequence[tuple[float, int]]) -> tuple[list[Obj], list[Log]]:
    """Return a proxy on each node, and what it tells of the number of endpoints: (age, number)."""
    made = workload("kube-proxy", kind="DaemonSet", pods=3, nodes=("n1", "n2", "n3"), service=False)
    names = [str(each["metadata"]["name"]) for each in pods_of(made)]
    told = [
        timed(name, *((age, RULES.format(number)) for age, number in each), of="kube-proxy")
        for name, each in zip(names, counts, strict=False)
    ]
    return made, told


SAME = [(age, 118) for age in range(3500, 0, -30)]
"""What is told each half minute by who hears of nothing."""
TOLD = sorted([*SAME, (605, 119), (595, 117)], reverse=True)


def heard(**ages: float) -> list[tuple[str, Series]]:
    """Return when what leads Services to pods on each node heard of a change last."""
    return [("services_heard", series({"node": n}, (3600, NOW.timestamp() - age))) for n, age in ages.items()]


def nodes(*names: str) -> list[Obj]:
    """Return nodes with addresses, which is all that figures may tell of where they are."""
    return [
        thing("Node", name, status={"addresses": [{"type": "InternalIP", "address": f"10.0.0.{n + 1}"}]})
        for n, name in enumerate(names)
    ]


def world(
    *more: Iterable[Obj],
    ill: Sequence[tuple[float, str]] = ((600, JAVA),),
    logs: Sequence[Log] = (),
    figures: Sequence[tuple[str, Series]] = (),
    called: list[Obj] | None = None,
    **of_shop: Any,
) -> Snapshot:
    """Return a shop of three pods, of which the first tells of something, and what it calls."""
    told = logs or [says(0, *ill), says(1), says(2)]
    felt = [errors("shop", 0.33, since=590), errors("card", 0.0), *failing(0.95, 0.0, 0.0, since=590), *figures]
    rates = [figure("request_rate_by_pod", 5, 5, pod=pod("shop", n)) for n in range(3)]
    return snapshot(shop(**of_shop), called or card(), *more, logs=told, figures=[*felt, *rates])


AGENTS, SPEAK = proxies(SAME, TOLD, TOLD)
_, DEAF_ALL = proxies(SAME, SAME, SAME)
_, HEARD_ALL = proxies(TOLD, TOLD, TOLD)
BOTH = ((600, JAVA), (2390, "WARN score failed: connect timed out after 300 ms: rate/10.96.0.9:8080"))
BACK = ("rollback_workload", "restart_workload")
HARM = ("rollback_workload", "scale_workload")
BARS = (*no(*BACK, at=CARD), *no(*BACK, "scale_workload", at=SHOP))
HOLDS = [
    Holds(
        "what leads Services to pods there counts the same all the while, and counted others elsewhere",
        world(AGENTS, logs=[says(0, (600, JAVA)), says(1), says(2), *SPEAK]),
        (PROXY, "network_fault", "restart_workload"),
        excludes=BARS,
        harmful=HARM,
        alone=True,
    ),
    Holds(
        "by figures it heard of nothing since before the new pods came, which others did: its kind is known by name",
        world(
            workload("cilium", kind="DaemonSet", pods=3, nodes=("n1", "n2", "n3"), service=False),
            ill=((600, GO),),
            figures=heard(n1=1900, n2=590, n3=30),
        ),
        ("DaemonSet/cilium", "network_fault", "restart_workload"),
        excludes=BARS,
        harmful=HARM,
    ),
    Holds(
        "by figures that know nodes by their addresses; nobody sees who runs there",
        world(nodes("n1", "n2", "n3"), figures=heard(**{"10.0.0.1": 1900, "10.0.0.2": 590, "10.0.0.3": 30})),
        (NODE, "network_fault", "page_human"),
        excludes=BARS,
        harmful=(*HARM, "restart_workload"),
        sure=(0.7, 1.0),
    ),
    Holds(
        "nobody tells of the node, and it began for two of whom they call, each as it got new pods",
        world(rated(), ill=BOTH),
        (NODE, "network_fault", "page_human"),
        excludes=(*BARS, *no(*BACK, at="Deployment/rate")),
        harmful=(*HARM, "restart_workload"),
        began=2390,
    ),
    Holds(
        "all hear of changes, and of one whom they call alone: it is less sure, and nobody is taken back",
        world(AGENTS, ill=((600, NODEJS),), logs=[says(0, (600, NODEJS)), says(1), says(2), *HEARD_ALL]),
        (NODE, "network_fault", "page_human"),
        harmful=(*HARM, "restart_workload"),
        sure=(0.3, 0.75),
    ),
    Holds(
        "pods were made anew without a release: by a drain",
        world(called=card(before=None, started=620, age=620), ill=((600, JAVA),)),
        (NODE, "network_fault", "page_human"),
        harmful=(*HARM, "restart_workload"),
    ),
]
ONE_POD = (SHOP, "service_crash", "restart_workload")
DOES_NOT_HOLD = [
    DoesNotHold(
        "all of them tell of it, on all nodes: it is the release",
        world(logs=[says(n, (600, JAVA)) for n in range(3)], figures=failing(0.9, 0.9, 0.9, since=590)),
        (CARD, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "who has no new pods is not reached from there either: it is the node's network",
        world(workload("rate", nodes=("n2", "n3")), ill=((600, JAVA), (600, JAVA.replace("card/", "rate/")))),
        ONE_POD,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it told of the same long before the new pods came",
        world(ill=((2000, JAVA),)),
        ONE_POD,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "whom it does not reach has no address of a Service: it looks the pods up, and keeps their addresses itself",
        world(called=[*card(service=False), service_for("card", headless=True)]),
        ONE_POD,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the new pods are not ready",
        world(called=card(ready=1)),
        ONE_POD,
    ),
    DoesNotHold(
        "its answers are late, and it comes as far as to ask",
        world(ill=((600, "ERROR card:8080: read timed out"),)),
        ONE_POD,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it was started after them: it had nobody else to ask",
        world(started=400),
        ONE_POD,
        harmful=("rollback_workload",),
    ),
]
