"""Which kind of trouble words tell."""

from __future__ import annotations

import pytest

from tuheg_ir.diagnosis.view.kinds import CODE, SESSIONS, SETTING, USED_UP, WAY, kind_of, of_a_way, over_http

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
    ("order 429: write /data/seg-9: ENOSPC", USED_UP),
    ("upstream answered with status 413", SETTING),
    ("413 Request Entity Too Large", SETTING),
    ("bind: File name too long", SETTING),
    ("the size limit was reached", USED_UP),
    ("GET /orders: permission denied for /var/lib/shop", SETTING),
    ("Max retries exceeded with url: /v3/pay (Caused by SSLError('wrong version number'))", SETTING),
    ("[SSL: UNSAFE_LEGACY_RENEGOTIATION_DISABLED] unsafe legacy renegotiation disabled", SETTING),
    ("Limit of total fields [1000] has been exceeded while adding new fields [2]", USED_UP),
    ("SSL routines:ssl3_get_record:wrong version number", SETTING),
    ("http: server gave HTTP response to HTTPS client", SETTING),
    ('target relation "public.orders" is missing replicated column: "kind"', SETTING),
    ("upstream connect error or disconnect/reset before headers. reset reason: overflow", USED_UP),
]
NOT_TOLD = [
    ("Max retries exceeded with url: /full/limit (Caused by ConnectTimeoutError(...))", "it gives up"),
    ("the limit of 5 tries was reached per minute", "it is asked too often"),
    ("QueuePool limit of size 5 overflow 10 reached", "somebody waits, whoever is slow"),
    ("reset reason: connection failure", "it says only that nobody answers"),
    ("order 7 is at the wrong version", "somebody else wrote it meanwhile"),
    ("integer overflow in the sum of a page", "a number is too large, and nothing is used up"),
    ("the sheet is missing a column", "it is about what somebody sent"),
    ("answered 500", "it says only that it fails"),
    ("429: limit exceeded", "it is asked too often"),
    ("gave up: maximum number of retries reached", "it gives up"),
    ("15 requests per second, limit reached", "it is asked too often"),
    ("unhandled exception: permission denied", "it is of two kinds"),
    ("the file is fully read", "no such words"),
    ("upstream took too long to answer", "it is late, not large"),
    ("order 413 failed", "a number is no status"),
    ("request 7: time limit exceeded", "it was late: nothing is used up"),
    ("call 7 exceeded the maximum waiting time", "it was late: nothing is used up"),
    ("payment 7: credit limit exceeded", "a customer's limit is none of a system"),
    ("payment 7: credit limit of customer 4711 exceeded", "a customer's limit is none of a system"),
    ("time limit of 30 s exceeded", "it was late: nothing is used up"),
    ("FATAL: limit of connections exceeded", "sessions are short, for whatever reason"),
    ("SSL_do_handshake() failed (wrong version number) while SSL handshaking, client: 45.9.1.7", "strangers try ports"),
    ("product image 9 not found", "a shop's picture is no image of a container"),
    ("Connection pool is full, discarding connection: api. Connection pool size: 10", "it goes on without the pool"),
    ("cannot read /tmp/upload-7: no such file or directory", "nobody sets what lies there for a while"),
    ("ENOENT: no such file or directory, open '/tmp/upload-7'", "nobody sets what lies there for a while"),
    (
        'open() "/usr/share/nginx/html/x.php" failed (2: No such file or directory), client: 10.0.0.9, server: _',
        "a visitor asks for what never was there",
    ),
    ('"GET /forbidden/panic HTTP/1.1" 500', "a path is what users ask for"),
    ("request failed path=/too-large/forbidden", "a path is what users ask for"),
    ("value too long for type character varying(20)", "it is about what somebody typed in"),
    ("Pool is empty, request timed out after 3000ms", "somebody waits, whoever is slow"),
]


@pytest.mark.parametrize(("line", "kind"), TOLD)
def test_words_tell_a_kind(line: str, kind: str) -> None:
    assert kind_of(f"2026-03-04 ERROR {line}") == kind


@pytest.mark.parametrize(("line", "why"), NOT_TOLD)
def test_words_that_tell_none(line: str, why: str) -> None:
    assert kind_of(f"2026-03-04 ERROR {line}") == "", why


@pytest.mark.parametrize(
    "line",
    [
        "no ack for batch 7, local 10.244.4.19:40112, remote 10.96.77.12:5540",
        'Post "https://pay.example/v1/charges": context deadline exceeded',
        "dial tcp 10.0.0.9:8080: connect: connection refused",
        "read tcp [fd00::9]:8080: connection reset by peer",
        "connect: no route to host",
    ],
)
def test_who_does_not_answer_at_an_address_is_behind_a_way(line: str) -> None:
    assert of_a_way(f"2026-03-04 ERROR {line}")


@pytest.mark.parametrize(
    "line",
    [
        "request timed out after 3000ms",  # whoever was asked
        "GET http://shop.example/a answered 500 to 10.0.0.9:4411",  # it answers
        "connection refused",  # by nobody knows whom
    ],
)
def test_what_names_nobody_or_is_answered_is_of_no_way(line: str) -> None:
    assert not of_a_way(f"2026-03-04 ERROR {line}")


def test_who_is_asked_over_http_is_no_store() -> None:
    assert over_http('Post "https://pay.example/v1": EOF')
    assert not over_http("jdbc:postgresql://db.example/shop: connection refused")
