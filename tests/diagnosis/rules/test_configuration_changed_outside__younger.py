"""Only pods that started since an edit fail, and at once: who does the work takes longer than they, and is well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, pods_of, put, younger
from tests.diagnosis.rules.scenes import SHOP, errors, failing, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, log, pod, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

WHOLE: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "shop-config"}}]}
KEY: dict[str, Any] = {"env": {"TOKEN": secret_key("partner", "token")}}
PYTHON = "ERROR requests.exceptions.HTTPError: 404 Client Error: Not Found for url: http://rates:8080/v2/rates"
JAVA = "ERROR c.s.Partner - IllegalStateException: partner answered 403 to a call of /stock"
FIELDS = 'level=error msg="order not sent" err="unexpected status 410 of /v3/orders"'
RUBY = "ERROR -- : Faraday::UnauthorizedError (the server responded with status 401)"
DOTNET = "fail: Shop.Partner[0] Response status code does not indicate success: 401 (Unauthorized)."
NAMED = "ERROR partner: POST https://api.partner.example.com/v1/orders: 401 Unauthorized"
LOGIN = 'ERROR: password authentication failed for user "shop"'
USER = "WARN login of user 7712 failed: 401 Unauthorized"
NODES = ("n1", "n2", "n3")
READER = "Deployment/auth"


def edited(kind: str, name: str, ago: float, *keys: str, held: tuple[str, ...] = ("token",)) -> Obj:
    """Return an object of which some keys were written after it was made; ``held``: which others it has."""
    made = thing(kind, name, written=ago, data=dict.fromkeys((*keys, *held), "b"))
    made["metadata"]["managedFields"][0]["fieldsV1"] = {"f:data": {f"f:{key}": {} for key in keys}}
    return made


def also(made: Obj, ago: float, key: str) -> Obj:
    """Return an object of which another one wrote a key as well."""
    wrote = {
        "manager": "external-secrets",
        "operation": "Update",
        "time": at(ago),
        "fieldsV1": {"f:data": {f"f:{key}": {}}},
    }
    made["metadata"]["managedFields"].append(wrote)
    return made


TOKEN = edited("Secret", "partner", DAY, "token", held=("webhook",))
CONF = edited("ConfigMap", "shop-config", 2 * HOUR, "RATES_URL")


def reader(**of: Any) -> list[Obj]:
    """Return another program that reads the key, since before it was written."""
    return workload("auth", **KEY, **of)


def drained(
    *edits: Obj,
    pods: int = 5,
    young: int = 2,
    ill: Iterable[int] | None = None,
    age: float = HOUR,
    ages: Sequence[float] = (),
    says: str = PYTHON,
    was: float = 0.65,
    takes: float = 0.68,
    at_once: float = 0.1,
    onset: float = HOUR,
    nodes: tuple[str, ...] = NODES,
    **of: Any,
) -> Snapshot:
    """Return a shop whose last pods were made anew by a drain, and fail; what each of the others took and takes.

    ``ages``: since when each of the younger ones runs; ``at_once``: how long those take that fail.
    """
    made = younger(shop(**{"pods": pods, "nodes": nodes, **WHOLE} | of), young, age=age)
    for each, ago in zip(pods_of(made)[-young:], ages, strict=False):
        each["metadata"]["creationTimestamp"] = at(ago)
        put(each, {"state": {"running": {"startedAt": at(ago)}}}, ready=True)
    fail = {*(range(pods - young, pods) if ill is None else ill)}
    since = min(age, onset) - 30
    return snapshot(
        made,
        *edits,
        logs=[log(pod("shop", n), *[says if n in fail else "INFO stored"] * 40, since=since) for n in range(pods)],
        figures=[
            *failing(*(0.4 if n in fail else 0.0 for n in range(pods)), since=since),
            *(
                figure(
                    "latency_p95_by_pod",
                    at_once if n in fail else was,
                    at_once if n in fail else takes,
                    since,
                    pod=pod("shop", n),
                )
                for n in range(pods)
            ),
            errors("shop", 0.16, since),
        ],
    )


HOLDS = [
    Holds(
        f"younger pods fail at once, older ones are as slow as ever: {what}",
        world,
        (found, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
    )
    for what, world, found in (
        ("two of five, all of a ConfigMap is read", drained(CONF), "ConfigMap/shop-config"),
        (
            "most of them, and one key of a Secret is read",
            drained(
                edited("Secret", "partner", DAY, "token", "webhook"),
                pods=4,
                young=3,
                says=JAVA,
                was=1.2,
                takes=1.4,
                envFrom=[],
                **KEY,
            ),
            "Secret/partner",
        ),
        (
            "what they do not read was edited as well",
            drained(CONF, edited("Secret", "partner", 3 * HOUR, "webhook"), says=FIELDS, **KEY),
            "ConfigMap/shop-config",
        ),
        (
            "since then another one wrote a key that they do not read",
            drained(
                also(edited("Secret", "partner", 3 * HOUR, "token", held=("webhook",)), 2 * HOUR, "webhook"),
                says=JAVA,
                envFrom=[],
                **KEY,
            ),
            "Secret/partner",
        ),
        (
            "a key that they read was taken out",
            drained(edited("Secret", "partner", 2 * HOUR, "webhook", held=()), envFrom=[], **KEY),
            "Secret/partner",
        ),
        ("they wait for long before they fail", drained(CONF, at_once=5.0), "ConfigMap/shop-config"),
        *(
            (f"somebody refuses them, and they do not tell who: {what}", world, "Secret/partner")
            for what, world in (
                ("Ruby", drained(TOKEN, says=RUBY, envFrom=[], **KEY)),
                (".NET, and most of them", drained(TOKEN, pods=4, young=3, says=DOTNET, envFrom=[], **KEY)),
            )
        ),
    )
]
HOLDS += [
    Holds(
        f"somebody refuses the younger ones, and they do not tell who: {what}",
        world,
        (found, "configuration_error", "page_human"),
        excludes=(*no("restart_workload", "rollback_workload", at=SHOP), *excludes),
        spares=spares,
        harmful=("restart_workload", "rollback_workload"),
        sure=(0.25, sure),
    )
    for what, world, found, excludes, spares, sure in (
        (
            "one who is asked may have the former key",
            drained(TOKEN, *reader(), says=RUBY, envFrom=[], **KEY),
            "Secret/partner",
            (),
            no("restart_workload", at=READER),
            0.5,
        ),
        (
            "one who is asked has started since with the same key",
            drained(TOKEN, *reader(age=HOUR), says=RUBY, envFrom=[], **KEY),
            "Secret/partner",
            no("restart_workload", at=READER),
            (),
            0.82,
        ),
        (
            "one has the former key whom nobody can ask",
            drained(TOKEN, *reader(service=False), says=RUBY, envFrom=[], **KEY),
            "Secret/partner",
            no("restart_workload", at=READER),
            (),
            0.82,
        ),
        (
            "it may be users whom they refuse",
            drained(TOKEN, says=USER, envFrom=[], **KEY),
            "Secret/partner",
            (),
            (),
            0.5,
        ),
        ("no Secret was edited", drained(CONF, says=RUBY), "ConfigMap/shop-config", (), (), 0.5),
    )
]
HOLDS += [
    Holds(
        "younger pods fail at what nobody refuses, and one who is asked has read the former settings",
        drained(CONF, *workload("auth", **WHOLE)),
        ("ConfigMap/shop-config", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=READER),
        sure=(0.7, 1.0),
    )
]
BACK = ("rollback_workload",)
ANEW = (SHOP, "service_crash", "restart_workload")
DOES_NOT_HOLD = [
    DoesNotHold(
        f"younger ones fail at once, older ones are slow: {what}", world, instead, harmful=("rollback_workload",)
    )
    for what, world, instead in (
        ("those have been slow only since then", drained(CONF, was=0.1), ()),
        (
            "no key that they read was edited",
            drained(edited("Secret", "partner", 2 * HOUR, "webhook"), envFrom=[], **KEY),
            ANEW,
        ),
        (
            "the key that they read was edited before all had started, and another one since",
            drained(
                also(edited("Secret", "partner", 25 * DAY, "token", held=("webhook",)), 2 * HOUR, "webhook"),
                says=JAVA,
                envFrom=[],
                **KEY,
            ),
            ANEW,
        ),
        *(
            (f"somebody refuses them, and they do not tell who: {what}", world, found)
            for what, world, found in (
                (
                    "no key that they read was edited",
                    drained(edited("Secret", "partner", 2 * HOUR, "webhook"), says=RUBY, envFrom=[], **KEY),
                    ANEW,
                ),
                (
                    "one that started since the edit is well",
                    drained(TOKEN, ill=(4,), says=RUBY, envFrom=[], **KEY),
                    ANEW,
                ),
                (
                    "one that is older than the edit is refused too",
                    drained(TOKEN, pods=7, ill=(4, 5, 6), says=RUBY, envFrom=[], **KEY),
                    ANEW,
                ),
                (
                    "the edit came after all had started",
                    drained(edited("Secret", "partner", 1800, "token"), says=RUBY, envFrom=[], **KEY),
                    ANEW,
                ),
                (
                    "they are alone on a node of their own",
                    drained(TOKEN, says=RUBY, nodes=("n1", "n1", "n1", "n2", "n2"), envFrom=[], **KEY),
                    (),
                ),
            )
        ),
        ("they tell who refuses them", drained(TOKEN, says=NAMED, envFrom=[], **KEY), ()),
        ("a database refuses them", drained(TOKEN, says=LOGIN, envFrom=[], **KEY), ()),
        ("the edit came after all had started", drained(edited("ConfigMap", "shop-config", 1800, "RATES_URL")), ANEW),
        ("the edit is older than all", drained(edited("ConfigMap", "shop-config", 20 * DAY, "RATES_URL")), ANEW),
        ("one that started since the edit is well", drained(CONF, ill=(4,)), ANEW),
        ("one that is older than the edit fails too", drained(CONF, pods=7, ill=(4, 5, 6)), ANEW),
        ("nothing that they read was edited", drained(), ANEW),
    )
]
