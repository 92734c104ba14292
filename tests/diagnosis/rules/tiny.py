"""Snapshots as small as a rule's test needs: workloads in a line, logs as text, figures as shapes.

Ages are seconds before NOW. Everything is well unless said otherwise.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from tuheg_ir.diagnosis.folder.logs import kept_lines
from tuheg_ir.diagnosis.model import Alert, Database, Log, Series, Session, Snapshot
from tuheg_ir.diagnosis.objects import slim
from tuheg_ir.diagnosis.rule import Match, Rule
from tuheg_ir.diagnosis.view.view import View

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DAY = 86400.0
SPACE = "town"
Obj = dict[str, Any]


@cache
def at(age: float) -> str:
    """Return a time as Kubernetes writes it."""
    return (NOW - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")


def meta(name: str, age: float = 30 * DAY, *, written: float | None = None, **more: Any) -> Obj:
    """Return metadata; ``written``: when it was last changed."""
    made: Obj = {"name": name, "namespace": SPACE, "creationTimestamp": at(age), **more}
    if written is not None:
        made["managedFields"] = [{"manager": "kubectl-edit", "operation": "Update", "time": at(written)}]
    return made


def thing(kind: str, name: str, *, age: float = 30 * DAY, written: float | None = None, **body: Any) -> Obj:
    """Return an object of any kind."""
    return {"apiVersion": "v1", "kind": kind, "metadata": meta(name, age, written=written), **body}


def container(name: str, image: str, *, port: int = 8080, env: Mapping[str, Any] | None = None, **more: Any) -> Obj:
    """Return a container; an env value that is a mapping is a valueFrom."""
    entries = [
        {"name": k, "valueFrom": v} if isinstance(v, Mapping) else {"name": k, "value": v}
        for k, v in (env or {}).items()
    ]
    return {"name": name, "image": image, "ports": [{"containerPort": port}], "env": entries, **more}


def secret_key(secret: str, key: str = "password") -> Obj:
    """Return where an env variable takes a key of a Secret from."""
    return {"secretKeyRef": {"name": secret, "key": key}}


def workload(
    name: str,
    image: str = "",
    *,
    kind: str = "Deployment",
    pods: int = 2,
    ready: int | None = None,
    age: float = 10 * DAY,
    started: float | None = None,
    port: int = 8080,
    env: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    released: float = 600.0,
    nodes: Sequence[str] = ("n1", "n2"),
    service: bool = True,
    status: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
    **more: Any,
) -> list[Obj]:
    """Return a workload with its revisions, pods and Service.

    ``before``: what the container had before a release ``released`` seconds ago. ``started``: age of the containers.
    """
    image = image or f"registry.example/{name}:1"
    now = container(name, image, port=port, env=env, **more)
    labels = {"app": name}
    ready = pods if ready is None else ready
    template: Obj = {"metadata": {"labels": labels}, "spec": {"containers": [now], **(spec or {})}}
    top = thing(kind, name, age=age, spec={"replicas": pods, "selector": {"matchLabels": labels}, "template": template})
    top["status"] = {"replicas": pods, "readyReplicas": ready}
    made = [top]
    old = None if before is None else container(name, **{"image": image, "port": port, "env": env, **more, **before})
    number = 1
    for each, came in ([(old, age)] if old else []) + [(now, released if old else age)]:
        body = {"metadata": {"labels": labels}, "spec": {"containers": [each], **(spec or {})}}
        made.append(_revision(kind, name, number, body, came, pods if each is now else 0))
        number += 1
    revision = f"{name}-r{number - 1}"
    born = started if started is not None else (released if old else age)
    made += [
        _pod(kind, name, index, revision, template, born, index < ready, nodes[index % len(nodes)], status or {})
        for index in range(pods)
    ]
    if service:
        made.append(service_for(name, port=port))
    return made


def _revision(kind: str, name: str, number: int, body: Obj, age: float, pods: int) -> Obj:
    owner = [{"kind": kind, "name": name, "controller": True}]
    if kind == "Deployment":
        found = thing("ReplicaSet", f"{name}-r{number}", age=age, spec={"replicas": pods, "template": body})
        found["metadata"] |= {
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "ownerReferences": owner,
        }
        return found
    found = thing(
        "ControllerRevision", f"{name}-r{number}", age=age, revision=number, data={"spec": {"template": body}}
    )
    found["metadata"]["ownerReferences"] = owner
    return found


def _pod(
    kind: str,
    name: str,
    index: int,
    revision: str,
    template: Obj,
    age: float,
    ready: bool,
    node: str,
    status: Mapping[str, Any],
) -> Obj:
    owner = {"kind": "ReplicaSet", "name": revision} if kind == "Deployment" else {"kind": kind, "name": name}
    label = pod(name, index) if kind == "Deployment" else f"{name}-{index}"
    found = thing("Pod", label, age=age, spec={**template["spec"], "nodeName": node})
    found["metadata"] |= {
        "labels": {**template["metadata"]["labels"], "controller-revision-hash": revision},
        "ownerReferences": [{**owner, "controller": True}],
    }
    container_status = {
        "name": name,
        "ready": ready,
        "restartCount": 0,
        "state": {"running": {"startedAt": at(age)}},
        **status,
    }
    found["status"] = {
        "phase": "Running",
        "podIP": f"10.1.{sum(map(ord, name)) % 250}.{index + 1}",
        "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": at(age if ready else 300)}],
        "containerStatuses": [container_status],
    }
    return found


def pod(name: str, index: int = 0) -> str:
    """Return the name of a Deployment's pod."""
    return f"{name}-pod{index}"


