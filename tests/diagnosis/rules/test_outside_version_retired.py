"""An interface outside has ended the version that we ask for."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, log, pod, snapshot

ENDED = "ERROR (#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: v24.0."

GONE = 'WARN push job 17: HTTP 410 Gone {"reason":"Unregistered"}'


def sends(refused: str, number: int, each: int = 4) -> Any:
    """Return the log of who is refused once in so many tries."""
    return log(pod("shop", number), *[refused, *["INFO push job 16: done"] * (each - 1)] * 9)


HOLDS = [
    Holds(
        "what it calls is gone, and it does nothing else",
        snapshot(shop(), logs=logs("shop", GONE), alerts=[alert("PushesLate")]),
        (SHOP, "dependency_failure", "page_human"),
    ),
    Holds(
        "what it calls is gone, and a part of its users suffers",
        snapshot(shop(), logs=[sends(GONE, n) for n in (0, 1)], figures=[errors("shop")]),
        (SHOP, "dependency_failure", "page_human"),
    ),
    Holds(
        "one of several interfaces that it calls tells that its version has ended",
        snapshot(shop(), logs=[sends(ENDED, n) for n in (0, 1)], alerts=[alert("FiguresStale")]),
        (SHOP, "dependency_failure", "page_human"),
    ),
    Holds(
        "it says so at each call",
        snapshot(shop(before=IMAGE, released=90 * DAY), logs=logs("shop", ENDED), alerts=[alert("FiguresStale")]),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
    ),
    Holds(
        "a younger pod has said nothing yet",
        snapshot(younger(shop(pods=3), 1), logs=logs("shop", ENDED, 0, 1), alerts=[alert("FiguresStale")]),
        (SHOP, "dependency_failure", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "devices are gone to which it would send, one now and then, and all others get what it sends",
        snapshot(shop(), logs=[sends(GONE, n) for n in (0, 1)], alerts=[alert("PushesLate")]),
    ),
    DoesNotHold(
        "a younger pod of the same template is not told so: they read the address when they start",
        snapshot(
            younger(shop(pods=3), 1),
            logs=[*logs("shop", ENDED, 0, 1), log(pod("shop", 2), *["INFO POST /v24/ads 201"] * 9)],
            alerts=[alert("FiguresStale")],
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "a release of a quarter of an hour asks for that version",
        snapshot(
            shop(before=IMAGE, released=900),
            logs=logs("shop", ENDED, 0, 1, since=880),
            alerts=[alert("FiguresStale")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("it was said twice", snapshot(shop(), logs=logs("shop", ENDED, times=2)), ()),
]
