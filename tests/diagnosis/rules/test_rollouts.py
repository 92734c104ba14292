"""Releases that do not start, crash or fail; and releases that are innocent."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from tests.diagnosis.rules.pods import HOUR, ended, looping, pods_of, put, rollout, waiting
from tests.diagnosis.rules.tiny import DAY, at, event, figure, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Finding, Snapshot

SHOP = "Deployment/shop"
IMAGE: dict[str, Any] = {"image": "registry.example/shop:0"}
ENV: dict[str, Any] = {"env": {"MODE": "a"}}


def answer(snap: Snapshot) -> tuple[str, str, str]:
    best = decide(snap).findings[0]
    return best.component, best.root_cause, best.remedy


def finding(snap: Snapshot) -> Finding:
    return decide(snap).findings[0]


def barred(snap: Snapshot) -> set[str]:
    return {each.remedy for each in finding(snap).excluded if each.target == SHOP}


class TestImage:
    NOT_FOUND = 'Back-off pulling image "registry.example/shop:1": manifest unknown: not found'

    def test_a_tag_that_does_not_exist_is_rolled_back(self) -> None:
        snap = snapshot(rollout("shop", waiting("ImagePullBackOff", self.NOT_FOUND), before=IMAGE))
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")
        assert "restart_workload" in barred(snap)

    def test_a_registry_that_does_not_answer_is_nothing_that_a_rollback_mends(self) -> None:
        told = "failed to do request: Head https://registry.example/v2/: dial tcp 10.0.0.9:443: i/o timeout"
        snap = snapshot(rollout("shop", waiting("ErrImagePull", told), before=IMAGE))
        assert answer(snap) == (SHOP, "dependency_failure", "page_human")

    def test_a_pod_that_came_later_than_the_release_does_not_blame_it(self) -> None:
        objects = workload("shop", pods=3, ready=2, before=IMAGE, released=9 * DAY)
        late = pods_of(objects)[2]
        late["metadata"]["creationTimestamp"] = at(600)
        put(late, waiting("ImagePullBackOff", "pull access denied, unauthorized"))
        assert answer(snapshot(objects)) == (SHOP, "configuration_error", "page_human")


class TestReferences:
    @pytest.mark.parametrize(
        "told",
        [
            'configmap "shop-config" not found',
            "couldn't find key LEVEL in ConfigMap town/shop-config",
        ],
    )
    def test_a_release_that_asks_for_what_is_not_there_is_rolled_back(self, told: str) -> None:
        now: dict[str, Any] = {"env": {"LEVEL": {"configMapKeyRef": {"name": "shop-config", "key": "LEVEL"}}}}
        snap = snapshot(
            rollout("shop", waiting("CreateContainerConfigError", told), before={"env": {}}, **now),
            thing("ConfigMap", "other", data={}),
        )
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")
        assert {"restart_workload", "restart_connection_pool", "scale_workload"} <= barred(snap)

    def test_a_secret_that_was_deleted_is_for_a_person(self) -> None:
        now: dict[str, Any] = {"env": {"KEY": {"secretKeyRef": {"name": "shop-auth", "key": "key"}}}}
        objects = workload("shop", pods=2, ready=1, before={**IMAGE, **now}, released=20 * DAY, **now)
        late = pods_of(objects)[1]
        late["metadata"]["creationTimestamp"] = at(500)
        put(late, waiting("CreateContainerConfigError", 'secret "shop-auth" not found'))
        snap = snapshot(objects, thing("Secret", "other", data={}))
        assert answer(snap) == ("Secret/shop-auth", "configuration_error", "page_human")
        assert {"restart_workload", "rollback_workload"} <= barred(snap)

    def test_a_secret_that_the_older_template_needs_too_is_no_reason_to_go_back(self) -> None:
        now: dict[str, Any] = {"env": {"KEY": {"secretKeyRef": {"name": "shop-auth", "key": "key"}}}}
        snap = snapshot(
            rollout(
                "shop",
                waiting("CreateContainerConfigError", 'secret "shop-auth" not found'),
                before={**IMAGE, **now},
                **now,
            )
        )
        assert answer(snap) == ("Secret/shop-auth", "configuration_error", "page_human")

    def test_a_volume_whose_configmap_is_missing_says_so_in_an_event_only(self) -> None:
        spec: dict[str, Any] = {"volumes": [{"name": "c", "configMap": {"name": "gone"}}]}
        objects = rollout("shop", waiting("ContainerCreating"), before=IMAGE, spec=spec)
        told = event(
            f"Pod/{pod('shop', 2)}",
            "FailedMount",
            'MountVolume.SetUp failed for volume "c" : configmap "gone" not found',
        )
        assert answer(snapshot(objects, told))[1:] == ("configuration_error", "page_human")


class TestStart:
    def test_a_command_that_is_not_in_the_image(self) -> None:
        told = 'exec: "srv": executable file not found in $PATH: unknown'
        state = looping("StartError", 128, lived=0) | {"lastState": ended("StartError", 128, message=told)}
        snap = snapshot(rollout("shop", state, before={"command": ["serve"]}, command=["srv"]))
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")

    def test_new_code_that_ends_at_start(self) -> None:
        snap = snapshot(
            rollout("shop", looping(), before=IMAGE),
            logs=[log(pod("shop", 2), "ModuleNotFoundError: No module named 'yaml'", previous=True)],
        )
        assert answer(snap) == (SHOP, "code_defect", "rollback_workload")
        assert "restart_workload" in barred(snap)

    def test_the_same_code_with_another_setting(self) -> None:
        snap = snapshot(rollout("shop", looping(), before=ENV, env={"MODE": "b"}))
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")

    def test_code_and_setting_changed_and_the_log_tells_which(self) -> None:
        snap = snapshot(
            rollout("shop", looping(), before={**IMAGE, **ENV}, env={"MODE": "b"}),
            logs=[
                log(
                    pod("shop", 2),
                    "FATAL: invalid value for MODE: missing required environment variable",
                    previous=True,
                )
            ],
        )
        assert answer(snap) == (SHOP, "configuration_error", "rollback_workload")

    def test_without_older_pods_the_release_is_still_the_reason(self) -> None:
        snap = snapshot(rollout("shop", looping(), before=IMAGE, old=0, new=2))
        assert answer(snap) == (SHOP, "code_defect", "rollback_workload")

    def test_a_restart_is_no_release(self) -> None:
        objects = rollout("shop", looping(), before={})
        assert answer(snapshot(objects))[2] != "rollback_workload"


class TestLater:
    def crashing(self, released: float, **now: Any) -> list[dict[str, Any]]:
        objects = workload("shop", pods=3, before=IMAGE, released=released, **now)
        for each in pods_of(objects):
            put(each, looping(lived=90, restarts=4), ready=False, unready=100)
        return objects

    def test_pods_of_a_release_that_serve_and_die(self) -> None:
        snap = snapshot(self.crashing(900))
        assert answer(snap) == (SHOP, "code_defect", "rollback_workload")
        assert "restart_workload" in barred(snap)

    def test_a_release_of_last_week_is_innocent(self) -> None:
        assert answer(snapshot(self.crashing(7 * DAY)))[2] != "rollback_workload"

    def test_a_configmap_that_was_changed_since_is_nothing_to_roll_back(self) -> None:
        spec: dict[str, Any] = {"volumes": [{"name": "c", "configMap": {"name": "shop-config"}}]}
        objects = self.crashing(7 * DAY, spec=spec)
        written = thing("ConfigMap", "shop-config", written=700, data={"a": "b"})
        snap = snapshot(objects, written, logs=[log(pod("shop"), "could not parse config: line 3", previous=True)])
        assert answer(snap) == ("ConfigMap/shop-config", "configuration_error", "page_human")
        assert {"rollback_workload", "restart_workload"} <= barred(snap)

    def test_a_database_that_is_down_is_behind_a_release_that_cannot_reach_it(self) -> None:
        broken = postgres(status=looping(restarts=3), ready=0)
        snap = snapshot(
            self.crashing(900, env={"DATABASE_URL": "postgres://a@postgres:5432/a"}),
            broken,
            logs=[log(pod("shop"), "could not connect to postgres:5432: connection refused", previous=True)],
        )
        assert answer(snap)[0] == "StatefulSet/postgres"


class TestProbes:
    PROBE: ClassVar[dict[str, Any]] = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}

    def test_a_readiness_probe_that_asks_for_another_path(self) -> None:
        other = {**self.PROBE, "httpGet": {"path": "/ready", "port": 8080}}
        objects = rollout("shop", {"ready": False}, before={"readinessProbe": self.PROBE}, readinessProbe=other)
        told = event(
            f"Pod/{pod('shop', 2)}", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404"
        )
        assert answer(snapshot(objects, told)) == (SHOP, "configuration_error", "rollback_workload")

    def test_a_liveness_probe_that_kills_what_starts_slowly(self) -> None:
        tight = {**self.PROBE, "initialDelaySeconds": 1, "failureThreshold": 1}
        state = looping("Error", 137, lived=12)
        objects = rollout("shop", state, before={"livenessProbe": self.PROBE}, livenessProbe=tight)
        told = event(f"Pod/{pod('shop', 2)}", "Killing", "Container shop failed liveness probe, will be restarted")
        assert answer(snapshot(objects, told)) == (SHOP, "configuration_error", "rollback_workload")

    def test_new_code_that_is_never_ready(self) -> None:
        snap = snapshot(rollout("shop", {"ready": False}, before=IMAGE))
        assert answer(snap) == (SHOP, "code_defect", "rollback_workload")

    def test_a_roll_out_of_a_minute_ago_is_given_time(self) -> None:
        snap = snapshot(rollout("shop", {"ready": False}, before=IMAGE, released=50))
        assert answer(snap)[2] != "rollback_workload"

    def test_a_default_that_the_api_filled_in_is_no_change(self) -> None:
        filled = {**self.PROBE, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}
        objects = workload("shop", before={"readinessProbe": self.PROBE}, readinessProbe=filled)
        snap = snapshot(objects, figures=[figure("error_ratio", 0.0, 0.4, 600, component="shop")])
        assert answer(snap)[2] == "page_human"


class TestErrors:
    @pytest.mark.parametrize(
        ("before", "now", "cause"),
        [
            (IMAGE, {}, "code_defect"),
            (ENV, {"env": {"MODE": "b"}}, "configuration_error"),
            ({"args": ["--a"]}, {"args": ["--b"]}, "configuration_error"),
            ({"volumeMounts": [{"name": "c", "mountPath": "/a"}]}, {"volumeMounts": []}, "configuration_error"),
        ],
    )
    @pytest.mark.parametrize(("signal", "low", "high"), [("error_ratio", 0.001, 0.3), ("latency_p95", 0.1, 2.0)])
    def test_what_began_with_a_release_is_its_own(
        self, before: Any, now: Any, cause: str, signal: str, low: float, high: float
    ) -> None:
        snap = snapshot(
            workload("shop", before=before, released=900, **now),
            figures=[figure(signal, low, high, 840, component="shop"), figure("request_rate", 9, 9, component="shop")],
        )
        assert answer(snap) == (SHOP, cause, "rollback_workload")

    def test_a_release_long_before_the_first_error_is_innocent(self) -> None:
        snap = snapshot(
            workload("shop", before=IMAGE, released=3 * HOUR),
            figures=[figure("error_ratio", 0.001, 0.3, 600, component="shop")],
        )
        assert answer(snap)[2] == "page_human"

    def test_errors_before_the_release_are_not_its_own(self) -> None:
        snap = snapshot(
            workload("shop", before=IMAGE, released=300),
            figures=[figure("error_ratio", 0.001, 0.3, 1800, component="shop")],
        )
        assert answer(snap)[2] == "page_human"

    def test_only_the_pods_of_the_new_template_fail(self) -> None:
        objects = rollout("shop", None, before=IMAGE, released=1500, old=2, new=2)
        figures = [
            figure("error_ratio_by_pod", 0.0, value, 1400, pod=pod("shop", index))
            for index, value in enumerate((0.001, 0.002, 0.6, 0.5))
        ]
        found = finding(snapshot(objects, figures=figures))
        assert (found.root_cause, found.remedy) == ("code_defect", "rollback_workload")
        assert found.confidence >= 0.75

    def test_old_pods_that_fail_as_well_clear_the_release(self) -> None:
        objects = rollout("shop", None, before=IMAGE, released=900, old=2, new=2)
        figures = [figure("error_ratio_by_pod", 0.0, 0.4, 840, pod=pod("shop", index)) for index in range(4)]
        figures.append(figure("error_ratio", 0.0, 0.4, 840, component="shop"))
        assert answer(snapshot(objects, figures=figures))[2] != "rollback_workload"


class TestInit:
    def failing(self, objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for each in pods_of(objects)[-1:]:
            each["spec"]["initContainers"] = [{"name": "migrate", "image": "migrate:2"}]
            put(each, waiting("PodInitializing"))
            each["status"]["initContainerStatuses"] = [{"name": "migrate", **looping()}]
        return objects

    def test_of_a_release_is_rolled_back(self) -> None:
        objects = self.failing(rollout("shop", None, before=IMAGE))
        found = finding(snapshot(objects))
        assert (found.component, found.remedy) == (SHOP, "rollback_workload")
        assert "restart_workload" in {each.remedy for each in found.excluded}

    def test_without_a_release_is_for_a_person(self) -> None:
        objects = self.failing(workload("shop", pods=2, ready=1))
        assert answer(snapshot(objects)) == (SHOP, "service_crash", "page_human")
