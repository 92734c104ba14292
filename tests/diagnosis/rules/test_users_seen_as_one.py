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
CDN = ("203.0.113.14", "203.0.113.77", "198.51.100.9", "198.51.100.31")
HERE = (EDGE, "configuration_error", "page_human")
LINE = '{who} - - [{at}] "GET /v2/parcels/7 HTTP/1.1" {status} 512 "-" "Parcels/8.2"'
FIELDS = '{{"time":"{at}","remote_addr":"{who}","method":"GET","path":"/v2/parcels/7","status":{status}}}'

LIMITING = 'limiting requests, excess: 24.9 by zone "town_cart_rps", client: {who}, server: shop.example'
DOWN = "no live upstreams while connecting to upstream, client: {who}, server: shop.example"
SETTINGS = ("ConfigMap/edge-settings", "configuration_error", "page_human")
CIDR = {"use-forwarded-headers": "true", "proxy-real-ip-cidr": "10.64.0.0/16", "proxy-body-size": "12m"}
FILE = {"nginx.conf": "http {\n  limit_req_zone $binary_remote_addr zone=a:10m rate=8r/s;\n}", "mime.types": "text"}
OTHER_WROTE = thing("ConfigMap", "more", written=EDITED + 60, data={"proxy-body-size": "8m", "x": "1"})
OTHER_WROTE["metadata"]["managedFields"][0]["fieldsV1"] = {"f:data": {"f:proxy-body-size": {}, "f:x": {}}}


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


def by_settings(
    *kept: Log,
    written: float | None = EDITED,
    argument: str = "town",
    wrote: str = "",
    data: dict[str, str] | None = None,
    others: Sequence[Obj] = (),
    **edge: Any,
) -> Snapshot:
    """Return a controller of ways in whose ConfigMap was edited, what it leads to, and its access log.

    ``argument``: in which namespace it is told to look for it, if at all; ``wrote``: which of its keys was edited.
    """
    given: dict[str, Any] = {"args": ["/nginx-ingress-controller", f"--configmap={argument}/edge-settings"]}
    given |= {"spec": {"volumes": [{"name": "more", "configMap": {"name": "more"}}]}} if others else {}
    data = data or {"use-forwarded-headers": "false", "limit-req-status-code": "429"}
    settings = thing("ConfigMap", "edge-settings", written=written, data=data)
    if wrote:
        settings["metadata"]["managedFields"][0]["fieldsV1"] = {"f:data": {f"f:{wrote}": {}}}
    return snapshot(
        workload("edge", "registry.k8s.io/ingress-nginx/controller:v1.12.1", **(given if argument else {}), **edge),
        settings,
        workload("cart", before=OLD, released=1700),
        ingress("cart", "shop.example"),
        *others,
        logs=kept,
        alerts=[alert("TooManyRequests", deployment="edge")],
    )


def limited(kept: Log, says: str = LIMITING) -> Log:
    """Return the same log of a server that refuses with 503, and says beside each refusal what held it back."""
    lines = list[str]()
    for line in kept.lines:
        if '" 429 ' in line:
            who, when = line.split()[0], line.split("[")[1].split("]")[0]
            lines += [f"{when} [error] 31#34: *9 {says.format(who=who)}"] if says else []
        lines.append(line.replace('" 429 ', '" 503 '))
    return Log(kept.pod, kept.container, tuple(lines))


def crowded(users: Sequence[str]) -> Log:
    """Return a log of an edge of which four from outside ask far too often, and are refused; its users are not."""
    kept = told(after=[*CDN * 12, *users])
    well = (line.replace('" 429 ', '" 200 ') if line.startswith(tuple(users)) else line for line in kept.lines)
    return Log(kept.pod, kept.container, tuple(well))


