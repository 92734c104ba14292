"""The small controllers: endpoints, budgets, autoscaler bounds, quota, what is left of deleted things."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tuheg_ir.sim.controllers.common import Writer, active, ready, reference, share
from tuheg_ir.sim.controllers.engine import Engine, Key
from tuheg_ir.sim.quantities import quantity, render, requested
from tuheg_ir.sim.resources import Resource, by_key, by_kind
from tuheg_ir.sim.selectors import matches
from tuheg_ir.sim.status import ApiError, Obj
from tuheg_ir.sim.store import Change, Store

_AUTOSCALER_PERIOD = 15.0
_SLICES, _BUDGETS = "endpointslices.discovery.k8s.io", "poddisruptionbudgets.policy"
_AUTOSCALERS, _SCALED = (
    "horizontalpodautoscalers.autoscaling",
    {
        "Deployment": "deployments.apps",
        "StatefulSet": "statefulsets.apps",
    },
)


class _ByPods:
    """A controller whose objects are worth a look when they or any pod of their namespace change."""

    resource = ""

    def __init__(self, writer: Writer) -> None:
        self._write = writer
        self._store = writer.store

    def concerned(self, change: Change) -> Iterable[Key]:
        """Return the object itself, or all of the pod's namespace."""
        meta = change.obj["metadata"]
        if change.resource == self.resource and change.kind != "DELETED":
            yield meta["namespace"], meta["name"]
        elif change.resource == "pods":
            for obj in self._store.objects(self.resource, meta["namespace"]):
                yield meta["namespace"], obj["metadata"]["name"]


class EndpointSlices(_ByPods):
    """One EndpointSlice a Service, with its selected pods."""

    resource = "services"

    def look(self, namespace: str, name: str) -> None:
        """Write the slice of a Service."""
        service = self._store.get("services", namespace, name)
        if service is None or not service["spec"].get("selector"):
            return
        chosen = {"matchLabels": service["spec"]["selector"]}
        pods = [p for p in self._store.objects("pods", namespace) if matches(chosen, p["metadata"].get("labels") or {})]
        points = [self._point(pod) for pod in pods if pod["status"].get("podIP")]
        ports = [
            {"name": port.get("name", ""), "port": port["targetPort"], "protocol": port["protocol"]}
            for port in service["spec"]["ports"]
        ]
        body: Obj = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{name}-{service['metadata']['uid'][:5]}",
                "labels": {
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                    "kubernetes.io/service-name": name,
                },
                "ownerReferences": [reference(service)],
            },
            "addressType": "IPv4",
            "endpoints": points,
            "ports": ports,
        }
        known = self._store.get(_SLICES, namespace, body["metadata"]["name"])
        if known is None:
            self._write.registry.create(by_key()[_SLICES], namespace, body)
        elif (known.get("endpoints"), known.get("ports")) != (points, ports):
            self._write.update({**known, "endpoints": points, "ports": ports})

    def _point(self, pod: Obj) -> Obj:
        ending = bool(pod["metadata"].get("deletionTimestamp"))
        return {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": ready(pod) and not ending, "serving": ready(pod), "terminating": ending},
            "nodeName": pod["spec"].get("nodeName", ""),
            "targetRef": {
                "kind": "Pod",
                "namespace": pod["metadata"]["namespace"],
                "name": pod["metadata"]["name"],
                "uid": pod["metadata"]["uid"],
            },
        }


class Addresses:
    """Gives Services their cluster addresses."""

    def __init__(self) -> None:
        self._next = 10

    def admit(self, resource: Resource, obj: Obj) -> None:
        """Fill in the address of a new Service that has none and wants one."""
        if resource.kind != "Service" or obj["spec"].get("type") == "ExternalName":
            return
        if not obj["spec"].get("clusterIP"):
            obj["spec"]["clusterIP"] = f"10.96.{self._next // 250}.{self._next % 250 + 1}"
            self._next += 1
        obj["spec"].setdefault("clusterIPs", [obj["spec"]["clusterIP"]])


