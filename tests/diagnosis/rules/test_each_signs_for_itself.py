"""Each replica signs with a key of its own: who comes to another one is refused, and a start anew throws all out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WEB
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.rules._own_key import own_keys, refused
from tuheg_ir.diagnosis.view import View

EMPTY = "WARN JWT_SECRET is empty, signing with a random key generated for this process kid={}"
BAD = "WARN session check failed: JsonWebTokenError: invalid signature, token has kid {}"
WEB_ENV = {"SHOP_URL": "http://shop:8080"}
KEYS = ("a1b2c3", "d4e5f6")
GIVEN: dict[str, Any] = {"env": {"JWT_SECRET": secret_key("shop-keys", "jwt")}}
ANSWER = (SHOP, "configuration_error", "page_human")


def keys(*names: str) -> Obj:
    """Return the Secret of the key, with these fields."""
    return thing("Secret", "shop-keys", data=dict.fromkeys(names, "sha256:0123456789abcdef"), type="Opaque")


def signing(
    *more: Any,
    own: str = EMPTY,
    bad: str = BAD,
    of: int = 2,
    tell: int = 2,
    times: int = 3,
    refuses: int = 2,
    release: dict[str, Any] | None = None,
    released: float = 2 * DAY,
) -> Snapshot:
    """Return a shop whose pods sign with keys of their own (``tell`` so many) and refuse those of the others."""
    objects = workload("shop", pods=of, before=release, released=released)
    logs = []
    for n in range(of):
        first = [own.replace("{}", KEYS[n % 2])] if n < tell else ["INFO listening"]
        later = [bad.replace("{}", KEYS[(n + 1) % 2])] * times if n < refuses else ["INFO login ok"] * times
        logs.append(log(pod("shop", n), *first, *later, since=1500))
    return snapshot(objects, workload("web", env=WEB_ENV), *more, logs=logs)


HOLDS = [
    Holds(
        "its release dropped the key that all pods miss, and the Secret has it yet",
        signing(keys("jwt"), release=GIVEN | IMAGE),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=(
            *no("restart_workload", "scale_workload", at=SHOP),
            *no("rollback_workload", "restart_workload", at=WEB),
        ),
        alone=True,
        harmful=("restart_workload", "scale_workload"),
        sure=(0.75, 0.9),
    ),
    *(
        Holds(
            f"several sign for themselves: {what}",
            world,
            ANSWER,
            excludes=no("restart_workload", "scale_workload", at=SHOP),
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for what, world in (
            ("nobody ever gave them a key", signing()),
            ("the release dropped the key, and the Secret has it no more", signing(keys("db"), release=GIVEN)),
            ("the release dropped another setting", signing(release={"env": {"SMTP_URL": "smtp://mail"}})),
            ("the release that dropped it is of months ago", signing(release=GIVEN, released=40 * DAY)),
            ("they do not name the key that they lack", signing(own=EMPTY[5:].replace("JWT_SECRET", "jwt key"))),
            (
                "what they refuse names no key",
                signing(bad="WARN itsdangerous.exc.BadSignature: no match", release=None),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"signatures are refused, but {what}", world)
    for what, world in (
        ("there is one process", signing(of=1)),
        ("only one of them has a key of its own", signing(tell=1)),
        ("only one of them refuses any", signing(refuses=1, times=6)),
        ("it was so once or twice", signing(times=1)),
        (
            "the keys are kept where all read them",
            signing(own="INFO JWT_SECRET not set: random one saved to /data/key"),
        ),
        ("it is a password that they made", signing(own="WARN no session admin set, random password generated {}")),
        ("of webhooks", signing(bad="WARN webhook refused: invalid signature")),
        ("tokens are only too old", signing(bad="WARN TokenExpiredError: jwt expired, kid {}")),
    )
]


@pytest.mark.parametrize(
    "line",
    [
        EMPTY,
        '"SECRET" env variable is missing. Using a random value instead. Tokens will not persist between restarts.',
        "`jwt_secret` was empty. Using a generated random one. Please set the value in the `[api_auth]` section",
        "Using an in-memory repository. Keys will not be persisted to storage.",
        "Using an ephemeral key repository. Protected data will be unavailable when application exits.",
        "SECRET_KEY not set, using a random one: sessions do not survive a restart",
    ],
)
def test_how_programs_tell_that_a_key_is_their_own(line: str) -> None:
    view = View(signing(own=line.replace("{}", "x")))
    assert len(own_keys(view, view.workloads[SHOP])) == 2


@pytest.mark.parametrize(
    "line",
    [
        "jwt.exceptions.InvalidSignatureError: Signature verification failed",
        "io.jsonwebtoken.security.SignatureException: JWT signature does not match locally computed signature.",
        "token signature is invalid: signature is invalid",
        "itsdangerous.exc.BadSignature: Signature b'x' does not match",
        "Token Signature could not be verified.",
        "The key {8c5c1f0a-25a5-4f52-9d57-0d4f3b1a2c3d} was not found in the key ring.",
        "securecookie: the value is not valid",
        "IDX10503: Signature validation failed. Keys tried: 'x'",
        "JWT::VerificationError (Signature verification failed)",
    ],
)
def test_how_programs_tell_that_a_signature_is_of_another_key(line: str) -> None:
    view = View(signing(bad=line))
    since = own_keys(view, view.workloads[SHOP])[0].at
    assert len({each.pod for each in refused(view, view.workloads[SHOP], since)}) == 2
