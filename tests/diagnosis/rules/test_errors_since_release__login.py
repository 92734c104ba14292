"""Pods of a release that are refused with a login, or cannot decrypt: the Secret that each start takes may be bad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import Holds, no
from tests.diagnosis.rules.pods import rollout
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, failing, shop
from tests.diagnosis.rules.test_stored_under_a_former_key import JAVA, PYTHON, TAKES, keys
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, postgres, secret_key, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

PHP = "ERROR SQLSTATE[HY000] [1045] Access denied for user '{}'@'10.1.0.7' (using password: YES) to postgres:5432"
GO = 'level=error msg="FATAL: password authentication failed for user "{}" (SQLSTATE 28P01)" host=postgres:5432'
NODE = "ERROR MongoServerError: Authentication failed. postgres:5432"
HOST: dict[str, Any] = {"DB_HOST": "postgres"}
LOGIN: dict[str, Any] = {**HOST, "DB_PASSWORD": secret_key("shop-db")}
OTHER: dict[str, Any] = {**HOST, "DB_PASSWORD": secret_key("mails-db")}
ANEW: dict[str, Any] = {"age": 30 * DAY, "started": 900}


def refused(
    line: str,
    *,
    mine: str = "shop",
    theirs: str = "shop",
    was: Mapping[str, Any] = LOGIN,
    times: int = 20,
    **mails: Any,
) -> Snapshot:
    """Return a shop whose new pods alone are refused by a database, and mails that are refused by it as well."""
    before = {**IMAGE, "env": was}
    beside = {"env": LOGIN, "pods": 1, **ANEW, **mails}
    said = line.format(theirs)
    return snapshot(
        rollout("shop", None, before=before, released=900, old=2, new=2, env=LOGIN),
        workload("mails", **beside),
        postgres(),
        figures=failing(0.001, 0.002, 0.6, 0.5, since=840),
        logs=[
            *(log(pod("shop", n), *["INFO GET /a 200"] * 20, since=840) for n in (0, 1)),
            *(log(pod("shop", n), *[line.format(mine)] * 20, since=840) for n in (2, 3)),
            log(pod("mails"), *["INFO mail sent"] * (20 - times), *[said] * times, since=880),
        ],
    )


def undecrypted(line: str, *secrets: Obj, times: int = 20, env: Any = TAKES, was: Any = None, **more: Any) -> Snapshot:
    """Return a shop that cannot decrypt what is stored since its release, and the Secrets that were read."""
    before = {**IMAGE, "env": was or env}
    lines = ["INFO GET /a 200"] * 20 + [line] * times
    return snapshot(
        shop(env=env, before=before, released=660, **more),
        list(secrets),
        figures=[errors("shop")],
        logs=[log(pod("shop", n), *lines, since=570) for n in (0, 1)],
    )


WHOLE: dict[str, Any] = {"envFrom": [{"secretRef": {"name": "shop-env"}}]}
BACK, LOOK, CODE = "rollback_workload", "page_human", "code_defect"
HOLDS = [
    *(
        Holds(
            f"only new pods are refused, and one that was not released is too: {what}",
            world,
            (SHOP, "dependency_failure", LOOK),
            believed="credentials_refused",
            harmful=(BACK, "restart_workload"),
        )
        for what, world in (
            ("MySQL names the user", refused(PHP)),
            ("PostgreSQL does", refused(GO)),
            ("nobody names it, and both take one Secret", refused(NODE)),
        )
    ),
    *(
        Holds(f"only new pods are refused, and {what}", world, (SHOP, CODE, BACK))
        for what, world in (
            ("the other one as another user", refused(PHP, theirs="mails")),
            ("nobody names the user, and the other one takes another Secret", refused(NODE, env=OTHER)),
            ("the other one was released with it", refused(GO, before=IMAGE, released=900, started=900, age=30 * DAY)),
            ("the other one was once", refused(GO, times=1)),
        )
    ),
    *(
        Holds(
            f"it cannot decrypt, and nobody knows of edits of its key: {what}",
            world,
            (SHOP, "configuration_error", LOOK),
            excludes=no(BACK, "restart_workload", at=SHOP),
            harmful=(BACK, "restart_workload"),
        )
        for what, world in (
            ("Java", undecrypted(JAVA)),
            ("Python, and all of a Secret is taken", undecrypted(PYTHON, env={}, **WHOLE)),
            ("a Secret beside it was read", undecrypted(JAVA, keys(name="salts"))),
        )
    ),
    *(
        Holds(f"it cannot decrypt, and {what}", world, (SHOP, CODE, BACK))
        for what, world in (
            ("its key is known not to have been written", undecrypted(JAVA, keys())),
            ("no Secret holds a key of it", undecrypted(JAVA, env=HOST)),
            ("it was one row", undecrypted(PYTHON + " row 9", times=1)),
            ("it says nothing of that", undecrypted("ERROR TypeError: x is undefined")),
        )
    ),
]
HOLDS += [
    Holds(
        "it cannot decrypt, and its release took the key from elsewhere",
        undecrypted(JAVA, env=TAKES, was={"DATA_KEY": secret_key("former-keys", "data")}),
        (SHOP, CODE, BACK),
    ),
    Holds(
        "only new pods are refused, and they took their login from elsewhere before",
        refused(GO, was=OTHER),
        (SHOP, CODE, BACK),
        believed="credentials_refused",
    ),
]
