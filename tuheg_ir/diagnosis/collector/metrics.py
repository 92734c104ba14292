"""The signals of a namespace, from whatever exporters its Prometheus has."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tuheg_ir.diagnosis.collector.context import SourceFailed, failed
from tuheg_ir.diagnosis.collector.known import Known, component, host_of
from tuheg_ir.diagnosis.collector.labels import Filled, Labels, Row, Unfit, held
from tuheg_ir.diagnosis.collector.prometheus import Prometheus, Span
from tuheg_ir.diagnosis.folder.metrics import series_of
from tuheg_ir.diagnosis.model import Series, Source
from tuheg_ir.diagnosis.signals import Names, Signal, Signals, Way, load, span_s
from tuheg_ir.named import NamedTuple

THREADS = 12


@dataclass(slots=True)
class Metrics:
    """Series by signal, the queries that gave them, and what was asked."""

    signals: dict[str, tuple[Series, ...]] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)


def read_metrics(
    url: str,
    namespace: str,
    at: datetime,
    *,
    known: Callable[[], Known] = Known,
    window: str = "",
    timeout_s: float = 15.0,
) -> Metrics:
    """Ask for all signals of the hour before ``at``, on threads, within ``timeout_s`` seconds.

    ``known`` is asked after the names of the metrics: they come while the objects are read.
    ``window`` is how far rates look back, where what is asked scrapes often enough for less than
    the usual; never under 20 s, and under a minute for cAdvisor.
    """
    began = time.monotonic()
    found = Metrics()
    try:
        prometheus = Prometheus(url, began + timeout_s)
    except SourceFailed as error:
        found.sources.append(failed("prometheus", error, 0, at))
        return found
    try:
        _Reader(prometheus, namespace, at, known, found, window).read(began + timeout_s)
    finally:
        prometheus.close()
    return found


class _Question(NamedTuple):
    signal: Signal
    way: Way
    metrics: Mapping[str, str]


class _Reader:
    def __init__(
        self,
        prometheus: Prometheus,
        namespace: str,
        at: datetime,
        known: Callable[[], Known],
        found: Metrics,
        window: str,
    ) -> None:
        self._prometheus = prometheus
        self._namespace = namespace
        self._ask_known = known
        self._known = Known()
        self._at = at
        self._signals: Signals = load()
        roles = {label for labels in self._signals.roles.values() for label in labels}
        ways = [way for signal in self._signals.signals.values() for way in signal.ways]
        asked = {label for way in ways for label in (way.requires, way.address) if label}
        self._telling = sorted({*roles, *asked, "__name__"})
        self._window = window
        end = at.timestamp()
        self._span = Span(end - self._signals.range_s, end, self._signals.step_of(window))
        self._found = found
        self._rows: dict[str, list[Row]] = {}
        self._asked: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}

    def read(self, end: float) -> None:
        """Ask all questions whose metrics are there."""
        began = time.monotonic()
        try:
            names = Names(self._prometheus.names(self._span), self._signals.needs)
        except SourceFailed as error:
            self._note("prometheus", error, began)
            return
        # While the objects are read: their names tell of what is a workload's own only.
        self._learn(self._questions(names))
        known = self._ask_known()
        names.know(known.names)
        questions = self._questions(names)
        self._learn(questions)
        self._known = replace(known, spaces=held(self._all_rows(), self._signals.roles["namespace"]))
        self._locks = {metric: threading.Lock() for question in questions for metric in question.metrics.values()}
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="metrics")
        errors: dict[str, SourceFailed] = {}
        running = [(question, pool.submit(self._ask, question)) for question in questions]
        try:
            wait([future for _, future in running], timeout=max(0.0, end - time.monotonic()))
            for question, future in running:
                if not future.done():
                    errors[question.signal.name] = SourceFailed("late", "no answer in time")
                    continue
                try:
                    self._merge(question, *future.result())
                except SourceFailed as error:
                    errors[question.signal.name] = error
                except Unfit:
                    continue
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self._divide()
        self._tell(errors, began)

    def _questions(self, names: Names) -> list[_Question]:
        return [
            _Question(signal, way, metrics)
            for signal in self._signals.signals.values()
            for way in signal.ways
            for metrics in way.metrics(names)
        ]

    def _ask(self, question: _Question) -> tuple[Filled, tuple[Series, ...]]:
        first = next(iter(question.metrics.values()))
        labels = Labels(self._labels(first), self._signals, self._namespace, self._known)
        window = self._signals.window_of(question.way, self._window)
        filled = labels.fill(question.way, question.metrics, window)
        series = series_of(self._prometheus.ranged(filled.query, self._span))
        if question.signal.unit == "1/s":
            window_s = span_s(window)
            series = tuple(each._replace(points=settled(each.points, self._span, window_s)) for each in series)
        return filled, series

    def _learn(self, questions: Iterable[_Question]) -> None:
        """Ask for the labels of all metrics at once; if that is too much, each is asked for on its own."""
        firsts = {next(iter(question.metrics.values())) for question in questions} - self._asked
        if not firsts:
            return
        self._asked |= firsts
        try:
            rows = self._grouped(f'{{__name__=~"{"|".join(sorted(firsts))}"}}')
        except SourceFailed:
            return
        for row in rows:
            self._rows.setdefault(row.get("__name__", ""), []).append(row)

    def _all_rows(self) -> Iterator[Row]:
        for rows in self._rows.values():
            yield from rows

    def _labels(self, metric: str) -> list[Row]:
        """Return the distinct sets of a metric's interesting labels; asked once a metric."""
        with self._locks[metric]:
            if metric not in self._rows:  # it has ended: its pod is gone, perhaps
                self._rows[metric] = self._grouped(f"last_over_time({metric}[{self._signals.range_s}s])")
            return self._rows[metric]

    def _grouped(self, vector: str) -> list[Row]:
        rows = self._prometheus.instant(f"group by ({', '.join(self._telling)}) ({vector})", self._span.end)
        return [row["metric"] for row in rows if isinstance(row, dict) and isinstance(row.get("metric"), dict)]

    def _merge(self, question: _Question, filled: Filled, series: tuple[Series, ...]) -> None:
        """Add series whose labels no earlier way has given."""
        name, held = question.signal.name, self._found.signals.get(question.signal.name, ())
        if held and question.way.only == "first":
            return
        there = {tuple(sorted(each.labels.items())) for each in held}
        added = []
        for each in series:
            labels = self._renamed(each.labels, filled.labels, question)
            key = tuple(sorted(labels.items()))
            if key not in there:
                there.add(key)
                added.append(each._replace(labels=labels))
        if added:
            self._found.signals[name] = (*held, *added)
            self._found.queries.setdefault(name, filled.query)

    def _renamed(self, labels: Mapping[str, str], roles: Mapping[str, str], question: _Question) -> dict[str, str]:
        """Return the labels that the signal has, under the names that rules know."""
        meant = question.way.labelled
        found = {label: value for label, value in labels.items() if meant.get(label, label) == label}
        for label, value in labels.items():
            role = roles.get(label, label)
            if label in ("horizontalpodautoscaler", "hpa"):
                found[role] = self._known.scalers.get(value) or value
            elif role == "dependency":
                found[role] = self._known.called(component(value, self._namespace, self._known, scoped=False))
            elif role == "component":
                scoped = question.way.scope == "service"
                found[role] = component(value, self._namespace, self._known, scoped=scoped)
            elif role == "node":
                found[role] = self._known.node_at(value)
            elif role == "queue":
                found[role] = value.rpartition("/")[2] if "://" in value else value
            elif role == "pod" and label == "instance":
                address = self._known.addresses.get(host_of(value), "")
                # Better than nothing, unless the address is a label of the signal itself.
                if address or label not in question.signal.labels:
                    found[role] = address or value
            else:
                found[role] = value
        return {label: found[label] for label in question.signal.labels if label in found}

    def _divide(self) -> None:
        for signal in self._signals.signals.values():
            if signal.quotient:
                over, under = (self._found.signals.get(name, ()) for name in signal.quotient)
                # A limit that nobody exports stands in the pod.
                divided = quotient(over, (*self._limits(signal.quotient[1]), *under))
                if divided:
                    self._found.signals[signal.name] = divided
                    self._found.queries[signal.name] = " / ".join(signal.quotient)

    def _limits(self, name: str) -> Iterator[Series]:
        resource = name.removesuffix("_limit")
        for (pod, container), limits in self._known.limits.items():
            if resource in limits:
                yield Series({"pod": pod, "container": container}, ((self._span.start, limits[resource]),))

    def _tell(self, errors: Mapping[str, SourceFailed], began: float) -> None:
        took = round((time.monotonic() - began) * 1000)
        there = [name for name in self._signals.signals if name in self._found.signals]
        note = f"{len(there)} of {len(self._signals.signals)} signals"
        self._found.sources.append(Source("prometheus", ok=True, ms=took, note=note, at=self._at))
        for name, error in errors.items():
            if name not in self._found.signals:
                self._note(f"metrics {name}", error, began)
        lacking = [name for name in self._signals.signals if name not in there and name not in errors]
        if lacking:
            note = f"no metric gives {', '.join(lacking)}"
            self._found.sources.append(Source("metrics", ok=True, note=note, kind="missing", at=self._at))

    def _note(self, name: str, error: SourceFailed, began: float) -> None:
        took = round((time.monotonic() - began) * 1000)
        self._found.sources.append(failed(name, error, took, self._at.astimezone(UTC)))


def settled(points: tuple[tuple[float, float], ...], span: Span, window_s: float) -> tuple[tuple[float, float], ...]:
    """Return the points of a rate from where its window is full.

    A series that begins within the span grows for as long as the window is: that is no growth of traffic.
    """
    if not points or points[0][0] <= span.start + span.step_s:
        return points
    full = tuple(point for point in points if point[0] >= points[0][0] + window_s)
    return full or points[-1:]


def quotient(over: Iterable[Series], under: Iterable[Series]) -> tuple[Series, ...]:
    """Return the series divided by those of the same labels, by the last known divisor."""
    divisors = {tuple(sorted(each.labels.items())): each.points for each in under}
    found = []
    for each in over:
        points = divisors.get(tuple(sorted(each.labels.items())), ())
        times = [when for when, _ in points]
        made = []
        for when, value in each.points:
            place = max(0, bisect_right(times, when) - 1)
            if points and points[place][1] > 0:
                made.append((when, value / points[place][1]))
        if made:
            found.append(Series(each.labels, tuple(made)))
    return tuple(found)
