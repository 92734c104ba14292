"""What the namespace gives to new pods, and what it gave to older ones."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.tiny import at, figure, snapshot, workload
from tuheg_ir.diagnosis.harm import harms
from tuheg_ir.diagnosis.view.view import View

SHOP = "Deployment/shop"


def barred(*limits: str, used: float | None = None) -> set[str]:
    """Return what would harm a workload whose pods, the oldest first, were given these limits ("" none)."""
    objects = workload("shop", pods=len(limits))
    for number, (pod, limit) in enumerate(zip(pods_of(objects), limits, strict=True)):
        pod["metadata"]["creationTimestamp"] = at(9000 - 1000 * number)
        if limit:
            note = "LimitRanger plugin set: cpu limit for container shop"
            pod["metadata"]["annotations"] = {"kubernetes.io/limit-ranger": note}
            own = pod["spec"]["containers"][0]
            pod["spec"] = {**pod["spec"], "containers": [{**own, "resources": {"limits": {"cpu": limit}}}]}
    names = [each["metadata"]["name"] for each in pods_of(objects)]
    figures = [] if used is None else [figure("cpu_usage", used, used, pod=name, container="shop") for name in names]
    found = harms(View.of(snapshot(objects, figures=figures)), SHOP)
    return {each.remedy for each in found if "gives new pods" in each.reason}


@pytest.mark.parametrize(
    ("limits", "remedies"),
    [
        (("2", "200m"), {"restart_workload", "restart_connection_pool"}),
        (("200m", "2"), set()),
        (("2", "1500m"), set()),
        (("200m", "200m"), set()),
        (("", "200m"), set()),
    ],
    ids=["much less", "more by now", "little less", "the same", "none before"],
)
def test_a_restart_harms_where_new_pods_are_given_much_less(limits: tuple[str, ...], remedies: set[str]) -> None:
    assert barred(*limits) == remedies


@pytest.mark.parametrize(("used", "harmful"), [(0.05, False), (0.15, True)])
def test_it_harms_nobody_who_does_not_use_so_much(used: float, harmful: bool) -> None:
    assert bool(barred("2", "200m", used=used)) == harmful
