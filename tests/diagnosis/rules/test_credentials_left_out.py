"""A release shows no credentials, and the same program of the version before is granted what it asks."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, pod, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

CODE = "code_defect"
KEY = {"PARCELS_KEY": secret_key("parcels", "key")}
NONE_CAME = "ERROR 401 Unauthorized: Authorization header is missing"
TRACE = ("#0 /srv/app/Parcels/Rates.php(41): throw()", "#1 /srv/app/Checkout.php(88): rates()")
NAMED = 'ERROR Get "https://api.parcels.example/v1/rates": 401 Unauthorized: no bearer token'
GRANTED = 'INFO parcels label 7 created {"status":201}'
GRANTED_BY_NAME = "INFO POST https://api.parcels.example/v1/labels -> 201"
LATE = (900, 600, 300, 60)


def told(line: str, number: int, *, answers: int = 500, early: tuple[int, ...] = (), once: str = "") -> Log:
    """Return the log of a pod that is refused again and again, with the traces of it, and how it answers then."""
    lines = [f'{at(age)} "GET /checkout HTTP/1.1" 200 900' for age in (3300, 3000, 2000)]
    for age in sorted((*early, *LATE), reverse=True):
        lines += [f"{at(age)} {once}"] if once and age == LATE[1] else []
        lines += [f"{at(age)} {line}", *TRACE, f'{at(age)} "GET /checkout HTTP/1.1" {answers} 90']
    return Log(pod("shop", number), "shop", tuple(lines))


def left_out(
    line: str = NONE_CAME,
    *more: list[Obj],
    says: str = GRANTED,
    fellow: str = "registry.example/shop:0",
    reads: Any = KEY,
    released: float = 3400,
    before: Any = IMAGE,
    answers: int = 500,
    early: tuple[int, ...] = (),
    edited: float | None = None,
    others: str = "INFO rendered",
    once: str = "",
    started: float | None = None,
    put: str = "",
) -> Snapshot:
    """Return a shop that is refused since half an hour after its release, and a worker that runs what it was before.

    ``once``: what it says beside. ``started``: how long ago the worker was; ``put``: a variable that its pod got.
    """
    worker = workload("post", fellow, env=reads, pods=1, started=started)
    for each in pods_of(worker) if put else ():
        each["spec"] = {**each["spec"], "containers": [{**each["spec"]["containers"][0], "env": [{"name": put}]}]}
    return snapshot(
        shop(env=KEY, before=before, released=released),
        worker,
        workload("page", pods=1),
        [thing("Secret", "parcels", written=edited)],
        *more,
        logs=[
            *(told(line, n, answers=answers, early=early, once=once) for n in (0, 1)),
            log(pod("post"), "INFO begun", *[says] * 3, since=600),
            log(pod("page"), *[others] * 3, since=3000),
        ],
        alerts=[alert("QuotesFail", service="shop")],
    )


HOLDS = [
    Holds(
        "a word that nobody else speaks tells that both ask the same",
        left_out(),
        (SHOP, CODE, "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a host tells that both ask the same",
        left_out(NAMED, says=GRANTED_BY_NAME),
        (SHOP, CODE, "rollback_workload"),
    ),
    *(
        Holds(f"in other words: {line}", left_out(f"ERROR 401 Unauthorized: {line}"), (SHOP, CODE, "rollback_workload"))
        for line in (
            "You did not provide an API key",
            "Request is missing required authentication credential",
            "missing bearer token",
            "access token was not provided",
        )
    ),
    Holds(
        "they were written before the other started",
        left_out(edited=2 * DAY, started=DAY),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "the release took a variable from it",
        left_out(before={"env": {**KEY, "PARCELS_KEY_FILE": "/keys/parcels"}}, fellow="registry.example/shop:1"),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("rollback_workload", "restart_workload"))
        for what, world in (
            ("credentials came, and were wrong", left_out("ERROR 401 Unauthorized: API key is missing or invalid")),
            ("the version before is refused as well", left_out(says=NONE_CAME)),
            ("the version before asks somebody else", left_out(says='INFO newsletter sent {"status":200}')),
            ("everybody speaks of them", left_out(others="INFO parcels page rendered")),
            ("the other asks another host", left_out(NAMED, says=GRANTED_BY_NAME.replace("api.", "old."))),
            ("the version before has other credentials", left_out(reads={"PARCELS_KEY": secret_key("post", "key")})),
            ("another program is granted", left_out(fellow="registry.example/post:3")),
            ("the same version is granted", left_out(fellow="registry.example/shop:1")),
            ("its own users showed none", left_out(answers=401)),
            ("the credentials were written of late", left_out(edited=3000)),
            ("they were written since the other started", left_out(edited=2 * DAY)),
            ("what lets the other in was put into its pod, and not into new ones", left_out(put="TOKEN_FILE")),
            ("it is refused for wrong ones as well", left_out(once="ERROR 401 Unauthorized: API key is invalid")),
            ("the other only speaks as a refusal does", left_out(says="INFO sync done status=200 missing=0")),
            ("the other answers by its name", left_out(says='"GET /parcels/7 HTTP/1.1" 200 90')),
            (
                "all lines of the program begin alike",
                left_out(f"parcels.{NONE_CAME}", says="parcels.INFO newsletter sent status=200"),
            ),
            ("it was refused before its release", left_out(released=1500, early=(2500,))),
            ("the release is old", left_out(released=20000)),
        )
    ),
    DoesNotHold("nothing was released", left_out(before=None)),
]
