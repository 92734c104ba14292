"""A program misses a file since its release, and that may be harmless, or what is felt of somebody else."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, URL, alert, errors, latency, with_helper
from tests.diagnosis.rules.test_file_missed_since_release import (
    BACK,
    FILE,
    GO,
    NODE,
    OLD,
    RATES,
    REFUSED,
    RELEASED,
    rates,
    shop,
    told,
    world,
)
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

TRIES = "WARN rates: %s not found, trying /etc/shop/rates.json"
READ = "INFO rates: 812 rates read from /etc/shop/rates.json"
ASKED = '[error] 31#31: *7 open() "%s" failed (2: No such file or directory), client: 10.1.0.9, request: "GET /rates"'
OUTSIDE = "ERROR POST https://pay.example.com/charge: 503 Service Unavailable"
SETTINGS = {"volumes": [{"name": "c", "configMap": {"name": "cart-settings"}}]}
GIVEN_UP: dict[str, Any] = {"volumeMounts": [], "before": {"volumeMounts": OLD}}


def late_errors(line: str = REFUSED, since: int = 560, first: str = GO, then: str = "INFO order taken") -> list[Log]:
    """Return the logs of pods that miss a file as they start, are well, and tell of errors minutes later."""
    start = [(RELEASED - 15, first.replace("%s", FILE)), (RELEASED - 16, then)]
    well = [(float(age), "INFO order taken") for age in range(1150, since, -50)]
    return [timed(pod("shop", n), *start, *well, *((float(a), line) for a in range(since, 0, -30))) for n in (0, 1)]


def over(volume: Obj, file_line: str = GO) -> Snapshot:
    """Return a shop over whose file another volume is mounted."""
    held = {"volumes": [{"name": "other", **volume}, {"name": "rates", **RATES}]}
    mounts = [{"name": "other", "mountPath": "/etc/shop/rates"}]
    return world(shop(volumeMounts=mounts, spec=held, before={"volumeMounts": OLD}), logs=told(file_line))


def helped(of: str) -> Snapshot:
    """Return a shop that gave its file up, beside a helper that never had it: one of both misses it."""
    line, then = GO.replace("%s", FILE), (REFUSED,) * 30
    missing = [log(pod("shop", n), line, since=RELEASED - 15, of="helper") for n in (0, 1)]
    first = "INFO starting" if of == "helper" else line
    own = [log(pod("shop", n), first, *then, since=RELEASED - 15) for n in (0, 1)]
    return world(with_helper(shop(**GIVEN_UP), {}, {}), logs=[*own, *(missing if of == "helper" else [])])


def edited_cart(written: float) -> list[Obj]:
    """Return a cart that reads settings which were written so long ago."""
    settings = thing("ConfigMap", "cart-settings", written=written, data={"a": "b"})
    return [*workload("cart", spec=SETTINGS), settings]


TWICE = {"configMap": {"name": "rates", "items": [{"key": "r", "path": each} for each in ("rates.json", "copy.json")]}}
UNKNOWN: tuple[Obj, ...] = (
    {"emptyDir": {}},
    {"csi": {"driver": "secrets-store.csi.k8s.io"}},
    {"persistentVolumeClaim": {"claimName": "r"}},
    {"projected": {"sources": [{"configMap": {"name": "other"}}, {"serviceAccountToken": {"path": "token"}}]}},
)
HOLDS = [
    Holds("one key lies there under two names", world(shop(TWICE), held=rates("r")), BACK),
    Holds("the container that had the mount misses it, beside a helper", helped("shop"), BACK),
    Holds("who refuses got its settings long before", world(beside=edited_cart(RELEASED + 1500)), BACK, alone=True),
    Holds(
        "users are slow since it is missed",
        world(logs=told(then="INFO order taken"), about="", figures=[latency("shop", since=RELEASED - 60)]),
        BACK,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"nobody knows what is in the volume over it: {next(iter(volume))}", over(volume), BACK)
        for volume in UNKNOWN
    ),
    DoesNotHold("it tries another place, where it finds one of that name", world(logs=told(TRIES)), BACK),
    DoesNotHold(
        "a later line tells that one of its name was read", world(logs=late_errors(since=1100, then=READ)), BACK
    ),
    DoesNotHold("it waits for it", world(logs=told("WARN %s not found yet, waiting for vault-agent")), BACK),
    DoesNotHold("a client asks for what was there", world(logs=told(ASKED)), BACK),
    DoesNotHold("a helper misses it that never had the mount", helped("helper"), BACK),
    DoesNotHold("it is refused ten minutes after it missed the file", world(logs=late_errors()), BACK),
    DoesNotHold(
        "settings of who refuses were edited later",
        world(beside=edited_cart(560), logs=late_errors()),
        ("ConfigMap/cart-settings", "configuration_error", "page_human"),
    ),
    DoesNotHold(
        "settings of who refuses were edited with the release",
        world(beside=edited_cart(RELEASED - 30)),
    ),
    DoesNotHold(
        "who refuses was released five minutes before it",
        world(beside=workload("cart", before=IMAGE, released=RELEASED + 300)),
    ),
    DoesNotHold("who refuses fails itself", world(figures=[errors("cart", since=RELEASED - 60)]), BACK),
    DoesNotHold(
        "a host outside fails later",
        world(logs=late_errors(OUTSIDE), about="shop"),
        (SHOP, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "a host outside fails since then",
        world(logs=told(then=OUTSIDE), about="shop"),
        (SHOP, "dependency_failure", "page_human"),
    ),
    DoesNotHold("an alert alone, and it tells of no error", world(logs=told(then="INFO ok"), about="shop")),
    DoesNotHold(
        "its database has no processor time left, and users are slow since",
        snapshot(
            shop(env={**CALLS_CART, **URL}),
            workload("cart"),
            postgres(),
            rates(),
            logs=told(NODE, then="INFO order taken"),
            figures=[
                figure("cpu_share", 0.2, 0.99, 1100, pod="postgres-0", container="postgres"),
                latency("shop", since=RELEASED - 60),
            ],
            alerts=[alert("SlowCheckout", service="shop")],
        ),
        ("StatefulSet/postgres", "capacity", "page_human"),
    ),
]
