"""What the ladder of one service is told: the kinds of break of the lab, and what must not be done then."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.diagnosis.rules.pods import again, looping, pods_of, put, rollout
from tests.diagnosis.rules.tiny import (
    DAY,
    database,
    figure,
    log,
    pod,
    postgres,
    redis,
    session,
    snapshot,
    workload,
)
from tuheg_ir.diagnosis.answer import for_service, public
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Snapshot

GATEWAY, POSTGRES, REDIS = "Deployment/backend-gateway", "StatefulSet/postgres", "Deployment/redis"
SERVICES: dict[str, Any] = {
    "backend-gateway": {"kind": "Deployment", "depends_on": ["postgres", "redis"]},
    "postgres": {"kind": "StatefulSet", "database": {"single_primary": True}},
    "redis": {"kind": "Deployment"},
}
OLD = {"image": "gateway:1.0.0"}
NEW = {"image": "gateway:1.1.0"}
RESTARTS = {"restart_workload", "restart_connection_pool"}
CALLER = {*RESTARTS, "scale_workload", "rollback_workload"}


def probes(*bad: str) -> tuple[dict[str, Any], ...]:
    """Return the inventory's probes; the bad ones are named service/probe."""
    known = {
        "backend-gateway/core": "core_function",
        "backend-gateway/errors": "user",
        "backend-gateway/latency": "user",
        "postgres/connections": "health",
        "redis/latency": "health",
    }
    return tuple(
        {
            "service": name.partition("/")[0],
            "name": name.partition("/")[2],
            "purpose": purpose,
            "verdict": "unhealthy" if name in bad else "healthy",
            "reason": "measured",
        }
        for name, purpose in known.items()
    )


def world(*objects: Any, bad: tuple[str, ...] = (), **more: Any) -> Snapshot:
    """Return the platform of the lab with a gateway of these objects."""
    snap = snapshot(*objects, postgres(), redis(), services=SERVICES, **more)
    return replace(snap, probes=probes(*bad))


def gateway(**more: Any) -> list[dict[str, Any]]:
    return workload("backend-gateway", **{"image": "gateway:1.0.0", "pods": 3, **more})


def released(**more: Any) -> list[dict[str, Any]]:
    return gateway(**{"before": OLD, **NEW, "released": 240, **more})


def told(snap: Snapshot) -> dict[str, Any]:
    return for_service(decide(snap), snap, GATEWAY)


def best(snap: Snapshot) -> tuple[str, str, str, str]:
    found = told(snap)["findings"][0]
    return found["component"], found["root_cause"], found["remedy"], found["target"]


def excluded(snap: Snapshot, target: str = GATEWAY) -> set[str]:
    return {each["remedy"] for each in told(snap)["excluded"] if each["target"] == target}


FULL = ("postgres/connections", "backend-gateway/core", "backend-gateway/errors")


def leaked_transactions() -> Snapshot:
    held = database(session(GATEWAY, "idle in transaction", 36, age_s=120), session(GATEWAY, "active", 2), most=43)
    figures = [figure("error_ratio", 0.001, 0.5, 120, component="backend-gateway")]
    return world(released(), bad=FULL, databases=[held], figures=figures)


def foreign_sessions() -> Snapshot:
    held = database(session("Deployment/report-runner", "idle", 30), session(GATEWAY, "idle", 9), most=43)
    return world(gateway(), workload("report-runner", pods=1, service=False), bad=FULL[:1], databases=[held])


def slow_dependency() -> Snapshot:
    scanner = workload("cache-scanner", pods=1, service=False)
    return world(gateway(), scanner, bad=("backend-gateway/latency", "redis/latency"))


def cpu_starvation(*, redis_slow: bool = False) -> Snapshot:
    figures = [figure("cpu_share", 0.4, 0.99, pod=pod("backend-gateway", n), container="gateway") for n in range(3)]
    figures += [
        figure("throttled_share", 0.0, 0.6, pod=pod("backend-gateway", n), container="gateway") for n in range(3)
    ]
    bad = ("backend-gateway/latency", *(("redis/latency",) if redis_slow else ()))
    return world(gateway(), bad=bad, figures=figures)


def bad_release() -> Snapshot:
    figures = [figure("error_ratio", 0.001, 0.3, 180, component="backend-gateway")]
    return world(released(), bad=("backend-gateway/core", "backend-gateway/errors"), figures=figures)


def memory_leak() -> Snapshot:
    objects = released(released=900)
    put(pods_of(objects)[0], again("OOMKilled", 137, age=60), unready=60)
    return world(objects)


def crash_at_start() -> Snapshot:
    objects = rollout("backend-gateway", looping("Error", 3), before=OLD, released=120, old=3, new=1, **NEW)
    return world(objects)


def crash_later() -> Snapshot:
    objects = released()
    for each in pods_of(objects):
        put(each, looping("Error", 1, lived=25, restarts=3), ready=False, unready=30)
    return world(objects)


