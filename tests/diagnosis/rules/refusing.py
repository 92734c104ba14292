"""A host outside that grants all of us so much, and a program that was released and asks it more often."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.scenes import errors
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

HOST = "api.fares.example.com"
URL = {"FARES_URL": f"https://{HOST}"}
REFUSED = f'ERROR 429 Too Many Requests on GET request for "https://{HOST}/v2/offers"'
WATCHES = f"WARNING 429 from {HOST}, retrying immediately (attempt 3/5)"
SELDOM = {**URL, "WATCH_INTERVAL_SECONDS": "300"}


def polling(
    now: dict[str, str] | None = None,
    before: dict[str, str] | None = None,
    *,
    released: float = 900,
    says: str = WATCHES,
    refused: str = REFUSED,
    since: float = 700,
    well: int = 20,
    also: tuple[str, ...] = (),
    figures: tuple[Any, ...] = (),
    ratio: float = 0.4,
    shop: dict[str, Any] | None = None,
) -> Snapshot:
    """Return a watcher that was released, and a shop whose requests to the same host are refused since."""
    good = log(pod("shop"), *["INFO offers n=12"] * well, *[refused, *also] * 20, since=since * (1 + well / 20))
    env, old = now or {**URL, "WATCH_INTERVAL_SECONDS": "20"}, before or SELDOM
    return snapshot(
        workload("shop", env=URL, **(shop or {})),
        workload("watch", env=env, before={"env": old}, released=released, service=False),
        figures=[errors("shop", ratio, since), *figures],
        logs=[good, log(pod("watch"), "INFO started", *[says] * 20, since=since)],
    )
