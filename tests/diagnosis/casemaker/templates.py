"""Containers and pod specs of a workload's template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Obj = dict[str, Any]


def from_map(name: str, key: str) -> Obj:
    return {"valueFrom": {"configMapKeyRef": {"name": name, "key": key}}}


def from_secret(name: str, key: str) -> Obj:
    return {"valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def http(path: str, port: int | str, *, delay: int = 0, period: int = 10, timeout: int = 1, failures: int = 3) -> Obj:
    """Return an HTTP probe with the API server's defaults filled in."""
    probe: Obj = {"httpGet": {"path": path, "port": port, "scheme": "HTTP"}}
    if delay:
        probe["initialDelaySeconds"] = delay
    return probe | {
        "periodSeconds": period,
        "timeoutSeconds": timeout,
        "successThreshold": 1,
        "failureThreshold": failures,
    }


def container(
    name: str,
    image: str,
    *,
    port: int = 8080,
    env: Mapping[str, str | Obj] | None = None,
    env_from: Sequence[str] = (),
    cpu: tuple[str, str] = ("100m", "500m"),
    memory: tuple[str, str] = ("128Mi", "256Mi"),
    ready: str | Obj | None = "/healthz",
    live: str | Obj | None = None,
    command: Sequence[str] = (),
    args: Sequence[str] = (),
    mounts: Mapping[str, str] | None = None,
) -> Obj:
    """Return a container; ``cpu`` and ``memory`` are request and limit ("" none), ``env_from`` e.g. "secret/db"."""
    made: Obj = {"name": name, "image": image, "imagePullPolicy": "IfNotPresent"}
    if command:
        made["command"] = list(command)
    if args:
        made["args"] = list(args)
    if port:
        made["ports"] = [{"name": "http", "containerPort": port, "protocol": "TCP"}]
    if env:
        made["env"] = [
            {"name": key, "value": value} if isinstance(value, str) else {"name": key, **value}
            for key, value in env.items()
        ]
    if env_from:
        made["envFrom"] = [_source(*source.split("/", 1)) for source in env_from]
    made["resources"] = _resources(cpu, memory)
    for key, probe in (("readinessProbe", ready), ("livenessProbe", live)):
        if probe:
            made[key] = http(probe, port) if isinstance(probe, str) else probe
    if mounts:
        made["volumeMounts"] = [{"name": volume, "mountPath": path} for volume, path in mounts.items()]
    return made | {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}


def _source(kind: str, name: str) -> Obj:
    return {"secretRef": {"name": name}} if kind == "secret" else {"configMapRef": {"name": name}}


def _resources(cpu: tuple[str, str], memory: tuple[str, str]) -> Obj:
    sides = {"requests": (cpu[0], memory[0]), "limits": (cpu[1], memory[1])}
    made = {
        side: {key: value for key, value in zip(("cpu", "memory"), values, strict=True) if value}
        for side, values in sides.items()
    }
    return {side: values for side, values in made.items() if values}


def pod_spec(*containers: Obj, volumes: Mapping[str, str] | None = None, init: Sequence[Obj] = (), **more: Any) -> Obj:
    """Return a pod spec; ``volumes`` are e.g. {"config": "configmap/app-config"}."""
    spec: Obj = {"containers": list(containers)}
    if init:
        spec["initContainers"] = list(init)
    spec |= {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "securityContext": {},
    }
    if volumes:
        spec["volumes"] = [_volume(name, *source.split("/", 1)) for name, source in volumes.items()]
    return spec | more


def _volume(name: str, kind: str, source: str = "") -> Obj:
    match kind:
        case "configmap":
            return {"name": name, "configMap": {"name": source, "defaultMode": 420}}
        case "secret":
            return {"name": name, "secret": {"secretName": source, "defaultMode": 420}}
        case "pvc":
            return {"name": name, "persistentVolumeClaim": {"claimName": source}}
        case _:
            return {"name": name, "emptyDir": {}}
