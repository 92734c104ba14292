"""A host outside fails whoever probes it: who meets no answer since then, and names nobody, means it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import later, looping, old_anew, pods_of, put, rollout
from tests.diagnosis.rules.refusing import HOST
from tests.diagnosis.rules.scenes import (
    CALLS_CART,
    CART,
    IMAGE,
    OLD,
    SHOP,
    busy,
    errors,
    latency,
    logs,
    shop,
    taken_back,
)
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

FAILS = (SHOP, "dependency_failure", "page_human")
KEYS = {"KEYS_URL": f"https://{HOST}/keys"}
OTHER = "mail.example.net"
PYTHON = (
    "INFO connected to the database",
    "Traceback (most recent call last):",
    '  File "/srv/boot.py", line 12, in load_keys',
    "httpx.ConnectTimeout",
    "ERROR:    Application startup failed. Exiting.",
)
JAVA = (
    "ERROR 1 --- [main] o.s.boot.SpringApplication : Application run failed",
    "Caused by: java.net.SocketTimeoutException: Connect timed out",
)
GO = ('level=fatal msg="cannot load keys" error="context deadline exceeded: i/o timeout"',)
BROKEN = "TypeError: Cannot read properties of undefined (reading 'issuer')"


def probe(
    target: str = f"https://{HOST}/keys", was: float = 0.0, now: float = 1.0, since: float = 1500
) -> tuple[str, Series]:
    """Return what those who probe an address tell of it."""
    return figure("probe_failing", was, now, since, dependency=target)


def starts(
    *figures: tuple[str, Series],
    words: Sequence[str] = PYTHON,
    env: dict[str, Any] = KEYS,
    status: Obj | None = None,
    since: float = 60,
    age: float = 900,
    beside: Sequence[Obj] = (),
    **more: Any,
) -> Snapshot:
    """Return a shop of which a pod that was made anew does not come up, and tells of no host; the older one serves."""
    return told(
        later(shop(env=env, **more), 1, status or looping(lived=40), age=age),
        *(figures or (probe(),)),
        words=words,
        since=since,
        beside=beside,
    )


def told(
    objects: list[Obj],
    *figures: tuple[str, Series],
    words: Sequence[str] = PYTHON,
    since: float = 60,
    beside: Sequence[Obj] = (),
) -> Snapshot:
    """Return a shop whose pods that are not ready have some last words, some users of it suffer."""
    ended = [
        each["metadata"]["name"] for each in pods_of(objects) if not each["status"]["containerStatuses"][0]["ready"]
    ]
    return snapshot(
        objects,
        beside,
        figures=[errors("shop", 0.05), *figures],
        logs=[
            each
            for name in ended
            for each in (
                log(name, *words, since=since),
                log(name, *words, since=max(since, 400), previous=True),
            )
        ],
    )


def released(*figures: tuple[str, Series], before: Obj = IMAGE, old_too: bool = False, **more: Any) -> Snapshot:
    """Return a roll-out of a moment ago, whose pods end; ``old_too``: so does an older one that was made anew since."""
    made = rollout("shop", looping(lived=40), before=before, released=600, **{"env": KEYS, **more})
    return told(old_anew(made, looping(lived=40), age=400) if old_too else made, probe(), *figures)


def served(ended: Obj, unready: float, **more: Any) -> list[Obj]:
    """Return a shop of which a pod served, until so long ago."""
    made = shop(ready=1, env=KEYS, **more)
    put(pods_of(made)[-1], ended, unready=unready)
    return made


def serves(*figures: tuple[str, Series], beside: Sequence[Obj] = (), **more: Any) -> Snapshot:
    """Return a shop that serves, some requests of which wait in vain for somebody that it does not name."""
    return snapshot(shop(**more), beside, figures=[errors("shop", 0.4, 500), *figures], logs=logs("shop", READ, 0, 1))


def at_limit(name: str) -> list[tuple[str, Series]]:
    """Return the figures of two pods that are at their processor limit."""
    return [
        figure(signal, was, now, 600, pod=pod(name, n), container=name)
        for signal, was, now in (("throttled_share", 0.01, 0.7), ("cpu_share", 0.4, 0.98))
        for n in range(2)
    ]


RATES = {**KEYS, "RATES_URL": "https://rates.example.org/v1"}
MISTYPED = {**KEYS, "RATES_URL": "https://rates.wrong.example.org/v1"}
CALLS = {**KEYS, **CALLS_CART}
SENTRY = {"SENTRY_DSN": "https://public@sentry.example.io/1"}
SENTRY_FAILS = probe("https://sentry.example.io/")
CART_SLOW = figure("dependency_latency_p95", 0.05, 6.0, 590, component="shop", dependency="cart")
CART_LIMITED = workload("cart", resources={"limits": {"cpu": "1"}})
CART_RELEASED = workload("cart", before=OLD, released=600)
READ = "ERROR java.net.SocketTimeoutException: Read timed out"
WELL = probe(f"https://{OTHER}/status", 0.0, 0.0)
SCALE, OF_CART = (SHOP, "capacity", "scale_workload"), (CART, "dependency_failure", "page_human")
OF_CODE, OF_SETTINGS = (SHOP, "code_defect", "rollback_workload"), (SHOP, "configuration_error", "page_human")
LIMIT: dict[str, Any] = {"resources": {"limits": {"cpu": "1"}}}
MISSED = (SHOP, "configuration_error", "rollback_workload")


def both(count: int) -> Snapshot:
    """Return a release that wrote another host than the one of before, and that many pods of two that end by it."""
    return told(
        later(shop(env=MISTYPED, before={"env": RATES}, released=300), count, looping(lived=40), age=300), probe()
    )


HOLDS = [
    Holds(
        f"who ends without an answer, and names nobody, means what is probed in vain: {what}",
        world,
        FAILS,
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    )
    for what, world in (
        ("a traceback", starts()),
        ("causes of an exception", starts(words=JAVA)),
        ("one word", starts(words=GO)),
        ("another host is reached", starts(probe(), WELL)),
        ("what is probed is a port", starts(probe(f"{HOST}:443"))),
        ("its release did not touch the host, and pods of before it end as well", released(old_too=True)),
        (
            "all pods end since a release was taken back",
            told(later(taken_back(shop(env=KEYS, before=IMAGE, released=300)), 2, looping(lived=40), age=300), probe()),
        ),
        (
            "it served before it was started again",
            told(served(looping(lived=40), 600, before=IMAGE, released=10 * DAY, age=20 * DAY), probe()),
        ),
        ("what it calls is well", starts(latency("cart", now=0.1), probe(), env=CALLS, beside=workload("cart"))),
        ("who gets what it measures fails as well", starts(probe(), SENTRY_FAILS, WELL, env={**KEYS, **SENTRY})),
    )
]
ENDS = [
    DoesNotHold(f"a pod ends without an answer, and names nobody: {what}", world)
    for what, world in (
        ("no setting of it names who is probed in vain", starts(env={"KEYS_URL": f"https://{OTHER}/keys"})),
        ("all that are probed fail: it is the way out", starts(probe(), probe(f"https://{OTHER}/status"))),
        ("it is reached", starts(probe(now=0.0))),
        ("it has never been reached", starts(probe(was=1.0))),
        ("it told of that long before the host failed", starts(probe(since=300), words=GO, since=1800, age=1900)),
        ("it was made, and ended, before the host failed", starts(probe(since=300), age=900)),
        ("another one came up since the host failed", starts(age=900, started=1200)),
        (
            "who is probed only gets what it measures, by its name",
            starts(SENTRY_FAILS, WELL, env={"ERRORS_DSN": SENTRY["SENTRY_DSN"]}),
        ),
        (
            "who is probed only gets what it measures, by the name of the setting",
            starts(env={"METRICS_URL": f"https://{HOST}/write"}),
        ),
        (
            "two hosts that it asks fail",
            starts(
                probe(),
                probe(f"https://{OTHER}/status"),
                probe("https://third.example.org/", 0.0, 0.0),
                env={**KEYS, "MAIL_URL": f"https://{OTHER}/send"},
            ),
        ),
        ("it ends by a fault of its own", starts(words=(BROKEN,))),
        ("a fault of its own is told last", starts(words=(*GO, BROKEN))),
        ("it served before the host failed alone", told(served(looping(lived=40), 2400), probe())),
        ("who is probed is of the cluster", starts(probe("http://cart.shop.svc:8080/health"))),
        ("it starves", starts(*busy(), probe())),
        ("whom it calls is slow, as it measures", starts(CART_SLOW, probe(), env=CALLS, beside=workload("cart"))),
        ("whom it calls is slow", starts(latency("cart", now=6.0), probe(), env=CALLS, beside=workload("cart"))),
        ("whom it calls starves", starts(*at_limit("cart"), probe(), env=CALLS, beside=CART_LIMITED)),
    )
]
DOES_NOT_HOLD = [
    *ENDS,
    *(
        DoesNotHold(f"who serves waits in vain, and names nobody: {what}", world, instead)
        for what, world, instead in (
            ("it starves", serves(*busy(), probe(), env=KEYS, **LIMIT), SCALE),
            (
                "it starves, and the host gets what it measures",
                serves(*busy(), SENTRY_FAILS, env=SENTRY, **LIMIT),
                SCALE,
            ),
            ("a release of whom it calls", serves(CART_SLOW, probe(), env=CALLS, beside=CART_RELEASED), OF_CART),
            (
                "whom it calls starves",
                serves(CART_SLOW, *at_limit("cart"), probe(), env=CALLS, beside=CART_LIMITED),
                OF_CART,
            ),
            ("nothing else is known", serves(probe(), env=KEYS), ("unknown", "page_human")),
        )
    ),
    DoesNotHold(
        "who ends without an answer, and names nobody, served until then",
        told(served(looping(lived=700, restarts=1), 60), probe()),
        (SHOP, "service_crash", "restart_workload"),
    ),
    *(
        DoesNotHold(f"a release ends without an answer, and names nobody: {what}", world, instead)
        for what, world, instead in (
            ("it changed another host, and a pod of it came up", both(1), OF_SETTINGS),
            ("it changed another host, and none of its pods came up", both(2), MISSED),
            (
                "it changed another host, and pods of before it serve",
                released(env=MISTYPED, before={"env": RATES}),
                MISSED,
            ),
            ("it changed no host, pods of before serve", released(), OF_CODE),
        )
    ),
]
