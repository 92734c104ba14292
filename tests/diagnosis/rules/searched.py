"""A DNS server that is asked in every search domain first, what it logs of it, and an alert about names not found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tests.diagnosis.rules.tiny import NOW, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

HOSTS = tuple(f"www.paper-{each}.example" for each in "abcdef")
DEAD = "www.dead.example"
DOMAINS = ("town.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example")
CORE = '[INFO] 10.1.0.7:3667 - 31896 "A IN {}. udp 77 false 512" {} qr,rd,ra 170 0.0006s'
NO_SUCH = 'WARN feed dropped: "lookup www.dead.example on 10.0.0.10:53: no such host"'


def answers(
    hosts: Sequence[str], code: str = "NOERROR", domains: Sequence[str] = DOMAINS, form: str = CORE
) -> list[str]:
    """Return what a server logs of hosts: each is tried in search domains, then asked for as it is."""
    tried = [form.format(f"{host}.{domain}", "NXDOMAIN") for host in hosts for domain in domains]
    return [*tried, *(form.format(host, code) for host in hosts)]


def asked(
    *lines: str,
    hears: str = NO_SUCH,
    heard: float = 3000,
    failed: float | None = 0.0,
    severity: str = "warning",
    name: str = "NXDomainRatioHigh",
) -> Snapshot:
    """Return a DNS server with its log, and a crawler that complains of a host since so long."""
    told = [log(pod("dns"), *(lines or [*answers(HOSTS), *answers([DEAD], "NXDOMAIN")]))]
    told += [log(pod("crawler"), *[hears] * 9, since=heard)] if hears else []
    fires = Alert(name, {"service": "dns", "severity": severity}, {}, "firing", NOW - timedelta(seconds=900))
    figures = [] if failed is None else [figure("dns_error_ratio", failed, failed)]
    server = workload("dns", "coredns/coredns:1.11.3", port=53)
    for each in server:
        if each["kind"] == "Service":
            each["spec"]["clusterIP"] = "10.0.0.10"
    return snapshot(server, workload("crawler", service=False), logs=told, figures=figures, alerts=[fires])
