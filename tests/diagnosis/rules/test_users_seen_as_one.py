"""Where a Service hides who asks, limits for each address hold for all; what it protects has no part in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CART, OLD, alert, errors, ingress
from tests.diagnosis.rules.tiny import Obj, at, pod, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

EDITED = 900
EDGE = "Service/edge"
USERS = tuple(f"84.{n}.17.{200 - n}" for n in range(1, 120))
NODES = ("10.12.0.11", "10.12.0.32", "10.88.2.1")
HERE = (EDGE, "configuration_error", "page_human")
LINE = '{who} - - [{at}] "GET /v2/parcels/7 HTTP/1.1" {status} 512 "-" "Parcels/8.2"'
FIELDS = '{{"time":"{at}","remote_addr":"{who}","method":"GET","path":"/v2/parcels/7","status":{status}}}'


def told(
    before: Sequence[str] = USERS[:60],
    after: Sequence[str] = NODES,
    *,
    was: float = 0.0,
    now: float = 0.4,
    line: str = LINE,
    turn: float = EDITED,
    length: float = 1800,
    over: float = 0,
) -> Log:
    """Return an access log of half an hour: who asked before an edit and since, and which part was refused.

    ``over``: nobody is refused any more since so long.
    """
    lines = [_said(line, before, n, length - 15 * n, was) for n in range(int((length - turn) / 15))]
    ages = [turn - 15 * (n + 1) for n in range(int(turn / 15))]
    lines += [_said(line, after, n, age, now if age >= over else 0.0) for n, age in enumerate(ages)]
    return Log(pod("edge"), "edge", tuple(lines))


def _said(line: str, who: Sequence[str], number: int, age: float, refused: float) -> str:
    status = 429 if (number * refused) % 1 + refused >= 1 else 200
    return line.format(who=who[number % len(who)], at=at(age), status=status)


def edge(
    kept: Log, *, written: float | None = EDITED, kind: str = "LoadBalancer", policy: str = "Cluster", **more: Any
) -> Snapshot:
    """Return an edge whose Service was edited, what it leads to, and its access log."""
    service = service_for("edge", written=written)
    service["spec"] |= {"type": kind, "externalTrafficPolicy": policy}
    cart, figures = more.pop("cart", 1700), more.pop("figures", ())
    front: list[Obj] = workload("edge", "nginx:1.29", env={"CART": "http://cart:8080"}, service=False, **more)
    behind = workload("cart", before=OLD, released=cart)
    alerts = [alert("TooManyRequests", deployment="edge")]
    return snapshot(front, service, behind, logs=[kept], alerts=alerts, figures=figures)


def by_settings(kept: Log, *, written: float | None = EDITED, argument: bool = True) -> Snapshot:
    """Return a controller of ways in whose ConfigMap was edited, what it leads to, and its access log."""
    given: dict[str, Any] = {"args": ["/nginx-ingress-controller", "--configmap=town/edge-settings"]}
    data = {"use-forwarded-headers": "false", "limit-req-status-code": "429"}
    return snapshot(
        workload("edge", "registry.k8s.io/ingress-nginx/controller:v1.12.1", **(given if argument else {})),
        thing("ConfigMap", "edge-settings", written=written, data=data),
        workload("cart", before=OLD, released=1700),
        ingress("cart", "shop.example"),
        logs=[kept],
        alerts=[alert("TooManyRequests", deployment="edge")],
    )


HOLDS = [
    *(
        Holds(
            f"since its edit all come from a few nodes, and four of ten are refused{what}",
            world,
            HERE,
            excludes=(
                *no("rollback_workload", "scale_workload", at=CART),
                *no("restart_workload", "scale_workload", at="Deployment/edge"),
            ),
            harmful=("rollback_workload", "scale_workload", "restart_workload", "no_action"),
        )
        for what, world in (
            (", and what is behind it was released before", edge(told())),
            (", and the log has fields", edge(told(line=FIELDS))),
            (", and each user asks again and again", edge(told(USERS[:15], length=3600))),
            (", and one user was refused before", edge(told(was=0.05))),
            (", and a port of each node is the way in", edge(told(), kind="NodePort")),
            (
                ", and a later release of it changes nothing of that",
                edge(told(), before={"image": "nginx:1.27"}, released=400),
            ),
        )
    ),
    Holds(
        "since its edit all come from a few nodes, and what is behind it fails since a later release",
        edge(told(), cart=400, figures=[errors("cart", 0.6, 380)]),
        HERE,
        spares=no("rollback_workload", at=CART),
        harmful=("scale_workload", "restart_workload", "no_action"),
    ),
    Holds(
        "since its edit all come from a few nodes, and it fails since a later release of its own",
        edge(told(), before={"image": "nginx:1.27"}, released=400, figures=[errors("edge", 0.6, 380)]),
        HERE,
        spares=no("rollback_workload", at="Deployment/edge"),
        harmful=("rollback_workload", "scale_workload", "restart_workload", "no_action"),
    ),
]
HOLDS += [
    Holds(
        "since its settings were edited all come from a few addresses, and four of ten are refused",
        by_settings(told()),
        ("ConfigMap/edge-settings", "configuration_error", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at="Deployment/edge"),
        harmful=("rollback_workload", "scale_workload", "restart_workload", "no_action"),
    ),
]
DOES_NOT_HOLD = (
    [
        DoesNotHold("settings that it does not read were edited", by_settings(told(), argument=False)),
        DoesNotHold("its settings were edited, and users are seen as before", by_settings(told(after=USERS[60:]))),
        DoesNotHold("its settings were edited long before", by_settings(told(), written=86400)),
    ]
    + [
        DoesNotHold(what, world, harmful=("rollback_workload", "restart_workload", "scale_workload"))
        for what, world in (
            ("users are seen as before, and more are refused", edge(told(after=USERS[60:]))),
            ("all come from a few nodes, and nobody is refused more", edge(told(now=0.02))),
            ("all came from the nodes before as well", edge(told(before=NODES))),
            ("they were refused as much before", edge(told(was=0.4))),
            ("nobody edited the Service", edge(told(), written=None)),
            ("it was edited the day before", edge(told(), written=86400)),
            ("a Service for the namespace alone was edited", edge(told(), kind="ClusterIP", policy="")),
            ("one user from outside asks for all", edge(told(after=["84.1.17.199"]))),
            ("few requests are told since", edge(told(turn=120), written=120)),
            ("many callers from inside ask since", edge(told(after=[f"10.3.0.{n}" for n in range(60)]))),
            ("few were told of before, again and again", edge(told(before=USERS[:2]))),
        )
    ]
    + [
        DoesNotHold(
            "all come from a few nodes since the edge's own release, ten minutes after the edit",
            edge(told(turn=300), written=900, before={"image": "nginx:1.27"}, released=310),
            instead=("Deployment/edge", "code_defect", "rollback_workload"),
        ),
        DoesNotHold(
            "all come from few nodes since the edge's own release, seven minutes after the edit, for most of the hour",
            edge(told(turn=3000, length=4500), written=3420, before={"image": "nginx:1.27"}, released=3010),
            instead=("Deployment/edge", "code_defect", "rollback_workload"),
        ),
        DoesNotHold("nobody is refused any more", edge(told(over=1000, turn=2400, length=3600), written=2400)),
        DoesNotHold(
            "the edge itself was released in the same minute, and may believe another header",
            edge(told(), before={"image": "nginx:1.27"}, released=EDITED),
        ),
    ]
)
