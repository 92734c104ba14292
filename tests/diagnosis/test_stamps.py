"""Times of lines: every form in which programs write them, and what a part of one, or the kubelet's, means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tuheg_ir.diagnosis.folder.logs import kept_lines
from tuheg_ir.diagnosis.stamps import stamp, whole, without_time

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-04T12:00:00Z ready",
        '{"ts":"2026-03-04T13:00:00.000+01:00"}',
        "2026/03/04 12:00:00 [error] 7#7: *1 no live upstreams",
        '10.0.0.1 - - [04/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 502',
        "1:M 04 Mar 2026 12:00:00.000 # Can't save in background",
        "[Wed Mar  4 12:00:00 2026] [php:error]",
        "[Nest] 1  - 03/04/2026, 12:00:00 PM   ERROR [ExceptionsHandler] no",
        "3/4/2026 12:00:00 PM fail: Shop.Orders[0]",
        "Mar 04, 2026 12:00:00 PM org.apache.catalina.core.StandardService startInternal",
        "Mar 4, 2026 12:00:00\u202fPM org.apache.catalina.core.StandardService startInternal",
        '{"level":30,"time":1772625600000,"msg":"ready"}',
    ],
)
def test_a_time_is_read_as_programs_write_it(line: str) -> None:
    assert stamp(line) == NOON
    assert stamp(without_time(line)) is None


@pytest.mark.parametrize(
    ("clock", "hour"), [("12:30:00 AM", 0), ("1:30:00 AM", 1), ("12:30:00 PM", 12), ("11:30:00 PM", 23)]
)
def test_a_day_has_two_halves(clock: str, hour: int) -> None:
    assert stamp(f"3/4/2026 {clock}") == NOON.replace(hour=hour, minute=30)


@pytest.mark.parametrize(
    ("line", "since"),
    [
        ("11:59:30.500 [main] ERROR c.a.Orders - no", timedelta(seconds=29.5)),
        ("11:59:30,500 ERROR [io.undertow] (default task-1) no", timedelta(seconds=29.5)),
        ("11:59:30.500 request_id=F7FB [error] no", timedelta(seconds=29.5)),
        ("[11:59:30] no", timedelta(seconds=30)),
        ("23:59:30 [main] ERROR no", timedelta(hours=12, seconds=30)),
        ("E0304 11:59:30.500000       1 reflector.go:147] no", timedelta(seconds=29.5)),
        ("E1231 11:59:30.500000       1 reflector.go:147] no", timedelta(days=63, seconds=29.5)),
        ("Mar  4 11:59:30 web-1 shop[7]: no", timedelta(seconds=30)),
        ("12:00:20.000 [main] ERROR no", timedelta(seconds=-20)),
    ],
    ids=["Logback", "WildFly", "Elixir", "brackets", "yesterday", "klog", "last year", "syslog", "a clock ahead"],
)
def test_what_a_time_lacks_is_the_latest_that_it_can_be(line: str, since: timedelta) -> None:
    (found,) = whole([line], NOON)
    assert found.endswith(line)
    assert stamp(found) == NOON - since


def test_days_go_back_as_a_log_does() -> None:
    lines = ["23:00:00 a", "01:00:00 b", "  at c", "00:10:00 d", "11:00:00 e", "10:59:59 f"]
    times = [stamp(line) for line in whole(lines, NOON)]
    day = NOON.replace(hour=0)
    yesterday = day - timedelta(days=1)
    assert times == [
        yesterday - timedelta(hours=1),
        yesterday + timedelta(hours=1),
        None,
        day + timedelta(minutes=10),
        day + timedelta(hours=11),
        day + timedelta(hours=10, minutes=59, seconds=59),
    ]


@pytest.mark.parametrize("line", ["E9999 11:59:30.5 1 x.go:1] no", "Foo  4 11:59:30 no", "29:59:30 no", "12:00 no", ""])
def test_what_is_no_time_is_left_as_it_is(line: str) -> None:
    assert whole([line], NOON) == (line,)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("2026-03-04T12:00:00.000000001Z no time of its own", "2026-03-04T12:00:00.000000001Z no time of its own"),
        ('2026-03-04T12:00:00.100000000Z {"time":"2026-03-04T12:00:00Z"}', '{"time":"2026-03-04T12:00:00Z"}'),
        ("2026-03-04T12:05:00.1Z 2026-03-04T12:00:00Z kept back", "2026-03-04T12:00:00Z kept back"),
        ("2026-03-04T12:00:00.1Z 2026-03-04 20:00:00 WARN", "2026-03-04T12:00:00.1Z 2026-03-04 20:00:00 WARN"),
        ("2026-03-04T12:00:00Z the program's own", "2026-03-04T12:00:00Z the program's own"),
    ],
    ids=["none of its own", "the same", "kept back", "of a zone that it does not name", "not the kubelet's"],
)
def test_the_time_of_the_kubelet_stands_where_a_line_has_none_of_its_own(line: str, kept: str) -> None:
    assert kept_lines(line) == (kept,)


def test_no_time_stands_between_the_lines_of_a_secret() -> None:
    at = "2026-03-04T12:00:00.000000001Z"
    assert "hunter2" not in "".join(kept_lines(f"{at} password:\n{at} hunter2\n{at} on\n"))
    key = f"{at} -----BEGIN PRIVATE KEY-----\n{at} MIIEvQ\n{at} -----END PRIVATE KEY-----\n{at} on\n"
    assert kept_lines(key) == ("***", "on")
