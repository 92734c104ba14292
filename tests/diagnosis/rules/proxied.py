"""Callers whose proxies tell whom they asked, a Service of two parts, and what leads to one of them."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.tiny import Obj, container, pod, service_for, thing, timed, workload
from tuheg_ir.diagnosis.model import Log

HOST = "cart.town.svc.cluster.local"
ENDS = range(3000, 0, -100)


def line(status: int, flags: str, cluster: str) -> str:
    """Return a line of a sidecar of Istio about a call of one of its clusters."""
    whom = "via_upstream" if flags == "-" else "no_healthy_upstream"
    return (
        f'"GET /items HTTP/1.1" {status} {flags} {whom} - "-" 0 537 14 13 "-" "Go/1.1" "7f" "cart:8080" "-" {cluster} -'
    )


def field(status: int, flags: str, cluster: str) -> str:
    """Return a line of an Envoy that writes JSON."""
    why = "overflow" if flags == "UO" else "remote_connection_failure"
    details = "via_upstream" if flags == "-" else f"upstream_reset_before_response_started{{{why}}}"
    return (
        f'{{"duration": 0, "method": "GET", "response_code": {status}, "response_code_details": "{details}",'
        f' "response_flags": "{flags}", "upstream_cluster": "{cluster}", "upstream_transport_failure_reason": null}}'
    )


def to(subset: str = "", host: str = HOST) -> str:
    return f"outbound|8080|{subset}|{host}"


def asked(before: str, since: str, turned: float = 590, of: str = "shop", proxy: str = "istio-proxy") -> Log:
    """Return a proxy's log whose lines are others from an age on."""
    return timed(pod(of), *((float(age), before if age > turned else since) for age in ENDS), of=proxy)


def part(colour: str, *, app: str = "cart", **more: Any) -> list[Obj]:
    """Return a set of pods of a Service that bear a version."""
    objects = workload(f"{app}-{colour}", service=False, **more)
    for each in (objects[0]["spec"]["template"], *pods_of(objects)):
        each["metadata"]["labels"] = {**each["metadata"]["labels"], "app": app, "version": colour}
    return objects


def cart() -> Obj:
    return service_for("cart", selector={"app": "cart"})


def rule(*, age: float | None = None, host: str = HOST, caps: Obj | None = None, **parts: str) -> Obj:
    """Return a DestinationRule with subsets, or with caps."""
    found = [{"name": name, "labels": {"version": version}} for name, version in parts.items()]
    policy = {"trafficPolicy": {"connectionPool": caps}} if caps else {}
    return thing("DestinationRule", "cart", written=age, spec={"host": host, "subsets": found, **policy})


def leads(*, age: float | None = 600, host: str = HOST, kind: str = "http", **weights: int) -> Obj:
    """Return a VirtualService that leads to subsets by weights."""
    ways = [{"destination": {"host": host, "subset": name}, "weight": n} for name, n in weights.items()]
    return thing("VirtualService", "cart", written=age, spec={"hosts": [host], kind: [{"route": ways}]})


def meshed(name: str, **more: Any) -> list[Obj]:
    """Return a workload whose pods have a proxy."""
    objects = workload(name, **more)
    for each in pods_of(objects):
        each["spec"] = {
            **each["spec"],
            "containers": [*each["spec"]["containers"], container("istio-proxy", "proxyv2:1")],
        }
    return objects
