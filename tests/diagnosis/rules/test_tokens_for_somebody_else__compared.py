"""Tokens made out otherwise: which values are the same one, whose refusals are new, and who issues tokens at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, WEB, alert, errors
from tests.diagnosis.rules.test_tokens_for_somebody_else import (
    BACK,
    EXPECTS,
    FINE,
    GATE,
    GO,
    INNER,
    ISS,
    KEYS,
    MARKET,
    NODE,
    refused,
)
from tests.diagnosis.rules.tiny import log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

STAFF = {"OIDC_ISSUER": "https://id.example/realms/staff"}
UNDER_AUTH = {"OIDC_ISSUER": "https://id.example/auth/realms/staff"}
WEB_BACK = (WEB, "configuration_error", "rollback_workload")


def turned(before: str, after: str, name: str = "GATE_AUDIENCE") -> dict[str, Any]:
    """Return a setting of the issuer that its release changed."""
    return {"env": {name: after}, "before": {"env": {name: before}}}


def ever(gate: Mapping[str, Any], *, since: float = 1000, fine: int = 20, felt: bool = False) -> Snapshot:
    """Return an api that refuses some wrong tokens of a partner all year, as far as its log goes back."""
    lines = ([FINE] * fine + [NODE]) * 12
    return snapshot(
        workload("gate", port=8000, released=1200, **gate),
        workload("api", env=KEYS | MARKET),
        workload("shop", env={"API_URL": "http://api:8080", "TOKEN_URL": "http://gate:8000/token"}),
        logs=[log(pod("api", n), *lines, since=since) for n in (0, 1)],
        figures=[errors("shop", since=950)] if felt else [],
    )


def outside(name: str = "PUBLIC_URL", edge: Mapping[str, Any] | None = None, **more: str) -> Snapshot:
    """Return an api that refuses tokens of a login outside, and a web beside it one of whose settings was changed."""
    api = {"API_URL": "http://api:8080"}
    front = {**api, "WEB_URL": "http://web:8080", **more}
    return snapshot(
        workload(
            "web",
            released=1200,
            env={name: "https://shop.example", **api},
            before={"env": {name: "https://www.example", **api}},
        ),
        workload("api", env={"JWKS_URL": "https://login.example/jwks"}),
        workload("edge", **{"env": front} | dict(edge or {})),
        thing("ConfigMap", "edge", data={"edge.env": "\n".join(f"{key}={value}" for key, value in front.items())}),
        logs=[log(pod("api", n), *[FINE] * 9, *[GO] * 30, since=1300) for n in (0, 1)],
        figures=[errors("edge", since=950)],
    )


def moved(what: str, world: Snapshot) -> Holds:
    """Return a world in which somebody takes the new tokens alone."""
    return Holds(
        what,
        world,
        (GATE, "configuration_error", "page_human"),
        excludes=no("rollback_workload", at=GATE),
        harmful=("rollback_workload", "restart_workload"),
    )


HOLDS = [
    moved(
        "another one takes the new audience alone, which begins with the former one",
        refused(
            NODE,
            workload("rates", env=KEYS | {"JWT_AUDIENCE": "market-v2"}),
            gate=turned("market", "market-v2"),
        ),
    ),
    moved(
        "another one takes the new issuer alone, which has a stroke more",
        refused(GO, workload("rates", env=KEYS | {"OIDC_ISSUER": "https://id.example/"}), gate=ISS, takes=EXPECTS),
    ),
    moved(
        "another one takes one of two new audiences alone",
        refused(NODE, workload("rates", env=KEYS | {"JWT_AUDIENCE": "inner"}), gate=turned("market", "inner,offers")),
    ),
    moved(
        "another one takes the issuer alone that lies under the new address, which lies under the former one",
        refused(
            GO,
            workload("rates", env=KEYS | UNDER_AUTH),
            gate=turned("https://id.example", "https://id.example/auth", "KC_HOSTNAME"),
            takes=STAFF,
        ),
    ),
    *(
        Holds(what, world, BACK)
        for what, world in (
            (
                "they take an issuer that lies under the former address",
                refused(GO, gate=turned("https://id.example", "https://www.example", "KC_HOSTNAME"), takes=STAFF),
            ),
            (
                "they take an issuer that lies under the former host",
                refused(GO, gate=turned("id.example", "www.example", "KC_HOSTNAME"), takes=STAFF),
            ),
            (
                "what they take stands in a file of theirs between braces",
                refused(takes={"CLAIMS": "{audience: {market}}", "JWT_AUDIENCE": "{market}"}),
            ),
            (
                "their logs go back to long before the release, nobody measures, and an alert was raised since",
                replace(refused(felt=False), alerts=(alert(component="shop"),)),
            ),
        )
    ),
    Holds(
        "users get their tokens of it, which its setting says",
        outside(OIDC_URL="http://web:8080/oidc"),
        WEB_BACK,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, instead)
    for what, world, instead in (
        (
            "all that refuse take the new audience, which begins with the former one: old tokens run out",
            refused(gate=turned("market", "market-v2"), takes={"JWT_AUDIENCE": "market-v2"}),
            BACK,
        ),
        (
            "what they take begins with the former audience, and is another one",
            refused(gate=turned("api", "inner"), takes={"JWT_AUDIENCE": "api-partners"}),
            BACK,
        ),
        (
            "they take an issuer that lies under the new address, which lies under the former one",
            refused(
                GO,
                gate=turned("https://id.example", "https://id.example/auth", "KC_HOSTNAME"),
                takes=UNDER_AUTH,
            ),
            BACK,
        ),
        ("they refuse some ever, their logs do not go back, and its code was released", ever({"before": OLD}), ASK),
        ("they refuse some ever, their logs do not go back, and its audience was changed", ever(INNER), ASK),
        (
            "they refuse some ever, their logs do not go back, and users suffer of something",
            ever(INNER, felt=True),
            BACK,
        ),
        (
            "they refuse some ever, and their logs begin just before the release",
            ever(INNER, since=1300, felt=True),
            BACK,
        ),
        ("nobody suffers of it", refused(felt=False), ASK),
        ("the login outside changed, and web's public address as well", outside(), WEB_BACK),
        ("the login outside changed, and whom web believes as well", outside(name="TRUSTED_PROXIES"), WEB_BACK),
        (
            "the login outside changed, and web's public address, to which the edge sends users back",
            outside(OIDC_REDIRECT_URL="http://web:8080/done", OIDC_ISSUER="https://login.example"),
            WEB_BACK,
        ),
        (
            "the login outside changed, and web's public address, which stands in a file beside that login",
            outside(
                edge={"env": {}, "envFrom": [{"configMapRef": {"name": "edge"}}]}, TOKEN_URL="https://login.example"
            ),
            WEB_BACK,
        ),
    )
]
