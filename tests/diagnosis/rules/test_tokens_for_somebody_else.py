"""Tokens are made out otherwise since their issuer was released: who checks them refuses them, released or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, taken_back
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.rules._claims import AUDIENCE, ISSUER

GATE, API, CART = "Deployment/gate", "Deployment/api", "Deployment/cart"
SPRING = "WARN o.s.s.o.s.r.w.BearerFilter - An error occurred while decoding the Jwt: The aud claim is not valid"
NODE = "warn: 401 GET /rates JsonWebTokenError: jwt audience invalid. expected: market"
GO = 'level=warning msg="token refused" err="token has invalid claims: token has invalid issuer"'
DOTNET = "info: Bearer was not authenticated. IDX10214: Audience validation failed. Audiences: 'inner'."
EXPIRED = "WARN token refused: JWT expired at 2026-03-04T11:58:00Z"
SIGNED = "WARN token refused: Signature verification failed"
FINE = "INFO POST /orders 201"
KEYS = {"JWKS_URL": "http://gate:8000/jwks.json"}
MARKET = {"JWT_AUDIENCE": "market"}
INNER: dict[str, Any] = {"env": {"GATE_AUDIENCE": "inner"}, "before": {"env": {"GATE_AUDIENCE": "market"}}}
SEALED: dict[str, Any] = {"env": {"TOKEN_AUDIENCE": "inner"}, "before": {"env": {"TOKEN_AUDIENCE": "market"}}}
ISS: dict[str, Any] = {"args": ["--issuer=https://id.example/"], "before": {"args": ["--issuer=https://id.example"]}}
OF_PROXY: dict[str, Any] = {"env": {"KC_PROXY": "edge"}, "before": {"env": {"KC_PROXY_HEADERS": "xforwarded"}}}
BELIEVED: dict[str, Any] = {"env": {}, "before": {"env": {"ASPNETCORE_FORWARDEDHEADERS_ENABLED": "true"}}}
SECURE: dict[str, Any] = {"args": ["--externalSecure=false"], "before": {"args": ["--externalSecure=true"]}}
NAMED: dict[str, Any] = {
    "env": {"KC_HOSTNAME": "https://id.example", "KC_PROXY_HEADERS": "forwarded"},
    "before": {"env": {"KC_HOSTNAME": "https://id.example", "KC_PROXY_HEADERS": "xforwarded"}},
}
MORE_PROXIES: dict[str, Any] = {
    "env": {"AUTHENTIK_TRUSTED_PROXIES": "10.0.0.0/8,192.0.2.0/24"},
    "before": {"env": {"AUTHENTIK_TRUSTED_PROXIES": "10.0.0.0/8"}},
}
OUTWARD: dict[str, Any] = {
    "env": {"HTTPS_PROXY": "http://way-out:3128"},
    "before": {"env": {"HTTPS_PROXY": "http://proxy:3128"}},
}
EXPECTS = {"OIDC_ISSUER": "https://id.example"}
BOTH: dict[str, Any] = {"env": {"GATE_AUDIENCE": "market inner"}, "before": {"env": {"GATE_AUDIENCE": "market"}}}


def refused(
    line: str = NODE,
    *more: Iterable[Obj],
    gate: Mapping[str, Any] | None = None,
    released: float = 1200,
    takes: Mapping[str, str] | None = None,
    api: Mapping[str, Any] | None = None,
    cart: Mapping[str, Any] | None = None,
    shop: Mapping[str, Any] | None = None,
    of_api: str = "",
    since: float = 1000,
    back: bool = False,
    felt: bool = True,
) -> Snapshot:
    """Return an issuer that was released, an api and a cart that check its tokens and refuse them, and their client."""
    env = {**KEYS, **(MARKET if takes is None else takes)}
    issuer = workload(
        "gate", port=8000, released=released, **({"before": None} | dict(INNER if gate is None else gate))
    )
    return snapshot(
        taken_back(issuer) if back else issuer,
        workload("api", **{"env": env} | dict(api or {})),
        workload("cart", **{"env": env} | dict(cart or {})),
        workload(
            "shop",
            **{"env": {"API_URL": "http://api:8080", "TOKEN_URL": "http://gate:8000/token"}} | dict(shop or {}),
        ),
        *more,
        logs=[
            *(log(pod("api", n), *[FINE] * 9, *[of_api or line] * 30, since=since * 39 / 30) for n in (0, 1)),
            *(log(pod("cart", n), *[FINE] * 9, *[line] * 30, since=since * 39 / 30) for n in (0, 1)),
        ],
        figures=[errors("shop", since=since - 50)] if felt else [],
    )


BACK = (GATE, "configuration_error", "rollback_workload")
HOLDS = [
    *(
        Holds(
            what,
            world,
            BACK,
            excludes=[*no("rollback_workload", "restart_workload", at=API), *no("rollback_workload", at=SHOP)],
            alone=True,
            harmful=("restart_workload", "scale_workload"),
        )
        for what, world in (
            ("for another audience, in Node's words", refused()),
            (
                "in Spring's words, and a name like a secret's",
                refused(SPRING, gate=SEALED),
            ),
            ("in .NET's words; what they take stands in their code", refused(DOTNET, takes={})),
            (
                "by another issuer: an argument has a stroke more at its end",
                refused(GO, gate=ISS, takes={"OIDC_ISSUER": "https://id.example"}),
            ),
            (
                "by another issuer: it no longer believes the proxy under which address it is asked",
                refused(GO, gate=OF_PROXY, takes=EXPECTS),
            ),
            (
                "by another issuer: it reads no forwarded headers, and one value that others have is set to true",
                refused(GO, workload("rates", env=KEYS | {"ISSUER_CHECK": "true"}), gate=BELIEVED, takes=EXPECTS),
            ),
            (
                "by another issuer: an argument says that it is asked without TLS",
                refused(GO, gate=SECURE, takes={}),
            ),
            (
                "one of both that refuse was released before with other code",
                refused(api={"before": OLD, "released": 1500}),
            ),
            (
                "their client was released before with other code",
                refused(shop={"before": OLD, "released": 1500}),
            ),
        )
    ),
    Holds(
        "other code of the issuer, which both have their keys of",
        refused(gate={"before": OLD}),
        (GATE, "code_defect", "rollback_workload"),
    ),
    Holds(
        "another one takes the new ones already: going back would shut it out",
        refused(NODE, workload("rates", env=KEYS | {"JWT_AUDIENCE": "inner"})),
        (GATE, "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=GATE),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
# That nothing else was released just then still tells something of its release, whatever is refused.
DOES_NOT_HOLD = [
    DoesNotHold(what, world, instead)
    for what, world, instead in (
        ("nobody was released", refused(gate={}), ()),
        ("they have refused such tokens since before", refused(since=2500, released=600), ()),
        ("it began hours after the release", refused(released=4 * 3600.0), ()),
        ("the issuer went back already", refused(back=True), ()),
        ("what they refuse has run out", refused(EXPIRED), BACK),
        ("what they refuse is not signed as it should be", refused(SIGNED), BACK),
        ("they refuse the issuer, and it is the audience that was changed", refused(GO), BACK),
        ("another audience was added only", refused(gate=BOTH), BACK),
        (
            "it believes its proxy otherwise, and has its whole address from its settings",
            refused(GO, gate=NAMED, takes=EXPECTS),
            BACK,
        ),
        ("it believes one proxy more", refused(GO, gate=MORE_PROXIES, takes=EXPECTS), BACK),
        ("it goes out by another proxy", refused(GO, gate=OUTWARD, takes=EXPECTS), BACK),
        ("it no longer believes its proxy, and the audience is refused", refused(NODE, gate=OF_PROXY), BACK),
        (
            "it no longer believes its proxy, and a client was released too, which may show other tokens",
            refused(GO, gate=OF_PROXY, takes=EXPECTS, shop={"before": OLD, "released": 1150}),
            (SHOP, "code_defect", "rollback_workload"),
        ),
        (
            "all that refuse were released after it",
            refused(
                api={"before": OLD, "released": 1100},
                cart={"before": OLD, "released": 1100},
            ),
            (),
        ),
        (
            "who refuses was set to take others itself",
            refused(
                gate={"before": OLD},
                api={"env": KEYS | MARKET, "before": {"env": KEYS | {"JWT_AUDIENCE": "inner"}}, "released": 1100},
                cart={"env": KEYS | MARKET, "before": {"env": KEYS | {"JWT_AUDIENCE": "inner"}}, "released": 1100},
            ),
            (),
        ),
        ("they take a third audience, and ever did", refused(takes={"JWT_AUDIENCE": "partners"}), BACK),
        (
            "other code of the issuer, and their client was released too",
            refused(gate={"before": OLD}, shop={"before": OLD, "released": 1150}),
            (SHOP, "code_defect", "rollback_workload"),
        ),
        (
            "they have their keys elsewhere, and so has their client its tokens",
            refused(
                api={"env": {"JWKS_URL": "https://login.example/jwks"}},
                cart={"env": {"JWKS_URL": "https://login.example/jwks"}},
                shop={"env": {"API_URL": "http://api:8080"}},
            ),
            BACK,
        ),
    )
]


@pytest.mark.parametrize(
    "line",
    [
        'JWTClaimValidationFailed: unexpected "aud" claim value',
        "jwt.exceptions.InvalidAudienceError: Audience doesn't match",
        "io.jsonwebtoken.IncorrectClaimException: Expected aud claim to be: market, but was: inner.",
        "com.auth0.jwt.IncorrectClaimException: The Claim 'aud' value doesn't contain the required audience.",
        'failed to verify: oidc: expected audience "market" got ["inner"]',
        "JWT rejected due to invalid claims. Audience (aud) claim [inner] doesn't contain an acceptable identifier.",
        "JWT::InvalidAudError: Invalid audience. Expected market, received inner",
        "Audiences in Jwt are not allowed",
        '"aud" not satisfied',
        "JWT audience rejected: [inner]",
    ],
)
def test_an_audience_that_is_not_taken(line: str) -> None:
    assert AUDIENCE.refused.told.search(line)
    assert any(hint in line for hint in AUDIENCE.refused.hints)
    assert not ISSUER.refused.told.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "The iss claim is not valid",
        "JsonWebTokenError: jwt issuer invalid. expected: https://id.example",
        "IDX10205: Issuer validation failed. Issuer: 'https://id.example/'.",
        'oidc: id token issued by a different provider, expected "https://a" got "https://b"',
        "Issuer (iss) claim value (https://id.example/) doesn't match expected value of https://id.example",
        "Jwt issuer is not configured",
    ],
)
def test_an_issuer_that_is_not_taken(line: str) -> None:
    assert ISSUER.refused.told.search(line)
    assert any(hint in line for hint in ISSUER.refused.hints)
    assert not AUDIENCE.refused.told.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "unable to get local issuer certificate",
        "invalid issuer of the certificate",
        "audience 4711 of the campaign was sent",
        "issued token for client shop aud=market",
        "the card issuer refused: invalid account",
    ],
)
def test_nothing_of_a_token(line: str) -> None:
    assert not ISSUER.refused.told.search(line)
    assert not AUDIENCE.refused.told.search(line)
