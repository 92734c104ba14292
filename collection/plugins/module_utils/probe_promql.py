# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ask Prometheus one question. No data, NaN and too few samples are never good news."""

from __future__ import annotations

import base64
import http.client
import json
import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from .look import HEALTHY, UNHEALTHY, UNKNOWN
from .probe_http import Answer

_CONNECT_S = 3.0
_ODD_SKEW_S = 2.0


class PromQuestion(NamedTuple):
    """A query whose one value must be at most `maximum` or at least `minimum`.

    samples: a query for how many samples the value rests on; below min_samples is unknown.
    window_s: how far back the query looks; after `since` (epoch seconds, our clock) it is
    asked only when the whole window lies after it.
    """

    query: str
    maximum: float | None = None
    minimum: float | None = None
    samples: str = ""
    min_samples: float = 0.0
    window_s: float = 0.0
    since: float | None = None


class PromError(Exception):
    """Prometheus gave no usable answer; the text says why."""

    lasting = False


class PromQuestionError(PromError):
    """The question itself is wrong: asking again will not help."""

    lasting = True


def ask_promql(url: str, question: PromQuestion, end: float) -> Answer:
    """Ask Prometheus at `url`. `end` (monotonic) limits waiting and asking together."""
    if not url:
        return Answer(UNKNOWN, "no Prometheus is configured (ir_prometheus_url)", lasting=True)
    prometheus = _Prometheus(url, end)
    try:
        at = _time_to_ask(prometheus, question, end)
        value = prometheus.value(question.query, at)
        samples = prometheus.value(question.samples, at) if question.samples else None
    except PromError as error:
        return Answer(UNKNOWN, str(error), lasting=error.lasting)
    return judge_value(question, value, samples)


def judge_value(question: PromQuestion, value: float | None, samples: float | None) -> Answer:
    """Compare a value with its threshold. Pure."""
    enough = question.min_samples
    if question.samples and (samples is None or not samples >= enough):
        return Answer(UNKNOWN, f"{samples or 0:g} samples, {enough:g} are needed", value, samples)
    if value is None:
        return Answer(UNKNOWN, "Prometheus has no data for it", None, samples)
    if not math.isfinite(value):
        return Answer(UNKNOWN, f"its value is {value}", None, samples)
    if question.maximum is not None and value > question.maximum:
        return Answer(UNHEALTHY, f"{value:.4g} is above {question.maximum:g}", value, samples)
    if question.minimum is not None and value < question.minimum:
        return Answer(UNHEALTHY, f"{value:.4g} is below {question.minimum:g}", value, samples)
    limit = question.maximum if question.maximum is not None else question.minimum
    return Answer(HEALTHY, f"{value:.4g}, the limit is {limit:g}", value, samples)


def single_value(body: Mapping[str, Any]) -> float | None:
    """The one number of an instant query's answer, None if it is empty. Raises PromError."""
    if body.get("status") != "success":
        raise PromQuestionError(f"Prometheus refuses the query ({body.get('error', 'no reason given')})")
    data = body.get("data") or {}
    result = data.get("result")
    if data.get("resultType") not in ("vector", "scalar") or not isinstance(result, list):
        raise PromQuestionError("the query does not give one number")
    if data["resultType"] == "scalar":
        return float(result[1])
    if len(result) > 1:
        raise PromQuestionError(f"the query gives {len(result)} series instead of one: sum or select")
    return float(result[0]["value"][1]) if result else None


class _Prometheus:
    def __init__(self, url: str, end: float) -> None:
        self._address, self._headers = without_credentials(url)
        self._end = end
        self.skew_s = 0.0

    def value(self, query: str, at: float | None) -> float | None:
        """The value of a query, now or at a time of Prometheus' clock."""
        # Rounded up: a moment too early would count a moment from before the act.
        when = {} if at is None else {"time": f"{math.ceil(at * 1000) / 1000:.3f}"}
        return single_value(self._get({"query": query} | when))

    def learn_skew(self) -> None:
        """Ask for its clock: windows are counted on it, `since` on ours."""
        self._get({"query": "time()"})

    def _get(self, query: Mapping[str, str]) -> dict[str, Any]:
        parts = urlsplit(self._address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PromQuestionError(f"{self._address!r} is not the address of a Prometheus")
        left = self._end - time.monotonic()
        if left <= 0:
            raise PromError("time was up before Prometheus was asked")
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = made(parts.hostname, parts.port, timeout=min(left, _CONNECT_S))
        try:
            connection.connect()
            connection.sock.settimeout(max(0.05, min(self._end - time.monotonic(), 10.0)))
            connection.request("GET", f"{parts.path}/api/v1/query?{urlencode(query)}", headers=self._headers)
            response = connection.getresponse()
            body = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            cause = "no answer in time" if isinstance(error, TimeoutError) else error
            raise PromError(f"Prometheus at {self._address} cannot be asked ({cause})") from error
        except ValueError as error:
            raise PromError(f"{self._address} does not answer as a Prometheus") from error
        finally:
            connection.close()
        self._learn(response.getheader("Date"))
        if not isinstance(body, dict):
            raise PromError(f"{self._address} does not answer as a Prometheus")
        return body

    def _learn(self, date: str | None) -> None:
        if date:
            ahead = parsedate_to_datetime(date).timestamp() + 0.5 - time.time()
            self.skew_s = ahead if abs(ahead) > _ODD_SKEW_S else 0.0


def _time_to_ask(prometheus: _Prometheus, question: PromQuestion, end: float) -> float | None:
    """Wait until the whole window lies after `since`; the time to evaluate at, None for now."""
    if question.since is None:
        return None
    prometheus.learn_skew()
    wait = question.since + question.window_s - time.time()
    if time.monotonic() + wait >= end:
        raise PromQuestionError(f"its window of {question.window_s:g} s is not over within the time limit")
    if wait > 0:
        time.sleep(wait)
    return time.time() + prometheus.skew_s


def without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """The address as it may be shown, and the headers with what was in it."""
    parts = urlsplit(url.rstrip("/"))
    headers = {"User-Agent": "tuheg-ir"}
    if parts.username:
        words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(words.encode()).decode("ascii")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])), headers
