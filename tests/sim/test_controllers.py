"""What the simulated controllers make of objects: told by a standing clock, so nothing is waited for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sim.conftest import RULES
from tests.sim.objects import deployment, stateful_set
from tuheg_ir.sim.cluster import SimulatedCluster
from tuheg_ir.sim.controllers.common import condition, ready
from tuheg_ir.sim.controllers.deployment import revision
from tuheg_ir.sim.resources import by_key
from tuheg_ir.sim.status import ApiError

Obj = dict[str, Any]


def get(cluster: SimulatedCluster, key: str, name: str = "web") -> Obj:
    found = cluster.store.get(key, "default", name)
    assert found is not None
    return found


def pods(cluster: SimulatedCluster) -> list[Obj]:
    return cluster.store.objects("pods", "default")


def settled(cluster: SimulatedCluster, obj: Obj, seconds: float = 30) -> Obj:
    cluster.apply(obj)
    cluster.engine.run_for(seconds)
    key = {"Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps"}[obj["kind"]]
    return get(cluster, key, obj["metadata"]["name"])


def reasons(obj: Obj) -> dict[str, tuple[str, str]]:
    return {item["type"]: (item["status"], item["reason"]) for item in obj["status"]["conditions"]}


def test_a_deployment_gets_its_pods_and_says_so(standing: SimulatedCluster) -> None:
    web = settled(standing, deployment(replicas=3))
    assert reasons(web) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    assert [web["status"][key] for key in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")] == [
        3
    ] * 4
    assert web["status"]["observedGeneration"] == web["metadata"]["generation"] == 1
    assert all(map(ready, pods(standing)))


def test_going_back_to_a_template_uses_its_replica_set_again_under_a_new_revision(standing: SimulatedCluster) -> None:
    first = settled(standing, deployment(image="ok:1"))
    settled(standing, deployment(image="ok:2"))
    back = settled(standing, deployment(image="ok:1"))
    sets = standing.store.objects("replicasets.apps")
    assert [revision(first), revision(back)] == [1, 3]
    assert sorted(map(revision, sets)) == [2, 3]
    reused = next(item for item in sets if revision(item) == 3)
    assert reused["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    assert reused["spec"]["replicas"] == 2


def test_old_replica_sets_are_forgotten_beyond_the_limit(standing: SimulatedCluster) -> None:
    for number in range(5):
        settled(standing, deployment(image=f"ok:{number}", revisionHistoryLimit=2))
    assert sorted(map(revision, standing.store.objects("replicasets.apps"))) == [3, 4, 5]


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("crash:1", ("terminated", "Error")),
        ("nosuch:1", ("waiting", "ImagePullBackOff")),
        ("nocmd:1", ("waiting", "RunContainerError")),
    ],
)
def test_a_bad_release_is_blocked_while_the_old_pods_serve(
    standing: SimulatedCluster, image: str, shown: tuple[str, str]
) -> None:
    settled(standing, deployment(progressDeadlineSeconds=20))
    bad = settled(standing, deployment(image=image, progressDeadlineSeconds=20), 60)
    assert reasons(bad)["Available"] == ("True", "MinimumReplicasAvailable")
    assert reasons(bad)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    assert (bad["status"]["availableReplicas"], bad["status"]["unavailableReplicas"]) == (2, 1)
    new = next(pod for pod in pods(standing) if pod["spec"]["containers"][0]["image"] == image)
    state = new["status"]["containerStatuses"][0]["state"]
    assert (next(iter(state)), state[shown[0]]["reason"]) == shown


def test_an_image_that_must_not_be_pulled_is_named(standing: SimulatedCluster) -> None:
    obj = deployment(image="nosuch:1")
    obj["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Never"
    settled(standing, obj)
    waiting = pods(standing)[0]["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting["reason"] == "ErrImageNeverPull"


def test_a_missing_config_map_is_named_and_making_it_heals(standing: SimulatedCluster) -> None:
    obj = deployment()
    obj["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    settled(standing, obj)
    waiting = pods(standing)[0]["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    settings_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    assert reasons(settled(standing, obj, 0))["Available"][0] == "False"
    standing.apply(settings_map)
    standing.engine.run_for(10)
    assert reasons(get(standing, "deployments.apps"))["Available"][0] == "True"


def test_a_crash_loop_counts_restarts_and_waits_longer_each_time(standing: SimulatedCluster) -> None:
    counts = []
    standing.apply(deployment(image="crash:1", replicas=1))
    for _ in range(6):
        standing.engine.run_for(20)
        counts.append(pods(standing)[0]["status"]["containerStatuses"][0]["restartCount"])
    assert counts == [2, 3, 3, 4, 4, 4]
    status = pods(standing)[0]["status"]["containerStatuses"][0]
    assert status["state"]["terminated"]["exitCode"] == status["lastState"]["terminated"]["exitCode"] == 3


def test_memory_that_runs_out_says_oom_killed(standing: SimulatedCluster) -> None:
    settled(standing, deployment(image="leak:1", replicas=1), 40)
    last = pods(standing)[0]["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)


def test_a_paused_deployment_is_scaled_but_not_rolled_out(standing: SimulatedCluster) -> None:
    settled(standing, deployment())
    web = settled(standing, deployment(image="ok:2", replicas=4, paused=True))
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(standing)} == {"ok:1"}
    assert len(pods(standing)) == 4
    assert reasons(web)["Progressing"] == ("Unknown", "DeploymentPaused")
    assert "updatedReplicas" not in web["status"]


def test_recreate_has_never_two_versions_at_once(standing: SimulatedCluster) -> None:
    strategy = {"type": "Recreate"}
    settled(standing, deployment(strategy=strategy))
    standing.apply(deployment(image="ok:2", strategy=strategy))
    seen = set()
    for _ in range(40):
        standing.engine.run_for(0.1)
        seen.add(frozenset(pod["spec"]["containers"][0]["image"] for pod in pods(standing)))
    assert frozenset({"ok:1", "ok:2"}) not in seen
    assert frozenset({"ok:2"}) in seen


def test_a_quota_that_is_full_stops_a_roll_out_and_says_why(standing: SimulatedCluster) -> None:
    settled(standing, deployment())
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}}
    standing.apply(quota)
    web = settled(standing, deployment(image="ok:2"))
    told = condition(web["status"], "ReplicaFailure")
    assert told is not None
    assert told["reason"] == "FailedCreate"
    assert told["message"].endswith("is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2")
    assert get(standing, "resourcequotas", "q")["status"]["used"] == {"pods": "2"}


def test_pods_that_fit_nowhere_say_what_is_lacking(standing: SimulatedCluster) -> None:
    obj = deployment(replicas=1)
    obj["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "9"}}
    settled(standing, obj)
    told = condition(pods(standing)[0]["status"], "PodScheduled")
    assert told is not None
    assert (told["reason"], told["message"].split(". ")[0]) == (
        "Unschedulable",
        "0/1 nodes are available: 1 Insufficient cpu",
    )


def test_deleting_a_deployment_takes_everything_with_it(standing: SimulatedCluster) -> None:
    settled(standing, deployment())
    with standing.store.lock:
        standing.registry.delete(by_key()["deployments.apps"], "default", "web", {})
    standing.engine.run_for(5)
    assert [standing.store.objects(key) for key in ("deployments.apps", "replicasets.apps", "pods")] == [[], [], []]


def test_deleting_a_namespace_empties_it_first(standing: SimulatedCluster) -> None:
    settled(standing, deployment())
    with standing.store.lock:
        standing.registry.delete(by_key()["namespaces"], "", "default", {})
    standing.engine.run_for(5)
    assert standing.store.get("namespaces", "", "default") is None
    assert pods(standing) == []


def autoscaler(low: int, high: int) -> Obj:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": target, "minReplicas": low, "maxReplicas": high},
    }


@pytest.mark.parametrize(("replicas", "kept"), [(6, 4), (1, 2), (3, 3), (0, 0)])
def test_an_autoscaler_keeps_the_replicas_within_its_bounds(
    standing: SimulatedCluster, replicas: int, kept: int
) -> None:
    standing.apply(autoscaler(2, 4))
    assert settled(standing, deployment(replicas=replicas))["spec"]["replicas"] == kept


def test_a_budget_allows_what_is_more_than_it_asks_for(standing: SimulatedCluster) -> None:
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}},
    }
    standing.apply(budget)
    settled(standing, deployment(replicas=3))
    status = get(standing, "poddisruptionbudgets.policy")["status"]
    assert [status[key] for key in ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")] == [
        3,
        3,
        2,
        1,
    ]


def test_a_service_lists_the_pods_that_are_ready(standing: SimulatedCluster) -> None:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    standing.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec})
    settled(standing, deployment(replicas=2))
    points = standing.store.objects("endpointslices.discovery.k8s.io")[0]
    assert [point["conditions"]["ready"] for point in points["endpoints"]] == [True, True]
    assert points["ports"][0]["port"] == 8080
    settled(standing, deployment(replicas=2, image="never-ready:1"))
    points = standing.store.objects("endpointslices.discovery.k8s.io")[0]
    assert sorted(point["conditions"]["ready"] for point in points["endpoints"]) == [False, True, True]


def test_a_stateful_set_is_made_in_order_and_updated_from_the_end(standing: SimulatedCluster) -> None:
    standing.apply(stateful_set())
    made = []
    for _ in range(40):
        standing.engine.run_for(0.1)
        made += [pod["metadata"]["name"] for pod in pods(standing) if pod["metadata"]["name"] not in made]
    assert made == ["db-0", "db-1", "db-2"]
    standing.apply(stateful_set(image="ok:2"))
    renewed = []
    for _ in range(60):
        standing.engine.run_for(0.1)
        images = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in pods(standing)}
        renewed += [name for name, image in images.items() if image == "ok:2" and name not in renewed]
    assert renewed == ["db-2", "db-1", "db-0"]
    status = get(standing, "statefulsets.apps", "db")["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert [item["revision"] for item in standing.store.objects("controllerrevisions.apps")] in ([1, 2], [2, 1])


def test_a_stateful_set_does_not_replace_a_bad_pod_by_itself(standing: SimulatedCluster) -> None:
    """With OrderedReady, going back to the old template does not help a pod that never got ready: as on a real one."""
    settled(standing, stateful_set())
    settled(standing, stateful_set(image="never-ready:1"))
    settled(standing, stateful_set())
    stuck = [pod for pod in pods(standing) if not ready(pod)]
    assert [pod["metadata"]["name"] for pod in stuck] == ["db-2"]
    with standing.store.lock:
        standing.registry.delete(by_key()["pods"], "default", "db-2", {})
    standing.engine.run_for(10)
    assert all(map(ready, pods(standing)))


def test_eviction_keeps_to_the_budget_in_the_real_words(standing: SimulatedCluster) -> None:
    test_a_budget_allows_what_is_more_than_it_asks_for(standing)
    from tuheg_ir.sim.answers import Request
    from tuheg_ir.sim.paths import Target
    from tuheg_ir.sim.rbac import User

    def evict() -> None:
        name = next(pod["metadata"]["name"] for pod in pods(standing) if ready(pod))
        target = Target(by_key()["pods"], "default", name, "eviction")
        with standing.store.lock:
            standing.pod_calls.evict(target, Request("POST", "", {}, {}), User("x"))
            standing.engine.settle()

    evict()
    with pytest.raises(ApiError) as refused:
        evict()
    assert (refused.value.code, refused.value.reason) == (429, "TooManyRequests")
    assert refused.value.message == "Cannot evict pod as it would violate the pod's disruption budget."


def test_the_same_seed_gives_the_same_cluster() -> None:
    def names(seed: int) -> list[str]:
        cluster = SimulatedCluster(rules=RULES, seed=seed)
        settled(cluster, deployment())
        return [pod["metadata"]["name"] for pod in pods(cluster)]

    assert names(1) == names(1)
    assert names(1) != names(2)
