"""A platform of one Deployment, and a responder with the account's rights: what production playbooks do in a place."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from tests.contract.places import NAMESPACES, Server, grant, make_namespace, wait_for
from tests.contract.plays import CHECKOUT
from tests.contract.values import comparable
from tests.sim.api_client import MERGE, Reply

NAMESPACE = "ir-contract-shop"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
HOSTS = """\
[clusters]
here

[clusters:vars]
ansible_connection=local
ansible_python_interpreter="{{ ansible_playbook_python }}"
"""
#: A busy machine is slow, which is no difference between places.
PATIENCE = {"common_request_timeout_s": 90, "common_rollout_timeout_s": 240, "common_diagnose_timeout_s": 90}
Object = dict[str, Any]


def workload(**container: Any) -> Object:
    """The Deployment `web` of two pods that run wherever there is a node."""
    main = {
        "name": "main",
        "image": "registry.invalid/lab/busybox:1",
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", "echo hello; exec sleep 3600"],
        **container,
    }
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [main]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"owner": "somebody"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


@dataclass(frozen=True)
class Played:
    """A finished play: exit code, how many tasks changed something, all it said, ir_result."""

    code: int
    changed: int
    out: str
    result: Object

    def told(self) -> Object:
        """What must be equal in each place."""
        result = comparable(self.result)
        for new in ("run", "started", "ended"):
            result.pop(new, None)
        if evidence := result.get("facts", {}).get("evidence"):
            result["facts"]["evidence"] = {"kept": evidence["kept"]}  # logs are only where there is a node
        return {"code": self.code, "changed": self.changed, "result": result}


@dataclass
class Shop:
    """The platform in a place; `account` is the responder's kubeconfig."""

    server: Server
    folder: Path
    account: Path
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def incident(self) -> str:
        """A number that no other play has."""
        return f"INC-20300602-{next(self.numbers):03d}"

    def deployment(self) -> Reply:
        return self.server.api("GET", f"{DEPLOYMENTS}/web")

    def fresh(self) -> None:
        """The Deployment as it was first, and nothing that a play has left."""
        gone = {"propagationPolicy": "Background"}
        self.server.api("DELETE", f"{DEPLOYMENTS}/web", gone)
        pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
        wait_for(lambda: not self.server.api("GET", pods).body["items"], "pods do not go away")
        for path in (f"/api/v1/namespaces/{NAMESPACE}/configmaps/tuheg-ir-last-good-web",):
            self.server.api("DELETE", path)
        assert self.server.api("POST", DEPLOYMENTS, workload()).code == 201
        self.settled()

    def settled(self) -> None:
        """Wait until every pod is of the present template and ready."""

        def complete() -> bool:
            obj = self.deployment().body
            status, wanted = obj["status"], obj["spec"]["replicas"]
            counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
            return counts == [wanted] * 3 and status.get("observedGeneration") == obj["metadata"]["generation"]

        wait_for(complete, "web is not ready")

    def patch(self, patch: Object) -> None:
        assert self.server.api("PATCH", f"{DEPLOYMENTS}/web", patch, kind=MERGE).code == 200

    def release(self, **container: Any) -> None:
        """Roll out another template, and do not wait for it."""
        spec = workload(**container)["spec"]["template"]["spec"]
        self.patch({"spec": {"template": {"spec": spec}}})

    def act(self, remedy: str, *arguments: str, **inputs: Any) -> Played:
        """Run the playbook of one remedy, without the time that it gives a service to show harm."""
        only = {"remedy": remedy, "class": "safe", "settle_s": 0}
        return self.play(remedy, *arguments, ir_rungs=[only], **{"ir_incident": self.incident(), **inputs})

    def play(self, playbook: str, *arguments: str, **inputs: Any) -> Played:
        """Run a production playbook at P0, as the account."""
        extra = {"ir_cluster": "here", "ir_severity": "P0", **PATIENCE, **inputs}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("K8S_AUTH_", "ANSIBLE_", "TUHEG_IR_"))}
        folder = Path(sys.executable).parent
        home = {"KUBECONFIG": str(self.account), "TUHEG_IR_HOME": str(self.folder / "journal")}
        inventory = str(self.folder / "inventory")
        command = [str(folder / "ansible-playbook"), f"playbooks/{playbook}.yml", "-i", inventory]
        done = subprocess.run(
            [*command, "-e", json.dumps(extra), *arguments],
            env={**kept, **home, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
            cwd=CHECKOUT, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        found = re.search(r"^\tRUN: (\{.*\})$", done.stdout, re.MULTILINE)
        changed = re.search(r"\bchanged=(\d+)\b", done.stdout)
        result = json.loads(found[1])["ir_result"] if found else {}
        return Played(done.returncode, int(changed[1]) if changed else -1, done.stdout + done.stderr, result)


class _Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def open_shop(server: Server, folder: Path) -> Iterator[Shop]:
    """Make the platform in a place, with a web server of the test's own that its probe asks; leave nothing of it."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), _Well)
    thread = threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        platform = _platform(f"http://127.0.0.1:{web.server_port}/")
        make_namespace(server.api, NAMESPACE)
        grant(server.api, platform)
        inventory = folder / "inventory"
        (inventory / "group_vars").mkdir(parents=True)
        (inventory / "hosts").write_text(HOSTS)
        (inventory / "group_vars" / "clusters.yml").write_text(json.dumps(platform))
        yield Shop(server, folder, server.account_in(NAMESPACE, folder))
    finally:
        server.api("DELETE", f"{NAMESPACES}/{NAMESPACE}")
        web.shutdown()
        web.server_close()
        thread.join()


def _platform(url: str) -> Object:
    probe = {"name": "up", "purpose": "core_function", "http": {"url": url, "expect": 200}}
    web = {"kind": "Deployment", "container": "main", "replicas": {"surge": 3, "floor": 1}, "probes": [probe]}
    ghost = {"kind": "Deployment", "replicas": {"surge": 3, "floor": 1}, "probes": [probe]}
    return {
        "ir_namespace": NAMESPACE,
        "ir_default_service": "web",
        "ir_services": {"web": web, "ghost": ghost},
    }
