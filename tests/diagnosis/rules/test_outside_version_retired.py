"""An interface outside has ended the version that we ask for."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.reread import EDIT
from tests.diagnosis.rules.scenes import CART, IMAGE, SHOP, alert, errors, logs, shop
from tests.diagnosis.rules.test_configuration_changed_outside__refused import refusing
from tests.diagnosis.rules.tiny import DAY, log, pod, snapshot, thing

ENDED = "ERROR (#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: v24.0."

GONE = 'WARN push job 17: HTTP 410 Gone {"reason":"Unregistered"}'
SUNSET = "ERROR login: HTTP 410 Gone: version 1 of the session API has been sunset"


def sends(refused: str, number: int, each: int = 4) -> Any:
    """Return the log of who is refused once in so many tries."""
    return log(pod("shop", number), *[refused, *["INFO push job 16: done"] * (each - 1)] * 9)


def anew(said: str = ENDED, told: str = "rates.json", **file: str) -> Any:
    """Return a cart that read settings anew, and is told just since then that a version has ended."""
    wrote = thing("ConfigMap", "rates", written=EDIT, data=file or {"rates.json": '{"page": 20}'})
    return refusing(told=f'level=info msg="{told} reloaded"', said=said, file=wrote)


HOLDS = [
    *(
        Holds(
            f"a version has ended of what is somebody's for a time elsewhere: {line}",
            snapshot(shop(), logs=logs("shop", line), alerts=[alert()]),
            (SHOP, "dependency_failure", "page_human"),
        )
        for line in (
            "ERROR pay: outdated subscription API version 2020-08 (410 Gone), upgrade to 2024-06",
            "ERROR login: HTTP 410 Gone: unknown session API version v1, please migrate",
            "ERROR 410 Gone: login expired: API version 1 has been retired",
            'ERROR 410 Gone {"error":"registration v1 expired","message":"API version has been retired"}',
            "ERROR dhl: HTTP 410 Gone: the booking v1 is gone, this API version was sunset on 2026-01-01",
        )
    ),
    Holds(
        "it had just read settings anew that are of something else",
        anew(),
        (CART, "dependency_failure", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=CART),
    ),
    Holds(
        "a session with a provider cannot begin at the version that is asked for",
        snapshot(
            shop(), logs=logs("shop", "ERROR login: the session API v1 has been sunset: 410 Gone"), alerts=[alert()]
        ),
        (SHOP, "dependency_failure", "page_human"),
    ),
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
    *(
        DoesNotHold(
            f"what is gone was somebody's for a time, and no version of an interface: {what}",
            snapshot(shop(), logs=logs("shop", line), alerts=[alert("StartsSurge")]),
        )
        for what, line in (
            ("a session", "WARN [shop-api] heartbeat for unknown session s-17f, last seen 60 s ago: 410 Gone"),
            ("a cart", 'level=warn msg="410 Gone" err="cart c-17 has expired"'),
            (
                "a session, of a client that tells its version",
                'WARN [shop-api] unknown session s-17f: 410 Gone, "api_version":"v1", version=3',
            ),
            ("a token", '{"level":"warn","status":"410 Gone","error":"TokenExpiredError: token expired"}'),
        )
    ),
    DoesNotHold(
        "it had just read its own settings anew: they may tell what it asks for",
        refusing(
            told='level=info msg="rates.json reloaded"',
            said="WARN rates: GET /v1/rates/{n}: HTTP 410 Gone, no such version",
        ),
        ("ConfigMap/rates", "configuration_error", "page_human"),
    ),
    *(
        DoesNotHold(
            f"it had just read its own settings anew, and {what}",
            world,
            ("ConfigMap/rates", "configuration_error", "page_human"),
        )
        for what, world in (
            ("they name the interface", anew(**{"rates.json": '{"adsApiUrl": "https://a.example"}'})),
            ("they name the version", anew(**{"rates.json": '{"path": "/v24.0/figures"}'})),
            ("they tell which version is served", anew(**{"rates.json": '{"minimum_version": 3}'})),
            ("its own clients are told so", anew("WARN client refused: deprecated version of the Ads API, 410 Gone")),
            ("nobody knows what is gone", anew("WARN push {n}: HTTP 410 Gone")),
        )
    ),
    DoesNotHold("it was said twice", snapshot(shop(), logs=logs("shop", ENDED, times=2)), ()),
]
