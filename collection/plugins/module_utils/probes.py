# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The probes of services: questions with thresholds, asked in parallel, answered in three values."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .look import HEALTHY, UNHEALTHY, UNKNOWN
from .probe_http import Answer, HttpQuestion, ask_http
from .probe_promql import PromQuestion, ask_promql
from .times import format_time, seconds

__all__ = ["Overall", "ProbeResult", "filled", "overall", "run_probes"]

_THREADS = 8
_AGAIN_S = 2.0
_WINDOW = "1m"
_NAME = re.compile(r"\$(window|namespace|service|ingress)\b")
_PURPOSES = ("health", "core_function", "user")


@dataclass(frozen=True)
class ProbeResult:
    """One probe's answer. value and samples are None when there is none; threshold is the words
    "max 0.01", "min 2" or "max 0 failures"; at is ISO 8601 in UTC."""

    service: str
    name: str
    purpose: str
    verdict: str
    value: float | None
    threshold: str
    samples: float | None
    reason: str
    at: str

    def as_dict(self) -> dict[str, Any]:
        """The answer as results carry it."""
        return asdict(self)


class Overall(NamedTuple):
    """What all probes say together."""

    verdict: str
    reason: str


class _Task(NamedTuple):
    service: str
    name: str
    purpose: str
    threshold: str
    ask: Callable[[float], Answer]


def run_probes(
    services: Mapping[str, Mapping[str, Any]],
    *,
    prometheus_url: str = "",
    ingress_url: str = "",
    namespace: str = "",
    window: str = "",
    since: datetime | None = None,
    timeout_s: float = 30.0,
    names: Iterable[str] | None = None,
    until_healthy: bool = False,
) -> list[ProbeResult]:
    """Ask every probe of `services` (the shape of ir_services), or only those called `names`.

    window: overrides the probes' own. since: a PromQL probe waits until its whole window lies
    after it. timeout_s limits everything together, waiting included. until_healthy: ask all
    again until every one is healthy or the time is up (a cure shows only after a window).

    Trouble (Prometheus away, no data) is "unknown" with its reason. Raises ValueError only for
    a probe that is written wrongly, naming it.
    """
    values = {"namespace": namespace, "ingress": ingress_url.rstrip("/")}
    start = since.timestamp() if since else None
    wanted = set(names) if names is not None else None
    tasks = [
        _task(service, probe, values, window, start, prometheus_url)
        for service, spec in services.items()
        for probe in spec.get("probes") or []
        if wanted is None or probe.get("name") in wanted
    ]
    if not tasks:
        return []
    end = time.monotonic() + timeout_s
    with ThreadPoolExecutor(max_workers=min(_THREADS, len(tasks))) as pool:
        answers = list(pool.map(lambda task: _ask(task, end), tasks))
        while until_healthy and _worth_waiting(answers) and time.monotonic() + _AGAIN_S < end:
            time.sleep(_AGAIN_S)
            again = list(pool.map(lambda task: _ask(task, end), tasks))
            late = time.monotonic() >= end
            answers = [
                old if late and new.answer.verdict == UNKNOWN else new for old, new in zip(answers, again, strict=True)
            ]
    return [_result(task, answer) for task, answer in zip(tasks, answers, strict=True)]


def overall(results: Iterable[ProbeResult | Mapping[str, Any]]) -> Overall:
    """Unhealthy if any probe is; else unknown if any is, or if there is none; else healthy."""
    rows = [each.as_dict() if isinstance(each, ProbeResult) else each for each in results]
    for verdict in (UNHEALTHY, UNKNOWN):
        told = [_told(row) for row in rows if row.get("verdict") == verdict]
        if told:
            return Overall(verdict, "; ".join(told))
    if not rows:
        return Overall(UNKNOWN, "no probe was asked")
    if any(row.get("verdict") != HEALTHY for row in rows):
        return Overall(UNKNOWN, "a probe has no verdict")
    return Overall(HEALTHY, f"all {len(rows)} probes are healthy")


