"""A small shop on the simulated cluster, whose every change can be the moment of a kill -9.

The gate stands before the API: it sees each request that would change something and can kill the
run before the change is stored, or after it is stored and before anybody is told.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import layout
from tuheg_ir.journal import Event, open_journal
from tuheg_ir.runner import processes
from tuheg_ir.sim.answers import Answer, Request
from tuheg_ir.sim.behaviour import Behaviour, Rule
from tuheg_ir.sim.cluster import SimulatedCluster
from tuheg_ir.sim.pod_calls import Call, Output
from tuheg_ir.sim.resources import by_key

CHECKOUT = Path(__file__).resolve().parents[2]
NAMESPACE = "shop"
PATIENCE_S = 90
OUTCOME = "outcome"
"""The moment to kill at when all is done and on record, and the run holds its lock still."""
KEPT_S = 60
"""So long a journal may take, on a machine under load, until it has what the run told."""
RULES = (
    Rule("crash:*", behaviour=Behaviour(exit_after_s=0.2, exit_code=3)),
    Rule("*", behaviour=Behaviour()),
)
Object = dict[str, Any]


def workload(kind: str, name: str, image: str, replicas: int) -> Object:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": name, "image": image, "readinessProbe": {"tcpSocket": {"port": 80}}}]},
    }
    spec: Object = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


AUTOSCALER: Object = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web", "namespace": NAMESPACE},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 6,
    },
}


INVENTORY = """
ir_namespace: {namespace}
ir_default_service: web
ir_services:
  web:
    kind: Deployment
    container: web
    replicas: {{surge: 5, floor: 1}}
    {hpa}
    depends_on: [db]
    probes:
      - {{name: core, purpose: core_function, http: {{url: "{url}", requests: 1}}}}
  db:
    kind: StatefulSet
    container: db
    database: {{exec_container: db, exec_pod: db-0, single_primary: true, user: postgres}}
