"""Times of lines: every form in which programs write them, and what a part of one, or the kubelet's, means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuheg_ir.diagnosis import stamps
from tuheg_ir.diagnosis.folder.logs import kept_lines
from tuheg_ir.diagnosis.stamps import stamp, whole, without_time

PIECES = (
    *("2026-01-02T10:11:12Z", "2026/01/02 10:11:12.5 +0200", "02/Jan/2026:10:11:12 +0000", "Fri Jan  2 10:11:12 2026"),
    *(
        "1/2/2026, 1:11:12 PM",
        "Jan 2, 2026 11:11:12 PM",
        "10:11:12",
        '"ts":1767300000',
        "ts=1767300000123",
        "1767300000",
    ),
    *(" ", "x", "-", ":", "\n", "it took 12:10:11:12 s"),
)


@settings(max_examples=300)
@given(parts=st.lists(st.sampled_from(PIECES), max_size=6))
def test_every_time_is_taken_out_wherever_it_stands(parts: list[str]) -> None:
    line = "".join(parts)
    assert without_time(line) == stamps._EPOCH.sub("", stamps._STAMP.sub("", line)).strip()


NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-04T12:00:00Z ready",
        '{"ts":"2026-03-04T13:00:00.000+01:00"}',
        "2026/03/04 12:00:00 [error] 7#7: *1 no live upstreams",
        '[GIN] 2026/03/04 - 12:00:00 | 404 |    0.021245ms |      10.42.5.31 | GET     "/.env"',
        "2026.03.04 12:00:00.000000 [ 7 ] {} <Error> executeQuery: Code: 252. DB::Exception",
        '10.0.0.1 - - [04/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 502',
        "1:M 04 Mar 2026 12:00:00.000 # Can't save in background",
        "[Wed Mar  4 12:00:00 2026] [php:error]",
        "[Nest] 1  - 03/04/2026, 12:00:00 PM   ERROR [ExceptionsHandler] no",
        "3/4/2026 12:00:00 PM fail: Shop.Orders[0]",
        "Mar 04, 2026 12:00:00 PM org.apache.catalina.core.StandardService startInternal",
        "Mar 4, 2026 12:00:00\u202fPM org.apache.catalina.core.StandardService startInternal",
        '{"level":30,"time":1772625600000,"msg":"ready"}',
        '{"level":"warn","ts":1772625600.0,"msg":"key rejected","expires_at":"2026-03-01T00:00:00Z"}',
        'level=warn ts=1772625600 msg="key rejected" expires_at=2026-03-01T00:00:00Z',
        '{"data":{"ts":1690000000},"level":"error","msg":"stale","time":"2026-03-04T12:00:00Z"}',
        '{"epoch":1690000000,"level":"error","@timestamp": "2026-03-04T12:00:00Z"}',
        '{"level":"error","t":1690000000000000000,"time":"2026-03-04T13:00:00+01:00"}',
        'level=error ts=1690000000 time="2026-03-04T12:00:00Z" msg=stale',
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
        ("11:59:30.500123456: Notice no", timedelta(seconds=29.5)),
        ("E0304 11:59:30.500000       1 reflector.go:147] no", timedelta(seconds=29.5)),
        ("W260304 11:59:30.500000 661 sql/exec_log.go:90 [n1] 43 no", timedelta(seconds=29.5)),
        ("Mar  4 11:59:30 web-1 shop[7]: no", timedelta(seconds=30)),
        ("12:00:20.000 [main] ERROR no", timedelta(seconds=-20)),
    ],
    ids=["Logback", "WildFly", "Elixir", "brackets", "Falco", "klog", "CockroachDB", "syslog", "a clock ahead"],
)
def test_what_a_time_lacks_is_what_makes_it_lately(line: str, since: timedelta) -> None:
    (found,) = whole([line], NOON)
    assert found.endswith(line)
    assert stamp(found) == NOON - since


@pytest.mark.parametrize(
    ("until", "lines", "times"),
    [
        ("00:05", ["23:50:00 a", "  at b", "00:04:00 c"], ["03-03T23:50", None, "03-04T00:04"]),
        ("12:00", ["23:00:00 a", "09:00:00 b", "11:59:00 c"], ["03-03T23:00", "03-04T09:00", "03-04T11:59"]),
        ("12:00", ["11:57:00 a", "00:00:05 elapsed", "11:58:00 c"], ["03-04T11:57", "03-04T00:00", "03-04T11:58"]),
        ("12:00", ["11:58:10 a", "11:57:00 b", "11:59:00 c"], ["03-04T11:58", "03-04T11:57", "03-04T11:59"]),
        ("12:00", ["07:00:00 a", "2026-03-04T11:00:00Z b"], ["03-04T07:00", "03-04T11:00"]),
    ],
    ids=["midnight", "a long silence", "no time at all between", "threads", "a whole one below"],
)
def test_a_time_is_the_nearest_to_that_of_the_line_below(until: str, lines: list[str], times: list[str | None]) -> None:
    found = whole(lines, datetime.fromisoformat(f"2026-03-04T{until}:00Z"))
    told = [stamp(line) for line in found]
    assert [at.strftime("%m-%dT%H:%M") if at else None for at in told] == times


def test_years_and_leap_days_are_gone_over() -> None:
    lines = ["I1231 23:59:00.0       1 a.go:1] a", "I0101 00:01:00.0       1 a.go:1] b"]
    assert stamp(whole(lines, datetime(2026, 1, 1, 0, 2, tzinfo=UTC))[0]) == datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert stamp(whole(["I0229 11:59:00.0       1 a.go:1] a"], leap)[0]) == leap - timedelta(minutes=1)


def test_parts_of_the_cluster_keep_one_zone_and_may_have_been_silent_for_long() -> None:
    lines = ["I0226 14:10:08.278662       1 a.go:1] a", "E0304 09:22:15.440699       1 b.go:47] b"]
    found = [stamp(line) for line in whole(lines, NOON)]
    assert [f"{at:%Y-%m-%dT%H:%M}" if at else "" for at in found] == ["2026-02-26T14:10", "2026-03-04T09:22"]


@pytest.mark.parametrize(
    "line",
    [
        "13:00:00 [main] ERROR of another zone, or of yesterday",
        "08:00:00 [main] INFO long ago, or of another zone",
        "E0304 13:00:00.5       1 x.go:1] of another zone",
        "E9999 11:59:30.5 1 x.go:1] no",
        "E0230 11:59:30.5 1 x.go:1] no",
        "Foo  4 11:59:30 no",
        "29:59:30 no",
        "12:00 no",
        "",
    ],
)
def test_what_may_be_any_time_is_left_as_it_is(line: str) -> None:
    assert whole([line], NOON) == (line,)


AT = "2026-03-04T12:00:00.000000001Z"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (f"{AT} no time of its own", f"{AT} no time of its own"),
        (f'{AT} {{"time":"2026-03-04T12:00:00Z"}}', '{"time":"2026-03-04T12:00:00Z"}'),
        (f'{AT} {{"msg":"no","ts":1772625600.1}}', '{"msg":"no","ts":1772625600.1}'),
        (f"{AT} 2026-03-04T11:55:00Z kept back", "2026-03-04T11:55:00Z kept back"),
        (f"{AT} 2026-03-04 20:00:00 WARN", f"{AT} 2026-03-04 20:00:00 WARN"),
        (f"{AT} {'locked by reports of a customer ' * 3} since 2026-03-04T11:50:00Z",) * 2,
        ("2026-03-04T12:00:00.123Z locked since 2026-03-04T11:50:00Z",) * 2,
    ],
    ids=[
        "none of its own",
        "the same",
        "seconds since 1970",
        "kept back",
        "of a zone that it does not name",
        "it speaks of another",
        "not the kubelet's",
    ],
)
def test_the_time_of_the_kubelet_stands_where_a_line_has_none_of_its_own(line: str, kept: str) -> None:
    assert kept_lines(line) == (kept,)
    assert kept_lines(kept) == (kept,)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (
            ["2026-03-04 12:00:00 ERROR no", "java.lang.IllegalStateException: no", "\tat a.B.c(B.java:7)", "# sum 7"],
            ["2026-03-04 12:00:00 ERROR no", "java.lang.IllegalStateException: no", "\tat a.B.c(B.java:7)", "# sum 7"],
        ),
        (
            ["ERROR no", "Caused by: no", "\tat a.B.c(B.java:7)", "", "INFO on"],
            [f"{AT} ERROR no", "Caused by: no", "\tat a.B.c(B.java:7)", f"{AT} INFO on"],
        ),
    ],
    ids=["it dates the first", "it dates none"],
)
def test_further_lines_of_a_message_have_no_time(lines: list[str], kept: list[str]) -> None:
    assert kept_lines("\n".join(f"{AT} {line}" for line in lines)) == tuple(kept)


def test_no_time_stands_between_the_lines_of_a_secret() -> None:
    assert "hunter2" not in "".join(kept_lines(f"{AT} password:\n{AT} hunter2\n{AT} on\n"))
    key = ["before", "-----BEGIN PRIVATE KEY-----", "MIIEvQ", "-----END PRIVATE KEY-----", "after"]
    kept = kept_lines("\n".join(f"{AT} {line}" for line in key))
    assert kept == (f"{AT} before", "***", f"{AT} after")
