"""What programs count in their logs, and who counts nothing but noughts."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.view.counted import counted, counts_lately, counts_of, only_noughts, talks
from tuheg_ir.diagnosis.view.view import View

IDLE = '{"level":30,"time":1790168640068,"conns":0,"failed":0,"intervalSec":60,"msg":"stats"}'


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("level=info msg=stats conns=24 active=7 window=60", {"conns": 24, "active": 7}),
        (
            '{"level":30,"time":1790168640068,"pid":1,"clients":428,"delivered":0,"state":"ready"}',
            {"clients": 428, "delivered": 0},
        ),
        ("stats: delivered: 44, took=9ms ratio=0.5 at=12:30:00 addr=10:8080", {"delivered": 44}),
        ("GET /orders 200", {}),
    ],
)
def test_numbers_beside_their_names_are_counts(line: str, found: dict[str, int]) -> None:
    assert counts_of(line) == found


def test_lines_of_the_same_names_are_told_together() -> None:
    told = counted(log("push-pod0", "delivered=4 lost=0", "started", "delivered=0 lost=0", "rows=1", since=240))
    assert {names: [values for _, values in each] for names, each in told.items()} == {
        ("delivered", "lost"): [(4, 0), (0, 0)],
        ("rows",): [(1,)],
    }


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([IDLE] * 3, {("conns", "failed")}),
        ([IDLE] * 2, set()),
        ([IDLE] * 3 + ["GET /orders 200"], set()),
        ([IDLE] * 3 + [IDLE.replace('"conns":0', '"conns":1')], set()),
        (["errors=0 retries=0"] * 9, set()),
        (["inflight=0 queued=0"] * 9, set()),
        (["pool: in_use=0 waiting=0"] * 9, set()),
        (["active_connections=0 jobs=0"] * 9, set()),
    ],
)
def test_who_counts_only_noughts_of_who_asks_does_nothing(lines: list[str], found: set[tuple[str, ...]]) -> None:
    view = View(snapshot(workload("push")))
    assert only_noughts(view, log(pod("push"), *lines)) == found


def test_what_is_counted_lately() -> None:
    view = View(snapshot(workload("push")))
    busy, over = ["conns=24 failed=0"] * 3, ["conns=0 failed=0"] * 30
    assert counts_lately(view, counted(log(pod("push"), *busy)), ("conns", "failed"))
    assert not counts_lately(view, counted(log(pod("push"), *busy)), ("conns",))
    assert not counts_lately(view, counted(log(pod("push"), *busy, *over, since=3600)), ("conns", "failed"))


@pytest.mark.parametrize(
    ("lines", "since", "found"), [(3, 240, True), (2, 240, False), (0, 240, False), (3, 9000, False)]
)
def test_who_talks_tells_enough_of_lately(lines: int, since: float, found: bool) -> None:
    view = View(snapshot(workload("push")))
    assert talks(view, log(pod("push"), *["stats"] * lines, since=since)) is found
