"""A page that sends to itself: users see nothing of it, figures see a crowd that is well served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, WELL, alert, rate, shop
from tests.diagnosis.rules.test_redirected_in_circles import NGINX, WAY, Line, behind, nginx, told, way
from tests.diagnosis.rules.tiny import DAY, log, pod, snapshot, workload
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


def forced(
    line: Line = behind,
    *,
    of_old: int = 200,
    times: int = 3,
    then: tuple[int, ...] = (),
    released: float = 720.0,
    written: float | None = None,
    before: Mapping[str, Any] = OLD,
) -> Snapshot:
    """Return a shop behind an edge of which nearly all who ask are sent on since it was released."""
    return snapshot(
        workload("edge", NGINX, port=443),
        shop(before=before, released=released),
        way(age=written),
        logs=[told(line, sent=301, before=of_old, times=times, turned=690, then=then)],
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
HOLDS += [
    Holds(
        f"the edge tells that all go round since it forces HTTPS: {what}",
        forced(**more),
        (SHOP, cause, "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    )
    for what, cause, more in (
        ("by its code", "code_defect", {}),
        ("by a setting", "configuration_error", {"before": {"env": {"SECURE_SSL_REDIRECT": "False"}}}),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold("the edge tells that half are served", forced(then=(200, 200))),
    DoesNotHold("the edge tells that each is sent on once", forced(times=1)),
    DoesNotHold("the edge asks nobody, and sends on by itself", forced(nginx)),
    DoesNotHold("the edge sent all on before the release", forced(of_old=301)),
    DoesNotHold("the edge tells of it since days after the release", forced(released=5 * DAY)),
    DoesNotHold(
        "the way in was written then", forced(nginx, written=690.0), (WAY, "configuration_error", "page_human")
    ),
    DoesNotHold("a page sends to another one", site(*ELSEWHERE)),
    DoesNotHold("some have to come again, and most are served", site(*ROUND, also=SERVED)),
    DoesNotHold("who comes by HTTP is sent on to HTTPS, once", site(*ROUND, now=12)),
    DoesNotHold("it was so for days after the release", site(*ROUND, released=9 * DAY)),
]
