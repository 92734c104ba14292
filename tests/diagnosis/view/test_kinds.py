"""Which kind of trouble words tell."""

from __future__ import annotations

import pytest

from tuheg_ir.diagnosis.view.kinds import CODE, SESSIONS, SETTING, USED_UP, WAY, kind_of

TOLD = [
    ("write /data/seg-9: ENOSPC", USED_UP),
    ("ERR limit exceeded (SQLSTATE 54000)", USED_UP),
    ("accept4: too many open files", USED_UP),
    ("0/5 nodes are available: 5 Insufficient cpu.", USED_UP),
    ("open /etc/app.yml: no such file or directory", SETTING),
    ('invalid value for parameter "TimeZone": "US/Eastern"', SETTING),
    ("request header is too large", SETTING),
    ("ERR max number of clients reached", SESSIONS),
    ("canceling statement due to lock timeout", SESSIONS),
    ("TypeError: Cannot read properties of undefined (reading 'id')", CODE),
    ("runtime error: index out of range [2] with length 2", CODE),
    ("connect: no route to host", WAY),
]
NOT_TOLD = [
    ("answered 500", "it says only that it fails"),
    ("429: limit exceeded", "it is asked too often"),
    ("gave up: maximum number of retries reached", "it gives up"),
    ("15 requests per second, limit reached", "it is asked too often"),
    ("unhandled exception: permission denied", "it is of two kinds"),
    ("the file is fully read", "no such words"),
    ("Pool is empty, request timed out after 3000ms", "somebody waits, whoever is slow"),
]


@pytest.mark.parametrize(("line", "kind"), TOLD)
def test_words_tell_a_kind(line: str, kind: str) -> None:
    assert kind_of(f"2026-03-04 ERROR {line}") == kind


@pytest.mark.parametrize(("line", "why"), NOT_TOLD)
def test_words_that_tell_none(line: str, why: str) -> None:
    assert kind_of(f"2026-03-04 ERROR {line}") == "", why
