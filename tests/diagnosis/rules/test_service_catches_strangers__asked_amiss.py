"""A Service was edited and means pods of its own image too that are for something else: they do not know the path."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, errors, shop
from tests.diagnosis.rules.test_service_catches_strangers import (
    CALLER,
    EXPORT,
    OLD_AGE,
    PART,
    WIDE,
    fails,
    labelled,
)
from tests.diagnosis.rules.tiny import Obj, pod, service_for, snapshot, thing, timed
from tuheg_ir.diagnosis.model import Snapshot

CART_IMAGE = "registry.example/cart:1"
SPRING = "WARN Resolved [org.springframework.web.servlet.resource.NoResourceFoundException: No static resource items.]"
GUNICORN = '10.1.0.9 - - [27/Nov/2026:13:50:00 +0000] "POST /items HTTP/1.1" 404 207 "-" "axios/1.7"'
BESIDE = 'WARN exporter: 10.42.2.24 - "POST /items HTTP/1.1" 404 10  (only GET /metrics, /health are served here)'
SCRAPED = 'INFO exporter: 10.20.0.90 - "GET /metrics HTTP/1.1" 200 8812'
FIELDS = (
    '{{"level":"warn","method":"POST","path":"/items","status":404,"duration_ms":0,'
    '"msg":"no such path, this port serves /metrics and /healthz"}}'
)
GIN = '[GIN] 2026/11/27 - 13:50:00 | %s | 1.2ms | 10.1.0.9 | POST "%s"'
AT_SERVICE = ("Service/cart", "configuration_error", "page_human")
YOUNGER = {"image": EXPORT, "age": OLD_AGE / 2}
"""Another program, which came after the cart and long before the Service was edited."""


def widened(
    *more: Any,
    line: str = SPRING,
    amiss: float = 590,
    quiet: float = 3000,
    usual: str = "INFO chunk of the portfolio done",
    cart: str = "INFO served 3 items",
    service: Any = None,
    jobs: dict[str, Any] | None = None,
    own: dict[str, Any] | None = None,
    caller: list[Obj] = CALLER,
    figures: Any = None,
) -> Snapshot:
    """Return a cart and, as old, one of its image for jobs that listens too; its Service was edited and means both.

    ``usual``: what the pods of the jobs tell all along; ``line``: what one of them tells besides, since ``amiss``.
    """
    started = {"image": CART_IMAGE, "age": OLD_AGE}
    told: list[tuple[float, str]] = [(age, usual.format(n)) for n, age in enumerate(range(int(quiet), 0, -60))]
    told += [(amiss - 40 * n, line.format(n, chr(97 + n))) for n in range(12) if amiss > 40 * n]
    return snapshot(
        labelled("cart", **{**started, "env": {"SPRING_PROFILES_ACTIVE": "api"}, **(own or {})}),
        labelled("jobs", **{**started, "env": {"SPRING_PROFILES_ACTIVE": "jobs"}, **(jobs or {})}),
        service_for("cart", selector=PART, written=600) if service is None else service,
        caller,
        *more,
        logs=[
            timed(pod("jobs"), *sorted(told, reverse=True)),
            timed(pod("cart"), *((age, cart) for age in range(3000 if cart.startswith("INFO") else 590, 0, -50))),
        ],
        figures=fails(580) if figures is None else figures,
    )


def of_fields(way: str) -> Obj:
    """Return the cart's Service with the field of it that somebody wrote ten minutes ago."""
    made = service_for("cart", selector=PART, written=600)
    head, _, last = way.partition(".")
    made["metadata"]["managedFields"][0] |= {"fieldsType": "FieldsV1", "fieldsV1": {f"f:{head}": {f"f:{last}": {}}}}
    return made


def ports_later() -> Obj:
    """Return the cart's Service with a selector that was written ten minutes ago, and ports that were after that."""
    made, later = of_fields("spec.selector"), service_for("cart", selector=PART, written=200)
    ports = {"fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:ports": {}}}}
    made["metadata"]["managedFields"].append(later["metadata"]["managedFields"][0] | ports)
    return made


def tracks(name: str, track: str, **more: Any) -> list[Obj]:
    """Return a workload that differs from its like by the label of a slot alone."""
    made = labelled(name, **more)
    for each in made:
        inner = each if each["kind"] == "Pod" else each["spec"]["template"]
        inner["metadata"]["labels"] = {**PART, "track": track}
    return made


