"""An old version that cannot read what is in the store: a new one beside it wrote that, or somebody else did."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import SHOP, WEB, alert, errors, logs, shop, taken_back
from tests.diagnosis.rules.tiny import Obj, container, log, pod, redis, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

NEW = "Deployment/shop-canary"
USES = {"REDIS_URL": "redis://redis:6379"}
MISREADS = "ERROR pydantic.ValidationError: items Field required [type=missing] rows Extra inputs are not permitted"
NOBODY = ("unknown", "page_human")


def canary(image: str = "registry.example/shop:2", **more: Any) -> list[Obj]:
    """Return another version beside the shop, of which there was an earlier template."""
    earlier = {"before": {"image": "registry.example/shop:1"}, "released": 660}
    return workload("shop-canary", image, **{"pods": 1, "env": USES, **earlier, **more})


def world(*more: list[Obj], also: tuple[str, ...] = (), since: float = 600, **stable: Any) -> Snapshot:
    """Return a shop that fails, and tells of data that it misreads, beside what else is there."""
    told = [entry for name in ("shop", *also) for entry in logs(name, MISREADS, since=since)]
    return snapshot(shop(**{"env": USES, **stable}), redis(), *more, logs=told, figures=[errors("shop", 0.2, since)])


PICKLE = "ERROR ValueError: unsupported pickle protocol: 5"
WARMER = "Deployment/warmer"
TRIED: dict[str, Any] = {"before": {"image": "registry.example/mail:2"}, "released": 700}
ACTS = ("rollback_workload", "restart_workload", "scale_workload")


def warmer(**more: Any) -> list[Obj]:
    """Return another program that writes into the same store, released just before."""
    earlier = {"before": {"image": "registry.example/warmer:0"}, "released": 660}
    return workload("warmer", **{"pods": 1, "env": USES, **earlier, **more})


def beside(objects: list[Obj], **more: Any) -> list[Obj]:
    """Return a workload with another container beside the one whose image its release changed."""
    other = container("other", "registry.example/other:1", **more)
    specs = (obj["spec"]["template"]["spec"] if "template" in obj["spec"] else obj["spec"] for obj in objects)
    for spec in specs:
        if "containers" in spec:
            spec["containers"] = [*spec["containers"], other]
    return objects


def strange(
    *more: list[Obj], line: str = PICKLE, trace: tuple[str, ...] = (), told: float = 600, **stable: Any
) -> Snapshot:
    """Return a shop that fails, and cannot read the form of what is in the store."""
    fails = stable.pop("fails", errors("shop", 0.2, 600))
    reader = stable.pop("reader", None) or shop(**{"env": USES, **stable})
    said = [log(pod("shop", n), *[*trace, line] * 9, since=told) for n in (0, 1)]
    return snapshot(reader, redis(), *more, logs=said, figures=[fails])


def run(name: str = "nightly") -> Obj:
    """Return a schedule that uses the same store."""
    body = {"spec": {"containers": [container(name, f"{name}:1", env=USES)]}}
    return thing("CronJob", name, spec={"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": body}}})


FROM_STORE = ('  File "/srv/shop/views.py", line 64, in get', "    return pickle.loads(value)")
FROM_FILE = ('  File "/srv/shop/rank.py", line 8, in start', "    return pickle.load(handle)")
WORSE = ("error_ratio", series({"component": "shop"}, (3600, 0.001), (600, 0.08), (230, 0.4)))
WAITS: dict[str, Any] = {"env": {}, "before": {"image": "registry.example/warmer:0"}}
TUNED = workload("mail", env=USES, envFrom=[{"configMapRef": {"name": "codec"}}])
HOLDS = [
    Holds(
        "a trace tells that it comes from the store",
        strange(warmer(), trace=FROM_STORE),
        (WARMER, "code_defect", "rollback_workload"),
    ),
    Holds(
        "the reader was started anew for it, which did not help",
        strange(warmer(), told=400, started=420),
        (WARMER, "code_defect", "rollback_workload"),
    ),
    Holds(
        "the release changed the image of the one of two containers that uses the store",
        strange(beside(warmer())),
        (WARMER, "code_defect", "rollback_workload"),
    ),
    Holds(
        "another user of the store got one more pod then",
        strange(warmer(), younger(workload("mail", env=USES), 1, age=640)),
        (WARMER, "code_defect", "rollback_workload"),
    ),
    Holds(
        "who calls the reader was released after that, and fails since its own release",
        snapshot(
            shop(env=USES),
            redis(),
            warmer(),
            workload("web", env={"SHOP_URL": "http://shop:8080"}, before={"image": "web:0"}, released=300),
            logs=logs("shop", PICKLE, since=600),
            figures=[errors("shop", 0.2), errors("web", since=290)],
        ),
        (WARMER, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
        spares=no("rollback_workload", at=WEB),
    ),
    Holds(
        "another program writes a form that a younger language has",
        strange(warmer()),
        (WARMER, "code_defect", "rollback_workload"),
        excludes=(*no("restart_workload", at=WARMER), *no(*ACTS, at=SHOP)),
        harmful=("restart_workload", "scale_workload"),
        began=600,
    ),
    Holds(
        "the reader was released amid that, so that its logs begin then",
        strange(warmer(), told=200, before={"image": "registry.example/shop:0"}, released=240),
        (WARMER, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
        began=600,
    ),
    Holds(
        "the reader was released amid that, and nobody measures it",
        snapshot(
            shop(env=USES, before={"image": "registry.example/shop:0"}, released=240),
            redis(),
            warmer(),
            logs=logs("shop", PICKLE, 0, 1, since=200),
            alerts=[alert(service="shop")],
        ),
        (WARMER, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
        began=600,
    ),
    Holds(
        "another language",
        strange(warmer(), line="ERROR TypeError: incompatible marshal file format (can't be read)"),
        (WARMER, "code_defect", "rollback_workload"),
    ),
    Holds(
        "it was rolled out beside the stable one",
        world(canary()),
        (NEW, "code_defect", "rollback_workload"),
        excludes=(
            *no("restart_workload", "scale_workload", at=NEW),
            *no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        ),
        harmful=("restart_workload", "scale_workload"),
        began=600,
    ),
    Holds(
        "it was made beside the stable one, and has nothing to go back to",
        world(canary(before=None, age=660)),
        (NEW, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, found, harmful=ACTS)
        for what, found in (
            ("another program, and only a field is strange", strange(warmer(), line=MISREADS)),
            ("another program got another setting alone", strange(warmer(before={"env": {**USES, "TTL": "9"}}))),
            ("another program is on another store", strange(warmer(env={}))),
            ("another program was released hours ago", strange(warmer(released=7200))),
            ("it is a file that it cannot read", strange(warmer(), trace=FROM_FILE)),
            ("what it reads is no such thing at all", strange(warmer(), line="ERROR pickle: invalid load key, 'v'.")),
            (
                "the release changed the image of a container that does not use the store",
                strange(beside(warmer(**WAITS), env=USES)),
            ),
            (
                "another user of the store was started anew then",
                strange(warmer(), workload("mail", env=USES, started=640)),
            ),
            ("the reader was started anew then", strange(warmer(), started=640)),
            (
                "what another user of the store reads was written then",
                strange(warmer(), TUNED, [thing("ConfigMap", "codec", written=650, data={"CODEC": "5"})]),
            ),
            ("a run uses the store as well", strange(warmer(), [run()])),
            ("another was taken back beside it", strange(warmer(), taken_back(workload("mail", env=USES, **TRIED)))),
        )
    ),
    DoesNotHold(
        "the reader was taken back amid that: what it wrote itself is there still",
        strange(warmer(), told=200, reader=taken_back(shop(env=USES, before={"image": "x:2"}, released=240))),
        (),
        harmful=("restart_workload", "scale_workload"),
    ),
    DoesNotHold(
        "the reader was released amid another trouble, and fails far more since",
        strange(warmer(), told=200, fails=WORSE, before={"image": "registry.example/shop:0"}, released=240),
        (SHOP, *NOBODY),
    ),
    DoesNotHold(
        "the reader was released as it began",
        strange(warmer(), before={"image": "registry.example/shop:0"}, released=640),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("no other version is there", world(), NOBODY),
    DoesNotHold("it misreads the same", world(canary(), also=("shop-canary",)), (), harmful=("restart_workload",)),
    DoesNotHold("it runs the same version", world(canary("registry.example/shop:1", before={"image": "x:0"})), ()),
    DoesNotHold("it is another program", world(canary("registry.example/mail:2")), ()),
    DoesNotHold("it has a store of its own", world(canary(env={})), ()),
    DoesNotHold("it is there since long before", world(canary(released=7200)), ()),
    DoesNotHold(
        "the stable one was released then as well",
        world(canary(), before={"image": "registry.example/shop:0"}, released=640),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "another user of the store was released then as well",
        world(canary(), workload("mail", env=USES, before={"image": "registry.example/mail:0"}, released=640)),
        (),
        harmful=("rollback_workload",),
    ),
]
