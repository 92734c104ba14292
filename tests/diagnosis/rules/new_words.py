"""Logs that repeat new words since some seconds ago, and worlds of them."""

from __future__ import annotations

from tests.diagnosis.rules.scenes import IMAGE, alert, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot
from tuheg_ir.diagnosis.model import Log, Snapshot

CART = "Deployment/cart"
SESSIONS = "WARN session used from 34 addresses"
AWAY = "ERROR label not printed: POST https://api.parcels.example/v1: 502 Bad Gateway"
CRASHED = "panic: runtime error: index out of range [2] with length 2"
FAILED = "ERROR http://shop:8080/v1 answered 500 Internal Server Error"


def warned(since: float = 600, lines: int = 40, of: str = pod("shop"), words: str = SESSIONS) -> Log:
    """Return a log that was calm, and warns again and again since some seconds ago."""
    calm = [f"INFO request {n}" for n in range(lines)]
    return log(of, *calm, *[words] * lines, since=2 * since)


def of_release(*told: Log) -> Snapshot:
    """Return a shop whose two pods tell of errors since their release, and of which an alert fires."""
    return snapshot(shop(before=IMAGE, released=1500), logs=told, alerts=[alert("BudgetBurn", app="shop")])
