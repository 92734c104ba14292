"""Pods beside those in which somebody else runs programs get too little: the intruder is behind it, or they are ill."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Answers
from tests.diagnosis.rules.pods import node
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.tiny import NOW, Obj, at, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

MINES = "[2026-03-04 11:59:01] miner    speed 10s/60s/15m 4120.1 4100.9 n/a H/s max 4300.2 H/s"
SITE = "Deployment/site"
ISOLATE = (SITE, "security_incident", "isolate_workload")
HANGS = [(SHOP, "service_crash", "restart_workload")]


def sized(name: str, disk_full: str = "False") -> Obj:
    """Return a node of eight processors."""
    made = node(name, DiskPressure=disk_full)
    return made | {"status": made["status"] | {"capacity": {"cpu": "8"}}}


def mined(
    *slow: float,
    takes: float = 6.5,
    since: float = 900,
    others: tuple[str, ...] = ("shop",),
    busy: float | None = 0.97,
    mines: float = 880,
    known: float = 3600,
    made: float | None = None,
    disk_full: str = "False",
) -> Snapshot:
    """Return a site on n1 that mines since a quarter of an hour, and workloads whose pods on n1 and n2 are so slow.

    ``busy``: share of n1's processors that is used. ``mines``: since when. ``known``: since when pods are measured.
    ``made``: how long ago the last pod was.
    """
    figures = [
        figure("latency_p95_by_pod", 0.1, value, since, pod=pod(name, index))
        for name in others
        for index, value in enumerate(slow)
    ]
    figures = [
        (signal, Series(each.labels, tuple(point for point in each.points if NOW.timestamp() - point[0] <= known)))
        for signal, each in figures
    ]
    world = snapshot(
        workload("site", pods=1),
        *(workload(name, pods=len(slow)) for name in others),
        sized("n1", disk_full),
        sized("n2"),
        figures=[
            *figures,
            figure("cpu_usage", 0.1, takes, mines, pod=pod("site"), container="site"),
            *([figure("node_cpu_share", 0.2, busy, mines, node="n1")] if busy is not None else []),
        ],
        logs=[log(pod("site"), *[MINES] * 30, since=mines + 10)],
    )
    if made is not None:
        last = next(each for each in world.objects["Pod"] if each["metadata"]["name"] == pod(others[0], len(slow) - 1))
        last["metadata"]["creationTimestamp"] = at(made)
    return world


def unsized(*pods: tuple[str, Series], takes: float = 3.5, mines: float = 880) -> Snapshot:
    """Return a site that mines beside the slow one of two pods of a shop, on a node of which nobody knows anything.

    ``pods``: what is known of these two besides.
    """
    return snapshot(
        workload("site", pods=1),
        workload("shop"),
        figures=[
            *(
                figure("latency_p95_by_pod", 0.1, now, mines - 10, pod=pod("shop", n))
                for n, now in enumerate((2.5, 0.1))
            ),
            figure("cpu_usage", 0.1, takes, mines, pod=pod("site"), container="site"),
            *pods,
        ],
        logs=[log(pod("site"), *[MINES] * 30, since=mines + 10)],
    )


def of_shop(signal: str, *now: float, was: float = 0.01) -> list[tuple[str, Series]]:
    """Return a figure of the processor of each of a shop's pods."""
    return [figure(signal, was, value, 870, pod=pod("shop", n), container="shop") for n, value in enumerate(now)]


ANSWERS = [
    *(
        Answers(f"nobody knows the node's size: {what}", world, [ISOLATE], also=(), harmful=("restart_workload",))
        for what, world in (
            ("the pod beside it waits for a processor", unsized(*of_shop("cpu_waiting", 0.5, 0.01))),
            ("the pod beside it does less than before", unsized(*of_shop("cpu_usage", 0.08, 0.14, was=0.14))),
        )
    ),
    *(
        Answers(f"nobody knows the node's size, and a pod beside it hangs: {what}", world, HANGS, (SITE,))
        for what, world in (
            ("it does as much as before", unsized(*of_shop("cpu_usage", 0.14, 0.14, was=0.14))),
            (
                "it does nothing, and nobody knows for what it waits",
                unsized(*of_shop("cpu_usage", 0.01, 0.14, was=0.14)),
            ),
            (
                "it waits for its own threads",
                unsized(*of_shop("cpu_usage", 3.0, 0.14, was=0.14), *of_shop("cpu_waiting", 0.5, 0.01)),
            ),
            (
                "it does nothing, and waits for nothing",
                unsized(*of_shop("cpu_usage", 0.01, 0.14, was=0.14), *of_shop("cpu_waiting", 0.01, 0.01)),
            ),
            (
                "it waits at a limit of its own",
                unsized(*of_shop("cpu_waiting", 0.5, 0.01), *of_shop("throttled_share", 0.6, 0.0)),
            ),
            ("the site takes little more than it did", unsized(*of_shop("cpu_waiting", 0.1, 0.01), takes=0.3)),
        )
    ),
    Answers("only the pod beside a miner is slow", mined(2.5, 0.1), [ISOLATE], also=(), harmful=("restart_workload",)),
    Answers(
        "most pods are beside it",
        mined(2.5, 0.1, 2.5),
        [ISOLATE],
        also=(),
        harmful=("restart_workload", "scale_workload"),
    ),
    Answers("pods of several workloads beside it are slow", mined(2.5, 0.1, others=("shop", "cart")), [ISOLATE], ()),
    Answers("it takes little, and a pod on its node hangs", mined(2.5, 0.1, takes=0.4, busy=0.3), HANGS, (SITE,)),
    Answers("a pod on another node hangs", mined(0.1, 2.5), HANGS, (SITE,)),
    Answers("one of two pods beside it hangs", mined(2.5, 0.1, 0.1), HANGS, (SITE,)),
    Answers(
        "a pod beside it was as slow long before", mined(2.5, 0.1, takes=7.0, busy=None, since=3000), HANGS, (SITE,)
    ),
    Answers("nobody measures the node, and pods use it up", mined(2.5, 0.1, takes=7.0, busy=None), [ISOLATE], also=()),
    Answers("a share below 0 is none, and pods use it up", mined(2.5, 0.1, takes=7.0, busy=-5.0), [ISOLATE], also=()),
    Answers("one of those beside it came since", mined(2.5, 0.1, 2.5, made=800), [ISOLATE], also=()),
    Answers("the node has time left, and a pod beside it hangs", mined(2.5, 0.1, takes=3, busy=0.5), HANGS, (SITE,)),
    Answers("pods use half of the node, and one hangs", mined(2.5, 0.1, takes=4, busy=None), HANGS, (SITE,)),
    Answers(
        "nobody knows how it was before",
        mined(2.5, 0.1, takes=7.0, busy=None, mines=3000, since=3000, known=1500),
        HANGS,
        (SITE,),
    ),
    Answers(
        "it mines for longer than anything is measured, and several workloads are ill on its node today",
        mined(2.5, 0.1, takes=2.5, busy=0.4, mines=3600, others=("shop", "cart")),
        [("Node/n1", "resource_exhaustion", "page_human")],
        (SITE,),
    ),
    Answers(
        "its node has no disk left besides",
        mined(2.5, 0.1, disk_full="True"),
        [("Node/n1", "resource_exhaustion", "page_human")],
        (SITE,),
    ),
]
