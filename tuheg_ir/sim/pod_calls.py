"""Subresources of pods that need what is inside: logs, exec, eviction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.sim.answers import Answer, Request
from tuheg_ir.sim.api import decode
from tuheg_ir.sim.clock import parse
from tuheg_ir.sim.controllers.common import Writer, active, ready
from tuheg_ir.sim.controllers.container import Container, Instance
from tuheg_ir.sim.controllers.kubelet import Kubelet
from tuheg_ir.sim.paths import Target
from tuheg_ir.sim.rbac import User
from tuheg_ir.sim.resources import by_key
from tuheg_ir.sim.selectors import matches
from tuheg_ir.sim.status import ApiError, Obj

_BUDGETS = "poddisruptionbudgets.policy"


@dataclass(frozen=True, slots=True)
class Output:
    """What a command in a container printed, and how it ended."""

    code: int = 0
    out: str = ""
    err: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A command that somebody runs in a container."""

    pod: Obj
    container: str
    argv: tuple[str, ...]


Program = Callable[[Call], Output]


class PodCalls:
    """Answers log, exec and eviction. ``programs`` are what can be executed, by name."""

    def __init__(self, kubelet: Kubelet, writer: Writer, programs: dict[str, Program]) -> None:
        self._kubelet = kubelet
        self._write = writer
        self._store = writer.store
        self.programs = programs

    def answers(self) -> Mapping[str, Callable[[Target, Request, User], Answer]]:
        """Return the handlers by subresource."""
        return {"log": self.log, "exec": self.exec, "eviction": self.evict}

    def _pod(self, found: Target) -> Obj:
        return self._write.registry.get(by_key()["pods"], found.namespace, found.name)

    def _container(self, pod: Obj, wanted: str) -> str:
        names = [container["name"] for container in pod["spec"]["containers"]]
        name = pod["metadata"]["name"]
        if not wanted and len(names) > 1:
            raise ApiError.bad_request(
                f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
            )
        if wanted and wanted not in names:
            raise ApiError.bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted or names[0]

    # --- logs ---

    def log(self, found: Target, request: Request, _user: User) -> Answer:
        """Return lines of a container's log; never follows for ever."""
        pod = self._pod(found)
        name = self._container(pod, request.one("container"))
        run = self._kubelet.run_of(pod)
        container = run.containers[name] if run else None
        instance = self._instance(pod, name, container, previous=request.flag("previous"))
        return Answer(text=lines_asked(instance, request, self._store.clock.stamp()))

    def _instance(self, pod: Obj, name: str, container: Container | None, *, previous: bool) -> Instance:
        where = f'container "{name}" in pod "{pod["metadata"]["name"]}"'
        if previous:
            if container is None or container.before is None:
                raise ApiError.bad_request(f"previous terminated {where} not found")
            return container.before
        if container is not None and container.now is not None:
            return container.now
        waiting = container.waiting if container else "ContainerCreating"
        trying = waiting in ("ErrImagePull", "ImagePullBackOff")
        why = "trying and failing to pull image" if trying else waiting
        is_waiting = f"{where} is waiting to start: {why}"
        raise ApiError.bad_request(is_waiting)

    # --- exec ---

    def exec(self, found: Target, request: Request, _user: User) -> Answer:
        """Run a command in a container, over a WebSocket."""
        from tuheg_ir.sim.exec_stream import conversation

        pod = self._pod(found)
        name = self._container(pod, request.one("container"))
        argv = tuple(request.query.get("command") or ())
        if not argv:
            raise ApiError.bad_request("you must specify at least 1 command for the container")
        if "websocket" not in request.headers.get("upgrade", "").lower():
            raise ApiError.bad_request("unable to upgrade: this server speaks exec over WebSocket only")
        run = self._kubelet.run_of(pod)
        if run is None or not run.containers[name].running:
            raise ApiError(500, "InternalError", f'container not found ("{name}")')
        return Answer(talk=conversation(request, lambda: self.execute(Call(pod, name, argv))))

    def execute(self, call: Call) -> Output | None:
        """Return what a command does, None when the container has no such program."""
        program = self.programs.get(call.argv[0].rsplit("/", 1)[-1])
        if program is None:
            return None
        with self._store.lock:
            return program(call)

    # --- eviction ---

    def evict(self, found: Target, request: Request, _user: User) -> Answer:
        """Delete a pod if no budget is against it."""
        pod = self._pod(found)
        body = decode(request) or {}
        options = body.get("deleteOptions") or {}
        if active(pod) and ready(pod):
            for budget in self._store.objects(_BUDGETS, found.namespace):
                labels = pod["metadata"].get("labels") or {}
                if matches(budget["spec"].get("selector"), labels):
                    self._allow(budget)
        dry = bool(options.get("dryRun") or request.query.get("dryRun"))
        self._write.registry.delete(by_key()["pods"], found.namespace, found.name, options, dry=dry)
        done = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
        return Answer(201, done)

    def _allow(self, budget: Obj) -> None:
        status = budget["status"]
        if status.get("disruptionsAllowed", 0) > 0:
            return
        name = budget["metadata"]["name"]
        cause = {
            "reason": "DisruptionBudget",
            "message": (
                f"The disruption budget {name} needs {status.get('desiredHealthy', 0)} healthy pods and has "
                f"{status.get('currentHealthy', 0)} currently"
            ),
        }
        raise ApiError(
            429,
            "TooManyRequests",
            "Cannot evict pod as it would violate the pod's disruption budget.",
            {"causes": [cause]},
        )


def lines_asked(instance: Instance, request: Request, now: datetime) -> str:
    """Return the lines that a log request asks for."""
    lines = instance.lines
    if seconds := request.one("sinceSeconds"):
        lines = [line for line in lines if line[0] >= now - timedelta(seconds=int(seconds))]
    if since := request.one("sinceTime"):
        lines = [line for line in lines if line[0] >= parse(since)]
    if (tail := request.one("tailLines")) != "":
        lines = lines[len(lines) - int(tail) :] if int(tail) < len(lines) else lines
    stamped = request.flag("timestamps")
    shown = (f"{at.strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z {text}" if stamped else text for at, text in lines)
    text = "".join(f"{line}\n" for line in shown)
    limit = int(request.one("limitBytes", "0") or 0)
    return text.encode()[:limit].decode(errors="ignore") if limit else text
