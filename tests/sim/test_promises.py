"""Whatever is done to workloads, their controllers keep what they promise, at every single change."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sim.conftest import RULES
from tests.sim.objects import deployment, stateful_set
from tests.sim.test_controllers import autoscaler, get, pods
from tuheg_ir.sim.answers import Request
from tuheg_ir.sim.cluster import SimulatedCluster
from tuheg_ir.sim.controllers.common import condition, ready
from tuheg_ir.sim.controllers.deployment import revision
from tuheg_ir.sim.controllers.rollout import limits
from tuheg_ir.sim.paths import Target
from tuheg_ir.sim.rbac import User
from tuheg_ir.sim.resources import by_key
from tuheg_ir.sim.status import ApiError

Obj = dict[str, Any]
GOOD = ["ok:1", "ok:2", "ok:3"]
IMAGES = st.sampled_from([*GOOD, "crash:1", "never-ready:1", "nosuch:1"])
SECONDS = st.floats(0.0, 12.0)
WAYS = st.sampled_from([(1, 0), (0, 1), (2, 1), ("25%", "25%"), ("50%", 0)])
RELEASES = st.lists(st.tuples(IMAGES, SECONDS), min_size=1, max_size=5)
STEPS = st.lists(st.tuples(IMAGES, st.integers(0, 6), SECONDS), min_size=1, max_size=6)


def rolling(way: tuple[Any, Any]) -> Obj:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": way[0], "maxUnavailable": way[1]}}


def alive(cluster: SimulatedCluster) -> list[Obj]:
    return [pod for pod in pods(cluster) if not pod["metadata"].get("deletionTimestamp")]


def image(obj: Obj) -> str:
    return str(obj["spec"]["containers"][0]["image"])


class Witness:
    """Looks at every change that is stored, and keeps what breaks a promise."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self.cluster = cluster
        self.broken: list[str] = []
        self._observed: dict[str, int] = defaultdict(int)
        self._revisions: dict[str, int] = defaultdict(int)
        cluster.store.listen(self.look)

    def look(self, change: Any) -> None:
        if change.kind == "DELETED":
            return
        if change.resource in ("deployments.apps", "replicasets.apps", "statefulsets.apps"):
            self.generation(change.obj)
        if change.resource in ("deployments.apps", "replicasets.apps"):
            self.revision(change.obj)
        if change.resource == "deployments.apps":
            self.complete(change.obj)

    def generation(self, obj: Obj) -> None:
        """observedGeneration never goes back, and is never ahead of what there is to observe."""
        uid, seen = obj["metadata"]["uid"], obj["status"].get("observedGeneration", 0)
        if not self._observed[uid] <= seen <= obj["metadata"]["generation"]:
            self.broken.append(f"{obj['kind']} observed {self._observed[uid]}, then {seen}")
        self._observed[uid] = seen

    def revision(self, obj: Obj) -> None:
        """A revision number only grows; no two ReplicaSets have the same."""
        uid, number = obj["metadata"]["uid"], revision(obj)
        if number == 0:  # our own PUT took the annotation away; the controller puts it back
            return
        if number < self._revisions[uid]:
            self.broken.append(f"{obj['kind']} went from revision {self._revisions[uid]} to {number}")
        self._revisions[uid] = number
        numbers = [revision(item) for item in self.cluster.store.objects("replicasets.apps")]
        if len(set(numbers)) != len(numbers):
            self.broken.append(f"revisions {numbers}")

    def complete(self, obj: Obj) -> None:
        """A Deployment that says it has seen its spec and is complete has exactly the pods that it says."""
        status, wanted = obj["status"], obj["spec"]["replicas"]
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        told = condition(status, "Progressing")
        done = told is not None and told["reason"] == "NewReplicaSetAvailable"
        if status.get("observedGeneration") != obj["metadata"]["generation"] or counts != [wanted] * 3 or not done:
            return
        here = alive(self.cluster)
        new = image(obj["spec"]["template"])
        if len(here) != wanted or {image(pod) for pod in here} - {new} or not all(map(ready, here)):
            self.broken.append(f"complete with {[(image(pod), ready(pod)) for pod in here]}, wanted {wanted} of {new}")


@settings(max_examples=40)
@given(STEPS, WAYS)
def test_generations_and_revisions_are_honest_whatever_is_rolled_out(
    steps: list[tuple[str, int, float]], way: tuple[Any, Any]
) -> None:
    cluster = SimulatedCluster(rules=RULES)
    witness = Witness(cluster)
    for name, replicas, seconds in steps:
        cluster.apply(deployment(image=name, replicas=replicas, strategy=rolling(way)))
        cluster.engine.run_for(seconds)
        revisions = [revision(item) for item in cluster.store.objects("replicasets.apps")]
        assert revision(get(cluster, "deployments.apps")) == max(revisions)
    _, last, _ = steps[-1]
    cluster.apply(deployment(image="ok:9", replicas=last, strategy=rolling(way)))
    cluster.engine.run_for(120)
    assert get(cluster, "deployments.apps")["status"].get("availableReplicas", 0) == last
    assert {image(pod) for pod in pods(cluster)} <= {"ok:9"}
    assert witness.broken == []


