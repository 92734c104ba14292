"""New words tell what kind of trouble it is and where it arises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds
from tests.diagnosis.rules.pods import waiting
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, alert, down, errors, latency, rate, shop
from tests.diagnosis.rules.tiny import NOW, at, event, log, pod, postgres, series, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

SHORT, SETTING, CODE = "resource_exhaustion", "configuration_error", "code_defect"
POSTGRES, API = "StatefulSet/postgres", "Deployment/api"
ASKS = {"API_URL": "http://api:8080"}


def told(line: str, of: str = "shop", calm: int = 40, times: int = 40) -> Log:
    """Return a log that was calm, and repeats a line since."""
    name = of if of[-1].isdigit() else pod(of)
    return log(name, *[f"INFO request {n}" for n in range(calm)], *[line] * times, since=1200)


def suffers(*told: Log, env: Mapping[str, Any] | None = None, store: Iterable[Any] = (), **more: Any) -> Snapshot:
    """Return a shop whose requests fail since ten minutes, and logs."""
    more.setdefault("figures", [errors("shop")])
    released = {key: more.pop(key) for key in ("before", "released") if key in more}
    return snapshot(shop(env=env or {}, **released), store, logs=told, **more)


KINDS = [
    ("a file's rights", "ERROR cannot write /var/lib/shop/index: permission denied", SETTING),
    ("a table of its own", "ERROR cannot keep route 7: the table of routes is full", SHORT),
    ("what it may register", "ERROR cannot watch /srv/x: limit reached", SHORT),
    ("a limit of its frames", "ERROR frame of 70000 bytes is too large, refused", SETTING),
    ("its own arithmetic", "ERROR java.lang.ArithmeticException: Rounding necessary", CODE),
]
DRIVERS = [
    ("with the number of the database's error", "ERROR not stored: Error 9461 (42000): the list of grants is full"),
    ("as Java does", "ERROR java.sql.SQLNonTransientException: the list of grants is full"),
    ("as .NET does", "ERROR Microsoft.Data.SqlClient.SqlException: the list of grants is full"),
    ("as .NET does in short", "ERROR SqlException: the list of grants is full"),
]
LIMIT = "ERROR order not stored: ERROR: multirange buckets limit exceeded (SQLSTATE 54000)"
ZONE = 'UTC [91] shop@shop ERROR:  invalid value for parameter "lc_shelf": "nb_NO"'
COLUMN = 'UTC [91] shop@shop ERROR:  column "depth" does not exist at character 12'
ZERO, RIGHTS = "ERROR java.lang.ArithmeticException: Rounding necessary", "ERROR cannot write /srv/x: permission denied"
PROVEN: dict[str, Any] = {"before": IMAGE, "released": 1500}
HOOK = "exec of the hook /hooks/warm: permission denied"
ANSWERED = "ERROR api answered 500"
TWICE = (3600, 0.001), (480, 0.3), (360, 0.001), (300, 0.3)


def again(*before: tuple[float, float]) -> tuple[str, Series]:
    """Return failed requests that came for some minutes and are over, after others."""
    return ("error_ratio", series({"component": "shop"}, (3600, 0.001), *before, (240, 0.3), (60, 0.001)))


def fired(ago: float | None) -> Alert:
    """Return the shop's alert, which fires since so many seconds."""
    return alert(app="shop")._replace(starts_at=None if ago is None else NOW - timedelta(seconds=ago))


def ceased(line: str) -> Log:
    """Return a log that told of something for minutes, and works on without it for a quarter of an hour."""
    return log(pod("shop"), *["INFO request"] * 40, *[line] * 40, *["INFO request"] * 160, since=1440)


def ended(line: str, of: str = "shop", since: str = "INFO request") -> Log:
    """Return a log that told of something for two minutes until six minutes ago, and works on, or tells something."""
    return log(pod(of), *["INFO request"] * 60, *[line] * 10, *[since] * 30, since=1200)


