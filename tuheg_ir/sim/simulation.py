"""A scenario on a simulated cluster: three addresses to point plays at, and what is broken behind them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from types import TracebackType
from typing import Self

from tuheg_ir.errors import UsageError
from tuheg_ir.sim.clock import Clock
from tuheg_ir.sim.cluster import SimulatedCluster, load
from tuheg_ir.sim.http_server import HttpServer
from tuheg_ir.sim.patches import STRATEGIC_PATCH
from tuheg_ir.sim.platform.figures import everything
from tuheg_ir.sim.platform.ingress import Ingress
from tuheg_ir.sim.platform.model import NAMESPACE, STEP, Platform
from tuheg_ir.sim.prometheus.pace import Pace
from tuheg_ir.sim.prometheus.samples import Samples
from tuheg_ir.sim.prometheus.web import PrometheusApi
from tuheg_ir.sim.resources import by_key, by_kind
from tuheg_ir.sim.scenario import Scenario
from tuheg_ir.sim.status import ApiError, Obj
from tuheg_ir.sim.steps import waited

_HEALTHY_S = 300.0  # a platform that has run well for so long before anything breaks


@dataclass(frozen=True, slots=True)
class Places:
    """Where the simulated services listen."""

    api: str
    prometheus: str
    ingress: str


class Simulation:
    """The platform, broken as a scenario says; runs from ``start`` to ``stop``.

    The time before the first look passes at once, on a standing clock. Then delays run ``speed``
    times as fast as the wall clock.
    """

    def __init__(self, scenario: Scenario | None = None, *, seed: int = 0) -> None:
        waits = scenario.minutes + waited(scenario.breaks) if scenario else 0.0
        before = _HEALTHY_S + waits * 60
        self.cluster = SimulatedCluster(Clock(datetime.now(UTC) - timedelta(seconds=before)), seed)
        self.platform = Platform(self.cluster)
        self.samples = Samples()
        self._pace: Pace | None = None
        self._scraping = True
        self._servers: list[HttpServer] = []
        text = (files("tuheg_ir.sim.platform") / "objects.yml").read_text(encoding="utf-8")
        self.cluster.apply(*load(text))
        with self.cluster.store.lock:
            self.platform.start()
            self._scrape()
        self.cluster.engine.run_for(_HEALTHY_S)
        if scenario is not None:
            for step in scenario.breaks:
                try:
                    self._take(step)
                except (ApiError, LookupError, TypeError, ValueError, AttributeError) as error:
                    raise _impossible(scenario, step, error) from error
            self.cluster.engine.run_for(scenario.minutes * 60)

    def _scrape(self) -> None:
        if self._scraping:
            moment = self.cluster.clock.stamp().timestamp()
            rows = everything(self.platform)
            self.samples.scrape(moment, self._pace.told(rows) if self._pace else rows)
        self.cluster.engine.after(STEP, self._scrape)

    # --- breaking ---

    def _take(self, step: Obj) -> None:
        kind, value = next(iter(step.items()))
        if kind == "wait":
            self.cluster.engine.run_for(float(value["minutes"]) * 60)
            return
        steps: dict[str, Callable[[Obj], None]] = {
            "release": self._release,
            "client": self._client,
            "load": self._load,
            "metrics": self._metrics,
            "patch": self._patch,
            "delete": self._delete,
            "apply": self._apply,
        }
        with self.cluster.store.lock:
            steps[kind](value)

    def _release(self, value: Obj) -> None:
        """Roll out a release of a service: an image tag and its environment."""
        name, container = value.get("service", "backend-gateway"), value.get("container", "gateway")
        env = [{"name": key, "value": str(text)} for key, text in (value.get("env") or {}).items()]
        image = value.get("image", f"registry.invalid/lab/{name}:{value.get('version', '1.1.0')}")
        template = {"spec": {"containers": [{"name": container, "image": image, "env": env}]}}
        self._patch({"kind": "Deployment", "name": name, "patch": {"spec": {"template": template}}})

    def _client(self, value: Obj) -> None:
        """Let another program run beside the platform."""
        name = value["name"]
        env = [{"name": key, "value": str(text)} for key, text in (value.get("env") or {}).items()]
        container = {"name": name, "image": f"registry.invalid/lab/{value['image']}", "env": env}
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
        self.cluster.apply(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name, "namespace": NAMESPACE},
                "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template},
            }
        )

    def _load(self, value: Obj) -> None:
        """Add demand: path -> requests a second."""
        for path, rate in value.items():
            self.platform.load[path] = self.platform.load.get(path, 0.0) + float(rate)

    def _metrics(self, value: Obj) -> None:
        """Let scraping stop: nobody knows anything from here on."""
        self._scraping = not value.get("stop", False)

    def _patch(self, value: Obj) -> None:
        resource = by_kind()[value.get("apiVersion", "apps/v1"), value["kind"]]
        patch = copy.deepcopy(value["patch"])
        self.cluster.registry.patch(resource, NAMESPACE, value["name"], STRATEGIC_PATCH, patch)

    def _delete(self, value: Obj) -> None:
        self.cluster.registry.delete(by_key()[value["resource"]], NAMESPACE, value["name"], {})

    def _apply(self, value: Obj) -> None:
        obj = copy.deepcopy(value)
        obj["metadata"].setdefault("namespace", NAMESPACE)
        self.cluster.apply(obj)

    # --- running ---

    def start(self, speed: float = 1.0) -> Places:
        """Open the three ports on 127.0.0.1 and go on at ``speed``."""
        self._pace = Pace(speed, self.samples)
        self.cluster.clock.run(speed)
        self.cluster.start()
        lock = self.cluster.store.lock
        prometheus = PrometheusApi(self.samples, lambda: self.cluster.clock.stamp().timestamp(), lock)
        ingress = Ingress(self.platform, lock)
        self._servers = [HttpServer(prometheus.answer), HttpServer(ingress.answer)]
        return Places(self.cluster.url, self._servers[0].url, self._servers[1].url)

    def stop(self) -> None:
        """Close everything."""
        for server in self._servers:
            server.stop()
        self._servers = []
        self.cluster.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _impossible(scenario: Scenario, step: Obj, error: Exception) -> UsageError:
    """Return the error about a step that the platform cannot take, as an object that is not there."""
    kind = next(iter(step))
    why = error.message if isinstance(error, ApiError) else f"{type(error).__name__}: {error}"
    return UsageError(
        f"break has a {kind} that the platform cannot take: {why}",
        scenario.file or scenario.name,
        "What there is: tuheg_ir/sim/platform/objects.yml",
    )
