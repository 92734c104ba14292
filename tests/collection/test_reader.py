"""What a remedy needs is read at once, slim, and what is missing is told in the inventory's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.kube import KubeError, connect
from ansible_collections.tuheg.ir.plugins.module_utils.podfaults import is_lost
from ansible_collections.tuheg.ir.plugins.module_utils.reader import WANTS, read

from tests.collection.objects import NOW, at, deployment, pod, replicaset
from tests.collection.servers import Answer, Request, answering

APPS, CORE = "/apis/apps/v1/namespaces/ns", "/api/v1/namespaces/ns"
AUTOSCALERS = "/apis/autoscaling/v2/namespaces/ns/horizontalpodautoscalers"


def noisy() -> dict[str, Any]:
    found = deployment(annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}", "owner": "team"})
    found["metadata"]["managedFields"] = [{"manager": "x"}]
    return found


CLUSTER: Mapping[str, Any] = {
    f"{APPS}/deployments/web": noisy(),
    f"{APPS}/replicasets": {"items": [replicaset("web-a"), replicaset("other-b", owner="d-2")]},
    f"{CORE}/pods": {"items": [pod("web-a-1", "web-a")]},
    f"{CORE}/resourcequotas": {"items": []},
    AUTOSCALERS: {
        "items": [
            {"metadata": {"name": "x"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "other"}}},
            {"metadata": {"name": "y"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}},
        ]
    },
}


def read_from(cluster: Mapping[str, Any], *want: str, **options: Any) -> dict[str, Any]:
    def answer(request: Request) -> Answer:
        found = cluster.get(request.path)
        if isinstance(found, int):
            return found, {"message": 'x is forbidden: User "u" cannot list resource "horizontalpodautoscalers"'}
        return (200, found) if found is not None else (404, {"message": "not found"})

    with answering(answer) as server, connect({"host": server.url, "api_key": "t"}, environ={}) as client:
        return read(client, **({"kind": "Deployment", "namespace": "ns", "service": "web", "want": want} | options))


def test_everything_that_is_wanted_comes_under_its_name_and_nothing_else() -> None:
    plain = [name for name in WANTS if name != "sessions"]  # test_read_sessions.py
    assert set(read_from(CLUSTER, *plain)) == set(plain)
    assert set(read_from(CLUSTER, "pods")) == {"pods"}


def test_the_workload_comes_without_what_nobody_reads() -> None:
    workload = read_from(CLUSTER, "workload")["workload"]
    assert workload["metadata"]["annotations"] == {"owner": "team"}
    assert "managedFields" not in workload["metadata"]
    assert (workload["kind"], workload["apiVersion"]) == ("Deployment", "apps/v1")


def test_revisions_are_those_it_owns() -> None:
    assert [each["metadata"]["name"] for each in read_from(CLUSTER, "revisions")["revisions"]] == ["web-a"]


def test_pods_are_slim_and_know_their_service() -> None:
    (slim,) = read_from(CLUSTER, "pods")["pods"]
    assert slim == {
        "name": "web-a-1",
        "uid": "uid-web-a-1",
        "ip": "10.0.0.1",
        "service": "web",
        "node": "node",
        "phase": "Running",
        "ready": True,
        "restarts": 0,
        "revision": "a",
        "leaving": False,
        "lost": False,
    }


@pytest.mark.parametrize(
    ("over_for_s", "phase", "lost"),
    [
        (None, "Running", False),
        (-20, "Running", False),
        (60, "Running", False),
        (180, "Running", True),
        (180, "Failed", False),
    ],
)
def test_a_pod_is_lost_that_runs_though_its_time_to_end_is_over_for_minutes(
    over_for_s: float | None, phase: str, lost: bool
) -> None:
    made = pod("web-a-1", "web-a")
    made["status"] = (made.get("status") or {}) | {"phase": phase}
    if over_for_s is not None:
        made["metadata"]["deletionTimestamp"] = at(-over_for_s)
    assert is_lost(made, NOW) is lost


def test_the_autoscaler_is_the_one_that_scales_this_workload() -> None:
    assert read_from(CLUSTER, "hpa")["hpa"]["metadata"]["name"] == "y"
    assert read_from(CLUSTER, "hpa", service="third")["hpa"] == {}


def test_optional_things_that_are_absent_are_empty() -> None:
    assert read_from(CLUSTER, "last_good", "lease", "quotas") == {"last_good": {}, "lease": {}, "quotas": []}


def test_an_absent_workload_is_told_in_the_inventorys_words() -> None:
    with pytest.raises(KubeError) as caught:
        read_from({}, "workload")
    assert caught.value.message == "there is no Deployment web in namespace ns"
    assert caught.value.next == "check ir_service and ir_namespace"


def test_a_right_that_is_missing_is_an_error_not_an_empty_list() -> None:
    with pytest.raises(KubeError) as caught:
        read_from({AUTOSCALERS: 403}, "hpa")
    assert (caught.value.kind, caught.value.verb, caught.value.resource) == (
        "forbidden",
        "list",
        "horizontalpodautoscalers",
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"want": ["pod"]}, "want has pod; it may have workload"),
        ({"want": ["sessions"]}, "want has sessions; database must say exec_pod"),
        ({"kind": "DaemonSet"}, "kind is 'DaemonSet'"),
    ],
)
def test_what_cannot_be_read_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_from(CLUSTER, **options)
