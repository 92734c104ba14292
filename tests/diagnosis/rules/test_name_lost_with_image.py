"""An image of another C library does not find a name that others find: musl gives up where glibc does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, errors, logs, policy, shop
from tests.diagnosis.rules.tiny import Obj, container, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

HOST = "api.swiftpost.example"
LOST = f"ERROR getaddrinfo EAI_AGAIN {HOST}"
DEBIAN, ALPINE = "registry.example/shop:6.3-bookworm-slim", "registry.example/shop:6.4-alpine"
FOUND = (SHOP, "code_defect", "rollback_workload")
ASKS = f"INFO GET https://{HOST}/v3/events 200 268ms"
FAILS = [errors("shop", 0.3, since=880)]


def world(
    line: str = LOST,
    *more: Log,
    pods: Sequence[int] = (0, 1),
    image: str = ALPINE,
    before: str = DEBIAN,
    witness: str = ASKS,
    since: float = 880,
    poller: Any = None,
    figures: Any = (),
    beside: Any = (),
    of: Any = None,
) -> Snapshot:
    """Return a shop that was released a quarter of an hour ago, and a poller that asks the same host."""
    told = [*logs("shop", line, *pods, times=20, since=since), *logs("poller", witness, 0, times=20, since=870), *more]
    return snapshot(
        of or shop(image=image, before={"image": before}, released=900),
        beside,
        poller or workload("poller", pods=1),
        figures=[*FAILS, *figures],
        logs=told,
        alerts=[alert(service="shop")],
    )


def beside_it(image: str = DEBIAN) -> list[Obj]:
    """Return a shop whose release brought an image of another C library for what stands beside it."""
    made = shop(image=image, before={"image": DEBIAN + "-1"}, released=900)
    for each in made:
        spec = each["spec"].get("template", each)["spec"] if each["kind"] != "Service" else None
        if spec is not None:
            old = each["metadata"]["name"].endswith("-r1")
            spec["containers"] = [*spec["containers"], container("proxy", "proxy:1-slim" if old else "proxy:1-alpine")]
    return made


LEDGER = "ledger.finance.svc"
TRIED = f"{LEDGER}.cluster.local"
GO_IMAGES = {"image": "registry.example/shop:6.4", "before": "registry.example/shop:6.3"}
IN_JSON = (
    '{"level":50,"err":{"message":"fetch failed","cause":{"errno":-3008,"code":"ENOTFOUND","syscall":"getaddrinfo",'
    f'"hostname":"{LEDGER}"}}}},"msg":"call failed"}}'
)


def asks(client: str, name: str, code: str) -> str:
    """Return a line in which CoreDNS tells what it answered a client."""
    return f'[INFO] {client}:40133 - 5121 "A IN {name}. udp 54 false 512" {code} qr,aa,rd 147 0.0002s'


def asked(
    *lines: str,
    line: str = "dial tcp: lookup {} on 10.96.0.10:53: no such host",
    mine: str = "NXDOMAIN",
    theirs: str = "NOERROR",
    tried: str = TRIED,
    upstream: str = "",
    host: str = LEDGER,
    first: str = "",
    **more: Any,
) -> Snapshot:
    """Return a shop that asks a DNS server for a name in vain, while the poller goes on to its search domains.

    ``first``: the name that the poller asks for first, and in vain; as a rule the same.
    """
    servers = workload("coredns", "registry.k8s.io/coredns/coredns:v1.12", port=53)
    of_shop, of_poller = (
        [each["status"]["podIP"] for each in made if each["kind"] == "Pod"]
        for made in (more.get("of") or shop(), workload("poller", pods=1))
    )
    late = f"[ERROR] plugin/errors: 2 {upstream}. A: read udp 10.1.2.3:41822->10.0.0.2:53: i/o timeout"
    said = [
        *(asks(client, host, mine) for client in of_shop),
        asks(of_poller[0], first or host, "NXDOMAIN"),
        asks(of_poller[0], tried, theirs),
        *([late] if upstream else []),
        *lines,
    ]
    told = log(pod("coredns"), *(said * 9), since=870)
    return world(
        line.replace("{}", host), told, witness="INFO posted a batch", **{"beside": servers, **GO_IMAGES, **more}
    )


HOLDS = [
    Holds(
        "a server of cluster DNS logs that its pods take the first answer, and others go on to a search domain",
        asked(),
        FOUND,
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        alone=True,
        harmful=("page_human", "no_action"),
    ),
    Holds(
        "so it does of an image whose tag says musl, which tells of the host in JSON, and upstream is late for others",
        asked(line=IN_JSON, image=ALPINE, before=DEBIAN, upstream="telemetry.vendor.example"),
        FOUND,
        alone=True,
        harmful=("page_human", "no_action"),
    ),
    *(
        Holds(f"others find it by a search domain {what}", found, FOUND)
        for what, found in (
            ("of the cluster", asked(host="ledger.finance", tried="ledger.finance.svc.cluster.local")),
            ("of the namespace", asked(host="rates", tried="rates.town.svc.cluster.local")),
            ("of their nodes, and were told that there is none before", asked(host="db", tried="db.corp.example")),
            (
                "that its template declares too",
                asked(
                    host="db",
                    first="db.town.svc.cluster.local",
                    tried="db.platform.svc.cluster.local",
                    of=shop(
                        image=GO_IMAGES["image"],
                        before={"image": GO_IMAGES["before"]},
                        released=900,
                        spec={"dnsConfig": {"searches": ["platform.svc.cluster.local"]}},
                    ),
                ),
            ),
        )
    ),
    Holds(
        "its one pod is on the node of the other program",
        world(pods=[0], of=shop(image=ALPINE, before={"image": DEBIAN}, released=900, pods=1)),
        FOUND,
    ),
    Holds(
        "a server of cluster DNS is not ready, and the other program may have asked before",
        world(beside=workload("coredns", "coredns/coredns:1.11", pods=2, ready=1)),
        FOUND,
        believed="cluster_dns_down",
        alone=True,
        harmful=("rollback_workload",),
    ),
    Holds(
        "the servers of cluster DNS have no processor time left",
        world(
            beside=workload("coredns", "coredns/coredns:1.11", pods=2),
            figures=[figure("cpu_share", 0.3, 0.99, pod=pod("coredns", n), container="coredns") for n in range(2)],
        ),
        FOUND,
        believed="cluster_dns_down",
        alone=True,
        harmful=("rollback_workload",),
    ),
    Holds("what stands beside it has got such an image as well", world(of=beside_it(ALPINE)), FOUND),
    Holds(
        "the other program tells a status as JSON", world(witness=f'{{"url":"https://{HOST}/v3","status":200}}'), FOUND
    ),
    Holds(
        "all its pods fail to find a name since then, and another program gets answers from that host",
        world(),
        FOUND,
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        alone=True,
        harmful=("page_human", "no_action"),
    ),
    Holds("its tag says musl", world(image="registry.example/shop:6.4-musl"), FOUND),
    Holds(
        "cluster DNS fails to answer some questions, as it did before and more",
        world(figures=[figure("dns_error_ratio", 0.04, 0.09, since=870)]),
        FOUND,
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"what the other one finds is {what}, whose name begins alike",
            asked(host="redis", **names),
            (SHOP, "configuration_error", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, names in (
            (
                "a Service of another namespace",
                {"first": "redis.platform.town.svc.cluster.local", "tried": "redis.platform.svc.cluster.local"},
            ),
            ("such a Service, and it asks for both", {"tried": "redis.platform.svc.cluster.local"}),
            (
                "a host outside",
                {"first": "redis.vendor.example.town.svc.cluster.local", "tried": "redis.vendor.example"},
            ),
        )
    ),
    DoesNotHold("nobody else finds the name in a search domain either", asked(theirs="NXDOMAIN")),
    DoesNotHold("what the other one finds is another name that begins alike", asked(tried=f"{LEDGER}2.cluster.local")),
    DoesNotHold("the server fails to answer its pods, and knows no such name for others", asked(mine="SERVFAIL")),
    DoesNotHold("its pods find the name too", asked(asks(shop()[-2]["status"]["podIP"], TRIED, "NOERROR"))),
    DoesNotHold(
        "who finds the name was released as well",
        asked(poller=workload("poller", pods=1, before={"image": "registry.example/poller:0"}, released=900)),
    ),
    DoesNotHold("upstream is late to answer for that name", asked(upstream=LEDGER)),
    DoesNotHold(
        "its release brought no other image",
        asked(of=shop(env={"NEW": "1"}, before={"env": {}}, released=900)),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "the other program is not answered, which takes 250 ms",
        world(witness=f"WARN GET https://{HOST}/v3/events 503 in 250 ms"),
    ),
    DoesNotHold(
        "the other program waits for it, and asks again", world(witness=f"INFO {HOST} is late, again in 250 ms")
    ),
    DoesNotHold(
        "a policy lets it ask no name server",
        world(beside=[policy("shop-out", "shop", age=890, egress=[{"to": [{"podSelector": {}}]}])]),
        ("network_fault", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its one pod is alone on its node, and the other program is on another one",
        world(
            pods=[0],
            of=shop(image=ALPINE, before={"image": DEBIAN}, released=900, pods=1, nodes=["n9"]),
        ),
    ),
    DoesNotHold(
        "a third program, which was not released, does not find a name either",
        world(
            LOST,
            *logs("mailer", "ERROR getaddrinfo EAI_AGAIN smtp.example", 0, times=20, since=880),
            beside=workload("mailer", pods=1),
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its container beside has got the other image",
        world(of=beside_it()),
    ),
    DoesNotHold("nobody else asks that host", world(witness="INFO GET https://api.nordpak.example/track 200 12ms")),
    DoesNotHold("the other program does not find it either", world(witness=f"ERROR getaddrinfo EAI_AGAIN {HOST}")),
    DoesNotHold("the other program is not answered", world(witness=f"WARN GET https://{HOST}/v3/events 503 12ms")),
    DoesNotHold(
        "the other program was released as well",
        world(poller=workload("poller", pods=1, before={"image": "registry.example/poller:0"}, released=900)),
    ),
    DoesNotHold("its image was as small before", world(before="registry.example/shop:6.3-alpine"), harmful=()),
    DoesNotHold("its image is of the same kind as before", world(image="registry.example/shop:6.4-bookworm-slim")),
    DoesNotHold("its image comes from a house of that name", world(image="registry.alpine-tours.example/shop:6.4")),
    DoesNotHold("the other program asks a host whose name begins so", world(witness=ASKS.replace(HOST, f"{HOST}.net"))),
    DoesNotHold("one of its pods finds it", world(LOST, *logs("shop", "INFO booked", 1), pods=[0])),
    DoesNotHold(
        "it does not find two names",
        world(LOST, *logs("shop", "ERROR getaddrinfo EAI_AGAIN api.nordpak.example", 0, 1, since=870)),
    ),
    DoesNotHold("it is told only long after", world(since=120)),
]
