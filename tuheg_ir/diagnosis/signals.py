"""The signals that rules know, and the ways to ask Prometheus for them: signals.yml and its tables, typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tuheg_ir.diagnosis.tables import load_table
from tuheg_ir.diagnosis.view.literals import needed
from tuheg_ir.named import NamedTuple

_PLATFORM = (
    "aggregator_discovery_", "aggregator_unavailable_", "alertmanager_", "apiextensions_", "apiserver_", "argocd_",
    "authenticated_user_", "authentication_", "authorization_attempts_", "authorization_duration_", "caddy_admin_",
    "certmanager_", "cilium_", "cluster_autoscaler_", "controller_runtime_", "coredns_", "csi_", "dra_",
    "endpoint_slice_", "envoy_", "ephemeral_volume_", "etcd_", "external_dns_", "field_validation_", "go_", "grafana_",
    "haproxy_", "hubble_", "istio_", "karpenter_", "keda_", "kong_", "kube_", "kubelet_", "kubeproxy_", "linkerd_",
    "loki_", "nginx_", "node_", "pod_security_", "prometheus_", "promhttp_", "rest_client_", "scheduler_", "storage_",
    "traefik_", "volume_manager_", "volume_operation_", "watch_cache_", "workqueue_",
)  # fmt: skip
"""Metrics of the platform, which no regular expression is meant for."""
FILES = tuple(
    Path(__file__).resolve().parent / f"signals{table}.yml"
    for table in ("", "_requests", "_cluster", "_stores", "_queues")
)
"""What is common to all, and the tables of signals in the order in which they are told."""


class Names:
    """The names of the metrics that there are, the plainest first: what has a prefix may be of a library only.

    Each pattern is looked for once, however many ways have it, and compiled only where a name holds a text that all its
    finds have: among what a few exporters give most patterns find nothing.
    """

    def __init__(self, names: Iterable[str], needs: Mapping[str, Iterable[str]] | None = None) -> None:
        """``needs``: pattern -> what ``needed`` says of it, where that is known."""
        self._workloads: tuple[str, ...] | None = None
        self._names = dict.fromkeys(sorted(names, key=lambda name: (name.count("_"), name)))
        self._others = [name for name in self._names if not name.startswith(_PLATFORM)]
        self._all = "\n".join(self._names)
        self._needs = needs or {}
        self._found: dict[str, list[str]] = {}

    def know(self, workloads: Iterable[str]) -> None:
        """Take these for the workloads: what may be their own is looked for from now on, and nothing else again."""
        self._workloads = tuple(workloads)
        self._found = {pattern: found for pattern, found in self._found.items() if "<own>" not in pattern}

    def like(self, pattern: str) -> list[str]:
        """Return the names that a name or a regular expression stands for."""
        if pattern not in self._found:
            self._found[pattern] = self._matching(pattern)
        return self._found[pattern]

    def paired(self, other: str, pattern: str, name: str) -> str:
        """Return the pattern of another metric with what the first one is called where it says (?P=base)."""
        if "(?P=base)" not in other:
            return other
        found = re.fullmatch(written(pattern, self._workloads or ()), name)
        return other.replace("(?P=base)", re.escape(found["base"] or "") if found else "")

    def _matching(self, pattern: str) -> list[str]:
        if pattern.isidentifier():
            return [pattern] if pattern in self._names else []
        if self._workloads is None and "<own>" in pattern:
            return []
        needs = self._needs[pattern] if pattern in self._needs else needed(pattern)
        texts = [text for text in needs if text in self._all] if needs else [""]
        # What the platform's own metrics are called stands in a pattern in so many words.
        names = self._names if pattern.startswith(_PLATFORM) else self._others
        able = {name for text in texts for name in names if text in name}
        if not able:
            return []
        found = re.compile(written(pattern, self._workloads or ()))
        return [name for name in names if name in able and found.fullmatch(name)]


def written(pattern: str, workloads: Iterable[str]) -> str:
    """Return a pattern with what the metrics of some workloads begin with where it says <own>."""
    own = "|".join(re.escape(each) for each in map(_own, workloads))
    return pattern.replace("<own>", f"(?:{own})" if own else "(?!)")


def may_be_own(name: str, workloads: Iterable[str]) -> bool:
    """Tell whether a metric begins as those of one of some workloads do: without, no <own> stands for a part of it."""
    return name.startswith(tuple(map(_own, workloads)))


def _own(workload: str) -> str:
    return re.sub(r"[-.]", "_", workload) + "_"


@dataclass(frozen=True, slots=True)
class Way:
    """One query for a signal, and the metrics that it needs: letter -> name or regular expression.

    ``address``: the one label that tells whom it is of, by an address.
    """

    by: str
    of: Mapping[str, str]
    query: str
    scope: str = "namespace"
    needs: tuple[str, ...] = ()
    requires: str = ""
    only: str = ""
    address: str = ""
    labelled: Mapping[str, str] = field(default_factory=dict)

    def fits(self, name: str, workloads: Iterable[str] = ()) -> bool:
        """Tell whether a metric is the first one, where these are the workloads whose own it may be."""
        return bool(re.fullmatch(written(next(iter(self.of.values())), workloads), name))

    def metrics(self, names: Names) -> Iterator[dict[str, str]]:
        """Yield the metrics to use of those that are there, once for each one that the first name stands for."""
        (first, pattern), *others = self.of.items()
        for name in names.like(pattern):
            chosen = {first: name}
            for letter, other in others:
                chosen.update((letter, found) for found in names.like(names.paired(other, pattern, name))[:1])
            if len(chosen) == len(self.of):
                yield chosen


class Signal(NamedTuple):
    """A name that rules know. ``quotient``: it is the first signal divided by the second."""

    name: str
    unit: str
    meaning: str
    labels: tuple[str, ...]
    ways: tuple[Way, ...] = ()
    quotient: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signals:
    """All signals, where labels are found (role -> labels, best first), and what an exporter asks.

    ``parted``: gateway -> what follows a namespace in the names that it gives. ``needs``: pattern of metrics -> texts
    of which each name that it finds holds one.
    """

    signals: Mapping[str, Signal]
    roles: Mapping[str, tuple[str, ...]]
    window: str
    shortest: Mapping[str, str]
    step_s: int
    range_s: int
    programs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    parted: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)

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


@lru_cache(maxsize=1)
def load() -> Signals:
    """Read what was made of signals.yml and its tables."""
    files = load_table(FILES[0].with_suffix(".json"))
    data, *tables = (files[file.stem] for file in FILES)
    defaults = data["defaults"]
    return Signals(
        signals={name: _signal(name, entry) for table in tables for name, entry in table.items()},
        roles={role: tuple(labels) for role, labels in data["roles"].items()},
        window=defaults["window"],
        shortest=data["shortest"],
        step_s=int(defaults["step_s"]),
        range_s=int(defaults["range_s"]),
        programs={exporter: frozenset(words) for exporter, words in data["programs"].items()},
        parted=data["parted"],
        needs=data["needs"],
    )


def worked_out(files: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what is kept of the tables by name: patterns with their words written out, and what their finds hold."""
    found = {name: dict(table) for name, table in files.items()}
    common, *tables = (found[file.stem] for file in FILES)
    words, patterns = common.pop("words"), set[str]()
    for table in tables:
        for name, entry in table.items():
            ways = [
                {**way, "of": {letter: _pattern(of, words) for letter, of in way["of"].items()}}
                for way in entry.get("ways", ())
            ]
            patterns.update(pattern for way in ways for pattern in way["of"].values())
            table[name] = {**entry, "ways": ways}
    common["needs"] = {each: needed(each) for each in sorted(patterns) if not each.isidentifier()}
    return found


