# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what a remedy needs to decide, all at once on threads, slim where the whole is not needed.

A kubernetes.core task costs half a second (k8s_exec more than two) and has no timeout; these reads
take some 20 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from .kube import Client, KubeError
from .kubeerror import no_workload
from .podfaults import is_live, is_lost, is_ready, restarts
from .sessions import SESSIONS_SQL, pod_owner, psql_words
from .templates import API_PATHS, HASH_LABEL, REVISION_LABEL, owned_by, selector_text

WANTS = ("workload", "revisions", "last_good", "pods", "hpa", "quotas", "lease", "sessions")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_THREADS = 6
_LONGEST = 200  # characters of an error of psql


def read(
    client: Client,
    *,
    kind: str,
    namespace: str,
    service: str,
    want: Iterable[str],
    lease: str = "",
    database: Mapping[str, Any] | None = None,
    timeout_s: float = 15.0,
) -> dict[str, Any]:
    """Read the wanted things; one key each, {} or [] for an optional one that is absent.

    workload: the object; absent is a KubeError. revisions: those it owns by uid. last_good: the
    ConfigMap. pods: all of the namespace, slim. hpa: the one that scales the workload. quotas:
    those of the namespace. lease: the service's. sessions: {stdout, error} of the query over the
    sessions of `database` {exec_pod, exec_container, user, database}.
    """
    wanted = list(want)
    unknown = sorted(set(wanted) - set(WANTS))
    if unknown:
        raise ValueError(f"want has {', '.join(unknown)}; it may have {', '.join(WANTS)}")
    if kind not in API_PATHS:
        raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(API_PATHS)}")
    if "sessions" in wanted and not (database or {}).get("exec_pod"):
        raise ValueError("want has sessions; database must say exec_pod and exec_container")
    source = _Source(client, kind, quote(namespace), service, lease or f"tuheg-ir-{service}", timeout_s)
    readers: Mapping[str, Callable[[], Any]] = {
        "last_good": source.last_good,
        "pods": source.pods,
        "hpa": source.hpa,
        "quotas": source.quotas,
        "lease": source.lease,
        "sessions": lambda: source.sessions(namespace, database or {}),
    }
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        futures = {name: pool.submit(readers[name]) for name in wanted if name in readers}
        workload = pool.submit(source.workload) if {"workload", "revisions"} & set(wanted) else None
        result: dict[str, Any] = {}
        if workload is not None:
            found = workload.result()
            if "workload" in wanted:
                result["workload"] = found
            if "revisions" in wanted:
                result["revisions"] = source.revisions(found)
        return result | {name: future.result() for name, future in futures.items()}


def clean(thing: Mapping[str, Any]) -> dict[str, Any]:
    """An object without what nobody reads: managedFields and last-applied."""
    meta = {k: v for k, v in thing["metadata"].items() if k != "managedFields"}
    if _LAST_APPLIED in (meta.get("annotations") or {}):
        meta["annotations"] = {k: v for k, v in meta["annotations"].items() if k != _LAST_APPLIED}
    return dict(thing) | {"metadata": meta}


def slim_pod(pod: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """{name, uid, ip, service, node, phase, ready, restarts, revision, leaving, lost}."""
    meta, status = pod["metadata"], pod.get("status") or {}
    labels = meta.get("labels") or {}
    return {
        "name": meta["name"],
        "uid": meta.get("uid", ""),
        "ip": status.get("podIP", ""),
        "service": pod_owner(pod),
        "node": (pod.get("spec") or {}).get("nodeName", ""),
        "phase": status.get("phase", ""),
        "ready": is_ready(pod),
        "restarts": restarts(pod),
        "revision": labels.get(HASH_LABEL) or labels.get(REVISION_LABEL) or "",
        "leaving": not is_live(pod),
        "lost": is_lost(pod, now),
    }


class _Source:
    def __init__(self, client: Client, kind: str, namespace: str, service: str, lease: str, timeout_s: float) -> None:
        self._client = client
        self._kind = kind
        self._namespace = namespace
        self._service = service
        self._lease = lease
        self._timeout_s = timeout_s

    def workload(self) -> dict[str, Any]:
        group, plural, _revisions = API_PATHS[self._kind]
        try:
            found = self._get(f"{group}/namespaces/{self._namespace}/{plural}/{quote(self._service)}")
        except KubeError as error:
            raise no_workload(error, self._kind, self._namespace, self._service) from error
        return clean({"apiVersion": "apps/v1"} | found | {"kind": self._kind})

    def revisions(self, workload: Mapping[str, Any]) -> list[dict[str, Any]]:
        group, _workloads, plural = API_PATHS[self._kind]
        path = f"{group}/namespaces/{self._namespace}/{plural}"
        items = self._items(path, {"labelSelector": selector_text(workload)})
        return [clean(each) for each in owned_by(workload, items)]

    def last_good(self) -> dict[str, Any]:
        name = quote(f"tuheg-ir-last-good-{self._service}")
        return self._optional(f"/api/v1/namespaces/{self._namespace}/configmaps/{name}")

    def pods(self) -> list[dict[str, Any]]:
        found = self._items(f"/api/v1/namespaces/{self._namespace}/pods")
        now = datetime.now(UTC) + timedelta(seconds=self._client.skew_s)  # the cluster's, once it has answered
        return [slim_pod(pod, now) for pod in found]

    def hpa(self) -> dict[str, Any]:
        path = f"/apis/autoscaling/v2/namespaces/{self._namespace}/horizontalpodautoscalers"
        for each in self._items(path):
            target = each["spec"]["scaleTargetRef"]
            if (target.get("kind"), target.get("name")) == (self._kind, self._service):
                return clean({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"} | each)
        return {}

    def quotas(self) -> list[dict[str, Any]]:
        return [clean(q) for q in self._items(f"/api/v1/namespaces/{self._namespace}/resourcequotas")]

    def lease(self) -> dict[str, Any]:
        base = f"/apis/coordination.k8s.io/v1/namespaces/{self._namespace}/leases"
        return self._optional(f"{base}/{quote(self._lease)}")

    def sessions(self, namespace: str, database: Mapping[str, Any]) -> dict[str, str]:
        """A database that answers with an error is an answer; one that cannot be asked is a KubeError."""
        answer = self._client.exec(
            namespace,
            database["exec_pod"],
            database.get("exec_container") or "",
            psql_words(SESSIONS_SQL, database.get("user") or "postgres", database.get("database") or "postgres"),
            timeout_s=self._timeout_s,
        )
        if answer.rc == 0:
            return {"stdout": answer.stdout, "error": ""}
        told = " ".join(answer.stderr.split())[:_LONGEST] or "it said nothing"
        return {"stdout": "", "error": f"psql in {database['exec_pod']} ended with {answer.rc}: {told}"}

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._client.get(path, query, timeout_s=self._timeout_s)

    def _items(self, path: str, query: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return list(self._get(path, query).get("items") or [])

    def _optional(self, path: str) -> dict[str, Any]:
        try:
            return clean(self._get(path))
        except KubeError as error:
            if error.kind == "not_found":
                return {}
            raise
