"""On a real cluster: every bad roll-out is named in time, and no good word is ever said too early."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.kube import Client, KubeError, connect
from ansible_collections.tuheg.ir.plugins.module_utils.look import Look
from ansible_collections.tuheg.ir.plugins.module_utils.revisions import list_revisions, rollback_target
from ansible_collections.tuheg.ir.plugins.module_utils.rollout import look_once, read_moment, watch_rollout
from ansible_collections.tuheg.ir.plugins.module_utils.templates import template_hash, template_of

from lab.errors import LabError
from lab.kubectl import kubectl
from lab.paths import Lab
from tests.lab.rollout_cases import BAD, SERVE, Bad, changed, deployment, statefulset

pytestmark = pytest.mark.lab

SPACE = "ir-rollout-test"
GOOD = ("good", "paused", "meddled", "crash-later", "quota", "never-ready", "undo", *(bad.name for bad in BAD))


@dataclass
class Space:
    """The tests' own namespace and the ways into it."""

    lab: Lab
    client: Client

    def apply(self, *things: dict[str, Any]) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(things)}
        kubectl(self.lab, "-n", SPACE, "apply", "-f", "-", stdin=json.dumps(listed))

    def run(self, *words: str, stdin: str | None = None) -> str:
        return kubectl(self.lab, "-n", SPACE, *words, stdin=stdin)

    def get(self, name: str, kind: str = "Deployment") -> dict[str, Any]:
        return read_moment(self.client, kind, SPACE, name).workload

    def watch(self, name: str, kind: str = "Deployment", **options: Any) -> Look:
        return watch_rollout(self.client, kind, SPACE, name, **({"timeout_s": 40.0} | options))

    def pods(self, name: str) -> list[dict[str, Any]]:
        query = {"labelSelector": f"app={name}"}
        found: list[dict[str, Any]] = self.client.get(f"/api/v1/namespaces/{SPACE}/pods", query)["items"]
        return found


@pytest.fixture(scope="module")
def space(lab: Lab) -> Iterator[Space]:
    """A namespace with healthy Deployments, one for each test, made at once."""
    kubectl(lab, "wait", "--for=delete", f"namespace/{SPACE}", "--timeout=60s", timeout=70)  # of an earlier run
    kubectl(lab, "create", "namespace", SPACE)
    try:
        with connect({"kubeconfig": str(lab.kubeconfig)}, environ={}) as client:
            made = Space(lab, client)
            made.apply(*(deployment(name) for name in GOOD), statefulset("stateful"))
            for name in GOOD:
                look = made.watch(name, timeout_s=120)
                assert look.verdict == "healthy", look.reason
            yield made
    finally:
        kubectl(lab, "delete", "namespace", SPACE, "--wait=false")


class FirstSign:
    """Notes when a pod's own status first shows that something is wrong."""

    def __init__(self, space: Space, name: str) -> None:
        self.at: float | None = None
        self._space, self._name = space, name
        self._known = {pod["metadata"]["uid"] for pod in space.pods(name)}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while self.at is None and not self._stop.wait(0.1):
            new = [pod for pod in self._space.pods(self._name) if pod["metadata"]["uid"] not in self._known]
            if any(self._is_bad(pod["status"]) for pod in new):
                self.at = time.monotonic()

    @staticmethod
    def _is_bad(status: dict[str, Any]) -> bool:
        states = [each for key in ("containerStatuses", "initContainerStatuses") for each in status.get(key, [])]
        ended = any("terminated" in each["state"] or each["restartCount"] for each in states)
        waiting = [each["state"]["waiting"] for each in states if "waiting" in each["state"]]
        starting = ("ContainerCreating", "PodInitializing")
        # A kubelet that has not got a ConfigMap within a second does not know yet whether there is one.
        waits = any(
            each["reason"] not in starting and "failed to sync" not in each.get("message", "") for each in waiting
        )
        unscheduled = any(each.get("reason") == "Unschedulable" for each in status.get("conditions", []))
        return ended or waits or unscheduled


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_a_bad_roll_out_is_named_within_seconds_of_its_pods_first_failure(space: Space, bad: Bad) -> None:
    since = datetime.now(UTC)
    with FirstSign(space, bad.name) as sign:
        space.apply(changed(deployment(bad.name), bad.change))
        look = space.watch(bad.name, since=since)
        named_at = time.monotonic()
        time.sleep(0.2)  # the sign is looked for every 0.1 s
    assert look.verdict == "unhealthy", look
    assert re.fullmatch(bad.cause, look.cause), look
    assert bad.says in look.reason
    assert sign.at is not None
    assert named_at - sign.at < bad.within_s
    assert ("OOM" in look.reason) == (bad.name == "out-of-memory")


