"""A rotated password heals with a restart, and so do credentials that were lent for a time."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.credentials import (
    ENV,
    LOGIN,
    SECRET,
    TEXTS,
    TOKEN,
    copied,
    copier,
    noted,
    owned,
    refused,
    secret,
    shared,
)
from tests.diagnosis.rules.pods import pods_of, reown
from tests.diagnosis.rules.scenes import API, SHOP, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, pod, postgres, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

REVOKED = (
    'POST https://api.parcels.example/v3 {"status": 401, "body": {"code": "api_key_revoked"}}',
    "https://api.parcels.example/v3: The API key pk_live_a91f was revoked on 2026-03-04 (replaced by pk_live_77c2)",
    "https://api.parcels.example/v3: Expired API Key provided: pk_live_****a91f",
    "https://login.idp.example/token: AADSTS7000222: The provided client secret keys for app 'x' are expired",
)
WORK = "order saved in 18 ms"
LENT = "ERROR 1045 (28000): Access denied for user 'v-kube-shop-{0}'@'10.1.0.4' (using password: YES)"
OVER = "[WARN] agent: (view) vault.read(database/creds/shop): renewer done (maybe the lease expired)"


def staggered(age: float, *logs: Log, store: bool = True) -> Snapshot:
    """Return a shop of three pods, the third of which is younger than the others; no Secret is known."""
    objects = shop(pods=3, env={"DB_HOST": "postgres"})
    reown(pods_of(objects)[2], "shop-r1", age)
    return snapshot(objects, *([postgres()] if store else []), logs=logs)


def told(number: int, line: str, times: int = 9, since: float = 1200) -> Log:
    return log(pod("shop", number), *[line] * times, since=since)


WRONG = "bind failed: LDAP: error code 49 - LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data {}, v45"
LOCK = WRONG.format("775")


def locked(line: str = WRONG.format("52e"), lock: str = LOCK, *, written: float = 900, api: float = 300) -> Snapshot:
    """Return a shop that is refused, and an API with the same Secret that is told that the account is locked."""
    own = [told for n in (0, 1) for told in (log(pod("shop", n), *[line] * 5, lock), log(pod("api", n), *[lock] * 9))]
    api_too = workload("api", env=ENV, started=api)
    return snapshot(shop(env=ENV), api_too, secret(written), logs=own, alerts=[alert(service="api")])


TRACE = 'org.postgresql.util.PSQLException: FATAL: password authentication failed for user "shop"'
EMPTY = "ERROR HikariPool-1 - Connection is not available, request timed out after 30001ms"
TRIED = "WARN HikariPool-1 - Pool is empty, failed to create/setup connection"


def silent(last: str, *, after: float = 1200, times: int = 4, **more: Any) -> Snapshot:
    """Return a shop of which two pods told of a refusal in traces up to a while ago, and then one thing more."""
    objects = shop(pods=3, env=ENV)
    reown(pods_of(objects)[2], "shop-r1", 3300)
    said = [
        line
        for n in range(times)
        for line in (
            f"{at(after + (times - n) * 300)} {TRIED}",
            TRACE,
            "\tat org.postgresql.Driver.connect(Driver.java)",
        )
    ]
    old = [Log(pod("shop", n), "shop", (*said, f"{at(after)} {last}")) for n in (0, 1)]
    return snapshot(objects, postgres(), secret(3600), logs=[*old, told(2, WORK)], **more)


OTHER_USER = TEXTS[0].replace("shop", "api")


def another() -> Obj:
    """Return what copies another Secret, in vain."""
    return copier(DAY) | {"spec": {"target": {"name": "other"}}}


def by_a_tool(**notes: str) -> Snapshot:
    """Return a shop whose pods, a day old, are refused; its Secret tells by notes alone when it was written."""
    return snapshot(shop(env=ENV, started=DAY), postgres(), noted(**notes), logs=logs("shop", TEXTS[0], 0, 1))


def written_elsewhere() -> Snapshot:
    """Return a shop that is refused, and a Secret of the name that it reads, written of late in another namespace."""
    found = secret(900)
    found["metadata"]["namespace"] = "staging"
    return snapshot(shop(env=ENV, started=DAY), postgres(), found, logs=logs("shop", TEXTS[0], 0, 1))


HOLDS = [
    *(
        Holds(
            f"a tool noted on their Secret when it rotated it: {note}",
            by_a_tool(**{note: at(900)}),
            (SHOP, "database_connection", "restart_workload"),
            harmful=("rollback_workload",),
        )
        for note in ("last_rotated", "rotated_at", "lastRotationDate", "rotation_timestamp")
    ),
    Holds(
        "the refused ones told of it in traces, and of nothing but errors since",
        silent(EMPTY),
        (SHOP, "database_connection", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(what, world, (SHOP, "database_connection", "restart_workload"))
        for what, world in (
            ("the Secret is copied as it should be", copied(copier(DAY, ready=True), written=900)),
            ("it was written by hand since it is not copied any more", copied(copier(DAY), written=900)),
            ("it is not copied any more since after they were refused", copied(copier(60), written=900)),
            (
                "it was copied, and then no more, before their sessions came to their end",
                copied(copier(800), written=900),
            ),
            ("another Secret is not copied", copied(another(), written=900)),
            ("it was written since events tell that it is not copied", copied(secrets=owned(900))),
            ("a user of its own is refused to another with the same Secret", shared(OTHER_USER, written=900)),
        )
    ),
    *(
        Holds(
            f"pods older than their Secret: {line}",
            refused(0, 1, written=900, line=line),
            (SHOP, "database_connection", "restart_workload"),
            excludes=no("rollback_workload", at=SHOP),
        )
        for line in TEXTS
    ),
    Holds(
        "a token for somebody outside that was renewed already",
        refused(written=900, line=TOKEN, store=False),
        (SHOP, "configuration_error", "restart_workload"),
    ),
    *(
        Holds(
            f"a key for somebody outside that was replaced and revoked: {line}",
            refused(0, written=3600, line=line, store=False, of=shop(env=ENV, pods=2)),
            (SHOP, "configuration_error", "restart_workload"),
            harmful=("rollback_workload",),
        )
        for line in REVOKED
    ),
    Holds(
        "a PHP service of MySQL",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
            workload("api", env={"DB_HOST": "mysql", "PW": secret_key("db")}),
            thing("Secret", "db", written=900, data={"password": "sha256:1"}),
            figures=[errors("api", 0.9)],
            logs=logs(
                "api", "SQLSTATE[HY000] [1045] Access denied for user 'app'@'10.1.1.1' (using password: YES)", 0, 1
            ),
        ),
        (API, "database_connection", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "a broker of messages that asks for the new one",
        snapshot(
            workload("rabbitmq", "rabbitmq:3.13", kind="StatefulSet", pods=1, port=5672),
            shop(env={"AMQP_HOST": "rabbitmq", "AMQP_PASSWORD": secret_key("shop-db")}),
            secret(900),
            logs=logs("shop", f"rabbitmq:5672: {TEXTS[4]}", 0, 1),
        ),
        (SHOP, "configuration_error", "restart_workload"),
        excludes=no("restart_workload", at="StatefulSet/rabbitmq"),
    ),
    Holds(
        "each pod has a user of its own, those of the older ones are gone",
        staggered(5 * DAY, told(0, LENT.format("Zk1b")), told(1, LENT.format("fYq7")), told(2, WORK), store=False),
        (SHOP, "database_connection", "restart_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "the agents of the older pods tell that the lease is over",
        staggered(
            5 * DAY,
            *(told(n, TEXTS[0]) for n in (0, 1)),
            *(Log(pod("shop", n), "vault-agent", (f"{at(1300)} {OVER}",)) for n in (0, 1)),
            told(2, WORK),
        ),
        (SHOP, "database_connection", "restart_workload"),
    ),
    *(
        Holds(
            f"one that never read the new password locks the account of all: {lock}",
            locked(line, lock),
            (SHOP, cause, "restart_workload"),
            excludes=no("restart_workload", at=API),
            harmful=("rollback_workload",),
        )
        for line, lock, cause in (
            (WRONG.format("52e"), LOCK, "configuration_error"),
            (
                "ERROR 1045 (28000): Access denied for user 'shop'@'10.1.0.4' (using password: YES)",
                "ERROR 3118 (HY000): Access denied for user 'shop'@'10.1.0.5'. Account is locked.",
                "database_connection",
            ),
            (
                "ORA-01017: invalid username/password; logon denied",
                "ORA-28000: The account is locked; login denied",
                "database_connection",
            ),
        )
    ),
    Holds(
        "a pod that was made anew during the trouble is well",
        staggered(600, told(0, TOKEN), told(1, TOKEN), told(2, WORK, since=500), store=False),
        (SHOP, "configuration_error", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the Secret that was written is one of another namespace: new pods would not read it",
        written_elsewhere(),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    *(
        DoesNotHold(
            f"a note on their Secret tells of no rotation since their start: {what}",
            by_a_tool(**notes),
            (SECRET, "configuration_error", "page_human"),
            harmful=("restart_workload",),
        )
        for what, notes in (
            ("it was long before", {"last_rotated": at(40 * DAY)}),
            ("it is to come", {"rotated_at": at(-DAY)}),
            ("it was looked at", {"last_sync": at(900), "rotation_checked": at(900)}),
            (
                "the next one is overdue",
                {key: at(900) for key in ("next-rotation-time", "scheduledRotationTime", "rotation_time_due")},
            ),
            ("a day without its hour, of nobody knows what place", {"last_rotated": at(900)[:10]}),
            ("no time", {"rotated_by": "kim", "rotated": "yes"}),
        )
    ),
    DoesNotHold("those that were refused tell of work since", silent(WORK), harmful=("restart_workload",)),
    DoesNotHold("they were refused once or twice", silent(EMPTY, times=2), harmful=("restart_workload",)),
    DoesNotHold(
        "it is a while ago, and its requests succeed",
        silent(EMPTY, figures=[errors("shop", 0.001)]),
        harmful=("restart_workload",),
    ),
    DoesNotHold("it is hours ago", silent(EMPTY, after=3 * 3600), harmful=("restart_workload",)),
    DoesNotHold(
        "pods newer than their Secret",
        refused(0, written=900, of=shop(env=ENV, started=300)),
        (SECRET, "configuration_error", "page_human"),
    ),
    DoesNotHold(
        "the database tells of a client that it refuses",
        snapshot(shop(env=ENV), postgres(), secret(900), logs=[log("postgres-0", TEXTS[0])]),
    ),
    DoesNotHold(
        "a younger pod may still use sessions that it got before a password was changed",
        staggered(5 * DAY, told(0, TEXTS[0]), told(1, TEXTS[0]), told(2, WORK)),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "a younger pod tells of no work",
        staggered(600, told(0, TEXTS[0]), told(1, TEXTS[0])),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    DoesNotHold("users show wrong passwords to both", locked(lock=WRONG.format("52e")), harmful=("restart_workload",)),
    DoesNotHold(
        "both never read the new password, or nobody changed it: an account that is locked may be anybody's",
        locked(api=30 * DAY),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the account is locked for those with a new password, and nobody shows an old one",
        locked(line=LOCK),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "what is refused reads the newest password itself",
        locked(written=31 * DAY, api=DAY),
        harmful=("restart_workload",),
    ),
    DoesNotHold("a user's own wrong password", refused(written=900, line=LOGIN, store=False)),
]
