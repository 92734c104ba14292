"""Who is outside of the cluster, by the addresses of nodes and the ranges of pods."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.diagnosis.rules.pods import node, pods_of
from tests.diagnosis.rules.tiny import snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.view.nodes import outside
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

SHOP = workload("shop")
OF_A_POD = pods_of(SHOP)[0]["status"]["podIP"]
NEAR_IT = OF_A_POD.rpartition(".")[0] + ".200"


def world() -> Snapshot:
    """Return a shop on a node that tells its address and its pods' range."""
    made = node("n1")
    made["status"]["addresses"] = [{"type": "InternalIP", "address": "192.168.7.4"}]
    made["spec"] = {"podCIDRs": ["10.44.0.0/24", "no range"]}
    return snapshot(SHOP, made)


@pytest.mark.parametrize(
    ("host", "is_outside"),
    [
        (OF_A_POD, False),
        (NEAR_IT, False),
        ("10.44.0.9", False),
        ("192.168.7.4", False),
        ("192.168.7.5", True),
        ("203.0.113.7", True),
        ("desk.shop.example", False),
    ],
    ids=["a pod", "a pod that was", "in a node's range", "a node", "beside a node", "anywhere", "no address"],
)
def test_who_is_outside_of_the_cluster(host: str, is_outside: bool) -> None:
    assert outside(View(world()), host) is is_outside


def test_the_ranges_of_pods_are_worked_out_once_however_many_hosts_are_asked_for() -> None:
    class Counted(View):
        asked = 0

        def pods(self) -> Iterator[tuple[Workload, Pod]]:
            self.asked += 1
            return super().pods()

    view = Counted(world())
    assert [outside(view, f"203.0.113.{n}") for n in range(9)] == [True] * 9
    assert view.asked == 1
