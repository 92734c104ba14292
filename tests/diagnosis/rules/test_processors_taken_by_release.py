"""A release takes the processors of its nodes from its neighbours: it is taken back, and nobody else is restarted."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node
from tests.diagnosis.rules.scenes import SHOP, errors, latency, logs, rate
from tests.diagnosis.rules.tiny import NOW, Obj, event, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

BACK, AGAIN = "rollback_workload", "restart_workload"
ENCODER = "Deployment/encoder"
CAME = 1200.0
BOUND: dict[str, Any] = {"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "4Gi"}}}
UNBOUND: dict[str, Any] = {"resources": {"requests": {"cpu": "1"}, "limits": {"memory": "4Gi"}}}
OLD = {"image": "registry.example/encoder:0"}
LATE = 'Readiness probe failed: Get "http://10.1.2.1:8080/ready": context deadline exceeded'
STARVED = "the heartbeat has been running for 00:00:03. This could be caused by thread pool starvation."
Figure = tuple[str, Series]


def sized(name: str, cpu: str = "4") -> Obj:
    """Return a node of some processors."""
    made = node(name)
    return made | {"status": made["status"] | {"capacity": {"cpu": cpu}}}


def taken(now: float, before: float | None = 1.9, *, nodes: int = 1, name: str = "encoder") -> list[Figure]:
    """Return how many processors the pods take that came with a release, and what one took that is gone."""
    found = []
    for index in range(nodes):
        of = figure("cpu_usage", now, now, pod=pod(name, index), container=name)[1]
        found.append(("cpu_usage", Series(of.labels, tuple(p for p in of.points if p[0] > NOW.timestamp() - CAME))))
    if before is not None:
        gone = figure("cpu_usage", before, before, pod=f"{name}-6d5f-x2x9z", container=name)[1]
        found.append(("cpu_usage", Series(gone.labels, tuple(p for p in gone.points if p[0] < NOW.timestamp() - CAME))))
    return found


def early(now: float) -> list[Figure]:
    """Return what the pods of a program take since the whole hour."""
    return [figure("cpu_usage", now, now, pod=pod("encoder"), container="encoder")]


def slow(*seconds: float, name: str = "shop", since: float = CAME - 60) -> list[Figure]:
    """Return how long the pods of a workload take."""
    return [figure("latency_p95_by_pod", 0.1, s, since, pod=pod(name, n)) for n, s in enumerate(seconds)]


def waiting(*shares: float, name: str = "shop") -> list[Figure]:
    """Return in which share of their time the pods of a workload wait for a processor."""
    each = enumerate(shares)
    return [figure("cpu_waiting", 0.01, s, CAME - 30, pod=pod(name, n), container=name) for n, s in each]


def busy(*shares: float) -> list[Figure]:
    """Return which share of their processors nodes use."""
    return [figure("node_cpu_share", 0.4, s, CAME - 30, node=f"n{n + 1}") for n, s in enumerate(shares)]


def beside(
    *figures: Figure,
    pods: int = 2,
    own: int = 1,
    name: str = "encoder",
    more: tuple[Any, ...] = (),
    said: tuple[Any, ...] = (),
    **released: Any,
) -> Snapshot:
    """Return a shop whose pods are on a node each, and a program that was released onto the first of them."""
    on = tuple(f"n{n + 1}" for n in range(own))
    made = workload(name, **{"pods": own, "nodes": on, "released": CAME, "before": BOUND, **UNBOUND, **released})
    theirs = workload("shop", pods=pods, nodes=tuple(f"n{n + 1}" for n in range(pods)))
    return snapshot(theirs, made, *(sized(f"n{n + 1}") for n in range(pods)), *more, figures=figures, logs=said)


def probes(*numbers: int, count: int = 30, age: float = 60) -> list[Obj]:
    """Return that probes of some pods of the shop fail."""
    return [event(f"Pod/{pod('shop', n)}", "Unhealthy", LATE, age=age, count=count) for n in numbers]


def coded(*figures: Figure, **more: Any) -> Snapshot:
    """Return the same of a release that brought another program, and left the limit as it was: there was none."""
    return beside(*figures, **{"before": OLD, "resources": UNBOUND["resources"], **more})


FOUND = (ENCODER, "configuration_error", BACK)
HANGS = (SHOP, "service_crash", AGAIN)
FULL = [*busy(0.99, 0.4), *slow(4.0, 0.1)]
HOLDS = [
    Holds(
        "its limit is gone, and the pod beside it is slow",
        beside(*FULL, *taken(3.1)),
        FOUND,
        excludes=(*no(AGAIN, "scale_workload", at=ENCODER), *no(AGAIN, BACK, at=SHOP)),
        harmful=(AGAIN,),
        alone=True,
    ),
    Holds(
        "its limit is gone on two nodes of three: most pods of the shop are slow, and tell that they are stuck",
        beside(
            *(*busy(0.99, 0.98, 0.4), *slow(4.0, 2.0, 0.1), *waiting(0.8, 0.4, 0.01), *taken(3.1, nodes=2)),
            *(errors("shop", 0.2, CAME - 60), latency("shop", since=CAME - 60)),
            pods=3,
            own=2,
            said=(*logs("shop", STARVED, 0, 1),),
        ),
        FOUND,
        harmful=(AGAIN,),
        alone=True,
    ),
    Holds(
        "its limit is gone, another image came as well, and nobody knows what it took before",
        beside(*FULL, *taken(2.9, None), before={**BOUND, **OLD}),
        FOUND,
        harmful=(AGAIN,),
        alone=True,
    ),
    Holds(
        "another program takes many times what the one before took",
        coded(*FULL, *taken(3.4, 0.4)),
        (ENCODER, "code_defect", BACK),
        harmful=(AGAIN,),
        alone=True,
    ),
    Holds(
        "nobody measures the node, nor how slow the shop is: its probes fail there, and it waits for a processor",
        beside(*taken(3.5), *waiting(0.7, 0.01), more=(*probes(0),)),
        FOUND,
        harmful=(AGAIN,),
        alone=True,
    ),
    Holds(
        "nobody measures who waits: its probes fail there, and it does less than before",
        beside(
            *(*busy(0.99, 0.4), *taken(3.1)),
            *(
                figure("cpu_usage", 0.5, u, CAME - 30, pod=pod("shop", n), container="c")
                for n, u in ((0, 0.3), (1, 0.5))
            ),
            more=(*probes(0),),
        ),
        FOUND,
        harmful=(AGAIN,),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the node has time left, and a pod beside it hangs", beside(*busy(0.6, 0.4), *slow(4, 0.1), *taken(3.1)), HANGS
    ),
    DoesNotHold("it takes no more than its limit before", beside(*busy(0.99, 0.4), *slow(4.0, 0.1), *taken(1.9))),
    DoesNotHold("another program takes what the one before took", coded(*FULL, *taken(3.1, 2.9))),
    DoesNotHold("nobody knows what the program before took", coded(*FULL, *taken(3.1, None))),
    DoesNotHold(
        "a pod that is not beside it is as slow",
        beside(*busy(0.99, 0.4, 0.4), *slow(4, 0.1, 4), *taken(3.1), pods=3),
        (ENCODER, "configuration_error", BACK),  # as faint as what only stood near
    ),
    DoesNotHold(
        "another pod beside it is well",
        beside(*busy(0.99, 0.98, 0.4), *slow(4, 0.1, 0.1), *taken(3.1, nodes=2), pods=3, own=2),
        HANGS,
    ),
    DoesNotHold("the shop was as slow before", beside(*busy(0.99, 0.4), *slow(4.0, 0.1, since=3000), *taken(3.1))),
    DoesNotHold(
        "its release is an hour older than what the shop suffers",
        beside(*busy(0.99, 0.4), *slow(4.0, 0.1, since=CAME - 60), *early(3.1), released=CAME + 1900),
    ),
    DoesNotHold("it was not released", beside(*FULL, *taken(3.1), before=None)),
    DoesNotHold("it is asked twice as much", beside(*FULL, *taken(3.1), rate("encoder", 50, 120, CAME))),
    DoesNotHold(
        "probes fail there, and it waits for nothing",
        beside(*busy(0.99, 0.4), *taken(3.1), *waiting(0.01, 0.01), more=(*probes(0),)),
    ),
    DoesNotHold(
        "probes fail everywhere", beside(*busy(0.99, 0.4), *taken(3.1), *waiting(0.7, 0.7), more=(*probes(0, 1),))
    ),
    DoesNotHold(
        "two came there at once that take far more than before",
        beside(
            *(*FULL, *taken(1.6, 0.3), *taken(1.6, 0.3, name="packer")),
            more=(*workload("packer", pods=1, nodes=("n1",), released=CAME, before=OLD),),
            before={**OLD},
        ),
    ),
    DoesNotHold("all is well beside it", beside(*busy(0.99, 0.4), *slow(0.1, 0.1), *taken(3.1))),
]
