# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask a service the way its users do: real requests, each on a connection of its own."""

from __future__ import annotations

import http.client
import ssl
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from .look import HEALTHY, UNHEALTHY, UNKNOWN

_AT_ONCE = 4  # as one user's page asks; twenty one after the other take a second over a slow line


class HttpQuestion(NamedTuple):
    """requests GETs of url with Host: host; each must end with one of expect within timeout_s."""

    url: str
    host: str = ""
    expect: tuple[int, ...] = (200,)
    requests: int = 1
    max_failures: int = 0
    timeout_s: float = 3.0


@dataclass(frozen=True)
class Answer:
    """verdict and reason; value and samples are None when there is none.

    lasting: asking again will not help (the question or the configuration is wrong).
    """

    verdict: str
    reason: str
    value: float | None = None
    samples: float | None = None
    lasting: bool = False


class _Unreachable(Exception):
    """There was no connection: nothing was asked, so nothing is known about the service."""


class _Sent(NamedTuple):
    """What failed of one request ("": nothing), and whether there was no connection at all."""

    failure: str
    unreachable: bool = False


def ask_http(question: HttpQuestion, end: float) -> Answer:
    """Send the requests, a few at once, until the verdict is certain or `end` (monotonic).

    Value is the number of failures. If no connection at all could be made the answer is
    unknown: a wrong address must not look like a broken service.
    """
    parts = urlsplit(question.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return Answer(UNKNOWN, f"{question.url!r} is not an http address (is ir_ingress_url set?)", lasting=True)
    failures: Counter[str] = Counter()
    sent = unreachable = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while sent < question.requests and time.monotonic() < end:
            asked = min(_AT_ONCE, question.requests - sent)
            told = [each for each in pool.map(lambda _: _send(question, parts, end), range(asked)) if each]
            sent += len(told)
            unreachable += sum(each.unreachable for each in told)
            failures.update(each.failure for each in told if each.failure)
            certain = failures.total() > question.max_failures and unreachable < sent
            if certain or len(told) < asked or unreachable == sent:
                break  # more requests cannot change the verdict
    return _judged(question, sent, unreachable, failures)


def _judged(question: HttpQuestion, sent: int, unreachable: int, failures: Counter[str]) -> Answer:
    failed = failures.total()
    most = f": {failures.most_common(1)[0][0]}" if failures else ""
    told = f"{failed} of {sent} requests failed{most}"
    if sent and unreachable == sent:
        return Answer(UNKNOWN, f"no connection to {question.url}{most}", None, 0)
    if failed > question.max_failures:
        return Answer(UNHEALTHY, told, failed, sent)
    if sent < question.requests:
        return Answer(UNKNOWN, f"time was up after {sent} of {question.requests} requests", failed, sent)
    return Answer(HEALTHY, told, failed, sent)


def _send(question: HttpQuestion, parts: SplitResult, end: float) -> _Sent | None:
    """Send one request; None if our own time was up before its: that says nothing about the service."""
    left = end - time.monotonic()
    try:
        return _Sent(_one(question, parts, min(question.timeout_s, left)))
    except TimeoutError:
        return None if left < question.timeout_s else _Sent(f"no answer within {question.timeout_s:g} s")
    except _Unreachable as error:
        return _Sent(str(error), unreachable=True)


def _one(question: HttpQuestion, parts: SplitResult, timeout_s: float) -> str:
    """One request; what failed, or ''. Raises TimeoutError if there was no answer in time."""
    connection = _connected(question, parts, max(0.05, timeout_s))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", path, headers={"Host": question.host or parts.netloc, "User-Agent": "tuheg-ir"})
        response = connection.getresponse()
        response.read(1 << 20)
    except TimeoutError:
        raise
    except (OSError, http.client.HTTPException) as error:
        return f"the connection broke ({str(error) or type(error).__name__})"
    finally:
        connection.close()
    if response.status in question.expect:
        return ""
    return f"status {response.status}"


def _connected(question: HttpQuestion, parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    if parts.scheme == "https" and parts.port is None:
        connection.port = 443
    try:
        connection.connect()
        if parts.scheme == "https":
            name = question.host or parts.hostname
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=name)
    except OSError as error:
        connection.close()
        cause = "no connection in time" if isinstance(error, TimeoutError) else str(error)
        raise _Unreachable(cause) from error
    return connection
