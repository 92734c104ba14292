"""A release made users share few addresses, and a limit for each holds for all; who stands behind has no part in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, alert, ingress
from tests.diagnosis.rules.tiny import at, pod, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RELEASED = 900
USERS = tuple(f"84.{n}.17.{200 - n}" for n in range(1, 120))
LATER = tuple(f"91.{n}.3.{220 - n}" for n in range(1, 120))
BALANCERS = ("10.60.1.41", "10.60.2.188", "10.60.3.19")
CDN = ("162.158.90.11", "162.158.91.7", "172.70.240.3")
EDGE, CART = "Deployment/edge", "Deployment/cart"
ACCESS = '{who} - - [{at}] "POST /auth/login HTTP/1.1" {status} 92 "-" "Shop/8.14"'
FIELDS = '{{"time":"{at}","method":"GET","path":"/cart/7","status":{status},"remote":"{who}"}}'
AUDIT = "{at} INFO SignInAudit : sign-in succeeded customer=c865920 client={who} took=125ms"
KONG = {"KONG_TRUSTED_IPS": "10.60.0.0/16", "KONG_REAL_IP_HEADER": "X-Forwarded-For"}
ACT = ("restart_workload", "scale_workload", "no_action", "isolate_workload")


def told(
    name: str,
    before: Sequence[str] = (),
    after: Sequence[str] = BALANCERS,
    *,
    was: float = 0.0,
    now: float = 0.0,
    line: str = ACCESS,
    turn: float = RELEASED,
    over: float = 0,
) -> Log:
    """Return a log of half an hour: who asked before a release (nobody: it began with that) and since.

    ``was``, ``now``: which part was refused. ``over``: nobody is refused any more since so long.
    """
    lines = [_said(line, before, n, 1800 - 15 * n, was) for n in range(int((1800 - turn) / 15))] if before else []
    ages = [turn - 15 * (n + 3) for n in range(int(turn / 15) - 2)]
    lines += [_said(line, after, n, age, now if age >= over else 0.0) for n, age in enumerate(ages)]
    return Log(pod(name), name, tuple(lines))


def _said(line: str, who: Sequence[str], number: int, age: float, part: float) -> str:
    status = 429 if (number * part) % 1 + part >= 1 else 200
    return line.format(who=who[number % len(who)], at=at(age), status=status)


LIMITED = told("edge", now=0.4)
SEEN = told("cart", USERS[:60], line=FIELDS)
TRUSTS = {"DATABASE": "off", **KONG}
ONE_OF_MANY = Log(
    pod("edge"),
    "edge",
    tuple(
        ACCESS.format(who=USERS[0] if n % 4 == 0 else USERS[n % 20], at=at(860 - n), status=429 if n % 4 == 0 else 200)
        for n in range(800)
    ),
)


def edge(
    *logs: Log,
    before: Mapping[str, Any] | None = None,
    image: str = "kong:3.9.1",
    service: float | None = None,
    settings: float | None = None,
    others: Iterable[Any] = (),
    cart: float = 1700,
    released: float = RELEASED,
    **more: Any,
) -> Snapshot:
    """Return an edge that lost its words of trust with a release, and a cart behind it that was released before."""
    was = {"env": {"DATABASE": "off", **KONG}} if before is None else before
    env = {"env": {"DATABASE": "off"}}
    front = workload("edge", image, before=was, released=released, service=False, **{**env, **more})
    given = thing("ConfigMap", "edge-settings", written=settings, data={"nginx.conf": "limit_req zone=login;"})
    return snapshot(
        front,
        service_for("edge", written=service),
        given,
        workload("cart", before=OLD, released=cart),
        ingress("cart", "shop.example", klass="kong"),
        *others,
        logs=logs,
        alerts=[alert("SignInsFail", service="cart")],
    )


READS: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "edge-settings"}}]}
EXPRESS = {"env": {"TRUST_PROXY": "1"}}
HERE = (EDGE, "configuration_error", "rollback_workload")
HOLDS = [
    *(
        Holds(
            f"few addresses stand for all since its release, and many are refused{what}",
            world,
            HERE,
            excludes=(*no("restart_workload", "scale_workload", at=EDGE), *no("rollback_workload", at=CART)),
            harmful=ACT,
        )
        for what, world in (
            ("; it lost whom to believe, and those behind saw users before", edge(LIMITED, SEEN)),
            ("; those behind tell of users without an answer", edge(LIMITED, told("cart", USERS[:60], line=AUDIT))),
            ("; it lost whom to believe, and nobody else tells", edge(LIMITED)),
            (
                "; a proxy lost an argument of it",
                edge(
                    LIMITED,
                    SEEN,
                    before={"args": ["--entrypoints.web.forwardedHeaders.trustedIPs=10.60.0.0/16"]},
                    args=["--entrypoints.web.address=:8000"],
                    image="traefik:v3.3",
                ),
            ),
            (
                "; it is a network before the edge that stands for all",
                edge(told("edge", after=CDN, now=0.4), told("cart", USERS[:60], CDN, line=FIELDS)),
            ),
            (
                "; a program behind refuses them, and the edge has no log",
                edge(told("cart", USERS[:60], line=FIELDS, now=0.4)),
            ),
        )
    ),
    Holds(
        "another image of the edge takes the balancers for all users, as those behind it see",
        edge(LIMITED, SEEN, before={"image": "envoyproxy/envoy:v1.31"}, image="envoyproxy/envoy:v1.33"),
        (EDGE, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", at=CART),
        harmful=ACT,
    ),
    Holds(
        "a program that limits by itself was told no more that a proxy is before it",
        snapshot(
            workload("login", before=EXPRESS, released=RELEASED),
            logs=[told("login", now=0.5)],
            alerts=[alert("SignInsFail", deployment="login")],
        ),
        ("Deployment/login", "configuration_error", "rollback_workload"),
        harmful=ACT,
    ),
]
NO_TRUST = {"env": {"DATABASE": "off", "LOG_LEVEL": "notice"}}
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload", "scale_workload", "rollback_workload"))
    for what, world in (
        ("nobody is refused", edge(told("edge"), SEEN)),
        ("nobody is refused any more", edge(told("edge", now=0.4, over=1000), SEEN)),
        ("users have addresses of their own yet, and are refused", edge(told("edge", after=USERS, now=0.4))),
        (
            "of many users one alone is refused, since it is known who is who",
            edge(ONE_OF_MANY, before=NO_TRUST, env=TRUSTS),
        ),
        ("those behind see users yet", edge(LIMITED, told("cart", USERS[:60], LATER, line=FIELDS))),
        ("those behind saw the balancers before as well", edge(LIMITED, told("cart", BALANCERS, line=FIELDS))),
        ("the release changed another setting, and nobody tells of users before", edge(LIMITED, before=NO_TRUST)),
        ("as many were refused before", edge(told("cart", USERS[:60], line=FIELDS, was=0.4, now=0.4))),
        ("its Service was edited in the same minutes", edge(LIMITED, SEEN, service=RELEASED + 60)),
        (
            "settings that it reads were edited in the same minutes",
            edge(LIMITED, SEEN, settings=RELEASED, **READS),
        ),
        (
            "another edge before them was released in the same minutes",
            edge(LIMITED, SEEN, others=[workload("outer-proxy", before=OLD, released=RELEASED - 30)]),
        ),
        ("it was released long before", edge(LIMITED, SEEN, released=8 * 3600)),
    )
]