@settings(max_examples=40)
@given(st.lists(st.sampled_from(GOOD), min_size=1, max_size=8))
def test_every_other_template_raises_the_revision_by_one_and_the_same_one_does_not(releases: list[str]) -> None:
    cluster = SimulatedCluster(rules=RULES)
    number, running = 0, ""
    for name in releases:
        cluster.apply(deployment(image=name))
        cluster.engine.run_for(20)
        number, running = number + (name != running), name
        assert revision(get(cluster, "deployments.apps")) == number


@settings(max_examples=40)
@given(st.integers(1, 6), WAYS, RELEASES)
def test_roll_outs_never_take_away_more_than_allowed_nor_add_more(
    replicas: int, way: tuple[Any, Any], releases: list[tuple[str, float]]
) -> None:
    cluster = SimulatedCluster(rules=RULES)
    cluster.apply(deployment(replicas=replicas, strategy=rolling(way)))
    cluster.engine.run_for(20)
    may = limits(get(cluster, "deployments.apps")["spec"])
    least, most = [replicas], [replicas]

    def watch(change: Any) -> None:
        if change.resource == "pods":
            least.append(sum(map(ready, alive(cluster))))
        most.append(sum(item["spec"]["replicas"] for item in cluster.store.objects("replicasets.apps")))

    cluster.store.listen(watch)
    for name, seconds in releases:
        cluster.apply(deployment(image=name, replicas=replicas, strategy=rolling(way)))
        cluster.engine.run_for(seconds)
    cluster.engine.run_for(30)
    assert min(least) >= replicas - may.unavailable
    assert max(most) <= replicas + may.surge


@settings(max_examples=25)
@given(st.integers(1, 4), RELEASES)
def test_a_stateful_set_takes_away_one_pod_at_a_time_and_only_while_all_others_are_well(
    replicas: int, releases: list[tuple[str, float]]
) -> None:
    cluster = SimulatedCluster(rules=RULES)
    witness = Witness(cluster)
    cluster.apply(stateful_set(replicas=replicas))
    cluster.engine.run_for(30)
    least, numbers = [replicas], set()

    def watch(change: Any) -> None:
        if change.resource == "pods":
            least.append(sum(map(ready, alive(cluster))))
            numbers.add(change.obj["metadata"]["name"])

    cluster.store.listen(watch)
    for name, seconds in releases:
        cluster.apply(stateful_set(image=name, replicas=replicas))
        cluster.engine.run_for(seconds)
    assert min(least) >= replicas - 1
    assert numbers <= {f"db-{number}" for number in range(replicas)}
    assert witness.broken == []


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 9), SECONDS), min_size=1, max_size=5), st.integers(1, 3), st.integers(0, 3))
def test_an_autoscaler_leaves_no_number_of_replicas_outside_its_bounds(
    scalings: list[tuple[int, float]], low: int, more: int
) -> None:
    cluster = SimulatedCluster(rules=RULES)
    cluster.apply(autoscaler(low, low + more), deployment())
    for replicas, seconds in scalings:
        cluster.apply(deployment(replicas=replicas))
        cluster.engine.run_for(seconds)
    cluster.engine.run_for(60)
    last = scalings[-1][0]
    kept = get(cluster, "deployments.apps")["spec"]["replicas"]
    assert kept == (0 if last == 0 else min(max(last, low), low + more)), "0 switches it off"


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(0, 5), st.lists(SECONDS, min_size=1, max_size=8))
def test_evictions_never_leave_fewer_healthy_pods_than_the_budget_asks_for(
    replicas: int, least: int, pauses: list[float]
) -> None:
    cluster = SimulatedCluster(rules=RULES)
    spec = {"minAvailable": least, "selector": {"matchLabels": {"app": "web"}}}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": spec}
    cluster.apply(budget, deployment(replicas=replicas))
    cluster.engine.run_for(20)
    for seconds in pauses:
        healthy = [pod for pod in alive(cluster) if ready(pod)]
        if healthy:
            evicted = evict(cluster, healthy[0]["metadata"]["name"])
            assert evicted == (len(healthy) > least)
        cluster.engine.run_for(seconds)


def evict(cluster: SimulatedCluster, name: str) -> bool:
    """Evict a pod; False if the budget forbids it."""
    target = Target(by_key()["pods"], "default", name, "eviction")
    with cluster.store.lock:
        try:
            cluster.pod_calls.evict(target, Request("POST", "", {}, {}), User("x"))
        except ApiError as error:
            if error.code != 429:
                raise
            return False
        cluster.engine.settle()
    return True
