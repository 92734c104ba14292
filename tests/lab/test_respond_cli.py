"""Severity, approval and bad input, against the real API with the tool's own account."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.paths import Lab
from lab.settings import API_PORT, NAMESPACE
from tests.lab.world import Audit, Done, Responder, lab_command, reset_platform, responder_at
from tuheg_ir.journal import open_journal

pytestmark = pytest.mark.lab

FAULT = "high-error-rate"


@dataclass
class Story:
    """One bad release, answered at each severity; what each answer stored in the cluster."""

    planned: Done
    planned_stored: list[str]
    refused: Done
    refused_stored: list[str]
    healed: Done
    healed_stored: list[str]
    home: Path


@pytest.fixture(scope="module")
def story(lab: Lab, load: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    responder = responder_at(lab, tmp_path_factory.mktemp("home"))
    audit = Audit(lab.run / "audit.log")
    try:
        yield answer_at_each_severity(responder, audit)
    finally:
        reset_platform()


def answer_at_each_severity(responder: Responder, audit: Audit) -> Story:
    broken = lab_command("break", "bad-release", "--wait")
    assert broken.code == 0, broken.told()
    done, stored = [], []
    for arguments in (["P2"], ["P1"], ["P1", "--yes"]):
        audit.start()
        done.append(responder.cli("respond", FAULT, "--severity", *arguments))
        stored.append(audit.stored())
    return Story(done[0], stored[0], done[1], stored[1], done[2], stored[2], responder.home)


def test_p2_makes_a_plan_and_changes_nothing(story: Story) -> None:
    assert story.planned.code == 0, story.planned.told()
    assert story.planned.data["status"] == "planned"
    assert story.planned.data["diffs"], "a plan shows what would be changed"
    assert story.planned_stored == []


def test_p1_refuses_what_can_be_taken_back_and_says_how_to_approve(story: Story) -> None:
    assert story.refused.code == 5, story.refused.told()
    assert story.refused.data["error"] == {
        "what": "a reversible remedy needs approval at P1",
        "which": "rollback_workload on Deployment/backend-gateway",
        "next": "approve with -e ir_approved_by=NAME (tuheg-ir respond: --yes)",
    }
    assert [each for each in story.refused_stored if "leases/" not in each] == []


def test_p1_with_approval_heals_and_keeps_who_approved(story: Story) -> None:
    assert story.healed.code == 0, story.healed.told()
    assert story.healed.data["status"] == "healed"
    assert "patch deployments/backend-gateway" in story.healed_stored
    with open_journal(story.home) as journal:
        events = journal.events(story.healed.data["incident"])
    (intent,) = [event for event in events if event.kind == "intent"]
    assert intent.data["approved_by"] == getpass.getuser()


def test_every_step_is_on_record_before_it_happens(story: Story) -> None:
    with open_journal(story.home) as journal:
        assert journal.verify() == []
        kinds = [event.kind for event in journal.events(story.healed.data["incident"])]
    wanted = ["incident_opened", "run_started", "process", "diagnosis", "intent", "outcome", "run_ended", "message"]
    assert [kind for kind in dict.fromkeys(kinds) if kind in wanted] == wanted


def administrator(lab: Lab, responder: Responder, **more: str) -> Responder:
    return replace(responder, env={**responder.env, "KUBECONFIG": str(lab.kubeconfig), **more})


def test_a_forbidden_verb_is_named(lab: Lab, responder: Responder) -> None:
    done = administrator(lab, responder, K8S_AUTH_IMPERSONATE_USER="a-stranger").cli(
        "respond", FAULT, "--severity", "P0"
    )
    assert done.code == 4, done.told()
    assert done.data["error"]["what"].startswith("our account lacks the right to get deployments (403: ")
    assert done.data["error"]["next"] == "give it the rights in rbac/"


def test_a_token_that_is_not_valid_any_more(lab: Lab, responder: Responder, audit: Audit) -> None:
    env = {name: value for name, value in responder.env.items() if name != "KUBECONFIG"}
    env |= {
        "K8S_AUTH_HOST": f"https://127.0.0.1:{API_PORT}",
        "K8S_AUTH_SSL_CA_CERT": str(lab.pki / "ca.crt"),
        "K8S_AUTH_API_KEY": "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjF9.c2lnbmF0dXJl",
        "HOME": os.devnull,
    }
    for command in (["diagnose"], ["respond", FAULT, "--severity", "P0"]):
        done = replace(responder, env=env).cli(*command)
        assert done.code == 4, done.told()
        what = done.data["error"]["what"].lower()
        assert what == "the api server does not accept our credentials (401 unauthorized)"
    assert audit.stored() == []


def test_a_workload_that_is_not_there(lab: Lab, responder: Responder) -> None:
    done = administrator(lab, responder).cli("respond", FAULT, "--severity", "P0", "-e", "ir_namespace=default")
    assert done.code == 4, done.told()
    assert done.data["error"]["what"] == "there is no Deployment backend-gateway in namespace default"


def test_diagnose_sees_that_it_is_healed(story: Story, responder: Responder, audit: Audit) -> None:
    done = responder.cli("diagnose")
    assert done.code == 0, done.told()
    assert (done.data["verdict"], done.data["namespace"]) == ("healthy", NAMESPACE), done.told()
    # The account is meant not to see Secrets.
    assert [source["source"] for source in done.data["sources"] if not source["ok"]] == ["secrets"]
    assert audit.stored() == []
    (query,) = set(audit.executed())
    assert "pg_stat_activity" in query
