"""A page that sends to itself: users see nothing of it, figures see a crowd that is well served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, WELL, alert, rate, shop
from tests.diagnosis.rules.test_redirected_in_circles import HOST, NGINX, WAY, Line, behind, by_nodes, nginx, told, way
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ROUND = (
    '[1f00c4e1-{n}] Started GET "/login?to=%2Forders" for 203.0.113.30',
    "[1f00c4e1-{n}] Redirected to https://shop.test/login?to=%2Flogin",
    "[1f00c4e1-{n}] Completed 302 Found in 4ms",
)
ELSEWHERE = (ROUND[0], ROUND[1].replace("/login?", "/orders?"), ROUND[2])
SERVED = (ROUND[0], "[1f00c4e1-{n}] Completed 200 OK in 31ms")
FORCED = {"FORCE": {"configMapKeyRef": {"name": "shop-settings", "key": "SECURE_SSL_REDIRECT"}}}
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


def settings(*keys: str, age: float = 780) -> Obj:
    """Return the ConfigMap that the shop reads, of which some keys were edited, or nobody tells which."""
    made = thing("ConfigMap", "shop-settings", written=age, data={"SECURE_SSL_REDIRECT": "True"})
    if keys:
        made["metadata"]["managedFields"][-1]["fieldsV1"] = {"f:data": {f"f:{key}": {} for key in keys}}
    return made


def forced(
    line: Line = behind,
    *,
    of_old: int = 200,
    times: int = 3,
    then: tuple[int, ...] = (),
    released: float = 720.0,
    written: float | None = None,
    before: Mapping[str, Any] = OLD,
    settings: Obj | None = None,
    says: Log | None = None,
) -> Snapshot:
    """Return a shop behind an edge of which nearly all who ask are sent on since it was released."""
    return snapshot(
        workload("edge", NGINX, port=443),
        shop(before=before, released=released, env=FORCED if settings else {}),
        way(age=written),
        settings or (),
        logs=[says or told(line, sent=301, before=of_old, times=times, turned=690, then=then)],
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
BROUGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("by its code", "code_defect", {}),
    ("by a setting", "configuration_error", {"before": {"env": {"SECURE_SSL_REDIRECT": "False"}}}),
)
HOLDS += [
    Holds(
        f"the edge tells that all go round since it forces HTTPS: {what}",
        forced(**more),
        (SHOP, cause, "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    )
    for what, cause, more in BROUGHT
]
HOLDS += [
    Holds(
        f"the ConfigMap that it reads was written a minute before its release made the pods anew: {what}",
        forced(settings=made),
        ("ConfigMap/shop-settings", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        harmful=("rollback_workload",),
    )
    for what, made in (
        ("nobody tells what of it", settings()),
        ("what forces HTTPS", settings("SECURE_SSL_REDIRECT")),
    )
]
INNOCENT: tuple[tuple[str, Obj, str, dict[str, Any]], ...] = (
    ("was written then, but another setting of it", settings("PAGE_SIZE"), "code_defect", {}),
    ("was written the day before", settings(age=DAY), "code_defect", {}),
    (
        "was written then, but a setting of the release forces HTTPS",
        settings(),
        "configuration_error",
        {"before": {"env": FORCED | {"SECURE_SSL_REDIRECT": "False"}}},
    ),
)
HOLDS += [
    Holds(f"the ConfigMap that it reads {what}", forced(settings=made, **more), (SHOP, cause, "rollback_workload"))
    for what, made, cause, more in INNOCENT
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it sends all to a new domain, as wanted, and they come by the addresses of two nodes",
        forced(before={"env": {"CANONICAL_HOST": HOST}}, says=by_nodes(behind, turned=690)),
        harmful=("rollback_workload",),
    ),
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
