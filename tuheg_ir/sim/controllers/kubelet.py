"""The node: runs pods as their behaviours say, restarts what ends, tells the API."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from tuheg_ir.sim.behaviour import Behaviour, Behaviours
from tuheg_ir.sim.clock import iso
from tuheg_ir.sim.controllers.common import Writer, condition
from tuheg_ir.sim.controllers.container import Container
from tuheg_ir.sim.controllers.engine import Engine, Key
from tuheg_ir.sim.controllers.needs import lacking
from tuheg_ir.sim.status import Obj
from tuheg_ir.sim.store import Change

_BACKOFF = (10.0, 20.0, 40.0, 80.0, 160.0, 300.0)  # seconds before the second and later restarts
_LOOP_SHOWN = 0.2  # seconds before the next start in which the state is CrashLoopBackOff, not terminated
_FORGET = 600.0  # seconds of a good run after which the back-off starts anew
_PULL_AGAIN = (2.5, 10.0)  # ErrImagePull is shown so long, then ImagePullBackOff until the next try


@dataclass(slots=True)
class Run:
    """A pod on the node."""

    namespace: str
    name: str
    uid: str
    ip: str
    containers: dict[str, Container]
    started: str = ""
    stopping: bool = False


class Kubelet:
    """All nodes' kubelets as one."""

    def __init__(self, engine: Engine, writer: Writer, behaviours: Behaviours) -> None:
        self._engine = engine
        self._write = writer
        self._store = writer.store
        self.behaviours = behaviours
        self.runs: dict[str, Run] = {}
        self._next_ip = 2

    def concerned(self, change: Change) -> Iterable[Key]:
        """Return a pod that has a node, and pods that wait for a ConfigMap or Secret."""
        meta = change.obj["metadata"]
        if change.resource == "pods":
            if change.kind == "DELETED":
                self.runs.pop(meta["uid"], None)
            elif change.obj["spec"].get("nodeName"):
                yield meta["namespace"], meta["name"]

    def run_of(self, pod: Obj) -> Run | None:
        """Return what the node knows of a pod, None before it got there."""
        return self.runs.get(pod["metadata"]["uid"])

    def look(self, namespace: str, name: str) -> None:
        """Take in a new pod; begin to stop one that is being deleted."""
        pod = self._store.get("pods", namespace, name)
        if pod is None or not pod["spec"].get("nodeName"):
            return
        run = self.runs.get(pod["metadata"]["uid"])
        if run is None and not pod["metadata"].get("deletionTimestamp"):
            self._admit(pod)
        elif pod["metadata"].get("deletionTimestamp") and (run is None or not run.stopping):
            self._stop(pod, run)

    # --- starting ---

    def _admit(self, pod: Obj) -> None:
        meta = pod["metadata"]
        containers = {
            spec["name"]: Container(spec, self.behaviours.of(pod, spec)) for spec in pod["spec"]["containers"]
        }
        ip = f"10.87.1.{self._next_ip}"
        self._next_ip = self._next_ip % 250 + 2 if self._next_ip >= 250 else self._next_ip + 1
        run = Run(meta["namespace"], meta["name"], meta["uid"], ip, containers, started=self._write.now())
        self.runs[meta["uid"]] = run
        self._report(run)
        for container in containers.values():
            self._later(run, container.behaviour.start_s, partial(self._begin, run, container))

    def _later(self, run: Run, seconds: float, action: Callable[[], None]) -> None:
        """Do something for a pod later, if it is still there and not stopping."""

        def do() -> None:
            if self.runs.get(run.uid) is run and not run.stopping:
                action()

        self._engine.after(seconds, do)

    def _begin(self, run: Run, container: Container) -> None:
        pod = self._pod(run)
        behaviour = container.behaviour
        needed = lacking(self._store, pod, container.spec)
        path = f"spec.containers{{{container.spec['name']}}}"
        if needed:
            self._wait(run, container, "CreateContainerConfigError", needed)
            self._write.event(pod, "Warning", "Failed", f"Error: {needed}", "kubelet", path)
            self._later(run, 5.0, lambda: self._begin(run, container))
        elif behaviour.error in ("ErrImagePull", "ImagePullBackOff"):
            self._pull_fails(run, container, pod, path)
        elif behaviour.error == "RunContainerError":
            container.start(self._store.clock.stamp(), self._ident(run, container))
            container.end(self._store.clock.stamp(), 128, "StartError", behaviour.message)
            container.waiting, container.message = "RunContainerError", behaviour.message
            self._write.event(pod, "Warning", "Failed", f"Error: {behaviour.message}", "kubelet", path)
            self._report(run)
            self._later(run, self._delay(container), lambda: self._begin(run, container))
        elif behaviour.error:
            self._wait(run, container, behaviour.error, behaviour.message)
            self._write.event(pod, "Warning", "Failed", f"Error: {behaviour.error}", "kubelet", path)
        else:
            self._started(run, container, pod, path)

    def _wait(self, run: Run, container: Container, reason: str, message: str) -> None:
        container.waiting, container.message = reason, message
        self._report(run)

    def _pull_fails(self, run: Run, container: Container, pod: Obj, path: str) -> None:
        image, message = container.spec["image"], container.behaviour.message
        self._write.event(pod, "Normal", "Pulling", f'Pulling image "{image}"', "kubelet", path)
        self._write.event(pod, "Warning", "Failed", f'Failed to pull image "{image}": {message}', "kubelet", path)
        self._write.event(pod, "Warning", "Failed", "Error: ErrImagePull", "kubelet", path)
        self._wait(run, container, "ErrImagePull", message)
        shown, again = _PULL_AGAIN
        told = f'Back-off pulling image "{image}": ErrImagePull: {message}'
        self._later(run, shown, lambda: self._wait(run, container, "ImagePullBackOff", told))
        self._later(run, shown + again, lambda: self._begin(run, container))

    def _ident(self, run: Run, container: Container) -> str:
        seed = f"{run.uid}/{container.spec['name']}/{container.restarts}"
        return f"{zlib.crc32(seed.encode()):08x}" * 8

    def _started(self, run: Run, container: Container, pod: Obj, path: str) -> None:
        now, image = self._store.clock.stamp(), container.spec["image"]
        container.start(now, self._ident(run, container))
        instance, behaviour = container.now, container.behaviour
        for line in behaviour.logs:
            container.say(now, line)
        present = f'Container image "{image}" already present on machine and can be accessed by the pod'
        self._write.event(pod, "Normal", "Pulled", present, "kubelet", path)
        self._write.event(pod, "Normal", "Created", "Container created", "kubelet", path)
        self._write.event(pod, "Normal", "Started", "Container started", "kubelet", path)
        probed = "readinessProbe" in container.spec
        container.ready = not probed
        self._report(run)
        if probed and behaviour.ready_s is not None:
            self._later(run, behaviour.ready_s, lambda: self._ready(run, container, instance is container.now))
        if behaviour.exit_after_s is not None:
            self._later(run, behaviour.exit_after_s, lambda: self._ends(run, container, instance is container.now))

    def _ready(self, run: Run, container: Container, current: bool) -> None:
        if current and container.running:
            container.ready = True
            self._report(run)

    # --- ending ---

    def _ends(self, run: Run, container: Container, current: bool) -> None:
        if current and container.running:
            self.end(run, container, container.behaviour)

    def end(self, run: Run, container: Container, how: Behaviour) -> None:
        """End a running container as ``how`` says, and start it again after the back-off."""
        now = self._store.clock.stamp()
        for line in how.last_words:
            container.say(now, line)
        container.end(now, how.exit_code, how.exit_reason)
        self._report(run)
        pod = self._pod(run)
        again = pod["spec"]["restartPolicy"]
        if again == "Never" or (again == "OnFailure" and how.exit_code == 0):
            return
        wait = self._delay(container)
        if wait >= _BACKOFF[0]:
            name = container.spec["name"]
            told = f"Back-off restarting failed container {name} in pod {run.name}_{run.namespace}({run.uid})"
            self._write.event(pod, "Warning", "BackOff", told, "kubelet", f"spec.containers{{{name}}}")
            shown = f"back-off {wait:g}s restarting failed container={name} pod={run.name}_{run.namespace}({run.uid})"
            self._later(run, wait - _LOOP_SHOWN, lambda: self._wait(run, container, "CrashLoopBackOff", shown))
        self._later(run, wait, lambda: self._begin_again(run, container))

    def _begin_again(self, run: Run, container: Container) -> None:
        pod = self._pod(run)
        container.behaviour = self.behaviours.of(pod, container.spec)
        self._begin(run, container)

    def _delay(self, container: Container) -> float:
        last = container.now
        lasted = (last.ended - last.started).total_seconds() if last and last.ended else 0.0
        if container.restarts == 0 or lasted > _FORGET:
            return 0.5
        return _BACKOFF[min(container.restarts - 1, len(_BACKOFF) - 1)]

    def set_ready(self, run: Run, container: Container, ready: bool) -> None:
        """Let the readiness probe of a running container answer otherwise from now on."""
        if container.running and container.ready != ready:
            container.ready = ready
            if not ready:
                path = f"spec.containers{{{container.spec['name']}}}"
                told = "Readiness probe failed: HTTP probe failed with statuscode: 503"
                self._write.event(self._pod(run), "Warning", "Unhealthy", told, "kubelet", path)
            self._report(run)

    def _stop(self, pod: Obj, run: Run | None) -> None:
        meta, wait = pod["metadata"], 0.0
        if run is not None:
            run.stopping = True
            longest = max(container.behaviour.stop_s for container in run.containers.values())
            wait = min(longest, meta["deletionGracePeriodSeconds"])
            for name, container in run.containers.items():
                if container.running:
                    told = f"Stopping container {name}"
                    self._write.event(pod, "Normal", "Killing", told, "kubelet", f"spec.containers{{{name}}}")
                container.ready = False
            self._report(run)

        def gone() -> None:
            current = self._store.get("pods", meta["namespace"], meta["name"])
            if current is not None and current["metadata"]["uid"] == meta["uid"]:
                self._store.delete("pods", meta["namespace"], meta["name"])

        self._engine.after(wait, gone)

    # --- telling ---

    def _pod(self, run: Run) -> Obj:
        pod = self._store.get("pods", run.namespace, run.name)
        if pod is None:
            raise LookupError(f"pod {run.namespace}/{run.name} has gone")
        return pod

    def _report(self, run: Run) -> None:
        pod = self._pod(run)
        containers = list(run.containers.values())
        unready = [container.spec["name"] for container in containers if not container.ready]
        started = all(container.now is not None for container in containers)
        policy = pod["spec"]["restartPolicy"]
        ended = [c.now for c in containers if c.now is not None and c.now.ended is not None and not c.waiting]
        phase = "Running" if started else "Pending"
        if len(ended) == len(containers) and policy != "Always":
            failed = any(instance.exit_code for instance in ended)
            phase = "Failed" if failed and policy == "Never" else "Running" if failed else "Succeeded"
        told = f"containers with unready status: [{' '.join(unready)}]" if unready else ""
        status = {
            **pod["status"],
            "phase": phase,
            "hostIP": "10.87.0.1",
            "hostIPs": [{"ip": "10.87.0.1"}],
            "podIP": run.ip,
            "podIPs": [{"ip": run.ip}],
            "startTime": run.started,
            "containerStatuses": sorted((c.status() for c in containers), key=lambda row: str(row["name"])),
        }
        status["conditions"] = self._conditions(pod, not unready, told)
        self._store.replace("pods", {**pod, "status": status})

    def _conditions(self, pod: Obj, ready: bool, told: str) -> list[Obj]:
        scheduled = condition(pod["status"], "PodScheduled")
        wanted = {"PodReadyToStartContainers": True, "Initialized": True, "Ready": ready, "ContainersReady": ready}
        rows = []
        for kind, value in wanted.items():
            text = "True" if value else "False"
            old = condition(pod["status"], kind)
            since = old["lastTransitionTime"] if old and old["status"] == text else iso(self._store.clock.stamp())
            row: Obj = {"type": kind, "status": text, "lastProbeTime": None, "lastTransitionTime": since}
            rows.append(row if value else row | {"reason": "ContainersNotReady", "message": told})
        return [*rows, *([scheduled] if scheduled else [])]