def _told(row: Mapping[str, Any]) -> str:
    return f"{row.get('service')}/{row.get('name')}: {row.get('reason')}"


class _Answered(NamedTuple):
    answer: Answer
    at: datetime


def _ask(task: _Task, end: float) -> _Answered:
    answer = task.ask(end)
    return _Answered(answer, datetime.now(UTC))


def _worth_waiting(answers: Iterable[_Answered]) -> bool:
    """Whether some answer is bad and no bad one is bad for good."""
    bad = [each.answer for each in answers if each.answer.verdict != HEALTHY]
    return bool(bad) and not any(each.lasting for each in bad)


def _result(task: _Task, answered: _Answered) -> ProbeResult:
    answer = answered.answer
    return ProbeResult(
        service=task.service,
        name=task.name,
        purpose=task.purpose,
        verdict=answer.verdict,
        value=answer.value,
        threshold=task.threshold,
        samples=answer.samples,
        reason=answer.reason,
        at=format_time(answered.at),
    )


def _task(
    service: str,
    probe: Mapping[str, Any],
    values: Mapping[str, str],
    window: str,
    since: float | None,
    prometheus_url: str,
) -> _Task:
    name = str(probe.get("name") or "")
    where = f"probe {name or '?'} of {service}"
    purpose = str(probe.get("purpose") or "")
    if not name or purpose not in _PURPOSES:
        raise ValueError(f"{where} needs a name and a purpose out of {', '.join(_PURPOSES)}")
    if ("http" in probe) == ("promql" in probe):
        raise ValueError(f"{where} must have exactly one of http and promql")
    own = window or str(probe.get("window") or _WINDOW)
    fill = dict(values) | {"window": own, "service": service}
    if "http" in probe:
        http = _http(probe["http"], fill, where)
        return _Task(service, name, purpose, f"max {http.max_failures} failures", lambda end: ask_http(http, end))
    query = _promql(probe, fill, own, since, where)
    limit = f"max {query.maximum:g}" if query.maximum is not None else f"min {query.minimum:g}"
    return _Task(service, name, purpose, limit, lambda end: ask_promql(prometheus_url, query, end))


def _http(spec: Mapping[str, Any], fill: Mapping[str, str], where: str) -> HttpQuestion:
    if not spec.get("url"):
        raise ValueError(f"{where} has no http.url")
    expect = spec.get("expect", 200)
    try:
        return HttpQuestion(
            url=filled(str(spec["url"]), fill),
            host=str(spec.get("host") or ""),
            expect=tuple(int(each) for each in (expect if isinstance(expect, list) else [expect])),
            requests=max(1, int(spec.get("requests", 1))),
            max_failures=int(spec.get("max_failures", 0)),
            timeout_s=float(spec.get("timeout_s", 3)),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} has a number that is none ({error})") from error


def _promql(
    probe: Mapping[str, Any], fill: Mapping[str, str], own: str, since: float | None, where: str
) -> PromQuestion:
    if ("max" in probe) == ("min" in probe):
        raise ValueError(f"{where} must have exactly one of max and min")
    if probe.get("min_samples") and not probe.get("samples_promql"):
        raise ValueError(f"{where} has min_samples, so it needs samples_promql")
    try:
        return PromQuestion(
            query=filled(str(probe["promql"]), fill),
            maximum=float(probe["max"]) if "max" in probe else None,
            minimum=float(probe["min"]) if "min" in probe else None,
            samples=filled(str(probe.get("samples_promql") or ""), fill),
            min_samples=float(probe.get("min_samples") or 0),
            window_s=seconds(own),
            since=since,
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} has a number that is none ({error})") from error


def filled(text: str, fill: Mapping[str, str]) -> str:
    """Put in $window, $namespace, $service and $ingress; a word without a value stays as it is.

    Only those: PromQL has dollars of its own, in regular expressions.
    """
    return _NAME.sub(lambda found: fill.get(found.group(1), found.group(0)), text)
