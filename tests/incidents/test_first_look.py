"""What the first look at a service does while something else is at work on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.incidents.simulated import Shop, prepare, workload
from tests.incidents.test_kill import restarted
from tuheg_ir.sim.behaviour import Behaviour, Rule

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

SLOW_START = Rule("web:*", behaviour=Behaviour(ready_s=8.0))


@pytest.mark.parametrize(
    ("served_after", "status", "changes"),
    [(True, "nothing_to_do", []), (False, "healed", ["patch deployments/web"])],
    ids=["it ends well", "it leaves the service ill"],
)
def test_a_roll_out_under_way_is_waited_for_while_users_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served_after: bool, status: str, changes: list[str]
) -> None:
    def well(shop: Shop) -> bool:
        ready = int(shop.deployment()["status"].get("readyReplicas") or 0)
        return served_after or ready < 3 or restarted(shop)

    shop = Shop(tmp_path, well, "", autoscaler=False)
    shop.start()
    try:
        prepare(tmp_path, shop, monkeypatch)
        shop.cluster.behaviours.rules[:0] = [SLOW_START]
        shop.cluster.apply(workload("Deployment", "web", "web:1", 3))
        code, told = shop.respond("respond", "memory-leak", "--severity", "P0")
    finally:
        shop.stop()
    assert (code, told["status"]) == (0, status), told
    assert shop.acts == changes
