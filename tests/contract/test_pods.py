"""What becomes of pods is told alike: roll-outs that work, and the kinds that do not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.places import NAMESPACE, Server, place, wait_for, where
from tests.sim.api_client import MERGE, Reply

IMAGE = "registry.invalid/lab/redis:7"
Obj = dict[str, Any]


WITH_NODE = pytest.mark.parametrize("server", where("node"), indirect=True)


def workload(name: str, *, replicas: int = 1, **container: Any) -> Obj:
    main = {"name": "main", "image": IMAGE, "command": ["redis-server"], "imagePullPolicy": "IfNotPresent", **container}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [main]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec},
        },
    }


@pytest.fixture
def run(server: Server) -> Iterator[Callable[..., str]]:
    """Create a Deployment (or replace its template) and return its name; it is deleted afterwards."""
    made = []

    def start(name: str, **more: Any) -> str:
        body = workload(name, **more)
        reply = server.api("POST", place("deployments"), body)
        if reply.code == 409:
            patch = {"spec": body["spec"] | {"selector": None}}
            del patch["spec"]["selector"]
            reply = server.api("PATCH", place(f"deployments/{name}"), patch, kind=MERGE)
        assert reply.code in (200, 201), reply.body
        made.append(name)
        return name

    yield start
    for name in set(made):
        server.api("DELETE", place(f"deployments/{name}"), {"propagationPolicy": "Background"})


def pods(server: Server, name: str) -> list[Obj]:
    found: list[Obj] = server.api("GET", place(f"pods?labelSelector=app%3D{name}")).body["items"]
    return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]


def waiting(server: Server, name: str, reason: str) -> Callable[[], Obj | None]:
    """Return a test that gives the waiting state once a container of the workload has this reason."""

    def look() -> Obj | None:
        for pod in pods(server, name):
            for row in pod["status"].get("containerStatuses") or []:
                state: Obj = row["state"].get("waiting") or {}
                if state.get("reason") == reason:
                    return state
        return None

    return look


def complete(server: Server, name: str) -> Callable[[], Obj | None]:
    """Return a test that gives the Deployment once its roll-out is complete."""

    def look() -> Obj | None:
        obj: Obj = server.api("GET", place(f"deployments/{name}")).body
        status, wanted = obj["status"], obj["spec"]["replicas"]
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        done = counts == [wanted] * 3 and status.get("observedGeneration") == obj["metadata"]["generation"]
        return obj if done and reasons(obj).get("Progressing") == ("True", "NewReplicaSetAvailable") else None

    return look


def reasons(obj: Obj) -> dict[str, tuple[str, str]]:
    return {item["type"]: (item["status"], item["reason"]) for item in obj["status"].get("conditions") or []}


def test_a_roll_out_and_the_way_back(server: Server, run: Callable[..., str]) -> None:
    name = run("rolled", replicas=2)
    first = wait_for(complete(server, name))
    assert reasons(first) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    (pod, _) = pods(server, name)
    conditions = {item["type"]: item["status"] for item in pod["status"]["conditions"]}
    assert conditions == dict.fromkeys(
        ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"), "True"
    )
    run(name, replicas=2, env=[{"name": "A", "value": "1"}])
    second = wait_for(complete(server, name))
    run(name, replicas=2, env=[])
    back = wait_for(complete(server, name))
    revisions = [obj["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for obj in (first, second, back)]
    assert revisions == ["1", "2", "3"]
    sets = server.api("GET", place(f"replicasets?labelSelector=app%3D{name}")).body["items"]
    marks = {item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: item for item in sets}
    assert sorted(marks) == ["2", "3"]
    assert marks["3"]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    assert [marks[number]["spec"]["replicas"] for number in ("2", "3")] == [0, 2]
    assert back["metadata"]["generation"] == 3


@WITH_NODE
def test_an_image_that_must_not_be_pulled(server: Server, run: Callable[..., str]) -> None:
    image = "nosuch.invalid/none:1"
    name = run("never", image=image, imagePullPolicy="Never")
    state = wait_for(waiting(server, name, "ErrImageNeverPull"))
    assert state["message"] == f'Container image "{image}" is not present with pull policy of Never'
    pod = pods(server, name)[0]
    assert pod["status"]["phase"] == "Pending"
    refused = log(server, pod, "")
    assert refused.code == 400
    assert refused.message.startswith(f'container "main" in pod "{pod["metadata"]["name"]}" is waiting to start: ')


@WITH_NODE
def test_an_image_that_cannot_be_pulled(server: Server, run: Callable[..., str]) -> None:
    name = run("pulled", image="nosuch.invalid/none:1")
    wait_for(waiting(server, name, "ErrImagePull"))
    state = wait_for(waiting(server, name, "ImagePullBackOff"))
    assert state["message"].startswith('Back-off pulling image "nosuch.invalid/none:1": ErrImagePull: ')
    refused = log(server, pods(server, name)[0], "")
    assert refused.message.endswith("is waiting to start: trying and failing to pull image")


@WITH_NODE
def test_a_config_map_that_is_missing(server: Server, run: Callable[..., str]) -> None:
    name = run("unset", envFrom=[{"configMapRef": {"name": "nosuch"}}])
    state = wait_for(waiting(server, name, "CreateContainerConfigError"))
    assert state["message"] == 'configmap "nosuch" not found'


def test_a_quota_that_is_full(server: Server, run: Callable[..., str]) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{NAMESPACE}/resourcequotas"
    assert server.api("POST", path, quota).code == 201
    try:
        wait_for(lambda: server.api("GET", f"{path}/q").body["status"].get("used"))
        name = run("counted")
        obj = wait_for(lambda: _with(server.api("GET", place(f"deployments/{name}")).body, "ReplicaFailure"))
        (told,) = (item for item in obj["status"]["conditions"] if item["type"] == "ReplicaFailure")
        assert (told["status"], told["reason"]) == ("True", "FailedCreate")
        words = r'pods ".+" is forbidden: exceeded quota: q, requested: pods=1, used: pods=\d+, limited: pods=0'
        assert re.fullmatch(words, told["message"])
    finally:
        server.api("DELETE", f"{path}/q")


def _with(obj: Obj, condition: str) -> Obj | None:
    return obj if condition in reasons(obj) else None


def test_pods_that_fit_nowhere(server: Server, run: Callable[..., str]) -> None:
    name = run("huge", resources={"requests": {"cpu": "900"}})
    pod = wait_for(lambda: next((p for p in pods(server, name) if p["status"].get("conditions")), None))
    (told,) = pod["status"]["conditions"]
    assert (told["type"], told["status"], told["reason"]) == ("PodScheduled", "False", "Unschedulable")
    assert told["message"] == (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are "
        "available: 1 Preemption is not helpful for scheduling."
    )


def test_eviction_against_a_budget(server: Server, run: Callable[..., str]) -> None:
    name = run("guarded")
    wait_for(complete(server, name))
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": name}}},
    }
    assert server.api("POST", place("poddisruptionbudgets"), budget).code == 201
    path = place(f"poddisruptionbudgets/{name}")
    status = wait_for(lambda: _judged(server.api("GET", path).body["status"]))
    counts = ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")
    assert [status[key] for key in counts] == [1, 1, 1, 0]
    pod = pods(server, name)[0]["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": NAMESPACE}}
    refused = server.api("POST", place(f"pods/{pod}/eviction"), body)
    assert (refused.code, refused.body["reason"]) == (429, "TooManyRequests")
    assert refused.message == "Cannot evict pod as it would violate the pod's disruption budget."
    assert refused.body["details"]["causes"] == [
        {
            "reason": "DisruptionBudget",
            "message": f"The disruption budget {name} needs 1 healthy pods and has 1 currently",
        }
    ]
    server.api("DELETE", path)


def _judged(status: Obj) -> Obj | None:
    return status if status.get("conditions") else None


def log(server: Server, pod: Obj, query: str) -> Reply:
    return server.api("GET", place(f"pods/{pod['metadata']['name']}/log{query}"), accept="*/*")


@WITH_NODE
def test_logs_that_there_are_not(server: Server, run: Callable[..., str]) -> None:
    name = run("logged")
    wait_for(complete(server, name))
    pod = pods(server, name)[0]
    named = pod["metadata"]["name"]
    assert log(server, pod, "?tailLines=0").code == 200
    assert log(server, pod, "?container=nosuch").message == f"container nosuch is not valid for pod {named}"
    assert (
        log(server, pod, "?previous=true").message == f'previous terminated container "main" in pod "{named}" not found'
    )


@WITH_NODE
def test_a_container_that_ends_at_once(server: Server, run: Callable[..., str]) -> None:
    """Mostly it is `terminated`; CrashLoopBackOff is seen for a moment before the next start, if at all.

    The lab's kubelet tells of the wait alone when it has no processor time.
    """
    name = run("crashes", command=["redis-server", "/nosuch.conf"], env=[{"name": "CRASH", "value": "yes"}])
    seen: list[tuple[int, str]] = []

    def restarted_twice() -> Obj | None:
        for pod in pods(server, name):
            for row in pod["status"].get("containerStatuses") or []:
                (kind, state) = next(iter(row["state"].items()))
                seen.append((row["restartCount"], kind if kind == "running" else f"{kind} {state.get('reason')}"))
                if row["restartCount"] >= 2 and kind == "terminated":
                    found: Obj = row
                    return found
        return None

    row = wait_for(restarted_twice)
    last = row["lastState"]["terminated"]
    assert (row["state"]["terminated"]["exitCode"], last["exitCode"], last["reason"], row["ready"]) == (
        1,
        1,
        "Error",
        False,
    )
    in_loop = {state for restarts, state in seen if restarts == 1}
    assert in_loop & {"terminated Error", "waiting CrashLoopBackOff" if server.name == "lab" else "terminated Error"}
    assert in_loop <= {"terminated Error", "running", "waiting CrashLoopBackOff"}
    events = server.api("GET", f"/api/v1/namespaces/{NAMESPACE}/events").body["items"]
    pod = pods(server, name)[0]["metadata"]
    said = {event["reason"]: event["message"] for event in events if event["involvedObject"]["name"] == pod["name"]}
    told = f"Back-off restarting failed container main in pod {pod['name']}_{NAMESPACE}({pod['uid']})"
    assert said["BackOff"] == told
    assert (said["Created"], said["Started"]) == ("Container created", "Container started")
