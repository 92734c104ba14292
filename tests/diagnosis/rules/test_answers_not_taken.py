"""A proxy that cannot take answers: since a release of the service behind it, or for reasons of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, MORE, ROOM, alert, ingress, logs
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

PLACE = 'while reading response header from upstream, request: "GET /basket HTTP/1.1", upstream: "http://10.96.9.9:80/basket"'
BIG = f"upstream sent too big header {PLACE}"
RESET = f"recv() failed (104: Connection reset by peer) {PLACE}"
NODE = "HeadersOverflowError: Headers Overflow Error http://cart:8080/basket"
EDGE = "Deployment/edge"
FIRES: dict[str, Any] = {"alerts": [alert("BadGateway", service="edge")]}
LATER = {"args": ["--timeout-keep-alive", "75"]}
EARLIER = {"args": ["--timeout-keep-alive", "2"]}


def cart(**more: Any) -> list[Obj]:
    return workload("cart", **{"before": {"image": "registry.example/cart:0"}, "released": 600, **more})


def told(line: str, name: str = "edge", since: float = 540) -> list[Any]:
    """Return the logs of a proxy, and of the service that answers the requests well."""
    return [*logs(name, line, since=since), *logs("cart", '"GET /basket HTTP/1.1" 200 OK')]


MISREADS = "System.Text.Json.JsonException: The JSON value could not be converted to System.Decimal. Path: $.price"
CALLER = workload("edge", env=CALLS_CART)
SINCE: dict[str, Any] = {"alerts": [alert("QuotesFail", service="edge")]}


def misread(line: str = MISREADS, *more: list[Obj], of: list[Obj] | None = None, since: float = 640) -> Any:
    """Return callers of a service, one of which cannot read its answers since so many seconds."""
    objects = (CALLER, of or cart(released=700), *more)
    return snapshot(*objects, logs=logs("edge", f"ERROR {line}", since=since), **SINCE)


OF_CART = (
    'WARN {"url":"http://cart:8080/basket","issues":[{"code":"invalid_type","expected":"array","received":"undefined",'
    '"path":["items"],"message":"Required"}]}'
)


def gone() -> Snapshot:
    """Return a caller that cannot read answers, beside the log of a pod that is gone and could not either."""
    world: Snapshot = misread()
    lines = [f"{at(age)} {OF_CART}" for age in range(600, 0, -60)]
    return replace(world, logs=(*world.logs, Log("mail-pod0", "mail", (f"{at(1200)} INFO begun", *lines))))


def new_too(line: str = OF_CART, *, released: float = 1500, since: float = 640, ends: float = 0) -> Any:
    """Return a caller that was released too, and cannot read answers since so many seconds; another ends on them."""
    caller = workload("edge", env=CALLS_CART, before=IMAGE, released=released)
    objects = (caller, workload("mail", env=CALLS_CART), cart(released=700))
    crashed = logs("mail", "KeyError: 'items'", since=ends) if ends else []
    return snapshot(*objects, logs=[*logs("edge", line, since=since), *crashed], **SINCE)


TAXED = {**CALLS_CART, "TAX_URL": "http://tax:8080"}
TAX = workload("tax", before=IMAGE, released=1100)
KEPT = {"DATABASE_URL": "postgres://postgres:5432/shop"}
READS = {**CALLS_CART, **KEPT}
BOTH = {"EDGE_URL": "http://edge:8080", "MAIL_URL": "http://mail:8080"}
OF_EDGE = (EDGE, "code_defect", "rollback_workload")
OF_OTHERS = (EDGE, "dependency_failure", "page_human")
FINE = "INFO sent"
RUBY = 'F, FATAL -- : KeyError (key not found: "netAmount"):'
PYTHON = "KeyError: 'netAmount'"


def alike(
    mine: str = PYTHON,
    theirs: str = RUBY,
    *more: list[Obj],
    of: list[Obj] | None = None,
    edge: dict[str, Any] | None = None,
    mail: dict[str, Any] | None = None,
    since: float = 640,
    fires: dict[str, Any] = SINCE,
) -> Snapshot:
    """Return two callers of a service that was released, which stumble over what they read since so many seconds."""
    callers = [
        workload("edge", **{"env": CALLS_CART, "before": IMAGE, "released": 1500, **(edge or {})}),
        workload("mail", **{"env": CALLS_CART, **(mail or {})}),
    ]
    told = [*logs("edge", mine, since=since), *logs("mail", theirs, since=600)]
    return snapshot(*callers, of or cart(released=700), *more, logs=told, **fires)


def untouched(
    *more: Any, env: dict[str, str] = CALLS_CART, mine: str = PYTHON, theirs: str = RUBY, **others: Any
) -> Snapshot:
    """Return two such callers that nobody touched."""
    return alike(mine, theirs, *more, edge={"before": None, "env": env}, mail={"env": env}, **others)


PAID = {**CALLS_CART, "PAY_URL": "https://api.pay.example/v3"}
OF_PAY = "ERROR GET https://api.pay.example/v3/rates:"
LENGTH = "TypeError: Cannot read properties of undefined (reading 'length')"
STATUS = 'KeyError (key not found: "status"):'
BY_MAP = {"volumes": [{"name": "c", "configMap": {"name": "tax"}}]}
SET_TAX = (
    workload("tax", spec=BY_MAP),
    [thing("ConfigMap", "tax", age=30 * DAY, written=660, data={"rates.json": "{}"})],
)
"""A service that nobody released, and its settings, which were written then."""


def pydantic() -> Snapshot:
    """Return two such callers, one of which tells the field in the line above of what is wrong with it."""
    world = alike()
    lines = ["lines.0.net_amount", "  Field required [type=missing, input_value={'sku': 'x'}, input_type=dict]"]
    told = (log(pod("edge"), *["ERROR could not price", *lines] * 5, since=640), *world.logs[1:])
    return replace(world, logs=told)


DOOR = "Deployment/door"
SESSIONS: dict[str, Any] = {"before": {"env": {"SESSION_STORE": "redis", "SHOP": "http://shop:8080"}}}


def at_the_edge(fires: Alert | None, *more: Any, line: str = "", edge: Any = None, since: float = 540) -> Snapshot:
    """Return a proxy at the edge that cannot take what a door answers, by which users come to a shop."""
    host = "http://door:8080/callback"
    told = line or f'upstream sent too big header while reading response header from upstream, upstream: "{host}"'
    env = {"SESSION_STORE": "cookie", "SHOP": "http://shop:8080"}
    return snapshot(
        workload("edge", **(edge or {})),
        workload("door", env=env, released=600, **SESSIONS),
        workload("shop", before={"image": "registry.example/shop:0"}, released=1100),
        *more,
        logs=[*logs("edge", told, since=since), *logs("shop", '"GET /callback HTTP/1.1" 200 OK')],
        alerts=[fires] if fires else [],
    )


def fires(age: float = 300, **labels: str) -> Alert:
    return Alert("LoginFails", labels, {}, "firing", NOW - timedelta(seconds=age))


KEEPS = {"KEEP_ALIVE_TIMEOUT_MS": "65000"}


def begins(line: str, **more: Any) -> Any:
    """Return a proxy whose connections are cut since a release of a service, which begins its log with a line."""
    service = cart(env=KEEPS, **more)
    begun = log(pod("cart"), line, *['"GET /basket HTTP/1.1" 200 OK'] * 9, since=580)
    return snapshot(workload("edge"), service, logs=[*logs("edge", RESET, since=540), begun], **FIRES)


HOLDS = [
    Holds(
        "a caller cannot read its answers since",
        misread(),
        (CART, "code_defect", "rollback_workload"),
        excludes=(*no("restart_workload", at=CART), *no("rollback_workload", "restart_workload", at=EDGE)),
        alone=True,
    ),
    *(
        Holds(f"a caller cannot read them: {line}", misread(line), (CART, "code_defect", "rollback_workload"))
        for line in (
            "json: cannot unmarshal object into Go struct field Offer.price of type float64",
            "Input should be a valid number [type=float_type, input_value={'amount': '1'}, input_type=dict]",
            "Error: invalid type: map, expected f64 at line 1 column 20",
            "MismatchedInputException: Cannot deserialize value of type `java.math.BigDecimal` from Object value",
            "ZodError: Expected number, received object",
        )
    ),
    Holds("so could a pod that is gone by now", gone(), (CART, "code_defect", "rollback_workload")),
    Holds(
        "a caller that was released before it served well until then, and names whose answers it cannot read",
        new_too(),
        (CART, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", "restart_workload", at=EDGE),
        alone=True,
    ),
    Holds(
        "and another caller, which nobody touched, ends on them",
        new_too(ends=620),
        (CART, "code_defect", "rollback_workload"),
        sure=(0.8, 1.0),
    ),
    *(
        Holds(
            f"callers, one of which was released and served well, stumble over the same field: {what}",
            world,
            (CART, "code_defect", "rollback_workload"),
            excludes=no("rollback_workload", "restart_workload", at=EDGE),
            alone=True,
            harmful=("restart_workload", "scale_workload"),
        )
        for what, world in (
            ("Python and Ruby", alike()),
            ("Pydantic and Ruby", pydantic()),
            (
                "Java and PHP",
                alike(
                    'UnrecognizedPropertyException: Unrecognized field "net_amount" (class shop.Line)',
                    'PHP Warning:  Undefined array key "net_amount" in /app/src/Total.php on line 8',
                ),
            ),
            (
                "Node and Rust",
                alike(
                    "TypeError: Cannot read properties of undefined (reading 'netAmount')",
                    "Error: missing field `net_amount` at line 1 column 80",
                ),
            ),
            (
                "Go and C#",
                alike(
                    "json: cannot unmarshal string into Go struct field Offer.lines.netAmount of type float64",
                    "JsonException: The JSON value could not be converted to System.Decimal. Path: $.net_amount |",
                ),
            ),
            ("what only one of them asks was released too", alike(PYTHON, RUBY, TAX, edge={"env": TAXED})),
            ("neither was released", untouched()),
            (
                "both ask a host outside as well, and their lines name the service",
                untouched(env=PAID, mine=f"http://cart:8080/basket {PYTHON}", theirs=f"http://cart:8080 {RUBY}"),
            ),
            (
                "it is an everyday one, and their lines name the service",
                untouched(mine="http://cart:8080/basket KeyError: 'status'", theirs=f"http://cart:8080 {STATUS}"),
            ),
            (
                "what both measure goes to a host outside",
                untouched(env={**CALLS_CART, "SENTRY_DSN": "https://k@o1.ingest.sentry.io/1"}),
            ),
        )
    ),
    Holds(
        "headers are too big for a proxy",
        snapshot(workload("edge"), cart(), logs=told(BIG), **FIRES),
        (CART, "code_defect", "rollback_workload"),
        excludes=(*no("restart_workload", at=CART), *no("rollback_workload", "restart_workload", at=EDGE)),
        alone=True,
    ),
    Holds(
        "headers are too big for a caller that names the host",
        snapshot(workload("edge", env=CALLS_CART), cart(), logs=logs("edge", NODE, since=540), **FIRES),
        (CART, "code_defect", "rollback_workload"),
    ),
    *(
        Holds(
            f"headers are too big for a proxy at the edge, and {what}",
            world,
            (DOOR, "configuration_error", "rollback_workload"),
            excludes=(*no("restart_workload", at=DOOR), *no("rollback_workload", "restart_workload", at=EDGE)),
            harmful=("restart_workload",),
        )
        for what, world in (
            ("an alert is about what lies behind the door", at_the_edge(fires(service="shop"))),
            ("an alert is about the door", at_the_edge(fires(service="door"))),
            ("an alert names an Ingress", at_the_edge(fires(ingress="town"))),
            (
                "that is Traefik",
                at_the_edge(
                    fires(ingress="town"),
                    line='502: Get "http://door:8080/callback": net/http: server response headers exceeded 4096 bytes',
                ),
            ),
        )
    ),
    Holds(
        "a release closes idle connections earlier",
        snapshot(workload("edge"), cart(before=LATER, **EARLIER), logs=told(RESET), **FIRES),
        (CART, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a variable of its environment closes them earlier",
        snapshot(
            workload("edge"),
            cart(before={"env": {"KEEP_ALIVE_TIMEOUT": "65000"}}, env={"KEEP_ALIVE_TIMEOUT": "5000"}),
            logs=told(RESET),
            **FIRES,
        ),
        (CART, "configuration_error", "rollback_workload"),
    ),
    *(
        Holds(
            f"another program does not heed what its template sets, and tells so at its start: {line}",
            begins(line),
            (CART, "code_defect", "rollback_workload"),
            excludes=(*no("restart_workload", at=CART), *no("rollback_workload", "restart_workload", at=EDGE)),
            alone=True,
        )
        for line in (
            '{"keepAliveTimeout":5000,"msg":"Server listening at http://0.0.0.0:3000"}',
            "INFO listening on :8080, keep-alive timeout 5s",
            "http server keepAliveTimeout=5000ms headersTimeout=60000ms",
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"another program closes them no earlier than its template sets: {line}", begins(line))
        for line in (
            "INFO listening on :8080, keep-alive timeout 65s",
            "INFO listening on :8080, keepAliveTimeout: 65000",
            "INFO database.pool.keepAliveTimeout=5000",
            "INFO keepalive connections 32",
        )
    ),
    DoesNotHold(
        "it tells of an earlier closing, and its image is the one before",
        begins("INFO keepAliveTimeout=5000", before={"args": ["--colour"]}),
    ),
    DoesNotHold("answers were misread before the release", misread(since=1500)),
    DoesNotHold(
        "who calls the caller was released too",
        misread(MISREADS, workload("web", env={"EDGE_URL": "http://edge:8080"}, before=IMAGE, released=690)),
    ),
    DoesNotHold(
        "another caller was released to fit",
        misread(MISREADS, workload("mail", env=CALLS_CART, before=IMAGE, released=690)),
    ),
    DoesNotHold("the release came later, and answers were misread before", misread(of=cart(released=100))),
    DoesNotHold("requests are misread, not answers", misread(f"400 Bad Request: {MISREADS}")),
    DoesNotHold("the alert is older than the release", misread(of=cart(released=400), since=390)),
    DoesNotHold(
        "a store was released",
        snapshot(
            workload("edge", env={"REDIS_URL": "redis://cart:6379"}),
            cart(image="redis:7", before={"image": "redis:6"}, released=700),
            logs=logs("edge", f"ERROR {MISREADS}", since=640),
            **SINCE,
        ),
    ),
    DoesNotHold(
        "a release closes them later",
        snapshot(workload("edge"), cart(before=EARLIER, **LATER), logs=told(RESET), **FIRES),
    ),
    DoesNotHold(
        "connections are reset, and a release changed the image",
        snapshot(workload("edge"), cart(), logs=told(RESET), **FIRES),
    ),
    *(
        DoesNotHold(f"the caller was released too, and {what}", world, instead, harmful=("restart_workload",))
        for what, world, instead in (
            ("names nobody", new_too(f"ERROR {MISREADS}"), ()),
            ("names another", new_too(OF_CART.replace("cart:8080", "price.example")), ()),
            ("just before", new_too(released=720), ()),
            ("later", new_too(released=660), ()),
            ("answers were misread before", new_too(since=1450), ()),
        )
    ),
    *(
        DoesNotHold(f"callers stumble over fields, and {what}", world, instead)
        for what, world, instead in (
            ("it is another one each", alike("KeyError: 'currency'"), OF_EDGE),
            ("each was released", alike(mail={"before": IMAGE, "released": 1400}), OF_EDGE),
            (
                "one was released just before, and the other is fine",
                alike(PYTHON, FINE, edge={"released": 690}),
                OF_EDGE,
            ),
            ("one did before the release", alike(since=1450), OF_EDGE),
            ("they refuse requests for it", alike(f"400 {PYTHON}", f"Bad Request: {RUBY}", edge={"before": None}), ()),
            (
                "the one that was released asks the other",
                alike(edge={"env": {**CALLS_CART, "MAIL_URL": "http://mail:8080"}}),
                OF_EDGE,
            ),
            ("the service had other limits alone", alike(of=cart(before=MORE, released=700, **ROOM)), OF_OTHERS),
            ("nobody suffers", alike(fires={}), ()),
            (
                "the lines name a host outside that both ask",
                untouched(env=PAID, mine=f"{OF_PAY} {PYTHON}", theirs=f"{OF_PAY} {RUBY}"),
                (),
            ),
            ("both ask a host outside, and no line names whose answer it was", untouched(env=PAID), ()),
            (
                "the lines name another that both ask",
                untouched(
                    workload("tax"), env=TAXED, mine=f"GET http://tax:8080/r {PYTHON}", theirs=f"http://tax:8080 {RUBY}"
                ),
                (),
            ),
            ("what both ask was set otherwise then", untouched(*SET_TAX, env=TAXED), ()),
            (
                "the lines speak of the rows of a database that both read",
                untouched(postgres(), env=READS, mine=f"row of postgres: {PYTHON}", theirs=f"PG::Result {RUBY}"),
                (),
            ),
            ("it is a member of their language", untouched(mine=LENGTH, theirs=LENGTH), ()),
            ("it is one that half of all answers have", untouched(mine="KeyError: 'status'", theirs=STATUS), ()),
        )
    ),
    *(
        DoesNotHold(f"callers that nobody touched stumble over a field, and {what} was released too", world)
        for what, world in (
            ("what both ask", untouched(TAX, env=TAXED)),
            ("what is behind the service", untouched(TAX, of=cart(released=700, env={"TAX_URL": "http://tax:8080"}))),
            ("who asks both", untouched(workload("web", env=BOTH, before=IMAGE, released=690))),
            (
                "who writes what both read of a database",
                untouched(
                    postgres(), workload("feed", env=KEPT, before=IMAGE, released=690), env={**CALLS_CART, **KEPT}
                ),
            ),
        )
    ),
    DoesNotHold("the release came later", snapshot(workload("edge"), cart(released=300), logs=told(BIG), **FIRES)),
    *(
        DoesNotHold(f"headers are too big for a proxy at the edge, and {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("nobody misses anything", at_the_edge(None)),
            ("the alert is older than the release", at_the_edge(fires(900, service="door"))),
            ("the alert is about another", at_the_edge(fires(app="tours"), workload("tours"))),
            ("that was told before the release", at_the_edge(fires(service="door"), since=1500)),
            (
                "its own settings were written then",
                at_the_edge(
                    fires(service="shop"),
                    thing("ConfigMap", "edge", written=620, data={"proxy-buffer-size": "1k"}),
                    edge={"envFrom": [{"configMapRef": {"name": "edge"}}], "started": 610},
                ),
            ),
            (
                "the Ingress that leads to the door was written then",
                at_the_edge(fires(service="shop"), ingress("door", "town.example", written=620)),
            ),
        )
    ),
    DoesNotHold("nobody suffers", snapshot(workload("edge"), cart(), logs=told(BIG))),
    DoesNotHold(
        "the proxy was released as well",
        snapshot(workload("edge", before=IMAGE, released=590), cart(), logs=told(BIG), **FIRES),
    ),
    DoesNotHold(
        "another service is asked",
        snapshot(workload("edge"), cart(), logs=told(BIG.replace("/basket", "/tours")), **FIRES),
    ),
]
