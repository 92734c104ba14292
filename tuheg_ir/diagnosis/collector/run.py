"""One pass over a namespace: everything is asked at once, on threads, within one deadline.

A source that fails or is late becomes a note; only a cluster that cannot be reached at all is an
error. Every read has a limit of its own, so that no thread is left behind.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.collector import alerts, databases, logs, metrics, probes, usage
from tuheg_ir.diagnosis.collector.also import as_one
from tuheg_ir.diagnosis.collector.context import Context, NotConfigured, Target, failed
from tuheg_ir.diagnosis.collector.known import Known, known_of
from tuheg_ir.diagnosis.collector.reads import READS, Found, Read, read
from tuheg_ir.diagnosis.folder.about import plain
from tuheg_ir.diagnosis.folder.logs import in_order
from tuheg_ir.diagnosis.model import Log, Obj, Snapshot, Source
from tuheg_ir.diagnosis.namesakes import beside
from tuheg_ir.errors import ClusterError
from tuheg_ir.named import NamedTuple
from tuheg_ir.project import module_utils

DEADLINE_S = 20.0
READ_S = 5.0
"""An API server that says nothing for so long is called silent."""
THREADS = 8
"""For the API server: each takes a connection of its own, and to greet with TLS costs both sides more than a list."""
ASIDE = 8
"""For what is asked elsewhere or takes long."""
EVENTS = 5000
"""The newest ones that are kept."""
_NAMED = ("Deployment", "StatefulSet", "DaemonSet", "Service", "HorizontalPodAutoscaler", "Node")
"""What tells the names that metrics may carry."""
_NO_CONNECTION = frozenset({"unreachable", "silent", "tls", "unauthorized", "invalid"})


class Answer(NamedTuple):
    """What a source gave, or the error that it gave instead."""

    value: Any
    error: Exception | None
    ms: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Collection:
    """A snapshot of a live cluster, and the queries that gave its signals."""

    snapshot: Snapshot
    queries: Mapping[str, str] = field(default_factory=dict)


def collect(
    auth: Mapping[str, Any], target: Target, *, deadline_s: float = DEADLINE_S, client: Any = None
) -> Collection:
    """Read everything about a namespace, and note what could not be read.

    ``auth`` is kubernetes.core's; {} takes K8S_AUTH_* and KUBECONFIG. ``client`` is used instead
    of a new one. Reads only: its one exec is the declared read-only query. Raises ClusterError
    when the API cannot be reached at all.
    """
    end = time.monotonic() + deadline_s
    kube = module_utils("kube").kube
    with _no_garbage_collection():
        if client is not None:
            return _Pass(Context(client, target, end)).run()
        try:
            client = kube.connect(auth, limits=kube.Limits(read_s=READ_S))
        except kube.KubeError as error:
            raise _no_cluster(error) from error
        with client:
            return _Pass(Context(client, target, end)).run()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Look for no cycles meanwhile: JSON has none, and looking takes most of the time of parsing it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Pass:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._sources: list[Source] = []
        self._objects: dict[str, list[Obj]] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="collect")
        self._aside = ThreadPoolExecutor(ASIDE, thread_name_prefix="aside")
        self._known: Future[Known] = Future()

    def run(self) -> Collection:
        """Ask, and put the answers together."""
        try:
            found = self._collected()
        except BaseException:
            self._end(wait=False)  # what the others still wait for is told to nobody
            raise
        self._end(wait=True)  # no read outlives the deadline: for nothing but their clean end
        return found

    def _end(self, *, wait: bool) -> None:
        self._known.cancel()  # a pass that is broken off tells the metrics no names any more
        for pool in (self._pool, self._aside):
            pool.shutdown(wait=wait, cancel_futures=True)

    def _collected(self) -> Collection:
        target = self._context.target
        reads = {each.name: self._start(read, each) for each in sorted(READS, key=_late_ones_last)}
        self._await_clock(reads)
        asked = self._start_others()
        self._check_connection(reads["pods"])
        self._gather_objects({"pods": reads.pop("pods")})
        named = [each.name for each in READS if each.kind in _NAMED]
        self._gather_objects({name: reads.pop(name) for name in named})
        self._known.set_result(known_of(self._objects))
        log_reads = self._start_logs(self._objects.get("Pod", ()), logs.MOST)
        others = dict.fromkeys(space for space in target.also if space != target.namespace)
        also = {space: self._start_also(space) for space in others}
        self._gather_objects(reads)
        log_reads |= self._start_logs(self._gathered_also(also), logs.ALSO)
        found_logs = self._gather_logs(log_reads)
        answers = {name: self._result(name, future) for name, future in asked.items()}
        pods = self._objects.get("Pod", [])
        measured: metrics.Metrics = answers.get("prometheus") or metrics.Metrics()
        self._sources += measured.sources
        taken_at = self._context.now()
        snapshot = Snapshot(
            taken_at=taken_at,
            namespace=target.namespace,
            objects={kind: tuple(objects) for kind, objects in self._objects.items()},
            logs=in_order(found_logs),
            alerts=alerts.merged(*(answers[name] or () for name in ("alerts", "alertmanager"))),
            metrics={**usage.signals(answers["usage"] or (), pods, taken_at.timestamp()), **measured.signals},
            databases=tuple(
                databases.database(f"{spec.get('kind', 'StatefulSet')}/{name}", answers[f"database {name}"], pods)
                for name, spec in databases.declared(target.services).items()
                if answers[f"database {name}"]
            ),
            probes=tuple(answers["probes"] or ()),
            sources=tuple(self._sources),
            services=plain(target.services),
        )
        return Collection(snapshot, measured.queries)

    # --- asking ---

    def _start(self, ask: Callable[..., Any], *arguments: Any, aside: bool = False) -> Future[Answer]:
        def timed() -> Answer:
            began = time.monotonic()
            value, failure = None, None
            try:
                value = ask(self._context, *arguments)
            except Exception as error:  # noqa: BLE001 - whatever it is, the other sources count
                failure = error
            return Answer(value, failure, round((time.monotonic() - began) * 1000), self._context.now())

        return (self._aside if aside else self._pool).submit(timed)

    def _start_others(self) -> dict[str, Future[Answer]]:
        """Start what is not a list of objects: the slow ones first."""
        target = self._context.target
        asked = {"prometheus": self._metrics, "probes": probes.read}
        asked |= {"alerts": alerts.firing, "alertmanager": alerts.managed, "usage": usage.read}
        found = {name: self._start(ask, aside=True) for name, ask in asked.items()}
        for name, spec in databases.declared(target.services).items():
            found[f"database {name}"] = self._start(databases.read, name, spec, aside=True)
        return found

    def _start_also(self, space: str) -> dict[str, Future[Answer]]:
        """Start the lists of another namespace."""
        return {f"{each.name} in {space}": self._start(read, each, space) for each in READS if each.also}

    def _start_logs(self, pods: Iterable[Obj], most: int) -> dict[logs.Wanted, Future[Answer]]:
        return {each: self._start(logs.read, each) for each in logs.wanted(pods, most)}

    def _metrics(self, context: Context) -> metrics.Metrics:
        if not context.target.prometheus_url:
            raise NotConfigured("ir_prometheus_url is not set")
        return metrics.read_metrics(
            context.target.prometheus_url,
            context.target.namespace,
            context.now(),
            known=lambda: self._known.result(context.left_s),
            window=context.target.window,
            timeout_s=context.left_s,
        )

    # --- answers ---

    def _await_clock(self, reads: Mapping[str, Future[Answer]]) -> None:
        """Wait for the first answer: it tells the cluster's time, by which what else is asked goes."""
        done, _ = wait(
            reads.values(), timeout=max(0.0, self._context.end - time.monotonic()), return_when=FIRST_COMPLETED
        )
        if any(getattr(each.result().error, "kind", "") in _NO_CONNECTION for each in done):
            self._check_connection(reads["pods"])  # where there is no cluster nobody else is asked

    def _check_connection(self, pods: Future[Answer]) -> None:
        """Tell a cluster that cannot be reached from one that merely hides something."""
        wait([pods], timeout=max(0.0, self._context.end - time.monotonic()))
        error = pods.result().error if pods.done() else None
        if error is not None and getattr(error, "kind", "") in _NO_CONNECTION:
            raise _no_cluster(error) from error

    def _result(self, name: str, future: Future[Answer]) -> Any:
        """Return an answer and note its source; None when there is none."""
        began = time.monotonic()
        wait([future], timeout=max(0.0, self._context.end - began))
        took = round((time.monotonic() - began) * 1000)
        if not future.done():
            self._sources.append(
                Source(name, ok=False, ms=took, note="no answer in time", kind="late", at=self._context.now())
            )
            return None
        answer = future.result()
        if answer.error is not None:
            self._sources.append(failed(name, answer.error, answer.ms, answer.at))
        elif name != "prometheus":  # it tells itself what was asked
            self._sources.append(Source(name, ok=True, ms=answer.ms, note=_told(answer.value), at=answer.at))
        return answer.value

    def _gather_objects(self, reads: Mapping[str, Future[Answer]]) -> None:
        _add(self._objects, self._gathered(reads))
        _keep_newest(self._objects.get("Event", []), EVENTS)

    def _gathered(self, reads: Mapping[str, Future[Answer]]) -> dict[str, list[Obj]]:
        """Return kind -> the objects that some lists gave."""
        objects: dict[str, list[Obj]] = {}
        for name, future in reads.items():
            found: Found | None = self._result(name, future)
            if found is None:
                continue
            objects.setdefault(found.kind, []).extend(found.objects)
            if found.note:
                self._sources[-1] = self._sources[-1]._replace(note=f"{len(found.objects)}; {found.note}")
        return objects

    def _gathered_also(self, reads: Mapping[str, Mapping[str, Future[Answer]]]) -> list[Obj]:
        """Put what other namespaces gave beside the target's own; return their pods."""
        pods = list[Obj]()
        for space, lists in reads.items():
            before = len(self._sources)
            found = beside(self._objects, self._gathered(lists))
            _keep_newest(found.objects.get("Event", []), EVENTS - len(self._objects.get("Event", ())))
            _add(self._objects, found.objects)
            pods += found.objects.get("Pod", ())
            self._sources[before:] = as_one(space, self._sources[before:], found)
        return pods

    def _gather_logs(self, reads: Mapping[logs.Wanted, Future[Answer]]) -> list[Log]:
        """Return the logs that came; one source tells of all of them."""
        if not reads:
            return []
        found, notes, took = list[logs.Told](), list[Source](), 0
        before = len(self._sources)
        short: list[str] = []
        for wanted, future in reads.items():
            name = f"{wanted.pod}/{wanted.container}{' (previous)' if wanted.previous else ''}"
            told: logs.Told | None = self._result(name, future)
            if told is not None:
                found.append(told)
                short += [f"{name}: {told.note}"] if told.note else []
        for source in self._sources[before:]:
            took = max(took, source.ms)
            if not source.ok:
                notes.append(source)
        del self._sources[before:]
        kind = notes[0].kind if notes else ""
        every = [f"{len(found)} of {len(reads)}", *(f"{each.source}: {each.note}" for each in notes), *short]
        note = "; ".join(every)[:500]
        self._sources.append(Source("logs", ok=not notes, ms=took, note=note, kind=kind, at=self._context.now()))
        return [told.log for told in found]


def _add(objects: dict[str, list[Obj]], more: Mapping[str, list[Obj]]) -> None:
    for kind, found in more.items():
        objects.setdefault(kind, []).extend(found)


def _keep_newest(events: list[Obj], most: int) -> None:
    """Leave so many events, the newest first."""
    events.sort(key=lambda event: str(event.get("lastTimestamp") or ""), reverse=True)
    del events[max(0, most) :]


def _late_ones_last(what: Read) -> int:
    """Return when a list is asked for: pods tell whether there is a cluster, names are waited for by the metrics."""
    return 0 if what.kind == "Pod" else 1 if what.kind in _NAMED else 2


def _told(answer: Any) -> str:
    """Return how much an answer is."""
    if isinstance(answer, Found):
        return str(len(answer.objects))
    return str(len(answer)) if isinstance(answer, (list, tuple)) else ""


def _no_cluster(error: BaseException) -> ClusterError:
    what, after = (str(getattr(error, part, "") or "").strip().rstrip(".") for part in ("message", "next"))
    return ClusterError(what[:1].upper() + what[1:], "", f"{after[:1].upper()}{after[1:]}." if after else "")