BACK = {"rollback_workload"}
BREAKS = {
    "leaked-transactions": (leaked_transactions, BACK | {"restart_connection_pool"}, GATEWAY, {"scale_workload"}),
    "foreign-sessions": (foreign_sessions, {"scale_database"}, "Deployment/report-runner", RESTARTS | BACK),
    "slow-dependency": (slow_dependency, {"page_human"}, REDIS, CALLER),
    "cpu-starvation": (cpu_starvation, {"scale_workload"}, GATEWAY, set()),
    "bad-release": (bad_release, BACK, GATEWAY, set()),
    "memory-leak": (memory_leak, {"restart_workload", "rollback_workload"}, GATEWAY, set()),
    "crash-at-start": (crash_at_start, BACK, GATEWAY, RESTARTS),
    "crash-later": (crash_later, BACK, GATEWAY, RESTARTS),
}  # fmt: skip
HEALS = {
    "leaked-transactions": "rollback_workload",
    "foreign-sessions": "scale_database",
    "cpu-starvation": "scale_workload",
    "bad-release": "rollback_workload",
    "memory-leak": "restart_workload",
    "crash-at-start": "rollback_workload",
    "crash-later": "rollback_workload",
}
"""What the lab has seen to heal: the ladder must not be kept from it."""


@pytest.mark.parametrize("name", BREAKS)
def test_each_kind_of_break_of_the_lab_is_named(name: str) -> None:
    make, remedies, component, barred = BREAKS[name]
    found = best(make())
    assert found[0] == component
    assert found[2] in remedies
    assert barred <= excluded(make())
    assert told(make())["verdict"] == "unhealthy"


@pytest.mark.parametrize("name", HEALS)
def test_what_heals_a_break_is_not_excluded(name: str) -> None:
    target = POSTGRES if HEALS[name] == "scale_database" else GATEWAY
    assert HEALS[name] not in excluded(BREAKS[name][0](), target)


def test_a_service_without_processor_time_does_not_blame_its_cache() -> None:
    snap = cpu_starvation(redis_slow=True)
    assert best(snap)[0] == GATEWAY
    assert not excluded(snap) & {"scale_workload", "restart_workload"}


def test_a_healthy_service_is_told_so_and_has_no_way_back_without_an_older_template() -> None:
    found = told(world(gateway()))
    assert found["verdict"] == "healthy"
    assert [(f["component"], f["root_cause"]) for f in found["findings"]] == [(GATEWAY, "no_fault")]
    assert excluded(world(gateway())) == {"rollback_workload"}


def test_what_is_wrong_with_others_is_not_the_services_matter() -> None:
    other = rollout("billing", looping(), before={"image": "billing:1"})
    snap = world(gateway(), other)
    assert best(snap)[:3] == (GATEWAY, "no_fault", "no_action")
    assert decide(snap).findings[0].component == "Deployment/billing"


def test_what_keeps_a_service_from_its_work_is_its_matter() -> None:
    objects = gateway(pods=3, ready=2)
    short = [each for each in objects if each is not pods_of(objects)[2]]
    told_by = 'Error creating: pods "x" is forbidden: exceeded quota: team, requested: cpu=1'
    event = {
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "ReplicaSet", "name": "backend-gateway-r1"},
        "reason": "FailedCreate",
        "message": told_by,
        "lastTimestamp": "2026-03-04T11:59:00Z",
    }
    snap = world(short, event)
    assert best(snap)[:3] == ("ResourceQuota/team", "resource_exhaustion", "page_human")
    assert {"restart_workload", "scale_workload"} <= excluded(snap)


@pytest.mark.parametrize("name", BREAKS)
def test_no_remedy_is_proposed_and_excluded(name: str) -> None:
    found = told(BREAKS[name][0]())
    proposed = {(each["remedy"], each["target"]) for each in found["findings"]}
    assert not proposed & {(each["remedy"], each["target"]) for each in found["excluded"]}


@pytest.mark.parametrize("name", BREAKS)
def test_answers_are_plain_json_of_a_fixed_shape(name: str) -> None:
    snap = BREAKS[name][0]()
    whole = json.loads(json.dumps(public(decide(snap), snap)))
    assert set(whole) == {"schema", "namespace", "taken_at", "verdict", "findings", "considered", "sources"}
    for each in whole["findings"]:
        assert set(each) == {
            "component", "namespace", "root_cause", "remedy", "target", "confidence", "since", "rule", "evidence",
            "excluded",
        }  # fmt: skip
        assert all(set(fact) == {"source", "object", "fact", "time"} for fact in each["evidence"])
        assert all(set(one) == {"remedy", "target", "reason", "final"} for one in each["excluded"])
    assert json.dumps(told(snap))


def test_a_restart_of_a_crash_is_left_to_the_ladder_when_nothing_is_known() -> None:
    objects = gateway(before=OLD, released=20 * DAY)
    put(pods_of(objects)[0], again("Error", 1, age=120), unready=120)
    snap = world(objects, logs=[log(pod("backend-gateway"), "started")])
    assert best(snap)[1:3] == ("service_crash", "restart_workload")
