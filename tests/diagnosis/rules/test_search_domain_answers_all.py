"""Hosts outside that are found in a search domain; what fails at a host otherwise is no matter of names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, logs, shop
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

COREDNS = "registry.k8s.io/coredns/coredns:v1.12"
CORE = '[INFO] 10.1.0.7:40133 - 5121 "A IN {}. udp 54 false 512" {} qr,rd,ra 147 0.002s'
UNBOUND = "unbound[1:0] info: 10.1.0.7 {}. A IN {} 0.001000 0 64"
PAY, MAPS = "pay.partner.example", "tiles.maps.example"
OFFICE = "office.town.example"
GO = (
    'level=ERROR msg="charge failed" err="Post \\"https://{0}/v1/charges\\": tls: failed to verify certificate: x509: '
    'certificate is valid for *.{1}, not {0}"'
)
NODE = (
    '{{"level":50,"msg":"no tiles","err":{{"code":"ERR_TLS_CERT_ALTNAME_INVALID","message":"Hostname/IP does not match '
    "certificate's altnames: Host: {0}. is not in the cert's altnames: DNS:*.{1}\"}}}}"
)
PYTHON = (
    '[error    ] no tiles   host={0} exc=ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: '
    "Hostname mismatch, certificate is not valid for '{0}'. (_ssl.c:1006)\")"
)
JAVA = "2 ERROR 1 --- [nio-8080-exec-1] PayClient : 404 Not Found on POST request for https://{0}/v1/charges"
PHP = "app.ERROR: cURL error 7: Failed to connect to {0} port 443: Connection refused"
EXPIRED = 'level=ERROR err="Get \\"https://{0}/\\": tls: failed to verify certificate: x509: certificate has expired"'
OTHER = 'level=ERROR err="Get \\"https://{0}/\\": x509: certificate is valid for www.partner.example, not {0}"'
BROKEN = 'level=ERROR err="Get \\"https://{0}/\\": x509: certificate signed by unknown authority"'
BEGAN = 600.0

Told = list[tuple[float, str]]


def names(
    *hosts: str,
    since: float = BEGAN,
    domain: str = OFFICE,
    before: bool = True,
    bare: bool = False,
    code: str = "NOERROR",
    form: str = CORE,
) -> Told:
    """Return what a name server tells of hosts that a domain answers for since a while, and did not before.

    ``bare``: whether who asks goes on to the host as it is all the same.
    """
    told: Told = []
    for host in hosts:
        for age in (since + 1500, since + 900, since + 300) if before else ():
            told += [(age, form.format(f"{host}.{domain}", "NXDOMAIN")), (age - 1, form.format(host, "NOERROR"))]
        for age in (since, since / 2, 60):
            told += [(age, form.format(f"{host}.{domain}", code))]
            told += [(age - 1, form.format(host, "NOERROR"))] if bare or code != "NOERROR" else []
    return sorted(told, reverse=True)


def world(
    told: Told,
    *complaints: tuple[str, str],
    domain: str = OFFICE,
    more: Sequence[Log] = (),
    beside: Iterable[Obj] = (),
    dns: dict[str, Any] | None = None,
    of_shop: dict[str, Any] | None = None,
    since: float = BEGAN - 20,
) -> Snapshot:
    """Return a shop and a web that each complain of a host, and name servers that tell what they answer."""
    servers = workload("coredns", COREDNS, port=53, **(dns or {}))
    said = [
        log
        for name, (line, host) in zip(("shop", "web"), complaints, strict=False)
        for log in logs(name, line.format(host, domain), since=since)
    ]
    callers = [*shop(**(of_shop or {})), *workload("web")]
    return snapshot(servers, callers, [*beside], logs=[timed(pod("coredns"), *told), *said, *more])


def searching(name: str) -> list[Obj]:
    """Return a workload whose release has its pods try another domain first."""
    made = workload(name, before={}, released=BEGAN, spec={"dnsConfig": {"searches": [OFFICE]}})
    old = next(each for each in made if each["metadata"]["name"] == f"{name}-r1")
    del old["spec"]["template"]["spec"]["dnsConfig"]
    return made


def by_release() -> Snapshot:
    """Return two callers that were released with another list of domains, and a server that tells no earlier answer."""
    said = [*logs("shop", GO.format(PAY, OFFICE), since=580), *logs("web", NODE.format(MAPS, OFFICE), since=580)]
    told = timed(pod("coredns"), *names(PAY, MAPS, before=False))
    servers = workload("coredns", COREDNS, port=53)
    return snapshot(servers, searching("shop"), searching("web"), logs=[told, *said])


LED = ("Deployment/coredns", "network_fault", "page_human")
BARRED = {
    *no("rollback_workload", at=SHOP),
    *no("restart_workload", at="Deployment/web"),
    *no("restart_workload", at="Deployment/coredns"),
}
BOTH = names(PAY, MAPS)
COREFILE = {"volumes": [{"name": "config", "configMap": {"name": "coredns"}}]}
EDITED = thing("ConfigMap", "coredns", written=BEGAN + 60, data={"Corefile": ".:53 {\n  forward . 10.8.0.2\n}\n"})
RELEASED = {"released": BEGAN + 60, "before": {"args": ["-old"]}, "args": ["-new"]}

HOLDS = [
    Holds("certificates are of the domain", world(BOTH, (GO, PAY), (NODE, MAPS)), LED, excludes=BARRED, alone=True),
    Holds(
        "one was released just before, and another writes no level",
        world(
            BOTH,
            (GO, PAY),
            (PYTHON, MAPS),
            of_shop={"released": BEGAN + 400, "before": {"image": "registry.example/shop:0"}},
        ),
        LED,
        excludes=BARRED,
        harmful=("rollback_workload",),
    ),
    Holds(
        "a resolver of another make, a page that is not there, and a refused connection",
        world(names(PAY, MAPS, form=UNBOUND), (JAVA, PAY), (PHP, MAPS)),
        LED,
        excludes=BARRED,
    ),
    Holds(
        "one host alone is complained of, which another domain holds since",
        world(names(PAY, MAPS, domain="ad.corp.local"), (JAVA, PAY), domain="ad.corp.local"),
        LED,
    ),
    Holds(
        "the server's log does not reach back, and certificates name the domain",
        world(names(PAY, MAPS, before=False), (GO, PAY), (NODE, MAPS)),
        LED,
        sure=(0.5, 0.8),
    ),
    Holds(
        "what the servers read was edited right before",
        world(BOTH, (GO, PAY), (NODE, MAPS), beside=[EDITED], dns={"spec": COREFILE}),
        ("ConfigMap/coredns", "configuration_error", "page_human"),
        excludes=BARRED,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "certificates have expired, and no domain knows the hosts",
        world(names(PAY, MAPS, code="NXDOMAIN"), (EXPIRED, PAY), (EXPIRED, MAPS)),
        ("page_human",),
    ),
    DoesNotHold(
        "a partner's new certificate lacks a name",
        world(names(PAY, MAPS, code="NXDOMAIN"), (OTHER, PAY), (OTHER, PAY)),
        ("page_human",),
    ),
    DoesNotHold(
        "a proxy of the office shows certificates of its own",
        world(names(PAY, MAPS, code="NXDOMAIN"), (BROKEN, PAY), (BROKEN, MAPS)),
        ("page_human",),
    ),
    DoesNotHold(
        "a page of the office's proxy is shown for all hosts, which no domain answers for",
        world(names(PAY, MAPS, code="NXDOMAIN"), (GO, PAY), (NODE, MAPS)),
        ("page_human",),
    ),
    DoesNotHold("one client has an address of its own", world(names(PAY, bare=True), (GO, PAY)), ("page_human",)),
    DoesNotHold(
        "one host has a record of its own in the domain, others are not found there",
        world([*names(PAY), *names(MAPS, code="NXDOMAIN")], (GO, PAY), (GO, PAY)),
        ("page_human",),
    ),
    DoesNotHold(
        "the domain has no address for them, and who asks goes on",
        world(names(PAY, MAPS, bare=True), (EXPIRED, PAY), (EXPIRED, MAPS)),
        ("page_human",),
    ),
    DoesNotHold("nobody fails at the hosts", world(BOTH)),
    DoesNotHold(
        "they failed as often long before",
        world(BOTH, (BROKEN, PAY), (BROKEN, MAPS), since=6000),
        ("page_human",),
    ),
    DoesNotHold(
        "the server's log does not reach back, and no certificate names the domain",
        world(names(PAY, MAPS, before=False), (EXPIRED, PAY), (EXPIRED, MAPS)),
        ("page_human",),
    ),
    DoesNotHold("their own releases have them try the domain", by_release(), ("rollback_workload",)),
    DoesNotHold(
        "it is a domain of the cluster",
        world([*names(PAY, MAPS, domain="svc.cluster.local")], (EXPIRED, PAY), (EXPIRED, MAPS)),
        ("page_human",),
    ),
    DoesNotHold(
        "names of our own that are short are found in the domain since they are kept there",
        world(names("db.prod", "ldap.prod"), (PHP, "db.prod"), (PHP, "ldap.prod")),
        ("page_human",),
    ),
    DoesNotHold(
        "the name servers were released right before",
        world(BOTH, (GO, PAY), (NODE, MAPS), dns=RELEASED),
        ("page_human",),
    ),
]
