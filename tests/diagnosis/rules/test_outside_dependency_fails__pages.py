"""A host outside answers with a page for people, and a status that is well, where a program asks for data."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, SHOP, errors, shop
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ANEW = ("code_defect", "page_human")
BACK = (CART, "configuration_error", "rollback_workload")
FAILS = (CART, "dependency_failure", "page_human")
BACK_SHOP = (SHOP, "code_defect", "rollback_workload")
OURS = "api.shop.example"
HOST = "api.acmepay.example"
ENV = {"PAY_URL": f"https://{HOST}/v3"}
SINCE = 900
RUBY = f"ERROR -- : Faraday::ParsingError: unexpected character: '<!doctype' at line 1 (POST https://{HOST}/v3/837)"
GO = f'level=error msg="GET https://{HOST}/v3/rates" err="invalid character \'<\' looking for beginning of value"'
AIOHTTP = "ERROR aiohttp.client_exceptions.ContentTypeError: 200, message='Attempt to decode JSON with unexpected "
AIOHTTP += f"mimetype: text/html', url='https://{HOST}/v3/rates'"
NAMED = "ERROR acmepay check 4711 failed: content-type=text/html; body='<!doctype html><title>Soon</title>'"
NODE = f"ERROR https://{HOST}/v3/rates SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON"
WELL = "INFO rate EUR=1.09 stored"


def told(line: str, name: str = "cart", well: bool = True, times: int = 12, since: float = SINCE) -> Log:
    """Return the log of a pod that did its work until a host began to answer so."""
    before = [(since + 60 * n, WELL) for n in range(20, 0, -1)] if well else []
    return timed(pod(name), *before, *((since - n * (since - 30) / (times - 1), line) for n in range(times)))


def world(line: str, *also: Any, logs: list[Log] | None = None, **mine: Any) -> Snapshot:
    """Return a cart that fails since a host outside answers so."""
    made = workload("cart", **{"env": ENV, **mine})
    return snapshot(shop(), made, *also, figures=[errors("cart", since=SINCE)], logs=logs or [told(line)])


def beside_release(host: str, *also: Any) -> Snapshot:
    """Return a cart that gets a page from a host since the shop was released."""
    return snapshot(
        shop(before={"image": "registry.example/shop:0"}, released=SINCE + 40),
        workload("cart", env={"PAY_URL": f"https://{host}/v3"}),
        *also,
        figures=[errors("cart", since=SINCE)],
        logs=[told(NODE.replace(HOST, host))],
    )


def other(**more: Any) -> list[Obj]:
    return workload("books", **{"env": ENV, "service": False, **more})


RELEASED: dict[str, Any] = {"before": {"env": {**ENV, "PAY_PATH": "/v2"}}, "released": SINCE + 40}
EDITED: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "cart"}}]}
HOLDS = [
    *(
        Holds(
            f"a page comes instead of data: {what}",
            world(line),
            FAILS,
            excludes=no("restart_workload", "rollback_workload", "scale_workload", at=CART),
        )
        for what, line in (
            ("Ruby", RUBY),
            ("Go", GO),
            ("Python", AIOHTTP),
            ("Node", NODE),
            ("by the name of whose host it is", NAMED),
        )
    ),
    Holds(
        "one that asks it was released, and another one that was not gets the same page",
        world(RUBY, other(), logs=[told(RUBY), told(GO, "books")], **{**RELEASED, "released": SINCE + 1200}),
        FAILS,
    ),
    Holds(
        "another one of ours was released as it began, and the host is of somebody else", beside_release(HOST), FAILS
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("one of ours, by whose name the host is called, was just released", beside_release(OURS), BACK_SHOP),
    DoesNotHold(
        "one of ours was released as it began, and the host is of the owner of one that leads to us",
        beside_release(
            "rates.acmepay.example",
            thing(
                "Ingress",
                "www",
                spec={"rules": [{"host": "www.acmepay.example", "http": {"paths": [{"path": "/", "backend": {
                    "service": {"name": "shop", "port": {"number": 8080}}}}]}}]},
            ),
        ),
        ANEW,
    ),
    DoesNotHold(
        "who asks it was released as that began: it may ask at a path that is none", world(NODE, **RELEASED), BACK
    ),
    DoesNotHold(
        "what it reads was written as that began",
        world(NODE, thing("ConfigMap", "cart", written=SINCE + 20, data={"PATH": "/v4"}), **EDITED),
    ),
    DoesNotHold("nobody saw it answer well", world(NODE, logs=[told(NODE, well=False)]), ASK),
    DoesNotHold("it did so twice", world(NODE, logs=[told(NODE, times=2)]), ASK),
    DoesNotHold(
        "two hosts do so at once: it is something in between",
        world(NODE, logs=[timed(
            pod("cart"),
            *((SINCE + 60 * n, WELL) for n in range(20, 0, -1)),
            *((SINCE - 60 * n, (NODE, NODE.replace(HOST, "api.other.example"))[n % 2]) for n in range(13)),
        )]),
        ANEW,
    ),
    *(
        DoesNotHold(f"it is no page of a host that is well: {what}", world(line), ANEW)
        for what, line in (
            ("it does not know what is asked", f"ERROR GET https://{HOST}/v3/rates 404: unexpected token '<'"),
            ("a user sent it", "ERROR SyntaxError: Unexpected token '<' in JSON at position 0 at body-parser/json.js"),
            ("it is a mail", f"ERROR e-mail via https://{HOST} failed: unexpected token '<' in <html>"),
            ("one of ours gives it", NODE.replace(f"https://{HOST}", "http://shop:8080")),
        )
    ),
    DoesNotHold(
        "a page is what it asks for",
        world(f"INFO fetched https://{HOST}/terms content-type=text/html length=4312"),
        ASK,
    ),
]  # fmt: skip
