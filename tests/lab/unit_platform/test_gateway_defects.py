"""Each defect bites when its figures say so."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.platform.gateway.defects import DefectError, Defects, Pace
from lab.platform.gateway.logs import Log
from lab.platform.gateway.settings import Fault


class Database:
    """Counts forgotten transactions."""

    def __init__(self) -> None:
        self.forgotten = 0

    def forget_transaction(self) -> None:
        self.forgotten += 1


class Process:
    """Remembers the codes the process was ended with."""

    def __init__(self) -> None:
        self.codes: list[int] = []

    def end(self, code: int) -> None:
        self.codes.append(code)


def defects(fault: Fault) -> tuple[Defects, Database, Process, io.StringIO]:
    database, process, out = Database(), Process(), io.StringIO()
    return Defects(fault, Log(out), database, process.end), database, process, out


@given(hundredths=st.integers(0, 100), calls=st.integers(0, 500))
def test_a_pace_hits_an_even_share(hundredths: int, calls: int) -> None:
    pace = Pace(hundredths / 100)
    hits = sum(pace.hit() for _ in range(calls))
    assert abs(hits - calls * hundredths / 100) <= 1


def test_a_release_without_defect_does_nothing() -> None:
    flaws, database, process, out = defects(Fault())
    flaws.at_start()
    for _ in range(50):
        flaws.in_request()
    assert (database.forgotten, process.codes, out.getvalue()) == (0, [], "")


def test_errors_hit_their_share_of_requests() -> None:
    flaws, *_ = defects(Fault("errors", rate=0.3))
    failed = 0
    for _ in range(100):
        try:
            flaws.in_request()
        except DefectError:
            failed += 1
    assert failed == 30


def test_leaked_transactions_hit_their_share_of_requests() -> None:
    flaws, database, *_ = defects(Fault("leak-transactions", rate=0.2))
    for _ in range(100):
        flaws.in_request()
    assert database.forgotten == 20


def test_leaked_memory_grows_with_requests() -> None:
    flaws, *_ = defects(Fault("leak-memory", rate=1, leak_kib=4))
    for _ in range(10):
        flaws.in_request()
    assert sum(len(kept) for kept in flaws._kept) == 10 * 4 * 1024


def test_crash_at_start_ends_the_process_before_it_serves() -> None:
    flaws, _, process, out = defects(Fault("crash-at-start"))
    flaws.at_start()
    assert process.codes == [1]
    assert '"level": "ERROR"' in out.getvalue()


def test_crash_later_ends_the_process_once_some_time_after_the_first_request() -> None:
    flaws, _, process, _ = defects(Fault("crash-later", after_s=0.05))
    flaws.at_start()
    time.sleep(0.1)
    assert process.codes == []
    flaws.in_request()
    flaws.in_request()
    assert process.codes == []
    time.sleep(0.2)
    assert process.codes == [1]


@pytest.mark.parametrize("kind", ["errors", "leak-memory", "leak-transactions", "crash-later"])
def test_only_crash_at_start_keeps_a_release_from_starting(kind: str) -> None:
    flaws, _, process, _ = defects(Fault(kind, rate=1))
    flaws.at_start()
    assert process.codes == []
