"""Who runs for long keeps a plan, a type or a key that was replaced; a fresh process, or a fresh session, does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import OLD, SHOP, URL, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

POOLER = "Deployment/pgbouncer"
POOLED = {"DATABASE_URL": "postgres://shop@pgbouncer:6432/shop"}
TYPE = "Npgsql.PostgresException (0x80004005): XX000: cache lookup failed for type 24817"
PLAN = "ERROR query failed: ERROR: cached plan must not change result type (SQLSTATE 0A000)"
KEY = "WARNING token rejected: Signature verification failed. alg=RS256 kid=9ae61c5d known=[4fb2c07d]"
ROTATED = 'level=info msg="keys rotated, next rotation: 2026-08-17 06:00:41 +0000 UTC"'
ALTERED = "ALTER TYPE order_state RENAME TO order_state_old;"
FINE = "INFO POST /orders 201"
ALARM = [alert("NoOrders", team="shop")]


def migration(*said: str, ago: float = 905) -> tuple[list[Obj], list[Log]]:
    """Return a run that ended a while ago, and its log."""
    body = {"containers": [{"name": "migrate", "image": "crm:37"}]}
    done = {"succeeded": 1, "startTime": at(ago + 20), "completionTime": at(ago)}
    run = thing("Job", "crm-migrate", age=ago + 30, spec={"template": {"spec": body}}, status=done)
    made = thing("Pod", "crm-migrate-x", age=ago + 25, spec=body, status={"phase": "Succeeded"})
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "crm-migrate", "controller": True}]
    return [run, made], [log("crm-migrate-x", *said, since=ago + 15, of="migrate")]


def kept(
    line: str = TYPE,
    *more: Iterable[Obj],
    ill: tuple[int, ...] = (0, 1, 2),
    run: tuple[str, ...] = (ALTERED,),
    ago: float = 905,
    times: int = 9,
    said: Iterable[Log] = (),
    young: float = 0,
    **of: Any,
) -> Snapshot:
    """Return four pods of the shop, of which some tell of something for a quarter of an hour, after a run.

    young: the age of the last of them, if it is younger than the others.
    """
    objects, of_run = migration(*run, ago=ago) if run else ([], [])
    four = shop(pods=4, **({"env": URL} | of))
    fine = [log(pod("shop", n), *[FINE] * 9, since=young or 900) for n in range(4) if n not in ill]
    return snapshot(
        younger(four, 1, age=young) if young else four,
        postgres(),
        objects,
        *more,
        logs=[*logs("shop", line, *ill, times=times, since=900), *fine, *of_run, *said],
        figures=[errors("shop", 0.4, 900)],
        alerts=ALARM,
    )


def pooler(started: float = 20 * DAY) -> list[Obj]:
    return workload("pgbouncer", "edoburu/pgbouncer:1.23", port=6432, env={"DB_HOST": "postgres"}, started=started)


def of_before(line: str = PLAN, since: float = 900) -> list[Log]:
    """Return what the database told when the first met it."""
    return [log("postgres-0", f"shop@shop ERROR:  {line}", *["LOG:  x"] * 5, since=since, of="postgres")]


def dex(line: str = ROTATED, since: float = 960) -> tuple[list[Obj], list[Log]]:
    """Return who signs tokens, and its log, which begins with a line."""
    return workload("dex", "dexidp/dex:2.41"), [log(pod("dex"), line, *['level=info msg="login"'] * 9, since=since)]


def keys(
    line: str = KEY,
    *others: Iterable[Obj],
    told: str = ROTATED,
    since: float = 960,
    more: Iterable[Log] = (),
    **of: Any,
) -> Snapshot:
    issuer, said = dex(told, since)
    return kept(line, issuer, *others, run=(), said=[*said, *more], **of)


RENEWED = (SHOP, "database_connection", "restart_workload")
READ = (SHOP, "configuration_error", "restart_workload")
HOLDS = [
    *(
        Holds(
            f"all that tell of it are older than a run that changed the database: {line}",
            kept(line, ill=(0, 1, 2, 3)),
            RENEWED,
            excludes=no("rollback_workload", at=SHOP),
            harmful=("rollback_workload", "scale_workload"),
        )
        for line in (
            TYPE,
            "ERROR: cache lookup failed for type 19012 (SQLSTATE XX000)",
            "ERROR System.InvalidCastException: Reading as 'System.String' is not supported for fields having "
            "DataTypeName '-.-'",
            "ERROR The field 'state' has a type currently unknown to Npgsql (OID 24817).",
            "asyncpg.exceptions.OutdatedSchemaCacheError: unexpected number of attributes of composite type row",
            PLAN,
            "asyncpg.exceptions.InvalidCachedStatementError: cached statement plan is invalid due to a database schema "
            "or configuration change (SQLAlchemy asyncpg dialect will now invalidate all prepared caches)",
            "ActiveRecord::PreparedStatementCacheExpired: ERROR: cached plan must not change result type",
        )
    ),
    *(
        Holds(f"the run tells of its work in other words: {said}", kept(ill=(0, 1, 2, 3), run=(said,)), RENEWED)
        for said in (
            "DROP TYPE order_state_old;",
            "applying 0482_add_reserve_and_handler.up.sql",
            "INFO  [alembic.runtime.migration] Running upgrade 1a2b -> 3c4d, alter order state",
        )
    ),
    Holds(
        "nobody knows of a run, and one that was started since is well for long enough",
        kept(run=(), young=600),
        RENEWED,
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "the database's own log has the statement",
        kept(
            ill=(0, 1, 2, 3),
            run=(),
            said=[log("postgres-0", "LOG:  statement: ALTER TABLE orders ADD COLUMN x int", since=930, of="postgres")],
        ),
        RENEWED,
    ),
    Holds(
        "the release that came with the run is innocent: its older version meets the new form",
        kept(TYPE, workload("crm-web", before=OLD, released=890), ill=(0, 1, 2, 3)),
        RENEWED,
        excludes=no("rollback_workload", at="Deployment/crm-web"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "a pooler's sessions are older, and fresh clients are told the same",
        kept(PLAN, pooler(), ill=(0, 1, 2, 3), run=(), said=of_before(), env=POOLED, started=600),
        (POOLER, "database_connection", "restart_workload"),
        excludes=(
            *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
            *no("restart_connection_pool", at=SHOP),
        ),
        harmful=("rollback_workload", "scale_workload"),
    ),
    Holds(
        "a pooler's sessions are older than a run that changed the database",
        kept(PLAN, pooler(), ill=(0, 1, 2, 3), env=POOLED),
        (POOLER, "database_connection", "restart_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "numbers of types are kept by each client, whoever stands in between",
        kept(TYPE, pooler(), ill=(0, 1, 2, 3), env=POOLED),
        RENEWED,
    ),
    *(
        Holds(
            f"who signs tokens has a new key, and all that do not know it are older: {line}",
            keys(line, ill=(0, 1, 2, 3)),
            READ,
            excludes=no("rollback_workload", at=SHOP),
            harmful=("rollback_workload", "scale_workload"),
        )
        for line in (
            KEY,
            'ERROR jwt.exceptions.PyJWKClientError: Unable to find a signing key that matches: "9ae61c5d"',
            "ERROR SigningKeyNotFoundError: Unable to find a signing key that matches '9ae61c5d'",
            "ERROR JWKSNoMatchingKey: no applicable key found in the JSON Web Key Set",
            'level=error msg="the given key ID was not found in the JWKS"',
            "WARN Signed JWT rejected: Another algorithm expected, or no matching key(s) found",
            "fail: IDX10501: Signature validation failed. Unable to match key: kid: '9ae61c5d'",
            "ERROR Didn't find publicKey for specified kid",
            'level=error msg="failed to verify id token signature"',
            "[warning] jwt authentication failed: Jwks doesn't have key to match kid or alg from Jwt",
        )
    ),
    *(
        Holds(f"who signs tells of it in other words: {said}", keys(told=said, ill=(0, 1, 2, 3)), READ)
        for said in (
            "INFO rotated signing keys of realm shop",
            "INFO signing key 9ae61c5d is now active",
            "INFO using new signing key kid=9ae61c5d",
        )
    ),
    Holds(
        "another program refuses a token of somebody else's now and then, for hours before",
        keys(KEY, workload("edge"), more=[log(pod("edge"), KEY, *[FINE] * 90, KEY, since=5 * 3600)], ill=(0, 1, 2, 3)),
        READ,
    ),
    Holds(
        "one that was started since knows the new key, and nobody tells that it is new",
        kept(KEY, run=(), young=600),
        READ,
        excludes=no("rollback_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "all were started after the key was new, and do not know it: a fresh process is no better",
        keys(ill=(0, 1, 2, 3), started=930),
        ("page_human",),
        harmful=("restart_workload",),
    ),
    DoesNotHold("nobody knows of a change, and none is younger", kept(ill=(0, 1, 2, 3), run=()), ("page_human",)),
    DoesNotHold(
        "those that were started since tell of it as well: a process that is started anew is no better",
        kept(PLAN, ill=(0, 1, 2, 3), said=of_before(), started=600),
        ("page_human",),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "the younger one tells of it too",
        kept(young=600, ill=(0, 1, 2, 3), said=of_before(TYPE)),
        ("page_human",),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the pooler was started since too, and its sessions are new",
        kept(PLAN, pooler(700), ill=(0, 1, 2, 3), said=of_before(), env=POOLED, started=600),
        ("page_human",),
        harmful=("restart_workload",),
    ),
    DoesNotHold(
        "the younger one has not run for long enough to meet what comes twice in a quarter of an hour",
        kept(run=(), young=600, times=2),
        ("page_human",),
    ),
    DoesNotHold("it was told once by each, as by who makes a session anew", kept(times=1), ("page_human",)),
    *(
        DoesNotHold(f"{what}", kept(ill=(0, 1, 2, 3), run=run, ago=ago), ("page_human",))
        for what, run, ago in (
            ("the run took rows away, and no form changed", ("INFO deleted 1200 rows from table orders",), 905),
            ("the run was hours before it", (ALTERED,), 4 * 3600),
        )
    ),
    *(
        DoesNotHold(f"{what}", keys(line, told=said, since=since, ill=(0, 1, 2, 3)), ("page_human",))
        for what, line, said, since in (
            ("the new key was there for hours", KEY, ROTATED, 4 * 3600),
            ("what was rotated is a log", KEY, "INFO log file rotated, keys=9", 960),
            ("tokens are out of date", "WARNING token rejected: Signature has expired", ROTATED, 960),
            ("it is no token whose signature is wrong", "ERROR apk: BAD signature of index", ROTATED, 960),
        )
    ),
]
