"""A program that ends for its settings, without a release: who holds them is blamed."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, later, looping, old_anew, pods_of, put, rollout
from tests.diagnosis.rules.scenes import IMAGE, SHOP, down
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, redis, snapshot, thing, workload

READS: dict[str, Any] = {"volumes": [{"name": "c", "configMap": {"name": "shop-settings"}}]}
SETTINGS = thing("ConfigMap", "shop-settings", data={"app.yaml": "a: b"})
SAID = log(pod("shop"), "FATAL: failed to load config /etc/shop/app.yaml: yaml: line 3: bad", previous=True)

MISTYPED = log(pod("db"), 'FATAL:  configuration file "/etc/postgresql/postgresql.conf" contains errors', previous=True)
GO = 'parse config: strconv.Atoi: parsing "tcp://10.96.7.7:6379": invalid syntax'
JAVA = 'Caused by: java.lang.NumberFormatException: For input string: "tcp://10.96.7.7:6379"'
LOST = "dial tcp://10.96.7.7:6379: connection refused"


def link(age: float) -> Obj:
    """Return a Service of an age: its address is in the environment of each container that started after it."""
    ports = [{"port": 6379, "targetPort": 6379}]
    spec = {"selector": {"app": "redis"}, "clusterIP": "10.96.7.7", "ports": ports}
    return thing("Service", "shop-cache", age=age, spec=spec)


def more(*lines: str, service: float, **made: Any) -> Any:
    """Return a shop of ten days whose newest two pods end at each start, and what one of them says."""
    objects = later(workload("shop", pods=4, **made), 2, looping())
    return snapshot(objects, redis(service=False), link(service), logs=[log(pod("shop", 3), *lines, previous=True)])


def looped(**more: Any) -> list[Obj]:
    """Return a shop whose pods end again and again."""
    objects = down(workload("shop", **more), looping())
    return [put(each, {}, unready=500) if each in pods_of(objects) else each for each in objects]


HOLDS = [
    Holds(
        "a release came, and pods of the template before that were made anew end by them too",
        snapshot(
            old_anew(rollout("shop", looping(), before=IMAGE, old=3, spec=READS), looping(), age=HOUR),
            SETTINGS,
            logs=[SAID, log(pod("shop", 1), "FATAL: failed to load config /etc/shop/app.yaml: yaml: line 3: bad")],
        ),
        ("ConfigMap/shop-settings", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "in the one ConfigMap that it reads",
        snapshot(looped(spec=READS), SETTINGS, logs=[SAID]),
        ("ConfigMap/shop-settings", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "it reads no ConfigMap that is known",
        snapshot(looped(), logs=[SAID]),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "a Service gave a name in the environment another meaning",
        more(GO, service=HOUR),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "a Service gave it another meaning, and all pods started since",
        snapshot(looped(), redis(service=False), link(2 * HOUR), logs=[log(pod("shop", 1), JAVA, previous=True)]),
        (SHOP, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "a cache does not take its own settings, and who needs it fails for that",
        snapshot(
            workload("shop", env={"REDIS_URL": "redis://redis:6379"}),
            down(redis(), looping()),
            logs=[
                log(
                    pod("redis"),
                    "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***",
                    ">>> 'maxmemory \"much\"'",
                    previous=True,
                ),
                log(pod("shop"), "ERROR connect ECONNREFUSED redis:6379"),
            ],
        ),
        ("Deployment/redis", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "a database does not take the file that a ConfigMap gives it",
        snapshot(
            down(workload("db", "postgres:16", pods=1, port=5432, spec=READS), looping()), SETTINGS, logs=[MISTYPED]
        ),
        ("ConfigMap/shop-settings", "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a database ends for its data",
        snapshot(
            down(workload("db", "postgres:16", pods=1, port=5432, spec=READS), looping()),
            SETTINGS,
            logs=[log(pod("db"), "PANIC:  could not locate a valid checkpoint record", previous=True)],
        ),
    ),
    DoesNotHold(
        "a release brought them",
        snapshot(looped(before={**IMAGE, "env": {"MODE": "a"}}, spec=READS), SETTINGS, logs=[SAID]),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "it says nothing of its settings",
        snapshot(looped(spec=READS), SETTINGS, logs=[log(pod("shop"), "Segmentation fault", previous=True)]),
        (SHOP, "service_crash", "page_human"),
    ),
    DoesNotHold(
        "the Service was there before the template",
        more(GO, service=40 * DAY),
        (SHOP, "service_crash", "page_human"),
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    ),
    DoesNotHold("it cannot reach that Service", more(LOST, service=HOUR), harmful=("restart_workload",)),
    DoesNotHold(
        "the template is told to have no such settings",
        more(GO, service=HOUR, spec={"enableServiceLinks": False}),
        (SHOP, "service_crash", "page_human"),
    ),
]
