"""The simulated Prometheus says what the lab's says, from the same samples."""

from __future__ import annotations

import json
import math
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuheg_ir.sim.answers import Request
from tuheg_ir.sim.prometheus.samples import Samples
from tuheg_ir.sim.prometheus.web import PrometheusApi

pytestmark = pytest.mark.lab
URL = "http://127.0.0.1:17090"
QUERIES: list[str] = yaml.safe_load((Path(__file__).parent / "promql.yml").read_text(encoding="utf-8"))
METRICS = (
    "traefik_service_requests_total|traefik_service_request_duration_seconds_bucket|gateway_dependency_seconds_bucket|"
    "container_memory_working_set_bytes|kube_pod_container_resource_limits|gateway_db_pool_in_use|gateway_db_pool_size|"
    "kube_pod_container_status_last_terminated_reason|kube_pod_container_status_restarts_total|pg_stat_activity_count|"
    "pg_settings_max_connections|pg_up|redis_up|process_resident_memory_bytes|process_start_time_seconds|http_requests_total"
)

OWN_TIMES = "container_"
"""These come late, with times of their own: Prometheus never marks them as ended."""


def ask(query: str, moment: float) -> Any:
    return post("query", {"query": query, "time": f"{moment:.3f}"})


def post(path: str, fields: dict[str, str]) -> Any:
    form = urllib.parse.urlencode(fields).encode()
    try:
        with urllib.request.urlopen(f"{URL}/api/v1/{path}", data=form, timeout=20) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return json.loads(error.read())


@pytest.fixture(scope="module")
def both() -> tuple[PrometheusApi, float]:
    """Copy what the lab's Prometheus holds of some metrics, up to a moment that is over."""
    import threading

    moment = math.floor(time.time()) - 10.0
    samples = Samples()
    present = ask(f'{{__name__=~"{METRICS}"}}', moment)["data"]["result"]
    alive = {json.dumps(series["metric"], sort_keys=True) for series in present}
    for series in ask(f'{{__name__=~"{METRICS}"}}[16m]', moment)["data"]["result"]:
        labels = {name: value for name, value in series["metric"].items() if name != "__name__"}
        name = series["metric"]["__name__"]
        target = json.dumps(series["metric"], sort_keys=True)
        points = [(at, float(value)) for at, value in series["values"]]
        every = min((after[0] - before[0] for before, after in pairwise(points)), default=5.0)
        for number, (at, value) in enumerate(points):
            samples.scrape(at, [(name, labels, value)], target)
            last = number + 1 == len(points)  # a mark may have come since, seconds before the moment
            ended = target not in alive if last else points[number + 1][0] - at > 1.5 * every
            if ended and not name.startswith(OWN_TIMES):  # it had gone stale in between
                samples.scrape(min(at + every, moment), [], target)
    return PrometheusApi(samples, time.time, threading.RLock()), moment


def simplified(answer: Any) -> Any:
    """Return what must be equal: errors whole, values to six digits, in no order."""
    if answer["status"] == "error":
        return answer["errorType"], re.sub(r"\[.*\];", "[two of them];", answer["error"])  # in any order
    data = answer["data"]
    if data["resultType"] in ("scalar", "string"):
        return data["resultType"], number(data["result"][1])
    return data["resultType"], {
        json.dumps(row["metric"], sort_keys=True): [(at, number(told)) for at, told in points(row)]
        for row in data["result"]
    }


def points(row: dict[str, Any]) -> list[tuple[float, str]]:
    return row["values"] if "values" in row else [row["value"]]


def number(text: str) -> Any:
    value = float(text)
    return "NaN" if math.isnan(value) else pytest.approx(value, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("query", [query.replace("{w}", "1m") for query in QUERIES])
def test_a_query_is_answered_alike(both: tuple[PrometheusApi, float], query: str) -> None:
    api, moment = both
    request = Request("GET", "/api/v1/query", {"query": [query], "time": [str(moment)]}, {})
    assert simplified(api.answer(request).body) == simplified(ask(query, moment))


@pytest.mark.parametrize("query", [query.replace("{w}", "1m") for query in QUERIES])
def test_a_range_is_answered_alike(both: tuple[PrometheusApi, float], query: str) -> None:
    api, moment = both
    fields = {"query": query, "start": str(moment - 300), "end": str(moment), "step": "20"}
    request = Request("GET", "/api/v1/query_range", {name: [value] for name, value in fields.items()}, {})
    assert simplified(api.answer(request).body) == simplified(post("query_range", fields))
