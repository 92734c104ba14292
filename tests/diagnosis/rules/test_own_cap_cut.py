"""A server refuses for a cap of its own that its release cut, and those it refuses tell of just that since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, SHOP, alert, errors, rate
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

STORE = "StatefulSet/vttablet-orders"
ACT = ("restart_workload", "scale_workload", "restart_connection_pool")
REFUSED = "ERROR orders.-.primary: vttablet: code = ResourceExhausted desc = transaction pool connection limit exceeded"
CAPPED = "--queryserver-config-transaction-cap={}"


def store(was: int = 300, now: int = 30, *, key: str = CAPPED, released: float = 0.8 * DAY, **more: Any) -> list[Obj]:
    """Return a server whose release changed a number in its arguments."""
    made: list[Obj] = workload(
        "vttablet-orders",
        "vitess/lite:v21",
        kind="StatefulSet",
        port=15991,
        args=["--port=15100", key.format(now)],
        before={"args": ["--port=15100", key.format(was)], **more},
        released=released,
    )
    return made


def renamed(objects: list[Obj], name: str) -> list[Obj]:
    """Return a workload whose container bears the name of its program."""
    for each in objects:
        spec = each.get("spec", {}) if each["kind"] != "ControllerRevision" else each["data"]["spec"]
        template = spec if each["kind"] == "Pod" else spec.get("template", {}).get("spec", {})
        for one in template.get("containers", []):
            one["name"] = name
        for one in each.get("status", {}).get("containerStatuses", []):
            one["name"] = name
    return objects


def told(name: str, line: str = REFUSED, times: int = 30, since: float = 1500) -> Log:
    return log(pod(name), *[line] * times, since=since)


def world(
    server: list[Obj],
    *logs: Log,
    shops: dict[str, Any] | None = None,
    carts: dict[str, Any] | None = None,
    figures: Sequence[tuple[str, Series]] = (),
) -> Snapshot:
    return snapshot(
        server,
        workload("shop", **(shops or {})),
        workload("cart", **(carts or {})),
        logs=logs,
        figures=[errors("shop", since=1500), *figures],
        alerts=[alert(service="shop")],
    )


NEW: dict[str, Any] = {"before": {"image": "shop:0"}, "released": 2200}
JOBS: dict[str, Any] = {"env": {"MAX_CONCURRENT_JOBS": "8"}, "released": 5 * DAY}


def press(was: str = "40", **more: Any) -> list[Obj]:
    """Return a service of our own that takes fewer jobs at once since its release."""
    return workload("press", before={"env": {"MAX_CONCURRENT_JOBS": was}}, **{**JOBS, **more})


ASKS: dict[str, Any] = {"env": {"PRESS_URL": "http://press:8080"}}
BUSY = "WARN POST /render 503: too many concurrent jobs, 8 in work"
SESSIONS = "ERROR print: session limit reached (10), try again later"
HOLDS = [
    Holds(
        "a store's transactions were capped the day before, and one of two who are refused was released since",
        world(renamed(store(), "vttablet"), told("shop"), told("cart"), shops=NEW),
        (STORE, "configuration_error", "rollback_workload"),
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=STORE)),
        alone=True,
        harmful=ACT,
    ),
    Holds(
        "a service of our own tells it itself, by a variable of five days ago",
        world(press(), told("press", BUSY), shops=ASKS),
        ("Deployment/press", "configuration_error", "rollback_workload"),
        harmful=ACT,
    ),
    Holds(
        "who asks nobody else tells of it, by how many there may be, though nobody names the server",
        world(press(), told("shop", "ERROR render failed: limit of 8 exceeded"), shops=ASKS),
        ("Deployment/press", "configuration_error", "rollback_workload"),
        harmful=ACT,
    ),
    Holds(
        "an argument in two words, and a caller that names the Service",
        snapshot(
            workload(
                "print",
                args=["--max-sessions", "10"],
                before={"args": ["--max-sessions", "50"]},
                released=2 * DAY,
            ),
            workload("cart"),
            logs=[told("cart", SESSIONS)],
            figures=[errors("cart", since=1500)],
        ),
        ("Deployment/print", "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", "rollback_workload", at=CART),
        harmful=ACT,
    ),
    Holds(
        "its image came with it: a person has to weigh what else goes back",
        world(renamed(store(image="vitess/lite:v20"), "vttablet"), told("shop"), told("cart")),
        (STORE, "configuration_error", "page_human"),
        harmful=(*ACT, "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, seen, harmful=(*ACT, "rollback_workload"))
    for what, seen in (
        ("it was raised", world(renamed(store(30, 300), "vttablet"), told("shop"), told("cart"))),
        ("it was cut by a little", world(renamed(store(300, 280), "vttablet"), told("shop"), told("cart"))),
        ("it was cut weeks ago", world(renamed(store(released=20 * DAY), "vttablet"), told("shop"), told("cart"))),
        (
            "they were refused before it was cut as well",
            world(renamed(store(released=900), "vttablet"), told("shop"), told("cart")),
        ),
        (
            "it is a time that was cut",
            world(renamed(store(key="--transaction-limit-timeout={}"), "vttablet"), told("shop"), told("cart")),
        ),
        (
            "they tell of another limit",
            world(
                renamed(store(key="--max-snapshots={}"), "vttablet"),
                *(told(each, "ERROR vttablet: stream limit exceeded") for each in ("shop", "cart")),
            ),
        ),
        (
            "it is the limit of somebody else",
            world(
                renamed(store(), "vttablet"),
                *(told(n, "ERROR ledger: transaction limit exceeded") for n in ("shop", "cart")),
            ),
        ),
        (
            "the refusals tell of the former number",
            world(
                renamed(store(), "vttablet"),
                *(told(each, "ERROR vttablet: transaction limit of 300 exceeded") for each in ("shop", "cart")),
            ),
        ),
        (
            "it is over",
            world(
                renamed(store(), "vttablet"),
                log(pod("shop"), *[REFUSED] * 9, *["INFO request done"] * 900, since=3600 * 4),
            ),
        ),
    )
] + [
    DoesNotHold(
        "the only one who is refused was released as it began: it may ask for more",
        world(renamed(store(), "vttablet"), told("shop"), shops=NEW),
        harmful=ACT,
        instead=("code_defect", "page_human"),
    ),
    DoesNotHold(
        "so much more is asked that the former number would not do either",
        world(press(was="12"), told("press", BUSY), shops=ASKS, figures=[rate("shop", 50, 200, since=1500)]),
        ("capacity", "scale_workload"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "what was cut is the pool by which it asks others: it refuses nobody",
        world(
            store(),
            told(
                "shop",
                "sqlalchemy.exc.TimeoutError: QueuePool limit of size 4 overflow 0 reached, connection timed out",
            ),
            shops={"env": {"DB_POOL_SIZE": "4"}, "before": {"env": {"DB_POOL_SIZE": "20"}}, "released": 1600},
        ),
        ("Deployment/shop", "configuration_error", "rollback_workload"),
    ),
]
