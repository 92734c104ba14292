"""Who asks the name server for many long codes under one domain carries data out in them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import Obj, log, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.rule import RESTARTS

JOBS = "Deployment/jobs"
DNS = '[INFO] {ip}:41000 - 5 "{kind} IN {name}. udp 224 false 1232" NOERROR qr,rd,ra 271 0.0125s'


def code(number: int, signs: int = 60) -> str:
    """Return a code of so many letters and digits."""
    return base64.b32encode(hashlib.sha512(str(number).encode()).digest()).decode().lower()[:signs].rstrip("=")


def names(count: int = 40, *, parts: int = 2, signs: int = 60, domain: str = "stats.test") -> list[str]:
    """Return different names that carry so much, as many parts of them as are told."""
    return [".".join([f"{n:x}", *(code(n * 7 + p, signs) for p in range(parts)), domain]) for n in range(count)]


def asking(
    asked: Iterable[str],
    *more: Iterable[Obj],
    of: Iterable[int] = (0,),
    by: str = "jobs",
    kind: str = "TXT",
    also: Iterable[str] = (),
    ages: tuple[float, float] | None = None,
    **told: Any,
) -> Snapshot:
    """Return jobs on three pods, and the name server that was asked by some of them; ``also``: lines of others.

    ``ages``: how long ago it logged its first line, and was asked for the first of these; None: it tells no times.
    """
    jobs: list[Obj] = workload("jobs", pods=3, service=False, **told) if by == "jobs" else workload(by, pods=3, **told)
    addresses = [str(pods_of(jobs)[n]["status"]["podIP"]) for n in of]
    lines = [DNS.format(ip=ip, kind=kind, name=name) for ip in addresses for name in asked]
    dns: list[Obj] = workload("coredns", "registry.k8s.io/coredns/coredns:v1.12.0", pods=1, port=53)
    server = pods_of(dns)[0]["metadata"]["name"]
    said = [log(server, *lines, *also)]
    if ages is not None:
        first = (ages[0], DNS.format(ip="10.9.9.9", kind="A", name="shop.test"))
        said = [timed(server, first, *((ages[1] - n, line) for n, line in enumerate(lines)))]
    return snapshot(jobs, dns, *more, logs=said, alerts=[alert("DnsLarge")])


def of_others(ip: str) -> Iterator[str]:
    return (DNS.format(ip=ip, kind="TXT", name=name) for name in names())


READABLE = [f"{n}.reports-of-all-customers-in-the-northern-region.{'very-' * 9}long.stats.test" for n in range(40)]
HOLDS = [
    *(
        Holds(
            f"one of three pods asks for many codes under one domain, {what}",
            asking(asked, kind=kind),
            (JOBS, "security_incident", "isolate_workload"),
            excludes=no(*RESTARTS, at=JOBS),
            harmful=RESTARTS,
        )
        for what, asked, kind in (
            ("in texts", names(), "TXT"),
            ("in addresses", names(), "A"),
            ("in one long part and a short one", names(parts=2, signs=32), "TXT"),
        )
    ),
    Holds(
        "all of its pods do, and asked for none for a quarter of an hour",
        asking(names(), of=(0, 1, 2), ages=(1800, 900)),
        (JOBS, "security_incident", "isolate_workload"),
        harmful=RESTARTS,
    ),
    *(
        Holds(
            f"all of its pods do: its program may be meant so, and a person has to judge: {what}",
            world,
            (JOBS, "security_incident", "page_human"),
            harmful=("isolate_workload", *RESTARTS),
        )
        for what, world in (
            ("nobody knows since when", asking(names(), of=(0, 1, 2))),
            ("nobody knows what it asked for before", asking(names(), of=(0, 1, 2), ages=(1000, 900))),
            ("it started since", asking(names(), of=(0, 1, 2), ages=(1800, 900), age=1200)),
            (
                "it was released since",
                asking(names(), of=(0, 1, 2), ages=(1800, 900), before={"image": "j:0"}, released=1200),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a pod asks for names under one domain: {what}", world, harmful=("isolate_workload",))
    for what, world in (
        ("few", asking(names(12))),
        ("always the same few", asking(names(5) * 20)),
        ("sums of one short part", asking(names(parts=1, signs=40))),
        ("words", asking(READABLE)),
        ("its own settings name it", asking(names(), env={"REPORTS": "https://in.stats.test/v1"})),
        ("others do too", asking(names(), also=of_others("10.9.9.9"))),
        ("it looks for viruses", asking(names(), by="clamav")),
        ("it filters mail", asking(names(), by="relay", image="docker.io/rspamd/rspamd:3.9")),
        ("it builds whatever it is told", asking(names(), by="gitlab-runner")),
        ("of each domain a few", asking([n.replace("stats", f"s{i % 9}") for i, n in enumerate(names())])),
    )
]
