"""Each remedy and operation on a real cluster, by its own playbook and with the account's own rights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lab.paths import Lab
from tests.lab.scratch import NAMESPACE, SERVICES, Scratch, scratch_platform, until

pytestmark = pytest.mark.lab

BOTH = pytest.mark.parametrize("name", list(SERVICES))
BAD: dict[str, dict[str, Any]] = {
    "image": {"image": "registry.invalid/lab/nosuch:1", "imagePullPolicy": "Never"},
    "crash": {"command": ["/bin/false"]},
}


@pytest.fixture(scope="module")
def platform(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    yield from scratch_platform(lab, tmp_path_factory.mktemp("home"))


@pytest.fixture
def scratch(platform: Scratch, request: pytest.FixtureRequest) -> Scratch:
    platform.fresh((getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")) or "web")
    return platform


def autoscaler(high: int) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": high, "metrics": METRICS},
    }


METRICS = [
    {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 2000}}}
]


# --- restart_workload


@BOTH
def test_a_restart_replaces_every_pod_once_for_its_incident(scratch: Scratch, name: str) -> None:
    incident = scratch.incident()
    before = pods(scratch, name)
    first = scratch.act("restart_workload", ir_incident=incident, ir_service=name)
    after = pods(scratch, name)
    generation = scratch.get(SERVICES[name]["kind"], name)["metadata"]["generation"]
    second = scratch.act("restart_workload", ir_incident=incident, ir_service=name)

    assert (first.code, first.status, first.action["verdict"]) == (0, "healed", "healed"), first.out
    assert not before & after
    assert (second.code, second.status, second.changed) == (0, "nothing_to_do", 0), second.out
    assert pods(scratch, name) == after
    assert scratch.get(SERVICES[name]["kind"], name)["metadata"]["generation"] == generation


def test_what_awx_gives_is_enough_and_the_token_stays_out_of_sight(scratch: Scratch) -> None:
    config = json.loads(scratch.account.read_text(encoding="utf-8"))
    token = config["users"][0]["user"]["token"]
    given = {
        "KUBECONFIG": str(scratch.home / "none"),
        "K8S_AUTH_HOST": config["clusters"][0]["cluster"]["server"],
        "K8S_AUTH_API_KEY": token,
        "K8S_AUTH_VERIFY_SSL": "true",
        "K8S_AUTH_SSL_CA_CERT": str(scratch.lab.pki / "ca.crt"),
    }
    played = scratch.act("restart_workload", "--diff", "-vvv", env=given)
    assert (played.code, played.status) == (0, "healed"), played.out
    assert token not in played.out


def pods(scratch: Scratch, name: str) -> set[str]:
    listed = json.loads(scratch.kubectl("get", "pods", "-l", f"app={name}", "-o", "json"))["items"]
    return {pod["metadata"]["uid"] for pod in listed if "deletionTimestamp" not in pod["metadata"]}


def test_a_paused_workload_is_not_restarted_and_the_way_to_resume_it_is_named(scratch: Scratch) -> None:
    scratch.kubectl("rollout", "pause", "deployment/web")
    played = scratch.act("restart_workload")
    assert played.status == "refused"
    assert played.error["what"] == "Deployment/web is paused: it would take the change and replace no pod"
    assert f"kubectl rollout resume -n {NAMESPACE} deployment/web" in played.error["next"]


# --- rollback_workload


@pytest.mark.parametrize(("name", "bad"), [("web", "crash"), ("store", "image")])
def test_a_rollback_leaves_a_bad_release_for_the_last_good_template(scratch: Scratch, name: str, bad: str) -> None:
    good = scratch.template(name)
    recorded = scratch.play("verify_service", ir_service=name, ir_record_good=True)
    assert (recorded.code, recorded.changed) == (0, 1), recorded.out
    scratch.release(name, version="2", **BAD[bad])
    until(lambda: scratch.template(name) != good)

    played = scratch.act("rollback_workload", ir_service=name)
    assert (played.code, played.status) == (0, "healed"), played.out
    assert scratch.template(name)["spec"] == good["spec"]
    assert scratch.get(SERVICES[name]["kind"], name)["metadata"]["annotations"]["owner"] == "somebody"
    undo = played.action["undo"]["command"]
    assert undo.startswith(
        f"kubectl -n {NAMESPACE} rollout undo {SERVICES[name]['kind'].lower()}/{name} --to-revision="
    )


def test_the_undo_of_a_rollback_does_lead_back(scratch: Scratch) -> None:
    scratch.release("web", version="2")
    scratch.settled("web")
    left = scratch.template("web")
    played = scratch.act("rollback_workload")
    assert played.action["changed"], played.out
    scratch.kubectl(*played.action["undo"]["command"].split()[3:])
    assert scratch.template("web")["spec"] == left["spec"]


def test_three_rollbacks_of_one_incident_end_in_one_template_and_one_generation(scratch: Scratch) -> None:
    scratch.play("verify_service", ir_record_good=True)
    scratch.release("web", version="2")
    scratch.settled("web")
    incident = scratch.incident()
    ends = []
    for _ in range(3):
        played = scratch.act("rollback_workload", ir_incident=incident)
        assert played.code == 0, played.out
        workload = scratch.get("deployment", "web")
        ends.append(
            (
                workload["spec"]["template"],
                workload["metadata"]["generation"],
                any(each["changed"] for each in played.result["actions"]),
            )
        )
    assert ends[0][:2] == ends[1][:2] == ends[2][:2]
    assert [changed for *_, changed in ends] == [True, False, False]


def test_another_incident_does_not_roll_back_further_than_the_last_good_template(scratch: Scratch) -> None:
    scratch.release("web", version="2")
    scratch.settled("web")
    scratch.play("verify_service", ir_record_good=True)
    template = scratch.template("web")
    played = scratch.act("rollback_workload")
    assert played.status == "refused"
    assert "rolling back is no cure" in played.error["what"]
    assert scratch.template("web") == template


# --- scale_workload


def test_scaling_goes_through_the_autoscaler_and_says_how_to_take_it_back(scratch: Scratch) -> None:
    scratch.apply(autoscaler(high=4))
    incident = scratch.incident()
    played = scratch.act("scale_workload", ir_incident=incident)
    assert (played.code, played.status) == (0, "healed"), played.out
    hpa = scratch.get("hpa", "web")
    assert hpa["spec"]["minReplicas"] == 3
    assert hpa["metadata"]["annotations"]["ir.tuheg.com/min-replicas-before"] == "2"
    assert scratch.get("deployment", "web")["spec"]["replicas"] == 3
    assert played.action["undo"]["command"] == (
        f'kubectl -n {NAMESPACE} patch hpa web --type=merge -p \'{{"spec":{{"minReplicas":2}}}}\''
    )
    again = scratch.act("scale_workload", ir_incident=incident)
    assert (again.status, again.changed) == ("nothing_to_do", 0), again.out


def test_beyond_the_autoscalers_maximum_it_refuses_with_the_exact_command(scratch: Scratch) -> None:
    scratch.apply(autoscaler(high=2))
    played = scratch.act("scale_workload")
    assert played.status == "refused"
    assert played.error["next"] == (
        f'kubectl -n {NAMESPACE} patch hpa web --type=merge -p \'{{"spec":{{"maxReplicas":3}}}}\''
    )
    assert scratch.get("deployment", "web")["spec"]["replicas"] == 2


def test_a_quota_that_leaves_too_little_is_found_before_acting(scratch: Scratch) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight", "namespace": NAMESPACE}}
    scratch.apply({**quota, "spec": {"hard": {"pods": "4"}}})
    until(lambda: bool(scratch.get("resourcequota", "tight").get("status", {}).get("used")))
    played = scratch.act("scale_workload")
    assert played.status == "refused"
    assert played.error["what"] == "quota tight forbids 3 replicas: 1 more pods need 1 pods, 0 of 4 is left"
    assert scratch.get("deployment", "web")["spec"]["replicas"] == 2


def test_a_statefulset_is_scaled_as_well(scratch: Scratch) -> None:
    played = scratch.act("scale_workload", rung={"args": {"replicas": 3}}, ir_service="store")
    assert (played.code, played.status) == (0, "healed"), played.out
    assert scratch.get("statefulset", "store")["spec"]["replicas"] == 3


# --- verify_service, collect_evidence


def test_a_template_is_recorded_once(scratch: Scratch) -> None:
    first = scratch.play("verify_service", ir_record_good=True)
    second = scratch.play("verify_service", ir_record_good=True)
    assert [(each.code, each.status, each.changed) for each in (first, second)] == [
        (0, "nothing_to_do", 1),
        (0, "nothing_to_do", 0),
    ], first.out + second.out
    record = scratch.get("configmap", "tuheg-ir-last-good-web")["data"]
    assert json.loads(record["template"])["spec"] == scratch.template("web")["spec"]


def test_a_sick_service_is_told_and_not_recorded(scratch: Scratch) -> None:
    scratch.release("web", version="2", **BAD["image"])
    until(lambda: "ErrImageNeverPull" in scratch.kubectl("get", "pods", "-l", "app=web"))
    played = scratch.play("verify_service", ir_record_good=True)
    assert (played.status, played.changed) == ("not_healed", 0)
    assert "ErrImageNeverPull" in played.error["what"]
    assert scratch.get("configmap", "tuheg-ir-last-good-web") == {}


def test_evidence_of_a_crash_is_kept_where_it_was_asked_for(scratch: Scratch, tmp_path: Path) -> None:
    scratch.release("web", version="2", command=["/bin/sh", "-c", "echo password=hunter2 last words; exit 3"])
    until(lambda: "last words" in logs(scratch, tmp_path))
    kept = "".join(file.read_text(encoding="utf-8") for file in tmp_path.rglob("*") if file.is_file())
    assert "hunter2" not in kept
    names = {file.name for file in tmp_path.rglob("*") if file.is_file()}
    assert {"workload.json", "revisions.json", "pods.json", "events.json"} <= names


def logs(scratch: Scratch, folder: Path) -> str:
    played = scratch.play("collect_evidence", ir_evidence_dir=str(folder), ir_run="r1")
    assert played.code == 0, played.out
    return "".join(file.read_text(encoding="utf-8") for file in folder.rglob("*.log"))


# --- the lock


def lease(holder: str, renewed: datetime, **annotations: str) -> dict[str, Any]:
    stamp = renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "tuheg-ir-web", "namespace": NAMESPACE, "annotations": annotations},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 300, "acquireTime": stamp, "renewTime": stamp},
    }


OTHER = "INC-20300601-999/other"


def test_a_service_that_another_run_holds_is_left_alone_and_the_holder_named(scratch: Scratch) -> None:
    scratch.apply(lease(OTHER, datetime.now(UTC)))
    played = scratch.act("restart_workload")
    assert played.status == "refused"
    assert played.error["what"].startswith(f"{OTHER} holds tuheg-ir-web until ")
    assert f"-e ir_lock_takeover={OTHER}" in played.error["next"]
    assert played.changed == 0
    assert scratch.get("lease", "tuheg-ir-web")["spec"]["holderIdentity"] == OTHER


@pytest.mark.parametrize(
    ("age_s", "inputs"), [(0, {"ir_lock_takeover": OTHER}), (600, {})], ids=["known to be dead", "expired"]
)
def test_the_lock_of_a_dead_run_is_taken_and_given_back(scratch: Scratch, age_s: int, inputs: dict[str, Any]) -> None:
    scratch.apply(lease(OTHER, datetime.now(UTC) - timedelta(seconds=age_s)))
    played = scratch.act("restart_workload", **inputs)
    assert played.status == "healed", played.out
    assert not scratch.get("lease", "tuheg-ir-web")["spec"].get("holderIdentity")


def test_a_run_may_wait_for_the_lock_and_gives_up_in_time(scratch: Scratch) -> None:
    scratch.apply(lease(OTHER, datetime.now(UTC)))
    played = scratch.act("restart_workload", ir_lock_wait_s=2)
    assert played.status == "refused"
    scratch.apply(lease(OTHER, datetime.now(UTC) - timedelta(seconds=280)))
    waited = scratch.act("restart_workload", ir_lock_wait_s=60)
    assert waited.status == "healed", waited.out
    # it looked again, for the other run may have healed the service
    assert waited.out.count("TASK [tuheg.ir.common : Judge the first look]") == 2
    assert len(re.findall(r"Judge the first look\] \**\nok:", waited.out)) == 2


def test_the_number_of_another_incident_is_refused(scratch: Scratch) -> None:
    incident = scratch.incident()
    scratch.apply(lease("", datetime.now(UTC), **{f"ir.tuheg.com/{incident}": "another-uid"}))
    played = scratch.act("restart_workload", ir_incident=incident)
    assert played.status == "refused"
    assert "already the number of another incident" in played.error["what"]


# --- a plan


def test_a_plan_shows_the_diff_and_stores_nothing(scratch: Scratch) -> None:
    before = scratch.get("deployment", "web")["metadata"]["resourceVersion"]
    played = scratch.play("restart_workload", "--check", "--diff", ir_incident=scratch.incident())
    assert (played.code, played.status) == (0, "planned"), played.out
    assert '+                    "ir.tuheg.com/restarted-by"' in played.out
    assert "managedFields" not in played.out
    assert played.action["changed"] is False
    assert "about 3 min" in played.action["reason"]
    assert scratch.get("deployment", "web")["metadata"]["resourceVersion"] == before
    assert scratch.get("lease", "tuheg-ir-web") == {}
