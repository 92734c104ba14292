"""Each kind of break in lab/faults.yml, from symptom to cure, as a responder with the tool's own account lives it.

Breaking, curing and resetting cost minutes, so each kind is lived through once and the tests below
read what was kept of it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from lab.api import Api
from lab.faults import Break, load_breaks
from lab.paths import Lab
from lab.probing import ask_probes
from lab.settings import NAMESPACE
from lab.symptoms import Measure, measure
from tests.lab.world import Audit, Done, Responder, lab_command, reset_platform, responder_at

pytestmark = pytest.mark.lab

BREAKS = load_breaks()
#: What is said where no rule names a cause; a person is called then.
UNKNOWN = "unknown"
A_MINUTE = 60.0
#: What users feel.
FELT = {"backend-gateway/latency", "backend-gateway/errors"}
STAGES = ("internal_update", "user_notice", "summary")
#: The lock is taken and given back by every run that may act; it is no change of the platform.
LOCK = re.compile(r"leases/tuheg-ir-")


@dataclass
class Story:
    """What was kept of one break: commands, what they stored, and measurements."""

    kind: Break
    broken: Done
    diagnosed: list[Done] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    plan: Done | None = None
    after_plan: dict[str, Any] = field(default_factory=dict)
    plan_stored: list[str] = field(default_factory=list)
    plan_executed: list[str] = field(default_factory=list)
    runs: list[Done] = field(default_factory=list)
    symptom: list[Measure] = field(default_factory=list)
    again: Done | None = None
    again_stored: list[str] = field(default_factory=list)
    playbook: Done | None = None
    playbook_stored: list[str] = field(default_factory=list)

    @property
    def result(self) -> dict[str, Any]:
        """The `ir_result` of the last run that was to cure."""
        return self.runs[-1].data

    @property
    def needs_approval(self) -> bool:
        """Whether only an approved run gets to the cure."""
        return self.kind.ends.approved != self.kind.ends.exit

    @property
    def code(self) -> int:
        """The exit code that every run of this incident ends with once the cure is over."""
        return self.kind.ends.approved


def stored_objects(api: Api) -> dict[str, Any]:
    """What people and tools wrote into the namespace, without what controllers keep writing."""
    paths = {
        "deployments": "/apis/apps/v1",
        "statefulsets": "/apis/apps/v1",
        "horizontalpodautoscalers": "/apis/autoscaling/v2",
        "ingresses": "/apis/networking.k8s.io/v1",
        "configmaps": "/api/v1",
        "leases": "/apis/coordination.k8s.io/v1",
    }
    seen = {}
    for kind, group in paths.items():
        for item in api.get(f"{group}/namespaces/{NAMESPACE}/{kind}")["items"]:
            seen[f"{kind}/{item['metadata']['name']}"] = {
                "annotations": item["metadata"].get("annotations", {}),
                "labels": item["metadata"].get("labels", {}),
                "spec": item.get("spec"),
                "data": item.get("data"),
            }
    return seen


def respond(story: Story, who: Responder, *more: str) -> Done:
    kind = story.kind
    return who.cli("respond", kind.fault, "--service", kind.service, "--severity", "P0", *more)


def diagnoses(who: Responder) -> Iterator[Done]:
    """Yield what `diagnose` says until it names a cause, for a minute at most: figures of a minute take a minute."""
    end = time.monotonic() + A_MINUTE
    while True:
        said = who.cli("diagnose")
        yield said
        if [cause for _, cause in causes(said)] != [UNKNOWN] or time.monotonic() > end:
            return


def wait_for_a_good_minute() -> None:
    """Wait until the last minute was a good one: figures tell two breaks apart that have one between them."""
    end = time.monotonic() + 2 * A_MINUTE
    while any(each.verdict == "unhealthy" for each in ask_probes(FELT, window="1m")):
        assert time.monotonic() < end, "users suffer though nothing is broken"
        time.sleep(2)


def causes(said: Done) -> list[tuple[str, str]]:
    """Return component and cause of each finding."""
    return [(each["component"], each["root_cause"]) for each in said.data.get("findings", ())]


def live(story: Story, who: Responder, lab: Lab, api: Api, audit: Audit) -> None:
    """Diagnose, plan, cure, measure, and run the same incident twice more."""
    story.diagnosed = list(diagnoses(who))
    story.before = stored_objects(api)
    audit.start()
    story.plan = respond(story, who, "--plan")
    story.plan_stored, story.plan_executed = audit.stored(), audit.executed()
    story.after_plan = stored_objects(api)

    story.runs.append(respond(story, who))
    incident = story.runs[0].data.get("incident", "")
    if story.needs_approval:
        story.runs.append(respond(story, who, "--incident", incident, "--yes"))
    story.symptom = measure(lab, story.kind)

    audit.start()
    story.again = respond(story, who, "--incident", incident)
    story.again_stored = audit.stored()
    audit.start()
    inputs = {"ir_incident": incident, "ir_severity": "P0", "ir_service": story.kind.service}
    story.playbook = who.playbook(story.result.get("playbook", "none"), **inputs)
    story.playbook_stored = audit.stored()


@pytest.fixture(scope="module", params=list(BREAKS))
def story(
    request: pytest.FixtureRequest, lab: Lab, load: None, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """One break, lived through."""
    kind = BREAKS[request.param]
    wait_for_a_good_minute()
    told = Story(kind, lab_command("break", kind.kind, "--wait", "--format", "json"))
    try:
        if told.broken.code == 0:
            who = responder_at(lab, tmp_path_factory.mktemp(kind.kind) / "home")
            live(told, who, lab, api, Audit(lab.run / "audit.log"))
        yield told
    finally:
        reset_platform()


def test_the_symptom_is_measured(story: Story) -> None:
    assert story.broken.code == 0, story.broken.told()
    assert story.broken.data["shown"], story.broken.told()


def test_the_diagnosis_names_the_cause_and_nothing_else(story: Story) -> None:
    """As long as it cannot know, it says so; the first cause that it names is the right one."""
    last = story.diagnosed[-1]
    assert last.code == 0, last.told()
    assert causes(last) == [(story.kind.component, story.kind.cause)], last.told()


def test_a_plan_is_made_and_stores_nothing(story: Story) -> None:
    assert story.plan is not None
    assert story.plan.code == (3 if story.kind.ends.exit == 3 else 0), story.plan.told()
    assert story.plan_stored == []
    assert story.after_plan == story.before


def test_a_plan_executes_nothing_but_the_declared_query(story: Story) -> None:
    for uri in story.plan_executed:
        asked = unquote_plus(uri)
        assert "pg_stat_activity" in asked, asked
        assert "pg_terminate_backend" not in asked, asked


def test_respond_ends_as_expected(story: Story) -> None:
    first = story.runs[0]
    assert first.code == story.kind.ends.exit, first.told()
    if story.needs_approval:
        assert story.runs[1].code == story.kind.ends.approved, story.runs[1].told()


def test_the_remedy_that_is_known_to_cure_is_the_one_that_did(story: Story) -> None:
    if story.code != 0:
        assert [each for each in story.result["actions"] if each["changed"]] == []
        return
    healed = [each for each in story.result["actions"] if each["verdict"] == "healed"]
    assert [each["remedy"] for each in healed] == [story.kind.remedy], story.runs[-1].told()
    assert healed[0]["temporary"] == story.kind.temporary


def test_the_findings_name_the_component(story: Story) -> None:
    named = {finding["component"] for run in story.runs for finding in run.data["findings"]}
    assert story.kind.component in named


def test_the_symptom_is_gone_when_it_says_healed(story: Story) -> None:
    if story.code == 0:
        assert [each for each in story.symptom if each.there] == []
    else:
        assert [each for each in story.symptom if each.there], "the service recovered by itself: this proves nothing"


def test_the_messages_lie_ready_and_name_the_incident(story: Story) -> None:
    messages = {stage: Path(path) for stage, path in story.result["messages"].items()}
    wanted = STAGES if story.code == 0 else STAGES[:2]
    assert set(wanted) <= set(messages)
    for stage in wanted:
        assert messages[stage].read_text(encoding="utf-8").strip()
    assert story.result["incident"] in messages["internal_update"].read_text(encoding="utf-8")


def test_a_temporary_cure_leaves_a_follow_up_task(story: Story) -> None:
    if not story.kind.temporary:
        pytest.skip(f"{story.kind.kind} is cured for good")
    assert story.result["followups"], story.runs[-1].told()


def test_the_same_incident_again_changes_nothing(story: Story) -> None:
    assert story.again is not None
    assert story.again.code == story.code, story.again.told()
    assert [each for each in story.again.data["actions"] if each["changed"]] == []
    assert [each for each in story.again_stored if not LOCK.search(each)] == []


def test_the_same_incident_by_ansible_playbook_changes_nothing(story: Story) -> None:
    assert story.playbook is not None
    assert (story.playbook.code == 0) == (story.code == 0), story.playbook.told()
    assert [each for each in story.playbook_stored if not LOCK.search(each)] == []
    if story.code == 0:
        assert re.search(r"\bchanged=0\b", story.playbook.out), story.playbook.told()
