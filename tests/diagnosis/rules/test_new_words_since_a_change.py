"""A log repeats new warnings since the one thing that was changed in the namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.back_again import NEW_WEB, back_again, emptied, hill, late_web, pending, worked_off
from tests.diagnosis.rules.behind_a_queue import BEHIND_A_QUEUE, BY_ITSELF
from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.pods import again, pods_of, put, younger
from tests.diagnosis.rules.scenes import IMAGE, OLD, SHOP, URL, alert, latency, logs, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    NOW,
    Obj,
    at,
    log,
    pod,
    postgres,
    redis,
    secret_key,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Log, Snapshot

SETTING = "configuration_error"
GUARD, CART = "ConfigMap/guard", "Deployment/cart"


SESSIONS = "WARN session used from 34 addresses"
WAITS = "WARN plan waited 9.1 s before it began, queue=54"
REFUSED = 'WARN {"method": "GET", "path": "/v1", "status": 429}'


def warned(since: float = 600, lines: int = 40, of: str = pod("shop"), words: str = SESSIONS) -> Log:
    """Return a log that was calm, and warns again and again since some seconds ago."""
    calm = [f"INFO request {n}" for n in range(lines)]
    return log(of, *calm, *[words] * lines, since=2 * since)


CEASED = "ERROR Unable to connect to cache:6379"


def ceased(
    of: str = pod("shop"), *, told: float = 300, silent: float = 900, goes_on: bool = True, works: str = "INFO request"
) -> Log:
    """Return a log that repeated an error for a while, long ago, and goes on with its work since then."""
    before = [f"{at(silent + told + n)} INFO request" for n in (1200, 600)]
    errors = [f"{at(silent + told * n / 40)} {CEASED}" for n in range(40, -1, -1)]
    after = [f"{at(age)} {works}" for age in range(int(silent) - 60, 0, -30)] if goes_on else []
    return Log(of, "shop", (*before, *errors, *after))


BROKE = "ERROR recovered panic: runtime error: index out of range [0] with length 0"


def broken(*panics: float, words: str = SESSIONS, of: str = "cart") -> Log:
    """Return the log of a pod that works, and tells of a fault of its own that many seconds ago."""
    lines = [(age, "INFO request") for age in range(1800, 0, -30)] + [(age, BROKE) for age in panics]
    lines += [(age, words) for age in range(595, 0, -15)] if words else []
    return Log(pod(of), of, tuple(f"{at(age)} {line}" for age, line in sorted(lines, reverse=True)))


def living_on(*told: Log, env: Mapping[str, str] = URL, **more: Any) -> Snapshot:
    """Return a shop that warns since long after its release, and another, by default on the same store."""
    cart = workload("cart", env=env, **more)
    desk = shop(env={**URL, "MODE": "b"}, before={"env": {**URL, "MODE": "a"}}, released=1500)
    return snapshot(postgres(), desk, cart, logs=(warned(), *told), alerts=[alert(app="shop")])


AGAIN = tuple(range(590, 0, -60))
"""When somebody breaks again and again."""


def beside(*told: Log, store: Iterable[Obj] = (), of_cart: Any = None, asks: str = "") -> Snapshot:
    """Return a shop that asks an api, and a cart beside them that was released just before words came."""
    asks = asks or "http://api:8080"
    at_store = URL if store else {}
    return snapshot(
        shop(env={"API_URL": asks}),
        workload("api", env=at_store),
        workload("cart", before=of_cart or OLD, env=at_store, released=660),
        store,
        logs=told,
        alerts=[alert()],
    )


def of_release(*told: Log) -> Snapshot:
    """Return a shop whose two pods tell of errors since their release, and of which an alert fires."""
    return snapshot(shop(before=IMAGE, released=1500), logs=told, alerts=[alert("BudgetBurn", app="shop")])


POOL = "ERROR HikariPool-1 - Connection is not available, request timed out after 30009ms (total=10, active=10, idle=0)"
LOCKED = "ERROR canceling statement due to lock timeout"
SLOW = "LOG:  duration: 8123.456 ms  statement: SELECT * FROM events"


def waiting(*slow: float, words: str = LOCKED) -> Snapshot:
    """Return a shop that waits for locks since its release, and a database that tells of slow statements then."""
    return snapshot(
        shop(env=URL, before=IMAGE, released=660),
        postgres(),
        logs=[
            log(pod("shop"), *["INFO request"] * 40, *[words] * 40, since=1200),
            Log("postgres-0", "postgres", tuple(f"{at(age)} {SLOW}" for age in slow)),
        ],
        alerts=[alert()],
    )


def without_data(started: float, *, released: float = 860, words: str = "ERROR no such cart") -> Snapshot:
    """Return a shop that misses something since ten minutes, a release of it, and a cache that was started."""
    return snapshot(
        shop(env={"REDIS_URL": "redis://redis:6379/0"}, before=IMAGE, released=released),
        redis(started=started),
        logs=[log(pod("shop", n), *["INFO request"] * 20, *[words] * 20, since=1200) for n in (0, 1)],
        alerts=[alert()],
    )


def parted(ago: float) -> Snapshot:
    """Return a shop that misses something since ten minutes, its release, and a standby that was lost so long ago."""
    return snapshot(
        shop(env={"DSN": "postgres://postgres:5432/shop"}, before=IMAGE, released=860),
        postgres(),
        logs=[
            *(log(pod("shop", n), *["INFO request"] * 20, *["ERROR no such cart"] * 20, since=1200) for n in (0, 1)),
            log("postgres-0", "LOG:  terminating walsender process due to replication timeout", since=ago),
        ],
        alerts=[alert()],
    )


AWAY = "ERROR label not printed: POST https://api.parcels.example/v1: 502 Bad Gateway"
REFUSES = 'ERROR Post "http://cart:8080/v1": dial tcp 10.96.0.9:8080: connect: connection refused'
CRASHED = "panic: runtime error: index out of range [2] with length 2"


def blames(words: str = AWAY, *of_cart: Log, **more: Any) -> Snapshot:
    """Return a shop that blames somebody since a cart beside it, which asks it, was released."""
    change: dict[str, Any] = {"before": OLD, "released": 660, **more}
    released = workload("cart", env={"SHOP_URL": "http://shop:8080"}, **change)
    return snapshot(shop(), released, logs=[warned(words=words), *of_cart], alerts=[alert()])


GIVES_UP = "fail: Lab.Parser[0] value 13,8 could not be processed, rejecting without requeue"
ASKS = {"API_URL": "http://api:8080"}
OF_A_BROKER = {"AMQP_USER": secret_key("rabbitmq-users", "user")}
READS_DB = {"DSN": secret_key("lab-db", "url")}


def unfed(
    says: str = GIVES_UP,
    *,
    well: int = 1,
    writes: Mapping[str, Any] = READS_DB,
    reads: Mapping[str, Any] = READS_DB,
    about: str = "api",
    fires: str = "ResultsStale",
    reader: str = "INFO newest of 08:36",
    released: float = 1500,
    more: Iterable[Obj] = (),
) -> Snapshot:
    """Return a shop that gives up what it takes since its release, and an api that reads what it writes; it is stale.

    ``well``: how many lines of each of its pods tell of no error, before eight that do.
    """
    lines = [*["INFO started"] * well, *[says] * 8]
    return snapshot(
        shop(env=writes, before=IMAGE, released=released),
        workload("api", env=reads),
        workload("web", env=ASKS),
        more,
        logs=[*(log(pod("shop", n), *lines, since=1480) for n in (0, 1)), log(pod("api"), *[reader] * 9)],
        alerts=[alert(fires, service=about)],
    )


def ending(cart: list[Obj], *numbers: int) -> list[Obj]:
    """Return a cart half rolled out, of whose two pods some ended; the second one is of the template before."""
    older = pods_of(cart)[1]
    older["metadata"]["labels"]["controller-revision-hash"] = "cart-r1"
    older["metadata"]["ownerReferences"][0]["name"] = "cart-r1"
    for number in numbers:
        put(pods_of(cart)[number], again("Error", 2, age=300))
    return cart


def beside_a_young_one(age: float, *, heard: bool = True) -> Snapshot:
    """Return a shop whose older pods warn since its caller was released, and a pod that was made since and does not."""
    calm = [log(pod("shop", 2), *["INFO request"] * 40, since=age)] if heard else []
    return snapshot(
        younger(shop(pods=3), 1, age=age),
        workload("cart", env={"SHOP_URL": "http://shop:8080"}, released=660, before=OLD),
        logs=[warned(), warned(of=pod("shop", 1)), *calm],
        alerts=[alert("CartErrors", deployment="cart")],
    )


HOLDS = [
    *(
        Holds(
            f"a caller was released, and beside the pods that warn is one {what}",
            world,
            ("Deployment/cart", "code_defect", "rollback_workload"),
        )
        for what, world in (
            ("that has just been made", beside_a_young_one(20)),
            ("that was made since, and nobody read its log", beside_a_young_one(420, heard=False)),
        )
    ),
    *(
        Holds(
            f"all its new pods give up what they take, and who reads what it writes has old data: {what}",
            world,
            (SHOP, "code_defect", "rollback_workload"),
            sure=(0.25, 0.45),
            alone=True,
        )
        for what, world in (
            ("they take the way into a database from one Secret", unfed()),
            ("they call one database", unfed(writes=URL, reads=URL, more=postgres())),
            ("the reader was released the day before", unfed(more=workload("cart", before=OLD, released=DAY))),
        )
    ),
    Holds(
        "the same, and it blames a host outside for all of it: a person looks",
        unfed(AWAY),
        (SHOP, "code_defect", "page_human"),
        believed="outside_dependency_fails",
    ),
    *(
        Holds(
            f"what it says since blames {what}",
            world,
            (CART, "code_defect", remedy),
            believed=by,
        )
        for what, remedy, world, by in (
            ("a host outside: a person looks", "page_human", blames(), "outside_dependency_fails"),
            ("nobody by name", "rollback_workload", blames("ERROR label not printed: 502 Bad Gateway"), ""),
            ("the released", "rollback_workload", blames(REFUSES), "unanswered_since_release"),
            (
                "a host outside, and the released panics",
                "rollback_workload",
                blames(AWAY, log(pod("cart"), *[CRASHED] * 4)),
                "outside_dependency_fails",
            ),
        )
    ),
    *(
        Holds(
            f"its cache was started {when}",
            without_data(started),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for when, started in (("weeks before its release", 20 * DAY), ("after it told of errors", 300))
    ),
    *(
        Holds(
            f"it waits for locks since its release, and a database that it uses tells of slow statements {what}",
            waiting(*slow),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, slow in (
            ("once before", (1800,)),
            ("often before, and was over it", range(3000, 1700, -45)),
            ("since its release as well", range(640, 0, -45)),
        )
    ),
    Holds(
        "requests are refused since one of those who ask was released",
        snapshot(
            shop(),
            workload("cart", env={"SHOP_URL": "http://shop:8080"}, before=OLD, released=660),
            logs=[warned(words=REFUSED)],
            alerts=[alert()],
        ),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a client of the database that warns was released",
        snapshot(
            shop(env=URL),
            postgres(),
            workload("cart", env=URL, before=OLD, released=660),
            logs=[warned(of="postgres-0")],
            alerts=[alert()],
        ),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a ConfigMap that the warner does not even read was written",
        snapshot(shop(), thing("ConfigMap", "guard", written=660), logs=[warned()], alerts=[alert()]),
        (GUARD, "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"another workload was released: {words}",
            snapshot(shop(), workload("cart", before=OLD, released=660), logs=[warned(words=words)], alerts=[alert()]),
            (CART, "code_defect", "rollback_workload"),
            sure=(0.25, 0.45),
        )
        for words in (SESSIONS, "WARN unknown form of a message from queue billing")
    ),
    *(
        Holds(
            f"another workload was released, and a program has work waiting: {what}",
            snapshot(
                shop(),
                workload("cart", env=env, before=OLD, released=660),
                logs=[warned(words=words)],
                alerts=[alert()],
            ),
            (CART, "code_defect", remedy),
            sure=(0.25, 0.45),
        )
        for what, env, words, remedy in (
            ("it may wait for its own hands, and a person looks", {}, WAITS, "page_human"),
            (
                "it has no thread to do it",
                {},
                "WARN the heartbeat ran for 1.6 s, this could be caused by thread pool starvation",
                "page_human",
            ),
            ("it says for how long it did", {}, "WARN slow POST /a 200 7231ms (db 11ms, queue 5061ms)", "page_human"),
            ("the released asks it", {"SHOP_URL": "http://shop:8080"}, WAITS, "rollback_workload"),
        )
    ),
    *(
        Holds(
            f"the errors of its new pods may only pause: {what}",
            of_release(*told),
            (SHOP, "code_defect", "rollback_workload"),
            sure=(0.25, 0.45),
        )
        for what, told in (
            (
                "they told them for longer, and not so often that they are missed by now",
                (ceased(told=840, silent=605), ceased(pod("shop", 1), told=840, silent=605)),
            ),
            (
                "it is a few minutes only",
                (ceased(told=1000, silent=240), ceased(pod("shop", 1), told=1000, silent=240)),
            ),
            ("one goes on with them", (ceased(), warned(1200, words=CEASED, of=pod("shop", 1)))),
            ("nothing at all is told since", (ceased(goes_on=False), ceased(pod("shop", 1), goes_on=False))),
            ("one is only asked whether it is there", (ceased(), ceased(pod("shop", 1), works="GET /readyz 200"))),
        )
    ),
    Holds(
        "its new pods told of errors for longer than they are silent, but so often that these are missed by now",
        of_release(ceased(told=800, silent=660), ceased(pod("shop", 1), told=800, silent=660)),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
        sure=(0.25, 0.45),
    ),
    Holds(
        "all its new pods repeat an error of which nothing is known, and somebody is called",
        snapshot(
            shop(before=IMAGE, released=900),
            logs=logs("shop", "fail: Customs.Sender[210] unsafe legacy renegotiation disabled", 0, 1, since=880),
            alerts=[alert("OutboxAge", app="shop")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        sure=(0.25, 0.45),
    ),
]
HOLDS += [
    *(
        Holds(
            f"it warns since long after a release of settings, and {what}", world, (SHOP, SETTING, remedy), harmful=harm
        )
        for remedy, harm, rows in (
            (
                "page_human",
                ("rollback_workload",),
                (("another on its store broke just before", living_on(broken(640, words=""))),),
            ),
            (
                "rollback_workload",
                (),
                (
                    ("another on its store broke since", living_on(broken(400, words=""))),
                    ("another on its store broke long before", living_on(broken(1500, words=""))),
                    ("another with no store of its own broke", living_on(broken(640, words=""), env={})),
                ),
            ),
        )
        for what, world in rows
    ),
    *(
        Holds(
            f"it broke, and a workload was released {what}",
            snapshot(
                shop(env=asks),
                workload("cart", before=OLD, released=660),
                logs=[broken(610, 590, of="shop")],
                alerts=[alert()],
            ),
            (CART, "code_defect", remedy),
        )
        for what, asks, remedy in (
            ("that it asks", {"CART_URL": "http://cart:8080"}, "rollback_workload"),
            ("with which it has nothing to do", {}, "page_human"),
        )
    ),
    Holds(
        "who asks it was released, and it tells that it has no room",
        snapshot(
            shop(),
            workload("cart", env={"SHOP_URL": "http://shop:8080"}, before=IMAGE, released=660),
            logs=[warned(words="ERROR cannot write /data/spool/7: No space left on device")],
            alerts=[alert()],
        ),
        (CART, "code_defect", "page_human"),
        believed="volume_full",
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "its release had served well, and then its statements wait for locks",
        snapshot(
            shop(before=IMAGE, released=1500),
            logs=[log(pod("shop", n), *["INFO request"] * 40, *[LOCKED] * 40, since=1200) for n in (0, 1)],
            alerts=[alert()],
        ),
        (SHOP, "code_defect", "page_human"),
        believed="store_outside",
        harmful=("rollback_workload", "restart_workload"),
    ),
]
HOLDS += [
    Holds(what, world, (component, "code_defect", remedy), believed=believed)
    for what, world, component, remedy, believed in (
        ("its code breaks since a stranger's release", beside(broken(*AGAIN, of="shop")), SHOP, "page_human", ""),
        (
            "what it asks breaks since a stranger's release",
            beside(warned(), broken(*AGAIN, words="", of="api")),
            "Deployment/api",
            "page_human",
            "",
        ),
        (
            "what it asks breaks since the release of who shares its store",
            beside(warned(), broken(*AGAIN, words="", of="api"), store=postgres()),
            CART,
            "rollback_workload",
            "",
        ),
        (
            "what it asks broke long before a stranger's release",
            beside(warned(), broken(*range(1790, 1700, -20), words="", of="api")),
            CART,
            "rollback_workload",
            "",
        ),
        (
            "what it asks broke once",
            beside(warned(), broken(500, words="", of="api")),
            CART,
            "rollback_workload",
            "",
        ),
    )
]
HOLDS += [
    Holds(
        f"two pods fail at what has no name since ten minutes, and the new image {what}",
        snapshot(
            shop(before=IMAGE, released=released),
            logs=[log(pod("shop", n), *["INFO request"] * 20, *[words] * 20, since=1200) for n in (0, 1)],
            alerts=[alert()],
        ),
        (SHOP, "code_defect", remedy),
        harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
    )
    for what, released, words, remedy in (
        ("served a minute before", 660, "ERROR no such cart", "rollback_workload"),
        ("served well for fourteen minutes", 1440, "ERROR no such cart", "page_human"),
        ("served well for fourteen minutes, and it stumbles itself", 1440, CRASHED, "rollback_workload"),
    )
]
HOLDS += [
    Holds(
        f"a caller was released, and the shop fails ten minutes after it at {what}",
        blames(words, released=1400, before=IMAGE),
        (CART, "code_defect", remedy),
    )
    for what, words, remedy in (
        ("what has no name", "ERROR no such row", "page_human"),
        ("what the caller serves", REFUSES, "rollback_workload"),
    )
]
FAILED = "ERROR http://shop:8080/v1 answered 500 Internal Server Error"
LONG_FIRING = alert("BackupVolumeNearlyFull")._replace(starts_at=NOW - timedelta(days=9))
HOLDS += [
    Holds(
        f"the shop fails since its release, and beside it {what}",
        snapshot(
            shop(before=IMAGE, released=660),
            workload("web", env={"SHOP_URL": "http://shop:8080"}),
            logs=[
                *(
                    log(pod("shop", n), *["INFO request"] * 20, *["ERROR no such cart"] * 20, since=1200)
                    for n in (0, 1)
                ),
                *told,
            ],
            alerts=[alert(), *fires],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        believed=by,
    )
    for what, told, fires, by in (
        ("an alert fires that always does", (), [LONG_FIRING], ""),
        ("an alert about it fires since days", (), [LONG_FIRING._replace(labels={"deployment": "shop"})], ""),
        (
            "its caller told of single failures half an hour before",
            [
                log(
                    pod("web"),
                    FAILED,
                    *["INFO request"] * 20,
                    FAILED,
                    *["INFO request"] * 20,
                    *[FAILED] * 18,
                    since=2000,
                )
            ],
            (),
            "unanswered_since_release",
        ),
    )
]
HOLDS += [
    Holds(
        f"a caller says that it cannot reach the cart since the release of this, of which pods end {what}",
        snapshot(
            shop(env={"CART_URL": "http://cart:8080"}),
            ending(workload("cart", before=OLD, released=700), *ends),
            logs=[warned(words=REFUSES)],
            alerts=[alert()],
        ),
        (CART, "code_defect", remedy),
        believed=by,
        harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
    )
    for what, ends, remedy, by in (
        ("of the template before as well: a person looks", (0, 1), "page_human", ""),
        ("of the new template alone", (0,), "rollback_workload", "unanswered_since_release"),
    )
]
HOLDS += [
    Holds(
        f"the shop fails since its release, and who asks it told of it {what}",
        snapshot(
            shop(before=IMAGE, released=660),
            workload("web", env={"SHOP_URL": "http://shop:8080"}),
            logs=[
                *(
                    log(pod("shop", n), *["INFO request"] * 20, *["ERROR no such cart"] * 20, since=1200)
                    for n in (0, 1)
                ),
                log(pod("web"), *[FAILED] * 9, since=since),
            ],
            alerts=[alert()],
        ),
        (SHOP, "code_defect", remedy),
        believed=by,
        harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
    )
    for what, since, remedy, by in (
        ("not before", 600, "rollback_workload", "neighbour_released"),
        ("half an hour before it came: a person looks", 2700, "page_human", ""),
    )
]
HOLDS += [
    Holds(
        f"what the shop asks was released, and had served well until the shop says: {words}",
        snapshot(
            shop(env={"CART_URL": "http://cart:8080"}),
            workload("cart", before=OLD, released=1400),
            logs=[warned(words=words)],
            alerts=[alert()],
        ),
        (CART, "code_defect", remedy),
        harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
    )
    for words, remedy in (
        ("ERROR basket not shown: GET http://cart:8080/v1 returned 500", "page_human"),
        ("WARN slow GET http://cart:8080/v1 7231 ms", "page_human"),
        ("ERROR read tcp 10.1.0.4:53122->cart:8080: connection reset by peer", "rollback_workload"),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a caller was released, and a pod that was made since says nothing like the others",
        beside_a_young_one(420),
        (SHOP, "service_crash", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    *(
        DoesNotHold(
            f"its new pods repeat an error, and an alert is about another one: {what}",
            world,
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("most of what they do succeeds", unfed(well=12)),
            ("it has nothing in common with it", unfed(reads={})),
            ("it is about a caller of who reads that", unfed(about="web")),
            ("it does not say that data are old", unfed(fires="PageCertificateUsage")),
            ("it came a day after the release", unfed(released=DAY)),
            ("they have a broker's Secret in common", unfed(writes=OF_A_BROKER, reads=OF_A_BROKER)),
            ("that one tells of errors itself", unfed(reader="ERROR no such ward")),
            ("it fired before the release", unfed(released=500)),
            ("another one was released as well", unfed(more=workload("cart", before=OLD, released=1700))),
        )
    ),
    DoesNotHold(
        "its cache was started between its release and its first words: it may be without its data",
        without_data(640),
        ("unknown", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "members of its database lost each other between its release and its first words",
        parted(640),
        ("unknown", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "the one database was started in between, whose address it keeps in a Secret",
        snapshot(
            shop(env={"DSN": secret_key("lab-db", "url")}, before=IMAGE, released=1500),
            postgres(started=640),
            logs=[log(pod("shop", n), *["INFO request"] * 20, *["ERROR no such row"] * 20, since=1200) for n in (0, 1)],
            alerts=[alert()],
        ),
        ("unknown", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "the errors of its new pods are over, and the release is in force: the alert looks back",
        of_release(ceased(), ceased(pod("shop", 1))),
        ("unknown", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "who calls it suffers since its words have ceased",
        snapshot(
            shop(env=URL),
            postgres(),
            thing("HorizontalPodAutoscaler", "shop", written=190),
            logs=[ceased("postgres-0", told=60, silent=120)],
            figures=[latency("shop", since=60)],
        ),
        ("unknown", "page_human"),
    ),
    *(
        DoesNotHold(
            f"what it told since {what} is over, and that is in force",
            snapshot(shop(), changed, logs=[ceased()], alerts=[alert()]),
            ("unknown", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, changed in (
            ("another was released", workload("cart", before=OLD, released=1260)),
            ("a ConfigMap was written", thing("ConfigMap", "guard", written=1260)),
        )
    ),
    *(
        DoesNotHold(
            f"it waits for its database since its release, and statements were slow before: {words[:30]}",
            waiting(*range(1800, 0, -45), words=words),
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for words in (POOL, LOCKED)
    ),
    DoesNotHold(
        "requests are refused, and what was released asks nothing",
        snapshot(shop(), workload("cart", before=OLD, released=660), logs=[warned(words=REFUSED)], alerts=[alert()]),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "a database speaks of its clients, and what was released is none of them",
        snapshot(
            shop(env=URL),
            postgres(),
            workload("cart", before=OLD, released=660),
            logs=[warned(of="postgres-0")],
            alerts=[alert()],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "only one of its new pods repeats it",
        snapshot(
            shop(before=IMAGE, released=900),
            logs=[*logs("shop", "fail: Customs.Sender[210]", 0), log(pod("shop", 1), *["info: sent"] * 9)],
            alerts=[alert("OutboxAge", app="shop")],
        ),
        (),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "another workload was released after people had been called",
        snapshot(shop(), workload("cart", before=OLD, released=300), logs=[warned(240)], alerts=[alert()]),
        ("unknown", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a ConfigMap was written after people had been called",
        snapshot(shop(), thing("ConfigMap", "guard", written=300), logs=[warned(240)], alerts=[alert()]),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "its new pods have new logs, and people had been called before",
        snapshot(
            shop(before=IMAGE, released=300),
            logs=logs("shop", "fail: Customs.Sender[210] unsafe legacy renegotiation disabled", 0, 1, since=280),
            alerts=[alert("OutboxAge", app="shop")],
        ),
        (),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "both",
        snapshot(
            shop(),
            thing("ConfigMap", "guard", written=660),
            workload("cart", before=OLD, released=660),
            logs=[warned()],
            alerts=[alert()],
        ),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "it has warned for as long as the log goes back",
        snapshot(
            shop(),
            thing("ConfigMap", "guard", written=660),
            logs=[log(pod("shop"), *["WARN session used from 34 addresses"] * 80, since=1200)],
            alerts=[alert()],
        ),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "nobody is called, and a release may bring new words",
        snapshot(shop(), workload("cart", before=OLD, released=660), logs=[warned()]),
        ("unknown", "page_human"),
    ),
]


H = 3600.0
CUT = "ERROR upload of flight {} ended: aborted"
MISSED = "WARN flight {} has no raw object, marked incomplete"


def every(step: float, line: str, since: float, upto: float = 60) -> list[tuple[float, str]]:
    """Return a line at even times from some seconds ago, with its ages."""
    return [(age, line) for age in range(int(since), int(upto), -int(step))]


def kept(name: str, *lines: tuple[float, str]) -> Log:
    return Log(name, name.rpartition("-")[0], tuple(f"{at(age)} {line}" for age, line in sorted(lines, reverse=True)))


def numbered(told: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return lines that each name a flight of their own."""
    return [(age, line.format(55100 + n)) for n, (age, line) in enumerate(told)]


