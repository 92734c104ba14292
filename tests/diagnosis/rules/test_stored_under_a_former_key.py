"""The key of stored data was replaced in its Secret: who started since cannot read it, released or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, errors
from tests.diagnosis.rules.tiny import DAY, Obj, at, pod, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

PYTHON = "ERROR connection warehouse: cryptography.fernet.InvalidToken"
JAVA = "ERROR row 90413: javax.crypto.AEADBadTagException: Tag mismatch"
GO = 'level=error msg="read secret" err="cipher: message authentication failed"'
RAILS = "E, ERROR -- : ActiveRecord::Encryption::Errors::Decryption (ActiveRecord::Encryption::Errors::Decryption)"
PHP = "local.ERROR: Illuminate\\Contracts\\Encryption\\DecryptException: The MAC is invalid."
PAYS, DESK, KEYS = "Deployment/pays", "Deployment/desk", "Secret/keys"
HOUR = 3600.0
TAKES: dict[str, Any] = {"DATA_KEY": secret_key("keys", "data")}
LOGIN: dict[str, Any] = {"DATABASE_PASSWORD": secret_key("keys")}
OTHER: dict[str, Any] = {"SALT": secret_key("salts", "rows")}


def keys(*wrote: tuple[str, float], name: str = "keys", age: float = 90 * DAY, holds: Iterable[str] = ("data",)) -> Obj:
    """Return a Secret, the keys of it that were written since, and how long ago each was."""
    made = thing("Secret", name, age=age, data=dict.fromkeys((*holds, "password"), ""))
    first: dict[str, Any] = {f"f:{each}": {} for each in (*holds, "password")}
    made["metadata"]["managedFields"] = [
        {"manager": "helm", "operation": "Update", "time": at(age), "fieldsV1": {"f:data": first}},
        *(
            {
                "manager": "kubectl-edit",
                "operation": "Update",
                "time": at(age),
                "fieldsV1": {"f:data": {f"f:{key}": {}}},
            }
            for key, age in wrote
        ),
    ]
    return made


def said(name: str, line: str, since: float, *, index: int = 0, until: float = 60) -> Log:
    """Return the log of a pod that works, and tells of a trouble since a time."""
    times = [(since - (since - until) * n / 9, line) for n in range(10)]
    return Log(pod(name, index), name, tuple(f"{at(age)} {each}" for age, each in times))


def world(
    line: str = JAVA,
    *more: Obj,
    edited: float | None = 2 * HOUR,
    key: Obj | None = None,
    shop: Mapping[str, Any] | None = None,
    pays: Mapping[str, Any] | None = None,
    since: tuple[float, float] = (3500, 1700),
    logs: Iterable[Log] | None = None,
    figures: Iterable[Any] = (),
) -> Snapshot:
    """Return a shop that was released after a key was written, pays that was started anew, and an older desk."""
    held = key or keys(*([("data", edited)] if edited else []))
    made = {"before": IMAGE, "released": 3600, "env": TAKES, "pods": 1, **(shop or {})}
    anew = {"age": 40 * DAY, "started": 1800, "env": TAKES, "pods": 1, **(pays or {})}
    told = [said("shop", line, since[0]), said("pays", line, since[1])]
    return snapshot(
        workload("shop", **made),
        workload("pays", **anew),
        workload("desk", age=40 * DAY, env=TAKES, pods=1),
        [held, *more],
        logs=told if logs is None else list(logs),
        figures=list(figures),
        alerts=[alert(service="shop")],
    )


WHOLE: dict[str, Any] = {"env": {}, "envFrom": [{"secretRef": {"name": "keys"}}]}
SHOP_ALONE = [said("shop", JAVA, 3500)]
FOUND = (KEYS, "configuration_error", "page_human")
BARRED = ("restart_workload", "rollback_workload", "scale_workload")
HOLDS = [
    Holds(
        "a released one and one that was only started anew, in Java's words; who runs from before is to be left alone",
        world(),
        FOUND,
        excludes=(*no(*BARRED, at=SHOP), *no(*BARRED, at=PAYS), *no("restart_workload", "scale_workload", at=DESK)),
        harmful=BARRED,
        alone=True,
    ),
    *(
        Holds(
            what,
            found,
            FOUND,
            excludes=no(*BARRED, at=SHOP),
            harmful=BARRED,
            alone=True,
        )
        for what, found in (
            ("in Python's words, and the key was written days ago", world(PYTHON, edited=6 * DAY)),
            ("in Go's words, and pays takes all of a Secret whose name says key", world(GO, pays=WHOLE)),
            (
                "in Rails' words: only who was started anew tells of it, nothing was released",
                world(RAILS, shop={"before": None}, logs=[said("pays", RAILS, 1700)]),
            ),
            (
                "in Laravel's words: only the released one was started since",
                world(PHP, pays={"started": 40 * DAY}, logs=[said("shop", PHP, 3500)]),
            ),
            ("the Secret was made anew by who removed it", world(key=keys(age=2 * HOUR))),
            (
                "a login beside it was written too, hours before",
                world(key=keys(("data", 2 * HOUR), ("password", 9 * HOUR)), shop={"env": TAKES | LOGIN}),
            ),
            (
                "another key was written too, which none of those takes that cannot decrypt",
                world(JAVA, keys(("rows", 2 * HOUR), name="salts", holds=("rows",))),
            ),
            ("the key was written weeks ago, and nobody was started until now", world(edited=30 * DAY)),
            (
                "the key is in a file for one of them",
                world(
                    pays={"env": {}, "spec": {"volumes": [{"name": "k", "secret": {"secretName": "keys"}}]}},
                    key=keys(("data-key", 2 * HOUR), holds=("data-key",)),
                    shop={"env": {"DATA_KEY": secret_key("keys", "data-key")}},
                ),
            ),
        )
    ),
    Holds(
        "keys of two Secrets were written, and nobody can tell which it is",
        world(
            JAVA,
            keys(("rows", 2 * HOUR), name="salts", holds=("rows",)),
            shop={"env": TAKES | OTHER},
            pays={"env": TAKES | OTHER},
        ),
        (PAYS, "configuration_error", "page_human"),
        excludes=(*no(*BARRED, at=SHOP), *no(*BARRED, at=PAYS)),
        harmful=BARRED,
        alone=True,
    ),
]
BACK = (SHOP, "code_defect", "rollback_workload")
FAILS = [errors("shop", since=3500)]


def labelled(manager: str, label: str, edited: float, *, made: float = 90 * DAY) -> Obj:
    """Return a Secret of whose last write nobody knows whether it was one of the key or of a label."""
    secret = keys(age=made)
    holds = {"f:data": {"f:data": {}, "f:password": {}}, "f:metadata": {"f:labels": {".": {}, f"f:{label}": {}}}}
    secret["metadata"]["managedFields"] = [
        {"manager": manager, "operation": "Update", "time": at(edited), "fieldsV1": holds}
    ]
    return secret


def reads_well(line: str, since: float) -> list[Log]:
    """Return the logs of pays, which tells of its work since it started with the key, and of a shop that fails."""
    return [*SHOP_ALONE, said("pays", line, since)]


CHART, READS = "helm.sh/chart", "INFO row 4711 read and decrypted, POST /pay 200"
HOLDS += [
    Holds(what, found, FOUND, excludes=no(*BARRED, at=SHOP), harmful=BARRED, alone=True)
    for what, found in (
        (
            "a chart wrote the Secret, and who was not released cannot decrypt either",
            world(key=labelled("helm", CHART, 2 * HOUR)),
        ),
        (
            "what wrote the Secret holds a label that never changes",
            world(
                key=labelled("external-secrets", "reconcile.external-secrets.io/managed", 2 * HOUR),
                pays={"started": 40 * DAY},
                logs=SHOP_ALONE,
            ),
        ),
        ("a chart made the Secret anew", world(key=labelled("helm", CHART, 2 * HOUR, made=2 * HOUR), logs=SHOP_ALONE)),
        (
            "another one that started with the key tells nothing of it",
            world(logs=reads_well("INFO POST /pay 200", 1700)),
        ),
        (
            "another one that started with the key has decrypted nothing",
            world(logs=reads_well("INFO 0 rows decrypted, nothing to do", 1700)),
        ),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, instead)
    for what, found, instead in (
        ("no key was written", world(edited=None, figures=FAILS, logs=SHOP_ALONE), BACK),
        (
            "what was written is a login in the same Secret",
            world(key=keys(("password", 2 * HOUR)), shop={"env": TAKES | LOGIN}, figures=FAILS, logs=SHOP_ALONE),
            BACK,
        ),
        (
            "a chart wrote a label of its version into the Secret with the release",
            world(key=labelled("helm", CHART, 3630), pays={"started": 40 * DAY}, figures=FAILS, logs=SHOP_ALONE),
            BACK,
        ),
        (
            "another one that started with the key reads well since half an hour",
            world(figures=FAILS, logs=reads_well(READS, 1790)),
            BACK,
        ),
        (
            "another one that started with the key reads well since it was written",
            world(pays={"started": 6900}, figures=FAILS, logs=reads_well(READS, 6890)),
            BACK,
        ),
        ("the key was put back since they started", world(edited=600), BACK),
        (
            "they could not decrypt before either",
            world(shop={"before": None, "age": 40 * DAY}, since=(9 * HOUR, 1700)),
            (),
        ),
        (
            "people suffered before the key was written, as if somebody wanted to mend that",
            world(
                edited=2000,
                shop={"released": 1500},
                logs=[said("shop", JAVA, 1400)],
                figures=[errors("shop", since=3000)],
            ),
            (),
        ),
        (
            "the released one read all with the new key for hours",
            world(edited=9 * HOUR, shop={"released": 8 * HOUR}, logs=SHOP_ALONE),
            (),
        ),
        (
            "the release took another key from the same Secret",
            world(
                shop={"before": {"env": {"DATA_KEY": secret_key("keys", "old-data")}}}, figures=FAILS, logs=SHOP_ALONE
            ),
            (SHOP, "configuration_error", "rollback_workload"),
        ),
        (
            "other pods that started with the key are well",
            world(shop={"pods": 4}, logs=SHOP_ALONE),
            (),
        ),
        (
            "the key was written weeks ago, and all that cannot decrypt were released since",
            world(edited=30 * DAY, logs=SHOP_ALONE, pays={"started": 40 * DAY}),
            BACK,
        ),
        ("one row cannot be read", world(logs=[Log(pod("shop"), "shop", (f"{at(900)} {JAVA}",))]), ()),
        (
            "users' cookies are refused since",
            world("WARN session cookie: cipher: message authentication failed"),
            (),
        ),
    )
]
