"""A release that took away what kept memory in bounds, told for as long as its pods fill up again and again since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, rate, rising
from tests.diagnosis.rules.tiny import DAY, Obj, meta, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

GUNICORN = ["gunicorn", "app:main", "-w", "2", "--max-requests", "1500", "--max-requests-jitter", "200"]
UVICORN = ["uvicorn", "app:main", "--workers", "2", "--log-config", "/app/log.json"]
CELERY = ["celery", "-A", "shop", "worker", "--max-tasks-per-child=50", "-c", "4"]
UWSGI = ["uwsgi", "--http", ":8080", "--reload-on-rss=400"]
BACK = (SHOP, "configuration_error", "rollback_workload")
ANEW = (SHOP, "resource_exhaustion", "restart_workload")


def leaks(
    now: Any, before: Any, *more: Any, ago: float = 5 * DAY, lived: float = 10 * HOUR, restarts: int = 11, **of: Any
) -> Snapshot:
    """Return a shop whose pods were killed for memory so often since a release days ago, each life as long."""
    objects = workload("shop", before=before, released=ago, **{**now, **of})
    for each in pods_of(objects):
        put(each, again("OOMKilled", 137, age=300, restarts=restarts, lived=lived))
    figures = [rising(pod("shop", 1), 0.6, 0.95), rate("shop", 20, 20)]
    return snapshot(objects, *more, figures=figures)


def slowly(started: float | None = None) -> Snapshot:
    """Return a shop that was released days ago, and whose memory creeps to its limit: nobody was killed yet."""
    objects = workload("shop", args=UVICORN, before={"args": GUNICORN}, released=4 * DAY, started=started)
    return snapshot(objects, figures=[rising(pod("shop", 1), 0.9, 0.97), rate("shop", 20, 20)])


def settings(**data: str) -> list[Obj]:
    return [{**thing("ConfigMap", "shop"), "metadata": meta("shop"), "data": data}]


FROM_MAP = {"envFrom": [{"configMapRef": {"name": "shop"}}]}

HOLDS = [
    Holds(
        "workers are renewed no more, as the server is another one", leaks({"args": UVICORN}, {"args": GUNICORN}), BACK
    ),
    Holds(
        "another workload runs the same image with it, and has room",
        leaks(
            {"args": UVICORN, "image": "shop:1"},
            {"args": GUNICORN},
            workload("batch", "shop:1", args=GUNICORN, age=12 * DAY),
        ),
        BACK,
    ),
    Holds("a worker of tasks lives for ever", leaks({"args": [*CELERY[:4], "-c", "4"]}, {"args": CELERY}), BACK),
    Holds("it is renewed by size no more", leaks({"command": UWSGI[:3]}, {"command": UWSGI}), BACK),
    Holds(
        "the bound was in a variable, beside others",
        leaks({"env": {"GUNICORN_CMD_ARGS": "-w 4"}}, {"env": {"GUNICORN_CMD_ARGS": "-w 4 --max-requests=1000"}}),
        BACK,
    ),
    Holds("0 is no bound", leaks({"env": {"PM_MAX_REQUESTS": "0"}}, {"env": {"PM_MAX_REQUESTS": "500"}}), BACK),
    Holds(
        "a cache may be twenty times as large",
        leaks({"env": {"QUOTE_CACHE_MAX_ENTRIES": "200000"}}, {"env": {"QUOTE_CACHE_MAX_ENTRIES": "10000"}}),
        BACK,
    ),
    Holds(
        "the collector knows no ceiling any more",
        leaks({"env": {"PORT": "1"}}, {"env": {"PORT": "1", "GOMEMLIMIT": "400MiB"}}),
        BACK,
    ),
    Holds("nobody was killed yet, and the pods are those of the release", slowly(), BACK),
]
DOES_NOT_HOLD = [
    DoesNotHold("the bound is what it was", leaks({"args": GUNICORN}, {"args": [*GUNICORN, "--preload"]}), ANEW),
    DoesNotHold(
        "it is a little looser",
        leaks({"args": ["gunicorn", "--max-requests", "1800"]}, {"args": ["gunicorn", "--max-requests", "1500"]}),
        ANEW,
    ),
    DoesNotHold(
        "it stands in a variable now, written otherwise",
        leaks(
            {"args": CELERY[:4], "env": {"CELERY_WORKER_MAX_TASKS_PER_CHILD": "50"}},
            {"args": CELERY[:4], "env": {"CELERY_WORKER_MAX_TASKS_PER_CHILD": "60"}},
        ),
        ANEW,
    ),
    DoesNotHold(
        "it stands in a ConfigMap now",
        leaks({**FROM_MAP}, {"env": {"PM_MAX_REQUESTS": "500"}}, settings(PM_MAX_REQUESTS="500")),
        ANEW,
    ),
    DoesNotHold(
        "it may stand in a file of settings",
        leaks({"args": ["gunicorn", "-c", "/etc/g.py"]}, {"args": ["gunicorn", "--max-requests", "9"]}),
        ANEW,
    ),
    DoesNotHold(
        "it is a limit of what clients may ask",
        leaks({"env": {"PORT": "1"}}, {"env": {"PORT": "1", "RATE_LIMIT_MAX_REQUESTS": "100"}}),
        ANEW,
    ),
    DoesNotHold(
        "its pods did without it for weeks, and began to fill only now",
        leaks({"args": UVICORN}, {"args": GUNICORN}, ago=30 * DAY, restarts=2),
        ANEW,
    ),
    DoesNotHold("pods of days later fill for the first time", slowly(started=DAY), ANEW),
]
