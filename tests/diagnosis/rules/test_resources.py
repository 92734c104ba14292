"""Memory, processor, quota, room, nodes and volumes: what runs out, and whether a release took it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.pods import (
    HOUR,
    again,
    evicted,
    looping,
    node,
    pending,
    pods_of,
    put,
    rollout,
    waiting,
)
from tests.diagnosis.rules.tiny import (
    DAY,
    NOW,
    Obj,
    at,
    event,
    figure,
    log,
    pod,
    postgres,
    redis,
    series,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Finding, Series, Snapshot

SHOP = "Deployment/shop"
IMAGE: dict[str, Any] = {"image": "registry.example/shop:0"}
ROOM: dict[str, Any] = {"resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}
MORE: dict[str, Any] = {"resources": {"limits": {"cpu": "2", "memory": "1Gi"}}}


def finding(snap: Snapshot) -> Finding:
    return decide(snap).findings[0]


def answer(snap: Snapshot) -> tuple[str, str, str]:
    best = finding(snap)
    return best.component, best.root_cause, best.remedy


def barred(snap: Snapshot, target: str = SHOP) -> set[str]:
    return {each.remedy for each in finding(snap).excluded if each.target == target}


def rising(name: str, low: float, high: float) -> tuple[str, Series]:
    """Return memory that rises evenly over the hour."""
    points = tuple((NOW.timestamp() - age, low + (high - low) * (3600 - age) / 3600) for age in range(3600, -1, -30))
    return "memory_share", Series({"pod": name, "container": "shop"}, points)


def killed(objects: list[Obj], count: int = 1, age: float = 300) -> list[Obj]:
    for each in pods_of(objects)[:count]:
        put(each, again("OOMKilled", 137, age=age, restarts=2), unready=age)
    return objects


class TestMemory:
    def test_a_limit_that_a_release_cut(self) -> None:
        snap = snapshot(killed(workload("shop", before=MORE, released=1200, **ROOM)))
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")
        assert "restart_workload" in barred(snap)

    def test_a_limit_that_a_release_raised_is_not_to_blame(self) -> None:
        snap = snapshot(killed(workload("shop", before=ROOM, released=1200, **MORE)))
        assert answer(snap)[2] != "rollback_workload"

    def test_new_code_that_keeps_what_it_gets(self) -> None:
        snap = snapshot(
            killed(workload("shop", before=IMAGE, released=2 * HOUR)), figures=[rising(pod("shop", 1), 0.3, 0.95)]
        )
        assert answer(snap) == (SHOP, "code_defect", "rollback_workload")

    def test_a_cache_that_a_setting_made_larger(self) -> None:
        before: dict[str, Any] = {"env": {"CACHE_MB": "100"}}
        snap = snapshot(killed(workload("shop", before=before, env={"CACHE_MB": "4000"}, released=HOUR)))
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")

    def test_a_leak_without_a_release_is_restarted(self) -> None:
        snap = snapshot(
            killed(workload("shop", before=IMAGE, released=20 * DAY)),
            figures=[rising(pod("shop", 1), 0.6, 0.95), figure("request_rate", 20, 20, component="shop")],
        )
        assert answer(snap) == (SHOP, "resource_exhaustion", "restart_workload")
        assert "rollback_workload" in barred(snap)

    def test_memory_that_follows_the_traffic_is_shared_by_more(self) -> None:
        snap = snapshot(
            killed(workload("shop", before=IMAGE, released=20 * DAY), 2),
            figures=[figure("request_rate", 20, 60, 1500, component="shop")],
        )
        assert answer(snap) == (SHOP, "capacity", "scale_workload")

    def test_a_database_killed_for_memory_is_for_a_person(self) -> None:
        state = again("OOMKilled", 137, age=200, restarts=4)
        snap = snapshot(postgres(status=state))
        assert answer(snap) == ("StatefulSet/postgres", "resource_exhaustion", "page_human")

    def test_what_is_killed_as_soon_as_it_runs_is_not_started_again(self) -> None:
        objects = workload("shop", before=IMAGE, released=20 * DAY)
        for each in pods_of(objects):
            put(each, looping("OOMKilled", 137, restarts=30, lived=20), ready=False, unready=9000)
        assert answer(snapshot(objects)) == (SHOP, "resource_exhaustion", "page_human")
        assert "restart_workload" in barred(snapshot(objects))

    def test_an_old_kill_is_noise(self) -> None:
        snap = snapshot(
            killed(workload("shop"), age=5 * HOUR), figures=[figure("error_ratio", 0.0, 0.0, component="shop")]
        )
        assert answer(snap)[1:] == ("no_fault", "no_action")


class TestProcessor:
    def busy(self, *more: Any, throttled: float = 0.5, share: float = 0.97) -> list[Any]:
        return [
            *(figure("throttled_share", 0.01, throttled, pod=pod("shop", n), container="shop") for n in range(2)),
            *(figure("cpu_share", 0.4, share, pod=pod("shop", n), container="shop") for n in range(2)),
            figure("latency_p95", 0.1, 1.5, component="shop"),
            *more,
        ]

    def test_a_limit_that_a_release_cut(self) -> None:
        rate = figure("request_rate", 20, 20, component="shop")
        snap = snapshot(workload("shop", before=MORE, released=700, **ROOM), figures=self.busy(rate))
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")

    def test_demand_that_grew_is_met_with_replicas(self) -> None:
        rate = figure("request_rate", 20, 50, component="shop")
        snap = snapshot(workload("shop", before=IMAGE, released=9 * DAY), figures=self.busy(rate))
        assert answer(snap) == (SHOP, "capacity", "scale_workload")

    def test_an_autoscaler_at_its_maximum_is_for_a_person(self) -> None:
        rate = figure("request_rate", 20, 50, component="shop")
        snap = snapshot(workload("shop"), autoscaler(2, 2), figures=self.busy(rate))
        assert answer(snap)[1:] == ("capacity", "page_human")
        assert "scale_workload" in barred(snap)

    def test_an_autoscaler_that_sees_nothing_is_helped(self) -> None:
        rate = figure("request_rate", 20, 50, component="shop")
        snap = snapshot(workload("shop"), autoscaler(2, 9, blind=True), figures=self.busy(rate))
        assert answer(snap) == (SHOP, "capacity", "scale_workload")

    def test_new_code_that_needs_more_is_rolled_back(self) -> None:
        rate = figure("request_rate", 20, 20, component="shop")
        snap = snapshot(workload("shop", before=IMAGE, released=660), figures=self.busy(rate))
        assert answer(snap) == (SHOP, "code_defect", "rollback_workload")

    def test_replicas_that_somebody_took_away_are_given_back(self) -> None:
        more = [figure("replicas_available", 6, 2, component="shop"), figure("request_rate", 20, 20, component="shop")]
        assert answer(snapshot(workload("shop"), figures=self.busy(*more))) == (SHOP, "capacity", "scale_workload")

    def test_busy_pods_that_nobody_feels_are_no_finding(self) -> None:
        figures = self.busy(throttled=0.0, share=0.5)[:-1]
        figures.append(figure("error_ratio", 0.0, 0.0, component="shop"))
        assert answer(snapshot(workload("shop"), figures=figures))[1:] == ("no_fault", "no_action")


def autoscaler(now: int, most: int, *, blind: bool = False) -> Obj:
    active = {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}
    if blind:
        active |= {"status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics returned"}
    return thing(
        "HorizontalPodAutoscaler",
        "shop",
        spec={"scaleTargetRef": {"kind": "Deployment", "name": "shop"}, "maxReplicas": most},
        status={"currentReplicas": now, "desiredReplicas": now, "conditions": [active]},
    )


QUOTA = 'Error creating: pods "shop-x" is forbidden: exceeded quota: team, requested: limits.cpu=1, used: 8, limited: 8'


class TestRefused:
    def short(self, **more: Any) -> list[Obj]:
        objects = workload("shop", pods=3, ready=2, **more)
        return [each for each in objects if each is not pods_of(objects)[2]]

    def test_a_quota_that_is_used_up(self) -> None:
        snap = snapshot(self.short(), event("ReplicaSet/shop-r1", "FailedCreate", QUOTA))
        assert answer(snap) == ("ResourceQuota/team", "resource_exhaustion", "page_human")
        assert {"restart_workload", "scale_workload", "restart_connection_pool"} <= barred(snap)

    def test_a_release_that_asks_for_more_than_the_quota_has_is_rolled_back(self) -> None:
        objects = rollout("shop", None, before=ROOM, old=2, new=0, **MORE)
        snap = snapshot(objects, event("ReplicaSet/shop-r2", "FailedCreate", QUOTA))
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")

    def test_a_limit_range_that_a_release_breaks(self) -> None:
        told = 'Error creating: pods "shop-x" is forbidden: maximum cpu usage per Container is 1, but limit is 2'
        objects = rollout("shop", None, before=ROOM, old=2, new=0, **MORE)
        snap = snapshot(objects, event("ReplicaSet/shop-r2", "FailedCreate", told))
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")

    def test_an_old_refusal_of_a_workload_that_is_complete_is_noise(self) -> None:
        snap = snapshot(
            workload("shop"),
            event("ReplicaSet/shop-r1", "FailedCreate", QUOTA),
            figures=[figure("error_ratio", 0.0, 0.0, component="shop")],
        )
        assert answer(snap)[1:] == ("no_fault", "no_action")


class TestRoom:
    CPU = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available"

    def test_no_node_has_room(self) -> None:
        objects = workload("shop", pods=3, ready=2)
        pending(pods_of(objects)[2], self.CPU)
        snap = snapshot(objects)
        assert answer(snap) == (SHOP, "capacity", "page_human")
        assert {"restart_workload", "scale_workload", "rollback_workload"} <= barred(snap)

    def test_a_release_that_asks_for_more_than_any_node_has(self) -> None:
        more: dict[str, Any] = {"resources": {"requests": {"cpu": "64"}}}
        objects = rollout("shop", None, before=ROOM, **more)
        pending(pods_of(objects)[2], self.CPU)
        assert answer(snapshot(objects)) == (SHOP, "configuration_error", "rollback_workload")

    def test_a_selector_that_no_node_has(self) -> None:
        objects = workload("shop", pods=1, ready=0)
        pending(pods_of(objects)[0], "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.")
        assert answer(snapshot(objects)) == (SHOP, "configuration_error", "page_human")

    @pytest.mark.parametrize(
        ("taint", "cause"),
        [
            ("node.kubernetes.io/disk-pressure", "resource_exhaustion"),
            ("node.kubernetes.io/unreachable", "dependency_failure"),
            ("dedicated: gpu", "configuration_error"),
        ],
    )
    def test_a_taint_says_what_is_wrong_with_the_node(self, taint: str, cause: str) -> None:
        objects = workload("shop", pods=1, ready=0)
        pending(pods_of(objects)[0], f"0/1 nodes are available: 1 node(s) had untolerated taint {{{taint}: }}.")
        assert answer(snapshot(objects)) == (SHOP, cause, "page_human")

    def test_a_pod_of_a_few_seconds_is_given_time(self) -> None:
        objects = workload("shop", pods=3, ready=2)
        pending(pods_of(objects)[2], self.CPU, age=10)
        assert "no_room" not in {each.rule for each in decide(snapshot(objects)).findings}


class TestNodes:
    def test_a_node_short_of_disk_that_evicts(self) -> None:
        objects = workload("shop")
        told = "The node was low on resource: ephemeral-storage."
        gone = [evicted(f"shop-gone{n}", pods_of(objects)[0], "n2", told) for n in range(2)]
        snap = snapshot(objects, gone, node("n1"), node("n2", DiskPressure="True"))
        assert answer(snap) == ("Node/n2", "resource_exhaustion", "page_human")

    @pytest.mark.parametrize(
        ("before", "expected"),
        [
            (None, ("resource_exhaustion", "page_human")),
            (IMAGE, ("code_defect", "rollback_workload")),
        ],
    )
    def test_a_pod_that_wrote_too_much_itself_is_no_fault_of_the_node(
        self, before: dict[str, Any] | None, expected: tuple[str, str]
    ) -> None:
        objects = workload("shop", before=before, released=1800)
        gone = evicted(
            "shop-gone", pods_of(objects)[0], "n2", "Pod ephemeral local storage usage exceeds the total limit"
        )
        gone["metadata"]["labels"] = pods_of(objects)[0]["metadata"]["labels"]
        assert answer(snapshot(objects, gone, node("n1"), node("n2"))) == (SHOP, *expected)

    def test_pods_evicted_a_day_ago_are_noise(self) -> None:
        objects = workload("shop")
        gone = evicted("shop-gone", pods_of(objects)[0], "n2", "The node was low on resource: memory.", age=DAY)
        snap = snapshot(objects, gone, node("n1"), node("n2"), figures=[figure("error_ratio", 0, 0, component="shop")])
        assert answer(snap)[1:] == ("no_fault", "no_action")

    def test_a_node_that_does_not_answer_is_behind_what_ran_there(self) -> None:
        shop, cart = workload("shop", ready=1), workload("cart", ready=1)
        for each in (pods_of(shop)[1], pods_of(cart)[1]):
            put(each, {}, ready=False, unready=280)
        found = decide(snapshot(shop, cart, node("n1"), node("n2", ready="Unknown"))).findings
        assert [(f.component, f.remedy) for f in found] == [("Node/n2", "page_human")]

    def test_what_is_slow_on_one_node_only(self) -> None:
        objects = [workload(name) for name in ("shop", "cart")]
        figures = [
            figure("latency_p95_by_pod", 0.1, value, pod=pod(name, index))
            for name in ("shop", "cart")
            for index, value in enumerate((0.1, 2.5))
        ]
        snap = snapshot(*objects, node("n1"), node("n2"), figures=figures)
        assert answer(snap) == ("Node/n2", "resource_exhaustion", "page_human")


class TestVolumes:
    FULL = 'PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device'

    def test_a_full_volume_is_for_a_person(self) -> None:
        spec: dict[str, Any] = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
        objects = postgres(spec=spec, status=looping(), ready=0)
        snap = snapshot(
            objects,
            logs=[log("postgres-0", self.FULL, previous=True, of="postgres")],
            figures=[("volume_used_share", series({"persistentvolumeclaim": "data"}, (3600, 0.99)))],
        )
        found = finding(snap)
        assert (found.root_cause, found.remedy) == ("resource_exhaustion", "page_human")
        assert {"restart_workload", "scale_database"} <= {each.remedy for each in found.excluded}

    def test_a_claim_that_is_not_bound(self) -> None:
        spec: dict[str, Any] = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
        objects = workload("shop", pods=1, ready=0, spec=spec)
        pending(pods_of(objects)[0], "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
        claim = thing("PersistentVolumeClaim", "data", spec={"storageClassName": "fast"}, status={"phase": "Pending"})
        told = event("PersistentVolumeClaim/data", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
        snap = snapshot(objects, claim, told)
        assert answer(snap) == ("PersistentVolumeClaim/data", "configuration_error", "page_human")

    def test_a_volume_that_hangs_on_another_node(self) -> None:
        spec: dict[str, Any] = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
        objects = workload("shop", pods=1, ready=0, spec=spec)
        put(pods_of(objects)[0], waiting("ContainerCreating"))
        told = event(f"Pod/{pod('shop')}", "FailedAttachVolume", 'Multi-Attach error for volume "pvc-1": already used')
        claim = thing("PersistentVolumeClaim", "data", status={"phase": "Bound"})
        assert answer(snapshot(objects, claim, told))[2] == "page_human"
        assert "restart_workload" in barred(snapshot(objects, claim, told))


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_cache_with_room_is_no_finding(share: float) -> None:
    snap = snapshot(
        redis(),
        workload("shop"),
        figures=[
            figure("cache_memory_share", share, share, component="redis"),
            figure("error_ratio", 0, 0, component="shop"),
        ],
    )
    assert answer(snap)[1:] == ("no_fault", "no_action")


def test_times_are_those_of_the_trouble() -> None:
    found = finding(snapshot(killed(workload("shop", before=MORE, released=1200, **ROOM))))
    assert found.since is not None
    assert found.since.strftime("%Y-%m-%dT%H:%M:%SZ") == at(1200)
