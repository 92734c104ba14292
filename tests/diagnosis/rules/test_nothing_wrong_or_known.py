"""Worlds in which no rule holds: well, whatever they complain of, or not to be told."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import Mock

import pytest

from tests.diagnosis.rules.cases import Answers
from tests.diagnosis.rules.pods import pods_of, put, rollout
from tests.diagnosis.rules.scenes import (
    API,
    OLD,
    SHOP,
    URL,
    WEB,
    WELL,
    alert,
    autoscaler,
    errors,
    failing,
    latency,
    logs,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import (
    Obj,
    at,
    container,
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    redis,
    session,
    snapshot,
    thing,
    workload,
)
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis import state
from tuheg_ir.diagnosis.model import Log, Snapshot, Source
from tuheg_ir.diagnosis.view import askers
from tuheg_ir.diagnosis.view.view import View

FINE, UNKNOWN = ("no_fault", "no_action"), ("unknown", "page_human")
FORBIDDEN = Source("pods", ok=False, note="forbidden", kind="forbidden")


def agents() -> list[Obj]:
    objects = workload("agent", kind="DaemonSet", pods=2, service=False)
    objects[0]["status"] = {"desiredNumberScheduled": 2, "numberReady": 2}
    return objects


def cron_job() -> Obj:
    template = {"spec": {"containers": [container("c", "c:1")]}}
    return thing("CronJob", "clean", spec={"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}})


def skipped(count: int) -> Obj:
    """Return that runs of a schedule were left out, since one went on."""
    told = "Not starting job because prior execution is running and concurrency policy is Forbid"
    return event("CronJob/clean", "JobAlreadyActive", told, age=300, kind="Normal", count=count)


def none_wanted() -> list[Obj]:
    objects = workload("old", pods=0)
    objects[0]["spec"]["replicas"] = 0
    return objects


def starting() -> list[Obj]:
    """Return a roll-out whose new pods were made a moment ago."""
    objects = rollout("api", {"ready": False}, before=OLD, released=40)
    for each in pods_of(objects)[2:]:
        each["metadata"]["creationTimestamp"] = at(40)
        put(each, {"state": {"running": {"startedAt": at(30)}}}, ready=False, unready=40)
    return objects


ENVOY = '{{"method": "GET", "path": "/v2/parts", "response_code": {}, "api_client": "{}"}}'


KNOWN = ENVOY.replace("api_client", "client_id")
ONE_ASKS_MOST = [*[(429, "fleet")] * 9, *[(200, "fleet")] * 9, *[(200, "till"), (200, "office")] * 5]


def turned_away(refused: int, served: int, *, measured: bool = False) -> Snapshot:
    """Return a shop whose log tells of requests of many, some of which limits turned away; an alert only informs."""
    answers = [(429, n) for n in range(refused)] + [(200, n) for n in range(served)]
    return snapshot(
        shop(),
        figures=[WELL] if measured else [],
        logs=[log(pod("shop"), *(ENVOY.format(code, f"client-{n % 7}") for code, n in answers))],
        alerts=[alert("ClientsThrottled", severity="info")],
    )


def plain(code: int) -> str:
    """Return a line of an access log that tells of no client."""
    return f'"GET /v2/parts HTTP/1.1" {code} 41'


def behind_a_gateway(*own: int, parties: int = 1, measured: bool = False) -> Snapshot:
    """Return a shop that refuses some clients, and a gateway that logs the same, and what it refuses itself."""
    asked = [(code, n % parties) for n in range(20) for code in (429, 200)] + [(200, 7), (200, 8)] * 5
    gateway = [code for code, _ in asked] + [*own]
    return snapshot(
        shop(),
        workload("web", env={"SHOP_URL": "http://shop:8080"}),
        figures=[latency("web", 0.1, 0.1), *([WELL] if measured else [])],
        logs=[
            log(pod("shop"), *(KNOWN.format(code, f"client-{n}") for code, n in asked)),
            log(pod("web"), *map(plain, gateway)),
        ],
    )


def turned_away_before(seconds: int) -> Snapshot:
    """Return a shop that refused requests of many until so long ago, and serves all since."""
    codes = [(429 if age >= seconds and age % 20 else 200, age) for age in range(590, 0, -10)]
    lines = tuple(f"{at(age)} {plain(code)}" for code, age in codes)
    return snapshot(shop(), figures=[latency("shop", 0.1, 0.1)], logs=[Log(pod("shop"), "shop", lines)])


ANSWERS = [
    Answers(
        "well: nobody measures, and limits hold back the one who asks most; no alert tells of it",
        snapshot(
            shop(),
            figures=[latency("shop", 0.1, 0.1)],
            logs=[log(pod("shop"), *(KNOWN.format(*each) for each in ONE_ASKS_MOST))],
        ),
        [(SHOP, *FINE)],
    ),
    Answers(
        "well: nobody measures, and limits hold back the one who asks most; an alert informs of it",
        snapshot(
            shop(),
            logs=[log(pod("shop"), *(KNOWN.format(*each) for each in ONE_ASKS_MOST))],
            alerts=[alert("ClientsThrottled", severity="info")],
        ),
        [(SHOP, *FINE)],
    ),
    Answers("well: a gateway logs what is refused behind it, to one alone", behind_a_gateway(), [(WEB, *FINE)]),
    Answers(
        "well: a gateway logs what is refused behind it, where it is measured",
        behind_a_gateway(parties=5, measured=True),
        [(WEB, *FINE)],
    ),
    Answers(
        "not to be told: a gateway logs what is refused behind it, to many",
        behind_a_gateway(parties=5),
        [(SHOP, *UNKNOWN)],
    ),
    Answers(
        "not to be told: a gateway refuses more than what is behind it",
        behind_a_gateway(*[429] * 5),
        [(WEB, *UNKNOWN)],
    ),
    Answers("well: limits turned many away until minutes ago", turned_away_before(300), [(SHOP, *FINE)]),
    Answers("not to be told: limits turn many away until now", turned_away_before(100), [(SHOP, *UNKNOWN)]),
    Answers(
        "not to be told: nobody measures, and limits turn away a good part of what many ask",
        turned_away(8, 20),
        [(SHOP, *UNKNOWN)],
        sure=(0.0, 0.2),
    ),
    Answers("well: limits turn away very few", turned_away(2, 60), [(SHOP, *FINE)], sure=(0.3, 1.0)),
    Answers(
        "well: limits turn some away, and what is measured is well",
        turned_away(8, 20, measured=True),
        [(SHOP, *FINE)],
        sure=(0.3, 1.0),
    ),
    Answers(
        "not to be told: one of twelve fails since a moment, and the average hides it",
        snapshot(
            shop(pods=12),
            figures=[WELL, *failing(*[0.001] * 11, 0.4, since=45)],
        ),
        [(SHOP, *UNKNOWN)],
        tells="40% of its requests fail",
    ),
    Answers(
        "well: each of twelve fails as little as the others",
        snapshot(shop(pods=12), figures=[WELL, *failing(*[0.001] * 12)]),
        [(SHOP, *FINE)],
    ),
    Answers(
        "not to be told: a node evicted a pod minutes ago",
        snapshot(
            shop(), event(f"Pod/{pod('shop')}x", "Evicted", "The node was low on resource", age=180), figures=[WELL]
        ),
        [(SHOP, *UNKNOWN)],
        tells="Evicted",
    ),
    Answers(
        "well: a node evicted a pod hours ago",
        snapshot(shop(), event(f"Pod/{pod('shop')}x", "Evicted", "The node was low", age=9000), figures=[WELL]),
        [(SHOP, *FINE)],
    ),
    Answers(
        "not to be told: a schedule leaves out one run after the other",
        snapshot(shop(), cron_job(), skipped(count=9), figures=[WELL]),
        [("CronJob/clean", *UNKNOWN)],
        tells="JobAlreadyActive",
    ),
    Answers(
        "well: a schedule left out one run",
        snapshot(shop(), cron_job(), skipped(count=1), figures=[WELL]),
        [(SHOP, *FINE)],
    ),
    Answers(
        "well: an alert that always fires, to show that alerting works",
        snapshot(shop(), figures=[WELL], alerts=[alert("Watchdog")]),
        [(SHOP, *FINE)],
        sure=(0.6, 1.0),
    ),
    Answers(
        "well: a rich namespace with the noise that every system has",
        snapshot(
            postgres(),
            redis(),
            workload("web", env={**URL, "REDIS_URL": "redis://redis:6379"}, before=OLD, released=3600),
            NODES,
            figures=[errors("web", 0.002), latency("web", 0.1, 0.11), rate("web", 50, 60)],
            logs=[
                log(pod("web"), "GET / 200", "WARN retry 1/3 to redis", "GET /x 404", "connection reset by peer"),
                log(
                    "postgres-0",
                    "LOG: checkpoint complete",
                    "ERROR: duplicate key value violates unique constraint",
                    "ERROR: duplicate key value violates unique constraint",
                    of="postgres",
                ),
            ],
            databases=[database(session("Deployment/web", "idle", 20))],
        ),
        [(WEB, *FINE)],
    ),
    Answers(
        "well: a DaemonSet, a CronJob and what is scaled to nothing",
        snapshot(agents(), cron_job(), none_wanted(), workload("web"), NODES, figures=[errors("web", 0.002)]),
        [(WEB, *FINE)],
    ),
    Answers(
        "well: only how long requests take is measured",
        snapshot(workload("web"), figures=[latency("web", 0.1, 0.1)], logs=[log(pod("web"), "GET / 200")]),
        [(WEB, *FINE)],
    ),
    Answers(
        "well: a night of more traffic that the autoscaler has met",
        snapshot(
            workload("api", pods=4),
            autoscaler("api", 4, 6),
            event(
                "HorizontalPodAutoscaler/api",
                "SuccessfulRescale",
                "New size: 4; reason: cpu above target",
                kind="Normal",
            ),
            figures=[
                latency("api", 0.1, 0.14),
                rate("api", 50, 130),
                errors("api", 0.002),
                *(figure("cpu_share", 0.4, 0.7, pod=pod("api", n), container="api") for n in range(4)),
            ],
            logs=[log(pod("api"), "INFO ok")],
        ),
        [(API, *FINE)],
    ),
    Answers(
        "well: as many errors as ever",
        snapshot(
            workload("api"),
            figures=[errors("api", 0.02, 600, 0.02), latency("api", 0.5, 0.5)],
            logs=logs("api", "ERROR upstream https://geo.example.com/x returned 503", times=3),
        ),
        [(API, *FINE)],
    ),
    Answers(
        "well: a roll-out that has just begun",
        snapshot(starting(), figures=[errors("api", 0.001)], logs=[log(pod("api"), "GET / 200")]),
        [(API, *FINE)],
    ),
    Answers(
        "well: a log full of what users did wrong",
        snapshot(
            shop(),
            figures=[WELL, rate("shop")],
            logs=logs("shop", "ERROR could not parse user agent: ValueError: bad", times=20),
        ),
        [(SHOP, *FINE)],
    ),
    Answers("unknown: pods that run say little", snapshot(shop()), [(SHOP, *UNKNOWN)], sure=(0.0, 0.3)),
    Answers("unknown: nothing was read", snapshot(), [("Namespace/town", *UNKNOWN)], sure=(0.0, 0.3)),
    Answers(
        "unknown: what could not be read is told",
        replace(snapshot(), sources=(FORBIDDEN,)),
        [("Namespace/town", *UNKNOWN)],
        tells="pods could not be read",
    ),
    Answers(
        "unknown: an alert and nothing else",
        snapshot(alerts=[alert(service="api")]),
        [("Namespace/town", *UNKNOWN), (API, *UNKNOWN)],
    ),
    Answers(
        "unknown: an alert that nothing else bears out",
        snapshot(shop(), alerts=[alert("ShopOdd", service="shop")]),
        [(SHOP, *UNKNOWN)],
    ),
    Answers(
        "unknown: logs complain, and nobody measures",
        snapshot(shop(), logs=logs("shop", "ERROR could not connect: connection refused")),
        [(SHOP, *UNKNOWN)],
    ),
]


def test_what_logs_tell_is_read_once_however_many_rules_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Mock(wraps=askers.answer_of)
    monkeypatch.setattr(askers, "answer_of", counted)
    view = View(turned_away(8, 20))
    assert any(state.signs_of_trouble(view))
    once = counted.call_count
    assert once > 0
    assert any(state.signs_of_trouble(view))
    assert counted.call_count == once