def _signal(name: str, entry: Mapping[str, Any]) -> Signal:
    return Signal(
        name=name,
        unit=entry["unit"],
        meaning=entry["meaning"],
        labels=tuple(entry["labels"]),
        ways=tuple(map(_way, entry["ways"])),
        quotient=tuple(entry.get("quotient", ())),
    )


def _way(entry: Mapping[str, Any]) -> Way:
    rest = {key: value for key, value in entry.items() if key not in _QUERIES}
    query = next((make(**entry[kind]) for kind, make in _QUERIES.items() if kind in entry), "") or rest["query"]
    return Way(**{**rest, "query": query, "needs": tuple(rest.get("needs", ()))})


def _pattern(given: str | list[str], words: Mapping[str, str]) -> str:
    """Return a regular expression with each <word> written out."""
    pattern = given if isinstance(given, str) else "|".join(given)
    while found := re.search(r"(?<!\?P)<(?!own>)(\w+)>", pattern):
        pattern = pattern.replace(found[0], words[found[1]])
    return pattern


def _ratio(by: str, part: str | list[str], all: str = "") -> str:  # noqa: A002 - the words of the tables
    every = f"{all},$here" if all else "$here"
    parts = [part] if isinstance(part, str) else part
    whole = f"sum by ({by}) ($pre rate($m{{{every}}}[$window]) $post)"
    rates = " or ".join(f"rate($m{{{each},{every}}}[$window])" for each in parts)
    bad = f"sum by ({by}) ($pre {rates if len(parts) == 1 else f'({rates})'} $post)"
    # No request of a kind ever counted is a share of nothing, not no share.
    return f"({bad} or 0 * {whole}) / {whole}"


def _p95(by: str, all: str = "", per: str = "1") -> str:  # noqa: A002
    every = f"{all},$here" if all else "$here"
    return _in_seconds(f"histogram_quantile(0.95, sum by ({by}, le) ($pre rate($m{{{every}}}[$window]) $post))", per)


def _mean(by: str, all: str = "", per: str = "1") -> str:  # noqa: A002
    time, count = _counted(by, all)
    return _in_seconds(f"{time} / {count}", per)


def _share_of(by: str, all: str = "") -> str:  # noqa: A002
    part, whole = _counted(by, all)
    return f"({part} or 0 * {whole}) / {whole}"


def _failed_of(by: str, all: str = "") -> str:  # noqa: A002
    failed, others = _counted(by, all)
    failed, others = f"({failed} or 0 * {others})", f"({others} or 0 * {failed})"
    return f"{failed} / ({failed} + {others})"


def _counted(by: str, condition: str) -> tuple[str, str]:
    """Return the rates of the first two metrics."""
    every = f"{condition},$here" if condition else "$here"
    rates = [f"sum by ({by}) ($pre rate(${letter}{{{every}}}[$window]) $post)" for letter in "mn"]
    return rates[0], rates[1]


def _fullest(by: str) -> str:
    return f"max by ({by}) (sum by ({by}, instance, server) ($pre $m{{$here}} $post))"


def _in_seconds(query: str, per: str) -> str:
    return query if per == "1" else f"{query} / {float(per):.0f}"


_QUERIES: Mapping[str, Callable[..., str]] = {
    "ratio": _ratio,
    "p95": _p95,
    "mean": _mean,
    "share_of": _share_of,
    "failed_of": _failed_of,
    "fullest": _fullest,
}
"""What stands for a query in the tables."""
