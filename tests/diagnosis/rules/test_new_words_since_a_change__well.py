"""New words speak of no release that answers all as ever, nor of one that came after they had been told before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, URL, alert, errors, ingress, latency, shop
from tests.diagnosis.rules.tiny import Obj, at, figure, postgres, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

SCORED = "WARN  normalized country=GB score=0.78"
REVIEW = "WARN address needs review, sent to exceptions reason=postcode_mismatch"
HELD = ("WARN label not received, parcel held", "WARN result not yet arrived, order parked")
ASKS_FLOW, TELLS = {"FLOW_ADDRESS": "flow.temporal:7233"}, {"OTLP_ENDPOINT": "http://otel-collector.watch:4317"}
FIRES, BACK, LOOK = alert("ParcelsWait", service="shop"), "rollback_workload", "page_human"
RELEASED = 660
WELL = [errors("cart", 0.001), latency("cart", now=0.1)]


def told(of: str, words: str, since: float, *earlier: float, calm: str = "INFO request") -> Log:
    """Return the log of a pod that repeats words since some seconds ago, and told them so long ago as well."""
    usual = [(age, calm) for age in range(3000, 0, -30)]
    said = [(age, words) for age in (*range(int(since), 0, -15), *earlier)]
    return timed(f"{of}-pod0", *sorted([*usual, *said], reverse=True), of=of)


def own(
    words: str, figures: Iterable[Any] = (), calm: str = "INFO request", of: str = "registry.example/cart"
) -> Snapshot:
    """Return a cart whose log has new words since its release, and a shop that asks it and for which people wait."""
    cart = workload("cart", f"{of}:1.2", pods=1, before={"image": f"{of}:1.1"}, released=RELEASED)
    return snapshot(
        shop(env=CALLS_CART), cart, logs=[told("cart", words, 600, calm=calm)], figures=figures, alerts=[FIRES]
    )


def logins(words: str, right: str, each: float) -> Snapshot:
    """Return a cart at which people log in since its release: some in vain, one of them rightly every few seconds."""
    cart = workload("cart", pods=1, before=IMAGE, released=RELEASED)
    lines = [*((age, words) for age in range(600, 0, -20)), *((600 - each * n, right) for n in range(int(600 / each)))]
    lines += [(3000 - 60 * n, "INFO request") for n in range(38)]
    return snapshot(cart, logs=[timed("cart-pod0", *sorted(lines, reverse=True), of="cart")], alerts=[CALLED])


CALLED = alert("SignInsFew", service="cart")
MISTYPED, RIGHT = "WARN sign-in failed: bad credentials customer=c469631", "INFO sign-in succeeded customer=c469632"


def of_caller(*earlier: float, words: str = REVIEW) -> Snapshot:
    """Return a shop that warns since a cart which it asks was released, and told the same at those ages before."""
    cart = workload("cart", before=IMAGE, released=RELEASED)
    return snapshot(shop(env=CALLS_CART), cart, logs=[told("shop", words, 600, *earlier)], alerts=[FIRES])


def held(words: str = HELD[0], *, grew: float | None = 700, ill: float = 0.001, well: bool = True) -> Snapshot:
    """Return a shop that misses what another brings it by way of a queue, which grows, and a release beside them."""
    return snapshot(
        shop(),
        workload("cart", before=IMAGE, released=RELEASED),
        workload("worker", service=False),
        logs=[told("shop", words, 600)],
        figures=[
            *([errors("cart", ill), latency("cart", now=0.1)] if well else []),
            *([figure("queue_depth", 5, 9000, grew, component="worker")] if grew else []),
        ],
        alerts=[FIRES],
    )


def strange(
    words: str = SCORED, figures: Iterable[Any] = (), *, fires: Alert = FIRES, of_cart: Any = None, shared: Any = None
) -> Snapshot:
    """Return a cart whose log has new words since its release, and a shop for which people wait and that asks a web."""
    cart = workload("cart", pods=1, before=IMAGE, released=RELEASED, env=of_cart)
    return snapshot(
        shop(env={"WEB_URL": "http://web:8080", **(shared or {})}),
        workload("web"),
        cart,
        postgres(),
        logs=[told("cart", words, 600)],
        figures=figures,
        alerts=[fires],
    )


def sent(words: str, *beside: Obj, asks: bool = False, of: str = "cart", image: str = "") -> Snapshot:
    """Return a shop that warns since a cart came; ``asks``: it asks the shop as well; ``of``: how it is called."""
    env = {"SHOP_URL": "http://shop:8080"} if asks else None
    cart = workload(of, image, before=IMAGE, released=RELEASED, env=env)
    asked = {"ASKED_URL": f"http://{of}:8080"}
    return snapshot(shop(env=asked), cart, *beside, logs=[told("shop", words, 600)], alerts=[FIRES])


NO_USE = '{"level":40,"reqId":"047e2781","field":"colour","msg":"client sent unknown field"}'
CANCELED = "ERROR:  canceling statement due to user request"


def of_store(*ill: str, well: bool = True) -> Snapshot:
    """Return a database that tells of statements, two who ask it, of which one was released, and who suffers."""
    usual = [(age, "LOG:  checkpoint complete: wrote 217 buffers") for age in range(3000, 0, -30)]
    said = [*usual, *((age, CANCELED) for age in range(600, 0, -15))]
    return snapshot(
        shop(env=URL),
        workload("cart", before=IMAGE, released=RELEASED, env=URL),
        postgres(),
        logs=[Log("postgres-0", "postgres", tuple(f"{at(age)} {line}" for age, line in sorted(said, reverse=True)))],
        figures=[*(WELL if well else []), *(errors(each, 0.2, since=120) for each in ill)],
        alerts=[FIRES],
    )


HOLDS = [
    Holds(
        "a broker tells new words since its own release: it is not taken back for a guess",
        own("ERROR Error on AMQP connection <0.1728.0>, state: starting", of="rabbitmq"),
        (CART, "code_defect", LOOK),
        harmful=(BACK,),
    ),
    Holds("a store cancels statements since one of those who ask it came", of_store(), (CART, "code_defect", BACK)),
    Holds(
        "a store cancels statements, another who asks it fails, and nobody measures the released",
        of_store("shop", well=False),
        (CART, "code_defect", BACK),
    ),
    *(
        Holds(f"it warns of what it never told, and {what}", world, (CART, "code_defect", BACK))
        for what, world in (
            ("it asks who suffers", strange(of_cart={"SHOP_URL": "http://shop:8080"})),
            ("it writes what that one reads", strange(of_cart=URL, shared=URL)),
            ("both ask one who hands out work", strange(of_cart=ASKS_FLOW, shared=ASKS_FLOW)),
            ("the alert names it", strange(fires=alert("CartStale", service="shop"))),
            ("the alert names nobody", strange(fires=alert("ParcelsWait"))),
            ("nobody knows whose requests fail", strange(fires=alert("ProbeFailing"))),
            ("it may be an error of what others need", strange("ERROR no score for GB")),
        )
    ),
    *(
        Holds(f"a caller warns since whom it asks was released: {what}", world, (CART, "code_defect", BACK))
        for what, world in (
            ("what its users send, as the released may do", sent(NO_USE, asks=True)),
            ("an answer has a field too many", sent("WARN unknown field colour in response of the basket")),
            ("it is answered that it sends one", sent("WARN basket answered 400: unknown field colour in request")),
            (
                "its own request has a field too many",
                sent("WARN unsupported field colour of request to basket"),
            ),
            ("its own client lacks something", sent("WARN basket client: no total in item 7")),
            *(
                (f"its own client reads the answers: {words}", sent(words))
                for words in (
                    "WARN o.s.Feign : unrecognized field colour ignored by client, total is null",
                    "WARN unexpected property 'colour' ignored by http client",
                    "WARN unknown key total_v2 from http client payload, basket shown empty",
                    "WARN additional property colour dropped by the client",
                )
            ),
        )
    ),
    Holds(
        "a caller warns since whom it asks was released: that one told it so",
        sent("WARN cart: client sent unknown field colour"),
        (CART, "code_defect", BACK),
        believed="neighbour_released",
    ),
    *(
        Holds(
            f"what users send may come of new pages: one asks for those that it hands on, of {what}",
            world,
            (component, "code_defect", BACK),
        )
        for what, component, world in (
            ("a frontend", "Deployment/shop-frontend", sent(NO_USE, of="shop-frontend")),
            ("who runs a web server", CART, sent(NO_USE, image="nginx:1.27")),
            ("who has a host of its own", CART, sent(NO_USE, ingress("cart", "pages.example"))),
        )
    ),
    Holds(
        "it warns since its own release of what its users send",
        own(NO_USE),
        (CART, "code_defect", BACK),
    ),
    Holds(
        "what users send may come of new pages: it asks nobody who was released",
        snapshot(
            shop(),
            workload("pages", before=IMAGE, released=RELEASED),
            logs=[told("shop", NO_USE, 600)],
            alerts=[FIRES, alert("PagesBroken", service="pages")],
        ),
        ("Deployment/pages", "code_defect", BACK),
    ),
    Holds("most who log in do so in vain", logins(MISTYPED, RIGHT, 15), (CART, "code_defect", BACK)),
    Holds(
        "it cannot read what people log in with, though many do",
        logins("ERROR sign-in failed: bad credentials format", RIGHT, 3),
        (CART, "code_defect", BACK),
    ),
    Holds("nobody measures who was released", own(SCORED), (CART, "code_defect", BACK)),
    Holds("it warns of what it never told, though it answers", own(SCORED, WELL), (CART, "code_defect", BACK)),
    Holds("it tells of errors, though it answers", own("ERROR no score for GB", WELL), (CART, "code_defect", BACK)),
    Holds("a caller told it once before", of_caller(720), (CART, "code_defect", BACK)),
    Holds(
        "a caller told it twice as the release came: clocks differ", of_caller(670, 665), (CART, "code_defect", BACK)
    ),
    Holds("another misses something, and no queue grows", held(grew=None), (CART, "code_defect", BACK)),
    Holds(
        "another misses something, a queue grows, and nobody measures the released",
        held(well=False),
        (CART, "code_defect", BACK),
    ),
    Holds(
        "another tells of what no queue brings",
        held("WARN price of 17 is negative"),
        (CART, "code_defect", BACK),
    ),
]
_STORE = (
    DoesNotHold(
        "a store cancels statements, another who asks it fails, and the released answers all",
        of_store("shop"),
        harmful=(BACK,),
    ),
)
_FEW = ("Deployment/worker", "capacity", "scale_workload")
DOES_NOT_HOLD = [
    *_STORE,
    *(
        DoesNotHold(f"it tells of what it never told, and {what}", world, harmful=(BACK,))
        for what, world in (
            ("has nothing to do with who suffers", strange()),
            ("another does who needs nothing of it", strange("WARN clause without an order, rows may come in any")),
            ("both tell a collector how they are", strange(of_cart=TELLS, shared=TELLS)),
            ("it is an error, but it answers all", strange("ERROR no score for GB", WELL)),
            ("it answers all, while a probe of somebody fails", strange(figures=WELL, fires=alert("ProbeFailing"))),
            ("it answers all, while somebody is slow", strange(figures=WELL, fires=alert("HighLatencyOutside"))),
        )
    ),
    DoesNotHold(
        "it warns of its usual work, and answers all",
        own(SCORED, WELL, SCORED.replace("WARN", "INFO")),
        harmful=(BACK,),
    ),
    *(
        DoesNotHold(f"users mistype, and far more do not: {words}", logins(words, right, 3), harmful=(BACK,))
        for words, right in (
            (MISTYPED, RIGHT),
            ("WARN login of kim@example.org: wrong password", "INFO login of lee@example.org successful"),
            ("WARN Invalid username or password for user 1734", "INFO user 1735 logged in"),
        )
    ),
    DoesNotHold("a caller told it twice before the release", of_caller(770, 712), harmful=(BACK,)),
    *(
        DoesNotHold(
            f"users send one what it has no use for, and whom it asks was released: {words}",
            sent(words),
            harmful=(BACK,),
        )
        for words in (
            NO_USE,
            "WARN 1 --- [nio-8080-exec-3] c.s.web.Orders : Ignoring unrecognized property 'colour' in request body",
            'level=warning msg="unexpected query parameter colour sent by client"',
            "11:50:07,412 WARNING shop.api extra header X-Colour from user agent ignored",
            "[warn] caller used unsupported API version 2024-01",
        )
    ),
    *(DoesNotHold(f"another waits for who reads a queue: {words}", held(words), _FEW, (BACK,)) for words in HELD),
]
