"""What Prometheus would scrape of the simulated platform, by the names that the lab's has."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.sim.controllers.kubelet import Run
from tuheg_ir.sim.platform.gateway import BUCKETS, Gateway, Histogram
from tuheg_ir.sim.platform.model import NAMESPACE, SERVICE, Platform
from tuheg_ir.sim.quantities import quantity
from tuheg_ir.sim.status import Obj

Row = tuple[str, dict[str, str], float]
_FRONT = {
    "job": "pods",
    "app": "traefik",
    "namespace": "ingress",
    "pod": "traefik-0",
    "method": "GET",
    "protocol": "http",
    "service": f"{NAMESPACE}-main-ingress-{SERVICE}-http@kubernetesingressnginx",
}
_KUBE = {"job": "kube-state-metrics", "namespace": NAMESPACE}
_MEMORY = {"postgres": 60e6, "exporter": 15e6, "redis": 9e6}
_OTHERS = 20e6


def _histogram(name: str, labels: dict[str, str], found: Histogram) -> Iterator[Row]:
    for bound in BUCKETS:
        yield f"{name}_bucket", {**labels, "le": f"{bound:g}"}, found.counts.get(bound, 0.0)
    yield f"{name}_bucket", {**labels, "le": "+Inf"}, found.total
    yield f"{name}_sum", labels, found.sum
    yield f"{name}_count", labels, found.total


def front(platform: Platform) -> Iterator[Row]:
    """Yield the ingress's figures."""
    for code, number in platform.front.answers.items():
        yield "traefik_service_requests_total", {**_FRONT, "code": str(code)}, number
    yield from _histogram("traefik_service_request_duration_seconds", {**_FRONT, "code": "200"}, platform.front.times)


def gateway(found: Gateway) -> Iterator[Row]:
    """Yield the figures of one gateway."""
    labels = {"job": "pods", "app": SERVICE, "namespace": NAMESPACE, "pod": found.pod}
    for (path, status), number in found.answers.items():
        yield "http_requests_total", {**labels, "path": path, "status": str(status)}, number
    for path, times in found.times.items():
        yield from _histogram("http_request_duration_seconds", {**labels, "path": path}, times)
    for name, waits in found.waits.items():
        yield from _histogram("gateway_dependency_seconds", {**labels, "dependency": name}, waits)
    yield "gateway_db_pool_size", labels, float(found.size)
    yield "gateway_db_pool_in_use", labels, float(found.in_use)
    yield "gateway_db_pool_waiting", labels, 5.0 if found.size <= found.in_use else 0.0
    yield "process_resident_memory_bytes", labels, found.memory


def _container(platform: Platform, pod: Obj, run: Run, name: str) -> Iterator[Row]:
    labels = {"namespace": NAMESPACE, "pod": pod["metadata"]["name"], "container": name}
    kube = {**_KUBE, **labels}
    container = run.containers[name]
    for what, value in ((container.spec.get("resources") or {}).get("limits") or {}).items():
        yield "kube_pod_container_resource_limits", {**kube, "resource": what}, float(quantity(value))
    yield "kube_pod_container_status_restarts_total", kube, float(container.restarts)
    yield "kube_pod_container_status_ready", kube, float(container.ready)
    if container.before is not None:
        yield "kube_pod_container_status_last_terminated_reason", {**kube, "reason": container.before.reason}, 1.0
    if not container.running:
        return
    cadvisor = {"job": "cadvisor", **labels}
    found = platform.gateways.get((run.uid, container.restarts)) if name == "gateway" else None
    yield "container_memory_working_set_bytes", cadvisor, found.memory if found else _MEMORY.get(name, _OTHERS)
    if name == "postgres":
        yield "container_cpu_usage_seconds_total", cadvisor, platform.database_cpu
    if found is not None:
        yield "container_cpu_usage_seconds_total", cadvisor, found.cpu
        yield "container_cpu_cfs_periods_total", cadvisor, found.periods
        yield "container_cpu_cfs_throttled_periods_total", cadvisor, found.throttled


def containers(platform: Platform) -> Iterator[Row]:
    """Yield what the cluster says of all containers."""
    for pod in platform.cluster.store.objects("pods", NAMESPACE):
        run = platform.cluster.kubelet.run_of(pod)
        if run is not None:
            for name in run.containers:
                yield from _container(platform, pod, run, name)


def database(platform: Platform) -> Iterator[Row]:
    """Yield the database's figures; nothing when it does not run."""
    labels = {"job": "pods", "app": "postgres", "namespace": NAMESPACE, "pod": "postgres-0"}
    up = any(True for _ in platform.runs("postgres"))
    if any(True for _ in platform.runs("exporter")):
        yield "pg_up", labels, float(up)
    if not up:
        return
    yield "pg_settings_max_connections", labels, float(platform.database.most)
    states = [session.state for session in platform.database.sessions.values()]
    for state in ("active", "idle", "idle in transaction"):
        counted = {**labels, "datname": "tuheg", "state": state}
        yield "pg_stat_activity_count", counted, float(states.count(state))


def cache(platform: Platform) -> Iterator[Row]:
    """Yield the cache's figures."""
    for pod, _ in platform.runs("redis"):
        labels = {"job": "pods", "app": "redis", "namespace": NAMESPACE, "pod": pod["metadata"]["name"]}
        yield "redis_up", labels, 1.0


def deployments(platform: Platform) -> Iterator[Row]:
    """Yield what the cluster says of the Deployments."""
    for obj in platform.cluster.store.objects("deployments.apps", NAMESPACE):
        labels = {**_KUBE, "deployment": obj["metadata"]["name"]}
        yield "kube_deployment_spec_replicas", labels, float(obj["spec"]["replicas"])
        available = obj["status"].get("availableReplicas", 0)
        yield "kube_deployment_status_replicas_available", labels, float(available)


def everything(platform: Platform) -> Iterator[Row]:
    """Yield all figures of this moment."""
    yield from front(platform)
    for found in platform.gateways.values():
        yield from gateway(found)
    yield from containers(platform)
    yield from database(platform)
    yield from cache(platform)
    yield from deployments(platform)
