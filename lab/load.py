"""Steady, bounded traffic through the ingress, and what came of it."""

from __future__ import annotations

import http.client
import itertools
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

HOST = "gateway.example"

#: What users ask for, in turns: an even mix, so that every second of load is like the next.
PROFILES: dict[str, Sequence[str]] = {
    "mixed": (
        *("/api/orders?customer={n}",) * 14,
        *("/api/games",) * 5,
        "/api/worlds?seed={n}",
    ),
    "worlds": ("/api/worlds?seed={n}",),
}
CUSTOMERS = 200


#: By so much demand grows in a second: by a fifth or a quarter beyond what can be served until answers are slow.
GROWTH = 0.03
#: The newest answers that tell whether they are slow.
NEWEST = 20
#: Slow for as long: demand is too much. Twenty answers are less than a second, and any machine stands still that long.
LASTING_S = 5.0


@dataclass(frozen=True)
class Plan:
    """A load: `rps` requests a second for `seconds`, by at most `workers` at a time.

    With `until_s` demand grows from `rps` until half of the answers take longer than that and go on to, and stays
    there: what machines can serve differs, and so does what is too much for them.
    """

    rps: float
    seconds: float
    workers: int = 32
    profile: str = "mixed"
    timeout_s: float = 5.0
    until_s: float = 0.0

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise ValueError(f"no such profile: {self.profile}; there are {', '.join(PROFILES)}")
        if self.rps <= 0 or self.seconds <= 0 or self.workers < 1:
            raise ValueError("rps, seconds and workers have to be above zero")


@dataclass(frozen=True)
class Sample:
    """One request: `outcome` is the status code, or the name of the error; `seconds` it took."""

    outcome: str
    seconds: float
    version: str = ""


@dataclass
class Tally:
    """Collects samples of all workers; `skipped` counts requests for which no worker was free."""

    samples: list[Sample] = field(default_factory=list)
    skipped: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, sample: Sample) -> None:
        with self.lock:
            self.samples.append(sample)

    def slow(self, seconds: float) -> bool:
        """Whether half of the newest answers took longer than that."""
        with self.lock:
            newest = self.samples[-NEWEST:]
        return len(newest) == NEWEST and 2 * sum(sample.seconds > seconds for sample in newest) >= NEWEST


@dataclass
class Growth:
    """Demand grows while answers are quick, waits while they are slow, and stays once that has lasted."""

    settled: Callable[[], None] = lambda: None
    slow_since: float = math.inf
    over: bool = False

    def goes_on(self, now: float, slow: bool) -> bool:
        """Whether demand may grow at this moment."""
        self.slow_since = min(self.slow_since, now) if slow else math.inf
        if now - self.slow_since >= LASTING_S:
            self.end()
        return not (slow or self.over)

    def end(self) -> None:
        """Let demand stay as it is, and tell so once."""
        if not self.over:
            self.over = True
            self.settled()


@dataclass(frozen=True)
class Report:
    """What a load saw. Latencies in milliseconds; `statuses` by status code or error name."""

    requests: int
    skipped: int
    seconds: float
    rps: float
    statuses: dict[str, int]
    latency_ms: dict[str, float]
    versions: dict[str, int]

    @property
    def failed(self) -> int:
        """Requests without a 2xx answer."""
        return sum(n for status, n in self.statuses.items() if not status.startswith("2"))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted values, 0 when there are none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summarise(samples: Sequence[Sample], skipped: int, seconds: float) -> Report:
    """Condense samples into a report."""
    times = sorted(1000 * sample.seconds for sample in samples)
    marks = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return Report(
        requests=len(samples),
        skipped=skipped,
        seconds=round(seconds, 1),
        rps=round(len(samples) / seconds, 1) if seconds else 0.0,
        statuses=dict(sorted(Counter(sample.outcome for sample in samples).items())),
        latency_ms={name: round(percentile(times, share), 1) for name, share in marks.items()},
        versions=dict(sorted(Counter(s.version for s in samples if s.version).items())),
    )


def paths(profile: str) -> Iterator[str]:
    """The endless sequence of paths of a profile."""
    mix = PROFILES[profile]
    # A stride that shares no factor with the length spreads the rare paths evenly.
    stride = next(s for s in (7, 11, 1) if math.gcd(s, len(mix)) == 1)
    for n in itertools.count():
        yield mix[n * stride % len(mix)].format(n=1 + n % CUSTOMERS)


def run(
    plan: Plan, port: int, stop: threading.Event | None = None, settled: Callable[[], None] = lambda: None
) -> Report:
    """Send the load to 127.0.0.1:`port` until its time is over or `stop` is set.

    `settled` is called once, when demand grows no more.
    """
    stop = stop or threading.Event()
    tally = Tally()
    jobs = _Jobs(plan, settled)
    begin = time.monotonic()
    threads = [threading.Thread(target=_work, args=(plan, port, jobs, tally), daemon=True) for _ in range(plan.workers)]
    for thread in threads:
        thread.start()
    tally.skipped = jobs.schedule(begin, stop, tally)
    for thread in threads:
        thread.join(plan.timeout_s + 1)
    return summarise(tally.samples, tally.skipped, time.monotonic() - begin)


class _Jobs:
    """Hands paths to workers at a steady rate; a request that no worker is free for is skipped.

    Open loop up to the bound: slow answers do not slow the demand until all workers wait.
    """

    def __init__(self, plan: Plan, settled: Callable[[], None] = lambda: None) -> None:
        self._plan = plan
        self._settled = settled
        self._ready: list[str] = []
        self._idle = 0
        self._closed = False
        self._changed = threading.Condition()

    def schedule(self, begin: float, stop: threading.Event, tally: Tally) -> int:
        """Offer requests at the plan's rate; return how many found no free worker."""
        skipped, sent = 0, 0
        due, since, rate = begin, begin, self._plan.rps
        growth = Growth(self._settled)
        if self._plan.until_s <= 0:
            growth.end()
        sequence = paths(self._plan.profile)
        while due < begin + self._plan.seconds and not stop.wait(max(0.0, due - time.monotonic())):
            with self._changed:
                if self._idle > len(self._ready):
                    self._ready.append(next(sequence))
                    self._changed.notify()
                else:
                    skipped += 1
            if growth.goes_on(due, tally.slow(self._plan.until_s)):
                since, sent, rate = due, 0, rate + GROWTH
            sent += 1
            due = since + sent / rate
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        return skipped

    def take(self) -> str | None:
        """The next path, None when the load is over."""
        with self._changed:
            self._idle += 1
            while not self._ready and not self._closed:
                self._changed.wait()
            self._idle -= 1
            return self._ready.pop(0) if self._ready else None


def _work(plan: Plan, port: int, jobs: _Jobs, tally: Tally) -> None:
    link = _Link(port, plan.timeout_s)
    while (path := jobs.take()) is not None:
        tally.add(link.ask(path))
    link.close()


class _Link:
    """One kept connection to the ingress, opened anew after a failure."""

    def __init__(self, port: int, timeout_s: float) -> None:
        self._make: Callable[[], http.client.HTTPConnection] = lambda: http.client.HTTPConnection(
            "127.0.0.1", port, timeout=timeout_s
        )
        self._link = self._make()

    def ask(self, path: str) -> Sample:
        begin = time.monotonic()
        try:
            self._link.request("GET", path, headers={"Host": HOST})
            answer = self._link.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self._link = self._make()
            return Sample(type(error).__name__, time.monotonic() - begin)
        version = answer.headers.get("X-Version", "")
        return Sample(str(answer.status), time.monotonic() - begin, version)

    def close(self) -> None:
        self._link.close()
