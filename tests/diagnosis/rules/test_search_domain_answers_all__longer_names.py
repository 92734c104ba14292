"""Public names that begin like another one, as `pay.example.com.cn`: who asks for these was led there by no domain."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import logs, shop
from tests.diagnosis.rules.test_search_domain_answers_all import (
    CORE,
    GO,
    LED,
    MAPS,
    NODE,
    OFFICE,
    PAY,
    PYTHON,
    Told,
    names,
)
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

HERE, ROADS = "pay.partner.com", "tiles.maps.com"
CHINA, EDGE, BRITAIN = "cn", "edgekey.net", "co.uk"
FINE = 'level=INFO msg="asked https://{0}/v1 in 80 ms"'
OF_DOMAIN = "[warn     ] no rates   host={0} error=certificate is valid for *.edgekey.net, not {0}"


def asked(domain: str, *hosts: str) -> Told:
    """Return what a name server tells where a web asks for hosts, and a shop for longer names since a while."""
    told: Told = []
    for host in hosts:
        told += [(age, CORE.replace("10.1.0.7", "10.1.0.9").format(host, "NOERROR")) for age in (3000, 1000, 100)]
        told += [(age, CORE.format(f"{host}.{domain}", "NOERROR")) for age in (580, 300, 60)]
    return sorted(told, reverse=True)


def moved(
    domain: str, line: str, *, seen: bool = True, released: bool = True, said: str = "shop", hosts: bool = True
) -> Snapshot:
    """Return a shop that asks for longer names, and a web for the shorter ones, of which one complains.

    ``hosts``: whether lines name the longer names.
    """
    new = {"PAY_URL": f"https://{HERE}.{domain}", "TILES_URL": f"https://{ROADS}.{domain}"}
    old = {"PAY_URL": f"https://{HERE}", "TILES_URL": f"https://{ROADS}"}
    more = {"released": 590, "before": {"env": old}} if released else {}
    end = f".{domain}" if hosts else ""
    told = [
        log for each in (HERE, ROADS) for log in logs(said, line.format(f"{each}{end}", f"cloud.{domain}"), since=570)
    ]
    fine = [log for each in (HERE, ROADS) for log in logs("shop", FINE.format(f"{each}.{domain}"), since=570)]
    callers = [*shop(env=new if seen else {}, **(more if seen else {})), *workload("web", env=old)]
    servers: list[Obj] = workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", port=53)
    return snapshot(servers, callers, logs=[timed(pod("coredns"), *asked(domain, HERE, ROADS)), *told, *fine])


def led_beside() -> Snapshot:
    """Return two callers that are led astray, while one has a longer name in its settings that is found as well."""
    third = "rates.bank.example"
    told = [*names(PAY, MAPS), *((age, CORE.format(f"{third}.{OFFICE}", "NOERROR")) for age in (3000, 600, 60))]
    said = [*logs("shop", GO.format(PAY, OFFICE), since=580), *logs("web", NODE.format(MAPS, OFFICE), since=580)]
    callers = [*shop(env={"RATES_URL": f"https://{third}.{OFFICE}"}), *workload("web", env={"BANK": third})]
    servers: list[Obj] = workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", port=53)
    return snapshot(servers, callers, logs=[timed(pod("coredns"), *sorted(told, reverse=True)), *said])


HOLDS = [Holds("another longer name is asked for as it is beside", led_beside(), LED)]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a release asks for longer names: {what}", moved(domain, line), ("rollback_workload",))
        for what, domain, line in (
            ("of another country", CHINA, GO),
            ("of another country, that ends in two parts", BRITAIN, GO),
            ("of who delivers for them", EDGE, GO),
            ("of who delivers, whose lines hold no URL", EDGE, PYTHON),
        )
    ),
    DoesNotHold(
        "longer names of another country are asked for as ever", moved(CHINA, GO, released=False), ("page_human",)
    ),
    DoesNotHold(
        "longer names are asked for by settings that nobody sees, and lines tell of them",
        moved(EDGE, PYTHON, seen=False),
        ("page_human",),
    ),
    DoesNotHold(
        "another one fails at the shorter names, as those show a certificate of who delivers",
        moved(EDGE, OF_DOMAIN, said="web", hosts=False),
        ("page_human",),
    ),
    DoesNotHold(
        "another one fails at the shorter names, and only lines tell who asks for longer ones",
        moved(EDGE, OF_DOMAIN, seen=False, said="web", hosts=False),
        ("page_human",),
    ),
]
