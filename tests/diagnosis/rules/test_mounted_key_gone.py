"""A program no longer finds a file where a ConfigMap or Secret is mounted: an edit took or renamed its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import IMAGE, SHOP, alert, down, errors
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

PYTHON = "FileNotFoundError: [Errno 2] No such file or directory: '/etc/keys/api_key'"
JAVA = "ERROR c.s.Auth: java.nio.file.NoSuchFileException: /etc/keys/api_key"
GO = 'level=error msg="renew: open /etc/keys/api_key: no such file or directory"'
NODE = "Error: ENOENT: no such file or directory, open '/etc/keys/api_key'"
ELSEWHERE = ("unknown", "page_human")
MISSED = (SHOP, "configuration_error", "page_human")
"""That a file is not there is all that is known of it."""
KEYS = ("Secret/shop-keys", "configuration_error", "page_human")


def mounting(
    name: str = "shop", secret: str = "shop-keys", *, mount: Obj | None = None, volume: Obj | None = None, **more: Any
) -> list[Obj]:
    """Return a workload of a Secret at /etc/keys."""
    held = {"name": "keys", **(volume or {"secret": {"secretName": secret}})}
    mounts = [{"name": "keys", "mountPath": "/etc/keys", "readOnly": True, **(mount or {})}]
    image = more.pop("image", "registry.example/shop:1")
    return workload(name, image, spec={"volumes": [held]}, volumeMounts=mounts, **more)


def secret(*keys: str, written: float | None = 3000, name: str = "shop-keys") -> Obj:
    return thing("Secret", name, written=written, data=dict.fromkeys(keys, ""))


def told(line: str = GO, *, well: Sequence[str] = ("INFO done",) * 30, after: Sequence[str] = ()) -> list[Any]:
    """Return a log of half an hour: of work in the first half of it, then a line again and again."""
    return [log(pod("shop"), *well, *[line] * 30, *after, since=1800)]


def world(*objects: Any, held: Obj | None = None, line: str = GO, logs: list[Any] | None = None) -> Snapshot:
    """Return a shop that asks for a key, and what its Secret holds (another one)."""
    given = secret("user") if held is None else held
    return snapshot(*(objects or (mounting(),)), given, logs=told(line) if logs is None else logs, alerts=[alert()])


HOLDS = [
    *(
        Holds(
            f"it worked, and then asks for a key that is not there any more: {line}",
            world(line=line),
            KEYS,
            excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
            began=900,
        )
        for line in (PYTHON, JAVA, GO, NODE)
    ),
    Holds(
        "all that the log goes back to are errors, and the Secret has a key of nearly that name",
        world(held=secret("api-key"), logs=told(well=())),
        KEYS,
    ),
    Holds(
        "another one of the same program finds it in its own Secret",
        world(
            mounting(),
            mounting("cart", "cart-keys"),
            secret("api_key", written=None, name="cart-keys"),
            logs=told(well=()),
        ),
        KEYS,
    ),
    Holds(
        "a key of a ConfigMap; its callers suffer",
        snapshot(
            mounting(volume={"configMap": {"name": "rates"}}),
            workload("web", env={"SHOP_URL": "http://shop:8080"}),
            thing("ConfigMap", "rates", written=DAY, data={"apikey": "x"}),
            logs=told(),
            figures=[errors("shop", since=890), errors("web", since=880)],
        ),
        ("ConfigMap/rates", "configuration_error", "page_human"),
        alone=True,
    ),
    Holds(
        "it was released before the edit: the release is innocent",
        world(mounting(before=IMAGE, released=4000)),
        KEYS,
        harmful=("rollback_workload",),
    ),
    Holds(
        "a container ended by it, and tells of it in its last words",
        world(
            down(mounting(), looping(lived=60)),
            logs=[log(pod("shop"), *["INFO done"] * 30, *[GO] * 5, since=600, previous=True)],
        ),
        KEYS,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a release came after the edit: it may ask for what never was there",
        world(mounting(before=IMAGE, released=1000)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("nobody edited the Secret", world(held=secret("user", written=None)), MISSED),
    DoesNotHold("it was edited long ago", world(held=secret("user", written=9 * DAY)), MISSED),
    DoesNotHold("it was edited after the first error", world(held=secret("user", written=300)), MISSED),
    DoesNotHold("nobody may read which keys it has", world(held=secret()), MISSED),
    DoesNotHold("the key is there", world(held=secret("api_key")), MISSED),
    DoesNotHold(
        "it looks for the file at even times as long as the log goes back",
        world(logs=[log(pod("shop"), *[*["INFO done"] * 9, GO] * 6, since=1800)]),
        MISSED,
    ),
    DoesNotHold("it tells of it as of nothing bad", world(line=GO.replace("error", "info", 1)), ELSEWHERE),
    DoesNotHold("that is over", world(logs=told(after=["INFO done"] * 70)), ELSEWHERE),
    DoesNotHold("it said so twice", world(logs=[log(pod("shop"), *["INFO done"] * 9, GO, GO, since=600)]), ELSEWHERE),
    DoesNotHold("the file lies in a directory below", world(line=GO.replace("api_key", "old.d/api_key")), MISSED),
    DoesNotHold("it lies in a directory of a longer name", world(line=GO.replace("/etc", "/srv/etc")), MISSED),
    DoesNotHold(
        "one file of the Secret is mounted: an edit leaves it as it is",
        world(mounting(mount={"subPath": "x"})),
        MISSED,
    ),
    DoesNotHold(
        "chosen keys are mounted under other names",
        world(mounting(volume={"secret": {"secretName": "shop-keys", "items": [{"key": "user", "path": "u"}]}})),
        MISSED,
    ),
    DoesNotHold(
        "another program finds such a key",
        world(
            mounting(),
            mounting("cart", "cart-keys", image="registry.example/cart:1"),
            secret("api_key", written=None, name="cart-keys"),
            logs=told(well=()),
        ),
        MISSED,
    ),
]
