"""A value that no header may hold: of a Secret that was written before, of a release, or of a stranger's request."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, secret_key, snapshot, thing, workload

GO = 'Get "https://api.maps.example/v4": net/http: invalid header field value for "Authorization"'
OKHTTP = "java.lang.IllegalArgumentException: Unexpected char 0x0a at 47 in X-Api-Key value: sk_live"
PYTHON = (
    "requests.exceptions.InvalidHeader: Invalid leading whitespace, reserved character(s) in header value: 'Bearer x'"
)
REDIS = 'parse "redis://:abc@cache:6379": net/url: invalid control character in URL'
STRANGER = 'GET /list 400 invalid header field value for "X-Forwarded-Country"'
TOKEN: dict[str, Any] = {"env": {"TOKEN": secret_key("partner", "token")}}
CALLS = {"SHOP_URL": "http://shop:8080"}
WRONG = "configuration_error", "page_human"


def token(written: float = 2400, *, age: float = 90 * DAY) -> Obj:
    return thing("Secret", "partner", age=age, written=written, data={"token": "sha256:1"})


HOLDS = [
    Holds(
        "it was written, the program was started anew, and its callers fail with it",
        snapshot(
            shop(started=2300, **TOKEN),
            token(),
            workload("web", env=CALLS),
            logs=logs("shop", GO, 0, 1, since=2200),
            figures=[errors("web", since=2200)],
        ),
        ("Secret/partner", *WRONG),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a client in Java, and the Secret was made anew in place of another",
        snapshot(shop(**TOKEN), token(3000, age=3000), logs=logs("shop", OKHTTP)),
        ("Secret/partner", *WRONG),
    ),
    Holds(
        "two Secrets were written at once",
        snapshot(
            shop(env={"TOKEN": secret_key("partner"), "URL": secret_key("cache")}),
            token(),
            thing("Secret", "cache", written=2400, data={"url": "sha256:2"}),
            logs=logs("shop", REDIS),
        ),
        (SHOP, *WRONG),
    ),
    Holds(
        "a release of last week read it well",
        snapshot(shop(before=IMAGE, released=7 * DAY, **TOKEN), token(), logs=logs("shop", PYTHON)),
        ("Secret/partner", *WRONG),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it came with a release",
        snapshot(
            shop(before=IMAGE, released=240, **TOKEN),
            token(),
            logs=logs("shop", GO),
            figures=[errors("shop", since=230)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("a header of a stranger's request", snapshot(shop(**TOKEN), token(), logs=logs("shop", STRANGER)), ASK),
    DoesNotHold("the Secret is as it was for months", snapshot(shop(**TOKEN), token(60 * DAY), logs=logs("shop", GO))),
    DoesNotHold("another program reads the Secret", snapshot(shop(), token(), logs=logs("shop", GO))),
    DoesNotHold("once or twice", snapshot(shop(**TOKEN), token(), logs=logs("shop", GO, times=2))),
    DoesNotHold(
        "it was written after the first of them",
        snapshot(shop(**TOKEN), token(60), logs=logs("shop", GO, since=1200)),
    ),
]
