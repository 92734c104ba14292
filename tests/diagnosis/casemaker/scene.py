"""Shorthands that most cases share: alert, sessions, bystanders, the snapshot's own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload, deployment
from tests.diagnosis.casemaker.world import World, days

Obj = dict[str, Any]


def alert(w: World, name: str, since: float, summary: str, *, ended: float | None = None, **labels: str) -> None:
    """Set the alert, as Alertmanager sends it."""
    w.alert = {
        "status": "firing" if ended is None else "resolved",
        "labels": {"alertname": name, "namespace": w.namespace, "severity": "critical"} | labels,
        "annotations": {"summary": summary},
        "startsAt": w.at(since),
        "endsAt": "0001-01-01T00:00:00Z" if ended is None else w.at(ended),
        "generatorURL": "",
        "fingerprint": digest(name, sorted(labels.items()))[:16],
    }


def sessions(w: World, ref: str, maximum: int, rows: Sequence[Obj], *, reserved: int = 3) -> None:
    """Note what the database says of its sessions."""
    w.databases.append({"ref": ref, "max_connections": maximum, "reserved": reserved, "sessions": list(rows)})


def session(
    client: str,
    owner: str,
    state: str,
    count: int,
    *,
    age: float = 0,
    user: str = "app",
    application: str = "",
    wait: str = "",
    query: str = "",
) -> Obj:
    return {
        "client": client,
        "owner": owner,
        "user": user,
        "application": application,
        "state": state,
        "count": count,
        "age_s": age,
        "wait": wait,
        "query": query,
    }


def taken(w: World, *sources: tuple[str, bool, str], **more: Any) -> None:
    """Write the snapshot's own page: when it was taken and which sources answered."""
    listed = [{"source": name, "ok": ok} | ({"note": note} if note else {}) for name, ok, note in sources]
    w.snapshot = {"schema": 1, "taken_at": w.at(0), "namespace": w.namespace} | ({"sources": listed} if listed else {})
    w.snapshot |= more


def well(
    w: World,
    name: str,
    image: str,
    *,
    pods: int = 2,
    age: float = days(35),
    port: int = 8080,
    labels: Mapping[str, str] | None = None,
    before: str = "",
    style: str = "logfmt",
    env: Mapping[str, Any] | None = None,
    talk: bool = False,
) -> Workload:
    """Return a healthy neighbour with its Service; ``before``: the image of an older revision."""
    chosen = dict(labels or {"app": name})
    revisions = [Rev(pod_spec(container(name, image, port=port, env=env)), age)]
    if before:
        revisions.insert(0, Rev(pod_spec(container(name, before, port=port, env=env)), age + days(30)))
    made = deployment(w, name, revisions, pods, labels=chosen)
    service(w, name, chosen, port=80, target=port)
    if talk:
        log(w, made, 0, style, often(25, 600, 2, "info", ["GET /healthz 200 1ms", "request done status=200 ms={n}"]))
    return made


def postgres(w: World, name: str = "postgres", *, image: str = "postgres:16.4", **more: Any) -> Workload:
    """Return a healthy single-primary database with its volume and Service."""
    spec = pod_spec(
        container(
            "postgres",
            image,
            port=5432,
            env_from=("secret/postgres-auth",),
            cpu=("500m", "2"),
            memory=("1Gi", "2Gi"),
            ready={"exec": {"command": ["pg_isready", "-U", "postgres"]}, "periodSeconds": 10, "failureThreshold": 3},
            mounts={"data": "/var/lib/postgresql/data"},
        )
    )
    made = statefulset(w, name, spec, claim="data", **more)
    claim(w, f"data-{name}-0")
    service(w, name, made.labels, port=5432, target=5432, headless=True)
    return made


def redis(w: World, name: str = "redis", **more: Any) -> Workload:
    spec = pod_spec(
        container(
            "redis",
            "redis:7.2.5",
            port=6379,
            memory=("256Mi", "512Mi"),
            ready={"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 5, "failureThreshold": 3},
            args=("--maxmemory", "400mb"),
        )
    )
    made = deployment(w, name, [Rev(spec, days(80))], more.pop("pods", 1), **more)
    service(w, name, made.labels, port=6379, target=6379)
    return made


def access(
    w: World, of: Workload, number: int, paths: Sequence[str], *, codes: Sequence[int], since: float = 900
) -> None:
    """Write an access log of requests with these answers in turn."""
    lines = [
        L(line.age, "info", line.text)
        for line in often(
            18,
            since,
            3,
            "info",
            [f'"GET {path} HTTP/1.1" {code} 512 0.0{code % 9}' for path in paths for code in codes],
        )
    ]
    log(w, of, number, "nginx", lines)
