"""Of a long log all stays that is told seldom, and of the rest as much as shows since when and how often it is told."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.diagnosis.folder.logs import kept_lines
from tuheg_ir.diagnosis.folder.thinning import thinned

MOST = 200
TRACE = ("ERROR report failed", "Traceback (most recent call last):", '  File "run.py", line 3', "    raise Lost")


def kept(lines: list[str], most: int = MOST) -> list[str]:
    return [lines[at] for at in thinned(lines, most)]


def polled(number: int) -> str:
    return f"2026-03-04T10:{number // 60 % 60:02d}:{number % 60:02d}Z DEBUG poll turn={number} id={number * 7919:08x}"


BUSY = [polled(number) for number in range(3000)]


def test_a_log_that_is_short_enough_stays_as_it_is() -> None:
    assert kept(BUSY[:MOST]) == BUSY[:MOST]


@pytest.mark.parametrize("place", [0, 1, 700, 2999])
def test_what_is_told_once_among_thousands_stays(place: int) -> None:
    lines = [*BUSY[:place], "ERROR cannot reach postgres: no route to host", *BUSY[place:]]
    assert "ERROR cannot reach postgres: no route to host" in kept(lines)


def test_what_comes_again_and_again_stays_evenly_from_its_first_to_its_last() -> None:
    numbers = [BUSY.index(line) for line in kept(BUSY)]
    steps = [after - before for before, after in pairwise(numbers)]
    assert (numbers[0], numbers[-1]) == (0, 2999)
    assert len(numbers) == MOST
    assert max(steps) - min(steps) <= 1


def test_kinds_that_are_few_lines_stay_whole_and_the_others_share_what_is_left() -> None:
    some = [f"WARN pool busy for {number} ms" for number in range(30)]
    many = [f"INFO cache refreshed entries={number}" for number in range(1000)]
    found = kept([*BUSY, *some, *many])
    counts = [sum(part in line for line in found) for part in ("poll", "pool busy", "refreshed")]
    assert counts == [85, 30, 85]


def slow(number: int) -> tuple[str, ...]:
    """An entry of MySQL's slow log; each asks for something else."""
    return (
        f"# Time: 2026-03-04T10:{number // 60 % 60:02d}:{number % 60:02d}.118000Z",
        f"# User@Host: shop[shop] @  [10.244.1.{number % 9}]  Id: {number}",
        f"# Query_time: 5.1{number}  Lock_time: 0.000004 Rows_sent: 1  Rows_examined: 24100000",
        f"SET timestamp={1772618400 + number};",
        f"SELECT * FROM listings WHERE LOWER(reference) = '{'ghijklmnop'[number % 10] * (number // 10 % 50 + 1)}';",
    )


@pytest.mark.parametrize("most", [200, 1000])
def test_an_entry_of_a_slow_log_stays_whole_though_each_asks_for_something_else(most: int) -> None:
    entries = [slow(number) for number in range(1500)]
    found = kept([line for entry in entries for line in entry], most)
    assert len(found) >= most / 2
    assert all(tuple(found[at : at + 5]) in entries for at in range(0, len(found), 5))


def test_what_stands_between_the_entries_of_a_slow_log_is_no_part_of_them() -> None:
    told = "2026-03-04T10:20:00.000000Z 8 [ERROR] [MY-012639] [InnoDB] Write to file failed"
    lines = [line for number in range(1500) for line in slow(number)]
    assert told in kept([*lines[:3000], told, *lines[3000:]])


def test_lines_of_one_trace_stay_together() -> None:
    traces = [(*TRACE, f"reports.Lost: page {number}") for number in range(500)]
    found = kept([line for number in range(500) for line in (polled(number), *traces[number])])
    starts = [at for at, line in enumerate(found) if line == TRACE[0]]
    assert len(starts) > 10
    assert all(tuple(found[at : at + len(TRACE) + 1]) in traces for at in starts)


@pytest.mark.parametrize("share", [2, 20, 50])
def test_how_many_requests_failed_still_shows(share: int) -> None:
    def line(number: int) -> str:
        path, status = ("/pay", 500) if number % 100 < share else ("/items", 200)
        return f'10.0.0.{number % 9} - - [04/Mar/2026:10:00:00 +0000] "GET {path}/{number} HTTP/1.1" {status} 12'

    found = kept([line(number) for number in range(5000)])
    failed = sum('" 500 ' in line for line in found) / len(found)
    assert failed == pytest.approx(share / 100, abs=0.02)


def test_of_each_kind_of_request_some_stay_however_many_there_are_of_others() -> None:
    lines = [f'"GET /items/{number} HTTP/1.1" 200 12' for number in range(5000)]
    lines[2500] = '"POST /uploads/shell.php HTTP/1.1" 200 12'
    assert '"POST /uploads/shell.php HTTP/1.1" 200 12' in kept(lines)


def test_lines_that_are_all_of_their_own_kind_are_the_last_ones() -> None:
    lines = ["".join(chr(ord("g") + int(sign)) for sign in str(number)) for number in range(1000, 4000)]
    assert kept(lines) == lines[-MOST:]


@given(
    lines=st.lists(st.sampled_from([*BUSY[:9], *TRACE, "", "x" * 300, "GET /a 200", "GET /b 500"]), max_size=400),
    most=st.integers(2, 60),
)
def test_lines_stay_in_their_order_and_no_more_than_are_wanted(lines: list[str], most: int) -> None:
    places = thinned(lines, most)
    assert places == sorted(set(places))
    assert all(0 <= place < len(lines) for place in places)
    assert min(len(lines), most) >= len(places) >= min(len(lines), 1)


def test_a_key_among_many_lines_is_hidden_whole_before_any_of_it_goes() -> None:
    body = [f"MIIEpAIBAAKCAQEA{number:04d}QzJtd2x5" for number in range(20)]
    block = ["-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----"]
    lines = [line for number in range(40) for line in (*BUSY[number * 20 : number * 20 + 20], *block)]
    found = kept_lines("\n".join(lines), MOST)
    assert not any("MIIE" in line for line in found)
    assert len(found) <= MOST


def test_each_line_that_stays_keeps_its_time() -> None:
    text = "".join(f"2026-03-04T10:{n // 60:02d}:{n % 60:02d}.000000000Z turn {n} of the mill\n" for n in range(3000))
    found = kept_lines(text, MOST)
    assert found[0] == "2026-03-04T10:00:00.000000000Z turn 0 of the mill"
    assert all(line.startswith(f"2026-03-04T10:{int(line.split()[2]) // 60:02d}:") for line in found)
