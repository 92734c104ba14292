"""A host outside failed once or twice and answers all others well: nobody suffers. Or it answers that it cannot."""

from __future__ import annotations

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.refusing import HOST
from tests.diagnosis.rules.scenes import CART, errors, logs, shop
from tests.diagnosis.rules.tiny import pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

FAILS = (CART, "dependency_failure", "page_human")
FAILED = 300.0


def called(*ages: float, well: str = "200 in 572 ms", host: str = HOST) -> Snapshot:
    """Return a cart that nobody measures: one call failed at a host, which answered others at some ages."""
    told = [(age, f"INFO webhook POST https://{host}/hook -> {well} event=paid") for age in ages]
    failed = (FAILED, f"INFO webhook POST https://{HOST}/hook -> 500 in 901 ms event=paid")
    told = sorted([*told, failed], reverse=True)
    return snapshot(workload("cart"), shop(), logs=[timed(pod("cart"), *told)])


HOLDS = [
    Holds(f"few calls fail, and {what}", world, FAILS)
    for what, world in (
        ("the last one is of them", called(800, 700, 600, 500)),
        ("hardly more went well", called(500, 400, 200)),
        ("what else is asked there is refused", called(500, 400, 200, 100, well="403 in 20 ms")),
        ("another host answers", called(500, 400, 200, 100, host="other.example.com")),
        ("nothing tells how it answers else", called()),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"the host answers far more calls well, and did so last: {what}", called(*ages, well=well))
    for what, ages, well in (
        ("each in half a second", (500, 400, 200, 100), "200 in 572 ms"),
        ("in another word", (500, 450, 400, 350, 200), "accepted"),
        ("without content", (500, 450, 280, 200), "204"),
    )
]

STAMPS = "timestamp attempt=3/3 host=tsa.example.com http=200"
"""How a program tells of an authority outside that answers with 200, whatever it says in its answer."""
HOLDS += [
    Holds(
        f"it answers that it cannot: {line}",
        snapshot(shop(), workload("cart"), logs=logs("cart", line), figures=[errors("cart")]),
        FAILS,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=CART),
    )
    for line in (
        f'WRN {STAMPS} pki_status=2(rejection) fail_info=timeNotAvailable status_string="clock out of calibration"',
        "ERROR https://tsa.example.com/tsr: status code: rejected, failure codes: TIME_NOT_AVAILABLE",
        "ERROR cmp https://ca.example.com/cmp PKIStatus: rejection; PKIFailureInfo: systemUnavail",
        'WARN token https://login.example.com/oauth2/token {"error":"temporarily_unavailable"}',
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        f"what it answers tells of who asks, or of a user: {line}",
        snapshot(shop(), workload("cart"), logs=logs("cart", line), figures=[errors("cart")]),
        ASK,
    )
    for line in (
        f"WRN {STAMPS} pki_status=2(rejection) fail_info=badAlg",
        f"WRN {STAMPS} pki_status=2(rejection) fail_info=unacceptedPolicy",
        "ERROR https://tsa.example.com/tsr: status code: rejected, failure codes: BAD_DATA_FORMAT",
        "WARN https://slots.example.com/book status=rejected reason=timeNotAvailable",
        "WARN https://slots.example.com/book order rejected failure_code=timeNotAvailable",
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "it grants what is asked with a word of how its clock is",
        snapshot(shop(), workload("cart"), logs=logs("cart", f"INF {STAMPS} pki_status=0(granted) skew_ms=120")),
    )
]
