"""One running gateway container: what it does with requests, and what a bad release does to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tuheg_ir.sim.behaviour import Behaviour
from tuheg_ir.sim.platform.database import Database
from tuheg_ir.sim.quantities import quantity
from tuheg_ir.sim.status import Obj

BUCKETS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
# A request's time as multiples of the mean: ten requests of each hundred, quickest first.
_SPREAD = (0.4, 0.55, 0.65, 0.75, 0.85, 0.95, 1.1, 1.3, 1.6, 1.85)
_MIB = 1024 * 1024
_RESTING = 46 * _MIB
_NO_FILES: Mapping[str, str] = MappingProxyType({})
_SLOWEST = 4.0  # seconds: no request takes longer, the client gives up
# Path -> seconds of CPU, seconds of waiting when nothing is wrong.
PATHS = {"/api/orders": (0.004, 0.010), "/api/games": (0.003, 0.006), "/api/worlds": (0.002, 0.012)}


@dataclass(slots=True)
class Histogram:
    """A cumulative histogram as Prometheus has it."""

    counts: defaultdict[float, float] = field(default_factory=lambda: defaultdict(float))
    total: float = 0.0
    sum: float = 0.0

    def add(self, number: float, mean: float) -> None:
        """Add ``number`` observations spread around a mean."""
        for factor in _SPREAD:
            value, share = min(mean * factor, _SLOWEST), number / len(_SPREAD)
            self.total += share
            self.sum += value * share
            for bound in BUCKETS:
                if value <= bound:
                    self.counts[bound] += share


@dataclass(frozen=True, slots=True)
class Settings:
    """``GATEWAY_*`` of a release, with the same words as the lab's gateway."""

    fault: str = ""
    rate: float = 0.0
    leak_kib: float = 0.0
    after_s: float = 20.0
    pool_min: int = 4
    pool_max: int = 4
    world_cpu_s: float = 0.010
    cores: float = 0.12
    memory: float = 128 * _MIB

    @classmethod
    def of(cls, container: Obj, files: Mapping[str, str] = _NO_FILES) -> Settings:
        """Read the settings of a container; what is not set is as in a healthy release.

        ``files`` are those of its mounted ConfigMaps: name -> text. They win over the environment.
        """
        env = {item["name"]: item.get("value", "") for item in container.get("env") or []} | dict(files)
        limits = (container.get("resources") or {}).get("limits") or {}
        low = int(env.get("GATEWAY_POOL_MIN", "4"))
        return cls(
            fault=env.get("GATEWAY_FAULT", ""),
            rate=float(env.get("GATEWAY_FAULT_RATE", "0")),
            leak_kib=float(env.get("GATEWAY_FAULT_LEAK_KIB", "0")),
            after_s=float(env.get("GATEWAY_FAULT_AFTER_S", "20")),
            pool_min=low,
            pool_max=int(env.get("GATEWAY_POOL_MAX", str(low))),
            world_cpu_s=float(env.get("GATEWAY_WORLD_CPU_MS", "10")) / 1000,
            cores=float(quantity(limits.get("cpu", "120m"))),
            memory=float(quantity(limits.get("memory", "128Mi"))),
        )

    def behaviour(self) -> Behaviour:
        """Return how the container lives."""
        if self.fault == "crash-at-start":
            words = ("ValueError: required setting GATEWAY_REGION is not set",)
            return Behaviour(start_s=0.4, exit_after_s=0.5, exit_code=1, last_words=words)
        if self.fault == "crash-later":
            words = ("fatal: cannot allocate a worker",)
            return Behaviour(start_s=0.4, ready_s=1.0, exit_after_s=self.after_s, exit_code=1, last_words=words)
        return Behaviour(start_s=0.4, ready_s=1.0, logs=("listening on 8080",))


@dataclass(slots=True)
class Gateway:
    """One start of a gateway container in a pod."""

    pod: str
    address: str
    settings: Settings
    memory: float = _RESTING
    answers: defaultdict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))
    times: dict[str, Histogram] = field(default_factory=dict)
    waits: dict[str, Histogram] = field(default_factory=dict)
    cpu: float = 0.0
    periods: float = 0.0
    throttled: float = 0.0
    failing: float = 0.0  # the share of requests that fail now
    slow: float = 0.0  # seconds that a request takes now, on average
    in_use: int = 0
    size: int = 0
    _debt: float = 0.0
    _asked: int = 0

    def work(self, load: dict[str, float], seconds: float, database: Database, waits: Mapping[str, float]) -> float:
        """Serve ``load`` (path -> requests a second) for some seconds; return the share that failed.

        ``waits``: seconds that a request waits for the services behind, more than usual.
        """
        waiting = sum(waits.values())
        number = sum(load.values()) * seconds
        self._pool(database, number)
        usage = sum(rate * self._cost(path) for path, rate in load.items()) / self.settings.cores
        self._consume(usage, seconds)
        self.failing = self._failing()
        status = 500 if self.settings.fault == "errors" else 503
        for path, rate in load.items():
            mean = self._mean(path, usage, waiting)
            failed = rate * seconds * self.failing
            self.answers[path, 200] += rate * seconds - failed
            if failed:
                self.answers[path, status] += failed
            self.times.setdefault(path, Histogram()).add(rate * seconds, mean)
        for name, usual in (("postgres", 0.004 if self.failing < 1 else 2.0), ("redis", 0.002)):
            self.waits.setdefault(name, Histogram()).add(number, usual + waits.get(name, 0.0))
        self.slow = self._mean("/api/orders", usage, waiting)
        if self.settings.fault == "leak-memory":
            self.memory += number * self.settings.rate * self.settings.leak_kib * 1024
        return self.failing

    def _cost(self, path: str) -> float:
        return PATHS[path][0] + (self.settings.world_cpu_s if path == "/api/worlds" else 0.0)

    def _mean(self, path: str, usage: float, waiting: float) -> float:
        """Return the mean time of a request: work and waiting, longer the busier the CPU is."""
        cpu = self._cost(path)
        queue = cpu / (1 - usage) if usage < 0.95 else 1.5 * min(usage, 2.0)
        return min(PATHS[path][1] + queue + waiting, _SLOWEST)

    def _consume(self, usage: float, seconds: float) -> None:
        self.cpu += min(usage, 1.0) * self.settings.cores * seconds
        self.periods += 10 * seconds
        self.throttled += 10 * seconds * max(0.0, min(1.0, (usage - 0.6) * 2))

    def _pool(self, database: Database, requests: float) -> None:
        """Keep the pool's sessions, and leak some if the release does."""
        own = database.of(self.address)
        leaked = sum(1 for session in own if session.state == "idle in transaction")
        wanted = min(self.settings.pool_max, self.settings.pool_min + leaked)
        while len(own) < wanted:
            session = database.connect(self.address, "gateway", "backend-gateway")
            if session is None:
                break
            own.append(session)
        if self.settings.fault == "leak-transactions":
            self._debt += requests * self.settings.rate
            for session in own:
                if self._debt >= 1 and session.state == "idle":
                    database.mark(session, "idle in transaction")
                    self._debt -= 1
            self._debt = min(self._debt, 3.0)
        self.size = len(own)
        self.in_use = sum(1 for session in own if session.state != "idle")

    def _failing(self) -> float:
        if self.size - self.in_use <= 0:
            return 1.0  # no session to work with
        return self.settings.rate if self.settings.fault == "errors" else 0.0

    def fails_now(self) -> bool:
        """Return whether the next single request fails; over many, the share is right."""
        self._asked += 1
        return int(self._asked * self.failing) > int((self._asked - 1) * self.failing)
