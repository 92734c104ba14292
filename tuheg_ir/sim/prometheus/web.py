"""The HTTP API of Prometheus: instant and range queries, names of metrics, health."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from tuheg_ir.sim.answers import Answer, Request
from tuheg_ir.sim.prometheus.errors import QueryError
from tuheg_ir.sim.prometheus.evaluate import Evaluator
from tuheg_ir.sim.prometheus.lexer import seconds
from tuheg_ir.sim.prometheus.parser import parse
from tuheg_ir.sim.prometheus.samples import Samples
from tuheg_ir.sim.prometheus.vector import Column, Scalar, Track, Value, Windows, numbers

_MOST_POINTS = 11000


class BadParameterError(QueryError):
    """A parameter that is not understood."""


class PrometheusApi:
    """Answers requests from samples; ``now`` gives the current Unix time, ``lock`` guards the samples."""

    def __init__(self, samples: Samples, now: Callable[[], float], lock: threading.RLock) -> None:
        self._samples = samples
        self._evaluator = Evaluator(samples)
        self._now = now
        self._lock = lock

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request."""
        handlers: dict[str, Callable[[Request], Any]] = {
            "/api/v1/query": self._query,
            "/api/v1/query_range": self._query_range,
            "/api/v1/label/__name__/values": lambda _request: self._samples.names(),
        }
        if request.path in ("/-/ready", "/-/healthy"):
            return Answer(text=f"Prometheus Server is {request.path[3:].capitalize()}.\n")
        handler = handlers.get(request.path)
        if handler is None:
            return Answer(404, text="404 page not found\n")
        try:
            with self._lock:
                return Answer(body={"status": "success", "data": handler(_with_form(request))})
        except QueryError as error:
            return Answer(error.code, {"status": "error", "errorType": error.kind, "error": str(error)})

    def _query(self, request: Request) -> Any:
        tree = parse(request.one("query"))
        now = _moment(request.one("time"), "time", self._now())
        return _told(self._evaluator.over(tree, [now]), now)

    def _query_range(self, request: Request) -> Any:
        tree = parse(request.one("query"))
        start = _moment(request.one("start"), "start", None)
        end = _moment(request.one("end"), "end", None)
        step = _span(request.one("step"))
        if end < start:
            raise BadParameterError('invalid parameter "end": end timestamp must not be before start time')
        if (end - start) / step > _MOST_POINTS:
            raise BadParameterError(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                "(?step=XX)"
            )
        if tree.kind not in ("scalar", "instant vector"):
            raise BadParameterError(
                f'invalid parameter "query": invalid expression type "{tree.kind}" for range query, must be Scalar '
                "or instant Vector"
            )
        moments = [start + number * step for number in range(int((end - start) / step) + 1)]
        value = self._evaluator.over(tree, moments)
        vector = value if isinstance(value, list) else [Track({}, list(numbers(value)))]
        rows = [{"metric": track.labels, "values": _points(moments, track.values)} for track in vector]
        return {"resultType": "matrix", "result": [row for row in rows if row["values"]]}


def _with_form(request: Request) -> Request:
    """Return the request with a form's fields among its parameters."""
    if request.method != "POST" or not request.body:
        return request
    fields = parse_qs(request.body.decode(), keep_blank_values=True)
    return Request(request.method, request.path, {**request.query, **fields}, request.headers)


def _moment(text: str, name: str, default: float | None) -> float:
    if not text and default is not None:
        return default
    try:
        return float(text)
    except ValueError:
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            told = f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp'
            raise BadParameterError(told) from None


def _span(text: str) -> float:
    try:
        step = float(text)
    except ValueError:
        step = seconds(text)
    if step <= 0:
        raise BadParameterError(
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a '
            "positive integer"
        )
    return step


def _text(value: float) -> str:
    """Return a sample's value as Prometheus writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)


def _points(moments: list[float], values: Column) -> list[list[float | str]]:
    return [[moment, _text(value)] for moment, value in zip(moments, values, strict=True) if value is not None]


def _told(value: Value, now: float) -> dict[str, Any]:
    """Return what an expression is at one moment as the API tells it."""
    match value:
        case str():
            return {"resultType": "string", "result": [now, value]}
        case Windows():
            rows = ((series.labels, next(value.cut(series))) for series in value.series)
            told = [
                {"metric": labels, "values": [[at, _text(point)] for at, point in cut]} for labels, cut in rows if cut
            ]
            return {"resultType": "matrix", "result": told}
        case Scalar():
            return {"resultType": "scalar", "result": [now, _text(value.values[0])]}
        case _:
            found = ((track.labels, track.values[0]) for track in value)
            vector = [{"metric": labels, "value": [now, _text(one)]} for labels, one in found if one is not None]
            return {"resultType": "vector", "result": vector}
