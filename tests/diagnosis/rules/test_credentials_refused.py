"""A wrong password does not heal with a restart, which would cost the pods that still serve."""

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
    owned,
    refused,
    run_refused,
    secret,
    shared,
)
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import DB, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, postgres, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

HBA = (
    "failed to connect to `user=shop database=shop`: 10.96.0.7:5432 (postgres): server error: FATAL: no pg_hba.conf "
    'entry for host "10.1.0.4", user "shop", database "shop", no encryption (SQLSTATE 28000)'
)

WRONG = (SECRET, "configuration_error", "page_human")
OTHER_USER = {**ENV, "DB_USER": "shop2"}


def started_again() -> list[Obj]:
    """Return a shop whose pods are old and whose containers are young."""
    objects = shop(env=ENV)
    for each in objects:
        if each["kind"] == "Pod":
            each["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": at(300)}}
    return objects


NO_PASSWORD = "ReplyError: NOAUTH Authentication required. command=evalsha"
OPEN = {"ALLOW_EMPTY_PASSWORD": "yes"}
LOCKED = {"ALLOW_EMPTY_PASSWORD": "no", "REDIS_PASSWORD": secret_key("redis")}


def store(*, kind: str = "StatefulSet", client: float = 0, **more: Any) -> Snapshot:
    """Return a cache whose release wants a password, and its client; ``client``: when that was released."""
    redis = workload("redis", "bitnami/redis:7.4", kind=kind, pods=1, port=6379, **more)
    if kind == "StatefulSet":
        redis[0]["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}}]
    before = {"before": {"image": "registry.example/shop:0"}, "released": client} if client else {}
    mailer = shop(env={"QUEUE": "redis://redis:6379"}, **before)
    return snapshot(redis, postgres(), mailer, logs=logs("shop", NO_PASSWORD, 0, 1, since=560))


EXPIRED = (
    "[LDAP: error code 49 - 80090308: LdapErr: DSID-0C0904CC, comment: AcceptSecurityContext error, data 532, v4f7c]"
)
LOOKS_UP = (
    "ERROR [LDAPOperationManager] Could not query server using DN [OU=People,DC=ad] and filter "
    f"[(sAMAccountName=e.dumont)]: javax.naming.AuthenticationException: {EXPIRED}",
    'ERROR ldap: initial bind for user "cn=svc,dc=ad" failed: LDAP Result Code 49 "Invalid Credentials"',
    "[error] 76#0: http_auth_ldap: Initial bind failed (49: Invalid credentials [80090308: LdapErr: DSID-0C09042A, "
    "comment: AcceptSecurityContext error, data 52e, v3839])",
    'ERROR LDAP bind (service) failed: LDAP Result Code 49 "Invalid Credentials"',
)
"""How servers of logins tell that a directory refuses their own login."""
OF_A_USER = (
    f"WARN Authentication failed for DN [CN=e.dumont,OU=People,DC=ad]: {EXPIRED}",
    'WARN LDAP bind failed: LDAP Result Code 49 "Invalid Credentials" user=e.dumont',
)
"""How they tell that somebody has a wrong password, or an old one."""


def signs_in(line: str, **more: Any) -> Snapshot:
    """Return a server of logins that repeats a line about its directory, and whose users cannot sign in."""
    return snapshot(shop(**more), logs=logs("shop", line, 0, 1, since=560), figures=[errors("shop", since=560)])


KEY = "ERROR {carrier}: Request failed with status code 401: Access denied due to invalid subscription key."
GONE = (
    "AmazonS3Exception: The Access Key Id you provided does not exist in our records. (Error Code: InvalidAccessKeyId)"
)


def with_keys(line: str, *names: str) -> Snapshot:
    """Return a shop that reads several Secrets, all of long ago, and tells that one of its keys is refused."""
    env = {f"KEY_{n}": secret_key(each) for n, each in enumerate(names)}
    objects = [{**secret(300 * DAY), "metadata": {**secret(300 * DAY)["metadata"], "name": each}} for each in names]
    return snapshot(shop(env=env), postgres(), objects, logs=logs("shop", line, 0, 1, since=560))


HOLDS = [
    *(
        Holds(
            f"of several Secrets it is the one whose name the refused client says: {carrier}",
            with_keys(KEY.format(carrier=carrier), "nordpost-api", "parcello-api", "shop-mongo"),
            (f"Secret/{carrier}-api", "configuration_error", "page_human"),
            excludes=no("restart_workload", at=SHOP),
            harmful=("rollback_workload", "restart_workload"),
        )
        for carrier in ("nordpost", "parcello")
    ),
    Holds(
        "a store of the house has forgotten the one key that there is",
        with_keys(GONE, "reports-minio"),
        ("Secret/reports-minio", "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(
            f"a directory refuses the login by which users are looked up: {line[:60]}",
            signs_in(line),
            (SHOP, "configuration_error", "page_human"),
            excludes=no("restart_workload", at=SHOP),
            harmful=("rollback_workload", "restart_workload"),
        )
        for line in LOOKS_UP
    ),
    Holds(
        "a directory refuses it twenty minutes after a release that has nothing to do with it",
        signs_in(LOOKS_UP[0], before={"image": "registry.example/shop:0"}, released=1760),
        (SHOP, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "pods newer than their Secret",
        refused(0, written=900, of=shop(env=ENV, started=300)),
        WRONG,
        excludes=no("restart_workload", "restart_connection_pool", at=SHOP),
    ),
    Holds(
        "a container that was started again reads its Secret anew", refused(0, written=900, of=started_again()), WRONG
    ),
    Holds(
        "a crash loop reads it at each start",
        refused(0, written=900, of=shop(env=ENV, ready=0, status=looping())),
        WRONG,
        alone=True,
    ),
    Holds("nothing was written, so somebody changed the other side", refused(0, 1, written=None), WRONG),
    Holds(
        "a release with another user",
        refused(0, written=None, of=shop(env=OTHER_USER, before={"env": {**ENV, "DB_USER": "shop"}})),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a store wants a password since its own release",
        store(env=LOCKED, before={"env": OPEN}),
        ("StatefulSet/redis", "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a store wants a password since its own release, by its arguments, and keeps nothing",
        store(kind="Deployment", args=["--requirepass", "x"], before={"args": [], "image": "bitnami/redis:7.2"}),
        ("Deployment/redis", "configuration_error", "rollback_workload"),
    ),
    Holds(
        "it is a newer program too, which may have written what the older one cannot read",
        store(env=LOCKED, before={"env": OPEN, "image": "bitnami/redis:7.2"}),
        ("StatefulSet/redis", "configuration_error", "page_human"),
    ),
    Holds(
        "both were released: which one is wrong is not known",
        store(env=LOCKED, before={"env": OPEN}, client=700),
        (SHOP, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "old pods, and what started since is refused with the same Secret: a start anew gives nothing better",
        shared(),
        WRONG,
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload",),
        alone=True,
    ),
    Holds(
        "old pods, and a run that started since failed for being refused with the same Secret",
        run_refused(),
        WRONG,
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload",),
    ),
    Holds(
        "old pods, and the Secret is not copied from its store any more since before they were refused",
        copied(copier(DAY)),
        WRONG,
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload",),
        alone=True,
    ),
    Holds(
        "they were well for long with what was copied last, and it is not copied any more since before",
        copied(copier(3600), written=3 * 3600),
        WRONG,
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload",),
    ),
    Holds("what copies it is not known, and events repeat that it fails", copied(secrets=owned(7 * DAY)), WRONG),
    Holds("an expired token of somebody outside", refused(written=None, line=TOKEN, store=False), WRONG),
    Holds(
        "an expired key of somebody outside, by the words of a client library",
        snapshot(
            workload("api", env={"K": secret_key("k")}),
            thing("Secret", "k", data={"K": "sha256:1"}),
            figures=[errors("api", 0.6)],
            logs=logs("api", "401 Client Error: Unauthorized for url: https://api.sms.example.com/v1/send"),
        ),
        ("Secret/k", "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "a .NET service whose new pods are refused",
        snapshot(
            postgres(),
            workload("api", env={**URL, "PW": secret_key("db")}, started=300),
            thing("Secret", "db", written=900, data={"password": "sha256:1"}),
            figures=[errors("api", 0.9)],
            logs=logs(
                "api",
                'Npgsql.PostgresException (0x80004005): 28P01: password authentication failed for user "app"',
                0,
                1,
            ),
        ),
        ("Secret/db", "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(DoesNotHold(f"a user's own password is refused: {line[:60]}", signs_in(line)) for line in OF_A_USER),
    DoesNotHold(
        "all pods are older than their Secret",
        refused(0, 1, written=900),
        (SHOP, "database_connection", "restart_workload"),
    ),
    DoesNotHold(
        "the database tells of a client that it refuses",
        snapshot(shop(env=ENV), postgres(), secret(900), logs=[log("postgres-0", TEXTS[0])]),
    ),
    DoesNotHold(
        "the server's rules leave out the host, told with the code of a refused login",
        refused(0, 1, written=None, line=HBA),
        (DB, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold("a user's own wrong password", refused(written=900, line=LOGIN, store=False)),
]
