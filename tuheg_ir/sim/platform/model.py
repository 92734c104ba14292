"""The platform in motion: every few seconds requests arrive, are served, and leave their traces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tuheg_ir.sim.behaviour import Behaviour
from tuheg_ir.sim.cluster import SimulatedCluster
from tuheg_ir.sim.controllers.common import ready
from tuheg_ir.sim.controllers.kubelet import Run
from tuheg_ir.sim.platform.database import Database
from tuheg_ir.sim.platform.gateway import Gateway, Histogram, Settings
from tuheg_ir.sim.status import Obj

NAMESPACE, SERVICE = "tuheg-production", "backend-gateway"
STEP = 5.0  # simulated seconds between two looks (and two scrapes)
_OUT_OF_MEMORY = Behaviour(exit_code=137, exit_reason="OOMKilled")
_IMAGES = (
    *("postgres:15", "postgres-exporter:1", "redis:7", "redis-exporter:1"),
    *("report-runner:1", "cache-scanner:1", "query-runner:1"),
)
_DATABASE_CORES = (0.03, 0.5)  # what the platform's own statements take of the database's processor; its limit
_SATURATED_S = 1.2  # what a request waits for a database whose processor is used up
_USUAL = {"/api/orders": 9.0, "/api/games": 6.0, "/api/worlds": 3.0}


@dataclass(slots=True)
class Front:
    """What the ingress has counted."""

    answers: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    times: Histogram = field(default_factory=Histogram)


class Platform:
    """The services of the handbook's platform on a simulated cluster."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self.cluster = cluster
        self.database = Database(cluster.clock.stamp)
        self.front = Front()
        self.load = dict(_USUAL)
        self.database_cpu = 0.0
        self.gateways: dict[tuple[str, int], Gateway] = {}
        self._reports: set[tuple[str, int]] = set()  # jobs that have taken their sessions
        self._turn = 0
        self._looked = cluster.clock.seconds()
        cluster.behaviours.override = self._behaviour
        cluster.pod_calls.programs["psql"] = self.database.psql

    def _behaviour(self, pod: Obj, container: Obj) -> Behaviour | None:
        image = container["image"].rsplit("/", 1)[-1]
        if image in ("backend-gateway:1.0.0", "backend-gateway:1.1.0"):
            return Settings.of(container, self._files(pod)).behaviour()
        return Behaviour(start_s=0.4, ready_s=1.0) if image in _IMAGES else None

    # --- who is there ---

    def runs(self, container: str) -> Iterator[tuple[Obj, Run]]:
        """Yield the pods (with the node's view) in which a container of this name runs."""
        for pod in self.cluster.store.objects("pods", NAMESPACE):
            run = self.cluster.kubelet.run_of(pod)
            if run is not None and container in run.containers and run.containers[container].running:
                yield pod, run

    def serving(self) -> list[Gateway]:
        """Return the gateways that get requests: ready and not on their way out."""
        found = []
        for pod, run in self.runs("gateway"):
            gateway = self.gateways.get((run.uid, run.containers["gateway"].restarts))
            if gateway is not None and ready(pod) and not run.stopping:
                found.append(gateway)
        return found

    @property
    def waits(self) -> dict[str, float]:
        """Return how much longer than usual a request waits for what lies behind, on average, in seconds."""
        cache = 0.75 if any(True for _ in self.runs("cache-scanner")) else 0.0
        if not any(True for _ in self.runs("redis")):
            cache = 2.0
        return {"redis": cache, "postgres": _SATURATED_S if self.database_cores >= _DATABASE_CORES[1] else 0.0}

    @property
    def database_cores(self) -> float:
        """Return how much processor the database uses: what everybody's statements want, up to its limit."""
        own, most = _DATABASE_CORES
        for _, run in self.runs("query-runner"):
            given = run.containers["query-runner"].spec.get("env") or []
            own += next((float(item["value"]) for item in given if item["name"] == "QUERY_CORES"), most)
        return min(own, most)

    def _files(self, pod: Obj) -> dict[str, str]:
        """Return what a pod's mounted ConfigMaps hold now: a running program sees a change of them."""
        found: dict[str, str] = {}
        for volume in pod["spec"].get("volumes") or []:
            name = (volume.get("configMap") or {}).get("name")
            if name:
                found |= (self.cluster.store.get("configmaps", NAMESPACE, name) or {}).get("data") or {}
        return found

    # --- moving ---

    def start(self) -> None:
        """Look again every few simulated seconds from now on."""
        self.cluster.engine.after(STEP, self._again)

    def _again(self) -> None:
        """Account for the time that has passed: on a busy machine a look comes late, and rates must stay true."""
        now = self.cluster.clock.seconds()
        self.step(now - self._looked)
        self._looked = now
        self.start()

    def step(self, seconds: float) -> None:
        """Let the requests of some seconds arrive."""
        self._meet()
        self.database_cpu += self.database_cores * seconds
        serving = self.serving()
        total = sum(self.load.values())
        if not serving:
            self.front.answers[503] += total * seconds
            self.front.times.add(total * seconds, 0.003)
            return
        share = {path: rate / len(serving) for path, rate in self.load.items()}
        waits = self.waits
        for gateway in serving:
            failed = gateway.work(share, seconds, self.database, waits)
            number = total / len(serving) * seconds
            self.front.answers[200] += number * (1 - failed)
            status = 500 if gateway.settings.fault == "errors" else 503
            if failed:
                self.front.answers[status] += number * failed
            self.front.times.add(number, gateway.slow)
        self._kill_the_full()

    def _meet(self) -> None:
        """Take in gateways and clients that have come, and forget those that have gone."""
        there, addresses = set(), set()
        for pod, run in self.runs("gateway"):
            key = (run.uid, run.containers["gateway"].restarts)
            there.add(key)
            addresses.add(run.ip)
            if key not in self.gateways:
                spec = run.containers["gateway"].spec
                self.gateways[key] = Gateway(pod["metadata"]["name"], run.ip, Settings.of(spec, self._files(pod)))
                for session in self.database.of(run.ip):  # what a killed predecessor held is closed
                    del self.database.sessions[session.pid]
            elif files := self._files(pod):
                self.gateways[key].settings = Settings.of(run.containers["gateway"].spec, files)
        self.gateways = {key: gateway for key, gateway in self.gateways.items() if key in there}
        for _, run in self.runs("report-runner"):
            addresses.add(run.ip)
            self._report((run.uid, run.containers["report-runner"].restarts), run)
        self.database.leave(addresses)
        for gateway in self.gateways.values():
            gateway.work({}, 0.0, self.database, {})

    def _report(self, key: tuple[str, int], run: Run) -> None:
        """Let a reporting job take its sessions; one that the database ends is not opened again."""
        if key in self._reports:
            return
        self._reports.add(key)
        given = run.containers["report-runner"].spec.get("env") or []
        wanted = next((int(item["value"]) for item in given if item["name"] == "REPORT_SESSIONS"), 40)
        for _ in range(wanted):
            if self.database.connect(run.ip, "reports", "report-runner", "idle in transaction") is None:
                break

    def _kill_the_full(self) -> None:
        for _, run in list(self.runs("gateway")):
            container = run.containers["gateway"]
            gateway = self.gateways.get((run.uid, container.restarts))
            if gateway is not None and gateway.memory >= gateway.settings.memory:
                gateway.memory = gateway.settings.memory
                self.cluster.kubelet.end(run, container, _OUT_OF_MEMORY)

    # --- single requests ---

    def ask(self) -> tuple[int, float]:
        """Answer one request of a visitor: status and seconds."""
        serving = self.serving()
        if not serving:
            return 503, 0.0
        self._turn += 1
        gateway = serving[self._turn % len(serving)]
        if gateway.fails_now():
            return (500 if gateway.settings.fault == "errors" else 503), gateway.slow
        return 200, gateway.slow
