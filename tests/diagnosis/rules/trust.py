"""Clients that trust a server no more: their roots are old, or their release is strict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.pods import pods_of, reown, younger
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, down, logs, shop
from tests.diagnosis.rules.tiny import DAY, log, pod, secret_key, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

UNKNOWN = "ERROR produce to https://cart:8443 failed: tls: x509: certificate signed by unknown authority"
CHAIN = (
    "SqlException: error occurred during the login process. (provider: SSL Provider, error: 0 - "
    "The certificate chain was issued by an authority that is not trusted.) AuthenticationException"
)
ROOTS = {"BROKER_CA": secret_key("broker-ca", "ca.crt"), **CALLS_CART}


def rewritten(
    *refused: int,
    written: float = 900,
    env: Mapping[str, Any] | None = None,
    since: float = 600,
    young: int = 0,
    age: float = 1000,
    secret: str = "broker-ca",
    key: str = "ca.crt",
    line: str = UNKNOWN,
    more: Sequence[Log] = (),
    figures: Sequence[tuple[str, Series]] = (),
    revised: bool = False,
    **of: Any,
) -> Snapshot:
    """Return a shop of three whose pods distrust the cart, and roots that were written so long ago.

    ``young``: so many of them started ``age`` seconds ago; who does not refuse works. ``revised``: the last
    of them is of another template.
    """
    pods = shop(pods=3, env=env or {"BROKER_CA": secret_key(secret, key), **CALLS_CART}, **of)
    pods = younger(pods, young, age=age) if young else pods
    if revised:
        reown(pods_of(pods)[-1], "shop-r9", age)
    fine = [log(pod("shop", n), *["INFO produced"] * 9) for n in range(3) if n not in refused]
    told = [*logs("shop", line, *refused, since=since), *fine, *more]
    roots = thing("Secret", secret, written=written, data={key: ""})
    beside = workload("web", env={**ROOTS}, started=600)
    return snapshot(pods, workload("cart"), beside, roots, logs=told, figures=figures)


def strict(
    *more: Any,
    line: str = CHAIN,
    since: float = 590,
    told: Sequence[Log] = (),
    refused: tuple[int, ...] = (0, 1),
    times: int = 9,
    before: Mapping[str, Any] = IMAGE,
    env: Mapping[str, Any] | None = None,
    **of: Any,
) -> Snapshot:
    """Return a shop whose pods distrust somebody since its release ten minutes ago, and another that does not."""
    fine = [log(pod("shop", n), *["INFO ok"] * 9) for n in range(2) if n not in refused]
    lines = [*logs("shop", line, *refused, times=times, since=since), *fine, *told]
    return snapshot(shop(env=env or {}, before=before, **of), workload("web"), *more, logs=lines)


def unkept(
    *earlier: tuple[float, str], unready: float | None = None, released: float = 7200, cart: float = 10 * DAY
) -> Snapshot:
    """Return a shop that was never ready since it is told to verify hosts, with logs of the last minutes alone."""
    made = shop(
        env=CALLS_CART, args=["serve"], before={**IMAGE, "args": ["serve", "--tls-insecure"]}, released=released
    )
    told = [(age, CHAIN) for age in (600, 480, 360, 240, 120)]
    lines = [timed(pod("shop", n), *earlier, *told) for n in range(2)]
    return snapshot(
        down(made, {}, unready=released if unready is None else unready), workload("cart", started=cart), logs=lines
    )
