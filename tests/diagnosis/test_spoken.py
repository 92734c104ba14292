"""What a log tells is shown as a person reads it: words, not times, processes and numbers of requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.spoken import MOST, spoken, words_of

WORDS = {
    # pino, zap, Serilog, Laravel, structlog, slog: the message, and the error beside it
    '{"level":50,"time":1796040034439,"pid":1,"err":{"type":"KnexTimeoutError","message":"Knex: Timeout acquiring a '
    'connection."},"msg":"Knex: Timeout acquiring a connection."}': "Knex: Timeout acquiring a connection.",
    '{"level":"error","ts":"2026-11-30T10:11:27Z","caller":"store/a.go:71","msg":"batch failed","error":"ERROR: limit'
    ' \\"a\\" exceeded"}': 'batch failed: ERROR: limit "a" exceeded',
    '{"Timestamp":"2026-11-30T05:42:04Z","EventId":310,"LogLevel":"Warning","Message":"connection blocked"}': (
        "connection blocked"
    ),
    '{"message":"SQLSTATE[HY000]: 1205 (SQL: `at` = 2026-11-30 02:50:27)","context":{"exc': (
        "SQLSTATE[HY000]: 1205 (SQL: `at` = 2026-11-30 02:50:27)"
    ),
    'time=2026-11-30T08:05:52Z level=ERROR msg="fetch failed" url=https://api.example/v3/rates status=403': (
        "fetch failed: https://api.example/v3/rates 403"
    ),
    '{"msg":"request completed","req":{"method":"GET","url":"/fare"},"res":{"statusCode":503}}': (
        "request completed: GET /fare 503"
    ),
    # of a trace the first line, and what it ends in
    '{"msg":"save failed","exc_info":"Traceback (most recent call last):\\n  File a\\nOperationalError: no room"}': (
        "save failed: OperationalError: no room"
    ),
    '{"message":"no","stack_trace":"java.lang.A: b\\n\\tat c\\nCaused by: java.lang.D: e\\n\\tat f"}': (
        "no: java.lang.A: b: Caused by: java.lang.D: e"
    ),
    # a sentence that goes on behind an object stays one; so do words that stand in no field
    'bulk [{"event":"x","message":"hi","status":"new"}] Limit of total fields [1000]': (
        'bulk [{"event":"x","message":"hi","status":"new"}] Limit of total fields [1000]'
    ),
    "time=10:00:01 level=ERROR msg=cannot open /data/x: permission denied": (
        "time=10:00:01 level=ERROR msg=cannot open /data/x: permission denied"
    ),
    '{"message":"boom\\n    at main (a.js:1)","level":"error"}': "boom",
    # the time that a line begins with goes, one that it speaks of stays
    "2026-11-30 10:00:01,123 ERROR certificate expired at 2026-11-30 09:59:59": (
        "ERROR certificate expired at 2026-11-30 09:59:59"
    ),
    "[2026-11-30 11:58:01,648] ERROR Exiting Kafka (kafka.Kafka$)": "ERROR Exiting Kafka (kafka.Kafka$)",
    "44146:C 30 Nov 2026 11:58:36.876 # Write error": "44146:C # Write error",
    "2026-11-30 11:58:36.876 UTC [3020] a@b LOG:  process 311 still waiting": (
        "[3020] a@b LOG:  process 311 still waiting"
    ),
    # a sentence with an object in it stays a sentence
    'POST /v3 -> 403 {"error":{"code":"NOT_ALLOWED"': 'POST /v3 -> 403 {"error":{"code":"NOT_ALLOWED"',
    "pid=1 tid=g1k7 WARN: Connection timed out": "pid=1 tid=g1k7 WARN: Connection timed out",
    '{"level":30,"pid":1}': '{"level":30,"pid":1}',
}


@pytest.mark.parametrize(("line", "words"), WORDS.items())
def test_the_words_of_a_line_are_its_message_and_its_error(line: str, words: str) -> None:
    assert words_of(line) == words


@pytest.mark.parametrize(
    "quoting", ["log (96 lines): ", "log: ", "its log repeats (5 lines): ", "10 lines since: ", ""]
)
def test_what_a_rule_says_of_a_line_stays(quoting: str) -> None:
    told = Evidence("logs", "Pod/a", f'{quoting}{{"level":50,"time":1796040034439,"msg":"no room"}}')
    assert spoken(told).fact == f"{quoting}no room"


def test_other_evidence_stays_as_it_is() -> None:
    told = Evidence("objects", "ConfigMap/a", '{"level":50,"time":1796040034439,"msg":"no room"}')
    assert spoken(told) == told


@pytest.mark.parametrize("sign", ["\\u001b[2J", "\\ud83d"])
def test_what_json_writes_in_other_signs_is_fit_to_be_shown(sign: str) -> None:
    shown = words_of(f'{{"level":"error","msg":"{sign} broken"}}')
    assert shown.endswith("broken")
    assert shown.isprintable()


@given(st.text())
def test_any_line_has_words_and_no_more_of_them_than_a_person_reads(line: str) -> None:
    assert len(spoken(Evidence("logs", "Pod/a", line)).fact) <= MOST + 150
