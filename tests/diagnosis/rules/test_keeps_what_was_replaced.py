"""Who runs for long keeps a plan, a type or a key that was replaced; a fresh process, or a fresh session, does not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import CART, OLD, SHOP, URL, alert, errors, failing, ingress, logs, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, figure, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot
from tuheg_ir.diagnosis.rules._signed_anew import signed_anew
from tuheg_ir.diagnosis.view.view import View

POOLER = "Deployment/pgbouncer"
POOLED = {"DATABASE_URL": "postgres://shop@pgbouncer:6432/shop"}
TYPE = "Npgsql.PostgresException (0x80004005): XX000: cache lookup failed for type 24817"
PLAN = "ERROR query failed: ERROR: cached plan must not change result type (SQLSTATE 0A000)"
KEY = "WARNING token rejected: Signature verification failed. alg=RS256 kid=9ae61c5d known=[4fb2c07d]"
ROTATED = 'level=info msg="keys rotated, next rotation: 2026-08-17 06:00:41 +0000 UTC"'
ALTERED = "ALTER TYPE order_state RENAME TO order_state_old;"
FINE = "INFO POST /orders 201"
GONE = (
    "ERROR System.NotSupportedException: The NpgsqlDbType 'Hstore' isn't present in your database. You may need to "
    "install an extension or upgrade to a newer version."
)
ISSUER = URL | {"OIDC_ISSUER": "http://dex:8080/dex"}
NEW: dict[str, Any] = {"before": OLD, "released": 1000}
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
    fine: str = FINE,
    unread: Collection[int] = (),
    figures: Iterable[tuple[str, Series]] = (),
    **of: Any,
) -> Snapshot:
    """Return four pods of the shop, of which some tell of something for a quarter of an hour, after a run.

    young: the age of the last of them, if it is younger than the others. fine: what those say that do not tell of it.
    unread: those whose log nobody read.
    """
    objects, of_run = migration(*run, ago=ago) if run else ([], [])
    four = shop(pods=4, **({"env": URL} | of))
    well = [log(pod("shop", n), *[fine] * 9, since=young or 900) for n in range(4) if n not in (*ill, *unread)]
    return snapshot(
        younger(four, 1, age=young) if young else four,
        postgres(),
        objects,
        *more,
        logs=[*logs("shop", line, *ill, times=times, since=900), *well, *of_run, *said],
        figures=[errors("shop", 0.4, 900), *figures],
        alerts=ALARM,
    )


def pooler(started: float = 20 * DAY) -> list[Obj]:
    return workload("pgbouncer", "edoburu/pgbouncer:1.23", port=6432, env={"DB_HOST": "postgres"}, started=started)


def of_before(line: str = PLAN, since: float = 900) -> list[Log]:
    """Return what the database told when the first met it."""
    return [log("postgres-0", f"shop@shop ERROR:  {line}", *["LOG:  x"] * 5, since=since, of="postgres")]


def dex(line: str = ROTATED, since: float = 960, **of: Any) -> tuple[list[Obj], list[Log]]:
    """Return who signs tokens, and its log, which begins with a line."""
    said = [log(pod("dex"), line, *['level=info msg="login"'] * 9, since=since)]
    return workload("dex", "dexidp/dex:2.41", **of), said


def keys(
    line: str = KEY,
    *others: Iterable[Obj],
    told: str = ROTATED,
    since: float = 960,
    more: Iterable[Log] = (),
    signer: Mapping[str, Any] | None = None,
    **of: Any,
) -> Snapshot:
    """Return a shop that refuses tokens since who signs them has another key; its younger pod knows that one."""
    issuer, said = dex(told, since, **(signer or {}))
    shops: dict[str, Any] = {"env": ISSUER, "young": 600} | of
    return kept(line, issuer, *others, run=(), said=[*said, *more], **shops)


def asked(*rates: float) -> list[tuple[str, Series]]:
    return [figure("request_rate_by_pod", each, each, pod=pod("shop", n)) for n, each in enumerate(rates)]


def rotated_before() -> Log:
    """Return the log of the other process that signs, which had another key some hours ago too."""
    said = ['level=info msg="login"'] * 9
    return log(pod("dex", 1), ROTATED, *said, since=6 * 3600)


def stray(number: int, line: str = KEY) -> Log:
    """Return the log of a pod of the shop that told of it once hours ago, and again and again since a while."""
    before = [(5 * 3600 - 60 * n, text) for n, text in enumerate((line, *[FINE] * 9))]
    told = [*before, *((900 - 100 * n, line) for n in range(9))]
    return Log(pod("shop", number), "shop", tuple(f"{at(age)} {text}" for age, text in told))


def day_before(line: str) -> Log:
    """Return what the database told of another change, and of this one."""
    return Log("postgres-0", "postgres", tuple(f"{at(age)} shop@shop ERROR:  {line}" for age in (20 * 3600, 900)))


def faded() -> Snapshot:
    """Return a shop of which the older pods told of it often before the younger one was started, and once since."""
    times = (*range(2000, 700, -200), 100)
    said = [Log(pod("shop", n), "shop", tuple(f"{at(age - n)} {KEY}" for age in times)) for n in range(3)]
    return kept(KEY, run=(), young=600, ill=(0,), times=1, unread=(1, 2), said=said)


DROPPED = "WARNING token rejected: Signature verification failed. alg=RS256 kid=4fb2c07d known=[9ae61c5d]"
FETCHED = "ERROR Unable to find a signing key that matches: '4fb2c07d'"
ALL: dict[str, Any] = {"ill": (0, 1, 2, 3), "young": 0}
BESIDE = (SHOP, "service_crash", "restart_workload")
PROXY = log(pod("shop", 3), *["GET /orders 200"] * 9, since=600, of="istio-proxy")
LATE = log(pod("shop", 3), *[FINE] * 9, since=60)
YOUNG: dict[str, Any] = {"run": (), "young": 600, "figures": asked(2, 2, 2, 2)}
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
            "CREATE TYPE order_state AS ENUM ('new', 'held');",
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
        kept(TYPE, workload("crm-web", env=URL, before=OLD, released=890), ill=(0, 1, 2, 3)),
        RENEWED,
        excludes=no("rollback_workload", at="Deployment/crm-web"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"of who was released then nothing is told: {what}",
            kept(TYPE, workload("cart", env=env, before=OLD, released=890), ill=(0, 1, 2, 3), said=said),
            RENEWED,
            spares=no("rollback_workload", at=CART),
        )
        for what, env, said in (
            ("it has nothing to do with the database", None, []),
            ("it has errors of its own", URL, logs("cart", "ERROR TypeError: x is undefined", 0, 1)),
        )
    ),
    Holds(
        "it was released with the run, and some words tell of what an older version keeps as well",
        kept(ill=(0, 1, 2, 3), **NEW),
        RENEWED,
    ),
    Holds(
        "one of those that were started since works, and knows the type",
        kept(GONE, run=(), young=600),
        RENEWED,
    ),
    Holds(
        "the database told of another run's change the day before",
        kept(ill=(0, 1, 2, 3), said=[day_before(TYPE)]),
        RENEWED,
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
            f"who signs tokens has a new key, and all that do not know it are older than one that does: {line}",
            keys(line),
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
            "ERROR Microsoft.IdentityModel.Tokens.SecurityTokenSignatureKeyNotFoundException: IDX10500",
            "ERROR token refused: key with kid 9ae61c5d not found",
            "ERROR No matching JWK found for kid 9ae61c5d",
            'ERROR {"msg":"signature verification failed","kid":"9ae61c5d"}',
        )
    ),
    Holds(
        "it refused a token of somebody else's hours before",
        keys(KEY, ill=(1, 2), more=[stray(0)], unread=(0,)),
        READ,
    ),
    Holds(
        "another program refuses a token of somebody else's now and then, for hours before",
        keys(KEY, workload("edge"), more=[log(pod("edge"), KEY, *[FINE] * 90, KEY, since=5 * 3600)]),
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
    *(
        DoesNotHold(f"{what}: nothing shows what a fresh process would do", world, (), harmful=("restart_workload",))
        for what, world in (
            (
                "the younger one is asked for nothing, and the others get wrong tokens",
                kept(KEY, run=(), young=600, fine="INFO listening", figures=asked(40, 40, 40, 0)),
            ),
            *(
                (f"the log of the younger one {how}, though it is asked as much: {line}", kept(line, **YOUNG, **of))
                for line in (GONE, KEY)
                for how, of in (
                    ("was not read", {"unread": (3,)}),
                    ("is empty", {"unread": (3,), "said": [Log(pod("shop", 3), "shop", ())]}),
                )
            ),
            (
                "the younger one's requests fail as well",
                kept(GONE, **(YOUNG | {"figures": [*asked(2, 2, 2, 2), *failing(0.4, 0.4, 0.4, 0.4)]})),
            ),
            ("the others hardly meet it any more since the younger one runs", faded()),
        )
    ),
    *(
        DoesNotHold(
            f"{what}: that the others are ill is all there is",
            kept(KEY, run=(), young=600, **of),
            BESIDE,
        )
        for what, of in (
            ("the younger one tells of no work, and nobody measures it", {"fine": "INFO up"}),
            ("the younger one only answers probes", {"fine": "INFO GET /healthz 200"}),
            ("only Consul asks the younger one", {"fine": '"GET / HTTP/1.1" 200 5 "-" "Consul Health Check"'}),
            ("only Envoy checks the younger one", {"fine": '"GET / HTTP/1.1" 200 5 "-" "Envoy/HC"'}),
            ("the younger one's answers are refusals", {"fine": "INFO GET /orders 401"}),
            ("the younger one is heard in another container only", {"unread": (3,), "said": [PROXY]}),
            ("the younger one's log begins a moment ago", {"unread": (3,), "said": [LATE]}),
        )
    ),
    *(
        DoesNotHold(
            f"its own release is as young: {what}",
            world,
            (SHOP, "code_defect", "rollback_workload"),
            harmful=("restart_workload",),
        )
        for what, world in (
            (
                "a pod that idles is no proof",
                kept(KEY, run=(), young=600, fine="INFO up", figures=asked(9, 9, 9, 0), **NEW),
            ),
            ("its pods may not all meet it", kept(TYPE, run=(), young=600, **NEW)),
            ("who signs has another key from time to time", keys(**NEW)),
        )
    ),
    *(
        DoesNotHold(
            f"all refuse it, and nothing shows that a fresh process would not: {what}",
            keys(line, **(ALL | of)),
            ("page_human",),
            harmful=("restart_workload",),
        )
        for what, line, of in (
            ("who signs has a new key", KEY, {}),
            ("it knows the new key, and the old one was dropped at once", DROPPED, {}),
            ("it fetched the keys again before it said so", FETCHED, {}),
            ("they were started after the key was new", KEY, {"started": 930}),
            ("who signs was released just then", KEY, {"signer": {"before": OLD, "released": 970}}),
            ("who signs was started just then", KEY, {"signer": {"started": 980}}),
            ("a rotation before did no harm", KEY, {"more": [rotated_before()]}),
            ("nobody tells of a new key", KEY, {"told": "INFO up"}),
        )
    ),
    *(
        DoesNotHold(f"a type is gone for good: {told}", kept(line, ill=(0, 1, 2, 3), run=run), ("page_human",))
        for told, line, run in (
            ("its extension was dropped", GONE, ("DROP EXTENSION hstore CASCADE;",)),
            ("its extension was dropped, and something else made", GONE, ("DROP EXTENSION hstore;", ALTERED)),
            ("nothing is made anew", TYPE, ("DROP TYPE order_state;",)),
        )
    ),
    *(
        DoesNotHold(f"these are no keys of who signs tokens: {line}", keys(line), BESIDE)
        for line in (
            "WARN webhook token stripe: signature verification failed",
            "ERROR jwt.exceptions.InvalidSignatureError: Signature verification failed",
            "ERROR signature verification failed for container image, kid",
            "ERROR jwt signature verification failed alg=HS256 kid=1",
        )
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
        DoesNotHold(f"{what}", keys(line), BESIDE)
        for what, line in (
            ("tokens are out of date", "WARNING token rejected: Signature has expired"),
            ("it is no token whose signature is wrong", "ERROR apk: BAD signature of index"),
        )
    ),
]


def another_key(world: Snapshot) -> bool:
    """Tell whether it is known that who signs the tokens of the shop has another key since it refuses some."""
    view = View(world)
    return signed_anew(view, view.workloads[SHOP], NOW - timedelta(seconds=900), timedelta(hours=1)) is not None


@pytest.mark.parametrize(
    "said",
    [
        ROTATED,
        "INFO rotated signing keys of realm shop",
        "INFO signing key 9ae61c5d is now active",
        "INFO using new signing key kid=9ae61c5d",
        "INFO Rotated JWKS of issuer shop",
        "INFO JWKS rotated",
        "INFO rotated RSA signing key",
        "INFO signing key rotation complete",
    ],
)
def test_who_signs_tells_of_another_key(said: str) -> None:
    """Programs tell of it in words of their own."""
    assert another_key(keys(told=said))


@pytest.mark.parametrize(
    "said",
    [
        "INFO api keys rotated",
        "INFO encryption keys rotated for tenant 7",
        "INFO rotating keys of cache",
        "INFO host keys rotated",
        "INFO new signing key for webhook partner acme",
        "INFO log file rotated, keys=9",
    ],
)
def test_another_thing_was_rotated(said: str) -> None:
    """What is no key of tokens has nothing to do with it."""
    assert not another_key(keys(told=said))


def test_whose_key_it_is() -> None:
    """Who signs is who is asked, or named by the name under which users come to it; and it told of it just then."""
    named = URL | {"OIDC_ISSUER": "https://login.town.example/dex"}
    assert another_key(keys(KEY, [ingress("dex", "login.town.example")], env=named))
    assert not another_key(keys(env=URL))
    assert not another_key(keys(since=4 * 3600))
