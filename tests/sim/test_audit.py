"""What is in the audit log: what was stored through the API, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sim.api_client import MERGE, ApiClient
from tests.sim.objects import DEPLOYMENTS, LEASES, deployment, lease
from tuheg_ir.sim.cluster import SimulatedCluster

WRITE = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "patch", "delete"]}


def test_what_is_stored_is_on_record_with_who_did_it(
    cluster: SimulatedCluster, api: ApiClient, account: Callable[..., ApiClient]
) -> None:
    ann = account(WRITE)
    assert ann("POST", DEPLOYMENTS, deployment()).code == 201
    assert api("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}}, kind=MERGE).code == 200
    assert ann("DELETE", f"{DEPLOYMENTS}/web").code == 200
    told = [(entry.user, str(entry)) for entry in cluster.api.audit.entries]
    assert told == [
        ("ann", "create deployments/web"),
        ("kubernetes-admin", "patch deployments/web"),
        ("ann", "delete deployments/web"),
    ]


def test_what_changes_nothing_is_not(
    cluster: SimulatedCluster, api: ApiClient, account: Callable[..., ApiClient]
) -> None:
    api("POST", DEPLOYMENTS, deployment())
    mark = len(cluster.api.audit.entries)
    same: dict[str, Any] = {"spec": {"replicas": 2}}
    assert api("GET", f"{DEPLOYMENTS}/web").code == 200
    assert api("PATCH", f"{DEPLOYMENTS}/web", same, kind=MERGE).code == 200
    assert api("PATCH", f"{DEPLOYMENTS}/web?dryRun=All", {"spec": {"replicas": 9}}, kind=MERGE).code == 200
    assert api("PATCH", f"{DEPLOYMENTS}/nobody", same, kind=MERGE).code == 404
    assert account()("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 9}}, kind=MERGE).code == 403
    assert cluster.api.audit.entries[mark:] == []


def test_a_lock_is_on_record_and_is_no_change(cluster: SimulatedCluster, api: ApiClient) -> None:
    api("POST", LEASES, lease())
    assert [str(entry) for entry in cluster.api.audit.entries] == ["create leases/lock"]
    assert cluster.api.audit.changes() == []


def test_changes_are_counted_from_a_mark(cluster: SimulatedCluster, api: ApiClient) -> None:
    api("POST", DEPLOYMENTS, deployment())
    api("POST", DEPLOYMENTS, deployment("shop"))
    assert cluster.api.audit.changes(1) == ["create deployments/shop"]
