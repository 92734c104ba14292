"""Who went back to what had served, and ends as before, has no release to take back."""

from __future__ import annotations

from datetime import timedelta

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, alert, down, shop, taken_back
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, event, log, pod, postgres, snapshot
from tuheg_ir.diagnosis.model import Alert, Log

ENDED = "Back-off restarting failed container shop in pod shop-7d9f8b6c54-x2x4z"
NEVER = ("rollback_workload", "scale_workload", "restart_workload")


def back(ago: float = 900, *, lived: float = 9, unready: float = 800) -> list[Obj]:
    """Return a shop that went back, and whose containers end."""
    return down(taken_back(shop(before=IMAGE, released=ago, env=URL)), looping(lived=lived), unready=unready)


def panics() -> list[Log]:
    return [log(pod("shop", n), "panic: runtime error: index out of range [0] with length 0") for n in (0, 1)]


def fired(ago: float) -> Alert:
    return alert(service="shop")._replace(starts_at=NOW - timedelta(seconds=ago))


def gone(ago: float) -> Obj:
    """Return that a pod which is gone had begun to end so long ago."""
    return event("Pod/shop-7d9f8b6c54-x2x4z", "BackOff", ENDED, age=ago - 300)


HOLDS = [
    Holds(
        "an alert is older than its return, and it panics: its code cannot take what it is given",
        snapshot(back(), postgres(), logs=panics(), alerts=[fired(1500)]),
        (SHOP, "code_defect", "page_human"),
        excludes=no(*NEVER, at=SHOP),
        began=1500,
    ),
    Holds(
        "pods that are gone had ended too",
        snapshot(back(), postgres(), gone(1800), logs=panics()),
        (SHOP, "code_defect", "page_human"),
        excludes=no(*NEVER, at=SHOP),
    ),
    Holds(
        "nobody tells whether it was ill before its return",
        snapshot(back(), postgres(), logs=panics(), alerts=[fired(600)]),
        (SHOP, "service_crash", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "nobody tells why it ends",
        snapshot(back(), postgres(), alerts=[fired(1500)]),
        (SHOP, "service_crash", "page_human"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "it ends before it has ever served",
        snapshot(back(unready=900), postgres(), logs=panics()),
        (SHOP, "service_crash", "page_human"),
        harmful=NEVER,
    ),
    Holds(
        "its database is down, and is behind it",
        snapshot(
            back(),
            postgres(status=looping(restarts=3), ready=0),
            logs=[log(pod("shop"), "could not connect to postgres:5432: connection refused", previous=True)],
        ),
        (SHOP, "service_crash", "page_human"),
        believed="database_down",
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a new release that ends",
        snapshot(down(shop(before=IMAGE, released=900), looping(lived=90), unready=800)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it went back last week",
        snapshot(back(7 * DAY), postgres()),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "probes end it: it may only be slow",
        snapshot(
            back(),
            postgres(),
            event(f"Pod/{pod('shop')}", "Killing", "Container shop failed liveness probe, will be restarted"),
        ),
        (SHOP, "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "what came back serves",
        snapshot(taken_back(shop(before=IMAGE, released=900, env=URL)), postgres()),
        ASK,
    ),
]
