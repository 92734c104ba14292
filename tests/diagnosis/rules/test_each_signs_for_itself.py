"""Each replica signs with a key of its own: who comes to another one is refused, and a start anew throws all out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WEB
from tests.diagnosis.rules.tiny import DAY, Obj, log, matches, pod, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.rules._own_key import own_keys, refused
from tuheg_ir.diagnosis.rules.each_signs_for_itself import RULE
from tuheg_ir.diagnosis.view.view import View

EMPTY = "WARN JWT_SECRET is empty, signing with a random key generated for this process kid={}"
BAD = "WARN session check failed: JsonWebTokenError: invalid signature, token has kid {}"
WEB_ENV = {"SHOP_URL": "http://shop:8080"}
KEYS = ("a1b2c3", "d4e5f6")
GIVEN: dict[str, Any] = {"env": {"JWT_SECRET": secret_key("shop-keys", "jwt")}}
OF_POD = {"fieldRef": {"fieldPath": "metadata.uid"}}
RING = "WARN Using an ephemeral key repository. Protected data will be unavailable when application exits."
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
    older: int = 0,
    calm: int = 0,
    since: float = 1500,
    forms: int = 1,
) -> Snapshot:
    """Return a shop whose pods sign with keys of their own (``tell`` so many) and refuse those of the others.

    older: so many pods are of the template before; calm: so many lines tell of nothing before any is refused;
    forms: each tells of its own key so often.
    """
    objects = workload("shop", pods=of, before=release, released=released)
    for each in pods_of(objects)[:older]:
        each["metadata"]["ownerReferences"][0]["name"] = "shop-r1"
    logs = []
    for n in range(of):
        first = [own.replace("{}", KEYS[n % 2])] * forms if n < tell else ["INFO listening"]
        later = [bad.replace("{}", KEYS[(n + 1) % 2])] * times if n < refuses else ["INFO login ok"] * times
        logs.append(log(pod("shop", n), *first, *["INFO login ok"] * calm, *later, since=since))
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
    Holds(
        "the same, and its value stood in the template before",
        signing(release={"env": {"JWT_SECRET": "3f9a"}}),
        (SHOP, "configuration_error", "rollback_workload"),
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
            ("nobody can see the Secret of the key that was dropped", signing(release=GIVEN)),
            (
                "the release dropped another key",
                signing(keys("jwt"), release={"env": {"SECRET": GIVEN["env"]["JWT_SECRET"]}}),
            ),
            ("what it dropped was another for each pod", signing(keys("jwt"), release={"env": {"JWT_SECRET": OF_POD}})),
            ("it was as empty before the release dropped it", signing(release={"env": {"JWT_SECRET": ""}})),
            ("pods of the template before do so as well", signing(keys("jwt"), release=GIVEN, older=1)),
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
        (
            "they were not for hours with the same keys",
            signing(calm=30, times=8, since=6 * 3600),
        ),
        ("visitors bring no session", signing(own="INFO session token missing, generating a new one")),
        (
            "each form gets a secret of its own",
            signing(own="INFO session secret missing, generating a new one", forms=4),
        ),
        ("what is told is that they are good", signing(bad="INFO session cookie verified for u-1")),
        (
            "those keys are for cookies, and tokens of somebody else are refused",
            signing(own=RING, bad="IDX10503: Signature validation failed. Keys tried: 'x'"),
        ),
        ("of webhooks", signing(bad="WARN webhook refused: invalid signature")),
        ("tokens are only too old", signing(bad="WARN TokenExpiredError: jwt expired, kid {}")),
    )
]


def test_a_name_that_all_keys_have_shows_nobody_elses() -> None:
    same = EMPTY.replace("{}", "default")
    (match,) = matches(RULE, signing(own=same, bad=BAD.replace("{}", "default")))
    assert match.certainty == 0.65
    (match,) = matches(RULE, signing())
    assert match.certainty == 0.8


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
        "securecookie: the value is not valid",
        "IDX10503: Signature validation failed. Keys tried: 'x'",
        "Error: failed to decrypt session cookie",
        "session cookie of u-1 could not be verified",
        "JWT::VerificationError (Signature verification failed)",
    ],
)
def test_how_programs_tell_that_a_signature_is_of_another_key(line: str) -> None:
    view = View(signing(bad=line))
    since = own_keys(view, view.workloads[SHOP])[0].at
    assert len({each.pod for each in refused(view, view.workloads[SHOP], since)}) == 2


@pytest.mark.parametrize(
    "line",
    [
        "The key {8c5c1f0a-25a5-4f52-9d57-0d4f3b1a2c3d} was not found in the key ring.",
        "Error unprotecting the session cookie.",
        "AntiforgeryValidationException: The antiforgery token could not be decrypted.",
    ],
)
def test_what_is_protected_by_keys_of_a_ring(line: str) -> None:
    assert [match.component for match in matches(RULE, signing(own=RING, bad=line))] == [SHOP]