def behind(kept: Log) -> Log:
    """Return a log as that of the cart."""
    return Log(pod("cart"), "cart", kept.lines)


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
        SETTINGS,
        excludes=no("rollback_workload", "restart_workload", at="Deployment/edge"),
        harmful=("rollback_workload", "scale_workload", "restart_workload", "no_action"),
    ),
    *(
        Holds(
            f"since its settings were edited all come from a few addresses, and four of ten are refused{what}",
            world,
            SETTINGS,
            excludes=no("rollback_workload", "scale_workload", at=CART),
            harmful=("rollback_workload", "scale_workload", "restart_workload", "no_action"),
            sure=(0.8, 1.0) if sure else (0.0, 1.0),
        )
        for what, world, sure in (
            (", by a namespace that a variable names", by_settings(told(), argument="$(POD_NAMESPACE)"), False),
            (
                " with 503, by its own word",
                by_settings(limited(told()), argument="$(POD_NAMESPACE)", wrote="proxy-real-ip-cidr", data=CIDR),
                True,
            ),
            (
                ", and another map that it reads was written in the same minutes",
                by_settings(told(), wrote="proxy-real-ip-cidr", data=CIDR, others=[OTHER_WROTE]),
                True,
            ),
            *(
                (f", by {key}", by_settings(told(), wrote=key, data={key: "0", "page-size": "50"}), sure)
                for key, sure in (("NUM_PROXIES", True), ("IP_STRATEGY_DEPTH", True), ("LOOKUP_DEPTH", False))
            ),
            (", and the whole file was written", by_settings(told(), wrote="nginx.conf", data=FILE), False),
            (
                ", which are those of a CDN and lie outside",
                by_settings(told(after=CDN, now=0.45), wrote="proxy-real-ip-cidr", data=CIDR),
                True,
            ),
            (
                ", nodes of a balancer outside, and 503 is the word for it",
                by_settings(
                    limited(told(after=CDN[1:3])), wrote="TRUSTED_PROXIES", data={"TRUSTED_PROXIES": "", "x": "1"}
                ),
                True,
            ),
            (
                ", outside, as one sees who stands behind it, and the whole file was written",
                by_settings(behind(told(after=CDN, line=FIELDS)), wrote="nginx.conf", data=FILE),
                False,
            ),
            (
                ", as one sees who stands behind it",
                by_settings(behind(told(line=FIELDS)), wrote="use-forwarded-headers", data=CIDR),
                True,
            ),
        )
    ),
]
DOES_NOT_HOLD = (
    [
        DoesNotHold("settings that it does not read were edited", by_settings(told(), argument="")),
        DoesNotHold("its settings were edited, and users are seen as before", by_settings(told(after=USERS[60:]))),
        DoesNotHold("its settings were edited long before", by_settings(told(), written=86400)),
        DoesNotHold(
            "another of its settings was edited by hand",
            by_settings(told(), wrote="proxy-body-size", data=CIDR),
        ),
        DoesNotHold(
            "many of a crowd are refused with 503 since",
            by_settings(limited(told(after=USERS[60:])), wrote="proxy-real-ip-cidr", data=CIDR),
        ),
        DoesNotHold(
            "it was released in the same minute, and who stands behind it sees a few since",
            by_settings(
                behind(told(line=FIELDS)),
                wrote="use-forwarded-headers",
                data=CIDR,
                before={"image": "controller:v1.11.0"},
                released=EDITED,
            ),
        ),
        DoesNotHold(
            "one user from outside is refused with 503 since",
            by_settings(limited(told(after=USERS[60:61])), wrote="proxy-real-ip-cidr", data=CIDR),
        ),
        *(
            DoesNotHold(
                f"who to believe was written, and {what}",
                by_settings(kept, wrote="proxy-real-ip-cidr", data=CIDR),
                harmful=("rollback_workload", "restart_workload", "scale_workload"),
            )
            for what, kept in (
                ("a few from outside ask for most and are refused, users are not", crowded(USERS[60:66])),
                ("a few from outside ask for most and are refused, users of before are not", crowded(USERS[:6])),
                ("a few users of before ask for all", told(after=USERS[:4])),
                ("of a few from outside one alone is refused", told(after=CDN, now=0.25)),
                ("a few from outside ask for all, and are not refused", told(after=CDN, now=0.02)),
                ("all came from the CDN before as well", told(before=CDN, after=CDN)),
                ("many of a CDN's nodes ask", told(after=[f"203.0.113.{n}" for n in range(60)])),
            )
        ),
        DoesNotHold(
            "another of its settings was edited, and a few from outside ask for all",
            by_settings(told(after=CDN), wrote="limit-rps", data=CIDR | {"limit-rps": "2"}),
        ),
        DoesNotHold("its Service hides nobody outside, and the CDN asks for all", edge(told(after=CDN))),
        DoesNotHold(
            "who is behind is not there, which is 503 too",
            by_settings(limited(told(), DOWN), wrote="proxy-real-ip-cidr", data=CIDR),
        ),
        DoesNotHold(
            "a dry run of its limits tells of them, and 503 is another's",
            by_settings(limited(told(), LIMITING.replace("requests,", "requests, dry run,")), data=CIDR),
        ),
        DoesNotHold(
            "a limit was lowered by an edit, and all came from a few before",
            by_settings(limited(told(before=NODES)), wrote="limit-rps", data={"limit-rps": "2", "x": "1"}),
        ),
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
