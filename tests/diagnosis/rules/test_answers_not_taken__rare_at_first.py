"""A field of another type in few answers of a release, of which its callers tell only as they ask for more of those."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, MORE, ROOM, alert, errors
from tests.diagnosis.rules.test_answers_not_taken import EDGE, KEPT, OF_EDGE, TAX, TAXED, cart
from tests.diagnosis.rules.tiny import Obj, pod, postgres, series, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

GO = "json: cannot unmarshal string into Go struct field Offer.rebate of type int64"
PYTHON = "  Input should be a valid integer, unable to parse string [type=int_parsing, input_value='1.5']"
JAVA = (
    "InvalidFormatException: Cannot deserialize value of type `int` from String: not a valid `int` value "
    '(through reference chain: shop.Offer["rebate"])'
)
ZOD = '[{"code":"invalid_type","expected":"number","received":"string","path":["rebate"],"message":"Expected number"}]'
RUST = "WARN basket rebate: invalid type: string, expected i64 at line 1 column 80"
NODE = "TypeError: offer.rebate.toFixed is not a function"
PHP = "TypeError: Cannot assign string to property Shop\\Offer::$rebate of type int"
MARSHMALLOW = "ValidationError: {'rebate': ['Not a valid integer.']}"
FAILS = "error_ratio", series({"component": "edge"}, (3600, 0.001), (2540, 0.04), (1100, 0.25))
ABOUT = "error_ratio", series({"component": "edge"}, (3600, 0.02), (2540, 0.055))
FIRES = [alert("EdgeErrors", service="edge")]
AGES = range(1150, 0, -70)
"""When words of it come: much later than the release."""
BOTH = {"EDGE_URL": "http://edge:8080", "MAIL_URL": "http://mail:8080"}


def rare(
    mine: str = GO,
    theirs: str = JAVA,
    *more: Any,
    of: list[Obj] | None = None,
    edge: dict[str, Any] | None = None,
    mail: dict[str, Any] | None = None,
    figures: tuple[Any, ...] = (FAILS,),
    heard: float = 3500,
    own: float = 1160,
    since: float = 1150,
) -> Snapshot:
    """Return a service of a release 44 minutes ago, since which few requests to an edge fail, and more since 19.

    The edge was released just before that; another tells of it too. Their logs reach back to ``own`` and ``heard``.
    """
    callers = [
        workload("edge", **{"env": CALLS_CART, "before": IMAGE, "released": 1180, **(edge or {})}),
        workload("mail", **{"env": CALLS_CART, "pods": 1, **(mail or {})}),
    ]
    told = f"1 validation error for Offer\nrebate\n{theirs}" if theirs == PYTHON else theirs
    second = [(heard, "INFO begun"), *((age, f"ERROR {told}") for age in sorted({since, *AGES}, reverse=True))]
    logs = [
        timed(pod("edge"), (own, "INFO begun"), *((age, f"ERROR {mine}") for age in AGES)),
        timed(pod("mail"), *second),
    ]
    service = of or cart(released=2640)
    return snapshot(*callers, service, *more, logs=logs, figures=figures, alerts=FIRES)


MIGRATES = workload("migrate", kind="Job", age=1200, env=KEPT)


def of_a_store() -> list[Obj]:
    return workload("tax", env=KEPT)


def both_ask(*more: Any) -> Snapshot:
    """Return the same of two callers that ask another service as well."""
    return rare(GO, JAVA, *more, edge={"env": TAXED}, mail={"env": TAXED})


UNTOUCHED: dict[str, Any] = {"before": None}
ANEW: dict[str, Any] = {"before": IMAGE, "released": 1180}
HOLDS = [
    Holds(
        f"few requests fail since its release, and callers tell of a field of another type much later: {what}",
        world,
        (CART, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", "restart_workload", at=EDGE),
        alone=True,
        harmful=("restart_workload", "scale_workload"),
    )
    for what, world in (
        ("Go and Java", rare()),
        ("Go and Pydantic", rare(theirs=PYTHON)),
        ("Zod and Rust", rare(ZOD, RUST)),
        ("Node and PHP", rare(NODE, PHP)),
        ("Marshmallow and Go", rare(MARSHMALLOW, GO)),
        ("neither caller was released", rare(edge=UNTOUCHED)),
        ("what both ask runs for long", both_ask(workload("tax"))),
        (
            "a Job wrote then into what none of them reads",
            both_ask(workload("tax"), postgres(), workload("stock", env=KEPT), MIGRATES),
        ),
        (
            "what only one of them asks was started anew",
            rare(GO, JAVA, workload("tax", started=1190), edge={"env": TAXED}),
        ),
        ("what only one of them asks was released later", rare(GO, JAVA, TAX, edge={"env": TAXED})),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"few requests fail since a release, callers stumble over a field later, and {what}", world)
        for what, world in (
            ("only one of them", rare(theirs="INFO sent")),
            ("each over its own field", rare(theirs=JAVA.replace("rebate", "weight"))),
            ("one told of it before the release", rare(since=3000)),
            ("the log of the one that nobody touched does not reach back so far", rare(heard=1200)),
            ("both were released in between", rare(mail=ANEW)),
            ("nothing is measured of what failed before", rare(edge=UNTOUCHED, figures=(), own=3500)),
            ("about as many failed before", rare(edge=UNTOUCHED, figures=(ABOUT,))),
            ("one was released in between and measures nothing", rare(edge=UNTOUCHED, mail=ANEW)),
            (
                "what both ask was released as the first failed",
                rare(GO, JAVA, workload("tax", before=IMAGE, released=2570), edge={"env": TAXED}, mail={"env": TAXED}),
            ),
            (
                "they failed before as well",
                rare(figures=(("error_ratio", series({"component": "edge"}, (3600, 0.04), (1100, 0.25))),)),
            ),
            (
                "what both ask was released as they began to tell",
                rare(
                    GO,
                    JAVA,
                    workload("tax", before=IMAGE, released=1200),
                    edge={"env": TAXED},
                    mail={"env": TAXED},
                ),
            ),
            (
                "who asks both was released as they began to tell",
                rare(GO, JAVA, workload("web", env=BOTH, before=IMAGE, released=1200)),
            ),
            (
                "who writes what both read was released as they began to tell",
                rare(
                    GO,
                    JAVA,
                    postgres(),
                    workload("feed", env=KEPT, before=IMAGE, released=1200),
                    edge={"env": {**CALLS_CART, **KEPT}},
                    mail={"env": {**CALLS_CART, **KEPT}},
                ),
            ),
            (
                "settings of the service were written as they began to tell",
                rare(
                    GO,
                    JAVA,
                    thing("ConfigMap", "cart", written=1170, data={"rebates": "text"}),
                    of=cart(released=2640, envFrom=[{"configMapRef": {"name": "cart"}}]),
                ),
            ),
            ("what both ask was started anew as they began to tell", both_ask(workload("tax", started=1190))),
            ("what is behind what both ask was started anew then", both_ask(of_a_store(), postgres(started=1190))),
            ("a Job wrote what another that both ask keeps", both_ask(of_a_store(), postgres(), MIGRATES)),
            (
                "a Job wrote what the service keeps",
                rare(GO, JAVA, postgres(), MIGRATES, of=cart(released=2640, env=KEPT)),
            ),
            ("the lines name another", rare(f"GET http://tax:8080/r {GO}", JAVA, workload("tax"))),
            ("the service had other limits alone", rare(of=cart(before=MORE, released=2640, **ROOM))),
        )
    ),
    DoesNotHold(
        "callers stumble over a field long after a release, and requests fail only since one's own",
        rare(figures=(errors("edge", 0.25, 1100),)),
        OF_EDGE,
    ),
    DoesNotHold(
        "callers stumble over a field long after a release, and requests fail since one's own soon after it",
        rare(edge={"released": 1480}, figures=(errors("edge", 0.25, 1450),)),
        OF_EDGE,
    ),
]
