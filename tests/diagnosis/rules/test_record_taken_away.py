"""The record of a name was deleted by who keeps its zone, and who looks it up misses it since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.runs import ran
from tests.diagnosis.rules.scenes import ingress, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

HOST = "orders.shop.example"
KEEPER = "Deployment/external-dns"
ARGS = ("--source=service", "--source=ingress", "--policy=sync")
LESS = ("--source=ingress", "--policy=sync")
AWS = f'level=info msg="Desired change: DELETE {HOST} A" profile=default zoneName=shop.example.'
OWNED = f'level=info msg="Desired change: DELETE xd-a-{HOST} TXT" zoneName=shop.example.'
JSON = f'{{"level":"info","msg":"Changing record.","action":"DELETE","record":"{HOST}","type":"CNAME"}}'
GOOGLE = f'level=info msg="Del records: {HOST}. A [203.0.113.7] 300"'
AZURE = "level=info msg=\"Deleting A record named 'orders' for Azure DNS zone 'shop.example'.\""
TERRAFORM = f"aws_route53_record.orders: Destroying... [id=Z0412KQ1V_{HOST}_A]"
REHEARSED = 'level=info msg="config: {Policy:sync DryRun:true}"'
REFUSED = 'level=error msg="Failure in zone shop.example. AccessDenied: not authorized to ChangeResourceRecordSets"'
GO = f"dial tcp: lookup {HOST} on 10.96.0.10:53: no such host"
NODE = f"Error: getaddrinfo ENOTFOUND {HOST}"
JAVA = f"java.net.UnknownHostException: {HOST}: Name or service not known"
SILENT = f"dial tcp: lookup {HOST} on 10.96.0.10:53: server misbehaving"
NOTE = "external-dns.alpha.kubernetes.io/hostname"


def listener(host: str = HOST, written: float | None = None, name: str = "orders-public") -> Obj:
    """Return a Service for clients outside; ``host``: the name that it asks for ("" none any more)."""
    made = thing("Service", name, written=written, spec={"type": "LoadBalancer", "selector": {"app": "shop"}})
    made["metadata"]["annotations"] = {NOTE: host} if host else {}
    return made


def keeper(before: tuple[str, ...] = ARGS, args: tuple[str, ...] = LESS, **more: Any) -> list[Obj]:
    """Return who keeps the zone, released 20 minutes ago with other arguments."""
    then: dict[str, Any] = {"before": {"args": list(before)}} if before != args else {}
    return workload("external-dns", pods=1, args=list(args), **{"released": 1200, **then, **more})


def louder() -> list[Obj]:
    """Return who keeps the zone, whose release changed nothing of what it looks at."""
    return keeper((*ARGS, "--log-level=info"), (*ARGS, "--log-level=debug"))


def allows() -> Obj:
    """Return an Ingress for another name, which pages of the name may call."""
    made = ingress("web", "www.shop.example")
    made["metadata"]["annotations"] = {"nginx.ingress.kubernetes.io/cors-allow-origin": f"https://{HOST}"}
    return made


def routed() -> Obj:
    """Return a rule of a mesh for the name."""
    routes = [{"route": [{"destination": {"host": "shop"}}]}]
    return thing("VirtualService", "orders", spec={"hosts": [HOST], "http": routes})


def gone(
    *told: str,
    misses: str = GO,
    by: list[Obj] | None = None,
    asks: Obj | None = None,
    at: float = 1130,
    since: float = 1000,
    then: tuple[tuple[float, str], ...] = (),
    also: tuple[Any, ...] = (),
    of: str = "",
    well: str = "",
    young: float = 5 * DAY,
) -> Snapshot:
    """Return who keeps a zone and what it tells, and a bridge that misses a name.

    ``asks``: the object that asks for the name. ``then``: what is told later. ``well``: what another program repeats,
    which started ``young`` seconds ago. ``of``: whose log tells it.
    """
    lines = [*((at, line) for line in told or (AWS,)), *then]
    return snapshot(
        by if by is not None else keeper(),
        shop(),
        workload("bridge", env={"ORDERS_URL": f"https://{HOST}"}),
        [listener() if asks is None else asks],
        workload("web", pods=1, started=young, env={"ORDERS_URL": f"https://{HOST}"}) if well else [],
        *also,
        logs=[
            timed(of or pod("external-dns"), *lines),
            log(pod("bridge"), *[f"ERROR connect failed: {misses}"] * 9, since=since),
            *([log(pod("web"), *[well] * 9, since=240)] if well else []),
        ],
    )


HOLDS = [
    *(
        Holds(
            what,
            world,
            (KEEPER, "configuration_error", "rollback_workload"),
            excludes=no("restart_workload", at="Deployment/bridge"),
            harmful=("restart_workload", "scale_workload"),
            alone=True,
        )
        for what, world in (
            ("a release looks at fewer kinds of objects", gone(AWS, OWNED)),
            ("another zone's server, and a client of Node", gone(GOOGLE, misses=NODE)),
            ("a name and its zone apart, and a client of Java", gone(AZURE, misses=JAVA)),
            ("a record of an Ingress, in JSON", gone(JSON, asks=ingress("shop", HOST))),
            ("another object's rules name it as well", gone(also=([routed()],))),
        )
    ),
    *(
        Holds(
            what, world, (where, "configuration_error", "page_human"), harmful=("restart_workload", "rollback_workload")
        )
        for what, world, where in (
            ("no object but one at which it never looked names it", gone(asks=routed()), KEEPER),
            ("an Ingress only lets pages of the name call it", gone(asks=allows()), KEEPER),
            ("its release changed how much it tells", gone(by=louder()), KEEPER),
            ("something was edited right before", gone(also=([listener("", written=1160, name="b")],)), KEEPER),
            (
                "another Service was edited, and this one asks for it still",
                gone(by=keeper(ARGS, ARGS), also=([listener("", written=1160, name="b")],)),
                KEEPER,
            ),
            ("it was not released", gone(by=keeper(ARGS, ARGS)), KEEPER),
            ("nothing that is known asks for the name", gone(asks=listener("other.shop.example")), KEEPER),
            ("it was released days ago", gone(by=keeper(released=3 * DAY)), KEEPER),
            ("another tool destroys it", gone(TERRAFORM, by=keeper(ARGS, ARGS)), KEEPER),
            (
                "somebody took the name from the Service",
                gone(by=keeper(ARGS, ARGS), asks=listener("", written=1160)),
                "Service/orders-public",
            ),
            *(
                (
                    f"somebody took the name from the Service, and {what}",
                    gone(by=by, asks=listener("", written=1160), also=also),
                    "Service/orders-public",
                )
                for what, by, also in (
                    ("an Ingress lets pages of the name call it", keeper(ARGS, ARGS), ([allows()],)),
                    ("the keeper tells more since a release", louder(), ()),
                    ("the same, beside such an Ingress", louder(), ([allows()],)),
                    ("the same, and a mesh has a rule for it", louder(), ([routed()],)),
                )
            ),
            (
                "a run of a CronJob knows another list",
                gone(
                    f"deleted rrset {HOST}. A 203.0.113.7",
                    by=[],
                    of="report-0-pod0",
                    also=tuple(ran(1140)),
                ),
                "CronJob/report",
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world)
    for what, world in (
        ("another name was deleted", gone(AWS.replace(HOST, "old.shop.example"))),
        ("a name that ends alike was deleted", gone(AWS.replace(HOST, f"eu-{HOST}"))),
        ("a name within it was deleted", gone(AWS.replace(HOST, f"eu.{HOST}"))),
        ("only who owns it was deleted", gone(OWNED.replace("xd-a-", ""))),
        ("it was missed before", gone(at=300, since=1000)),
        ("it was deleted long before", gone(at=2 * DAY)),
        ("it was made anew at once", gone(AWS, AWS.replace("DELETE", "CREATE").replace(" A", " CNAME"))),
        ("it was put in again since", gone(then=((600, AWS.replace("DELETE", "UPSERT")),))),
        ("it was updated since", gone(then=((600, f"updated A record {HOST} -> 203.0.113.9"),))),
        ("it was registered again since", gone(then=((600, f"registered A record {HOST} -> 203.0.113.9"),))),
        ("it was created again since", gone(then=((600, f"record created: {HOST} A 203.0.113.9"),))),
        ("the zone's server refuses it", gone(AWS, REFUSED)),
        ("it tries in vain each minute", gone(then=tuple((float(age), AWS) for age in range(1070, 100, -60)))),
        ("it only tells what it would do", gone(REHEARSED, AWS)),
        ("it is only asked what it would do", gone(by=keeper(args=(*LESS, "--dry-run")))),
        ("no name server answers", gone(misses=SILENT)),
        (
            "who came since is answered at the name",
            gone(well=f"INFO GET https://{HOST}/v1/orders 200 in 12 ms", young=700),
        ),
    )
]
