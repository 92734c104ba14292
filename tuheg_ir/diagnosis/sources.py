"""The handbook's checks as bounded reads: each asks one thing and returns it raw.

A source gets what it needs from Context and may raise KubeError or any error of the network;
collect.py turns that into a note. Nothing here writes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

EVENT_LIMIT = 500
LOG_PODS = 5
LOG_LINES = 200
LAST_GOOD = "tuheg-ir-last-good-{}"


class NotConfigured(Exception):
    """This platform does not have what the source would ask."""


@dataclass(slots=True)
class Context:
    """What the sources share. ``end`` is a time.monotonic() after which nothing is waited for."""

    client: Any
    utils: Any
    namespace: str
    service: str
    services: Mapping[str, Mapping[str, Any]]
    prometheus_url: str
    ingress_url: str
    window: str
    end: float
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> Mapping[str, Any]:
        """Return the description of the service itself."""
        return self.services[self.service]

    @property
    def left_s(self) -> float:
        """Return the seconds left, never less than a try is worth."""
        return max(0.1, self.end - time.monotonic())

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Read from the API server within what time is left."""
        answer: dict[str, Any] = self.client.get(path, query, timeout_s=self.left_s)
        return answer

    def listed(self, group: str, what: str, query: Mapping[str, Any] | None = None) -> list[Any]:
        """List objects of the namespace."""
        return list(self.get(f"{group}/namespaces/{quote(self.namespace)}/{what}", query)["items"])

    def known(self) -> dict[str, Mapping[str, Any]]:
        """Return the service and what it depends on."""
        names = [self.service, *(self.spec.get("depends_on") or [])]
        return {name: self.services[name] for name in names if name in self.services}

    def database(self) -> tuple[str, Mapping[str, Any]] | None:
        """Return the first of them that is a database: its key and its database section."""
        for name, spec in self.known().items():
            if spec.get("database"):
                return name, spec["database"]
        return None


def pods(context: Context) -> list[Any]:
    """Return all pods of the namespace: who holds a database's slots may be any of them."""
    return context.listed("/api/v1", "pods")


def events(context: Context) -> list[Any]:
    """Return the namespace's newest events."""
    return context.listed("/api/v1", "events", {"limit": EVENT_LIMIT})


def deployments(context: Context) -> list[Any]:
    """Return the Deployments."""
    return context.listed("/apis/apps/v1", "deployments")


def statefulsets(context: Context) -> list[Any]:
    """Return the StatefulSets."""
    return context.listed("/apis/apps/v1", "statefulsets")


def revisions(context: Context) -> list[Any]:
    """Return the revisions: ReplicaSets of Deployments, ControllerRevisions of StatefulSets."""
    kind = "controllerrevisions" if context.spec["kind"] == "StatefulSet" else "replicasets"
    return context.listed("/apis/apps/v1", kind)


def last_good(context: Context) -> dict[str, Any]:
    """Return the ConfigMap with the last good template; {} when there is none yet."""
    name = LAST_GOOD.format(context.service)
    path = f"/api/v1/namespaces/{quote(context.namespace)}/configmaps/{quote(name)}"
    try:
        return context.get(path)
    except context.utils.kube.KubeError as error:
        if error.kind == "not_found":
            return {}
        raise


def usage(context: Context) -> list[Any]:
    """Return what `kubectl top pods` shows."""
    return context.listed("/apis/metrics.k8s.io/v1beta1", "pods")


def autoscalers(context: Context) -> list[Any]:
    """Return the HorizontalPodAutoscalers."""
    return context.listed("/apis/autoscaling/v2", "horizontalpodautoscalers")


def ingress(context: Context) -> dict[str, Any]:
    """Return the service's ingress."""
    name = context.spec.get("ingress")
    if not name:
        raise NotConfigured("the service names no ingress")
    group = "/apis/networking.k8s.io/v1"
    return context.get(f"{group}/namespaces/{quote(context.namespace)}/ingresses/{quote(name)}")


def sessions(context: Context) -> str:
    """Return the answer of the declared read-only query over pg_stat_activity."""
    found = context.database()
    if found is None:
        raise NotConfigured("no database among the service and what it depends on")
    name, database = found
    module = context.utils.sessions
    command = module.psql_words(module.SESSIONS_SQL, user=database.get("user", "postgres"))
    answer = context.client.exec(
        context.namespace,
        database.get("exec_pod", f"{name}-0"),
        database.get("exec_container", name),
        command,
        timeout_s=context.left_s,
    )
    if answer.rc != 0:
        raise RuntimeError(f"psql ended with {answer.rc}: {answer.stderr.strip()[:200]}")
    module.parse(answer.stdout)  # one that cannot be read is a failed source
    return str(answer.stdout)


def probes(context: Context) -> list[Any]:
    """Ask the probes of the service and of what it depends on."""
    asked = {name: spec for name, spec in context.known().items() if spec.get("probes")}
    if not asked:
        raise NotConfigured("neither the service nor what it depends on has probes")
    return list(
        context.utils.probes.run_probes(
            asked,
            prometheus_url=context.prometheus_url,
            ingress_url=context.ingress_url,
            namespace=context.namespace,
            window=context.window,
            since=None,
            timeout_s=context.left_s,
        )
    )


THROTTLED = (
    "max(sum by (pod) (rate(container_cpu_cfs_throttled_periods_total"
    '{{namespace="{namespace}",container="{container}"}}[{window}]))'
    " / sum by (pod) (rate(container_cpu_cfs_periods_total"
    '{{namespace="{namespace}",container="{container}"}}[{window}])))'
)


def throttling(context: Context) -> float:
    """Return the share of periods in which the busiest pod was throttled."""
    container = str(context.spec.get("container", context.service))
    query = THROTTLED.format(namespace=context.namespace, container=container, window=context.window or "1m")
    return ask(context, query)


def ask(context: Context, query: str) -> float:
    """Ask Prometheus for one number."""
    if not context.prometheus_url:
        raise NotConfigured("ir_prometheus_url is not set")
    module = context.utils.probe_promql
    question = module.PromQuestion(query=query, maximum=float("inf"))
    answer = module.ask_promql(context.prometheus_url, question, context.end)
    if answer.value is None:
        raise RuntimeError(answer.reason)
    return float(answer.value)


def asked_at(query: str, at: float) -> str:
    """Return the query as it would have been answered at a Unix time."""
    return f"last_over_time(({query})[2s:1s] @ {at:.0f})"


SOURCES: dict[str, Callable[[Context], Any]] = {
    "pods": pods,
    "events": events,
    "deployments": deployments,
    "statefulsets": statefulsets,
    "revisions": revisions,
    "last_good": last_good,
    "usage": usage,
    "autoscalers": autoscalers,
    "ingress": ingress,
    "sessions": sessions,
    "probes": probes,
    "throttling": throttling,
}
"""Name -> the read. Logs come after them: they need the names of the pods."""


def log(context: Context, pod: str, container: str, *, previous: bool) -> str:
    """Return the tail of one container's log."""
    path = f"/api/v1/namespaces/{quote(context.namespace)}/pods/{quote(pod)}/log"
    query = {"container": container, "tailLines": LOG_LINES}
    if previous:
        query["previous"] = "true"
    text: str = context.client.get_text(path, query, timeout_s=context.left_s)
    if text.startswith("unable to retrieve container logs"):
        raise RuntimeError(text.strip()[:200])
    return text