CANARY = (("cart", "stable"), ("cart-next", "canary"))
AMISS_SINCE = [*((age, "INFO started") for age in range(3000, 600, -60)), *((580 - 40 * n, SPRING) for n in range(12))]
HOLDS = [
    Holds(
        "its selector was edited and means old pods of its own image too, which a variable alone gives other work",
        widened(service=of_fields("spec.selector")),
        AT_SERVICE,
        excludes=(
            *no("restart_workload", "rollback_workload", at=CART),
            *no("restart_workload", "rollback_workload", "scale_workload", at="Deployment/jobs"),
        ),
        alone=True,
        began=590,
    ),
    Holds(
        "its selector was edited and means a server of jobs of its own image too, which answers by Express",
        widened(line="WARN Error: Cannot POST /items", jobs={"env": {"ROLE": "jobs"}}, own={"env": {"ROLE": "web"}}),
        AT_SERVICE,
    ),
    Holds(
        "its selector was edited and means pods of its own image that were never asked, by their access log",
        widened(line=GUNICORN, jobs={"args": ["gunicorn", "jobs:app"]}, own={"args": ["gunicorn", "cart:app"]}),
        AT_SERVICE,
    ),
    Holds(
        "its selector was edited and means pods of its own image that answer others as ever",
        widened(
            line=GIN % ("404", "/items"),
            usual=GIN % ("200", "/jobs/next"),
            jobs={"env": {"APP_MODE": "jobs"}, "age": OLD_AGE / 2},
        ),
        AT_SERVICE,
    ),
    *(
        Holds(
            f"its selector was edited and means a younger program too, {what}",
            widened(line=line, usual=usual, jobs=YOUNGER, service=of_fields("spec.selector")),
            AT_SERVICE,
            excludes=no("restart_workload", "rollback_workload", "scale_workload", at="Deployment/jobs"),
            alone=True,
        )
        for what, line, usual in (
            ("which tells beside each refusal what it serves: its metrics", BESIDE, SCRAPED),
            ("which tells so in JSON", FIELDS, SCRAPED),
            ("a Django", "WARNING Not Found: /items", "INFO chunk of the portfolio done"),
            ("a WEBrick", "[2026-11-27 13:50:00] ERROR `/items' not found.", SCRAPED),
            ("which tells nothing of what it is asked", SCRAPED, SCRAPED),
        )
    ),
    Holds(
        "its selector was edited and means a younger program too, and others wrote its ports since then",
        widened(line=BESIDE, jobs=YOUNGER, service=ports_later()),
        AT_SERVICE,
    ),
    Holds(
        "a Service of neither's name was edited and means another program too, which is older",
        widened(
            service=thing("Service", "basket", written=600, spec={**WIDE["spec"], "selector": PART}),
            jobs={"image": EXPORT, "age": 2 * OLD_AGE},
            caller=shop(env={"CART_URL": "http://basket:8080"}),
        ),
        ("Service/basket", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a Service was edited that means two of one image, {what}", world, harmful=("rollback_workload",))
        for what, world in (
            ("and nobody asks the other amiss", widened(line="INFO chunk of the portfolio done")),
            ("and only one thing was asked of it each", widened(line="WARN Error: Cannot POST /{1}dmin")),
            ("and the other was asked amiss long before", widened(amiss=2400)),
            ("and nobody knows whether the other was asked amiss before", widened(quiet=620)),
            ("and its own no longer know the path either", widened(cart=SPRING)),
            ("and its own find nothing either, by their access log", widened(line=GUNICORN, cart=GUNICORN)),
            ("but not its selector", widened(service=of_fields("spec.sessionAffinity"))),
            ("hours ago", widened(service=service_for("cart", selector=PART, written=9000))),
            ("as it was made", widened(service=service_for("cart", selector=PART))),
            ("and they do the same work", widened(jobs={"env": {"SPRING_PROFILES_ACTIVE": "api"}})),
            ("and the other is another version", widened(jobs={"image": "registry.example/cart:2"})),
            ("and no user feels it", widened(figures=[errors("shop", 0.0), errors("cart", 0.0)])),
            ("and users suffered long before", widened(figures=fails(2500))),
            ("and its own fail since then", widened(figures=[errors("shop", 0.4, since=580), errors("cart", 0.4)])),
            ("and another Service means its own alone", widened(service_for("cart-api", selector={"app": "cart"}))),
        )
    ),
    *(
        DoesNotHold(
            f"a Service was edited that means a younger program too, {what}",
            widened(line=BESIDE, usual=SCRAPED, jobs=YOUNGER, service=service, figures=figures),
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for what, service, figures in (
            ("but not its selector", of_fields("spec.ports"), None),
            ("hours ago", service_for("cart", selector=PART, written=9000), None),
            ("and users suffered long before", None, fails(2500)),
            ("and no user feels it", None, [errors("shop", 0.0), errors("cart", 0.0)]),
            ("and its own fail since then", None, [errors("shop", 0.4, since=580), errors("cart", 0.4)]),
        )
    ),
    DoesNotHold(
        "a Service of neither's name was edited that means a younger program too, whose metrics alone are asked for",
        widened(
            line='WARN exporter: 10.20.0.90 - "GET /metrics HTTP/1.1" 404 10  (only GET /stats is served here)',
            service=thing("Service", "basket", written=600, spec={**WIDE["spec"], "selector": PART}),
            jobs=YOUNGER,
            caller=shop(env={"CART_URL": "http://basket:8080"}),
        ),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "a Service was edited that means an older program too, but not its selector",
        widened(service=of_fields("spec.ports"), jobs={"image": EXPORT, "age": 2 * OLD_AGE}, line=SCRAPED),
        harmful=("rollback_workload", "restart_workload"),
    ),
    DoesNotHold(
        "a Service was edited that means two of one image, and the other was released then",
        widened(jobs={"before": {"env": {"SPRING_PROFILES_ACTIVE": "none"}}, "released": 610}),
    ),
    DoesNotHold(
        "a Service was edited that means two of one image, and the caller was released then",
        widened(caller=shop(env=CALLS_CART, before={"image": "shop:0"}, released=590)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a Service was edited that means two of one image, which differ by a slot and a switch",
        snapshot(
            *(tracks(n, t, image=CART_IMAGE, age=OLD_AGE, env={"NEW_ITEMS": t}) for n, t in CANARY),
            service_for("cart", selector=PART, written=600),
            CALLER,
            logs=[timed(pod("cart-next"), *AMISS_SINCE)],
            figures=fails(580),
        ),
        harmful=("rollback_workload",),
    ),
]
