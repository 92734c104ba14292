"""Ordinary words of a pool in good health, of which some sound as if a session were lost."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import IMAGE, SHOP
from tests.diagnosis.rules.test_connections_not_returned import emptied

LEFT = 'WARN voucher refused note="early return, session not closed" pool_checked_out=7/15'
NOBODY = (SHOP, "unknown", "page_human")
HARM = ("rollback_workload", "restart_connection_pool")

HOLDS = [
    Holds(
        "its log tells of each session that is left, beside how much of its pool is taken",
        emptied(*[LEFT] * 20),
        (SHOP, "database_connection", "restart_connection_pool"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"its log {what}, and {came}", emptied(*[line] * 20, **made), NOBODY, harmful=HARM)
    for came, made in (("no release came", {}), ("a release came", {"before": IMAGE, "released": 2500}))
    for what, line in (
        ("counts none that were not returned", "INFO db pool: 0 connections not returned"),
        ("counts none that were not closed", "INFO pool: 0 sessions were not closed"),
        ("counts none of its own that were not returned", "INFO db pool check: 0 db connections were not returned"),
        ("tells that a session went back open", "DEBUG session not closed, returned to pool"),
        ("tells that a client of HTTP uses one again", "DEBUG http pool: connection not closed by server, reusing"),
        ("tells that a mailer uses one again", "INFO smtp pool: session not closed by peer, reusing it"),
        ("tells whose a session is", "INFO db session not closed: outer transaction owns it"),
    )
]
