"""A release that meets with others what who was not released meets too did not bring it: a person looks first."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, URL, busy, errors, shop
from tests.diagnosis.rules.tiny import DAY, at, figure, log, meta, pod, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

CODE, OTHERS = "code_defect", "dependency_failure"
RANGE = 'ERROR {} ERROR: nextval: reached maximum value of sequence "order_id_seq" (2147483647)'
LACKS = 'ERROR {} ERROR: relation "price_list" does not exist (SQLSTATE 42P01)'
GONE = "ERROR {} Get http://cart:8080/v1: 404 Not Found"
LATE = "ERROR {} Get http://cart:8080/v1: i/o timeout"
NAMES = "ERROR {} dial tcp: lookup api.bank.example: Temporary failure in name resolution"
TRUST = "ERROR tax: Post https://tax.example/v1: x509: certificate has expired or is not yet valid"
DRY = "ERROR {} could not obtain a connection from the pool within 5 s"
SET: dict[str, Any] = {
    "env": {**URL, **CALLS_CART, "BATCH_ROWS": "200"},
    "before": {**IMAGE, "env": {**URL, **CALLS_CART, "BATCH_ROWS": "50"}},
}
"""A release of an image and of a setting, which may make many a trouble with others."""


def begins(name: str, line: str, since: float) -> list[Log]:
    """Return the logs of both pods of a Deployment, which were calm, and repeat a line since some seconds ago."""
    return [log(pod(name, n), *["INFO GET /a 200"] * 20, *[line] * 20, since=2 * since) for n in (0, 1)]


def both(line: str, *, since: float = 560, release: dict[str, Any] | None = None, **other: Any) -> Snapshot:
    """Return a shop that fails since its release, and the mails beside it, which tell of the same."""
    env = {**URL, **CALLS_CART}
    mine = {"env": env, "before": IMAGE, "released": 660, **(release or {})}
    return snapshot(
        shop(**mine),
        workload("mails", **{"env": env, **other}),
        workload("cart"),
        postgres(),
        figures=[errors("shop")],
        logs=[*begins("shop", line.format("order"), 570), *begins("mails", line.format("mail"), since)],
    )


DATE = "ERROR cannot take it: DateTimeParseException: Text '2026-03-04 11:00' could not be parsed at index 10"


def misread(of_mails: float = 2400, since: float = 290, broker: str = "rabbitmq") -> Snapshot:
    """Return a shop that cannot read a queue's dates since minutes after its release, and mails that cannot either."""
    env = {"AMQP_URL": "amqp://rabbitmq:5672"}
    before = {**IMAGE, "env": {**env, "BATCH_ROWS": "50"}}
    return snapshot(
        shop(env={**env, "BATCH_ROWS": "200"}, before=before, released=660),
        workload("mails", env={"AMQP_URL": f"amqp://{broker}:5672"}, before=IMAGE, released=of_mails),
        *(workload(each, "rabbitmq:3", kind="StatefulSet", pods=1, port=5672) for each in {"rabbitmq", broker}),
        figures=[errors("shop", since=295)],
        logs=[*begins("shop", DATE, 295), *begins("mails", DATE, since)],
    )


def field() -> Snapshot:
    """Return a shop that misses a field since minutes after its release, and mails that miss it as well."""
    return snapshot(
        shop(env={"RATES_URL": "https://api.rates.example"}, before=IMAGE, released=1200),
        workload("mails"),
        figures=[errors("shop", since=555)],
        logs=[
            *begins("shop", "ERROR KeyError: 'baseFreight'", 570),
            *begins("mails", 'KeyError (key not found: "baseFreight"):', 540),
        ],
    )


def chain(line: str = TRUST, **cart: Any) -> Snapshot:
    """Return a shop that fails since its release, as the cart answers, which tells of somebody outside."""
    told = 'ERROR order: Server error "502 Bad Gateway" for url "http://cart:8080/v1"'
    return snapshot(
        shop(env={**CALLS_CART, "FORM": "b"}, before={**IMAGE, "env": {**CALLS_CART, "TTL": "a"}}, released=660),
        workload("cart", **cart),
        figures=[errors("shop")],
        logs=[*begins("shop", told, 570), *begins("cart", line, 565)],
    )


def edited(age: float) -> Snapshot:
    """Return a shop with a new image and settings, and a Service of what it calls that was edited some seconds ago."""
    cart = workload("cart")
    way = next(each for each in cart if each["kind"] == "Service")
    way["metadata"] = {**meta("cart", written=age)}
    return snapshot(
        shop(env={**CALLS_CART, "MODE": "b"}, before={**IMAGE, "env": {**CALLS_CART, "MODE": "a"}}, released=700),
        cart,
        figures=[errors("shop")],
    )


