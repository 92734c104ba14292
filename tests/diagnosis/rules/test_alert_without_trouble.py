"""An alert about requests, and the requests that it speaks of are measured and well."""

from __future__ import annotations

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds
from tests.diagnosis.rules.scenes import DB, SHOP, WELL, alert, errors, latency, logs, shop
from tests.diagnosis.rules.tiny import Obj, database, postgres, session, snapshot

KNOCK = '203.0.113.9 - - [04/Mar/2026:11:59:00 +0000] "GET /wp-login.php HTTP/1.1" %s 512'


def late(setting: str) -> list[Obj]:
    """Return a standby that runs with a setting."""
    return postgres("standby", args=["-c", setting])


CALM = latency("shop", 0.1, 0.11)

HOLDS = [
    Holds(
        "of errors, and there are none",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert(service="shop")]),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "of latency, and answers come as fast as ever",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert("SlowResponses", service="shop")]),
        (SHOP, "no_fault", "no_action"),
        sure=(0.0, 0.7),
    ),
    Holds(
        "of many sessions, and two thirds are free",
        snapshot(
            postgres(),
            databases=[database(session(SHOP, "idle", 30, age_s=9000))],
            alerts=[alert("ManyConnections", statefulset="postgres")],
        ),
        (DB, "no_fault", "no_action"),
    ),
    Holds(
        "of a standby that is late on purpose",
        snapshot(late("recovery_min_apply_delay=2h"), alerts=[alert("ReplicationLag", instance="standby-0")]),
        ("StatefulSet/standby", "no_fault", "no_action"),
    ),
    Holds(
        "of suspicious requests, and each was turned away",
        snapshot(shop(), logs=logs("shop", KNOCK % 404), figures=[WELL], alerts=[alert("Suspicious", service="shop")]),
        (SHOP, "no_fault", "no_action"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "sessions are few, and somebody keeps a transaction open",
        snapshot(
            postgres(),
            databases=[database(session(SHOP, "idle in transaction", 9, age_s=900))],
            alerts=[alert("ManyConnections", statefulset="postgres")],
        ),
        harmful=("no_action",),
    ),
    DoesNotHold(
        "a standby is late that should not be",
        snapshot(late("hot_standby=on"), alerts=[alert("ReplicationLag", instance="standby-0")]),
        ASK,
    ),
    DoesNotHold(
        "a suspicious request was answered",
        snapshot(shop(), logs=logs("shop", KNOCK % 200), figures=[WELL], alerts=[alert("Suspicious", service="shop")]),
        harmful=("no_action",),
    ),
    DoesNotHold("nobody measures what it speaks of", snapshot(shop(), alerts=[alert(service="shop")]), ASK),
    DoesNotHold(
        "it is critical",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert(service="shop", severity="critical")]),
        ASK,
    ),
    DoesNotHold(
        "it is right",
        snapshot(shop(), figures=[errors("shop")], alerts=[alert(service="shop")]),
        ASK,
    ),
]
