"""A load is steady and bounded, and its report is what happened."""

from __future__ import annotations

import http.server
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import background
from lab.errors import LabError
from lab.load import (
    GROWTH,
    LASTING_S,
    NEWEST,
    PROFILES,
    Growth,
    Plan,
    Sample,
    Tally,
    _Jobs,
    paths,
    percentile,
    run,
    summarise,
)
from lab.load_cli import text
from lab.processes import start_time


@contextmanager
def service(status: int = 200, seconds: float = 0.0) -> Iterator[int]:
    """A service on a loopback port; yields the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            time.sleep(seconds)
            assert self.headers["Host"] == "gateway.example"
            self.send_response(status)
            self.send_header("X-Version", "1.0.0")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_keeps_its_shares_over_every_round(profile: str) -> None:
    mix = Counter(path.split("?")[0] for path in PROFILES[profile])
    size = len(PROFILES[profile])
    sequence = (path.split("?")[0] for path in paths(profile))
    for _ in range(3):
        assert Counter(itertools.islice(sequence, size)) == mix


@given(st.lists(st.floats(0, 10), min_size=1))
def test_percentiles_are_values_that_were_seen_in_order(values: list[float]) -> None:
    ordered = sorted(values)
    marks = [percentile(ordered, share) for share in (0.0, 0.5, 0.95, 0.99, 1.0)]
    assert set(marks) <= set(ordered)
    assert marks == sorted(marks)
    assert marks[-1] == ordered[-1]


def test_a_report_counts_statuses_errors_and_versions() -> None:
    samples = [Sample("200", 0.01, "1.0.0")] * 3 + [Sample("503", 1.0, "1.1.0"), Sample("TimeoutError", 5.0)]
    report = summarise(samples, skipped=2, seconds=2.0)
    assert report.statuses == {"200": 3, "503": 1, "TimeoutError": 1}
    assert report.versions == {"1.0.0": 3, "1.1.0": 1}
    assert (report.requests, report.skipped, report.failed, report.rps) == (5, 2, 2, 2.5)
    assert report.latency_ms == {"p50": 10.0, "p95": 5000.0, "p99": 5000.0, "max": 5000.0}


def test_nothing_sent_is_a_report_too() -> None:
    report = summarise([], skipped=0, seconds=1.0)
    assert (report.requests, report.failed, report.latency_ms["p95"]) == (0, 0, 0.0)


def test_a_load_keeps_its_rate_and_ends_in_time() -> None:
    with service() as port:
        begin = time.monotonic()
        report = run(Plan(rps=40, seconds=1.0, workers=4), port)
    assert 0.9 < time.monotonic() - begin < 2.0
    assert report.statuses == {"200": 40}
    assert report.versions == {"1.0.0": 40}


def test_a_slow_service_bounds_the_requests_at_work_and_the_rest_is_told() -> None:
    with service(seconds=0.5) as port:
        report = run(Plan(rps=40, seconds=1.0, workers=4), port)
    assert report.requests <= 12
    assert report.requests + report.skipped == 40


@pytest.mark.parametrize(("seconds", "grows"), [(0.1, True), (0.9, False)])
def test_demand_grows_until_answers_are_slow(seconds: float, grows: bool) -> None:
    seen = Tally([Sample("200", seconds)] * NEWEST)
    plan = Plan(rps=40, seconds=2.0, until_s=0.5)
    nobody_is_free = _Jobs(plan).schedule(time.monotonic(), threading.Event(), seen)
    assert (nobody_is_free > 80) == grows
    assert nobody_is_free <= 80 * (1 + 2 * GROWTH)


def test_demand_stays_once_answers_were_slow_for_long() -> None:
    growth = Growth()
    assert growth.goes_on(0.0, slow=False)
    assert not growth.goes_on(1.0, slow=True)
    assert not growth.goes_on(1.0 + LASTING_S, slow=True)
    assert not growth.goes_on(60.0, slow=False)


def test_that_demand_stays_is_told_once() -> None:
    told: list[str] = []
    growth = Growth(lambda: told.append("stays"))
    growth.goes_on(0.0, slow=True)
    assert told == []
    for moment in (LASTING_S, LASTING_S + 1, 60.0):
        growth.goes_on(moment, slow=True)
    assert told == ["stays"]


def test_a_moment_in_which_answers_were_slow_does_not_end_the_growth() -> None:
    growth = Growth()
    for moment in (0.0, 10.0, 20.0):
        assert not growth.goes_on(moment, slow=True)
        assert not growth.goes_on(moment + LASTING_S - 0.1, slow=True)
        assert growth.goes_on(moment + LASTING_S, slow=False)


@pytest.mark.parametrize(
    ("seconds", "slow"),
    [
        ((), False),
        ((0.9,) * (NEWEST - 1), False),
        ((0.9,) * NEWEST, True),
        ((0.9,) * NEWEST + (0.1,) * NEWEST, False),
        ((0.1, 0.9) * NEWEST, True),
        ((0.1, 0.1, 0.9) * NEWEST, False),
    ],
)
def test_answers_are_slow_when_half_of_the_newest_are(seconds: tuple[float, ...], slow: bool) -> None:
    assert Tally([Sample("200", each) for each in seconds]).slow(0.5) == slow


def test_a_service_that_is_away_is_counted_by_the_name_of_the_error() -> None:
    report = run(Plan(rps=40, seconds=0.25, workers=2), port=1)
    assert report.statuses == {"ConnectionRefusedError": 10}


def test_a_load_ends_when_it_is_told_to() -> None:
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with service() as port:
        begin = time.monotonic()
        report = run(Plan(rps=20, seconds=60.0, workers=2), port, stop)
    assert time.monotonic() - begin < 2.0
    assert 2 <= report.requests <= 6


@pytest.mark.parametrize("wrong", [{"rps": 0}, {"seconds": 0}, {"workers": 0}, {"profile": "none-such"}])
def test_a_plan_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"above zero|no such profile"):
        Plan(**({"rps": 1, "seconds": 1} | wrong))  # type: ignore[arg-type]


def test_the_text_report_shows_all_figures() -> None:
    shown = text(
        {
            "requests": 5,
            "seconds": 2.0,
            "rps": 2.5,
            "skipped": 0,
            "statuses": {"200": 5},
            "latency_ms": {"p50": 1.0},
            "versions": {},
        }
    )
    assert "5 in 2.0 s, 2.5/s" in shown
    assert "200 5" in shown
    assert "versions  none" in shown


def test_a_background_load_is_found_stopped_and_reported(tmp_path: Path) -> None:
    with service() as port:
        pid = background.start(tmp_path, "steady", Plan(rps=20, seconds=60.0, workers=2), port)
        assert background.running(tmp_path, "steady") == pid
        assert background.names(tmp_path) == ["steady"]
        with pytest.raises(LabError, match="runs already"):
            background.start(tmp_path, "steady", Plan(rps=1, seconds=1.0), port)
        deadline = time.monotonic() + 5
        time.sleep(0.8)
        report = background.stop(tmp_path, "steady")
    assert time.monotonic() < deadline + 10
    assert report is not None
    assert report["statuses"].keys() == {"200"}
    assert background.running(tmp_path, "steady") is None
    assert start_time(pid) is None


@pytest.mark.parametrize(("until_s", "stays"), [(0.0, True), (0.5, False)])
def test_a_background_load_tells_whether_its_demand_stays(tmp_path: Path, until_s: float, stays: bool) -> None:
    (tmp_path / "load-demand.settled").touch()
    with service() as port:
        background.start(tmp_path, "demand", Plan(rps=20, seconds=60.0, workers=2, until_s=until_s), port)
        time.sleep(0.8)
        seen = background.settled(tmp_path, "demand")
        background.stop(tmp_path, "demand")
    assert seen == stays


def test_a_stopped_or_unknown_load_has_nothing_to_stop(tmp_path: Path) -> None:
    assert background.stop(tmp_path, "steady") is None


def test_a_pid_that_belongs_to_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "load-steady.json").write_text('{"pid": 1, "start_time": 1, "plan": {}}')
    assert background.running(tmp_path, "steady") is None
    assert background.stop(tmp_path, "steady") is None


def test_all_loads_of_a_lab_are_stopped_together(tmp_path: Path) -> None:
    with service() as port:
        pids = [background.start(tmp_path, name, Plan(rps=5, seconds=60.0, workers=1), port) for name in ("a", "b")]
        background.stop_all(tmp_path)
    assert [start_time(pid) for pid in pids] == [None, None]
    assert background.names(tmp_path) == []


def test_a_load_needs_a_lab_that_runs(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="does not run"):
        background.start(tmp_path / "run", "steady", Plan(rps=1, seconds=1.0), 1)
