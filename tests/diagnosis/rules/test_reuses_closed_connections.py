"""A proxy that keeps idle connections for longer than the servers behind it, since an edit of its ConfigMap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert, ingress, rate
from tests.diagnosis.rules.tiny import DAY, Obj, at, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MAP = "ConfigMap/edge"
EDITED = 1500
PLACE = (
    'while reading response header from upstream, request: "POST /{of}/1 HTTP/2.0", upstream: "http://{of}:8080/{of}/1"'
)
CUT = f"[error] upstream prematurely closed connection {PLACE}"
RESET = f"[error] recv() failed (104: Connection reset by peer) {PLACE}"
WATCHES = {"args": ["/controller", "--configmap=$(POD_NAMESPACE)/edge"]}
CLOSES = {"KEEP_ALIVE_TIMEOUT_MS": "65000"}
LONGER = {"upstream-keepalive-timeout": "300"}
CART, MAIL = "Deployment/cart", "Deployment/mail"
READS: dict[str, Any] = {"spec": {"volumes": [{"name": "c", "configMap": {"name": "edge"}}]}}
GUNICORN = {"command": ["gunicorn", "--keep-alive", "2", "app"]}


def settings(data: Mapping[str, str], *keys: str, age: float = EDITED) -> Obj:
    """Return a ConfigMap of which some keys were edited."""
    made = thing("ConfigMap", "edge", data={"use-gzip": "true", **data})
    wrote: Obj = {"f:data": {f"f:{key}": {} for key in keys or data}}
    made["metadata"]["managedFields"] = [
        {"manager": "kubectl-edit", "operation": "Update", "time": at(age), "fieldsType": "FieldsV1", "fieldsV1": wrote}
    ]
    return made


def told(*lines: str, since: float = EDITED - 90, before: str = "GET /cart/1 200") -> list[Log]:
    """Return the log of a proxy, which begins before the edit as long as something is told of then."""
    first = [(3000.0, before)] if before else []
    return [timed(pod("edge"), *first, *((since - n * 120, lines[n % len(lines)]) for n in range(int(since // 120))))]


def cut_off(
    *more: Any,
    of: Obj | None = None,
    says: tuple[str, ...] = (CUT.format(of="cart"), RESET.format(of="mail")),
    cart: dict[str, Any] | None = None,
    mail: dict[str, Any] | None = None,
    edge: dict[str, Any] | None = None,
    figures: Any = (),
    **log: Any,
) -> Snapshot:
    """Return a proxy that two servers behind it cut off now and then."""
    return snapshot(
        workload("edge", "registry.example/controller:1", **(WATCHES if edge is None else edge)),
        workload("cart", **{"env": CLOSES, **(cart or {})}),
        workload("mail", **{"env": CLOSES, **(mail or {})}),
        settings(LONGER) if of is None else of,
        *(ingress(name, f"{name}.example") for name in ("cart", "mail")),
        *more,
        logs=told(*says, **log),
        figures=figures,
        alerts=[alert("BadGateway", service="cart")],
    )


FOUND = (MAP, "configuration_error", "page_human")
TRAEFIK = "serversTransport:\n  forwardingTimeouts:\n    idleConnTimeout: 300s\n"
NGINX = "http { keepalive_timeout 75s; upstream cart { server cart:8080; keepalive 32; keepalive_timeout 120s; } }"
BUSY = workload("busy", env=CLOSES)
HOLDS = [
    Holds(
        "a controller is told its ConfigMap by an argument, and several servers are met at once",
        cut_off(),
        FOUND,
        excludes=[
            *no("restart_workload", "rollback_workload", "scale_workload", at=CART),
            *no("restart_workload", "rollback_workload", at=MAIL),
            *no("restart_workload", "rollback_workload", at="Deployment/edge"),
        ],
        alone=True,
    ),
    Holds(
        "servers that close after two seconds, one of them",
        cut_off(says=(RESET.format(of="cart"),), cart={"env": {}, **GUNICORN}),
        FOUND,
    ),
    Holds("nobody tells when the servers close", cut_off(cart={"env": {}}, mail={"env": {}}), FOUND, sure=(0.5, 0.8)),
    Holds(
        "a file of a proxy that reads it from a volume",
        cut_off(of=settings({"traefik.yml": TRAEFIK}), edge=READS),
        FOUND,
    ),
    Holds("a file of nginx, where it names servers", cut_off(of=settings({"nginx.conf": NGINX}), edge=READS), FOUND),
    Holds("another controller's word", cut_off(of=settings({"upstream_keepalive_idle_timeout": "5m"})), FOUND),
    Holds(
        "one that is asked far more often, and closes as early, is not met",
        cut_off(BUSY, ingress("busy", "busy.example"), figures=[rate("cart", 1, 1), rate("mail", 2, 2), rate("busy")]),
        FOUND,
    ),
    *(
        Holds(
            f"no time has {digits} digits: it was written, and nobody knows for how long",
            cut_off(of=settings({"upstream-keepalive-timeout": "9" * digits})),
            FOUND,
            sure=(0.5, 0.8),
        )
        for digits in (400, 5000)
    ),
]


def not_by(what: str, world: Snapshot) -> DoesNotHold:
    return DoesNotHold(what, world)


DOES_NOT_HOLD = [
    not_by("another key was edited", cut_off(of=settings({"proxy-body-size": "20m", **LONGER}, "proxy-body-size"))),
    not_by("it is of the users' connections", cut_off(of=settings({"keep-alive": "300"}))),
    not_by("it is how many there are", cut_off(of=settings({"upstream-keepalive-requests": "30000"}))),
    not_by("it is shorter than that of the servers", cut_off(of=settings({"upstream-keepalive-timeout": "60"}))),
    not_by(
        "a file in which only users' connections are kept",
        cut_off(of=settings({"nginx.conf": "http { keepalive_timeout 300s; }"}), edge=READS),
    ),
    not_by(
        "a file, and nobody tells when the servers close",
        cut_off(of=settings({"traefik.yml": TRAEFIK}), edge=READS, cart={"env": {}}, mail={"env": {}}),
    ),
    not_by("it was edited last week", cut_off(of=settings(LONGER, age=7 * DAY))),
    not_by("it was edited after the first one", cut_off(of=settings(LONGER, age=900))),
    not_by("the log begins with it, and nobody knows what was before", cut_off(before="")),
    not_by("a server started anew since", cut_off(cart={"started": 1400})),
    not_by("a server is not whole", cut_off(cart={"ready": 1})),
    DoesNotHold(
        "a server was released then",
        cut_off(cart={"before": {"image": "registry.example/cart:0"}, "released": 1480}),
        (CART, "code_defect", "rollback_workload"),
    ),
    not_by("the proxy was released then", cut_off(edge={**WATCHES, "before": {"image": "x:0"}, "released": 1480})),
    not_by(
        "only those who are asked most are met",
        cut_off(BUSY, ingress("busy", "busy.example"), figures=[rate("cart"), rate("mail"), rate("busy", 1, 1)]),
    ),
    not_by("nobody knows one of those who are met", cut_off(says=(CUT.format(of="cart"), CUT.format(of="10.9.9.9")))),
    not_by("another one's ConfigMap", cut_off(edge={"args": ["/controller", "--configmap=town/other"]})),
]
