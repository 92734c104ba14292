"""Names of one zone outside are refused for its signatures; what else makes names fail is no matter of a zone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import Answer, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, ingress, logs
from tests.diagnosis.rules.tiny import DAY, Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

HOST, MAPS = "api.partner.example", "tiles.maps.example"
RESOLVER = "Deployment/resolver"
UNBOUND = "unbound[1:0] info: validation failure <{}. A IN>: signature expired from 192.0.2.53 for key {}."
BIND = "named[1]: validating {}/A: no valid signature found"
CHAIN = "named[1]: broken trust chain resolving '{}/A/IN': 192.0.2.53#53"
SYSTEMD = "systemd-resolved[539]: DNSSEC validation failed for question {} IN A: signature-expired"
DNSMASQ = "dnsmasq[1]: validation {} is BOGUS"
STATS = "unbound[1:0] info: server stats for thread 0: 20216 queries, 18262 answers from cache, 2565 recursions"
MISSED = "ERROR getaddrinfo: Temporary failure in name resolution for https://{}/v1"
SERVFAIL = '[INFO] 10.1.0.7:40133 - 5121 "A IN {}. udp 54 false 512" SERVFAIL qr,rd,ra 54 0.046s'
SINCE = 1500.0
HOLD: Answer = (SHOP, "dependency_failure", "page_human")
ACTS = ("restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool", "switch_traffic")

Told = Sequence[tuple[float, str]]


def refusals(host: str = HOST, form: str = UNBOUND, since: float = SINCE) -> list[tuple[float, str]]:
    """Return what a server of names refuses since then."""
    return [(float(age), form.format(host, host)) for age in range(int(since), 30, -180)]


def resolver(**more: Any) -> list[Obj]:
    return workload("resolver", "docker.io/klutchell/unbound:1.21", port=53, **more)


def world(
    *told: Told,
    misses: Sequence[tuple[str, str]] = (("shop", HOST),),
    dns: list[Obj] | None = None,
    shop: dict[str, Any] | None = None,
    beside: Sequence[Obj] = (),
    passed_on: str = HOST,
) -> Snapshot:
    """Return a shop that misses a name, what each pod of our server of names tells, and one that passes it on."""
    said = [log for caller, host in misses for log in logs(caller, MISSED.format(host), since=SINCE - 30)]
    servers = [timed(pod("resolver", number), *lines) for number, lines in enumerate(told or (refusals(), refusals()))]
    coredns = workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", port=53)
    asks = workload("shop", **(shop or {"env": {"PAY_URL": f"https://{HOST}"}}))
    passing = logs("coredns", SERVFAIL.format(passed_on), times=9, since=SINCE)
    every = [*asks, *workload("web"), *coredns, *(resolver() if dns is None else dns), *beside]
    return snapshot(every, logs=[*said, *servers, *passing])


OLD = refusals("ads.old.example", since=SINCE + 3000)
OTHERS = refusals(MAPS)
EDITED = thing("ConfigMap", "resolver", age=90 * DAY, written=SINCE + 60, data={"unbound.conf": "val-permissive: no"})
READS = {"volumes": [{"name": "c", "configMap": {"name": "resolver"}}]}
ISSUED = {
    "env": {"PAY_URL": f"https://{HOST}"},
    "before": {"image": "registry.example/shop:0"},
    "released": SINCE + 900,
}
NEW_HOST = {
    "env": {"PAY_URL": f"https://{HOST}"},
    "before": {"env": {"PAY_URL": "https://api.former.example"}},
    "released": SINCE + 60,
}
HOLDS = [
    *(
        Holds(
            what,
            seen,
            HOLD,
            excludes=(
                *no("restart_workload", "rollback_workload", at=SHOP),
                *no("restart_workload", "scale_workload", at=RESOLVER),
                *no("restart_workload", at="Deployment/coredns"),
            ),
            alone=True,
            harmful=ACTS,
        )
        for what, seen in (
            ("its signatures ran out", world()),
            ("another zone has been signed badly for long", world(OLD + refusals(), OLD + refusals())),
            ("another server, and a name of the zone's own", world(refusals("partner.example", CHAIN))),
            ("a third one", world(refusals(form=BIND))),
            ("one of a node", world(refusals(form=SYSTEMD))),
            ("a small one", world(refusals(form=DNSMASQ))),
            ("two of the zone", world(refusals() + refusals("auth.partner.example"))),
            ("who asks was released a while before", world(shop=ISSUED)),
            ("another pod of the server is not heard", world(refusals())),
            ("another pod of the server was asked for nothing since", world(refusals(), [(SINCE + 60, STATS)])),
        )
    ),
    Holds(
        "two of ours ask for it",
        world(misses=(("shop", HOST), ("web", HOST))),
        HOLD,
        alone=True,
        harmful=ACTS,
    ),
    Holds(
        "the zone is the one under which users come to us",
        world(beside=[ingress("shop", "www.partner.example")]),
        (SHOP, "configuration_error", "page_human"),
        alone=True,
        harmful=ACTS,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, seen, ("page_human",))
    for what, seen in (
        ("two zones are refused since then: the server's clock, perhaps", world(refusals() + OTHERS)),
        ("another pod of the server answers since", world(refusals(), [(SINCE - 700, STATS), (60, STATS)])),
        ("another host is missed as well", world(misses=(("shop", HOST), ("web", MAPS)))),
        ("a name of ours is missed as well", world(misses=(("shop", HOST), ("web", "cart.shop.svc.cluster.local")))),
        ("the zone that is refused is another one", world(refusals("ads.old.example"))),
        ("it was refused but twice", world(refusals()[-2:])),
        ("what is refused only ends alike", world(refusals("notpartner.example"), passed_on=HOST)),
        ("names fail, and no signature is checked", world([(60, STATS)])),
        ("the server was released right before", world(dns=resolver(before={"args": ["-d"]}, released=SINCE + 60))),
        ("what the server reads was edited right before", world(dns=resolver(spec=READS), beside=[EDITED])),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold("the caller's release brought the host", world(shop=NEW_HOST), ("rollback_workload",)),
    DoesNotHold("nobody misses its names", world(misses=(), passed_on="ads.old.example")),
]
