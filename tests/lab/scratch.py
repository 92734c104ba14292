"""A small platform of its own on the lab: one Deployment, one StatefulSet, an account with generated rights.

The roles are tried on it beside the demo service, so that nobody waits for load, symptoms or a
reset. Its pods are Redis servers, which start and end within a second.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.kubectl import kubectl, kubectl_json
from lab.paths import CHECKOUT, Lab
from lab.pki import kubeconfig, write_private
from lab.settings import API_PORT, REGISTRY
from rbac.generate import ACCOUNT, manifests
from tests.lab.world import responder_at

NAMESPACE = "tuheg-scratch"
ALWAYS = {"name": "always", "purpose": "core_function", "promql": "vector(1)", "min": 1}
SERVICES: dict[str, Any] = {
    "web": {
        "kind": "Deployment",
        "container": "main",
        "replicas": {"surge": 3, "floor": 1},
        "hpa": "web",
        "ingress": "web",
        "depends_on": ["store"],
        "probes": [ALWAYS],
    },
    "store": {
        "kind": "StatefulSet",
        "container": "main",
        "replicas": {"surge": 2, "floor": 1},
        "probes": [ALWAYS],
        "database": {"exec_pod": "store-0", "exec_container": "main", "single_primary": False},
    },
}
PLATFORM: dict[str, Any] = {
    "ir_namespace": NAMESPACE,
    "ir_default_service": "web",
    "ir_services": SERVICES,
    "ir_probe_window": "1s",
}
SERVER = ["redis-server", "--save", "", "--protected-mode", "no"]


@dataclass(frozen=True)
class Played:
    """A finished play and the ir_result that it handed over."""

    code: int
    out: str
    result: dict[str, Any]

    @property
    def changed(self) -> int:
        """How many tasks changed something."""
        found = re.search(r"\bchanged=(\d+)\b", self.out)
        return int(found[1]) if found else -1

    @property
    def status(self) -> str:
        return str(self.result.get("status", self.out[-2000:]))

    @property
    def error(self) -> dict[str, str]:
        return dict(self.result["facts"].get("error", {}))

    @property
    def action(self) -> dict[str, Any]:
        """The last action."""
        return dict(self.result["actions"][-1])


def workload(name: str, replicas: int = 2, *, version: str = "1", **container: Any) -> dict[str, Any]:
    """Return a workload of the platform; `version` and what is given for its container make a release."""
    kind = SERVICES[name]["kind"]
    main = {
        "name": "main",
        "image": f"{REGISTRY}/redis:7",
        "imagePullPolicy": "IfNotPresent",
        "command": SERVER,
        "env": [{"name": "RELEASE", "value": version}],
        "readinessProbe": {"tcpSocket": {"port": 6379}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "10m", "memory": "8Mi"}, "limits": {"memory": "64Mi"}},
        **container,
    }
    labels = {"app": name}
    spec: dict[str, Any] = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "automountServiceAccountToken": False,
                "securityContext": {"runAsUser": 998, "runAsGroup": 998},
                "containers": [main],
            },
        },
    }
    if kind == "StatefulSet":
        spec["serviceName"] = name
    meta = {"name": name, "namespace": NAMESPACE, "labels": labels, "annotations": {"owner": "somebody"}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}


class Scratch:
    """The platform, and a responder with the account's rights on it."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.lab = lab
        self.home = home
        self.account = home / "account.conf"
        self.numbers = iter(range(1, 1000))

    # --- the platform, as its administrator

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        return kubectl(self.lab, "-n", NAMESPACE, *args, stdin=stdin)

    def apply(self, *objects: Mapping[str, Any]) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """An object; {} if there is none."""
        with suppress(LabError):
            return dict(kubectl_json(self.lab, "-n", NAMESPACE, "get", kind, name))
        return {}

    def template(self, name: str) -> dict[str, Any]:
        return dict(self.get(SERVICES[name]["kind"], name)["spec"]["template"])

    def release(self, name: str, **made: Any) -> None:
        """Roll a release out, and do not wait for it."""
        self.apply(workload(name, **made))

    def settled(self, name: str) -> None:
        """Wait until the roll-out of a good release is over."""
        kind = SERVICES[name]["kind"].lower()
        self.kubectl("rollout", "status", f"{kind}/{name}", "--timeout=60s")

    def grant(self, rules: list[dict[str, Any]] | None = None) -> None:
        """Give the account its generated rights, or others."""
        made = manifests(PLATFORM)
        if rules is not None:
            made[1] = {**made[1], "rules": rules}
        self.apply(*made)

    def make(self) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        kubectl(self.lab, "apply", "-f", "-", stdin=json.dumps(namespace))
        self.grant()
        token = self.kubectl("create", "token", ACCOUNT, "--duration", "2h").strip()
        server = f"127.0.0.1:{API_PORT}"
        text = kubeconfig(self.lab.pki / "ca.crt", server, ACCOUNT, {"token": token}, NAMESPACE)
        write_private(self.account, text)
        self.fresh()

    def fresh(self, *names: str) -> None:
        """The named workloads (default: all) as they were first, and nothing that a run left."""
        chosen = names or tuple(SERVICES)
        self.kubectl("delete", "configmap,lease,hpa,resourcequota", "--all", "--ignore-not-found")
        self.kubectl("delete", *(f"{SERVICES[name]['kind'].lower()}/{name}" for name in chosen), "--ignore-not-found")
        self.apply(*map(workload, chosen))
        for name in chosen:
            self.settled(name)

    def remove(self) -> None:
        kubectl(self.lab, "delete", "namespace", NAMESPACE, "--wait", timeout=120)

    # --- the responder

    def incident(self) -> str:
        """A number that no other test has."""
        return f"INC-20300601-{next(self.numbers):03d}"

    def act(
        self,
        remedy: str,
        *arguments: str,
        rung: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        **inputs: Any,
    ) -> Played:
        """Run the playbook of one remedy, without the time that it gives a service to show harm."""
        only = {"remedy": remedy, "class": "safe", "settle_s": 0, **(rung or {})}
        return self.play(remedy, *arguments, env=env, ir_rungs=[only], **{"ir_incident": self.incident(), **inputs})

    def play(self, playbook: str, *arguments: str, env: Mapping[str, str] | None = None, **inputs: Any) -> Played:
        """Run a playbook at P0 on the platform, as the account."""
        program = Path(sys.executable).with_name("ansible-playbook")
        extra = {"ir_cluster": "lab", "ir_severity": "P0", **PLATFORM, **inputs}
        base = dict(responder_at(self.lab, self.home).env)
        base["KUBECONFIG"] = str(self.account)
        done = subprocess.run(
            [str(program), f"playbooks/{playbook}.yml", "-i", "lab/inventory", "-e", json.dumps(extra), *arguments],
            env=base | dict(env or {}),
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        found = re.search(r"^\tRUN: (\{.*\})$", done.stdout, re.MULTILINE)
        result = json.loads(found[1])["ir_result"] if found else {}
        return Played(done.returncode, done.stdout + done.stderr, result)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run tuheg-ir as the account."""
        return subprocess.run(
            [str(Path(sys.executable).with_name("tuheg-ir")), *words],
            env=dict(responder_at(self.lab, self.home).env) | {"KUBECONFIG": str(self.account)},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def snapshot(self, *words: str) -> Played:
        """Take a snapshot as the account; what could not be read are the notes of the result."""
        with tempfile.TemporaryDirectory() as folder:
            done = self.command("snapshot", str(Path(folder, "saved")), "-n", NAMESPACE, "--format", "json", *words)
        sources = json.loads(done.stdout).get("sources", [])
        notes = [source["note"] for source in sources if not source["ok"]]
        return Played(done.returncode, done.stdout + done.stderr, {"facts": {"notes": notes, "evidence": {}}})


def scratch_platform(lab: Lab, home: Path) -> Iterator[Scratch]:
    """Make the platform, and leave nothing of it."""
    made = Scratch(lab, home)
    made.make()
    try:
        yield made
    finally:
        made.remove()


def until(holds: Callable[[], bool], limit_s: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, "it did not come to hold in time"
        time.sleep(0.2)


SUBRESOURCES = ("exec", "log", "portforward", "token")


def can(lab: Lab, verb: str, resource: str, namespace: str) -> str:
    """Tell whether the account may do something in a namespace: "yes" or "no"."""
    who = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
    path = resource.split("/")
    words = [path[0], f"--subresource={path[1]}"] if path[-1] in SUBRESOURCES else [resource]
    try:
        return kubectl(lab, "-n", namespace, "auth", "can-i", verb, *words, f"--as={who}").strip()
    except LabError:
        return "no"  # kubectl says no and ends with 1