def rarely(
    *beside: Any,
    cut: str = CUT,
    misses: str = MISSED,
    first: float = 15.3 * H,
    missed: float = 15.2 * H,
    known: float = 40 * H,
    neighbour: Mapping[str, Any] | None = None,
    calls: Mapping[str, str] | None = None,
    fires: float = 600,
) -> Snapshot:
    """Return a shop released 16 hours ago, an upload in two hours of which is cut, and who misses what does not come.

    ``first``, ``missed``: ages of the first error and the first warning; ``known``: that of the neighbour's first line.
    """
    called = {"SHOP_URL": "http://shop:8080"} if calls is None else dict(calls)
    told = [
        kept(pod("shop", n), *every(H, "INFO stored", 15.9 * H), *numbered(every(2 * H, cut, first - n * H)))
        for n in range(2)
    ]
    warns = [*every(H, "INFO registered", known), *numbered(every(1.5 * H, misses, missed))]
    return snapshot(
        shop(before=IMAGE, released=16 * H),
        workload("web", **{"env": called, "pods": 1, "age": 60 * DAY, **(neighbour or {})}),
        *beside,
        logs=[*told, kept(pod("web"), *warns)],
        alerts=[alert("UploadsFail", app="shop")._replace(starts_at=NOW - timedelta(seconds=fires))],
    )


