"""Pods beside those in which somebody else runs programs get too little: the intruder is behind it, or they are ill."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Answers
from tests.diagnosis.rules.pods import node
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

MINES = "[2026-03-04 11:59:01] miner    speed 10s/60s/15m 4120.1 4100.9 n/a H/s max 4300.2 H/s"
SITE = "Deployment/site"
ISOLATE = (SITE, "security_incident", "isolate_workload")
HANGS = [(SHOP, "service_crash", "restart_workload")]


def sized(name: str) -> Obj:
    """Return a node of eight processors."""
    made = node(name)
    return made | {"status": made["status"] | {"capacity": {"cpu": "8"}}}


def mined(*slow: float, takes: float = 6.5, since: float = 900, others: tuple[str, ...] = ("shop",)) -> Snapshot:
    """Return a site on n1 that mines since a quarter of an hour, and workloads whose pods on n1 and n2 are so slow."""
    figures = [
        figure("latency_p95_by_pod", 0.1, value, since, pod=pod(name, index))
        for name in others
        for index, value in enumerate(slow)
    ]
    return snapshot(
        workload("site", pods=1),
        *(workload(name, pods=len(slow)) for name in others),
        sized("n1"),
        sized("n2"),
        figures=[*figures, figure("cpu_usage", 0.1, takes, 880, pod=pod("site"), container="site")],
        logs=[log(pod("site"), *[MINES] * 30, since=890)],
    )


ANSWERS = [
    Answers("only the pod beside a miner is slow", mined(2.5, 0.1), [ISOLATE], also=(), harmful=("restart_workload",)),
    Answers(
        "most pods are beside it",
        mined(2.5, 0.1, 2.5),
        [ISOLATE],
        also=(),
        harmful=("restart_workload", "scale_workload"),
    ),
    Answers("pods of several workloads beside it are slow", mined(2.5, 0.1, others=("shop", "cart")), [ISOLATE], ()),
    Answers("it takes little, and a pod on its node hangs", mined(2.5, 0.1, takes=0.4), HANGS, (SITE,)),
    Answers("a pod on another node hangs", mined(0.1, 2.5), HANGS, (SITE,)),
    Answers("one of two pods beside it hangs", mined(2.5, 0.1, 0.1), HANGS, (SITE,)),
    Answers("a pod beside it was as slow long before", mined(2.5, 0.1, since=3000), HANGS, (SITE,)),
]
