"""The signals that rules know, and the ways to ask Prometheus for them: signals.yml, typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

_PLATFORM = (
    "alertmanager_", "apiserver_", "authentication_", "coredns_", "envoy_", "etcd_", "go_", "grafana_", "istio_",
    "kube_", "kubelet_", "linkerd_", "loki_", "nginx_", "node_", "prometheus_", "promhttp_", "rest_client_",
    "scheduler_", "storage_", "traefik_", "workqueue_",
)  # fmt: skip
"""Metrics of the platform, which no regular expression is meant for."""


@dataclass(frozen=True, slots=True)
class Way:
    """One query for a signal, and the metrics that it needs: letter -> name or regular expression."""

    by: str
    of: Mapping[str, str]
    query: str
    scope: str = "namespace"
    needs: tuple[str, ...] = ()
    requires: str = ""
    only: str = ""
    labelled: Mapping[str, str] = field(default_factory=dict)

    def metrics(self, names: Iterable[str]) -> Iterator[dict[str, str]]:
        """Yield the metrics to use, once for each one that the first name stands for."""
        there = sorted(names)
        (first, pattern), *others = self.of.items()
        for name in _matching(pattern, there):
            chosen = {first: name}
            for letter, other in others:
                chosen.update((letter, found) for found in _matching(other, there)[:1])
            if len(chosen) == len(self.of):
                yield chosen


@dataclass(frozen=True, slots=True)
class Signal:
    """A name that rules know. ``quotient``: it is the first signal divided by the second."""

    name: str
    unit: str
    meaning: str
    labels: tuple[str, ...]
    ways: tuple[Way, ...] = ()
    quotient: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signals:
    """All signals, where labels are found (role -> labels, best first), and what an exporter asks."""

    signals: Mapping[str, Signal]
    roles: Mapping[str, tuple[str, ...]]
    window: str
    shortest: Mapping[str, str]
    step_s: int
    range_s: int
    programs: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def window_of(self, way: Way, wanted: str) -> str:
        """Return how far the rates of a way look back, where the site wants ``wanted`` ("" nothing), as 2m."""
        least = self.shortest.get(way.by, self.shortest["any"])
        return max(wanted or self.window, least, key=span_s)

    def step_of(self, wanted: str) -> int:
        """Return how far apart points are, in seconds: not further than rates look back, or there is time unseen."""
        least = span_s(self.shortest["any"])
        return min(self.step_s, round(max(span_s(wanted or self.window), least)))


def span_s(text: str) -> float:
    """Return a Prometheus duration such as 2m or 1h30m in seconds; ms count as nothing."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    return sum(float(number) * units.get(unit, 0) for number, unit in re.findall(r"(\d+)(ms|[smhd])", text))


def _matching(pattern: str, names: list[str]) -> list[str]:
    if re.fullmatch(r"\w+", pattern):
        return [pattern] if pattern in names else []
    # What the platform's own metrics are called stands in a pattern in so many words.
    own = pattern.startswith(_PLATFORM)
    found = re.compile(pattern)
    return [name for name in names if found.fullmatch(name) and (own or not name.startswith(_PLATFORM))]


@lru_cache(maxsize=1)
def load() -> Signals:
    """Read signals.yml."""
    text = (files("tuheg_ir.diagnosis") / "signals.yml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=yaml.CSafeLoader)
    defaults = data["defaults"]
    return Signals(
        signals={name: _signal(name, entry) for name, entry in data["signals"].items()},
        roles={role: tuple(labels) for role, labels in data["roles"].items()},
        window=defaults["window"],
        shortest=data["shortest"],
        step_s=defaults["step_s"],
        range_s=defaults["range_s"],
        programs={exporter: frozenset(words) for exporter, words in data["programs"].items()},
    )


def _signal(name: str, entry: Mapping[str, Any]) -> Signal:
    return Signal(
        name=name,
        unit=entry["unit"],
        meaning=entry["meaning"],
        labels=tuple(entry["labels"]),
        ways=tuple(_way(way) for way in entry.get("ways", ())),
        quotient=tuple(entry.get("quotient", ())),
    )


def _way(entry: Mapping[str, Any]) -> Way:
    rest = {key: value for key, value in entry.items() if key not in ("ratio", "p95")}
    query = _ratio(**entry["ratio"]) if "ratio" in entry else _p95(**entry["p95"]) if "p95" in entry else rest["query"]
    of = {letter: pattern if isinstance(pattern, str) else "|".join(pattern) for letter, pattern in rest["of"].items()}
    return Way(**{**rest, "of": of, "query": query, "needs": tuple(rest.get("needs", ()))})


def _ratio(by: str, part: str, all: str = "") -> str:  # noqa: A002 - the words of signals.yml
    every = f"{all},$here" if all else "$here"
    whole, bad = (f"sum by ({by}) ($pre rate($m{{{each}}}[$window]) $post)" for each in (every, f"{part},{every}"))
    # No request of a kind ever counted is a share of nothing, not no share.
    return f"({bad} or 0 * {whole}) / {whole}"


def _p95(by: str, all: str = "", per: float = 1) -> str:  # noqa: A002
    every = f"{all},$here" if all else "$here"
    query = f"histogram_quantile(0.95, sum by ({by}, le) ($pre rate($m{{{every}}}[$window]) $post))"
    return query if per == 1 else f"{query} / {float(per):.0f}"
