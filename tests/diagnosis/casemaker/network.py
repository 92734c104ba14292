"""Services with EndpointSlices that follow from pods, ingresses, network policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.casemaker.names import digest, safe
from tests.diagnosis.casemaker.world import World, days

Obj = dict[str, Any]

COREFILE = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""
"""What CoreDNS is told on a cluster that kubeadm made."""
ADDRESSES = {"kube-dns": "10.96.0.10"}
"""Services whose address everybody knows."""


def service(
    w: World,
    name: str,
    selector: Mapping[str, str] | None = None,
    *,
    port: int = 80,
    target: int | str = 8080,
    age: float = days(200),
    labels: Mapping[str, str] | None = None,
    headless: bool = False,
) -> Obj:
    """Return a Service; its EndpointSlice is computed from the pods there are when this is called."""
    chosen = dict(selector or {"app": name})
    address = (
        "None" if headless else ADDRESSES.get(name, f"10.96.{int(digest(name)[:2], 16)}.{int(digest(name)[2:4], 16)}")
    )
    made = w.add(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": w.meta("Service", name, age, labels=dict(labels or chosen)),
            "spec": {
                "type": "ClusterIP",
                "clusterIP": address,
                "selector": chosen,
                "ports": [{"name": "http", "port": port, "protocol": "TCP", "targetPort": target}],
                "sessionAffinity": "None",
            },
            "status": {"loadBalancer": {}},
        }
    )
    endpoints, number = _endpoints(w, chosen, target)
    owner = {"apiVersion": "v1", "kind": "Service", "name": name, "uid": made["metadata"]["uid"], "controller": True}
    w.add(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": w.meta(
                "EndpointSlice",
                f"{name}-{safe(5, name, 'slice')}",
                age,
                labels={
                    "kubernetes.io/service-name": name,
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                },
                ownerReferences=[owner],
            ),
            "addressType": "IPv4",
            "endpoints": endpoints or None,
            "ports": [{"name": "http", "port": number, "protocol": "TCP"}] if endpoints else None,
        }
    )
    return made


def _endpoints(w: World, selector: Mapping[str, str], target: int | str) -> tuple[list[Obj], int | str]:
    found, number = [], target
    for pod in w.objects:
        labels = pod["metadata"].get("labels", {})
        if pod["kind"] != "Pod" or not selector.items() <= labels.items() or not pod["status"].get("podIP"):
            continue
        if pod["status"]["phase"] in {"Failed", "Succeeded"}:
            continue
        named = {port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0].get("ports", [])}
        if isinstance(target, str):
            if target not in named:
                continue
            number = named[target]
        leaving = "deletionTimestamp" in pod["metadata"]
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])
        meta = pod["metadata"]
        found.append(
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": ready and not leaving, "serving": ready, "terminating": leaving},
                "nodeName": pod["spec"].get("nodeName"),
                "targetRef": {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
            }
        )
    return found, number


def ingress(
    w: World,
    name: str,
    host: str,
    paths: Sequence[tuple[str, str, int]],
    *,
    age: float = days(200),
    tls: str = "",
    annotations: Mapping[str, str] | None = None,
) -> Obj:
    """Return an Ingress; ``paths`` are (path, service, port)."""
    rules = [
        {"path": path, "pathType": "Prefix", "backend": {"service": {"name": to, "port": {"number": port}}}}
        for path, to, port in paths
    ]
    spec: Obj = {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": rules}}]}
    if tls:
        spec["tls"] = [{"secretName": tls}]
    return w.add(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": w.meta("Ingress", name, age, annotations=dict(annotations or {}), generation=3),
            "spec": spec,
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.40"}]}},
        }
    )


def policy(
    w: World,
    name: str,
    selector: Mapping[str, str],
    *,
    age: float,
    ingress_from: Sequence[Mapping[str, Any]] | None = None,
    egress_to: Sequence[Mapping[str, Any]] | None = None,
) -> Obj:
    """Return a NetworkPolicy; a direction that is given (even empty) is restricted."""
    spec: Obj = {"podSelector": {"matchLabels": dict(selector)} if selector else {}, "policyTypes": []}
    if ingress_from is not None:
        spec["policyTypes"].append("Ingress")
        spec["ingress"] = [dict(rule) for rule in ingress_from]
    if egress_to is not None:
        spec["policyTypes"].append("Egress")
        spec["egress"] = [dict(rule) for rule in egress_to]
    return w.add(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": w.meta("NetworkPolicy", name, age, generation=1),
            "spec": spec,
        }
    )


def ip(w: World, name: str) -> str:
    """Return the address that clients of a Service dial: its own, or that of its first pod if it has none."""
    found = next(obj for obj in w.objects if obj["kind"] == "Service" and obj["metadata"]["name"] == name)
    if found["spec"]["clusterIP"] != "None":
        return str(found["spec"]["clusterIP"])
    endpoints, _ = _endpoints(w, found["spec"]["selector"], found["spec"]["ports"][0]["targetPort"])
    return str(endpoints[0]["addresses"][0])


def http_route(
    w: World,
    name: str,
    host: str,
    to: str,
    port: int,
    *,
    age: float = days(150),
    refused: tuple[str, str, float] | None = None,
) -> Obj:
    """Return an HTTPRoute to one Service; ``refused``: reason, message and age of references that do not resolve."""
    resolved: Obj = {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", "message": ""}
    resolved["lastTransitionTime"] = w.at(age - 5)
    if refused:
        resolved |= {"status": "False", "reason": refused[0], "message": refused[1]}
        resolved["lastTransitionTime"] = w.at(refused[2])
    accepted = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": ""}
    accepted["lastTransitionTime"] = w.at(age - 5)
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "edge", "namespace": "gateways"}
    return w.add(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": w.meta("HTTPRoute", name, age, generation=2),
            "spec": {
                "hostnames": [host],
                "parentRefs": [parent],
                "rules": [
                    {
                        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                        "backendRefs": [{"group": "", "kind": "Service", "name": to, "port": port, "weight": 1}],
                    }
                ],
            },
            "status": {
                "parents": [
                    {
                        "parentRef": parent,
                        "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
                        "conditions": [accepted, resolved],
                    }
                ]
            },
        }
    )
