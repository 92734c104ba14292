"""(d) A large namespace: 500 pods and 5,000 events, read from a stand-in API server in another process.

The server has its answers ready, so that what is measured is our side: requests, JSON, slimming.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

PODS, EVENTS, APPS = 500, 5000, 50
TITLE = f"(d) a snapshot of {PODS} pods and {EVENTS:,} events"
SECONDS, MEBIBYTES = 3.0, 300
"""Goals."""
_CHILD = """
import json, resource, time
began = time.monotonic()
from tuheg_ir.diagnosis.collector import Target, collect
found = collect({"host": %r, "api_key": "x"}, Target("shop")).snapshot
took = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_SELF)
failed = [source.note for source in found.sources if not source.ok and source.kind != "missing"]
print(json.dumps({
    "seconds": took,
    "cpu": used.ru_utime + used.ru_stime,
    "mebibytes": used.ru_maxrss / 1024,
    "failed": failed,
    "objects": {kind: len(objects) for kind, objects in found.objects.items()},
}))
"""
_AT = "2026-11-05T14:00:00Z"


@dataclass(frozen=True)
class Result:
    """One pass over the namespace."""

    seconds: float
    cpu: float
    mebibytes: float


def meta(name: str, uid: str, bulk: int = 25, **more: Any) -> dict[str, Any]:
    """Return metadata as bulky as the API gives it."""
    inner: dict[str, Any] = {".": {}, "f:value": {}}
    fields = {f"f:field-{n}": {"f:inner": {}, f'k:{{"name":"item-{n}"}}': inner} for n in range(bulk)}
    managed = [{"manager": "kubelet", "operation": "Update", "time": _AT, "fieldsType": "FieldsV1", "fieldsV1": fields}]
    return {"name": name, "namespace": "shop", "uid": uid, "creationTimestamp": _AT, "managedFields": managed, **more}


def template(app: int) -> dict[str, Any]:
    """Return a pod's specification with what is usual."""
    env = [{"name": f"SETTING_{n}", "value": f"value-{n}-of-{app}"} for n in range(20)]
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5, "failureThreshold": 3}
    mounts = [{"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]
    container = {
        "name": "web",
        "image": f"registry.invalid/shop/app-{app}:1.0.0",
        "env": [*env, {"name": "DB_URL", "value": "postgres://app:hunter2@postgres:5432/shop"}],
        "resources": {"limits": {"cpu": "1", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "livenessProbe": probe,
        "readinessProbe": probe,
        "volumeMounts": mounts,
    }
    sidecar = {**container, "name": "proxy", "env": env[:5]}
    return {"containers": [container, sidecar], "restartPolicy": "Always", "volumes": [{"name": "kube-api-access"}]}


def pod(number: int) -> dict[str, Any]:
    """Return one pod; every tenth one does not get ready."""
    app, ready = number % APPS, number % 10 != 0
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"app-{app}-5d4f",
        "uid": f"rs-{app}",
        "controller": True,
    }
    labels = {"app": f"app-{app}", "pod-template-hash": "5d4f"}
    kinds = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    statuses = [
        {"name": name, "ready": ready, "restartCount": 0 if ready else 3, "state": {"running": {"startedAt": _AT}}}
        for name in ("web", "proxy")
    ]
    return {
        "metadata": meta(f"app-{app}-5d4f-{number:05}", f"pod-{number}", labels=labels, ownerReferences=[owner]),
        "spec": template(app),
        "status": {
            "phase": "Running",
            "podIP": f"10.0.{number // 250}.{number % 250}",
            "conditions": [{"type": kind, "status": str(ready), "lastTransitionTime": _AT} for kind in kinds],
            "containerStatuses": statuses,
        },
    }


def event(number: int) -> dict[str, Any]:
    """Return one event of the unready pods, as they repeat."""
    about = f"app-{number % APPS}-5d4f-{number % PODS:05}"
    return {
        "metadata": meta(f"{about}.{number:x}", f"event-{number}", 12),
        "involvedObject": {
            "kind": "Pod",
            "namespace": "shop",
            "name": about,
            "uid": "u",
            "fieldPath": "spec.containers{web}",
        },
        "reason": "Unhealthy",
        "message": f'Readiness probe failed: Get "http://10.0.0.1:8080/healthz": context deadline exceeded ({number})',
        "source": {"component": "kubelet", "host": "n1"},
        "firstTimestamp": _AT,
        "lastTimestamp": f"2026-11-05T14:{number // 60 % 60:02}:{number % 60:02}Z",
        "count": number % 50 + 1,
        "type": "Warning" if number % 2 else "Normal",
        "reportingComponent": "kubelet",
    }


def workload(kind: str, app: int) -> dict[str, Any]:
    """Return a Deployment or one of its ReplicaSets."""
    name, labels = (f"app-{app}", {"app": f"app-{app}"})
    owner = {"kind": "Deployment", "name": name, "uid": f"dep-{app}", "controller": True}
    about = (
        meta(name, f"dep-{app}") if kind == "Deployment" else meta(f"{name}-5d4f", f"rs-{app}", ownerReferences=[owner])
    )
    spec = {
        "replicas": 10,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": template(app)},
    }
    return {"metadata": about, "spec": spec, "status": {"replicas": 10, "readyReplicas": 9}}


def namespace() -> dict[str, list[dict[str, Any]]]:
    """Return the objects by the last part of their list's path."""
    return {
        "pods": [pod(number) for number in range(PODS)],
        "events": [event(number) for number in range(EVENTS)],
        "deployments": [workload("Deployment", app) for app in range(APPS)],
        "replicasets": [workload("ReplicaSet", app) for app in range(APPS)],
        "configmaps": [
            {"metadata": meta(f"c-{n}", f"c-{n}"), "data": {"app.yml": "key: value\n" * 200}} for n in range(100)
        ],
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pages: dict[tuple[str, str, int], bytes]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        what = parts.path.rsplit("/", 1)[1]
        which = asked.get("fieldSelector", [""])[0] if what == "events" else ""
        found = self.pages.get((what, which, int(asked.get("continue", ["0"])[0])), b'{"items": []}')
        body = b"a line of a log with nothing in it\n" * 300 if what == "log" else found
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def pages(page: int = 500) -> dict[tuple[str, str, int], bytes]:
    """Return (list, field selector, page) -> the answer's body."""
    found = {}
    for what, objects in namespace().items():
        chosen = {"": objects}
        if what == "events":
            chosen = {
                "type=Warning": [each for each in objects if each["type"] == "Warning"],
                "type!=Warning": [each for each in objects if each["type"] != "Warning"],
            }
        for which, items in chosen.items():
            for number, start in enumerate(range(0, max(1, len(items)), page)):
                more = str(number + 1) if start + page < len(items) else ""
                answer = {"metadata": {"continue": more}, "items": items[start : start + page]}
                found[what, which, number] = json.dumps(answer).encode()
    return found


def serve() -> None:
    """Serve until standard input ends; the first line of output is the address."""
    _Handler.pages = pages()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


@contextmanager
def running() -> Iterator[str]:
    """Run the stand-in in a process of its own; yield its address."""
    command = [sys.executable, "-c", "from benchmarks.large import serve; serve()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def once(url: str) -> Result:
    """Take one snapshot in a process of its own. Raises RuntimeError when it is not complete."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("K8S_AUTH_")}
    done = subprocess.run(
        [sys.executable, "-c", _CHILD % url], capture_output=True, text=True, env=environment, check=True
    )
    told = json.loads(done.stdout)
    if told["failed"] or told["objects"]["Pod"] != PODS or told["objects"]["Event"] != EVENTS:
        raise RuntimeError(f"not a whole snapshot: {told}")
    return Result(told["seconds"], told["cpu"], told["mebibytes"])


def measure(rounds: int) -> str:
    """Return the figures of some rounds as text."""
    with running() as url:
        once(url)
        results = [once(url) for _ in range(rounds)]
    seconds = sorted(result.seconds for result in results)
    memory = max(result.mebibytes for result in results)
    middle = median(seconds)
    cpu = median(result.cpu for result in results)
    verdict = "met" if middle <= SECONDS and memory <= MEBIBYTES else "MISSED"
    return (
        f"{TITLE} ({rounds} rounds)\n"
        f"  median {middle:.2f} s, least {seconds[0]:.2f}, most {seconds[-1]:.2f}; CPU {cpu:.2f} s; "
        f"peak {memory:.0f} MiB; goal {SECONDS:.0f} s and {MEBIBYTES} MiB: {verdict}"
    )
