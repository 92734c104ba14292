"""A `respond_` playbook by itself, without the wrapper: one break, lived through by severity and approval.

What every kind of break ends with is test_faults.py's; this is what the severities allow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.api import Api
from lab.paths import Lab
from lab.settings import NAMESPACE
from tests.lab.world import Audit, Done, lab_command, reset_platform, responder_at

pytestmark = pytest.mark.lab

PLAYBOOK = "respond_service_crash"
INCIDENT = "INC-20300701-001"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/backend-gateway"
LAST_GOOD = f"/api/v1/namespaces/{NAMESPACE}/configmaps/tuheg-ir-last-good-backend-gateway"


@dataclass
class Story:
    """Each run, what it stored, and the Deployment after it."""

    good: dict[str, Any]
    runs: dict[str, Done] = field(default_factory=dict)
    stored: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, dict[str, Any]] = field(default_factory=dict)

    def result(self, name: str) -> dict[str, Any]:
        found = re.search(r"^\tRUN: (\{.*\})$", self.runs[name].out, re.MULTILINE)
        assert found, self.runs[name].told()
        return dict(json.loads(found[1])["ir_result"])


RUNS: dict[str, dict[str, Any]] = {
    "P1": {"ir_severity": "P1"},
    "P2": {"ir_severity": "P2"},
    "approved": {"ir_severity": "P1", "ir_approved_by": "tester"},
    "again": {"ir_severity": "P1", "ir_approved_by": "tester"},
    "third": {"ir_severity": "P0"},
}


@pytest.fixture(scope="module")
def story(lab: Lab, load: None, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    reset_platform()
    who = responder_at(lab, tmp_path_factory.mktemp("home"))
    try:
        recorded = who.playbook("verify_service", ir_record_good="true")
        assert recorded.code == 0, recorded.told()
        told = Story(api.get(DEPLOYMENT)["spec"]["template"])
        broken = lab_command("break", "crash-at-start", "--wait", "--format", "json")
        assert broken.code == 0, broken.told()
        audit = Audit(lab.run / "audit.log")
        for name, inputs in RUNS.items():
            audit.start()
            told.runs[name] = who.playbook(PLAYBOOK, ir_incident=INCIDENT, **inputs)
            told.stored[name] = audit.stored()
            told.after[name] = api.get(DEPLOYMENT)
        yield told
    finally:
        reset_platform()


def of_the_platform(stored: list[str]) -> list[str]:
    """Without the lock, which every run takes that may act."""
    return [each for each in stored if "leases/" not in each]


def test_at_p1_a_reversible_remedy_waits_for_approval_and_says_how_to_give_it(story: Story) -> None:
    result = story.result("P1")
    assert story.runs["P1"].code != 0
    assert result["status"] == "refused"
    assert result["facts"]["error"] == {
        "what": "a reversible remedy needs approval at P1",
        "which": "rollback_workload on Deployment/backend-gateway",
        "next": "approve with -e ir_approved_by=NAME (tuheg-ir respond: --yes)",
    }
    assert of_the_platform(story.stored["P1"]) == []


def test_a_restart_of_a_release_that_cannot_start_is_skipped_with_its_reason(story: Story) -> None:
    skipped = story.result("P1")["actions"][0]
    assert (skipped["remedy"], skipped["changed"], skipped["verdict"]) == ("restart_workload", False, "not_healed")
    assert skipped["reason"] == "the newest template ends at start; a restart runs it again"


def test_p2_makes_a_plan_and_changes_nothing_not_even_the_lock(story: Story) -> None:
    assert story.runs["P2"].code == 0, story.runs["P2"].told()
    assert story.result("P2")["status"] == "planned"
    assert story.stored["P2"] == []
    assert '-                        "image": "registry.invalid/lab/backend-gateway:1.1.0"' in story.runs["P2"].out, (
        story.runs["P2"].told()
    )


def test_approved_it_heals_by_the_last_good_template(story: Story) -> None:
    result = story.result("approved")
    assert (story.runs["approved"].code, result["status"]) == (0, "healed"), story.runs["approved"].told()
    assert story.after["approved"]["spec"]["template"] == story.good
    action = result["actions"][-1]
    assert (action["remedy"], action["class"], action["verdict"]) == ("rollback_workload", "reversible", "healed")
    assert action["undo"]["command"].startswith(f"kubectl -n {NAMESPACE} rollout undo deployment/backend-gateway ")


def test_three_runs_end_in_one_template_and_one_generation(story: Story) -> None:
    ends = [(each["spec"]["template"], each["metadata"]["generation"]) for each in list(story.after.values())[2:]]
    assert ends[0] == ends[1] == ends[2]
    for name in ("again", "third"):
        assert story.result(name)["status"] == "nothing_to_do"
        assert story.stored[name] == []
        assert "changed=0" in story.runs[name].out


def test_the_healed_template_stays_on_record(story: Story, api: Api) -> None:
    record = json.loads(api.get(LAST_GOOD)["data"]["template"])
    assert record["spec"] == story.good["spec"]


def test_the_result_has_exactly_the_fields_it_is_documented_with(story: Story) -> None:
    result = story.result("approved")
    assert set(result) == {
        "schema", "incident", "attempt", "run", "cluster", "namespace", "service", "fault", "severity", "status",
        "findings", "actions", "facts", "started", "ended",
    }  # fmt: skip
    assert set(result["actions"][-1]) == {
        "rung", "remedy", "target", "class", "changed", "temporary", "before", "after", "undo", "override", "verdict",
        "reason", "started", "ended",
    }  # fmt: skip
    assert set(result["findings"][0]) == {"component", "root_cause", "remedy", "target", "confidence", "evidence"}
    assert (result["schema"], result["attempt"], result["fault"]) == (1, 1, "service-crash")