HOLDS = [
    Holds(
        "its users suffered as it told of it, and for a moment later, and it is the first for which people were called",
        suffers(ended(RIGHTS), figures=[again((540, 0.4), (420, 0.001))], alerts=[fired(500)]),
        (SHOP, SETTING, "page_human"),
    ),
    Holds(
        "its users suffered as it told of it, and for a moment later, and nobody knows since when the alert fires",
        suffers(ended(RIGHTS), figures=[again((540, 0.4), (420, 0.001))], alerts=[fired(None)]),
        (SHOP, SETTING, "page_human"),
    ),
    Holds(
        "its users suffered already when it told of it for a while",
        suffers(ended(RIGHTS), figures=[errors("shop", since=420)]),
        (SHOP, SETTING, "page_human"),
    ),
    Holds(
        "it told of it for a while and only waits since, and its users suffer since later",
        suffers(ended(RIGHTS, since="WARN no worker is left"), figures=[errors("shop", since=300)]),
        (SHOP, SETTING, "page_human"),
    ),
    *(
        Holds(f"it fails since it tells of {what}", suffers(told(line)), (SHOP, kind, "page_human"), sure=(0.3, 0.45))
        for what, line, kind in KINDS
    ),
    Holds(
        "a client quotes the limit of its database: that is where it arises",
        suffers(told(LIMIT), env=URL, store=postgres()),
        (POSTGRES, SHORT, "page_human"),
        excludes=[("restart_workload", SHOP), ("scale_workload", SHOP)],
    ),
    *(
        Holds(f"a driver tells of it {how}", suffers(told(line), env=URL, store=postgres()), (POSTGRES, SHORT, ASK[1]))
        for how, line in DRIVERS
    ),
    Holds(
        "a database speaks for itself, its client tells only that requests fail",
        suffers(told(ZONE, "postgres-0"), told("ERROR request failed"), env=URL, store=postgres()),
        (POSTGRES, SETTING, "page_human"),
    ),
    Holds(
        "who quotes its database was released as the words came: taking that back may help",
        suffers(
            told(LIMIT), env=URL, store=postgres(), figures=(), alerts=[alert(app="shop")], before=IMAGE, released=870
        ),
        (SHOP, SHORT, "page_human"),
        spares=[("rollback_workload", SHOP)],
        believed="new_words_since_a_change",
    ),
    Holds(
        "who quotes its database was released a while before, and served well",
        suffers(told(LIMIT), env=URL, store=postgres(), figures=(), alerts=[alert(app="shop")], **PROVEN),
        (POSTGRES, SHORT, "page_human"),
        excludes=[("rollback_workload", SHOP)],
    ),
    Holds(
        "a caller was released as the words came: taking that back may help",
        suffers(told(RIGHTS, "api"), env=ASKS, store=workload("api"), before=IMAGE, released=870),
        (API, SETTING, "page_human"),
        spares=[("rollback_workload", SHOP)],
        believed="errors_since_release",
    ),
    Holds(
        "who is called speaks as well: it is the deeper one",
        suffers(told(RIGHTS), told(ZERO, "api"), env=ASKS, store=workload("api")),
        (API, CODE, "page_human"),
    ),
    Holds(
        "nobody measures, and an alert fires since the words came",
        suffers(told(ZERO), figures=(), alerts=[alert(app="shop")]),
        (SHOP, CODE, "page_human"),
    ),
    Holds(
        "users suffer at one of whom nobody knows whom it calls",
        suffers(told(ZERO, "api"), store=workload("api")),
        (API, CODE, "page_human"),
    ),
    Holds(
        "no log reaches back before them, and they are many",
        suffers(told(ZERO, calm=0)),
        (SHOP, CODE, "page_human"),
    ),
    Holds(
        "its pods do not come up, and the cluster warns of the reason",
        snapshot(
            down(shop(), waiting("ContainerCreating")),
            event(f"Pod/{pod('shop')}", "FailedPostStartHook", HOOK),
            figures=[errors("shop")],
        ),
        (SHOP, SETTING, "page_human"),
    ),
]


def twice(line: str, of: str = "shop") -> Log:
    """Return a log that told of something a quarter of an hour ago, and again until two minutes ago."""
    work = "INFO request"
    return log(pod(of), *[work] * 10, *[line] * 20, *[work] * 58, *[line] * 10, *[work] * 12, since=1100)