def service_for(
    name: str,
    *,
    selector: Mapping[str, str] | None = None,
    port: int = 8080,
    target: Any = None,
    written: float | None = None,
    headless: bool = False,
    ready: int = 1,
) -> Obj:
    """Return a Service."""
    ports = [{"port": port, "targetPort": port if target is None else target, "protocol": "TCP"}]
    spec: Obj = {"selector": dict(selector or {"app": name}), "ports": ports}
    spec["clusterIP"] = "None" if headless else f"10.96.0.{sum(map(ord, name)) % 250}"
    return thing("Service", name, written=written, spec=spec)


def postgres(name: str = "postgres", **more: Any) -> list[Obj]:
    """Return a database of one pod."""
    return workload(name, "postgres:16", **{"kind": "StatefulSet", "pods": 1, "port": 5432, **more})


def redis(name: str = "redis", **more: Any) -> list[Obj]:
    """Return a cache of one pod."""
    return workload(name, "redis:7", **{"pods": 1, "port": 6379, **more})


def event(about: str, reason: str, message: str, *, age: float = 60, kind: str = "Warning", count: int = 3) -> Obj:
    """Return an event about Kind/name."""
    of, _, name = about.partition("/")
    made = thing("Event", f"{name}.{reason}".lower(), age=age)
    made |= {"involvedObject": {"kind": of, "name": name}, "reason": reason, "message": message, "type": kind}
    return {**made, "count": count, "firstTimestamp": at(age + 300), "lastTimestamp": at(age)}


def log(name: str, *lines: str, since: float = 240, previous: bool = False, of: str = "") -> Log:
    """Return the log of a pod whose lines come at even times from ``since`` until now, as they are kept."""
    step = since / max(1, len(lines))
    stamped = "\n".join(f"{at(since - n * step)} {line}" for n, line in enumerate(lines))
    return Log(name, of or name.rpartition("-")[0], kept_lines(stamped), previous)


def timed(name: str, *told: tuple[float, str], of: str = "") -> Log:
    """Return the log of a pod whose lines came at ages of their own, the oldest first."""
    return Log(name, of or name.rpartition("-")[0], kept_lines("\n".join(f"{at(age)} {line}" for age, line in told)))


def series(labels: Mapping[str, str], *steps: tuple[float, float]) -> Series:
    """Return a series of the last hour: (age from which on, value)."""
    return Series(dict(labels), _points(*sorted(steps)))


@cache
def _points(*steps: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    now = NOW.timestamp()
    points = []
    for age in range(3600, -1, -30):
        value = next((v for since, v in steps if age <= since), steps[-1][1])
        points.append((now - age, value))
    return tuple(points)


def figure(signal: str, before: float, now: float, since: float = 600, **labels: str) -> tuple[str, Series]:
    """Return a signal that went from one value to another."""
    return signal, series(labels, (3600, before), (since, now))


def session(owner: str, state: str, count: int, **more: Any) -> Session:
    """Return a group of sessions of a workload ("" somebody else)."""
    base: dict[str, Any] = {"client": "10.1.0.9", "user": "app", "application": "", "age_s": 0.0}
    return Session(owner=owner, state=state, count=count, **(base | more))


def database(*sessions: Session, most: int = 100, ref: str = "StatefulSet/postgres") -> Database:
    """Return what a database says of its sessions."""
    return Database(ref, most, 3, sessions)


_KEPT: dict[str, bytes] = {}
"""An object -> what is kept of it: nearly all worlds have the same few workloads around what they are about."""


def _kept(obj: Obj) -> Obj:
    """Return what is kept of an object: a copy of its own, for some worlds change theirs."""
    told = repr(obj)
    if told not in _KEPT:
        kept = slim(obj)
        assert kept is not None, f"a collector would not take this for an object: {obj}"
        _KEPT[told] = marshal.dumps(kept)
    found: Obj = marshal.loads(_KEPT[told])
    return found


def snapshot(
    *objects: Iterable[Obj] | Obj,
    logs: Iterable[Log] = (),
    figures: Iterable[tuple[str, Series]] = (),
    databases: Iterable[Database] = (),
    alerts: Iterable[Alert] = (),
    services: Mapping[str, Mapping[str, Any]] | None = None,
    probes: Iterable[Mapping[str, Any]] = (),
) -> Snapshot:
    """Return a snapshot of these objects, of which is kept what is kept of real ones."""
    kinds: dict[str, list[Obj]] = {}
    for each in objects:
        for obj in [each] if isinstance(each, dict) else each:
            kinds.setdefault(obj["kind"], []).append(_kept(obj))
    metrics: dict[str, list[Series]] = {}
    for signal, one in figures:
        metrics.setdefault(signal, []).append(one)
    return Snapshot(
        taken_at=NOW,
        namespace=SPACE,
        objects={kind: tuple(found) for kind, found in kinds.items()},
        logs=tuple(logs),
        alerts=tuple(alerts),
        metrics={signal: tuple(found) for signal, found in metrics.items()},
        databases=tuple(databases),
        services=dict(services or {}),
        probes=tuple(probes),
    )


def matches(rule: Rule, snap: Snapshot) -> list[Match]:
    """Return where a rule holds."""
    return list(rule.when(View.of(snap)))
