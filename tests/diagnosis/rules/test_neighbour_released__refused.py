"""A caller's errors tell how it is refused since a release of one that it asks, and name nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, OLD, SHOP, alert, errors, shop
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

BOTH = {"CART_URL": "http://cart:8080", "BANK_URL": "http://bank:8080"}
CART_ALONE = {"CART_URL": "http://cart:8080"}
AGES = range(585, 5, -29)
"""How long ago each refusal was."""
FINE = "INFO basket saved"
AXIOS = 'level=error msg="checkout failed" err="AxiosError: Request failed with status code 422"'
GO = 'level=ERROR msg="save basket" err="unexpected answer: 405 Method Not Allowed" trace={}'
DOTNET = (
    "fail: Shop.Checkout[0] System.Net.Http.HttpRequestException: Response status code does not indicate success: 404 "
    "(Not Found)."
)
FRAMES = "   at Shop.Clients.CartClient.AddAsync(Item item) in /src/Clients/CartClient.cs:line 31"
SPRING = "ERROR 1 --- [shop] c.s.CheckoutService : checkout failed: 400 Bad Request: [no body]"
ABOVE = "ERROR 1 --- [shop] c.s.CheckoutService : checkout failed"
TYPED = "org.springframework.web.client.HttpClientErrorException$NotAcceptable: 406 : [no body]"
FEIGN = "feign.FeignException$NotFound: [404] during [POST] to [http://cart:8080/v1] [CartClient#add(Item)]: [{}]"
ANSWER = '10.0.0.7 - - "POST /v1/baskets HTTP/1.1" {} 87'
SERILOG = '{{"@mt":"HTTP answered","RequestMethod":"POST","RequestPath":"/v1/baskets","StatusCode":{}}}'
PINO = '{{"level":30,"req":{{"method":"POST","url":"/v1/baskets"}},"res":{{"statusCode":{}}}}}'


def number(of: int) -> str:
    return f"{of * 7919 + 1:032x}"


def says(line: str, *after: str, ages: Sequence[int] = AGES, before: int = 3000, name: str = "shop") -> list[Log]:
    """Return the log of a caller that told of no refusal for long, and then of these."""
    lines: list[tuple[float, str]] = [(float(age), FINE) for age in range(before, 600, -100)]
    for each, age in enumerate(ages):
        lines += [(age, line.format(number(each))), *((age, told) for told in after)]
    return [timed(pod(name), *lines)]


def bare(line: str, thrown: str) -> list[Log]:
    """Return the same log of a caller, whose exceptions have no time of their own."""
    return [each._replace(lines=tuple(_untimed(told, thrown) for told in each.lines)) for each in says(line, thrown)]


def _untimed(line: str, thrown: str) -> str:
    return thrown if line.endswith(thrown) else line


def tells(form: str, status: int = 422, ages: Sequence[int] = AGES, off: float = 0.5, name: str = "cart") -> list[Log]:
    """Return the log of who is asked, with its answers since its release."""
    told = [(age + off, form.format(status)) for age in ages]
    told += [(age + 9.5, form.format(200)) for age in ages if age + 9.5 < 598]
    return [timed(pod(name), *sorted(told, reverse=True))]


def many(trace: bool = True) -> list[Log]:
    """Return the log of who answers somebody all the time, and refuses most of them."""
    told = list[tuple[float, str]]()
    for second in range(590, 5, -1):
        at = [n for n, age in enumerate(AGES) if age == second]
        known = f" trace={number(at[0])}" if at and trace else ""
        told.append((second, ANSWER.format(405) + known))
    return [timed(pod("cart"), *told)]


def asked(
    *more: Obj, env: dict[str, str] | None = None, of_shop: dict[str, Any] | None = None, **of: Any
) -> Iterator[Obj]:
    """Yield a shop that nobody touched, and whom it asks: the cart was released ten minutes ago."""
    yield from shop(env=env or BOTH, **(of_shop or {}))
    yield from workload("cart", **{"before": OLD, "released": 600, **of})
    yield from workload("bank")
    yield from more


def town(logs: Sequence[Log], *more: Obj, env: dict[str, str] | None = None, **of: Any) -> Snapshot:
    return snapshot(list(asked(*more, env=env, **of)), alerts=[alert(deployment="shop")], logs=logs)


TEXTS: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "texts"}}]}
RELEASED = (CART, "code_defect", "rollback_workload")
TRACES = says(DOTNET, FRAMES)
HOLDS = [
    *(
        Holds(
            what,
            town(logs, env=env),
            RELEASED,
            excludes=(*no("restart_workload", at=CART), *no("restart_workload", "rollback_workload", at=SHOP)),
            alone=True,
            sure=(0.6, 0.9),
            began=585,
        )
        for what, logs, env in (
            ("who was released tells the same in the same moments", [*says(AXIOS), *tells(ANSWER)], None),
            ("it tells so in fields of .NET", [*says(SPRING), *tells(SERILOG, 400)], None),
            ("it tells so in fields of Node", [*says(AXIOS), *tells(PINO)], None),
            ("it refuses all the time, and the numbers of requests tell", [*says(GO), *many()], None),
            ("the traces lead through the client for it, and its log is not known", TRACES, None),
            ("nobody else is asked", says(SPRING), CART_ALONE),
            ("nobody else is asked, and an exception tells it below the error", says(ABOVE, TYPED), CART_ALONE),
            ("the same, in lines without a time", bare(ABOVE, TYPED), CART_ALONE),
            ("the same of Feign, which names the client", bare(ABOVE, FEIGN), None),
        )
    ),
    Holds(
        "users feel it, by figures",
        snapshot(
            list(asked()),
            figures=[errors("shop", 0.5, since=590), errors("cart", 0.0), errors("bank", 0.0)],
            logs=[*says(AXIOS), *tells(ANSWER)],
        ),
        RELEASED,
    ),
    Holds(
        "variables of the caller were written in the same minutes, and none of its pods started with them",
        town(says(SPRING), thing("ConfigMap", "texts", written=650), env=CART_ALONE, of_shop=TEXTS),
        RELEASED,
    ),
    Holds(
        "a setting of the caller was written a quarter of an hour before, and did no harm",
        snapshot(
            shop(env=BOTH, envFrom=[{"configMapRef": {"name": "texts"}}]),
            thing("ConfigMap", "texts", written=1500),
            workload("cart", before=OLD, released=600),
            workload("bank"),
            alerts=[alert(deployment="shop")],
            logs=[*says(AXIOS), *tells(ANSWER)],
        ),
        RELEASED,
    ),
]
FILES: dict[str, Any] = {"envFrom": [], "spec": {"volumes": [{"name": "texts", "configMap": {"name": "texts"}}]}}
OUTSIDE = FEIGN.replace("http://cart:8080", "https://pay.example.org")
FORBIDDEN = TYPED.replace("NotAcceptable: 406", "Forbidden: 403")
OTHER = workload("web", before=OLD, released=610)
"""A page that was released then too: that nothing else changed tells nobody which of both it was."""
READS = {"envFrom": [{"configMapRef": {"name": "rules"}}]}
DOES_NOT_HOLD = [
    DoesNotHold(what, town(logs, *OTHER, *more, env=env, **of), instead, harmful=("rollback_workload",))
    for what, logs, more, env, of, instead in (
        ("no log tells whose answers they are", says(AXIOS), (), None, {}, ("unknown", "page_human")),
        (
            "who was released answers well",
            [*says(DOTNET, FRAMES), *tells(ANSWER, 200)],
            (),
            None,
            {},
            ("unknown", "page_human"),
        ),
        (
            "who was released refuses others, at other times",
            [*says(AXIOS), *tells(ANSWER, off=8.0)],
            (),
            None,
            {},
            ("unknown", "page_human"),
        ),
        ("it refuses all the time, and no number is told", [*says(GO), *many(trace=False)], (), None, {}, ()),
        ("the caller's log begins with the release", says(SPRING, before=0), (), CART_ALONE, {}, ()),
        (
            "it was refused before as well",
            says(SPRING, ages=range(1500, 5, -29)),
            (),
            CART_ALONE,
            {},
            ("unknown", "page_human"),
        ),
        ("nobody tells whose exceptions they are", bare(ABOVE, TYPED), (), None, {}, ("unknown", "page_human")),
        ("exceptions tell that it may not", bare(ABOVE, FORBIDDEN), (), CART_ALONE, {}, ()),
        ("exceptions stand below what is no error", bare(FINE, TYPED), (), CART_ALONE, {}, ()),
        ("exceptions name a host outside", bare(ABOVE, OUTSIDE), (), CART_ALONE, {}, ()),
        (
            "the caller may not: that is no other contract",
            says(SPRING.replace("400 Bad", "403 Bad")),
            (),
            CART_ALONE,
            {},
            (),
        ),
        (
            "what the released one reads was written in the same minutes",
            [*says(SPRING), *tells(ANSWER, 400)],
            (thing("ConfigMap", "rules", written=590),),
            None,
            READS,
            ("page_human",),
        ),
        (
            "the released one passes on what it is told itself",
            [*says(AXIOS), *says(AXIOS.replace('err="', 'err="POST http://bank:8080/v2/charge: '), name="cart")],
            (),
            CART_ALONE,
            {},
            ("page_human",),
        ),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        f"what the caller reads was written in the same minutes, and {what}",
        town(says(SPRING), thing("ConfigMap", "texts", written=650), env=CART_ALONE, of_shop={**TEXTS, **more}),
        harmful=("rollback_workload",),
    )
    for what, more in (("its pods started with that", {"started": 640}), ("it lies in a file of theirs", FILES))
]
