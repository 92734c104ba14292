"""Since when what a store keeps data in grows: fields of an index, indices, topics, tables, as its own log tells.

A store tells of each of these, and hardly of anything else: where it told of none and then of one after another,
somebody began to write under names that it makes up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.logs import begun, heard_since, speaks_of, times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import SOON, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_GROWS = late(
    r"\b(?:update|put|create)_mapping\b|\bcreating index, cause \[auto|\bauto.?creat(?:e|ed|ing|ion)\b.{0,40}\b"
    r"(?:index|topic|table|collection|queue|stream|field|column)"
    r"|\bCreat(?:ed|ing)(?: new)? (?:topic|table|collection|measurement|stream|queue|index|keyspace|partition)\b"
    r"|\"msg\":\"createCollection\"|\bCreatableTopic\(name=|\badd(?:ed|ing)(?: new)? (?:column|field|dimension)s?\b",
    re.IGNORECASE,
)
"""How stores tell of each: Elasticsearch and OpenSearch, Kafka and Pulsar, MongoDB, Cassandra, Solr, others."""
_WORDS = ("mapping", "creat", "add")
_BROKER = late(r"kafka|amqp|rabbit|(?<![a-z])nats(?![a-z])|pulsar|broker|redpanda|queue|stream", re.IGNORECASE)
"""How settings are called by which a program is told of a broker."""
MANY = 8
"""So often it has grown before it is told as something that goes on."""
SELDOM = 0.1
"""Some of it comes by itself, as with a new day."""
LOOKED = timedelta(minutes=5)
"""A log that tells of so long a time before, and of no growth in it, shows that there was none."""


class Growth(NamedTuple):
    """Since when and until when a store grows, how often it did, whether it is known that it did not before."""

    first: datetime
    last: datetime
    times: int
    known: bool
    pod: str
    line: str

    def shown(self) -> Evidence:
        """Return how the store tells of it."""
        before = "and of none before" if self.known else "since its log begins"
        fact = f"it tells of {self.times} new ones, {before}: {self.line.strip()}"
        return Evidence("logs", f"Pod/{self.pod}", fact, self.first)


@once
def growth(view: View, store: Workload) -> Growth | None:
    """Return since when a store's structure grows; None where its pods tell of little, or as much since ever."""
    logs = list(view.logs_of(store.live, previous=False))
    told: list[tuple[datetime, str, str]] = []
    for log in (each for each in logs if speaks_of(each, _WORDS)):
        near = times_near(log.lines)
        told += [(at, log.pod, line) for at, line in zip(near, log.lines, strict=True) if at and _GROWS.search(line)]
    first = begun(at for at, *_ in told)
    since = sorted(each for each in told if first is not None and each[0] >= first)
    if first is None or len(since) < MANY or len(told) - len(since) > SELDOM * len(since):
        return None
    heard = heard_since(each for each in logs if each.pod in {pod for _, pod, _ in since})
    known = heard is not None and first - heard >= LOOKED
    if not known and any(pod.created is None or pod.created > first - LOOKED for pod in store.live):
        return None  # it makes all of it anew as it starts
    return Growth(first, since[-1][0], len(since), known, since[0][1], since[0][2])


def writers(view: View, store: str, tellers: set[str]) -> Iterator[Workload]:
    """Yield who may write what a store has not got yet: who is refused, whoever hands that its data, its clients."""
    near = {*behind(view, *tellers, *view.graph.callers(store), but=store)}
    passed = {way for ref in tellers if ref in view.workloads for way in _ways(view, view.workloads[ref])}
    for each in view.serving:
        if role(each) not in DATA and (each.ref in near or passed & _ways(view, each)):
            yield each


@once
def _ways(view: View, workload: Workload) -> frozenset[str]:
    """Return by which brokers a program gets or hands on what it works on: workloads, and hosts of its settings."""
    called = (ref for ref in view.graph.calls.get(workload.ref, ()) if ref in view.workloads)
    told = ((key, value) for key, value in view.graph.settings(workload) if _BROKER.search(f"{key} {value}"))
    hosts = {host for key, value in told for host in hosts_in(key, value)}
    return frozenset({ref for ref in called if role(view.workloads[ref]) == "broker"} | hosts)


def grown_by(view: View, store: str, found: Growth, tellers: set[str]) -> tuple[Workload, ...]:
    """Return the writers with whose release a store began to grow; of these whoever is refused himself comes alone."""
    with_it = [each for each in writers(view, store, tellers) if since_release(each, found.first, SOON)]
    own = [each for each in with_it if each.ref in tellers]
    return tuple(own or with_it)