def test_a_quota_is_named_at_once(space: Space) -> None:
    space.run("create", "quota", "q", "--hard=pods=0")
    try:
        began = time.monotonic()
        space.run("rollout", "restart", "deployment/quota")
        look = space.watch("quota")
        took = time.monotonic() - began
    finally:
        space.run("delete", "quota", "q")
    assert (look.verdict, look.cause) == ("unhealthy", "FailedCreate")
    assert "exceeded quota: q" in look.reason
    assert took < 5
    deadline = time.monotonic() + 60  # its controller tries again when it thinks fit
    while (look := space.watch("quota")).verdict != "healthy" and time.monotonic() < deadline:
        time.sleep(1)
    assert look.verdict == "healthy", look.reason


def test_never_ready_is_named_when_its_deadline_passes_and_is_unknown_before(space: Space) -> None:
    def not_ready(_: dict[str, Any], container: dict[str, Any]) -> None:
        container["readinessProbe"]["httpGet"]["path"] = "/nosuch"

    space.apply(changed(deployment("never-ready"), not_ready))
    generation = space.get("never-ready")["metadata"]["generation"]
    early = space.watch("never-ready", timeout_s=4)
    assert (early.verdict, early.cause) == ("unknown", "timeout")
    late = space.watch("never-ready", generation=generation)
    assert (late.verdict, late.cause) == ("unhealthy", "deadline")


def test_a_good_restart_is_healthy_and_a_fresh_look_at_its_pods_agrees(space: Space) -> None:
    for _ in range(3):
        before = {pod["metadata"]["name"] for pod in space.pods("good")}
        since = datetime.now(UTC)
        space.run("rollout", "restart", "deployment/good")
        look = space.watch("good", since=since, generation=space.get("good")["metadata"]["generation"])
        live = [pod for pod in space.pods("good") if "deletionTimestamp" not in pod["metadata"]]
        assert look.verdict == "healthy", look.reason
        assert not before & {pod["metadata"]["name"] for pod in live}
        assert {pod["name"] for pod in look.pods} == {pod["metadata"]["name"] for pod in live}
        assert len(live) == 2


def test_right_after_a_change_it_is_not_called_healthy(space: Space) -> None:
    space.run("rollout", "restart", "deployment/good")
    assert look_once(space.client, "Deployment", SPACE, "good").verdict != "healthy"
    assert space.watch("good").verdict == "healthy"


def test_a_paused_roll_out_is_unknown(space: Space) -> None:
    space.run("rollout", "pause", "deployment/paused")
    space.apply(changed(deployment("paused"), lambda _, box: box.update(env=[{"name": "A", "value": "1"}])))
    look = space.watch("paused", timeout_s=5)
    assert (look.verdict, look.cause) == ("unknown", "paused")
    assert "resume it" in look.reason


def test_a_spec_that_someone_changes_while_we_watch_is_unknown(space: Space) -> None:
    generation = space.get("meddled")["metadata"]["generation"]
    space.run("set", "env", "deployment/meddled", "A=1")
    begun = time.monotonic()
    look = space.watch("meddled", generation=generation)
    assert (look.verdict, look.cause) == ("unknown", "spec_changed")
    assert time.monotonic() - begun < 2


def test_scaled_to_zero_is_unhealthy(space: Space) -> None:
    space.run("scale", "deployment/meddled", "--replicas=0")
    assert space.watch("meddled", timeout_s=10).cause == "scaled_to_zero"


