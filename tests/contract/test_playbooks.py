"""Production playbooks with the least-privilege account end the same in each place: all of ir_result."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.conftest import Kept
from tests.contract.places import Server, wait_for, where
from tests.contract.shop import Played, Shop, open_shop, workload

pytestmark = [pytest.mark.ansible, pytest.mark.slow]

EXPECTED: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "playbooks.yml").read_text(encoding="utf-8"))
#: Fits on no node, so it never runs: a bad release where there is a node, and where there is none.
TOO_LARGE = {"resources": {"requests": {"cpu": "900"}}}
#: A younger pod that fits nowhere is not called bad by a single look: room may come. 15 s, and something for clocks.
GRACE_S = 17.0


@pytest.fixture
def shop(server: Server, kept: Kept) -> Shop:
    """The platform as it was first; one in each place, for all tests."""
    made = kept.once("shop", server.name, lambda folder: kept.stack.enter_context(open_shop(server, folder)))
    made.fresh()
    return made


def ends(played: Played, name: str) -> None:
    """Compare with what is expected everywhere."""
    assert played.told() == EXPECTED[name], played.out


def pods(shop: Shop) -> set[str]:
    items = shop.server.api("GET", "/api/v1/namespaces/ir-contract-shop/pods").body["items"]
    return {pod["metadata"]["uid"] for pod in items if "deletionTimestamp" not in pod["metadata"]}


def unschedulable_for(shop: Shop) -> float:
    """Return for how many seconds a pod has fitted nowhere; 0 if all do."""
    items = shop.server.api("GET", "/api/v1/namespaces/ir-contract-shop/pods").body["items"]
    conditions = [each for pod in items for each in pod["status"].get("conditions", [])]
    since = [each["lastTransitionTime"] for each in conditions if each.get("reason") == "Unschedulable"]
    return (datetime.now(UTC) - datetime.fromisoformat(since[0])).total_seconds() if since else 0.0


def test_a_plan_of_a_restart_changes_nothing(shop: Shop) -> None:
    before = shop.deployment().body
    ends(shop.act("restart_workload", "--check"), "plan of a restart")
    assert shop.deployment().body == before


def test_a_restart_and_the_same_again(shop: Shop) -> None:
    incident, before = shop.incident(), pods(shop)
    ends(shop.act("restart_workload", ir_incident=incident), "restart")
    after = pods(shop)
    assert not before & after
    ends(shop.act("restart_workload", ir_incident=incident), "the same restart again")
    assert pods(shop) == after


def test_a_paused_workload_is_not_restarted(shop: Shop) -> None:
    shop.patch({"spec": {"paused": True}})
    ends(shop.act("restart_workload"), "restart of what is paused")


def test_what_there_is_not_is_not_restarted(shop: Shop) -> None:
    ends(shop.act("restart_workload", ir_service="ghost"), "restart of what there is not")


def test_scaling_goes_to_what_the_platform_allows(shop: Shop) -> None:
    ends(shop.act("scale_workload"), "scaling")
    assert shop.deployment().body["spec"]["replicas"] == 3


def test_a_bad_release_is_seen_and_rolled_back(shop: Shop) -> None:
    ends(shop.play("verify_service", ir_record_good=True), "a look at what is well, recorded")
    shop.release(**TOO_LARGE)
    wait_for(lambda: unschedulable_for(shop) > GRACE_S, "the bad release is not unschedulable")
    ends(shop.play("verify_service"), "a look at a bad release")
    ends(shop.act("rollback_workload"), "rollback")
    spec = workload()["spec"]["template"]["spec"]["containers"][0]
    container = shop.deployment().body["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == {}
    assert container["command"] == spec["command"]
    assert shop.deployment().body["metadata"]["annotations"]["owner"] == "somebody"


@pytest.mark.parametrize("server", where("node"), indirect=True)
def test_evidence_is_kept(shop: Shop, tmp_path: Path) -> None:
    played = shop.play("collect_evidence", ir_evidence_dir=str(tmp_path), ir_run="r1", ir_incident=shop.incident())
    kept = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert {"workload.json", "revisions.json", "pods.json", "events.json"} <= kept, played.out
    logs = [path.read_text() for path in tmp_path.rglob("*.log")]
    assert ["hello" in text for text in logs] == [True, True]
    assert (played.code, played.result["status"]) == (0, "nothing_to_do"), played.out
