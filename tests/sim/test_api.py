"""The server as clients see it: discovery, tables, watches, dry runs, exec, logs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.sim.api_client import MERGE, TABLE, ApiClient
from tests.sim.objects import DEPLOYMENTS, LEASES, PODS, deployment, lease
from tuheg_ir.sim.cluster import SimulatedCluster
from tuheg_ir.sim.discovery import AGGREGATED


def wait_for(test: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def rolled_out(api: ApiClient, name: str = "web") -> Callable[[], bool]:
    def done() -> bool:
        obj = api("GET", f"{DEPLOYMENTS}/{name}").body
        wanted, status = obj["spec"]["replicas"], obj["status"]
        return [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")] == [wanted] * 3

    return done


def test_discovery_names_what_is_served(api: ApiClient) -> None:
    groups = {group["name"] for group in api("GET", "/apis").body["groups"]}
    assert {"apps", "autoscaling", "policy", "networking.k8s.io", "coordination.k8s.io"} <= groups
    names = {row["name"]: row for row in api("GET", "/apis/apps/v1").body["resources"]}
    assert names["deployments"]["shortNames"] == ["deploy"]
    assert names["deployments/scale"]["kind"] == "Scale"
    assert api("GET", "/version").body["gitVersion"] == "v1.36.3"


def test_aggregated_discovery_says_the_same(api: ApiClient) -> None:
    accept = f"application/json;{AGGREGATED},application/json"
    items = api("GET", "/apis", accept=accept).body["items"]
    found = {
        f"{item['metadata']['name']}/{version['version']}": {row["resource"] for row in version["resources"]}
        for item in items
        for version in item["versions"]
    }
    for place, resources in found.items():
        plain = api("GET", f"/apis/{place}").body["resources"]
        assert resources == {row["name"] for row in plain if "/" not in row["name"]}


def test_a_table_carries_metadata_or_the_object_as_asked(api: ApiClient) -> None:
    api("POST", LEASES, lease(holder="ann"))
    table = api("GET", LEASES, accept=TABLE).body
    assert table["rows"][0]["cells"][:2] == ["lock", "ann"]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    whole = api("GET", f"{LEASES}?includeObject=Object", accept=TABLE).body
    assert whole["rows"][0]["object"]["spec"]["holderIdentity"] == "ann"
    assert "object" not in api("GET", f"{LEASES}?includeObject=None", accept=TABLE).body["rows"][0]


def test_metadata_alone_is_served_too(api: ApiClient) -> None:
    api("POST", LEASES, lease())
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    items = api("GET", LEASES, accept=accept).body["items"]
    assert [sorted(item) for item in items] == [["apiVersion", "kind", "metadata"]]


def test_a_form_that_is_not_served_is_406(api: ApiClient) -> None:
    assert api("GET", PODS, accept="text/html").code == 406


def test_long_lists_come_in_pages(api: ApiClient) -> None:
    for number in range(5):
        api("POST", LEASES, lease(f"l{number}"))
    first = api("GET", f"{LEASES}?limit=2").body
    assert first["metadata"]["remainingItemCount"] == 3
    second = api("GET", f"{LEASES}?limit=9&continue={first['metadata']['continue']}").body
    names = [item["metadata"]["name"] for item in first["items"] + second["items"]]
    assert names == [f"l{number}" for number in range(5)]
    assert "continue" not in second["metadata"]


def take(events: Iterator[Any], count: int) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in islice(events, count)]


def test_a_watch_tells_what_is_there_and_then_every_change(api: ApiClient) -> None:
    api("POST", LEASES, lease("a"))
    with api.stream(f"{LEASES}?watch=true&timeoutSeconds=5") as events:
        assert take(events, 1) == [("ADDED", "a")]
        api("POST", LEASES, lease("b"))
        api("PATCH", f"{LEASES}/a", {"spec": {"holderIdentity": "x"}}, kind=MERGE)
        api("DELETE", f"{LEASES}/b")
        assert take(events, 3) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_a_watch_goes_on_from_a_version(api: ApiClient) -> None:
    version = api("POST", LEASES, lease("a")).body["metadata"]["resourceVersion"]
    api("POST", LEASES, lease("b"))
    with api.stream(f"{LEASES}?watch=true&timeoutSeconds=5&resourceVersion={version}") as events:
        assert take(events, 1) == [("ADDED", "b")]


def test_a_watch_with_a_selector_sees_objects_come_and_go(api: ApiClient) -> None:
    api("POST", LEASES, lease("a"))
    with api.stream(f"{LEASES}?watch=true&timeoutSeconds=5&labelSelector=tier%3Dfront") as events:
        api("PATCH", f"{LEASES}/a", {"metadata": {"labels": {"tier": "front"}}}, kind=MERGE)
        api("PATCH", f"{LEASES}/a", {"metadata": {"labels": {"tier": "back"}}}, kind=MERGE)
        assert take(events, 2) == [("ADDED", "a"), ("DELETED", "a")]


def test_initial_events_end_with_a_bookmark(api: ApiClient) -> None:
    api("POST", LEASES, lease("a"))
    query = (
        "watch=true&timeoutSeconds=5&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    )
    with api.stream(f"{LEASES}?{query}") as events:
        added, mark = next(events), next(events)
    assert added["object"]["metadata"]["name"] == "a"
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_history_that_is_no_longer_kept_is_gone(api: ApiClient, cluster: SimulatedCluster) -> None:
    api("POST", LEASES, lease("a"))
    for number in range(4100):
        cluster.apply(
            lease("a", holder=str(number), version=None) | {"metadata": {"name": "a", "namespace": "default"}}
        )
    with api.stream(f"{LEASES}?watch=true&timeoutSeconds=5&resourceVersion=2") as events:
        event = next(events)
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


def test_a_dry_run_answers_as_if_and_stores_nothing(api: ApiClient) -> None:
    made = api("POST", f"{DEPLOYMENTS}?dryRun=All", deployment())
    assert made.code == 201
    assert made.body["spec"]["progressDeadlineSeconds"] == 600
    assert api("GET", f"{DEPLOYMENTS}/web").code == 404
    api("POST", DEPLOYMENTS, deployment())
    before = api("GET", f"{DEPLOYMENTS}/web").body["spec"]
    shown = api("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"spec": {"replicas": 9}}, kind=MERGE)
    assert shown.body["spec"]["replicas"] == 9
    assert api("GET", f"{DEPLOYMENTS}/web").body["spec"] == before


def test_only_one_of_many_takes_a_free_lock(api: ApiClient) -> None:
    free = api("POST", LEASES, lease(holder="")).body
    answers: list[int] = []

    def take_it(number: int) -> None:
        body = lease(holder=f"run-{number}", version=free["metadata"]["resourceVersion"])
        answers.append(api("PUT", f"{LEASES}/lock", body).code)

    threads = [threading.Thread(target=take_it, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [409] * 7


def test_a_write_that_changes_nothing_leaves_the_version(api: ApiClient) -> None:
    made = api("POST", LEASES, lease()).body
    again = api("PATCH", f"{LEASES}/lock", {"spec": {"holderIdentity": "me"}}, kind=MERGE).body
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_status_is_written_through_its_own_door_only(api: ApiClient) -> None:
    api("POST", DEPLOYMENTS, deployment(replicas=0, paused=True))
    through_main = api("PATCH", f"{DEPLOYMENTS}/web", {"status": {"replicas": 7}}, kind=MERGE).body
    assert through_main["status"].get("replicas") != 7
    through_status = api("PATCH", f"{DEPLOYMENTS}/web/status", {"status": {"collisionCount": 7}}, kind=MERGE).body
    assert through_status["status"]["collisionCount"] == 7


def test_logs_are_cut_as_asked(api: ApiClient) -> None:
    api("POST", DEPLOYMENTS, deployment(replicas=1))
    wait_for(rolled_out(api))
    name = api("GET", PODS).body["items"][0]["metadata"]["name"]
    assert api("GET", f"{PODS}/{name}/log").body == "hello\nready\n"
    assert api("GET", f"{PODS}/{name}/log?tailLines=1").body == "ready\n"
    assert api("GET", f"{PODS}/{name}/log?tailLines=0").body == ""
    assert api("GET", f"{PODS}/{name}/log?limitBytes=3").body == "hel"
    assert api("GET", f"{PODS}/{name}/log?timestamps=true").body.splitlines()[0].endswith("Z hello")
    assert api("GET", f"{PODS}/{name}/log?container=nosuch").message == f"container nosuch is not valid for pod {name}"
    previous = api("GET", f"{PODS}/{name}/log?previous=true")
    assert previous.message == f'previous terminated container "main" in pod "{name}" not found'


def test_a_crash_leaves_its_last_words_in_the_log(api: ApiClient) -> None:
    api("POST", DEPLOYMENTS, deployment(image="crash:1", replicas=1))
    name = ""

    def crashed_twice() -> bool:
        nonlocal name
        for pod in api("GET", PODS).body["items"]:
            name = pod["metadata"]["name"]
            return any(row["restartCount"] for row in pod["status"].get("containerStatuses", []))
        return False

    wait_for(crashed_twice)
    assert api("GET", f"{PODS}/{name}/log?previous=true").body == "boom\n"


def test_a_container_that_waits_has_no_log(api: ApiClient) -> None:
    api("POST", DEPLOYMENTS, deployment(image="nosuch:1", replicas=1))
    wait_for(lambda: bool(api("GET", PODS).body["items"]))
    name = api("GET", PODS).body["items"][0]["metadata"]["name"]
    refused = api("GET", f"{PODS}/{name}/log")
    assert refused.code == 400
    assert refused.message.startswith(f'container "main" in pod "{name}" is waiting to start: ')


GET_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}


def test_rights_are_those_of_the_roles(account: Callable[..., ApiClient]) -> None:
    api = account(GET_PODS)
    assert api("GET", PODS).code == 200
    refused = api("GET", "/api/v1/namespaces/kube-system/pods")
    assert (refused.code, refused.message) == (
        403,
        'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "kube-system"',
    )


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", f"{DEPLOYMENTS}/web", 'deployments.apps "web" is forbidden: User "ann" cannot get resource "deployments" in API group "apps" in the namespace "default"'),  # noqa: E501 - the whole sentence
        ("PATCH", f"{DEPLOYMENTS}/web/scale", 'deployments.apps "web" is forbidden: User "ann" cannot patch resource "deployments/scale" in API group "apps" in the namespace "default"'),  # noqa: E501 - the whole sentence
        ("POST", DEPLOYMENTS, 'deployments.apps is forbidden: User "ann" cannot create resource "deployments" in API group "apps" in the namespace "default"'),  # noqa: E501 - the whole sentence
        ("GET", "/api/v1/nodes", 'nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the cluster scope'),  # noqa: E501 - the whole sentence
        ("GET", "/api/v1/pods", 'pods is forbidden: User "ann" cannot list resource "pods" in API group "" at the cluster scope'),  # noqa: E501 - the whole sentence
        ("GET", f"{PODS}/x/log", 'pods "x" is forbidden: User "ann" cannot get resource "pods/log" in API group "" in the namespace "default"'),  # noqa: E501 - the whole sentence
        ("GET", "/metrics", 'forbidden: User "ann" cannot get path "/metrics"'),
    ],
)  # fmt: skip
def test_refusals_name_what_is_missing(account: Callable[..., ApiClient], method: str, path: str, message: str) -> None:
    refused = account(GET_PODS)(method, path, {} if method in ("PATCH", "POST") else None, kind=MERGE)
    assert (refused.code, refused.message) == (403, message)


def test_names_in_a_role_bind(account: Callable[..., ApiClient], api: ApiClient) -> None:
    ours = account({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"], "resourceNames": ["web"]})
    for name in ("web", "other"):
        api("POST", DEPLOYMENTS, deployment(name, replicas=0))
    assert ours("PATCH", f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"a": "b"}}}, kind=MERGE).code == 200
    assert ours("PATCH", f"{DEPLOYMENTS}/other", {"metadata": {"labels": {"a": "b"}}}, kind=MERGE).code == 403


def test_nobody_is_401(kubeconfig: Path) -> None:
    refused = ApiClient(kubeconfig, token="no-such-token")("GET", PODS)
    assert (refused.code, refused.message) == (401, "Unauthorized")


def test_a_token_ends_with_its_service_account(cluster: SimulatedCluster, tmp_path: Path, api: ApiClient) -> None:
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bot"}})
    token = cluster.authorizer.add_account("default", "bot")
    bot = ApiClient(cluster.kubeconfig(tmp_path, token=token, name="bot"))
    who = bot("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert who.body["status"]["userInfo"]["username"] == "system:serviceaccount:default:bot"
    api("DELETE", "/api/v1/namespaces/default/serviceaccounts/bot")
    assert bot("GET", PODS).code == 401


def test_the_kubeconfig_is_for_its_owner_only(kubeconfig: Path) -> None:
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    assert json.loads(kubeconfig.read_text())["current-context"] == "drill"


def test_a_stopped_cluster_answers_nobody(tmp_path: Path) -> None:
    with SimulatedCluster() as cluster:
        client = ApiClient(cluster.kubeconfig(tmp_path))
        assert client("GET", "/readyz").body == "ok"
    with pytest.raises(ConnectionRefusedError):
        client("GET", "/readyz")
    with pytest.raises(RuntimeError, match="not started"):
        _ = cluster.url