HOLDS += [
    Holds(
        "what it fails at comes so rarely that the first error came late; a neighbour's older log misses it since then",
        rarely(),
        (SHOP, "code_defect", "rollback_workload"),
        sure=(0.25, 0.45),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "the same, and an edge was released the next day",
        rarely(workload("edge", before=OLD, released=H)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    *(
        Holds(
            f"they name one of the same namespace: {url}",
            rarely(cut=f"ERROR POST {url}/upload of flight {{}} aborted"),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for url in (
            "http://shop:8080",
            "http://shop.town:8080",
            "http://shop.town.svc:8080",
            "http://shop.town.svc.cluster.local:8080",
            "ws://user@shop.town.svc:8080",
        )
    ),
]
DOES_NOT_HOLD += [
    DoesNotHold(f"rare errors of new pods: {what}", world, harmful=("rollback_workload", "restart_workload"))
    for what, world in (
        ("no neighbour tells since when they are", rarely(missed=0)),
        (
            "the neighbour warns of its own affairs",
            rarely(misses="WARN tls certificate of webhook receiver ends in 13 days"),
        ),
        ("the neighbour is slow at times", rarely(misses="WARN slow request took 8{} us")),
        (
            "they name a host outside",
            rarely(cut="ERROR upload of flight {} to https://sftp.partner-files.com aborted by remote"),
        ),
        ("of any protocol", rarely(cut="ERROR upload of flight {} to sftp://in.partner-files.com aborted by remote")),
        ("with a user", rarely(cut="ERROR upload of flight {} to sftp://u:p@in.partner-files.com:22 aborted")),
        (
            "or in another namespace",
            rarely(cut="ERROR POST http://store.files.svc.cluster.local/u of flight {} aborted"),
        ),
        ("or of the network around", rarely(cut="ERROR POST http://store.office.local:8080/u of flight {} aborted")),
        ("by its address", rarely(cut="ERROR POST http://203.0.113.9:8080/u of flight {} aborted")),
        ("in its short form", rarely(cut="ERROR POST ws://store.files:8080/u of flight {} aborted")),
        ("the neighbour missed it before the release as well", rarely(missed=30.2 * H)),
        ("the neighbour's log does not reach back far enough", rarely(known=17 * H)),
        ("the neighbour is new itself", rarely(neighbour={"before": OLD, "released": 16.2 * H})),
        ("who misses something has nothing to do with it", rarely(calls={})),
        ("they came later than they come again", rarely(first=9.3 * H)),
        ("the neighbour misses it only hours later", rarely(missed=12.2 * H)),
        (
            "something else was written in between",
            rarely(thing("ConfigMap", "guard", written=15.5 * H, data={"a": "b"})),
        ),
        ("another one was released just before", rarely(workload("edge", before=OLD, released=16.4 * H))),
        ("they name who is away", rarely(cut="ERROR upload {}: connect ECONNREFUSED payments.example.com:443")),
        (
            "they name which kind of program is away",
            rarely(cut="ERROR upload {}: psycopg: server closed the connection unexpectedly"),
        ),
        ("people were called before the release", rarely(fires=17 * H)),
    )
]
HOLDS += [
    Holds(
        "its words are of a host outside that is back, with the release in force; what waits since stands",
        back_again(hill(left=36000)),
        ("Deployment/sender", "code_defect", "page_human"),
        harmful=("rollback_workload",),
    )
]
HOLDS += [
    Holds(
        f"what a host outside kept waiting is worked off, and it warns since its release{what}",
        world,
        ("Deployment/web", "code_defect", remedy),
    )
    for what, world, remedy in (
        (" still", worked_off(pending(2900, 20), beside=NEW_WEB, alerts=[late_web()]), "page_human"),
        (
            ", from before the host was away",
            worked_off(pending(3290, 900), waits=emptied(gone_s=2600), beside=NEW_WEB, alerts=[late_web()]),
            "rollback_workload",
        ),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold("its words are of a host that is back, and what waits melts", back_again(), HEALTHY),
    DoesNotHold(
        "its words are of what waited for a host that is back, and came after its release",
        worked_off(pending(), beside=NEW_WEB, alerts=[late_web()]),
        HEALTHY,
    ),
]
HOLDS += [
    Holds(
        f"its words were of {whom}, and it is over",
        back_again(hill(most=90, left=90), fails=line),
        ("Deployment/sender", "code_defect", "rollback_workload"),
    )
    for whom, line in (
        ("a pod of the cluster", 'level=error msg="send failed" err="dial tcp 10.1.0.9:587: i/o timeout"'),
        ("nobody by name", 'level=error msg="send failed" err="i/o timeout"'),
    )
]
HOLDS += [
    *(
        Holds(
            f"since its release it misses an answer, and another no longer works off a queue: {what}",
            world,
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, world in BEHIND_A_QUEUE
    ),
    *(
        Holds(f"since its release it tells of something, {what}", world, (SHOP, "code_defect", "rollback_workload"))
        for what, world in BY_ITSELF
    ),
]


def late(said: str, released: float = 600, first: str = "", **more: Any) -> Snapshot:
    """Return a shop with a new image whose pods warn, since a minute after it, of what is late.

    ``first``: what they say in the first three lines.
    """
    ages = range(int(released) - 60, 0, -15)
    told = [f"{at(age)} {first if first and n < 3 else said}" for n, age in enumerate(ages)]
    calm = [f"{at(released - 5)} INFO listening"]
    logs = [Log(pod("shop", n), "shop", (*calm, *told)) for n in (0, 1)]
    return snapshot(shop(**{"before": IMAGE, "released": released, **more}), logs=logs, alerts=[alert(app="shop")])


HOLDS += [
    *(
        Holds(
            f"its new pods tell of what waits since before their release: {words}",
            late(f"WARN plan of an order is late, {words}"),
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for words in (
            *('"waitingSec":1082', "waited 18 min", "waited_ms=1500000", "pending for 1100 s"),
            *('"waitingSec":1082,"attempts":2', "waited 18 min in attempt 4", "waiting for 1100 s"),
        )
    ),
    *(
        Holds(
            f"its new pods tell of what waits since their release, or of no wait: {words}",
            late(f"WARN plan of an order is late, {words}"),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for words in ('"waitingSec":31', "waited 30 s", "waited=1082", "order=1082s", "max wait: 1100s")
    ),
]
HOLDS += [
    Holds(
        f"its new pods tell of what they break: {what}",
        world,
        (SHOP, "code_defect", "rollback_workload"),
    )
    for what, world in (
        (
            "what was under way as it came waits first, and all that came later waits too",
            late("WARN plan of an order is late, waited 35 s", first="WARN plan of an order is late, waited 290 s"),
        ),
        *(
            (f"they say how long they will wait: {words}", late(f"WARN no answer of the planner, {words}"))
            for words in ("retry wait=900s", "waiting 900 s before the next attempt", "waiting for 900 s to try again")
        ),
    )
]


def found_nothing(line: str = "ERROR GET /v1/scans/{} 404 not found", served: int = 9) -> Snapshot:
    """Return a shop whose pods tell of requests since its release, and after every few served ones of one in vain."""
    well = [f"INFO GET /v1/orders/{n} 200 12 ms" for n in range(served)]
    lines = [each for n in range(20) for each in (*well, line.format(n))]
    return of_release(*(log(pod("shop", n), *lines, since=1400) for n in (0, 1)))


HOLDS += [
    Holds(
        f"an alert fires, and a log tells of answers 404 since a release: {what}",
        world,
        (SHOP, "code_defect", remedy),
        believed=believed,
        harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
    )
    for what, world, remedy, believed in (
        ("most requests find what they ask for", found_nothing(), "page_human", ""),
        ("hardly any request finds what it asks for", found_nothing(served=0), "rollback_workload", ""),
        (
            "who was asked is another",
            found_nothing("ERROR GET /v1/scans/{} 404 of http://scans:8080/v1"),
            "rollback_workload",
            "",
        ),
        ("it failed at them", found_nothing("ERROR GET /v1/scans/{} 500 no rows"), "rollback_workload", ""),
    )
]
