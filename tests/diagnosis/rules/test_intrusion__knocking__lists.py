"""Pods that try a list of names and of places, servers that tell so in two lines, and templates that ran commands."""

from __future__ import annotations

from dataclasses import replace

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.test_intrusion__knocking import (
    COMBINED,
    GO,
    MYSQL,
    PLACES,
    WRONG,
    address,
    names,
    places,
    shop,
)
from tests.diagnosis.rules.test_intrusion__knocking__builds import pushed
from tests.diagnosis.rules.test_intrusion__obeyed import RESTARTS, may_be_a_test
from tests.diagnosis.rules.tiny import pod, timed
from tuheg_ir.diagnosis.model import Snapshot

RABBIT = "[error] <0.1.0> {0} (" + address("shop") + ":51510 -> 10.0.9.9:5672{1}):"
HTTP = (RABBIT.format("closing AMQP connection <0.1.0>", ""), '{{bad_header,<<"GET / HT">>}}')
TLS = (RABBIT.format("closing AMQP connection <0.1.0>", ""), "{{bad_header,<<22,3,1,1,0,1,0,0>>}}")
ANONYMOUS = (
    RABBIT.format("Error on AMQP connection <0.1.0>", ", state: starting"),
    "PLAIN login refused: user 'guest' can only connect via localhost",
)
NGINX = r'{shop} - - "\x16\x03\x01\x01\x00\x01\x00\x00\xFC\x03\x03" 400 157 "-" "-"'
GIN = [f'[GIN] 2026/03/04 - 11:40:0{n} | 404 | 0.02ms | {{shop}} | GET "{each}"' for n, each in enumerate(PLACES)]
OF_ANOTHER = [COMBINED % (each, "203.0.113.9") for each in PLACES]
LIST = {"postgres": names(WRONG), "cart": places(GO)}
PORTAL = {"postgres": names(WRONG), "queue": [*HTTP, *TLS, *ANONYMOUS], "web": [NGINX]}
ENGINES = {
    "FreeMarker": "\tat freemarker.template.utility.Execute.exec(Execute.java:86) ~[freemarker-2.3.31.jar!/:2.3.31]",
    "Velocity": "MethodInvocationException: Invocation of method 'exec' in  class java.lang.Runtime threw exception "
    "java.io.IOException",
    "OGNL": 'ognl.MethodFailedException: Method "exec" failed for object java.lang.Runtime@41a2 [IOException]',
    "Thymeleaf": 'Exception evaluating SpringEL expression: "T(java.lang.Runtime).getRuntime().exec(x)" (template)',
}


def first_places() -> Snapshot:
    """Return pods of another build that all try names, one of which asks for places as well."""
    names_of_all, places_of_one = pushed({"postgres": names(MYSQL)}), pushed({"cart": places(GO)}, by=(2,))
    return replace(names_of_all, logs=(*names_of_all.logs, *places_of_one.logs))


def templates(told: str, *, followed: bool = True) -> Snapshot:
    """Return a shop that tells so of a template, and tries doors later."""
    world = shop(at=PORTAL if followed else None)
    failed = timed(pod("shop"), (2500, "ERROR template failed"), (2499, told), of="shop")
    return replace(world, logs=(*world.logs, failed))


HOLDS = [
    *(
        may_be_a_test(f"a pod tries the doors of others: {what}", world)
        for what, world in (
            ("a list of names at one, and one of places at another", shop(at=LIST)),
            ("the same, as Gin tells of places", shop(at={**LIST, "cart": GIN})),
            ("names at one, and other protocols where RabbitMQ tells in two lines and nginx of TLS", shop(at=PORTAL)),
        )
    ),
    Holds(
        "pods of another build try names, and one of them a list of places",
        first_places(),
        (SHOP, "security_incident", "isolate_workload"),
        excludes=no(*RESTARTS, at=SHOP),
        harmful=RESTARTS,
    ),
    *(
        Holds(
            f"a template ran a command, and its pod tries the doors of others then: {engine}",
            templates(told),
            (SHOP, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=SHOP),
            harmful=RESTARTS,
        )
        for engine, told in ENGINES.items()
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("names at one, and two places at another", shop(at={**LIST, "cart": places(GO, "/.env", "/.git/config")})),
        ("a lost login, and a list of places at another", shop(at={**LIST, "postgres": names(WRONG, "shop")})),
        ("names and places at one", shop(at={"cart": [*names(MYSQL), *places(GO)]})),
        ("places that another one asked for", shop(at={**LIST, "cart": OF_ANOTHER})),
        (
            "it speaks TLS where nobody does, to all",
            shop(at={"web": [NGINX] * 9, "queue": TLS * 9, "cart": [NGINX] * 9}),
        ),
        ("a template ran a command, and nothing followed", templates(ENGINES["FreeMarker"], followed=False)),
        (
            "a template fails for want of a name",
            templates("\tat freemarker.template.utility.DeepUnwrap.unwrap(DeepUnwrap.java:9)", followed=False),
        ),
    )
]
