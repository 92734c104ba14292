"""The simulated cluster: everything together, started and stopped as one thing."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tuheg_ir.sim.api import Api
from tuheg_ir.sim.behaviour import Behaviours, Rule
from tuheg_ir.sim.clock import Clock, iso
from tuheg_ir.sim.controllers import install
from tuheg_ir.sim.controllers.common import Writer
from tuheg_ir.sim.controllers.engine import Engine
from tuheg_ir.sim.http_server import HttpServer
from tuheg_ir.sim.identity import identity
from tuheg_ir.sim.pod_calls import PodCalls
from tuheg_ir.sim.programs import PROGRAMS
from tuheg_ir.sim.rbac import Authorizer
from tuheg_ir.sim.registry import Registry
from tuheg_ir.sim.resources import by_kind
from tuheg_ir.sim.status import Obj
from tuheg_ir.sim.store import Store

_NAMESPACES = ("default", "kube-system")


def _node(clock: Clock) -> Obj:
    """Return the one node: as large as a small server, ready."""
    room = {"cpu": "8", "memory": "16Gi", "pods": "110"}
    ready = {
        "type": "Ready",
        "status": "True",
        "lastHeartbeatTime": iso(clock.stamp()),
        "lastTransitionTime": iso(clock.stamp()),
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
    }
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {"name": "drill", "labels": {"kubernetes.io/hostname": "drill", "kubernetes.io/os": "linux"}},
        "spec": {},
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [ready],
            "addresses": [
                {"type": "InternalIP", "address": "10.87.0.1"},
                {"type": "Hostname", "address": "drill"},
            ],
            "nodeInfo": {
                "kubeletVersion": "v1.36.3",
                "osImage": "simulated",
                "kernelVersion": "simulated",
                "containerRuntimeVersion": "containerd://2.2.9",
            },
        },
    }


class SimulatedCluster:
    """A Kubernetes API on loopback, in this process; nothing outside it is touched.

    ``start`` opens the port and ``stop`` closes it; as a context manager it does both.
    """

    def __init__(self, clock: Clock | None = None, seed: int = 0, rules: Sequence[Rule] = ()) -> None:
        self.clock = clock or Clock()
        self.store = Store(self.clock, seed)
        self.registry = Registry(self.store)
        self.authorizer = Authorizer(self.store)
        self.engine = Engine(self.registry)
        self.behaviours = Behaviours(rules)
        writer = Writer(self.registry)
        self.kubelet = install(self.engine, writer, self.behaviours)
        self.pod_calls = PodCalls(self.kubelet, writer, dict(PROGRAMS))
        self.api = Api(self.registry, self.authorizer, dict(self.pod_calls.answers()))
        self.admin_token = self.authorizer.add_user("kubernetes-admin", ("system:masters",))
        self._ca = b""
        self._server: HttpServer | None = None
        for name in _NAMESPACES:
            self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        with self.store.lock:
            self.store.create("nodes", _node(self.clock))

    def apply(self, *objects: Obj) -> None:
        """Create the objects, or replace those that are there."""
        with self.store.lock:
            for obj in objects:
                resource = by_kind()[obj["apiVersion"], obj["kind"]]
                meta = obj["metadata"]
                namespace = meta.get("namespace", "default") if resource.namespaced else ""
                if self.store.get(resource.key, namespace, meta["name"]) is None:
                    self.registry.create(resource, namespace, obj)
                else:
                    version = self.registry.get(resource, namespace, meta["name"])["metadata"]["resourceVersion"]
                    current = {**obj, "metadata": {**meta, "resourceVersion": version}}
                    self.registry.update(resource, namespace, meta["name"], current)

    # --- running ---

    @property
    def url(self) -> str:
        """Return where the API is (RuntimeError before ``start``)."""
        if self._server is None:
            raise RuntimeError("the simulated cluster is not started")
        return self._server.url

    def start(self) -> Self:
        """Open the API on an ephemeral port of 127.0.0.1 and let the controllers work.

        A clock that still stands is started at the speed of the wall clock.
        """
        if not self.clock.running:
            self.clock.run()
        self.engine.start()
        context, self._ca = identity()
        self._server = HttpServer(self.api.answer, context)
        return self

    def stop(self) -> None:
        """Close it; watches end within about a second."""
        self.api.stopping = True
        self.engine.stop()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def kubeconfig(self, folder: Path, *, token: str = "", namespace: str = "default", name: str = "") -> Path:
        """Write a kubeconfig (0600, with the authority beside it) and return its path; default user: admin."""
        authority = folder / "ca.crt"
        authority.write_bytes(self._ca)
        cluster: dict[str, Any] = {"server": self.url, "certificate-authority": str(authority)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "drill", "cluster": cluster}],
            "users": [{"name": "drill", "user": {"token": token or self.admin_token}}],
            "contexts": [{"name": "drill", "context": {"cluster": "drill", "user": "drill", "namespace": namespace}}],
            "current-context": "drill",
        }
        path = folder / (name or "kubeconfig")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(config, file)
        return path


def load(text: str) -> list[Obj]:
    """Return the objects of a YAML file with one or more documents."""
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]
