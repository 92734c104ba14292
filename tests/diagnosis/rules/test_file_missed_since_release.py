"""A release mounts a file elsewhere, or leads past it: the program goes on without it, and what it makes is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import Answer, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, SHOP, alert, down, errors, taken_back
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

RELEASED = 1200.0
BACK: Answer = (SHOP, "configuration_error", "rollback_workload")
FILE = "/etc/shop/rates/rates.json"
GO = 'level=WARN msg="rates not read, using the built-in table" err="open %s: no such file or directory"'
PYTHON = "WARNING pricing: [Errno 2] No such file or directory: '%s', falling back to defaults"
JAVA = "WARN c.s.Rates : defaults are used: java.nio.file.NoSuchFileException: %s"
NODE = '{"level":40,"msg":"no rates","err":"ENOENT: no such file or directory, open \'%s\'"}'
PLAIN = "[warn] Rates file %s not found, continuing without"
REFUSED = 'level=ERROR msg="order not taken" status=422 body="unknown rate"'
CLOSED = "ERROR order not taken: rate table 2019 is closed"
AWAY = 'ERROR psycopg2.OperationalError: connection to server at "postgres", port 5432 failed: Connection refused'
RATES = {"configMap": {"name": "rates"}}
OLD = [{"name": "rates", "mountPath": "/etc/shop/rates"}]
NEW = [{"name": "rates", "mountPath": "/etc/shop"}]
MOVED: dict[str, Any] = {"volumeMounts": NEW, "before": {"volumeMounts": OLD}}


def rates(*keys: str, kind: str = "ConfigMap", name: str = "rates", **more: Any) -> Obj:
    return thing(kind, name, data=dict.fromkeys(keys or ("rates.json",), "{}"), **more)


def shop(volume: Obj | None = None, released: float = RELEASED, **more: Any) -> list[Obj]:
    """Return a shop of a volume, whose release mounts it elsewhere, by default."""
    held = {"volumes": [{"name": "rates", **(volume or RATES)}]}
    return workload("shop", **{"env": CALLS_CART, "spec": held, "released": released, **MOVED, **more})


def told(
    line: str = GO, file: str = FILE, then: str = REFUSED, pods: Sequence[int] = (0, 1), age: float = RELEASED - 15
) -> list[Log]:
    """Return the logs of pods that miss a file as they start, and then tell of errors."""
    said = [(age, line.replace("%s", file)), *((age - 20 - n * 60, then) for n in range(int(age - 20) // 60))]
    return [timed(pod("shop", n), *said) for n in pods]


def world(
    *objects: Any,
    held: Obj | None = None,
    logs: list[Log] | None = None,
    about: str = "cart",
    figures: Sequence[tuple[str, Series]] = (),
    beside: list[Obj] | None = None,
) -> Snapshot:
    """Return a released shop that misses a file, and an alert about the cart that refuses what it sends."""
    return snapshot(
        *(objects or (shop(),)),
        beside or workload("cart"),
        rates() if held is None else held,
        logs=told() if logs is None else logs,
        figures=figures,
        alerts=[alert(service=about)] if about else [],
    )


def of_database(*, kept: bool = False, was: str = "/data", before: Obj | None = None) -> Snapshot:
    """Return a database that misses a file since its release, with a volume of its own or without."""
    volumes = [{"name": "rates", **RATES}]
    volumes += [{"name": "kept", "persistentVolumeClaim": {"claimName": "data"}}] if kept else []
    now, then = ([{"name": "kept", "mountPath": path}] if kept else [] for path in ("/data", was))
    store = postgres(
        spec={"volumes": volumes},
        volumeMounts=[*NEW, *now],
        before={"volumeMounts": [*OLD, *then], **(before or {})},
        released=RELEASED,
    )
    said = log("postgres-0", GO.replace("%s", FILE), *["ERROR:  no such setting"] * 20, since=1100)
    return snapshot(store, rates(), logs=[said], alerts=[alert(service="postgres")])


LED = {**CALLS_CART, "RATES_FILE": "/etc/rates/rates.json"}
ARGS = ["--rates=/etc/shop/rates/rates.json"]
HOLDS = [
    *(
        Holds(
            f"it is mounted one directory higher, and who is sent its work refuses it: {line[:24]}",
            world(logs=told(line)),
            BACK,
            excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("rollback_workload", at=CART)),
            alone=True,
        )
        for line in (GO, PYTHON, JAVA, NODE, PLAIN)
    ),
    Holds(
        "a setting leads past it, and the alert is about the program itself",
        world(
            shop(volumeMounts=OLD, env=LED, before={"env": {**LED, "RATES_FILE": FILE}}),
            logs=told(PYTHON, "/etc/rates/rates.json", CLOSED),
            about="shop",
        ),
        BACK,
        alone=True,
    ),
    Holds(
        "an argument leads to another directory, of a Secret",
        world(
            shop(
                {"secret": {"secretName": "rates"}},
                volumeMounts=OLD,
                args=["--rates=/srv/rates/rates.json"],
                before={"args": ARGS},
            ),
            held=rates(kind="Secret"),
            logs=told(NODE, "/srv/rates/rates.json"),
        ),
        BACK,
    ),
    Holds(
        "its directory is mounted no more",
        world(shop(volumeMounts=[], before={"volumeMounts": OLD}), logs=told(JAVA)),
        BACK,
    ),
    Holds(
        "the one file was mounted, and lies under another name now",
        world(
            shop(
                volumeMounts=[{"name": "rates", "mountPath": "/etc/shop/table.json", "subPath": "rates.json"}],
                before={"volumeMounts": [{"name": "rates", "mountPath": FILE, "subPath": "rates.json"}]},
            ),
        ),
        BACK,
    ),
    Holds(
        "parts of several in one volume; its users feel it, and nobody was called",
        world(
            shop({"projected": {"sources": [{"configMap": {"name": "rates"}}, {"secret": {"name": "keys"}}]}}),
            rates("key", kind="Secret", name="keys"),
            logs=told(then="INFO order taken"),
            about="",
            figures=[errors("shop", since=RELEASED - 60)],
        ),
        BACK,
    ),
    Holds(
        "who refuses was released a while before, and took what it sent",
        world(beside=workload("cart", before=IMAGE, released=RELEASED + 1500)),
        BACK,
        alone=True,
    ),
    *(
        Holds(
            f"a database misses a file: {what}",
            of_database(**made),
            ("StatefulSet/postgres", "configuration_error", remedy),
            harmful=() if remedy == "rollback_workload" else ("rollback_workload",),
        )
        for what, made, remedy in (
            ("it has no volume, and a person looks first", {}, "page_human"),
            ("it has a volume, where it was", {"kept": True}, "rollback_workload"),
            ("its volume was elsewhere", {"kept": True, "was": "/old"}, "page_human"),
            ("its image is another one, too", {"kept": True, "before": {"image": "postgres:16.3"}}, "page_human"),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "an edit took the file since: the template before would miss it too", world(held=rates("x.json")), BACK
    ),
    DoesNotHold("nobody knows what the ConfigMap holds", world(held=thing("ConfigMap", "other")), BACK),
    DoesNotHold(
        "the newest template has it in place", world(shop(volumeMounts=OLD, before={"volumeMounts": NEW})), BACK
    ),
    DoesNotHold("it looks for another file that never was", world(logs=told(file="/etc/shop/rates/eu.json")), BACK),
    DoesNotHold("one of its pods finds it", world(logs=[*told(pods=[0]), log(pod("shop", 1), *["INFO done"] * 9)])),
    DoesNotHold("it was missed before the release came", world(logs=told(age=RELEASED + 900))),
    DoesNotHold("its release is of last week", world(shop(released=7 * DAY))),
    DoesNotHold("it went back since", world(taken_back(shop()))),
    DoesNotHold("the alert fired before it came", world(shop(released=300), logs=told(age=280))),
    DoesNotHold("nobody was called, and nobody fails", world(about="")),
    DoesNotHold("an alert about another one, and no error of its own", world(logs=told(then="INFO order taken"))),
    DoesNotHold(
        "who refuses was released after it",
        world(beside=workload("cart", before=IMAGE, released=RELEASED - 300)),
        BACK,
    ),
    DoesNotHold("users suffered before it came", world(about="", figures=[errors("shop", since=RELEASED + 900)])),
    DoesNotHold("it tells of no file that is not there", world(logs=told("INFO rates of %s are read")), BACK),
    DoesNotHold(
        "its release changed the image alone",
        world(shop(volumeMounts=NEW, before=IMAGE)),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "it ends by it, which says more",
        world(down(shop(), looping(lived=5)), logs=told(JAVA, then="ERROR start failed")),
        BACK,
    ),
    DoesNotHold(
        "its errors are of a database that is away",
        world(
            shop(env={**CALLS_CART, "DB_HOST": "postgres"}),
            down(postgres(), looping(lived=5), unready=RELEASED - 60),
            logs=told(then=AWAY),
            figures=[errors("shop", since=RELEASED - 60)],
        ),
    ),
]
