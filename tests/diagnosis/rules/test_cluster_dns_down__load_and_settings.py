"""Name servers that run well and do not answer: they have too much to do, or new settings."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.names import UNRESOLVED
from tests.diagnosis.rules.scenes import MORE, ROOM, SHOP, alert, logs, rate, shop
from tests.diagnosis.rules.test_cluster_dns_down import COREDNS, ILL, LATE, OVERLOADED, callers, chatty, ndots
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SERVER = "Deployment/coredns"
TOO_FEW = (SERVER, "capacity", "scale_workload")
SLOW = '[WARNING] plugin/health: Local health request to "http://:8080/health" took more than 1s: 1.9s'
THROTTLED = alert("CPUThrottlingHigh", pod=pod("coredns"))
MISSED = [*logs("shop", UNRESOLVED[0], since=580), *logs("web", LATE, since=570)]
"""What those who call tell since a while: names that are there are not found."""


def held(before: float = 0.0, now: float = 0.9, signal: str = "throttled_share") -> list[Any]:
    """Return how both pods of the name server are held back."""
    return [figure(signal, before, now, pod=pod("coredns", n), container="coredns") for n in range(2)]


def loaded(
    figures: list[Any], *, said: str = "", alerts: Any = (), missed: list[Log] | None = None, **server: Any
) -> Snapshot:
    """Return callers that miss names, and a name server that is ready, with what is measured of it."""
    servers = workload("coredns", COREDNS, port=53, **server)
    told = [*(MISSED if missed is None else missed), *([log(pod("coredns"), *[said] * 9, since=500)] if said else [])]
    return snapshot(*callers(), servers, figures=figures, logs=told, alerts=alerts)


NAMED = "[ERROR] plugin/errors: 2 db.corp.example. A: read udp 10.1.2.5:47106->10.80.0.53:53: i/o timeout"
REFUSED = "[ERROR] plugin/errors: 2 db.corp.example. A: dial tcp 10.80.0.53:53: connect: connection refused"
OF_DNSMASQ = "nameserver 10.80.0.53#53 is not responding: timed out"
ELSEWHERE = NAMED.replace("10.80.0.53", "10.8.0.2")
COREFILE = ".:53 {{ forward . /etc/resolv.conf }}\ncorp.example:53 {{ forward . {0} }}"
VOLUME = [{"name": "config", "configMap": {"name": "coredns"}}]
AT_FAULT = ("ConfigMap/coredns", "configuration_error", "page_human")


def edited(
    *lines: str,
    written: float | None = 700,
    host: str = "10.80.0.53",
    before: tuple[str, ...] = (),
    missed: list[Log] | None = None,
    reads: list[Obj] | None = None,
    image: str = COREDNS,
    **server: Any,
) -> Snapshot:
    """Return callers that miss names, and what the name server they ask reads, which was written a while ago.

    ``lines``: what that tells since; ``before``: what it told an hour ago.
    """
    told = [(3500.0 - n, line) for n, line in enumerate(before)]
    told += [(500.0 - n, line) for n, line in enumerate(lines)]
    return snapshot(
        *callers(),
        workload("coredns", image, port=53, spec={"volumes": VOLUME if reads is None else reads}, **server),
        thing("ConfigMap", "coredns", written=written, data={"Corefile": COREFILE.format(host)}),
        logs=[*(MISSED if missed is None else missed), timed(pod("coredns"), *told, of="coredns")],
    )


NOT_OF_CALLERS = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)


NO_SERVICES = (
    '[ERROR] plugin/kubernetes: Unhandled Error: Failed to watch: failed to list *v1.Service: Get "https://10.96.0.1:443'
    '/api/v1/services": dial tcp 10.96.0.1:443: i/o timeout'
)


def one_release(
    missed: str, *beside: Any, unanswered: str = "telemetry.vendor.example", said: str = "", **settings: Any
) -> Snapshot:
    """Return a shop that misses a name since its release, and a server whose upstream is late to answer for one."""
    late = f"[ERROR] plugin/errors: 2 {unanswered}. A: read udp 10.1.2.5:47106->10.80.0.53:53: i/o timeout"
    return snapshot(
        shop(before={"image": "registry.example/shop:0"}, released=600, **settings),
        workload("coredns", COREDNS, port=53),
        *beside,
        logs=[
            *logs("shop", f"getaddrinfo ENOTFOUND {missed}", 0, 1, since=580),
            *logs("coredns", said or late, since=3000),
        ],
    )


NEW = (workload("prices", age=900),)
ITS_PRICES: dict[str, Any] = {"env": {"PRICES_URL": "http://prices:8080"}}
HOLDS = [
    *(
        Holds(f"one release alone misses a name, and a server {what}", world, ILL, excludes=NOT_OF_CALLERS)
        for what, world in (
            ("knows no Services anew, as it says", one_release("prices", *NEW, said=NO_SERVICES, **ITS_PRICES)),
            ("cannot answer for another one, but the name is that of a Service", one_release("prices", *NEW)),
        )
    ),
    Holds(
        "one release alone misses a name, and a server cannot answer for that one",
        one_release("api.partner.example", unanswered="api.partner.example"),
        ILL,
    ),
    *(
        Holds(f"name servers have no processor time left{what}", world, TOO_FEW, excludes=NOT_OF_CALLERS, alone=True)
        for what, world in (
            (", as they are throttled", loaded(held())),
            (", and users ask more", loaded([*held(), rate("shop", 50, 160)])),
            (", and they tell what they ask in vain", loaded(held(), said=ELSEWHERE)),
            (", as an alert tells of one that is late even to itself", loaded([], said=SLOW, alerts=[THROTTLED])),
            (", of a busy processor", loaded(held(0.3, 0.97, "cpu_share"), said=SLOW)),
        )
    ),
    Holds(
        "name servers have no processor time left since a release that asks each name in every domain first",
        snapshot(
            chatty("offers", before={"dnsConfig": ndots(1)}),
            *callers(),
            workload("coredns", COREDNS, port=53),
            figures=held(0.3, 0.97, "cpu_share"),
            logs=[*logs("offers", UNRESOLVED[0], since=590), *MISSED],
        ),
        OVERLOADED,
        harmful=("scale_workload",),
    ),
    *(
        Holds(
            f"what a name server reads was edited right before names failed{what}",
            world,
            AT_FAULT,
            excludes=(
                *NOT_OF_CALLERS,
                *no("restart_workload", "rollback_workload", "scale_workload", at=SERVER),
            ),
            alone=True,
        )
        for what, world in (
            (", and it asks in vain whom it names", edited(*[NAMED] * 9)),
            (", and who is named there refuses it", edited(*[REFUSED] * 9)),
            (", of another program", edited(*[OF_DNSMASQ] * 9, image="registry.k8s.io/k8s-dns-kube-dns:1.23")),
            (", and it asked others in vain before", edited(*[NAMED] * 9, before=(ELSEWHERE,) * 9)),
            (", hours before, and it asks in vain whom it names", edited(*[NAMED] * 9, written=9000)),
            (", and it tells of nothing", edited()),
            (", and one that keeps no session tells of it", edited(*[NAMED] * 9, missed=MISSED[:1])),
        )
    ),
    *(
        Holds(f"a name server is throttled, {what}", world, ILL, harmful=("scale_workload",))
        for what, world in (
            ("as it ever was", loaded(held(0.9, 0.9), said=ELSEWHERE)),
            ("one of two pods", loaded(held()[:1] + held(0, 0)[1:], said=ELSEWHERE)),
            ("as an alert tells, and it answers itself in time", loaded([], alerts=[THROTTLED], said=ELSEWHERE)),
            ("as an alert tells of another", loaded([], alerts=[alert("CPUThrottlingHigh", pod=pod("shop"))])),
        )
    ),
    Holds(
        "a name server is throttled since a release cut its limit",
        loaded(held(), said=ELSEWHERE, before=MORE, released=650, **ROOM),
        ILL,
        believed="cpu_limit_cut",
        harmful=("scale_workload",),
    ),
    *(
        Holds(f"what a name server reads was edited, {what}", world, ILL)
        for what, world in (
            ("after names failed", edited(*[NAMED] * 9, written=200)),
            ("hours before, and it asks in vain another one", edited(*[ELSEWHERE] * 9, written=9000)),
            (
                "hours before, and it asked in vain whom it names even then",
                edited(*[NAMED] * 9, written=2000, before=(NAMED,) * 9),
            ),
            ("a day before", edited(*[NAMED] * 9, written=90000)),
            ("when it was made", edited(*[NAMED] * 9, written=None)),
            ("and it is another one's", edited(*[NAMED] * 9, reads=[])),
            ("and one of its pods is ill", edited(*[NAMED] * 9, ready=1)),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "one release alone misses a name, and what a server cannot answer is another one",
        one_release("api.partner.exampel"),
    ),
    DoesNotHold(
        "one release alone misses a name that begins as a Service's, and a server cannot answer for another one",
        one_release("prices.partner.exampel", *NEW),
    ),
    DoesNotHold("what a name server reads was edited, and all names are found", edited(missed=[])),
    DoesNotHold(
        "what a name server reads was edited, and one alone misses a name",
        edited(missed=logs("shop", UNRESOLVED[0], since=580)),
    ),
    DoesNotHold("a name server is throttled, and all names are found", loaded(held(), missed=[])),
]