def test_a_crash_after_it_was_ready_is_noticed_by_since_though_it_is_ready_again(space: Space) -> None:
    def crash_after_a_while(_: dict[str, Any], container: dict[str, Any]) -> None:
        container["command"] = ["sh", "-c", f"({SERVE}) & sleep 6; exit 5"]

    space.apply(changed(deployment("crash-later", replicas=1), crash_after_a_while))
    assert space.watch("crash-later").verdict == "healthy"
    since = datetime.now(UTC)
    deadline = time.monotonic() + 30
    again = look_once(space.client, "Deployment", SPACE, "crash-later")
    while not (again.verdict == "healthy" and again.pods[0]["restarts"]) and time.monotonic() < deadline:
        time.sleep(0.1)
        again = look_once(space.client, "Deployment", SPACE, "crash-later")
    look = look_once(space.client, "Deployment", SPACE, "crash-later", since=since)
    assert again.verdict == "healthy"
    assert (look.verdict, look.cause) == ("unhealthy", "Error")
    assert "exit 5 Error" in look.reason


def undo(space: Space, **wishes: str) -> dict[str, Any]:
    """Choose the target on the real objects and apply its patch as it is."""
    moment = read_moment(space.client, "Deployment", SPACE, "undo")
    target = rollback_target(moment.workload, moment.revisions, None, **wishes)
    if target["action"] == "rollback":
        patch = json.dumps(target["patch"], default=str)
        space.run("patch", "deployment", "undo", "--type=json", "-p", patch)
    return target


def test_a_roll_back_lands_on_the_old_template_keeps_annotations_and_three_runs_change_once(space: Space) -> None:
    good = space.get("undo")
    neighbour = deployment("neighbour")
    neighbour["spec"]["selector"]["matchLabels"] = {"app": "undo", "who": "neighbour"}
    neighbour["spec"]["template"]["metadata"]["labels"] = {"app": "undo", "who": "neighbour"}
    space.apply(neighbour)
    space.run("annotate", "deployment", "undo", "owner=team", "example.com/keep=this")
    space.run("set", "env", "deployment/undo", "A=bad")
    assert space.watch("undo").verdict == "healthy"
    wishes = {"incident": "INC-20251105-001", "key": "INC-20251105-001/1/rollback_workload"}
    first = undo(space, **wishes)
    after = space.get("undo")
    assert (first["action"], first["template_hash"]) == ("rollback", template_hash(template_of(good)))
    assert template_of(after) == template_of(good)
    assert after["metadata"]["annotations"].items() >= {"owner": "team", "example.com/keep": "this"}.items()
    assert space.watch("undo", generation=after["metadata"]["generation"]).revision == first["target"]
    for _ in range(2):
        assert undo(space, **wishes)["action"] == "none"
    assert space.get("undo")["metadata"]["generation"] == after["metadata"]["generation"]


def test_the_patch_is_refused_when_someone_wrote_meanwhile(space: Space) -> None:
    moment = read_moment(space.client, "Deployment", SPACE, "undo")
    running = template_hash(template_of(moment.workload))
    other = next(row for row in list_revisions(moment.workload, moment.revisions) if row.hash != running)
    patch = rollback_target(moment.workload, moment.revisions, None, to=other.name)["patch"]
    space.run("annotate", "deployment", "undo", "touched=1")
    with pytest.raises(LabError, match=r"the server rejected our request"):
        space.run("patch", "deployment", "undo", "--type=json", "-p", json.dumps(patch))
    assert template_hash(template_of(space.get("undo"))) == running


def test_a_statefulset_is_watched_too_and_its_stuck_pod_is_named(space: Space) -> None:
    kind = "StatefulSet"
    assert space.watch("stateful", kind).verdict == "healthy"
    space.run("rollout", "restart", "statefulset/stateful")
    assert space.watch("stateful", kind).verdict == "healthy"
    good = statefulset("stateful")
    space.apply(changed(good, lambda _, box: box.update(command=["sh", "-c", "exit 3"])))
    bad = space.watch("stateful", kind)
    assert (bad.verdict, bad.cause) == ("unhealthy", "Error")
    space.apply(good)
    stuck = space.watch("stateful", kind)
    assert (stuck.verdict, stuck.cause) == ("unhealthy", "stuck")
    space.run("delete", "pod", "stateful-0", "--wait=false")
    assert space.watch("stateful", kind).verdict == "healthy"


def test_a_namespace_without_the_workload_is_told(space: Space) -> None:
    with pytest.raises(KubeError, match=f"there is no Deployment nosuch in namespace {SPACE}"):
        space.watch("nosuch", timeout_s=5)