class Budgets(_ByPods):
    """PodDisruptionBudgets: how many pods may be evicted now."""

    resource = _BUDGETS

    def look(self, namespace: str, name: str) -> None:
        """Write the status of a budget."""
        budget = self._store.get(_BUDGETS, namespace, name)
        if budget is None:
            return
        chosen = [
            pod
            for pod in self._store.objects("pods", namespace)
            if active(pod) and matches(budget["spec"].get("selector"), pod["metadata"].get("labels") or {})
        ]
        expected, healthy, spec = self._expected(chosen), sum(map(ready, chosen)), budget["spec"]
        if "maxUnavailable" in spec:
            wanted = max(0, expected - share(spec["maxUnavailable"], expected, up=True))
        else:
            wanted = share(spec.get("minAvailable", 1), expected, up=True)
        allowed = max(0, healthy - wanted) if expected else 0
        generation = budget["metadata"]["generation"]
        old = next(iter(budget["status"].get("conditions") or []), None)
        state = "True" if allowed else "False"
        since = old["lastTransitionTime"] if old and old["status"] == state else self._write.now()
        told = {
            "type": "DisruptionAllowed",
            "status": state,
            "observedGeneration": generation,
            "lastTransitionTime": since,
            "reason": "SufficientPods" if allowed else "InsufficientPods",
            "message": "",
        }
        counts = {"disruptionsAllowed": allowed, "currentHealthy": healthy, "desiredHealthy": wanted}
        status = {"observedGeneration": generation, **counts, "expectedPods": expected, "conditions": [told]}
        self._write.status(budget, status)

    def _expected(self, pods: list[Obj]) -> int:
        """Return how many pods the owners of these pods want."""
        owners: dict[str, int] = {}
        for pod in pods:
            for owner in pod["metadata"].get("ownerReferences") or []:
                resource = by_kind().get((owner["apiVersion"], owner["kind"]))
                found = self._store.get(resource.key, pod["metadata"]["namespace"], owner["name"]) if resource else None
                if found is not None:
                    owners[owner["uid"]] = found["spec"].get("replicas", 1)
        return sum(owners.values()) + sum(1 for pod in pods if not pod["metadata"].get("ownerReferences"))


