"""A page that sends to itself: users see nothing of it, figures see a crowd that is well served."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, WELL, alert, rate, shop
from tests.diagnosis.rules.tiny import DAY, log, pod, snapshot
from tuheg_ir.diagnosis.model import Snapshot

ROUND = (
    '[1f00c4e1-{n}] Started GET "/login?to=%2Forders" for 203.0.113.30',
    "[1f00c4e1-{n}] Redirected to https://shop.test/login?to=%2Flogin",
    "[1f00c4e1-{n}] Completed 302 Found in 4ms",
)
ELSEWHERE = (ROUND[0], ROUND[1].replace("/login?", "/orders?"), ROUND[2])
SERVED = (ROUND[0], "[1f00c4e1-{n}] Completed 200 OK in 31ms")
PLAIN = ('GET /login HTTP/1.1 302 location="/login?to=/login"',)


def site(
    *lines: str, also: tuple[str, ...] = (), now: float = 118, before: float = 11, released: float = 700
) -> Snapshot:
    """Return a site that was released lately, and what its log tells of each of many requests since then."""
    told = [line.format(n=n) for n in range(20) for line in lines]
    told += [line.format(n=100 + n) for n in range(20) for line in also]
    return snapshot(
        shop(before=OLD, released=released),
        logs=[log(pod("shop"), *told, since=650)],
        figures=[WELL, rate("shop", before, now)],
        alerts=[alert("SignInsDropped")],
    )


HOLDS = [
    *(
        Holds(
            f"since a release: {lines[-1]}",
            site(*lines),
            (SHOP, "code_defect", "rollback_workload"),
            excludes=no("restart_workload", "scale_workload", at=SHOP),
        )
        for lines in (ROUND, PLAIN)
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("a page sends to another one", site(*ELSEWHERE)),
    DoesNotHold("some have to come again, and most are served", site(*ROUND, also=SERVED)),
    DoesNotHold("who comes by HTTP is sent on to HTTPS, once", site(*ROUND, now=12)),
    DoesNotHold("it was so for days after the release", site(*ROUND, released=9 * DAY)),
]
