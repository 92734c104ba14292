"""Errors by a program's own mark, whatever they say: which lines are meant, how often, since when, by which pods."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.tiny import at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view.marked import Marked, is_marked, marked, new_warnings
from tuheg_ir.diagnosis.view.view import View


def view(*logs: Log) -> View:
    return View(snapshot(workload("shop"), logs=logs))


def told(*logs: Log) -> tuple[Marked, ...]:
    seen = view(*logs)
    return marked(seen, seen.workloads["Deployment/shop"])


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("2026-03-04 11:58:00,123 ERROR [orders] no such price", True),
        ('{"level": 50, "time": 1772625480123, "msg": "no such price"}', True),
        ('{"severity":"ERROR","message":"x"}', True),
        ("time=2026-03-04T11:58:00Z level=error msg=x", True),
        ('{"@t": "2026-03-04T11:58:00Z", "@m": "no such price", "@l": "Error"}', True),
        ('{"@t":"2026-03-04T11:58:00Z","@mt":"no such price","@l":"Fatal"}', True),
        ('{"EventId":0,"LogLevel":"Critical","Category":"Shop","Message":"no such price"}', True),
        ('{"Timestamp":"2026-03-04T11:58:00Z","Level":"Error","MessageTemplate":"no such price"}', True),
        ('{"version":"1.1","host":"shop-1","short_message":"no such price","timestamp":1772625480.1,"level":3}', True),
        (
            '{"version":"1.1","host":"shop-1","short_message":"one error page","timestamp":1772625480.1,"level":6}',
            False,
        ),
        ('2026-03-04T11:58:00Z {"version":"1.1","host":"a","short_message":"no such price","level":3}', True),
        ('{"version":"1.0","level":2,"message":"order placed"}', False),
        ("[Wed Mar 04 11:58:00.1 2026] [security2:error] [pid 1] x", True),
        ("2026/03/04 11:58:00 [error] 29#29: *1 upstream timed out", True),
        ("2026-03-04T11:58:00Z [error    ] charge failed    order=42", True),
        ("2026-03-04 11:58:00 [critical ] out of workers", True),
        ("fail: Tax.Api[1]", True),
        ("E0304 11:58:00.000000       1 reflector.go:1] x", True),
        ("thread 'main' panicked at src/book.rs:88:35:", True),
        ("2026/03/04 11:58:00 http: panic serving 10.1.2.3:4: x", True),
        ("Traceback (most recent call last):", True),
        ("java.lang.IllegalStateException: x", True),
        ("error: no such price", True),
        ("2026-03-04T11:58:00.123Z error: no such price", True),
        ("2026-03-04T11:58:00.123456789Z 11:58:00.123 error: no such price", True),
        ("2026-03-04T11:58:00.123Z\terror\torders\tno such price", True),
        ("[2026-03-04 11:58:00] error: no such price", True),
        ('{"log_level":"error","message":"no such price"}', True),
        ('{"levelname": "error", "message": "no such price"}', True),
        ('{"SeverityText":"error","Body":"no such price"}', True),
        ('{"t":{"$date":"2026-03-04T11:58:00.123+00:00"},"s":"E","c":"STORAGE","msg":"WiredTiger error"}', True),
        ("PHP Fatal error:  Uncaught TypeError: x", True),
        ("2026-03-04T11:58:00.123Z error budget left: 99 %", False),
        ("2026-03-04T11:58:00.123Z info: no error", False),
        ("2026-03-04 11:58:00 INFO errors: 0, failures: 0", False),
        ('{"level": 30, "msg": "error page rendered"}', False),
        ('{"@t":"2026-03-04T11:58:00Z","@m":"Error page rendered"}', False),
        ('{"@t":"2026-03-04T11:58:00Z","@m":"slow","@l":"Warning"}', False),
        ('{"EventId":0,"LogLevel":"Information","Message":"Error page rendered"}', False),
        ("WARN retrying", False),
        ("GET /errors 200", False),
        ("11:58:00 ERR no such price", True),
        ("DEBUG redis:6379 ERR unknown command 'LMPOP'", False),
        ("ReplyError: ERR unknown command 'LMPOP'", True),
    ],
)
def test_a_line_is_meant_if_the_program_calls_it_an_error(line: str, meant: bool) -> None:
    assert is_marked(line) is meant


@pytest.mark.parametrize(
    "form",
    [
        '{{"level":"error","ts":"2026-03-04T11:58:0{n}Z","order":"{name}","msg":"{told}"}}',
        '{{"level":"error","event":"{told}","order":"{name}"}}',
        '{{"severity":"ERROR","event":"{name}","message":"{told}"}}',
        'time=2026-03-04T11:58:0{n}Z level=error msg="{told}" order={name}',
        "2026-03-04T11:58:0{n}Z ERROR {told} order={n}",
    ],
)
def test_two_errors_of_one_logger_are_two_messages(form: str) -> None:
    lines = [
        form.format(n=n, name="abcdefg"[n], told=told) for n in range(7) for told in ("no price", "cannot sign link")
    ]
    assert sorted(each.count for each in told(log(pod("shop"), *lines))) == [7, 7]


def test_lines_that_differ_in_numbers_and_quotes_are_the_same_message() -> None:
    lines = [f'ERROR order {n} of "{n}": no price' for n in range(7)]
    (found,) = told(log(pod("shop"), *lines))
    assert (found.count, found.pods) == (7, {pod("shop"): 7})


def test_a_message_began_with_its_first_line_if_the_log_reaches_back_before_it() -> None:
    calm, bad = ["INFO fine"] * 10, ["ERROR no price"] * 10
    (found,) = told(log(pod("shop"), *calm, *bad, since=1200))
    assert found.since is not None
    assert found.since.strftime("%Y-%m-%dT%H:%M:%SZ") == at(600)
    (from_the_first_line_on,) = told(log(pod("shop"), *bad, since=600))
    assert from_the_first_line_on.since is None


def test_seldom_errors_and_those_that_are_over_do_not_count() -> None:
    assert told(log(pod("shop"), *["ERROR no price"] * 4)) == ()
    assert told(log(pod("shop"), *["ERROR no price"] * 9, *["INFO fine"] * 20, since=9000)) == ()


def test_lines_without_a_time_are_as_new_as_what_comes_after_them() -> None:
    old = f"{at(7200)} INFO fine"
    trace = Log(pod("shop"), "shop", (old, *["thread 'x' panicked at src/book.rs:88:35:"] * 9))
    assert [found.count for found in told(trace)] == [9]
    assert told(Log(pod("shop"), "shop", (*trace.lines, f"{at(5000)} INFO fine"))) == ()


@pytest.mark.parametrize(
    ("line", "times", "new"),
    [
        ("WARN used from 34 addresses", 30, True),
        ("WARN used from 34 addresses", 15, False),
        ("DeprecationWarning: WARN the module is deprecated", 30, False),
        ("INFO used from 34 addresses", 30, False),
    ],
)
def test_only_what_is_repeated_very_often_is_a_new_warning(line: str, times: int, new: bool) -> None:
    seen = view(log(pod("shop"), *["INFO fine"] * times, *[line] * times, since=1200))
    assert bool(new_warnings(seen, seen.workloads["Deployment/shop"])) is new
