"""What began with a release is the release's; what began long after it, or before, is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, looping, node, pods_of, put, rollout
from tests.diagnosis.rules.scenes import (
    API,
    CALLS_CART,
    DB,
    FATAL,
    IMAGE,
    OLD,
    SHOP,
    URL,
    alert,
    busy,
    down,
    errors,
    failing,
    latency,
    logs,
    rate,
    shop,
)
from tests.diagnosis.rules.test_index_dropped import FAST, SCAN
from tests.diagnosis.rules.tiny import (
    NOW,
    Obj,
    at,
    figure,
    log,
    pod,
    postgres,
    secret_key,
    series,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

CODE, SETTING = "code_defect", "configuration_error"
CHANGES: tuple[tuple[str, dict[str, Any], dict[str, Any], str], ...] = (
    ("an image", IMAGE, {}, CODE),
    ("a variable", {"env": {"MODE": "a"}}, {"env": {"MODE": "b"}}, SETTING),
    ("an argument", {"args": ["--a"]}, {"args": ["--b"]}, SETTING),
    ("a mount", {"volumeMounts": [{"name": "c", "mountPath": "/a"}]}, {"volumeMounts": []}, SETTING),
)
FELT = {"errors": errors("shop", since=840), "slowness": latency("shop", since=840)}
PACKED, REFUSES = "order 7 packed (labels 201)", "order 7 stays: labels POST /v1 returned 502"
ACTIVE_RECORD = "ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within 5 s"
FAILED = "Completed 500 Internal Server Error in 22ms"
STUMBLES = (
    'Caused by: com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException: Unrecognized field "bands"',
    'ERROR decode coverage: json: unknown field "bands"',
    "pydantic_core._pydantic_core.ValidationError: bands Extra inputs are not permitted [type=extra_forbidden]",
    "Newtonsoft.Json.JsonSerializationException: Could not find member 'bands' on object of type 'Coverage'.",
    "Error: unknown field `bands`, expected one of `member`, `plan` at line 1 column 8",
)


def stumbling(line: str = STUMBLES[0], well: int = 0, cart: list[Obj] | None = None) -> Snapshot:
    """Return a shop released 40 minutes ago that stumbles over a field, and logs of 13 minutes."""
    lines = [*["INFO GET /a 200"] * well, *["INFO GET /a 200", "GET /c 500", line] * 9]
    return snapshot(
        shop(before=IMAGE, released=2400, started=2390, env=CALLS_CART),
        cart or workload("cart"),
        logs=[log(pod("shop", n), *lines, since=800) for n in (0, 1)],
        alerts=[alert(service="shop")],
    )


def flapping() -> Snapshot:
    """Return errors that come and go each minute since a release."""
    steps = [(1200 - 60 * k, 0.3 if k % 2 else 0.02) for k in range(20)]
    figures = [("error_ratio", series({"component": "api"}, (3600, 0.001), *steps))]
    return snapshot(workload("api", before=OLD, released=1230), figures=figures, alerts=[alert(service="api")])


def rolled_back() -> list[Obj]:
    """Return a service that went back to a template of weeks ago, which fails as well."""
    image, newer = "registry.example/api:1", {"image": "registry.example/api:2"}
    objects = workload("api", image=image, before=newer, released=600)
    back = [each for each in objects if each["kind"] == "ReplicaSet"][1]
    back["metadata"]["creationTimestamp"] = at(40 * 86400)
    back["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] = "1"
    return objects


def came_back(released: float, again: float) -> Snapshot:
    """Return an API that failed for a while, was well for a minute, and fails again."""
    steps = [(3600.0, 0.001), (900.0, 0.4), (again + 60, 0.0), (again, 0.3)]
    return snapshot(
        workload("api", before=OLD, released=released), figures=[("error_ratio", series({"component": "api"}, *steps))]
    )


NO_ROOM = f'connection to server at "postgres", port 5432 failed: {FATAL}'


UNDEFINED = "TypeError: Cannot read properties of undefined (reading 'rows')"
OF_ONE = "FATAL: connection limit exceeded for non-superusers: too many connections for role"


RESERVED = NO_ROOM.replace(
    FATAL, "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute"
)


def refused(
    *,
    cart: float = 480,
    times: int = 16,
    says: str = NO_ROOM,
    says_it: str = NO_ROOM,
    own: float = 480,
    measured: bool = True,
    counted: bool = False,
    released: float = 600,
    **more: Any,
) -> Snapshot:
    """Return a shop that was released, and a cart that was not, both refused sessions since some seconds ago.

    Where nobody measures the shop, its logs tell what comes of that, and an alert speaks of it.
    """
    mine = log(pod("shop"), *[says_it, *([] if measured else [UNDEFINED])] * 16, since=own)
    return snapshot(
        postgres(),
        shop(env=URL, before=IMAGE, released=released),
        workload("cart", env=URL, **more),
        figures=[
            *([errors("shop", 0.4, 470)] if measured else []),
            *([figure("db_connections", 20, 60, 470, component="postgres")] if counted else []),
        ],
        alerts=[] if measured else [alert(service="shop")],
        logs=[mine, *logs("cart", says, times=times, since=cart)],
    )


BLAMES = {
    "a name": "ERROR lookup cart on 10.96.0.10:53: no such host",
    "a server": 'ERROR Post "http://cart:8080/v1": dial tcp 10.96.0.9:8080: connect: connection refused',
    "an answer": "ERROR cart: 502 Bad Gateway",
    "a cache": "ReplyError: OOM command not allowed when used memory > 'maxmemory'.",
    "a disk": "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk",
}
SLOW = 'ERROR Post "http://cart:8080/v1": 504 upstream request timeout'


def blaming(*lines: str, split: bool = False, **of_shop: Any) -> Snapshot:
    """Return a shop that fails since its release, and says so in these words; ``split``: its older pod is well."""
    changed: dict[str, Any] = {"before": IMAGE, "released": 900} | of_shop
    mine = rollout("shop", None, old=2, new=2, **changed) if split else shop(**changed)
    figures = failing(0.001, 0.002, 0.6, 0.5, since=840) if split else [errors("shop", since=840)]
    return snapshot(mine, figures=figures, logs=[log(pod("shop", n), *lines * 8, since=830) for n in range(4)])


def failing_by_its_log(*alerts: Alert) -> Snapshot:
    """Return a shop that was released an hour ago and whose access log tells of failures, at no time that is known."""
    line = '10.0.0.7 - - "GET /a HTTP/1.1" 500 160'
    said = [Log(pod("shop", n), "shop", (line,) * 20, False) for n in (0, 1)]
    return snapshot(shop(before=IMAGE, released=3600), logs=said, alerts=alerts)


def answering(line: str, *beside: list[Obj], **more: Any) -> Snapshot:
    """Return a shop whose new image answers so to every third request since its first minute, as its log tells."""
    works = ["Completed 200 OK in 8ms"] * 2
    told = [log(pod("shop", n), *[*works, line] * 12, since=560) for n in (0, 1)]
    return snapshot(
        shop(before=IMAGE, released=600, started=590, **more),
        *beside,
        logs=told,
        alerts=[alert(service="shop")],
    )


def beside_a_lost_node(since: float) -> Snapshot:
    """Return a shop that was released 40 minutes ago and fails by its log, in its own words only since so long ago."""
    said = ['10.0.0.7 - - "GET /a HTTP/1.1" 500 160'] * 20
    logs = [
        Log(
            pod("shop", n),
            "shop",
            (
                *said,
                *log(pod("shop", n), *["Traceback (most recent call last):", "TimeoutError"] * 8, since=since).lines,
            ),
            False,
        )
        for n in (0, 1)
    ]
    carts = workload("cart", ready=1)
    put(pods_of(carts)[1], {}, ready=False, unready=900)
    lost = node("n2", ready="Unknown", since=900)
    mine = shop(before=IMAGE, released=2400, nodes=("n1", "n3"))
    return snapshot(mine, carts, node("n1"), node("n3"), lost, logs=logs, alerts=[alert(service="shop")])


def scanning(fast: int, *lately: str) -> Snapshot:
    """Return a shop that fails since its release 15 minutes ago, and its store's log of 2000 s, a line each 25 s.

    ``fast``: after so many statements that find what they seek they read whole collections. ``lately``: the last ones.
    """
    scans = [SCAN] * (80 - fast - len(lately))
    return snapshot(
        shop(before=IMAGE, released=900),
        workload("mongo", "mongo:7", kind="StatefulSet", pods=1, port=27017),
        figures=[errors("shop", since=840)],
        logs=[log("mongo-0", *[FAST] * fast, *scans, *lately, since=2000)],
    )


BEHIND = "outside_dependency_fails"
FAR = 'ERROR Post "https://api.far.example/v4/rates": dial tcp 203.0.113.45:443: i/o timeout'
TELEMETRY = f"ERROR failed to send event: {FAR[6:]}".replace("api.far.example", "o1.ingest.sentry.io")


def handing_on(*mine: str, cart: str = FAR, since: float = 835) -> Snapshot:
    """Return a shop that fails since it was given another setting, what it tells, and what whom it asks does."""
    return snapshot(
        shop(env={**CALLS_CART, "PICKUP": "true"}, before={"env": {**CALLS_CART, "PICKUP": "false"}}, released=900),
        workload("cart"),
        figures=[errors("shop", since=840)],
        logs=[*(log(pod("shop", n), *mine * 9, since=830) for n in (0, 1)), *logs("cart", cart, 0, 1, since=since)],
    )


def told_of_its_caller(words: str, **labels: str) -> Snapshot:
    """Return a service that fails by the logs of its new pods alone, and an alert about web that fired before them."""
    early = Alert("WebFails", {"service": "web", **labels}, {"summary": words}, starts_at=NOW - timedelta(minutes=10))
    return snapshot(
        workload("api", before=OLD, released=300),
        workload("web", env={"API_URL": "http://api:8080"}),
        workload("mail"),
        alerts=[early],
        logs=logs("api", '"GET /v1 HTTP/1.1" 500', 0, 1, times=40, since=280),
    )


HOLDS = [
    *(
        Holds(what, told_of_its_caller(words, **labels), (API, CODE, "rollback_workload"))
        for what, words, labels in (
            ("an alert about a caller that fired before names nobody", "pages are slow", {}),
            ("an alert about a stranger that fired before names it", "api is asked by nobody", {"service": "mail"}),
        )
    ),
    Holds(
        "it answers with errors of its own and names nobody",
        answering(FAILED),
        (SHOP, CODE, "rollback_workload"),
    ),
    *(
        Holds(f"it answers with errors, and {what}", world, (SHOP, "dependency_failure", "page_human"))
        for what, world in (
            ("they say that somebody else failed", answering("Completed 503 Service Unavailable in 22ms")),
            ("it calls somebody of whom its log tells nothing", answering(FAILED, workload("cart"), env=CALLS_CART)),
            ("it calls a host outside", answering(FAILED, env={"PAY_URL": "https://api.pay.example/v1"})),
            ("a Secret tells whom it calls", answering(FAILED, env={"PAY_URL": secret_key("pay", "url")})),
        )
    ),
    *(
        Holds(f"a database refuses sessions to it, and {what}", world, (SHOP, CODE, "rollback_workload"))
        for what, world in (
            ("only later to one that was not released", refused(cart=240)),
            ("to one that was released as well", refused(before=OLD, released=620)),
            ("once to another", refused(times=1)),
            ("to another, which has had its share for long", refused(says=f"{NO_ROOM} {OF_ONE}", cart=3000)),
            ("long after it began to fail", refused(own=60, cart=500)),
            ("within minutes of its release, and later to others", refused(cart=240, measured=False)),
            (
                "later to others, where somebody counts sessions",
                refused(cart=240, measured=False, counted=True, released=1300),
            ),
        )
    ),
    *(
        Holds(
            f"it stumbles over a field, and its logs reach back to no time before: {line[:40]}",
            stumbling(line),
            (SHOP, CODE, "rollback_workload"),
            harmful=("restart_workload", "scale_workload"),
        )
        for line in STUMBLES
    ),
    Holds("a trouble that paused comes back with it", came_back(100, 90), (API, CODE, "rollback_workload"), began=90),
    *(
        Holds(
            f"{what} since a release that changed {part}",
            snapshot(shop(before=before, released=900, **now), figures=[felt, rate("shop", 9, 9)]),
            (SHOP, cause, "rollback_workload"),
        )
        for part, before, now, cause in CHANGES
        for what, felt in FELT.items()
    ),
    Holds(
        "and one of its pods has ended once: a restart would run the same release",
        snapshot(
            down(shop(pods=3, before=IMAGE, released=900), looping(lived=90, restarts=1), unready=100),
            figures=[errors("shop", since=840), rate("shop", 9, 9)],
        ),
        (SHOP, CODE, "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "it served well for minutes, until what it calls got other settings",
        snapshot(
            shop(env=URL, before=IMAGE, released=1100),
            postgres(envFrom=[{"configMapRef": {"name": "limits"}}]),
            thing("ConfigMap", "limits", written=800, data={"A": "1"}),
            figures=[errors("shop", since=690)],
        ),
        (SHOP, CODE, "page_human"),
        sure=(0.3, 0.45),
    ),
    Holds(
        "so it was, and its log tells of it as well: that it fails is what all of them see, and no reason",
        snapshot(
            shop(env=URL, before=IMAGE, released=1100),
            postgres(envFrom=[{"configMapRef": {"name": "limits"}}]),
            thing("ConfigMap", "limits", written=800, data={"A": "1"}),
            figures=[errors("shop", since=690)],
            logs=logs("shop", "TypeError: items is undefined", 0, 1, since=690),
        ),
        (SHOP, CODE, "page_human"),
        believed="not_well",
        harmful=("rollback_workload",),
    ),
    Holds(
        "what it calls got other settings while it was rolled out",
        snapshot(
            shop(env=URL, before=IMAGE, released=900),
            postgres(envFrom=[{"configMapRef": {"name": "limits"}}]),
            thing("ConfigMap", "limits", written=850, data={"A": "1"}),
            figures=[errors("shop", since=690)],
        ),
        (SHOP, CODE, "rollback_workload"),
        sure=(0.7, 1.0),
    ),
    Holds(
        "only the pods of the new template fail",
        snapshot(
            rollout("shop", None, before=IMAGE, released=1500, old=2, new=2),
            figures=failing(0.001, 0.002, 0.6, 0.5, since=1400),
        ),
        (SHOP, CODE, "rollback_workload"),
        sure=(0.75, 1.0),
    ),
    Holds(
        "a canary fails",
        snapshot(
            rollout("shop", None, before=OLD, old=3, new=1),
            figures=[*failing(0.001, 0.001, 0.001, 0.6, since=600), errors("shop", 0.15)],
        ),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "logs alone tell it",
        snapshot(
            workload("api", before=OLD, released=600, image="registry.example/api:2"),
            logs=logs("api", "ERROR java.lang.NullPointerException: x", 0, 1, times=8, since=560),
            alerts=[alert(deployment="api")],
        ),
        (API, CODE, "rollback_workload"),
    ),
    Holds(
        "logs alone tell it, beside a count of something else that is nought",
        snapshot(
            workload("api", before=OLD, released=600, image="registry.example/api:2"),
            logs=logs("api", '{"msg":"NullPointerException in Cart.total","count": 0}', 0, 1, times=8, since=560),
            alerts=[alert(deployment="api")],
        ),
        (API, CODE, "rollback_workload"),
    ),
    *(
        Holds(f"its store reads whole collections {what}", scanning(fast, *lately), (SHOP, *told))
        for what, fast, lately, told in (
            ("since five minutes before it", 32, (), ("dependency_failure", "page_human")),
            ("since it came", 45, (), (CODE, "rollback_workload")),
            ("as it always did", 0, (), (CODE, "rollback_workload")),
            ("since five minutes before it, and no more", 32, (FAST,) * 30, (CODE, "rollback_workload")),
        )
    ),
    Holds(
        "whom it asks, and names, gets no answer from outside since then",
        handing_on(BLAMES["an answer"]),
        (SHOP, "dependency_failure", "page_human"),
        believed=BEHIND,
        harmful=("rollback_workload",),
    ),
    *(
        Holds(f"its settings changed, and {what}", world, (SHOP, SETTING, "rollback_workload"), believed=believed)
        for what, believed, world in (
            ("whom it asks and names says nothing of others", "", handing_on(BLAMES["an answer"], cart="INFO 200")),
            ("it is itself that gets no answer from outside", "", handing_on(FAR, cart="INFO 200")),
            (
                "whom it names has sent its telemetry nowhere for hours",
                BEHIND,
                handing_on(BLAMES["an answer"], cart=TELEMETRY, since=7200),
            ),
            ("whom it names gets none minutes later", BEHIND, handing_on(BLAMES["an answer"], since=400)),
            ("it stumbles by itself as well", BEHIND, handing_on(BLAMES["an answer"], UNDEFINED)),
        )
    ),
    Holds(
        "its own words begin after a node was lost that carried somebody else",
        beside_a_lost_node(since=800),
        (SHOP, "dependency_failure", "page_human"),
        believed="node_lost",
        harmful=("rollback_workload",),
    ),
    Holds(
        "its own words begin before a node was lost",
        beside_a_lost_node(since=2300),
        (SHOP, CODE, "rollback_workload"),
        believed="node_lost",
    ),
    Holds("they come and go", flapping(), (API, CODE, "rollback_workload")),
    Holds(
        "the release was a rollback",
        snapshot(
            rolled_back(),
            figures=[errors("api", 0.4)],
            logs=[log(pod("api"), *['ERROR: column "x" does not exist'] * 5)],
        ),
        (API, CODE, "rollback_workload"),
    ),
    Holds(
        "a release that holds its sessions longer exhausts its pool",
        snapshot(
            postgres(),
            workload("api", env=URL, image="a:2", before={"image": "a:1"}, released=700, pods=4),
            figures=[errors("api", 0.4, 680), latency("api", 0.1, 4.0, 680)],
            logs=logs("api", ACTIVE_RECORD, *range(4), times=6, since=670),
        ),
        (API, CODE, "rollback_workload"),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "a release that speaks another TLS",
        snapshot(
            workload("api", before=OLD, released=600),
            figures=[errors("api", 0.4, 580)],
            logs=logs("api", "SSLHandshakeException: No appropriate protocol", since=570),
        ),
        (API, CODE, "rollback_workload"),
    ),
    Holds(
        "new code needs more processor time",
        snapshot(shop(before=IMAGE, released=660), figures=busy(rate("shop", 20, 20))),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "a reader of a queue fails at each message",
        snapshot(
            workload("kafka", "bitnami/kafka:3", kind="StatefulSet", pods=3, port=9092),
            workload("worker", env={"KAFKA_BROKERS": "kafka:9092"}, before=OLD, released=1200),
            figures=[figure("queue_depth", 10, 50000, 1150, component="worker")],
            logs=logs("worker", "ERROR failed to process message: NullPointerException", times=20, since=1100),
            alerts=[alert("KafkaLag", service="worker")],
        ),
        ("Deployment/worker", CODE, "rollback_workload"),
    ),
    *(
        Holds(
            f"every error blames {whom}, and an image seldom brings that: a person looks there first",
            blaming(line),
            (SHOP, "dependency_failure", "page_human"),
            believed=by,
            harmful=("rollback_workload", "restart_workload"),
        )
        for (whom, line), by in zip(
            BLAMES.items(), ("not_well", "not_well", "not_well", "store_outside", "not_well"), strict=True
        )
    ),
    Holds(
        "only its access log tells of failures, and it asks others: they may be theirs",
        snapshot(
            shop(env=CALLS_CART, before=IMAGE, released=900),
            workload("cart"),
            logs=[log(pod("shop", n), *['10.0.0.7 - - "GET /a HTTP/1.1" 504 160'] * 20, since=840) for n in (0, 1)],
        ),
        (SHOP, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"nobody knows since when its access log tells of failures, and {what}",
            failing_by_its_log(told),
            (SHOP, CODE, "rollback_workload"),
        )
        for what, told in (
            ("no alert tells that it was well for long", alert(service="cart")),
            ("an alert about it tells of something else", alert("DiskFillsUp", service="shop")),
            ("the alert about it looks back over an hour", alert(service="shop", long_window="1h")),
        )
    ),
    *(
        Holds(f"its errors blame somebody, but {what}", world, (SHOP, cause, "rollback_workload"))
        for what, cause, world in (
            ("it set a time as well", CODE, blaming(BLAMES["a server"], before={**IMAGE, "env": {"TTL": "1"}})),
            ("it stumbles itself too", CODE, blaming(BLAMES["a server"], UNDEFINED)),
            ("he is only slow, and may be asked too much", CODE, blaming(SLOW)),
            ("none of its older pods does", CODE, blaming(BLAMES["a server"], split=True)),
            ("it is itself", CODE, blaming(BLAMES["a server"].replace("cart", "shop"))),
            (
                "it is in its own pod",
                CODE,
                blaming('ERROR Post "http://127.0.0.1:3000/v1": connect: connection refused'),
            ),
        )
    ),
]
ANSWER = (
    'WARN {"url":"http://cart:8080/basket","status":200,"issues":[{"code":"invalid_type","expected":"array",'
    '"received":"undefined","path":["items"],"message":"Required"}]}'
)


def between(*lines: str, **of_cart: Any) -> Snapshot:
    """Return a shop that was released and served well, until half a minute after a release of what it calls."""
    return snapshot(
        shop(env=CALLS_CART, before=IMAGE, released=1100),
        workload("cart", **{"before": OLD, "released": 720, **of_cart}),
        figures=[errors("shop", since=690)],
        logs=[log(pod("shop", n), *lines, since=690) for n in (0, 1)],
    )


HOLDS += [
    Holds(
        "it served well for minutes, until what it calls was released, but it stumbles itself",
        between(BLAMES["a server"], *[UNDEFINED] * 16),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "it cannot read answers of what it calls, which was released before it",
        between(*[ANSWER, UNDEFINED] * 8, released=1700),
        (SHOP, CODE, "rollback_workload"),
    ),
    Holds(
        "it served well for minutes, until what it calls was released, and nobody says that either ails",
        between("INFO GET /a 500"),
        (SHOP, CODE, "page_human"),
        believed="release_at_the_onset",
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it served well for minutes, until what it calls was released, whose answers it cannot read and stumbles over",
        between(*[ANSWER, UNDEFINED] * 8),
        ("Deployment/cart", CODE, "rollback_workload"),
    ),
    *(
        DoesNotHold(
            f"nobody knows since when its access log tells of failures, but alerts came long after the release: {name}",
            failing_by_its_log(alert(name, service="shop"), alert("DiskFillsUp", service="shop")),
            instead=("unknown", "page_human"),
        )
        for name in ("HighErrors", "OrdersStuck")
    ),
    DoesNotHold(
        "it served well for minutes, until what it calls was released",
        snapshot(
            shop(env=CALLS_CART, before=IMAGE, released=1100),
            workload("cart", before=OLD, released=720),
            figures=[errors("shop", since=690)],
            logs=logs("shop", BLAMES["a server"], 0, 1, since=690),
        ),
        ("Deployment/cart", CODE, "rollback_workload"),
    ),
    *(
        DoesNotHold(
            f"logs alone tell of {what}, and a caller suffers: {line}",
            snapshot(
                shop(before=IMAGE, released=900, pods=1),
                workload("web", env={"SHOP_URL": "http://shop:8080"}),
                logs=logs("shop", line, since=800),
                alerts=[alert(service="web")],
            ),
            harmful=("rollback_workload",),
        )
        for what, line in (
            ("a setting that it does without", "WARN SENTRY_DSN is not set"),
            ("a setting that it does without", "HTTP_PROXY is not set"),
            (
                "what a user sent",
                'WARN turned away: null value in column "currency" of relation "orders" violates not-null constraint',
            ),
            ("what a user sent", 'WARN turned away: invalid input value for enum order_status: "parked"'),
            ("what another service did", "** (DBConnection.ConnectionError) tcp recv: closed"),
            ("what another service did", '[warn] InvalidCatalogNameError: database "shop" does not exist'),
            ("what a user sent", "WARN turned away: Field 'currency' doesn't have a default value"),
        )
    ),
    DoesNotHold(
        "a database refuses sessions as early to one that was not released: it may be anybody who holds them",
        refused(),
        (DB, "database_connection", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        DoesNotHold(
            f"a database refuses sessions to it and later to one that was not released: {what}",
            world,
            (DB, "database_connection", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("nobody measures who was first", refused(cart=240, measured=False, released=1300)),
            (
                "it keeps those of superusers",
                refused(cart=240, measured=False, released=1300, says=RESERVED, says_it=RESERVED),
            ),
        )
    ),
    DoesNotHold("it stumbles over a field long after its release", stumbling(well=40)),
    DoesNotHold(
        "it stumbles over a field, and who writes it was released within hours as well",
        stumbling(cart=workload("cart", before=OLD, released=4000)),
    ),
    DoesNotHold(
        "the logs begin with the new pods, and an alert fired before them",
        snapshot(
            workload("api", before=OLD, released=300),
            alerts=[alert("ApiFails", service="api")],
            logs=logs("api", '"GET /v1 HTTP/1.1" 500', 0, 1, times=40, since=280),
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the logs begin with the new pods, and an alert about a caller that names it fired before them",
        told_of_its_caller("no basket is shown: api answers nobody"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "logs that tell of failures only with a status tell of work for minutes after it",
        snapshot(
            workload("api", before=OLD, released=4000),
            alerts=[alert("ApiFails", service="api")],
            logs=[log(pod("api", n), *[PACKED] * 60, *[REFUSES] * 40, since=2400) for n in (0, 1)],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a trouble that paused came back minutes before it", came_back(100, 300), harmful=("rollback_workload",)
    ),
    DoesNotHold(
        "a release hours before the first error",
        snapshot(shop(before=IMAGE, released=3 * HOUR), figures=[errors("shop")]),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "the errors were there before the release",
        snapshot(shop(before=IMAGE, released=300), figures=[errors("shop", since=1800)]),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "old pods fail as well",
        snapshot(
            rollout("shop", None, before=IMAGE, released=900, old=2, new=2),
            figures=[*failing(0.4, 0.4, 0.4, 0.4, since=840), errors("shop", 0.4, 840)],
        ),
        ("unknown", "page_human"),
        harmful=("rollback_workload",),
    ),
]