"""


class Shop:
    """The cluster with `web` and `db`, the web server that the probe asks, and the gate."""

    def __init__(self, folder: Path, well: Callable[[Shop], bool], release: str, *, autoscaler: bool = True) -> None:
        self.folder = folder
        self.well = well
        self.release = release
        self.autoscaler = autoscaler
        self.leaked = 0
        self.changes: list[str] = []
        self.kill_at = ""
        self.child: subprocess.Popen[str] | None = None
        self.cluster = SimulatedCluster(rules=RULES)
        self.inner = self.cluster.api.answer
        setattr(self.cluster.api, "answer", self.gate)  # noqa: B010 - the tests' own gate
        self.cluster.pod_calls.programs["psql"] = self.psql
        self.web = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.thread = threading.Thread(target=self.web.serve_forever, args=(0.01,), daemon=True)

    # --- life ---

    def start(self) -> Shop:
        """Open the shop with its first release, then bring the one that makes it ill."""
        self.cluster.start()
        self.thread.start()
        self.cluster.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            workload("StatefulSet", "db", "db:1", 1),
            workload("Deployment", "web", "web:1", 2),
            *([AUTOSCALER] if self.autoscaler else []),
        )
        self.await_pods("web:1", 2)
        if self.release:
            self.cluster.apply(workload("Deployment", "web", self.release, 2))
            self.await_pods(self.release, 1 if "crash" in self.release else 2)
        return self

    def stop(self) -> None:
        """Close everything."""
        self.cluster.stop()
        self.web.shutdown()
        self.web.server_close()
        self.thread.join()

    def object(self, resource: str, name: str) -> Object:
        with self.cluster.store.lock:
            found: Object = self.cluster.registry.get(by_key()[resource], NAMESPACE, name)
            return found

    def deployment(self) -> Object:
        return self.object("deployments.apps", "web")

    def await_pods(self, image: str, count: int) -> None:
        """Wait until as many pods of an image are there: ready, or crashed for one that crashes."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with self.cluster.store.lock:
                pods = list(self.cluster.store.objects("pods", NAMESPACE))
            mine = [pod for pod in pods if pod["spec"]["containers"][0]["image"] == image]
            if sum(_arrived(pod) for pod in mine) >= count:
                return
            time.sleep(0.05)
        raise AssertionError(f"{count} pods of {image} never came")

    @property
    def acts(self) -> list[str]:
        """What was changed to heal, in order: without the proven template, which only a run that sees it keeps."""
        return [change for change in self.changes if change != "post configmaps"]

    # --- what the probe and the database say ---

    def handler(self) -> type[BaseHTTPRequestHandler]:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if shop.well(shop) else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        return Handler

    def psql(self, call: Call) -> Output:
        """Answer the sessions query, and end the sessions that leak."""
        if "pg_terminate_backend" not in " ".join(call.argv):
            return Output(out=json.dumps({"max": 20, "reserved": 3, "sessions": self.sessions()}) + "\n")
        if self.dies("before"):
            return Output(1)
        ended, self.leaked = self.leaked, 0
        self.changes.append("end sessions")
        self.dies("in")
        return Output(out=json.dumps({"asked": ended, "ended": ended}) + "\n")

    def sessions(self) -> list[Object]:
        pods = list(self.cluster.store.objects("pods", NAMESPACE))
        address = next(p["status"]["podIP"] for p in pods if p["metadata"]["labels"]["app"] == "web")
        return [
            {
                "pid": 100 + n,
                "backend_start": "2025-11-05T14:00:00.000000Z",
                "client": address,
                "user": "web",
                "database": "web",
                "application": "",
                "state": "idle in transaction",
                "age_s": 300.0,
            }
            for n in range(self.leaked)
        ]

    # --- the gate ---

    def gate(self, request: Request) -> Answer:
        if self.kill_at == OUTCOME and gives_back_the_lock(request) and self.outcome_is_kept():
            self.dies(OUTCOME)
            return Answer(503, body={})
        change = change_of(request)
        if not change:
            return self.inner(request)
        if self.dies("before"):
            return Answer(503, body={})
        answer = self.inner(request)
        if answer.code < 300:
            self.changes.append(change)
        self.dies("in")
        return answer

    def dies(self, moment: str) -> bool:
        """Kill the run, everything of it, if this is the moment; tell whether it was."""
        if self.kill_at != moment or self.child is None:
            return False
        self.kill_at = ""
        self.kill()
        return True

    def outcome_is_kept(self) -> bool:
        """Wait until an outcome is on record, which a run's last act does not do; False if none comes."""
        deadline = time.monotonic() + KEPT_S
        while not any(event.kind == "outcome" for event in self.events()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def kill(self) -> None:
        """Kill the wrapper and all that it has started, with -9."""
        assert self.child is not None
        self.child.kill()
        run = next(e.run for e in reversed(self.events()) if e.kind == "run_started")
        processes.send(processes.of_run(str(run)), signal.SIGKILL)

    def events(self) -> list[Event]:
        with open_journal(self.folder / "journal") as journal:
            return journal.events()

    # --- the responder ---

    def respond(self, *command: str) -> tuple[int, Object]:
        """Run a command to its end; -9 and no result if it was killed."""
        self.child = subprocess.Popen(
            [sys.executable, "-c", "from tuheg_ir.cli import main; main()", *command, "--format", "json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=self.folder / "checkout",
        )
        out, err = self.child.communicate(timeout=4 * PATIENCE_S)
        if self.child.returncode == -signal.SIGKILL:
            return self.child.returncode, {}
        assert out, err
        result: Object = json.loads(out)
        return self.child.returncode, result


def _arrived(pod: Object) -> bool:
    status = pod["status"]
    crashed = any(int(s.get("restartCount") or 0) > 0 for s in status.get("containerStatuses") or [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or [])
    return ready or crashed


def gives_back_the_lock(request: Request) -> bool:
    """Tell whether a request is a run's last one: its Lease has no holder from then on."""
    if request.method in ("GET", "HEAD", "OPTIONS") or "/leases/" not in request.path:
        return False
    return not (json.loads(request.body or b"{}").get("spec") or {}).get("holderIdentity")


def change_of(request: Request) -> str:
    """Return what a request would change, the lock left out; "" for one that changes nothing."""
    if request.method in ("GET", "HEAD", "OPTIONS") or "dryRun" in request.query:
        return ""
    resource, _, name = request.path.partition(f"/namespaces/{NAMESPACE}/")[2].partition("/")
    if resource in ("", "leases") or request.path.endswith("/exec"):
        return ""
    return f"{request.method.lower()} {resource}/{name}".rstrip("/")


def patient_limits() -> dict[str, int]:
    """Return the roles' limits of single requests: the cluster is in this machine, which may be busy."""
    return {
        name: PATIENCE_S for name in layout.limits() if not name.endswith(("_probe_timeout_s", "_rollout_timeout_s"))
    }


def prepare(folder: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a checkout with the real playbooks, only their waiting shortened, and an inventory."""
    root = folder / "checkout"
    books = root / "playbooks"
    books.mkdir(parents=True)
    for source in (CHECKOUT / "playbooks").glob("respond_*.yml"):
        books.joinpath(source.name).write_text(re.sub(r"settle_s: \d+", "settle_s: 0", source.read_text()))
    root.joinpath("collection").symlink_to(CHECKOUT / "collection")
    root.joinpath("collections").symlink_to(CHECKOUT / "collections")
    inventory = folder / "inventory"
    inventory.joinpath("group_vars").mkdir(parents=True)
    url = f"http://127.0.0.1:{shop.web.server_address[1]}/"
    inventory.joinpath("group_vars", "clusters.yml").write_text(
        INVENTORY.format(namespace=NAMESPACE, url=url, hpa="hpa: web" if shop.autoscaler else "")
    )
    inventory.joinpath("group_vars", "all.yml").write_text(json.dumps(patient_limits()))
    inventory.joinpath("hosts").write_text(
        "[clusters]\nsim\n\n[clusters:vars]\nansible_connection=local\n"
        "ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(shop.cluster.kubeconfig(folder)))
    monkeypatch.setenv("TUHEG_IR_HOME", str(folder / "journal"))
    monkeypatch.setenv("TUHEG_IR_INVENTORY", str(inventory))
    monkeypatch.setenv("TUHEG_IR_CLUSTER", "sim")
