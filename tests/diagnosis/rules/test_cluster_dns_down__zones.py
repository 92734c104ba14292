"""Names of one zone, whose settings somebody edited: resolvers of one's own, and caches that run out one by one."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, logs
from tests.diagnosis.rules.test_cluster_dns_down import COREDNS
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

FILES = {
    "corp.conf": '# was 10.8.0.2\nforward-zone:\n  name: "corp.example."\n  forward-addr: 10.80.0.53\n',
    "bank.conf": 'forward-zone:\n  name: "bank.example."\n  forward-addr: 10.8.0.2\n',
}
ONE_FILE = {"forward.conf": "\n".join(FILES.values())}
OF_DNSMASQ = {"dnsmasq.conf": "no-resolv\nserver=/corp.example/10.80.0.53\nserver=/bank.example/10.8.0.2\n"}
OF_BIND = {
    "named.conf": 'zone "corp.example" { type forward; forward only; forwarders { 10.80.0.53; }; };',
}
OF_POWERDNS = {"recursor.conf": "forward-zones=corp.example=fd00:8::53, bank.example=10.8.0.2"}
COREFILE = {"Corefile": ".:53 {\n  log\n  forward . 10.8.0.2\n}\ncorp.example:53 {\n  forward . 10.80.0.53\n}\n"}
UNBOUND = "unbound[7:0] error: SERVFAIL <{0}. A IN>: all the configured stub or forward servers failed, at zone {1}."
BIND = "resolver: info: timed out resolving '{0}/A/IN': 10.80.0.53#53"
POWERDNS = "Sending SERVFAIL to 10.1.2.9 during resolve of '{0}' because: Too much time waiting for {0}|A, timeouts: 5"
DNSMASQ = "dnsmasq[1]: reply {0} is NXDOMAIN"
ANSWERED = '[INFO] 10.1.2.9:41822 - 4711 "A IN {0}. udp 41 false 512" {1} qr,rd,ra 30 0.002s'
DB, MAIL = "db.corp.example", "mail.corp.example"
BANK = "api.bank.example"
LATER = 3000
"""Seconds since an edit: longer than what follows at once would take, and than a name is kept."""
AT_FAULT = ("ConfigMap/zones", "configuration_error", "page_human")


def missed(name: str = DB, of: str = "shop", since: float = 900) -> list[Log]:
    return logs(of, f"getaddrinfo EAI_AGAIN {name}", since=since)


def said(line: str, *names: str, since: float = 900) -> list[tuple[float, str]]:
    """Return what a resolver tells of each name, six times."""
    return [
        (since - 20 * n - number, line.format(name, ".".join(name.split(".")[1:])))
        for n, name in enumerate(names)
        for number in range(6)
    ]


def resolver(
    *told: tuple[float, str],
    data: dict[str, str],
    wrote: tuple[str, ...] = (),
    written: float = LATER,
    logs: list[Log] | None = None,
    released: bool = False,
    image: str = "registry.example/resolver:1",
    env: dict[str, str] | None = None,
    **more: Any,
) -> Snapshot:
    """Return callers that miss a name, and a resolver of their own whose settings somebody edited.

    ``wrote``: the keys that were written, as their writer tells; ``released``: the caller that misses it was, before.
    """
    zones = thing("ConfigMap", "zones", written=written, data=data)
    if wrote:
        zones["metadata"]["managedFields"][0]["fieldsV1"] = {"f:data": {f"f:{key}": {} for key in wrote}}
    mounts: list[Obj] = [{"name": "zones", "configMap": {"name": "zones"}}]
    new: dict[str, Any] = {"before": {"image": "registry.example/shop:0"}, "released": 1000} if released else {}
    lines = sorted(told, reverse=True)
    return snapshot(
        workload("shop", env=env, **new),
        workload("web"),
        workload("names", image, port=53, spec={"volumes": mounts}, **more),
        zones,
        logs=[*(missed() if logs is None else logs), timed(pod("names"), *lines)],
    )


BEFORE_IT = (86400.0, "[reload] zones: corp.example -> 10.8.0.2, bank.example -> 10.8.0.2")
SINCE_IT = (LATER - 60.0, "[reload] zones: corp.example -> 10.80.0.53, bank.example -> 10.8.0.2")
TOLD_ONCE = (
    (86400.0, "dnsmasq[1]: using nameserver 10.8.0.2#53 for domain corp.example"),
    (LATER - 60.0, "dnsmasq[1]: using nameserver 10.80.0.53#53 for domain corp.example"),
)
HOLDS = [
    *(
        Holds(
            f"a zone was forwarded elsewhere, {what}",
            world,
            AT_FAULT,
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
                *no("restart_workload", "rollback_workload", "scale_workload", at="Deployment/names"),
            ),
            alone=True,
        )
        for what, world in (
            (
                "in a file of its own, and its names are missed as they are no longer kept",
                resolver(*said(UNBOUND, DB, MAIL), data=FILES, wrote=("corp.conf",)),
            ),
            (
                "as the resolver tells by whom it asks",
                resolver(BEFORE_IT, SINCE_IT, *said(UNBOUND, DB), data=ONE_FILE),
            ),
            (
                "to one that knows no name of it",
                resolver(*TOLD_ONCE, *said(DNSMASQ, DB, MAIL), data=OF_DNSMASQ, image="registry.example/dnsmasq:2"),
            ),
            ("and BIND tells whom it asks in vain", resolver(*said(BIND, DB), data=OF_BIND)),
            ("a quarter of an hour before", resolver(*said(POWERDNS, DB), data=OF_POWERDNS, written=1500)),
            (
                "and who misses a name has it from its settings",
                resolver(
                    *said(UNBOUND, DB),
                    data=FILES,
                    wrote=("corp.conf",),
                    env={"DB_HOST": DB},
                    logs=logs("shop", "Error: Temporary failure in name resolution", since=900),
                ),
            ),
            (
                "and one who misses it too was released",
                resolver(
                    *said(UNBOUND, DB, MAIL),
                    data=FILES,
                    wrote=("corp.conf",),
                    released=True,
                    logs=[*missed(), *missed(MAIL, "web", since=700)],
                ),
            ),
            (
                "at a server of the cluster's names, which tells how it answered",
                resolver(
                    *((LATER + 900.0 + n, ANSWERED.format(DB, "NOERROR")) for n in range(6)),
                    *((890.0 - n, ANSWERED.format(DB, "SERVFAIL")) for n in range(6)),
                    data=COREFILE,
                    image=COREDNS,
                    written=1500,
                ),
            ),
            (
                "and some hosts outside were never found",
                resolver(
                    *said(UNBOUND, DB, MAIL),
                    *said(UNBOUND, "ads.vendor.example", since=9000),
                    *said(UNBOUND, "ads.vendor.example"),
                    data=FILES,
                    wrote=("corp.conf",),
                ),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"what a resolver reads was edited, {what}", world, ())
    for what, world in (
        (
            "and names of another zone fail as well",
            resolver(*said(UNBOUND, DB, BANK), data=FILES, wrote=("corp.conf",)),
        ),
        ("in the file of another zone", resolver(*said(UNBOUND, DB), data=FILES, wrote=("bank.conf",))),
        (
            "long before names failed, and nobody tells what was written",
            resolver(*said(UNBOUND, DB, MAIL), data=ONE_FILE),
        ),
        (
            "and it asked the same one before",
            resolver(
                (86400.0, BEFORE_IT[1].replace("10.8.0.2,", "10.80.0.53,")),
                SINCE_IT,
                *said(UNBOUND, DB),
                data=ONE_FILE,
            ),
        ),
        (
            "and names of the zone failed even before",
            resolver(*said(UNBOUND, MAIL, since=4000), *said(UNBOUND, DB), data=FILES, wrote=("corp.conf",)),
        ),
        (
            "after the first name was missed",
            resolver(*said(UNBOUND, DB), data=FILES, wrote=("corp.conf",), written=600),
        ),
        (
            "and who misses a name misses another",
            resolver(*said(UNBOUND, DB), data=FILES, wrote=("corp.conf",), logs=missed("api.partner.example")),
        ),
        (
            "and only who was released misses a name",
            resolver(*said(DNSMASQ, DB), *TOLD_ONCE, data=OF_DNSMASQ, released=True),
        ),
        (
            "and a note alone names the zone",
            resolver(*said(UNBOUND, DB), data={"a.conf": "# corp.example: ask 10.8.0.2\n", **FILES}, wrote=("a.conf",)),
        ),
        (
            "and what it does not find are tries of a search list",
            resolver(
                *said(DNSMASQ, f"{DB}.default.svc.corp.example", "cache.svc.corp.example"),
                data={**FILES, "dnsmasq.conf": OF_DNSMASQ["dnsmasq.conf"]},
                wrote=("dnsmasq.conf",),
            ),
        ),
        ("and it is not well itself", resolver(*said(UNBOUND, DB), data=FILES, wrote=("corp.conf",), ready=1)),
        ("by whoever made it", resolver(*said(UNBOUND, DB), data=FILES, wrote=("corp.conf",), written=30 * 86400)),
    )
]