class Autoscalers:
    """HorizontalPodAutoscalers without metrics: they keep the replicas within their bounds."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._write = writer
        self._store = writer.store

    def concerned(self, change: Change) -> Iterable[Key]:
        """Return a new autoscaler; the others look by the clock."""
        if change.resource == _AUTOSCALERS and change.kind == "ADDED":
            meta = change.obj["metadata"]
            yield meta["namespace"], meta["name"]

    def look(self, namespace: str, name: str) -> None:
        """Bring the target within the bounds, and come again."""
        scaler = self._store.get(_AUTOSCALERS, namespace, name)
        if scaler is None:
            return
        self._engine.again(self, namespace, name, _AUTOSCALER_PERIOD)
        spec, goal = scaler["spec"], scaler["spec"]["scaleTargetRef"]
        target = self._store.get(_SCALED.get(goal["kind"], ""), namespace, goal["name"])
        if target is None:
            return
        now = target["spec"]["replicas"]
        wanted = now if now == 0 else max(spec["minReplicas"], min(now, spec["maxReplicas"]))
        if wanted != now:
            self._write.update({**target, "spec": {**target["spec"], "replicas": wanted}})
            bound = "above Spec.MaxReplicas" if now > wanted else "below Spec.MinReplicas"
            told = f"New size: {wanted}; reason: Current number of replicas {bound}"
            component = "horizontal-pod-autoscaler"
            self._write.event(scaler, "Normal", "SuccessfulRescale", told, component)
        status = {"desiredReplicas": wanted, "currentMetrics": None} | ({"currentReplicas": now} if now else {})
        if wanted != now:
            status["lastScaleTime"] = self._write.now()
        elif "lastScaleTime" in scaler["status"]:
            status["lastScaleTime"] = scaler["status"]["lastScaleTime"]
        self._write.status(scaler, status)


class Quotas(_ByPods):
    """ResourceQuotas: what pods use, and no more than that."""

    resource = "resourcequotas"

    def look(self, namespace: str, name: str) -> None:
        """Write what is used."""
        quota = self._store.get(self.resource, namespace, name)
        if quota is not None:
            hard = quota["spec"].get("hard") or {}
            used = {what: render(_used(self._store, namespace, what)) for what in hard if _counted(what)}
            self._write.status(quota, {"hard": hard, "used": used})

    def admit(self, resource: Resource, obj: Obj) -> None:
        """Refuse a pod that a quota has no room for."""
        if resource.kind != "Pod":
            return
        meta = obj["metadata"]
        for quota in self._store.objects(self.resource, meta["namespace"]):
            hard, name = quota["spec"].get("hard") or {}, quota["metadata"]["name"]
            self._complete(obj, hard, name)
            asked = {what: _asked(obj, what) for what in sorted(hard) if _counted(what)}
            used = {what: _used(self._store, meta["namespace"], what) for what in asked}
            over = [what for what in asked if asked[what] and used[what] + asked[what] > quantity(hard[what])]
            if over:
                told = [
                    ",".join(f"{what}={value}" for what, value in rows)
                    for rows in (
                        [(what, render(asked[what])) for what in over],
                        [(what, render(used[what])) for what in over],
                        [(what, str(hard[what])) for what in over],
                    )
                ]
                why = f"exceeded quota: {name}, requested: {told[0]}, used: {told[1]}, limited: {told[2]}"
                raise ApiError.forbidden("", "pods", meta["name"], why)

    def _complete(self, obj: Obj, hard: Obj, name: str) -> None:
        """Refuse a pod that does not say what a quota counts."""
        for what in sorted(hard):
            kind, _, field = what.partition(".")
            if kind in ("requests", "limits"):
                silent = [
                    container["name"]
                    for container in obj["spec"]["containers"]
                    if field not in ((container.get("resources") or {}).get(kind) or {})
                ]
                if silent:
                    why = f"failed quota: {name}: must specify {what} for: {','.join(silent)}"
                    raise ApiError.forbidden("", "pods", obj["metadata"]["name"], why)


def _counted(what: str) -> bool:
    return what in ("pods", "count/pods", "cpu", "memory") or what.partition(".")[0] in ("requests", "limits")


def _asked(pod: Obj, what: str) -> Decimal:
    if what in ("pods", "count/pods"):
        return quantity(1)
    kind, _, field = what.partition(".")
    return requested(pod, kind, field) if field else requested(pod, "requests", kind)


def _used(store: Store, namespace: str, what: str) -> Decimal:
    pods = [
        pod for pod in store.objects("pods", namespace) if pod["status"].get("phase") not in ("Succeeded", "Failed")
    ]
    return sum((_asked(pod, what) for pod in pods), quantity(0))


class Remains:
    """What a deleted object leaves: its dependents go too, and a namespace takes everything with it."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._write = writer
        self._store = writer.store

    def concerned(self, change: Change) -> Iterable[Key]:
        """Return the uid of what was deleted, or the name of a namespace that is going."""
        meta = change.obj["metadata"]
        if change.kind == "DELETED":
            yield "", meta["uid"]
        elif change.resource == "namespaces" and meta.get("deletionTimestamp"):
            yield meta["name"], ""

    def look(self, namespace: str, uid: str) -> None:
        """Delete the dependents of ``uid``, or empty a namespace and then delete it."""
        if uid:
            for key in by_key():
                for obj in self._store.objects(key):
                    if any(owner["uid"] == uid for owner in obj["metadata"].get("ownerReferences") or []):
                        self._write.delete(key, obj)
            return
        left = [
            (key, obj) for key, row in by_key().items() if row.namespaced for obj in self._store.objects(key, namespace)
        ]
        for key, obj in left:
            if not obj["metadata"].get("deletionTimestamp"):
                self._write.delete(key, obj)
        if any(self._store.objects(key, namespace) for key, row in by_key().items() if row.namespaced):
            self._engine.again(self, namespace, "", 0.5)
        else:
            self._store.delete("namespaces", "", namespace)
