"""A pooler that cannot look logins up in its database, and what only sounds like it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import CART, IMAGE, OLD, SHOP, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

POOLER = "Deployment/pgbouncer"
URL = {"DATABASE_URL": "postgres://shop@pgbouncer:6432/shop"}
GONE = "[1] ERROR S: error in auth_query: ERROR: function public.user_lookup(unknown) does not exist"
DENIED = "[1] ERROR S: error in auth_query: ERROR: permission denied for function user_lookup"
OF_CLIENT = "ERROR org.postgresql.util.PSQLException: FATAL: bouncer config error"
DROPS = "LOG:  statement: DROP FUNCTION IF EXISTS public.user_lookup(text)"


def pooler(**more: Any) -> list[Obj]:
    return workload("pgbouncer", "edoburu/pgbouncer:1.23", port=6432, **({"env": {"DB_HOST": "postgres"}} | more))


def lost(
    line: str = GONE,
    *beside: list[Obj],
    of: list[Obj] | None = None,
    server: list[Obj] | None = None,
    since: float = 900,
    more: tuple[Log, ...] = (),
    fails: Any = None,
    times: int = 9,
) -> Snapshot:
    """Return a shop that fails more and more since its pooler repeats a line."""
    return snapshot(
        of or shop(env=URL),
        server or pooler(),
        postgres(),
        *beside,
        logs=[
            *(log(pod("pgbouncer", n), *[line] * times, since=since) for n in range(2)),
            *logs("shop", OF_CLIENT, 0, 1, since=since - 10),
            *more,
        ],
        figures=[errors("shop", 0.4, since - 20)] if fails is None else fails,
        alerts=[] if fails is not None else [alert(deployment="shop")],
    )


ASKED = (POOLER, "configuration_error", "page_human")
HARM = ("rollback_workload", "restart_workload", "restart_connection_pool", "scale_workload", "scale_database")
HOLDS = [
    Holds(
        "what it asks was dropped, and nobody was released",
        lost(more=(log("postgres-0", DROPS, since=960, of="postgres"),)),
        ASKED,
        excludes=(
            *no("restart_workload", "rollback_workload", at=SHOP),
            *no("restart_workload", "rollback_workload", at=POOLER),
        ),
        harmful=HARM,
        alone=True,
        began=900,
    ),
    Holds("it may not ask it any more", lost(DENIED), ASKED, harmful=HARM, alone=True),
    Holds(
        "the shop was released twenty minutes after, and does not come up",
        lost(of=shop(env=URL, before=IMAGE, released=300, ready=0, status=looping()), since=1500),
        ASKED,
        excludes=no("rollback_workload", at=SHOP),
        harmful=HARM,
    ),
    Holds(
        "another one that calls it was released a minute before",
        lost(
            GONE,
            workload("cart", env=URL, before=OLD, released=960),
            more=tuple(logs("cart", OF_CLIENT, 0, 1, since=880)),
        ),
        ASKED,
        excludes=no("rollback_workload", at=CART),
        harmful=HARM,
    ),
    Holds(
        "it was released right before, and may ask for something else now",
        lost(server=pooler(before={"image": "edoburu/pgbouncer:1.22"}, released=940)),
        ASKED,
        spares=no("rollback_workload", at=POOLER),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, (), harmful=("scale_workload", "scale_database"))
        for what, world in (
            (
                "the database starts",
                lost("[1] ERROR S: error in auth_query: FATAL: the database system is starting up"),
            ),
            (
                "the database is busy",
                lost("[1] ERROR S: error in auth_query: ERROR: canceling statement due to statement timeout"),
            ),
            ("a login that nobody knows", lost("[1] WARNING C-0x5: shop/(nouser)@10.1.0.4 pooler error: no such user")),
            ("a function of the shop's own is not there", lost("[1] LOG ERROR: function fare(int) does not exist")),
            ("nobody feels it", lost(fails=[errors("shop", 0.001)], more=())),
            ("it was told once", lost(times=1)),
        )
    ),
    DoesNotHold(
        "it was told half an hour ago, and no more since",
        snapshot(
            shop(env=URL),
            pooler(),
            postgres(),
            logs=[log(pod("pgbouncer"), *[GONE] * 9, *["[1] LOG stats: 9 xacts/s"] * 90, since=3600)],
            figures=[errors("shop", 0.4, 600)],
        ),
    ),
    DoesNotHold(
        "a program that is no pooler repeats the words of one",
        snapshot(shop(env=URL), pooler(), logs=logs("shop", GONE, 0, 1, since=900), figures=[errors("shop", 0.4, 880)]),
    ),
]
