"""A program takes other tokens since its release and refuses those that it is shown; whoever issues them goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, OLD, alert, errors, taken_back
from tests.diagnosis.rules.tiny import Obj, log, matches, pod, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.rules._own_checks import SCOPE, SIGNATURE
from tuheg_ir.diagnosis.rules.takes_other_tokens import RULE
from tuheg_ir.diagnosis.view.view import View

API = "Deployment/api"
NODE = 'warn: 401 GET /rates JWTClaimValidationFailed: unexpected "aud" claim value'
SPRING = "WARN o.s.s.o.s.r.w.BearerFilter - An error occurred while decoding the Jwt: The iss claim is not valid"
SCOPED = "WARN 403 POST /orders insufficient_scope: the request requires higher privileges"
GO = 'level=warning msg="request denied" err="token signature is invalid: crypto/rsa: verification error"'
EXPIRED = "WARN token refused: JWT expired at 2026-03-04T11:58:00Z"
FINE = "INFO POST /orders 201"
FULL = "OOM command not allowed when used memory > 'maxmemory'."
MARKET = {"JWT_AUDIENCE": "market"}


def turned(name: str, before: str, after: str, **more: Any) -> dict[str, Any]:
    """Return how a release changed one variable; "": it was not there."""
    was, now = ({name: value} if value else {} for value in (before, after))
    return {"env": now, "before": {"env": was, **more}}


STAGING = turned("JWT_AUDIENCE", "market", "market-staging")
SEALED = turned("TOKEN_AUDIENCE", "market", "market-staging")
PUBLIC = turned("JWT_PUBLIC_KEY", "pem-old", "pem-new")
PRIVATE = turned("PRIVATE_KEY", "private-old", "private-new")
FROM_GATE = turned("JWKS_URL", "http://gate:8000/keys", "http://id-test:8000/keys")
MOVED = turned("JWKS_URL", "http://id-old:8000/keys", "http://id-new:8000/keys")
SECRET = turned("JWT_SECRET", "one-of-old", "another-one")


def refused(
    line: str = NODE,
    *more: Iterable[Obj],
    api: Mapping[str, Any] | None = None,
    released: float = 900,
    since: float = 800,
    cart: Mapping[str, str] | None = None,
    of_cart: str = "",
    gate: Mapping[str, Any] | None = None,
    shop: Mapping[str, Any] | None = None,
    well: int = 0,
    told: Iterable[Log] = (),
    back: bool = False,
    felt: bool = True,
    alarmed: str = "",
) -> Snapshot:
    """Return an api that was released and refuses tokens since, a cart that takes some, who issues and shows them."""
    checks = workload("api", released=released, **(STAGING if api is None else api))
    return snapshot(
        taken_back(checks) if back else checks,
        workload("cart", env=MARKET if cart is None else cart),
        workload("gate", port=8000, **dict(gate or {})),
        workload("shop", **{"env": {"API_URL": "http://api:8080", "CART_URL": "http://cart:8080"}} | dict(shop or {})),
        *more,
        logs=[
            *(log(pod("api", n), *[line, *[FINE] * well] * 20, since=since) for n in (0, 1)),
            *(log(pod("cart", n), *[of_cart or FINE] * 20, since=since) for n in (0, 1)),
            *told,
        ],
        figures=[errors("shop", since=since - 50)] if felt else [],
        alerts=[alert(service=alarmed)] if alarmed else [],
    )


TWO = snapshot(
    workload("api", released=900, **STAGING),
    workload("shop", env={"API_URL": "http://api:8080"}),
    workload("quotes", env={"REDIS_URL": "redis://redis:6379"}),
    redis(),
    logs=[
        *(log(pod("api", n), *[NODE] * 20, since=800) for n in (0, 1)),
        *(log(pod("quotes", n), *[f"ERROR {FULL}"] * 20, since=400) for n in (0, 1)),
    ],
    figures=[errors("quotes", since=400), errors("shop", since=800)],
)
BACK = (API, "configuration_error", "rollback_workload")
ASK = (API, "configuration_error", "page_human")
HARMFUL = ("restart_workload", "scale_workload")
HOLDS = [
    *(
        Holds(what, world, BACK, excludes=no("restart_workload", at=API), alone=True, harmful=HARMFUL)
        for what, world in (
            ("for another audience, which others take as ever", refused()),
            ("for another audience, by a name like a secret's", refused(api=SEALED, cart={})),
            (
                "by another issuer, as an argument",
                refused(
                    SPRING,
                    api={"args": ["--issuer=https://id.test"], "before": {"args": ["--issuer=https://id.example"]}},
                ),
            ),
            ("one more scope is demanded", refused(SCOPED, api=turned("REQUIRED_SCOPES", "orders", "orders admin"))),
            ("keys are had elsewhere, and who had them is there", refused(GO, api=FROM_GATE)),
            (
                "by another public key, and another one goes by the former",
                refused(GO, api=PUBLIC, cart={"JWT_PUBLIC_KEY": "pem-old"}),
            ),
            ("the scopes of tokens are more", refused(SCOPED, api=turned("JWT_SCOPE", "orders", "orders admin"))),
            (
                "by another secret, and who issues them has the former one",
                refused(GO, api=SECRET, gate={"env": {"JWT_SECRET": "one-of-old"}}),
            ),
            ("a few are taken amid all", refused(told=[log(pod("api"), *[FINE] * 3, since=700)])),
            (
                "another one has long refused such tokens of somebody",
                refused(told=[timed(pod("cart"), *((age, NODE) for age in range(3300, 0, -100)))]),
            ),
            ("its image came with it", refused(api=turned("JWT_AUDIENCE", "market", "market-staging", **OLD))),
        )
    ),
    Holds("a full cache beside it, which it does not ask", TWO, BACK),
    *(
        Holds(what, world, ASK, excludes=no("rollback_workload", at=API), harmful=("rollback_workload", *HARMFUL))
        for what, world in (
            ("none was checked before", refused(api=turned("JWT_AUDIENCE", "", "market"), cart={})),
            ("the check was switched on", refused(api=turned("VERIFY_AUDIENCE", "false", "true"), cart={})),
            ("it may sign with its new secret itself", refused(GO, api=SECRET)),
            (
                "who shows them was released as well",
                refused(shop={"before": OLD, "released": 890}, cart={}),
            ),
            (
                "who issues them was set alike",
                refused(gate=turned("GATE_AUDIENCE", "market", "market-staging") | {"released": 950}, cart={}),
            ),
            (
                "who issues them was set otherwise as well, and nobody can read to what",
                refused(gate=SEALED | {"released": 950}, cart={}),
            ),
            ("it has another public key, and whoever signs is outside", refused(GO, api=PUBLIC, cart={})),
            ("keys are had elsewhere, and where they were nobody is", refused(GO, api=MOVED, cart={})),
            (
                "who issues them got another key by a plain name just before",
                refused(GO, api=PUBLIC, gate=PRIVATE | {"released": 950}, cart={}),
            ),
            (
                "who issues them got another key just before, and another one has the former",
                refused(GO, api=PUBLIC, gate=PRIVATE | {"released": 950}, cart={"JWT_PUBLIC_KEY": "pem-old"}),
            ),
            (
                "who issues them got another key hours before",
                refused(GO, api=PUBLIC, gate=PRIVATE | {"released": 4 * 3600}, cart={}),
            ),
            (
                "keys are had elsewhere, and who had them was released as well",
                refused(GO, api=FROM_GATE, gate={"before": OLD, "released": 950}, cart={}),
            ),
            ("another one takes the new ones", refused(cart={"JWT_AUDIENCE": "market-staging"})),
        )
    ),
]

DOES_NOT_HOLD = [
    DoesNotHold(what, world, instead)
    for what, world, instead in (
        ("nothing was released", refused(api={"env": MARKET}), ()),
        ("its release changed something else", refused(api=turned("LOG_LEVEL", "info", "debug")), BACK),
        ("what they refuse has run out", refused(EXPIRED), BACK),
        ("the audience is refused, and the issuer was changed", refused(api=turned("JWT_ISSUER", "a", "b")), BACK),
        ("one audience more is taken", refused(api=turned("JWT_AUDIENCE", "market", "market partners")), BACK),
        ("one scope less is demanded", refused(SCOPED, api=turned("REQUIRED_SCOPES", "orders admin", "orders")), BACK),
        ("it was a scope of a tracker's", refused(SCOPED, api=turned("SENTRY_SCOPE", "a", "b")), BACK),
        ("it was a scope of a cache's", refused(SCOPED, api=turned("CACHE_SCOPE", "node", "cluster")), BACK),
        ("it was a certificate of connections", refused(GO, api=turned("AUTH_TLS_CERT", "/a", "/b"), cart={}), BACK),
        ("it began hours after the release", refused(released=4 * 3600.0), ()),
        ("they were refused long before", refused(since=3000), ()),
        ("it went back already", refused(back=True), ()),
        ("as many are taken: who is served has new ones", refused(well=1), BACK),
        ("nobody suffers", refused(felt=False), ()),
        ("another one refuses them that was not released", refused(of_cart=NODE), BACK),
    )
]


def test_both_of_two_faults_that_have_nothing_to_do_with_each_other_are_told() -> None:
    found = {each.rule: (each.component, each.remedy) for each in decide(TWO).findings}
    assert found == {"takes_other_tokens": (API, "rollback_workload"), "cache_full": (CACHE, "page_human")}


def test_who_was_released_as_well_may_go_back() -> None:
    held = matches(RULE, refused(shop={"before": OLD, "released": 890}, cart={}))
    assert ("rollback_workload", "Deployment/shop") not in {
        (x.remedy, x.target) for each in held for x in each.excludes
    }


def test_a_log_that_names_the_pod_to_which_a_request_was_led_shows_who_suffers() -> None:
    address = next(each.address for _, each in View.of(refused()).pods() if each.name == pod("api"))

    def explained(host: str) -> set[str]:
        line = f'"GET /rates HTTP/1.1" 401 120 upstream={host}:8080'
        edge = workload("edge"), log(pod("edge"), *[line] * 9, since=700)
        found = matches(RULE, refused(NODE, edge[0], told=[edge[1]], felt=False, alarmed="edge"))
        return {ref for each in found for ref in each.explains}

    assert "Deployment/edge" in explained(address)
    assert not explained("203.0.113.9")


@pytest.mark.parametrize(
    "line",
    [
        'Bearer error="insufficient_scope", scope="orders:write"',
        "InsufficientScopeError: Insufficient Scope",
        "token is missing required scope orders.write",
        "403 scope orders:write was not granted",
    ],
)
def test_a_scope_that_is_missed(line: str) -> None:
    assert SCOPE.refused.told.search(line)
    assert any(hint in line for hint in SCOPE.refused.hints)


@pytest.mark.parametrize(
    "line",
    [
        "JsonWebTokenError: invalid signature",
        "jwt.exceptions.InvalidSignatureError: Signature verification failed",
        "JWSSignatureVerificationFailed: signature verification failed code=ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
        "JWT signature does not match locally computed signature. JWT validity cannot be asserted",
        "The Token's Signature resulted invalid when verified using the Algorithm: SHA256withRSA",
        "Signed JWT rejected: Another algorithm expected, or no matching key(s) found",
    ],
)
def test_a_signature_that_is_not_taken(line: str) -> None:
    assert SIGNATURE.refused.told.search(line)
    assert any(hint in line for hint in SIGNATURE.refused.hints)


@pytest.mark.parametrize(
    "line",
    [
        "webhook refused: signature verification failed",
        "SignatureDoesNotMatch: The request signature we calculated does not match, s3 AWS4-HMAC-SHA256",
        "cosign: signature verification failed for image shop:1.2",
        "variable out of scope in template",
        "x509: invalid signature: certificate signed by unknown authority",
    ],
)
def test_nothing_of_a_token(line: str) -> None:
    assert not SIGNATURE.refused.told.search(line)
    assert not SCOPE.refused.told.search(line)