def with_fewer(was: float) -> Snapshot:
    """Return a shop with a new image whose two pods have no processor time left; ``was``: how many pods it had."""
    wanted = figure("replicas_wanted", was, 2, 660, component="shop")
    return snapshot(shop(before=IMAGE, released=660), figures=[errors("shop"), wanted, *busy()])


def strange(image: str, **more: Any) -> Snapshot:
    """Return a shop whose pods were given rights over their node with an image."""
    own = {"image": "registry.example/shop:1", "securityContext": {}}
    rights = {"securityContext": {"privileged": True}}
    return snapshot(
        shop(image=image, before=own, released=660, **rights, **more), workload("cart"), figures=[errors("shop")]
    )


def member_lost(unready: float) -> Snapshot:
    """Return a shop with a new image on a store one of whose two members is not ready since some seconds ago."""
    store = workload("mongo", "mongo:7", kind="StatefulSet", pods=2, ready=1, port=27017)
    lost = [each for each in store if each["kind"] == "Pod"][1]
    for each in lost["status"]["conditions"]:
        each["lastTransitionTime"] = at(unready)
    lost["metadata"]["creationTimestamp"] = at(max(unready, 10 * DAY))
    url = {"MONGO_URL": "mongodb://mongo:27017/shop"}
    return snapshot(shop(env=url, before=IMAGE, released=660), store, figures=[errors("shop")])


BACK, LOOK = "rollback_workload", "page_human"
HOLDS = [
    Holds(
        "two that read one broker stumble at once, minutes after a release of each: it is what they read",
        misread(),
        (SHOP, OTHERS, "page_human"),
        believed="not_well",
        harmful=("rollback_workload",),
    ),
    *(
        Holds(f"the other one reads no dates either, and {what}", world, (SHOP, CODE, "rollback_workload"))
        for what, world in (
            ("was released with it", misread(of_mails=655)),
            ("does so since later", misread(since=120)),
            ("reads another broker", misread(broker="other-mq")),
        )
    ),
    *(
        Holds(f"it fails, and {what}", world, (SHOP, cause, LOOK), believed=believed, harmful=(BACK,))
        for what, world, cause, believed in (
            ("another meets the limit of their store too", both(RANGE, release=SET), OTHERS, "newly_told_kind"),
            ("another misses a table of their database too", both(LACKS, release=SET), OTHERS, "newly_told_kind"),
            ("another does not find names either", both(NAMES, release=SET), OTHERS, "wrong_host_name"),
            ("another is given the same answer by whom both ask", both(GONE, release=SET), OTHERS, ""),
            ("another waited for their store before it", both(DRY, since=580), OTHERS, "not_well"),
            ("whom it blames fails at somebody outside", chain(), OTHERS, "certificate_expired"),
            ("another that asks nobody it asks misses the same field", field(), OTHERS, "answers_changed_outside"),
            ("the Service of what it calls was edited since", edited(615), CODE, ""),
            ("it has no processor time left with three pods of ten", with_fewer(10), CODE, ""),
            ("its image and rights are those of a stranger", strange("docker.io/evil/shop:1"), CODE, "intrusion"),
            ("a member of its store was lost long before it came", member_lost(40_000), OTHERS, ""),
        )
    ),
    *(
        Holds(f"it fails, and {what}", world, (SHOP, CODE, BACK), believed=believed)
        for what, world, believed in (
            ("another met the limit of their store long before", both(RANGE, since=1700, release=SET), ""),
            ("another missed a table of their database long before", both(LACKS, since=1700, release=SET), ""),
            (
                "another that was released with it meets the limit of their store",
                both(RANGE, release=SET, before=IMAGE, released=660, started=10 * DAY),
                "",
            ),
            ("another of another store tells of a limit", both(RANGE, release=SET, env=CALLS_CART), ""),
            ("another waits for an answer of whom both ask, whom it may press", both(LATE, release=SET), ""),
            ("another waited for their store after it", both(DRY, since=400), ""),
            ("whom it blames was released with it", chain(before=IMAGE, released=660), "certificate_expired"),
            ("whom it blames fails at itself", chain("ERROR TypeError: x is undefined"), ""),
            ("the Service of what it calls was written with it", edited(695), ""),
            ("the Service of what it calls was edited long before", edited(3000), ""),
            ("it has no processor time left with as many pods as before", with_fewer(2), ""),
            ("its rights are new, and its image is of the same house", strange("registry.example/shop:2"), ""),
            ("a member of its store was lost with it", member_lost(620), ""),
        )
    ),
]