DOES_NOT_HOLD = [
    DoesNotHold(
        "it told of it twice, the second time for a moment, and its users suffer since later",
        suffers(twice(RIGHTS), figures=[errors("shop", since=100)]),
        ASK,
    ),
    DoesNotHold(
        "it told of it for a while, its users suffered, were well for a minute and suffer again",
        suffers(ended(RIGHTS), figures=[("error_ratio", series({"component": "shop"}, *TWICE))]),
        ASK,
    ),
    DoesNotHold(
        "it told of it for a while, its users suffered later and are well again, and the alert of that still fires",
        suffers(ended(RIGHTS), figures=[again()], alerts=[fired(200)]),
        ASK,
    ),
    DoesNotHold(
        "it told of it for a while, and its users suffer since later",
        suffers(ended(RIGHTS), figures=[errors("shop", since=300)]),
        ASK,
    ),
    DoesNotHold(
        "it told of it for a while, tells of nothing since, and answers: slowly, since later",
        suffers(
            log(pod("shop"), *["INFO request"] * 60, *[RIGHTS] * 10, *["WARN slow answer"] * 30, since=1200),
            figures=[latency("shop", since=300), rate("shop"), errors("shop", 0.0)],
        ),
        ASK,
    ),
    DoesNotHold(
        "its database told of it for a while and nothing since, and its users suffer since later",
        suffers(
            Log(
                "postgres-0",
                "postgres",
                (
                    *(f"{at(age)} LOG: checkpoint" for age in range(1200, 480, -60)),
                    *(f"{at(age)} {ZONE}" for age in range(480, 360, -12)),
                ),
            ),
            env=URL,
            store=postgres(),
            figures=[errors("shop", since=300)],
        ),
        ASK,
    ),
    DoesNotHold("nobody suffers", suffers(told(ZERO), figures=[errors("shop", 0.001)]), ASK),
    DoesNotHold(
        "an alert fires and a program only warns",
        suffers(told(ZERO.replace("ERROR", "WARN")), figures=(), alerts=[alert(app="shop")]),
        (SHOP, *ASK),
    ),
    DoesNotHold("it is over", suffers(ceased(RIGHTS), figures=(), alerts=[alert(app="shop")]), (SHOP, *ASK)),
    DoesNotHold("two kinds are told alike", suffers(told(RIGHTS), told(ZERO)), (SHOP, *ASK)),
    DoesNotHold(
        "a line is of two kinds",
        suffers(told("ERROR unhandled exception while reading: permission denied")),
        (SHOP, *ASK),
    ),
    DoesNotHold(
        "a database repeats what its client's code gets wrong",
        suffers(told(COLUMN, "postgres-0"), env=URL, store=postgres()),
        (SHOP, *ASK),
    ),
    DoesNotHold(
        "it is asked more often than it allows",
        suffers(told("ERROR refused: limit exceeded, 20 per second are allowed")),
        (SHOP, *ASK),
    ),
    DoesNotHold(
        "people were called before the words came",
        suffers(told(ZERO, calm=200, times=30), figures=(), alerts=[alert(app="shop")]),
        (SHOP, *ASK),
    ),
    DoesNotHold("it is told too rarely", suffers(told(ZERO, times=4)), (SHOP, *ASK)),
    DoesNotHold("no log reaches back, and they are few", suffers(told(ZERO, calm=0, times=9)), (SHOP, *ASK)),
    DoesNotHold(
        "all pods are there: what the cluster warns of was put right",
        snapshot(shop(), event(f"Pod/{pod('shop')}", "FailedPostStartHook", HOOK), figures=[errors("shop")]),
        (SHOP, *ASK),
    ),
    DoesNotHold(
        "the cluster warned of it half an hour ago",
        snapshot(
            down(shop(), waiting("ContainerCreating")),
            event(f"Pod/{pod('shop')}", "FailedPostStartHook", HOOK, age=1800),
            figures=[errors("shop")],
        ),
        (SHOP, *ASK),
    ),
    DoesNotHold(
        "a probe repeats what the program answers",
        snapshot(
            down(shop(), {"state": {"running": {}}}),
            event(f"Pod/{pod('shop')}", "Unhealthy", "Readiness probe failed: the list of readers is full"),
            figures=[errors("shop")],
        ),
        (SHOP, *ASK),
    ),
    DoesNotHold(
        "its own words are only that others fail",
        suffers(told(ANSWERED), env=ASKS, store=workload("api")),
        (API, "dependency_failure", "page_human"),
    ),
]
