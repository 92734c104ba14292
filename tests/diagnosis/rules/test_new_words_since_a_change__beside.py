"""New words since a release speak of it, unless somebody beside it is ill beyond doubt or meets the same."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, SHOP, URL, alert, down, shop
from tests.diagnosis.rules.test_already_recovered__outage import WRONG
from tests.diagnosis.rules.test_already_recovered__outage import beside as beside_an_outage
from tests.diagnosis.rules.tiny import Obj, at, figure, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

OWN = "ERROR order 7 has no total"
REFUSED = "ERROR Get http://cart:8080/v1: dial tcp 10.96.0.7:8080: connect: connection refused"
STRANGER = "ERROR django.security.DisallowedHost: Invalid HTTP_HOST header: '203.0.113.9'. You may need to add it."
UNKNOWN = "ERROR django.security.DisallowedHost: Invalid HTTP_HOST header: 'old.shop.example'."
RANGE = "ERROR psycopg.errors.NumericValueOutOfRange: integer out of range"
PROBED: dict[str, Any] = {"readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}
OLD_DATA = "WARN balance is stale: projected 3160 s ago, answering 409"
BACK, LOOK = "rollback_workload", "page_human"


def warned(of: str, words: str, since: float = 600) -> list[Log]:
    """Return the logs of both pods of a Deployment, which were calm, and repeat an error since some seconds ago."""
    return [log(pod(of, n), *["INFO request"] * 40, *[words] * 40, since=2 * since) for n in (0, 1)]


def released(*beside: list[Obj], words: str = OWN, logs: tuple[Log, ...] = (), **more: Any) -> Snapshot:
    """Return a shop that tells of errors since its release."""
    mine = shop(before=IMAGE, released=660, **more)
    return snapshot(mine, *beside, logs=[*warned("shop", words), *logs], alerts=[alert(service="shop")])


def ill(**more: Any) -> list[Obj]:
    """Return a cart none of whose pods comes up."""
    return down(workload("cart", ready=0, **more), looping())


def refused(since: float = 600, **cart: Any) -> Snapshot:
    """Return a shop that finds no open port at the cart, which was released 25 minutes ago."""
    callee = workload("cart", before=IMAGE, released=1500, **cart)
    told = warned("shop", REFUSED, since)
    return snapshot(shop(env=CALLS_CART), callee, logs=told, alerts=[alert(service="shop")])


def reported(*lacking: float, paths: int = 6, share: int = 1) -> Snapshot:
    """Return a shop whose new pods report files that browsers lack, and a cart that lacked them that long ago.

    ``paths``: how many; ``share``: one of so many lines names one of them.
    """
    words = [
        f'WARN browser could not load "https://cdn.example/covers/{n % paths if n % share == 0 else n + 100}/a.jpg"'
        for n in range(40)
    ]
    access = [f'{at(age)} 10.0.0.9 "GET /covers/{n}/a.jpg HTTP/1.1" 404 0' for age in lacking for n in range(paths)]
    told = [log(pod("shop", n), *["INFO request"] * 5, *words, since=630) for n in (0, 1)]
    asked = Log(pod("cart"), "cart", tuple(access))
    mine = shop(before=IMAGE, released=660)
    return snapshot(mine, workload("cart"), logs=[*told, asked], alerts=[alert(service="shop")])


def late(words: str = OLD_DATA, *, grows: bool = True, store: Any = URL) -> Snapshot:
    """Return a shop that tells of old data since the release of a neighbour, and a feed before which a queue grows."""
    waits = [figure("queue_depth", 20, 8000, 700, component="feed")] if grows else []
    return snapshot(
        shop(env=URL),
        postgres(),
        workload("kafka", "bitnami/kafka:3", kind="StatefulSet", pods=3, port=9092),
        workload("mails", before=IMAGE, released=660, service=False),
        workload("feed", env={**store, "KAFKA_BROKERS": "kafka:9092"}, service=False),
        figures=waits,
        logs=warned("shop", words),
        alerts=[alert(service="shop")],
    )


ALIKE: dict[str, Any] = {"env": URL, "words": RANGE}
HOLDS = [
    *(
        Holds(f"it tells of errors since its release, {what}", world, (SHOP, "code_defect", remedy))
        for what, world, remedy in (
            ("and all are well beside it", released(workload("cart")), BACK),
            ("namely of a name that somebody knows it by", released(words=UNKNOWN), BACK),
            ("and one beside it has no pod ready", released(ill()), LOOK),
            ("and one that needs it has no pod ready", released(ill(env={"SHOP_URL": "http://shop:8080"})), BACK),
            ("and one beside it has lost one pod of two", released(workload("cart", ready=1)), BACK),
            (
                "and one on the same store tells of the same",
                released(workload("cart", env=URL), postgres(), logs=(*warned("cart", RANGE, 500),), **ALIKE),
                LOOK,
            ),
            (
                "and one on the same store tells of the same since long before",
                released(workload("cart", env=URL), postgres(), logs=(*warned("cart", RANGE, 1700),), **ALIKE),
                BACK,
            ),
        )
    ),
    *(
        Holds(
            f"one tells that its data are old since the release of a neighbour, {what}",
            world,
            ("Deployment/mails", "code_defect", BACK),
        )
        for what, world in (
            ("and no queue grows", late(grows=False)),
            ("and who is late has another store", late(store={})),
            ("and its words are of something else", late("WARN 7 items have no price")),
        )
    ),
    *(
        Holds(f"it reports what browsers lack since its release, {what}", world, (SHOP, "code_defect", remedy))
        for what, world, remedy in (
            ("and another lacked that before it came", reported(5000, 400), LOOK),
            ("and another lacks that only since it came", reported(600, 300), BACK),
            ("and of it another lacked very little", reported(5000, paths=2), BACK),
            ("and most of it nobody lacked", reported(5000, share=3), BACK),
        )
    ),
    *(
        Holds(f"who asks the released finds no open port, {what}", world, (CART, "code_defect", remedy), believed=by)
        for what, world, remedy, by in (
            ("and nobody probes it", refused(), BACK, ""),
            ("and it is ready by a probe since long before: the way leads elsewhere", refused(**PROBED), LOOK, ""),
            ("since it came", refused(since=1400, **PROBED), BACK, "neighbour_released"),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a neighbour was released before one tells that its data are old: who brings them is late: {words}",
            late(words),
            ("Deployment/feed", "capacity", "scale_workload"),
            harmful=(BACK,),
        )
        for words in (OLD_DATA, "WARN prices are outdated by 40 min", "ERROR catalogue last update 14:02, lag 2400 s")
    ),
    DoesNotHold("its log tells of nothing but strangers who ask it by its address", released(words=STRANGER)),
]
HOLDS += [
    Holds(
        f"a host outside kept others waiting, and since its release it told meanwhile {what}",
        beside_an_outage(words),
        ("Deployment/web", "code_defect", "rollback_workload"),
    )
    for what, words in (("of its own bills", WRONG), ("of its own books", "ERROR ledger entry 17 was booked twice"))
]
