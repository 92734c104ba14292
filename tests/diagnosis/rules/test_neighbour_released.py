"""A caller fails since what it calls was released, and its logs say so."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, CALLS_CART, CART, OLD, SHOP, URL, alert, errors, failing, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, postgres, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

GONE = "rpc error: code = Unimplemented desc = unknown service cart.v1.Basket"
WELL = errors("cart", 0.0)


def cart(**more: Any) -> list[Obj]:
    """Return a cart that was released ten minutes ago."""
    return workload("cart", **{"before": OLD, "released": 600, **more})


CALLER = shop(env=CALLS_CART, before={"image": "shop:0"}, released=9 * DAY)
FAILS = [errors("shop", 0.5, since=590), WELL]
SAYS = logs("shop", GONE, since=585)
BREAKS = 'level=ERROR msg="basket not saved" err="no such shard"'
WARNS = 'level=WARN msg="lease of the sweeper is held by another"'
BREAKS_LATER = log(pod("cart"), *["level=INFO msg=saved"] * 20, *[BREAKS] * 9, since=585)
GOES_ON = logs("cart", "level=INFO msg=saved", 1, since=585)
HOLDS = [
    Holds(
        "it has a method no more",
        snapshot(CALLER, cart(), figures=FAILS, logs=SAYS),
        (CART, "code_defect", "rollback_workload"),
        excludes=(*no("restart_workload", at=CART), *no("restart_workload", "rollback_workload", at=SHOP)),
        alone=True,
        began=570,
    ),
    Holds(
        "one of its new pods alone repeats an error: it is not the code that both of them run",
        snapshot(CALLER, cart(), figures=FAILS, logs=[*SAYS, *logs("cart", BREAKS, 0, since=585), *GOES_ON]),
        (CART, "dependency_failure", "page_human"),
        sure=(0.25, 0.5),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "both of its new pods repeat an error",
        snapshot(CALLER, cart(), figures=FAILS, logs=[*SAYS, *logs("cart", BREAKS, 0, 1, since=585)]),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "one of its new pods alone warns of something",
        snapshot(CALLER, cart(), figures=FAILS, logs=[*SAYS, *logs("cart", WARNS, 0, since=585), *GOES_ON]),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "one of its new pods alone repeats an error since long after the callers fail",
        snapshot(CALLER, cart(), figures=FAILS, logs=[*SAYS, BREAKS_LATER, *GOES_ON]),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "the pod that does not tell of the error has only just started",
        snapshot(
            CALLER,
            cart(released=280),
            figures=[errors("shop", 0.5, since=270), WELL],
            logs=[*logs("shop", GONE, since=265), *logs("cart", BREAKS, 0, since=265), *GOES_ON],
        ),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "it answers another path since an argument was changed, and two callers miss the old one",
        snapshot(
            workload("api", env={"PRICES": "http://prices:8080"}),
            workload("web", env={"PRICES": "http://prices:8080"}),
            workload("prices", args=["--prefix=/v2"], before={"args": ["--prefix=/"]}, released=1500),
            figures=[errors("api", 0.4, since=1480), errors("web", 0.1, since=1450), errors("prices", 0.0)],
            logs=[
                *logs("api", "WARN GET http://prices:8080/list returned 404 page not found", since=1400),
                *logs("web", "error: prices: cannot read a price: HTTP 404", since=1300),
            ],
        ),
        ("Deployment/prices", "configuration_error", "rollback_workload"),
        excludes=no("rollback_workload", at=API),
        alone=True,
    ),
    Holds(
        "nothing but its own lines tells that the caller calls it",
        snapshot(shop(), cart(), figures=FAILS, logs=SAYS),
        (CART, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "nobody measures the caller, and an alert speaks of another one that calls the same",
        snapshot(
            CALLER,
            workload("api", env=CALLS_CART),
            cart(),
            alerts=[alert("SyncBehind", deployment="api")],
            logs=logs("shop", "ERROR 422 Client Error: Unprocessable Entity for url: http://cart/v1", 0, since=585),
        ),
        (CART, "code_defect", "rollback_workload"),
        harmful=("restart_workload",),
    ),
]


def some_only(*told: Log, **figures: float) -> Snapshot:
    """Return a shop of three pods that all ask the cart, of which the first complains of it; how the others do."""
    rates = [figure("request_rate_by_pod", 5, figures.get("rate", 5), pod=pod("shop", n)) for n in range(3)]
    by_pod = failing(0.9, *[figures["others"]] * 2, since=585) if "others" in figures else []
    caller = shop(pods=3, env=CALLS_CART)
    return snapshot(caller, cart(), figures=[*FAILS, *by_pod, *(rates if by_pod else [])], logs=[*SAYS, *told])


def served(number: int, status: int) -> Log:
    return log(pod("shop", number), *[f'10.0.0.1 - - "GET /basket HTTP/1.1" {status} 512'] * 40, since=585)


HOLDS += [
    *(
        Holds(
            f"one of the caller's pods alone complains, and the others do as well as ever with it, {what}",
            world,
            (CART, "dependency_failure", "page_human"),
            believed=believed,
            harmful=("rollback_workload",),
        )
        for what, world, believed in (
            ("by figures", some_only(others=0.0), "odd_replica"),
            ("by their logs", some_only(served(0, 502), served(1, 200), served(2, 200)), ""),
        )
    ),
    *(
        Holds(
            f"one of the caller's pods alone complains, and {what}",
            world,
            (CART, "code_defect", "rollback_workload"),
        )
        for what, world in (
            ("the others fail as often", some_only(others=0.9)),
            ("nobody asks anything of the others", some_only(others=0.0, rate=0.0)),
            ("of the others nobody knows anything", some_only()),
        )
    ),
]
LACKS = "ERROR Unknown column 'old_code' in 'field list'"


def lacking(since: float = 605, **env: str) -> Snapshot:
    """Return a cart that was just released and misses a column of its database; bills tells of one as well."""
    objects = (CALLER, cart(env=URL), workload("bills", env=env or URL), postgres())
    told = [*logs("cart", LACKS, 0, 1, since=585), *logs("bills", LACKS, 0, 1, since=since)]
    return snapshot(*objects, figures=FAILS, logs=[*SAYS, *told])


HOLDS += [
    Holds(
        "another of its database, which was not released, misses the same column",
        lacking(),
        (CART, "dependency_failure", "page_human"),
        sure=(0.25, 0.5),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "another of its database missed a column long before",
        lacking(since=3000),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "another of another database misses a column",
        lacking(MODE="a"),
        (CART, "code_defect", "rollback_workload"),
    ),
]
QUORUM = "ERROR carts::store: Cannot achieve consistency level QUORUM: Not enough nodes are alive"
DOES_NOT_HOLD = [
    DoesNotHold(
        "the released one tells of a store that fails it, in a log that was cut since",
        snapshot(
            CALLER,
            cart(before={"image": "cart:0"}, released=1500),
            figures=[errors("shop", 0.5, since=1430), errors("cart", 0.5, since=1430)],
            logs=[*logs("shop", GONE, since=585), *logs("cart", QUORUM, 0, 1, since=200)],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its name stands only within that of a logger",
        snapshot(
            shop(),
            workload("web", before={"image": "web:0"}, released=600),
            figures=[errors("shop", 0.5, since=590), errors("web", 0.0)],
            logs=logs("shop", "WARN org.spring.web.Resolver : Resolved an exception: pool failed", since=585),
        ),
        ("Deployment/web", "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "the caller was released in the same minute",
        snapshot(shop(env=CALLS_CART, before={"image": "shop:0"}, released=610), cart(), figures=FAILS, logs=SAYS),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "its logs said so before that release",
        snapshot(CALLER, cart(), figures=FAILS, logs=logs("shop", GONE, since=3000, times=30)),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "its logs complain of another one",
        snapshot(CALLER, cart(), figures=FAILS, logs=logs("shop", GONE.replace("cart", "bank"), since=585)),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "the release was half an hour before",
        snapshot(CALLER, cart(released=2400), figures=FAILS, logs=SAYS),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "two that it complains of were released in that minute",
        snapshot(
            CALLER,
            cart(),
            workload("bank", before={"image": "bank:0"}, released=620),
            figures=FAILS,
            logs=[*SAYS, *logs("shop", "error: bank answered 404", 1, since=585)],
        ),
        ("page_human",),
    ),
    DoesNotHold(
        "the Service between them was written as well",
        snapshot(CALLER, cart(service=False), service_for("cart", written=605), figures=FAILS, logs=SAYS),
        ("page_human",),
    ),
    DoesNotHold(
        "a setting of the caller was written as well",
        snapshot(
            shop(env=CALLS_CART, envFrom=[{"configMapRef": {"name": "shop"}}], started=595),
            thing("ConfigMap", "shop", written=600),
            cart(),
            figures=FAILS,
            logs=SAYS,
        ),
        ("page_human",),
    ),
    DoesNotHold(
        "it is a database: what it wrote since may be lost on the old one",
        snapshot(
            shop(env=URL),
            postgres(before={"image": "postgres:15"}, released=600),
            figures=[errors("shop", 0.5, since=590)],
            logs=logs("shop", "ERROR: postgres: unknown function jsonb_path", since=585),
        ),
        ("page_human",),
    ),
]
