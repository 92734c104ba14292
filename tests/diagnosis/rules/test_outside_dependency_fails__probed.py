"""A host outside fails whoever probes it: who meets no answer since then, and names nobody, means it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.refusing import HOST
from tests.diagnosis.rules.scenes import SHOP, errors, shop
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, snapshot
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
    *probes: tuple[str, Series],
    words: Sequence[str] = PYTHON,
    env: dict[str, Any] = KEYS,
    status: Obj | None = None,
    since: float = 60,
    **more: Any,
) -> Snapshot:
    """Return a shop of which one pod of two does not come up, and tells of no host."""
    objects = shop(ready=1, env=env, **more)
    put(pods_of(objects)[-1], status or looping(lived=40))
    return snapshot(
        objects,
        figures=[errors("shop", 0.05), *(probes or (probe(),))],
        logs=[
            log(pod("shop", 1), *words, since=since),
            log(pod("shop", 1), *words, since=max(since, 400), previous=True),
        ],
    )


WELL = probe(f"https://{OTHER}/status", 0.0, 0.0)
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
        ("its release did not touch the host", starts(image="shop:2")),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a pod ends without an answer, and names nobody: {what}", world)
    for what, world in (
        ("no setting of it names who is probed in vain", starts(env={"KEYS_URL": f"https://{OTHER}/keys"})),
        ("all that are probed fail: it is the way out", starts(probe(), probe(f"https://{OTHER}/status"))),
        ("it is reached", starts(probe(now=0.0))),
        ("it has never been reached", starts(probe(was=1.0))),
        ("it told of that long before the host failed", starts(probe(since=300), words=GO, since=1800)),
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
        ("who is probed is of the cluster", starts(probe("http://cart.shop.svc:8080/health"))),
    )
]
