"""What software publishes, and the signals that it gives: tables in YAML, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tuheg_ir.diagnosis.collector.known import Known

HERE = Path(__file__).parent
_SERIES = re.compile(r"(?P<name>[\w:]+)(?:\{(?P<labels>.*)\})? (?P<how>\+|=|within) ?(?P<value>\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_POD = {"namespace": "shop", "container": "main", "job": "shop"}


def _exporter(of: str) -> dict[str, str]:
    name = f"{of}-exporter"
    return {**_POD, "pod": f"{name}-5d4f9c5b6d-abcde", "service": name, "job": name, "instance": "10.0.0.99:9121"}


def _pod(of: str) -> dict[str, str]:
    return {**_POD, "pod": f"{of}-0", "service": of, "job": of, "instance": "10.0.0.8:9000"}


_WEB = {**_POD, "pod": "web-1", "service": "web", "job": "web", "instance": "10.0.0.7:8080"}
_STORES = ("postgres", "pgbouncer", "mysql", "mongo", "redis", "memcached", "elasticsearch", "kafka", "nats", "pulsar")
_OWN = ("postgres", "mssql", "oracle", "dragonfly", "rabbitmq", "artemis", "pgbouncer", "kafka", "nats", "emqx")
_CLUSTER = {"namespace": "monitoring", "pod": "agent-1", "service": "agent", "job": "agent", "instance": "10.0.3.3:9"}
_EDGE = {"namespace": "edge", "pod": "edge-1", "service": "edge", "job": "edge", "instance": "10.0.3.4:9"}

TARGETS: Mapping[str, Mapping[str, str]] = {
    "web": _WEB,
    # What a collector gives its metrics of where they come from; of the target nothing but its own job is left.
    "collector": {"k8s_namespace_name": "shop", "k8s_pod_name": "web-1", "service_name": "web", "job": "shop/web"},
    "edge": _EDGE,
    "the gateway of the shop": {**_EDGE, "service": "shop-gateway"},
    "agent": _CLUSTER,
    "linkerd": {"job": "linkerd-proxy"},
    "node": {"job": "node-exporter", "instance": "10.0.4.1:9100", "node": "n1"},
    "keda": {**_CLUSTER, "namespace": "keda"},
    "cloudwatch": {"job": "cloudwatch", "instance": "10.0.3.5:9"},
    "nobody": {},
    **{name: _exporter(name) for name in (*_STORES, "celery", "rq", "sidekiq", "bull", "asynq")},
    **{f"the pod of {name}": _pod(name) for name in _OWN},
}
"""Who is scraped -> the labels that a scrape adds."""

KNOWN = Known(
    names=frozenset({"web", "stock", *_STORES, *_OWN, "celery-exporter"}),
    pods=frozenset({"web-1"} | {f"{name}-0" for name in _OWN}),
    addresses={"10.0.0.7": "web-1", "10.0.0.8": "nobody-0"},
    nodes={"10.0.4.1": "n1"},
    asked={
        "postgres_exporter": "postgres",
        "mysqld_exporter": "mysql",
        "mongodb_exporter": "mongo",
        "pgbouncer_exporter": "pgbouncer",
        "redis_exporter": "redis",
        "memcached_exporter": "memcached",
    },
)


@dataclass(frozen=True, slots=True)
class Published:
    """The series of a piece of software, as rows of what one scrape finds, and the signals that they give."""

    software: str
    at: str
    series: tuple[str, ...]
    gives: Mapping[str, Mapping[str, float]]

    def rows(self, seconds: float) -> list[tuple[str, dict[str, str], float]]:
        """Return what a scrape finds at a time."""
        return [row for line in self.series for row in _rows(line, TARGETS[self.at], seconds)]


def read(name: str) -> dict[str, Published]:
    """Return what a table says, by software."""
    data: Mapping[str, Any] = yaml.safe_load((HERE / f"{name}.yml").read_text(encoding="utf-8"))
    return {
        software: Published(software, told.get("at", "web"), tuple(told["series"]), told["gives"])
        for software, told in data.items()
    }


def _rows(line: str, target: Mapping[str, str], seconds: float) -> Iterator[tuple[str, dict[str, str], float]]:
    found = _SERIES.fullmatch(line)
    assert found, line
    own = dict(_LABEL.findall(found["labels"] or ""))
    # A scraper keeps what a metric says itself under another name, where both have a word for it.
    labels = {f"exported_{key}" if key in target else key: value for key, value in own.items()} | dict(target)
    if found["how"] != "within":
        yield found["name"], labels, float(found["value"]) * (seconds if found["how"] == "+" else 1)
        return
    low, high = found["value"].split("..")
    for bound, rate in ((low, 0), (high, 1), ("+Inf", 1)):
        yield found["name"], {**labels, "le": bound}, rate * seconds
