"""Memory that runs out since a release, and rose as fast under the template before: the release did not bring that."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import IMAGE, MORE, ROOM, SHOP, killed, shop
from tests.diagnosis.rules.tiny import NOW, pod, snapshot
from tuheg_ir.diagnosis.model import Series, Snapshot

RELEASED = 1500.0
STEP = 30.0
OLD = "shop-5f7c9d8b6b-older"
"""A pod of the former template, which is gone."""


def pace(name: str, *lives: tuple[float, float, float, float]) -> tuple[str, Series]:
    """Return memory of a pod that rises evenly in each life: from when to when (s ago), from what to what share."""
    points = [
        (NOW.timestamp() - age, low + (high - low) * (begun - age) / (begun - ended))
        for begun, ended, low, high in lives
        for age in (begun - STEP * n for n in range(int((begun - ended) / STEP) + 1))
    ]
    return "memory_share", Series({"pod": name, "container": "shop"}, tuple(points))


def leaking(*pods: tuple[str, Series]) -> Snapshot:
    """Return a shop, released 25 minutes ago, one of whose pods was killed since."""
    return snapshot(killed(shop(before=IMAGE, released=RELEASED)), figures=list(pods))


def beside(pod: tuple[str, Series]) -> tuple[str, Series]:
    """Return the memory of a pod as that of a helper in it."""
    signal, series = pod
    return signal, series._replace(labels={**series.labels, "container": "istio-proxy"})


FLAT = pace(f"{OLD}1", (3600, 1530, 0.4, 0.4))
FORMER = pace(OLD, (3600, 1530, 0.3, 0.9))
NEW = [pace(pod("shop", n), (1440, 0, 0.3, 0.72)) for n in range(2)]
FASTER = [pace(pod("shop", n), (1440, 0, 0.1, 0.97)) for n in range(2)]
SHORT = [(1440.0 - 150 * n, 1320.0 - 150 * n, 0.3, 0.97) for n in range(9)]
"""Lives of two minutes."""

HOLDS = (
    [
        Holds(
            f"memory rises since a release, and {what}: a person looks",
            leaking(*pods),
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, pods in (
            ("rose as fast in a pod before it", (FORMER, *NEW)),
            ("rose faster in a pod before it", (pace(OLD, (3600, 1530, 0.1, 0.9)), *NEW)),
            (
                "rose as fast before it, up to kills",
                (pace(OLD, (3600, 2400, 0.55, 0.9), (2370, 1530, 0.3, 0.55)), *NEW),
            ),
            (
                "rose as fast before it, and begins anew with each kill since",
                (FORMER, *(pace(pod("shop", n), (1440, 600, 0.65, 0.9), (570, 0, 0.3, 0.46)) for n in range(2))),
            ),
        )
    ]
    + [
        Holds(
            "memory rises since a release that raised the limit: shares of the two are not compared",
            snapshot(killed(shop(before={**IMAGE, **ROOM}, released=RELEASED, **MORE)), figures=[FORMER, *NEW]),
            (SHOP, "code_defect", "rollback_workload"),
        )
    ]
    + [
        Holds(f"memory rises since a release, and {what}", leaking(*pods), (SHOP, "code_defect", "rollback_workload"))
        for what, pods in (
            ("stood before it", (pace(OLD, (3600, 1530, 0.4, 0.4)), *NEW)),
            ("rose half as fast before it", (FORMER, *FASTER)),
            ("rose at one moment before it", (pace(OLD, (3600, 2400, 0.3, 0.3), (2370, 1530, 0.9, 0.9)), *NEW)),
            ("rises twice as fast in one of its pods", (FORMER, NEW[0], FASTER[1])),
            ("nobody knows how it was before", tuple(NEW)),
            (
                "another workload's rose before it",
                (FLAT, pace("shop-admin-5f7c9d8b6b-x2x4z", (3600, 1530, 0.1, 0.9)), *NEW),
            ),
            ("a helper's of a former pod rose before it", (FLAT, beside(FORMER), *NEW)),
            ("only a young one of three rose before it", (FLAT, FLAT, pace(f"{OLD}2", (2100, 1530, 0.1, 0.4)), *NEW)),
            ("each life is too short to show a pace", (FORMER, pace(pod("shop", 0), *SHORT))),
        )
    ]
)
