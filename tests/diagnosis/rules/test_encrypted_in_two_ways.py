"""A release and an older program beside it cannot decrypt each other's rows, since the release."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert
from tests.diagnosis.rules.tiny import DAY, at, pod, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

CANNOT = "ERROR row 90413: javax.crypto.AEADBadTagException: Tag mismatch"
OTHERS = "ERROR order 812: javax.crypto.BadPaddingException: Given final block not properly padded"
READS = "INFO row 90412 written"
PAYS = "Deployment/pays"
SINCE = 3 * DAY
PROXY = {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.22"}


def key(secret: str = "keys") -> dict[str, Any]:
    """Return the settings of a program that takes its key from a Secret."""
    return {"DATA_KEY": secret_key(secret, "data")}


def said(name: str, *lines: tuple[float, str]) -> Log:
    """Return the log of a workload's first pod, of lines that were written so long ago."""
    return Log(pod(name), name, tuple(f"{at(age)} {line}" for age, line in lines))


def fails(*ages: float, line: str = CANNOT) -> list[tuple[float, str]]:
    """Return that something cannot be decrypted, at some ages."""
    return [(age, line) for age in ages]


READ_UNTIL = [(SINCE + DAY, READS), (SINCE + 3600, READS)]
NEW = fails(SINCE - 7200, DAY, 7200, 3600)
OLD = [*READ_UNTIL, *fails(1800, 1500, 1200, 900)]


def world(
    new: list[tuple[float, str]],
    old: list[tuple[float, str]],
    *,
    pays: dict[str, Any] | None = None,
    proxied: bool = False,
    held: Collection[str] = (),
    **shop: Any,
) -> Snapshot:
    """Return a shop that was released three days ago, and what pays from the same rows, with what they say.

    ``proxied``: each with a proxy beside it; ``held``: what is in the Secret that they may take as a whole.
    """
    made = {"before": IMAGE, "released": SINCE, "env": key(), "pods": 1, **shop}
    beside = {"age": 90 * DAY, "env": key(), "pods": 1, "service": False, **(pays or {})}
    logs = [said("shop", *new), said("pays", *old)]
    secret = thing("Secret", "app", data=dict.fromkeys(held, ""))
    objects = [*workload("shop", **made), *workload("pays", **beside), secret]
    for each in objects if proxied else ():
        if "template" in each.get("spec", {}):
            each["spec"]["template"]["spec"]["containers"].append(PROXY)
    return snapshot(objects, logs=logs, alerts=[alert(service="pays")])


WHOLE: dict[str, Any] = {"env": {}, "envFrom": [{"secretRef": {"name": "app"}}]}
LOGIN: dict[str, Any] = {"DATABASE_URL": secret_key("postgres", "url"), "DB_PASSWORD": secret_key("postgres")}
CALLS: dict[str, Any] = {"STRIPE_API_KEY": secret_key("stripe", "api-key")}
HOLDS = [
    Holds(
        "both cannot decrypt since then, by the same key",
        world(NEW, OLD),
        (SHOP, "code_defect", "page_human"),
        excludes=(
            *no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
            *no("restart_workload", "rollback_workload", at=PAYS),
        ),
        alone=True,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "it was settings that were released, and each tells it in its own words",
        world(fails(DAY, 7200, 3600, line=OTHERS), OLD, before={"env": {**key(), "DIGEST": "sha1"}}),
        (SHOP, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "the older one tells of it still, whose release tells of it no more",
        world(fails(SINCE - 7200, 2 * DAY, DAY), OLD),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"the key is told by {what}",
            world(NEW, OLD, env=env, pays={"env": env}),
            (SHOP, "code_defect", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, env in (
            ("its variable", {"FIELD_CRYPT": secret_key("app", "v1")}),
            ("its name in a Secret of many", LOGIN | {"RAILS": secret_key("app", "master_key")}),
            ("the name of its Secret", {"V1": secret_key("field-encryption", "v1")}),
        )
    ),
    Holds(
        "the key is in a Secret that both take as a whole",
        world(NEW, OLD, pays=WHOLE, held=("DATABASE_URL", "DATA_KEY"), **WHOLE),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "they run one program, and nothing tells where its key is",
        world(NEW, OLD, pays={"image": "registry.example/shop:0", "env": {}}, env={}),
        (SHOP, "code_defect", "page_human"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("only the released one cannot", world(NEW, READ_UNTIL), ()),
    DoesNotHold("only the older one cannot", world([(DAY, READS)], OLD), ()),
    DoesNotHold(
        "the older one could not before either", world(NEW, [(SINCE + DAY, READS), *fails(SINCE + 7200), *OLD[1:]]), ()
    ),
    DoesNotHold("nobody knows whether the older one could before", world(NEW, fails(1800, 1500, 1200, 900)), ()),
    DoesNotHold("it told of it once", world(fails(3600), OLD), ()),
    DoesNotHold("nothing was released", world(NEW, OLD, before=None, age=90 * DAY), ()),
    DoesNotHold("both were released then", world(NEW, OLD, pays={"before": {"image": "p:0"}, "released": SINCE}), ()),
    DoesNotHold("it was released weeks ago", world(NEW, OLD, released=30 * DAY), ()),
    DoesNotHold("they have keys of their own", world(NEW, OLD, pays={"env": key("others")}), ()),
    DoesNotHold(
        "they have keys of their own, and the same proxy beside them",
        world(NEW, OLD, pays={"env": key("others")}, proxied=True),
        (),
    ),
    DoesNotHold(
        "nothing tells of a key, and they have the same proxy beside them",
        world(NEW, OLD, env={}, pays={"env": {}}, proxied=True),
        (),
    ),
    DoesNotHold(
        "they run one program, each with keys of its own",
        world(NEW, OLD, pays={"image": "registry.example/shop:0", "env": key("others")}),
        (),
    ),
    DoesNotHold(
        "they share the login of their database alone",
        world(NEW, OLD, env=LOGIN | key(), pays={"env": LOGIN | key("others")}),
        (),
    ),
    DoesNotHold(
        "nothing tells of a key, and they share a login alone", world(NEW, OLD, env=LOGIN, pays={"env": LOGIN}), ()
    ),
    DoesNotHold(
        "the Secret that both take as a whole has no key",
        world(NEW, OLD, pays=WHOLE, held=("DATABASE_URL", "DB_PASSWORD"), **WHOLE),
        (),
    ),
    DoesNotHold(
        "they share a key by which they ask another service",
        world(NEW, OLD, env=CALLS, pays={"env": CALLS}),
        (),
    ),
    DoesNotHold(
        "neither has told of it for days",
        world(
            fails(SINCE - 7200, SINCE - 7500, SINCE - 7800),
            [*READ_UNTIL, *fails(SINCE - 7600, SINCE - 7700, SINCE - 7900)],
        ),
        (),
    ),
]
