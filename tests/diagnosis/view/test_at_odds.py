"""Which setting of a release what fails is about; one that only changed beside it is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.pods import labelled_before, pods_of, put, waiting
from tests.diagnosis.rules.scenes import MORE, OLD, ROOM, killed, logs, policy, shop, with_helper
from tests.diagnosis.rules.tiny import Obj, event, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view.at_odds import setting_at_fault
from tuheg_ir.diagnosis.view.view import View

PROBE = {"readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}
MOVED = {"readinessProbe": {"httpGet": {"path": "/health", "port": 8080}}}
POOL = "SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms"
UNREACHED = "dial tcp: i/o timeout connecting to postgres:5432"
FAILED = event(f"Pod/{pod('shop')}", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404")


def unready(objects: list[Obj], status: Obj | None = None) -> list[Obj]:
    """Return a workload whose pods are not ready."""
    for each in pods_of(objects):
        put(each, status or {}, ready=False, unready=500)
    objects[0]["status"]["readyReplicas"] = 0
    return objects


def released(before: dict[str, Any], **now: Any) -> list[Obj]:
    return shop(before=OLD | before, released=600, **now)


def timed(seconds: int) -> Obj:
    return {"readinessProbe": {**PROBE["readinessProbe"], "timeoutSeconds": seconds}}


def asked(released_one: list[Obj]) -> list[Obj]:
    return [*workload("web", env={"SHOP": "http://shop:8080"}), *released_one]


REFUSED = logs("web", "dial tcp: connect: connection refused (http://shop:8080)", since=400)
PORTS = {"ports": [{"name": "web", "containerPort": 9090}]}
HTTP = {"ports": [{"containerPort": 8080}]}
BOTH = {"ports": [{"containerPort": 8080}, {"name": "metrics", "containerPort": 9090}]}
ALIVE = {"livenessProbe": {"httpGet": {"path": "/live", "port": 8080}, "periodSeconds": 5}}
OFTENER = {"livenessProbe": {"httpGet": {"path": "/live", "port": 8080}, "periodSeconds": 2}}
KEY = {"env": {"MODE": {"configMapKeyRef": {"name": "shop", "key": "mode"}}}}
NO_KEY = waiting("CreateContainerConfigError", "couldn't find key mode in ConfigMap")

GAVE_UP = [
    logs("shop", f"AxiosError: timeout of {told} exceeded (http://pay:8080)", since=400) for told in ("300ms", "300 ms")
]
GAVE_UP += [logs("shop", "Get http://pay:8080: i/o timeout after 0.3s", since=400)]
LONGER = logs("shop", "AxiosError: timeout of 1300ms exceeded (http://pay:8080)", since=400)
WAITS = [
    ("3s", "0.3s", "env PAY_TIMEOUT"),
    ("3000", "300", "env PAY_TIMEOUT"),
    ("3000", "30", ""),
    ("10s", "a while", ""),
    ("", "300", ""),
]

OUT = logs("shop", UNREACHED, since=500)
OLD_ONES = [{"from": [{"podSelector": {"matchLabels": {"tier": "old"}}}]}]
LETS_OLD = [*postgres(), policy("postgres", "postgres", ingress=OLD_ONES)]
NO_IMAGE = waiting("ImagePullBackOff", "Back-off pulling image")


@pytest.mark.parametrize(
    ("objects", "told", "field"),
    [
        (killed(released(MORE, **ROOM)), (), "limits.memory"),
        (killed(released(ROOM, **MORE)), (), ""),  # raised
        (released(MORE, **ROOM), (), ""),  # nobody is killed
        ([*released(PROBE, **MOVED), FAILED], (), "readinessProbe.httpGet"),
        (unready(released(PROBE, **MOVED)), (), "readinessProbe.httpGet"),
        (released(PROBE, **MOVED), (), ""),  # it does not fail
        ([*released({"readinessProbe": None}, **PROBE), FAILED], (), "readinessProbe"),
        ([*released({}), FAILED], (), ""),  # the same probe
        ([*released(ALIVE, **OFTENER), FAILED], (), ""),  # it is the other probe that fails
        ([*released(timed(1), **timed(5)), FAILED], (), ""),  # it waits for longer than before
        ([*released(timed(5), **timed(1)), FAILED], (), "readinessProbe.timeoutSeconds"),
        (killed(with_helper(released({}), MORE, ROOM)), (), ""),  # the other container is killed
        (asked(released(HTTP, **PORTS)), REFUSED, "ports"),
        (asked(released(HTTP, **BOTH)), REFUSED, ""),  # a further port is in nobody's way
        (asked(released({})), REFUSED, ""),  # the same port
        (released({"env": {}}, env={"DB_POOL_SIZE": "2"}), logs("shop", POOL, since=500), "env DB_POOL_SIZE"),
        (released({"env": {}}, env={"SPOOL_DIR": "/tmp"}), logs("shop", POOL, since=500), ""),
        (released({"env": {"POOL_SIZE": "5"}}, env={"POOL_SIZE": "9"}), logs("shop", POOL, since=500), ""),
        (released({"env": {}}, env={"GREETING": "hi"}), logs("shop", POOL, since=500), ""),
        (released({"env": {}}, env={"DB_POOL_SIZE": "2"}), logs("shop", UNREACHED, since=500), ""),
        *(
            (released({"env": {"PAY_TIMEOUT_MS": "3000"}}, env={"PAY_TIMEOUT_MS": "300"}), said, "env PAY_TIMEOUT_MS")
            for said in GAVE_UP
        ),
        *(
            (released({"env": {"PAY_TIMEOUT": before}}, env={"PAY_TIMEOUT": now}), GAVE_UP[0], told)
            for before, now, told in WAITS
        ),
        (
            released({"env": {"PAY_TIMEOUT_MS": "100"}}, env={"PAY_TIMEOUT_MS": "300"}),
            GAVE_UP[0],
            "",
        ),  # it waits longer
        (released({"env": {"PAY_TIMEOUT_MS": "3000"}}, env={"PAY_TIMEOUT_MS": "300"}), LONGER, ""),  # another wait
        (released({"env": {"GREETING": "3000"}}, env={"GREETING": "300"}), GAVE_UP[0], ""),
        (unready(released({"env": {}}, **KEY), NO_KEY), (), "env MODE"),
        (unready(released({"env": {}}, env={"GREETING": "hi"}), NO_KEY), (), ""),  # only its program reads it
        (unready(released({"env": {}}, **KEY), NO_IMAGE), (), ""),  # it waits for its image
        (unready(released({"env": {}}, **KEY)), (), ""),  # it runs: its code may be what is not ready
        ([*labelled_before(released({}), {"tier": "old"}), *LETS_OLD], OUT, "label tier"),
        ([*labelled_before(released({}), {"team": "old"}), *LETS_OLD], OUT, ""),  # nothing goes by it
        (shop(), logs("shop", POOL), ""),  # no release
    ],
)
def test_a_setting_is_at_fault_where_what_fails_goes_by_it(objects: list[Obj], told: list[Log], field: str) -> None:
    view = View(snapshot(objects, logs=told))
    found = setting_at_fault(view, view.workloads["Deployment/shop"])
    assert (found.field if found else "") == field
