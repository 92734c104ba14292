"""A node with a search domain of its own: its pods alone are led astray, and any pod that comes to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import Answer, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import node
from tests.diagnosis.rules.scenes import SHOP, logs
from tests.diagnosis.rules.tiny import Obj, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

PAY, MAPS, OLD = "api.pay.example", "tiles.maps.example", "api.old.example"
OFFICE = "office.town.example"
LINE = '[INFO] {}:40133 - 5121 "A IN {}. udp 54 false 512" {} qr,rd,ra 147 0.002s'
REPLY = "unbound[1:0] info: {} {}. A IN {} 0.001000 0 64"
GO = (
    'level=ERROR err="Post \\"https://{0}/v1\\": tls: failed to verify certificate: x509: certificate is valid for *.x"'
)
REFUSED = 'level=ERROR err="Post \\"https://{0}/v1\\": dial tcp 192.0.2.80:443: connect: connection refused"'
FINE = 'level=INFO msg="posted to https://{0}/v1 in 80 ms"'
LED: Answer = ("Node/n2", "configuration_error", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool")


def address(name: str, number: int) -> str:
    """Return the address of a pod; the first is on n1, the second on n2."""
    return f"10.1.{sum(map(ord, name)) % 250}.{number + 1}"


def asks(name: str, number: int, *names: tuple[str, str], form: str = LINE) -> list[str]:
    """Return what a server of names tells of a pod: each name, and its answer, three times."""
    cluster = [form.format(address(name, number), f"{asked}.shop.svc.cluster.local", "NXDOMAIN") for asked, _ in names]
    return [*cluster, *(form.format(address(name, number), *each) for each in names)] * 3


def astray(host: str, domain: str = OFFICE) -> tuple[str, str]:
    return f"{host}.{domain}", "NOERROR"


def found(host: str) -> tuple[str, str]:
    return host, "NOERROR"


def usual(form: str = LINE) -> list[str]:
    """Return what is asked as ever on n1, and astray on n2."""
    return [
        *asks("shop", 0, found(PAY), form=form),
        *asks("web", 0, found(MAPS), form=form),
        *asks("shop", 1, astray(PAY), form=form),
        *asks("web", 1, astray(MAPS), form=form),
    ]


def said(name: str, line: str, host: str, *, here: bool = True, there: bool = False) -> list[Log]:
    """Return the logs of both pods of a workload: a trouble on n2 (``here``) or n1 (``there``), or that all is well."""
    return [
        log
        for number, ill in ((0, there), (1, here))
        for log in logs(name, (line if ill else FINE).format(host), number, times=9, since=500)
    ]


def world(
    told: Sequence[str] = (),
    *,
    shop: list[Log] | None = None,
    web: list[Log] | None = None,
    of_shop: dict[str, Any] | None = None,
    beside: Iterable[Obj] = (),
) -> Snapshot:
    """Return a shop and a web with a pod on each of two nodes, and a server of names."""
    ill_shop = said("shop", GO, PAY) if shop is None else shop
    ill_web = said("web", GO, MAPS) if web is None else web
    objects = [*workload("shop", **(of_shop or {})), *workload("web")]
    dns = workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", port=53, pods=1)
    told_by = Log(pod("coredns"), "coredns", tuple(told or usual()))
    return snapshot(objects, dns, [node("n1"), node("n2"), *beside], logs=[*ill_shop, *ill_web, told_by])


def searching() -> dict[str, Any]:
    return {"spec": {"dnsConfig": {"searches": [OFFICE]}}}


def half_rolled_out() -> Snapshot:
    """Return a shop and a web of which the pods on n2 alone are of a new release."""
    made = [*workload("shop", before={"args": ["-a"]}, released=700), *workload("web", before={"args": ["-a"]})]
    for each in made:
        if each["kind"] == "Pod" and each["metadata"]["name"].endswith(("-0", "pod0")):
            each["metadata"]["ownerReferences"][0]["name"] = f"{each['metadata']['labels']['app']}-r1"
    dns = workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", port=53, pods=1)
    told_by = Log(pod("coredns"), "coredns", tuple(usual()))
    return snapshot(made, dns, [node("n1"), node("n2")], logs=[*said("shop", GO, PAY), *said("web", GO, MAPS), told_by])


BARRED = {
    *no("rollback_workload", "restart_workload", at=SHOP),
    *no("restart_workload", at="Deployment/web"),
    *no("restart_workload", at="Deployment/coredns"),
}
HOLDS = [
    *(
        Holds(what, seen, LED, excludes=BARRED, alone=True, harmful=ACTS)
        for what, seen in (
            ("two programs refuse a certificate there", world()),
            ("another server of names", world(usual(REPLY))),
            ("one meets a closed port", world(shop=said("shop", REFUSED, PAY))),
            (
                "one was released a while before on all nodes",
                world(of_shop={"before": {"image": "registry.example/shop:0"}, "released": 1500}),
            ),
        )
    ),
    Holds("one alone fails, and two hosts are led", world(web=[]), LED, harmful=ACTS),
]
ASKED = "10.1.0.250"
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, seen, ("page_human",))
        for what, seen in (
            (
                "they fail elsewhere as well",
                world(shop=said("shop", GO, PAY, there=True), web=said("web", GO, MAPS, there=True)),
            ),
            ("one host alone is found there", world([*asks("shop", 0, found(PAY)), *asks("shop", 1, astray(PAY))])),
            ("pods elsewhere try the domain as well", world([*usual(), *asks("web", 0, astray(PAY))])),
            (
                "pods elsewhere try it in vain",
                world([*usual(), *asks("web", 0, (f"{PAY}.{OFFICE}", "NXDOMAIN"), found(PAY))]),
            ),
            (
                "some host is not found there",
                world([*usual(), *asks("web", 0, found(OLD)), *asks("web", 1, (f"{OLD}.{OFFICE}", "NXDOMAIN"))]),
            ),
            (
                "pods there go on to the host",
                world([*usual(), *asks("shop", 1, found(PAY)), *asks("web", 1, found(MAPS))]),
            ),
            (
                "nobody elsewhere asks for the hosts",
                world([*asks("shop", 1, astray(PAY)), *asks("web", 1, astray(MAPS))]),
            ),
            ("who asks is no pod that is known", world([*usual(), LINE.format(ASKED, f"{PAY}.{OFFICE}", "NOERROR")])),
            ("the certificate has run out, and names are found as ever", world(asks("shop", 0, found(PAY)))),
            (
                "the domain is the cluster's",
                world([line.replace(OFFICE, "svc.cluster.local") for line in usual()]),
            ),
        )
    ),
    DoesNotHold("nobody fails there", world(shop=[], web=[])),
    DoesNotHold("pods there are of a new release", half_rolled_out(), ("rollback_workload",)),
    DoesNotHold("it has itself that domain tried", world(of_shop=searching(), web=[]), ("page_human",)),
    DoesNotHold(
        "names of that end are meant, by a setting",
        world(
            beside=[
                *workload("far", env={"A": f"https://{PAY}.{OFFICE}", "B": f"https://{MAPS}.{OFFICE}"}),
            ]
        ),
        ("page_human",),
    ),
]
