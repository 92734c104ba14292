"""A service outside that does not answer: nothing of ours helps."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, looping, pods_of, put, rollout, waiting
from tests.diagnosis.rules.refusing import HOST, polling
from tests.diagnosis.rules.runs import ran
from tests.diagnosis.rules.scenes import (
    API,
    CALLS_CART,
    CART,
    IMAGE,
    OLD,
    SHOP,
    URL,
    errors,
    latency,
    logs,
    policy,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import (
    DAY,
    SPACE,
    Obj,
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    service_for,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

PAY = 'Post "https://api.pay.example.com/charge": context deadline exceeded'
LINES = (
    PAY,
    "HTTPSConnectionPool(host='api.pay.example.com', port=443): Read timed out. (read timeout=10)",
    "upstream error: 503 from https://api.pay.example.com/charge",
    "java.net.SocketTimeoutException: connect timed out: https://api.pay.example.com",
    'c.e.pay.PayClient : api.pay.example.com answered 503: {"error":"backend_overloaded"}',
    "c.e.pay.PayClient : POST https://api.pay.example.com/charge failed after 25004 ms",
)
PAY_FAILS = figure("dependency_error_ratio", 0.0, 0.6, component="cart", dependency="api.pay.example.com")
FAILS, FAILS_SHOP = (CART, "dependency_failure", "page_human"), (SHOP, "dependency_failure", "page_human")
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool")
LIMITED = "GET https://api.maps.example.com/geocode: 429 Too Many Requests"
LATE = 'connection to server at "db.eu.rds.example.com" (52.1.2.3), port 5432 failed: Connection timed out'


def brought(released: float = 3 * DAY, line: str = PAY, figures: Any = ()) -> Snapshot:
    """Return a cart that a release led to a host outside so long ago, and what is measured of it."""
    before = {"env": {"PAY": "https://api.old.example.com"}}
    objects = workload("cart", env={"PAY": "https://api.pay.example.com"}, before=before, released=released)
    return snapshot(objects, figures=figures or [errors("cart", 0.5, 1200)], logs=logs("cart", line, since=1200))


def way_out(other: float = 3.0, share: float = 0.98, line: str = PAY, image: str = "istio/proxyv2:1") -> Snapshot:
    """Return two services that call hosts outside by one gateway, which is slow for the first."""
    return snapshot(
        shop(env={"VIA": "http://gate:8080"}),
        workload("cart", env={"VIA": "http://gate:8080"}),
        workload("gate", image, env={}),
        figures=[
            *(figure("cpu_share", 0.4, share, pod=pod("gate", n), container="gate") for n in range(2)),
            *(
                figure("dependency_latency_p95", 0.1, now, 600, component=of, dependency="gate")
                for of, now in (("shop", 3.0), ("cart", other))
            ),
            latency("gate", 0.1, 3.0),
            rate("gate", 50, 120),
            errors("shop", 0.2),
        ],
        logs=logs("shop", line),
    )


GOOD = "POST /pay 200 40ms"


def both(
    *,
    shop_released: float = 1700,
    since: float = 760,
    line: str = PAY,
    quiet: tuple[str, ...] = (GOOD,) * 5,
    **cart: Any,
) -> Snapshot:
    """Return a shop that fails some time after its release, and a cart, which complain of one host for 13 minutes."""
    return snapshot(
        shop(before=OLD, released=shop_released),
        workload("cart", **cart),
        figures=[errors("shop", 0.7, since)],
        logs=[
            log(pod("shop"), *[GOOD] * 8, *[line] * 14, since=1200),
            log(pod("cart"), *quiet, *[line] * 9, since=1200 if quiet else 771),
        ],
    )


def runs(
    *ages: float, complain: tuple[int, ...], failed: tuple[int, ...] = (), dated: bool = True, released: float = 700
) -> Snapshot:
    """Return a shop that nobody touched and which waits for a host for 13 minutes, and runs of which some do too."""
    late = released - 100
    made = ran(*ages, failed=failed)
    if not dated:
        del pods_of(made)[-1]["metadata"]["creationTimestamp"]
    return snapshot(
        shop(),
        workload("cart", before=OLD, released=released),
        made,
        figures=[errors("cart", 0.7, late)],
        logs=[
            log(pod("shop"), *[GOOD] * 8, *[PAY] * 14, since=1200),
            log(pod("cart"), *[PAY] * 9, since=late),
            *(log(f"report-{n}-pod0", *[PAY] * 4, since=ages[n] - 10, of="report") for n in complain),
        ],
    )


BOTH_SAY = [log(pod(name), *[GOOD] * 8, *[PAY] * 14, since=1200) for name in ("cart", "shop")]
CHECKOUT = 'curl -fsS -o /lease "https://api.pay.example.com/lease"'
ENDS = "curl: (22) The requested URL returned error: 503"


def at_the_door(*commands: str) -> Snapshot:
    """Return a shop whose release does not get past its init container, while others wait for a host for longer."""
    door = [{"name": "lease", "image": "curl:8", "command": ["sh", "-c", each]} for each in commands]
    objects = rollout("shop", waiting("PodInitializing"), before=IMAGE, spec={"initContainers": door})
    pods_of(objects)[-1]["status"]["initContainerStatuses"] = [{"name": "lease", **looping(code=22)}]
    return snapshot(
        objects,
        workload("cart"),
        logs=[
            *(log(pod(name), *[GOOD] * 8, *[PAY] * 14, since=1200) for name in ("cart", "shop")),
            log(pod("shop", 2), *[ENDS] * 3, of="lease", since=60),
        ],
    )


BY_NAME = "ERROR [shop.rates] parcels 504 Gateway Time-out server=parcels-edge body='upstream request timeout'"
PARCELS = {"CARRIER_URL": "https://api.parcels.example/v3"}


def by_name(**env: str) -> Snapshot:
    """Return a shop whose users suffer, and which calls whom it waits for by the name of its owner only."""
    return snapshot(shop(env=env), figures=[errors("shop", 0.5)], logs=logs("shop", BY_NAME))


def killed_while_it_waits() -> Snapshot:
    """Return a shop whose workers wait for a host until a probe ends them, and a cart that waits for the same."""
    objects = shop(env=PARCELS)
    for each in pods_of(objects):
        put(each, again("Error", 137, age=200, restarts=3))
    return snapshot(
        objects,
        workload("cart", env=PARCELS),
        event(pod("shop"), "Unhealthy", "Liveness probe failed: context deadline exceeded", age=200),
        figures=[errors("shop", 0.5, 700)],
        logs=[
            *logs("shop", BY_NAME, 0, 1, times=2),
            *logs("cart", "HTTPSConnectionPool(host='api.parcels.example', port=443): Read timed out.", times=18),
        ],
    )


def unnamed(line: str, url: str) -> Snapshot:
    """Return a shop that fails since its release, says so of nobody by name, and calls one host outside."""
    return snapshot(
        shop(env={"BILLING_URL": url}, before={**OLD, "env": {"BILLING_URL": url}}, released=700),
        figures=[errors("shop", 0.5, 660)],
        logs=logs("shop", line, since=650),
    )


NEIGHBOUR = (
    'Get "http://login.people.svc.cluster.local:8080/certs": dial tcp 10.96.7.7:8080: connect: connection refused'
)


def neighbour(line: str = NEIGHBOUR, *policies: Obj, **more: Any) -> Snapshot:
    """Return a shop whose users suffer, and which tells of a Service of another namespace; policies bind it."""
    return snapshot(shop(**more), *policies, figures=[errors("shop", 0.9)], logs=logs("shop", line))


def lets_out(*peers: Obj, **ports: Any) -> Obj:
    """Return a policy of long ago that lets the shop out to these peers only."""
    return policy("out", "shop", egress=[{"to": list(peers), **ports}], age=300 * DAY)


def to_space(name: str) -> Obj:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


NOBODY = "ERROR checkout: 503 Service Unavailable"
LOST = "ERROR corp card check: upstream connect error"

HOLDS = [
    Holds(
        "what a program calls by a name of its own is outside, as its variable tells",
        snapshot(
            workload("cart", env={"PAY_URL": "https://api.pay.example.com/v1"}),
            workload("gate"),
            figures=[figure("dependency_error_ratio", 0.0, 0.6, component="cart", dependency="pay")],
        ),
        FAILS,
    ),
    Holds(
        "it is called by the name that stands before its zone",
        snapshot(
            shop(env={"BILLING_URL": "http://billing.service.consul:8080"}),
            figures=[errors("shop", 0.5)],
            logs=logs("shop", "ERROR billing 503 Service Unavailable"),
        ),
        (SHOP, "dependency_failure", "page_human"),
    ),
    Holds(
        "it is called by the name of its owner, and stands in the settings of who calls it",
        by_name(**PARCELS),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "workers of one caller are killed as they wait for it, another only says so: it is one fault, where it is felt",
        killed_while_it_waits(),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", "scale_workload", at=CART),
        harmful=("restart_workload", "scale_workload"),
        alone=True,
    ),
    Holds(
        "another program, which nobody touched, cannot reach the host since the same minute: a release is innocent",
        both(),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=("rollback_workload",),
        alone=True,
    ),
    Holds(
        "runs that are made now and then fail by it since the first after it began: a release since is innocent",
        runs(2100, 1400, 400, complain=(2,), failed=(2,)),
        (CART, "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
        alone=True,
    ),
    *(
        Holds(
            f"runs fail by it too, {what}",
            runs(2100, 1400, 400, complain=complain, **more),
            (CART, "dependency_failure", "page_human"),
            believed="errors_since_release",
        )
        for what, complain, more in (
            ("but already did before", (1, 2), {}),
            ("each of them", (0, 1, 2), {}),
            ("no, none", (), {}),
            ("but all before failed, and nobody read why", (2,), {"failed": (0, 1, 2)}),
            ("but the last before failed, and nobody read why", (2,), {"failed": (1, 2)}),
            ("and nobody knows since when that one was", (2,), {"dated": False}),
            ("but one since was well", (1,), {}),
        )
    ),
    Holds(
        "an init container that a release left as it was asks it by a tool that does not say whom",
        at_the_door(CHECKOUT),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        believed="init_container_fails",
        harmful=("rollback_workload",),
        alone=True,
    ),
    *(
        Holds(
            f"another program complains of it too, but {what}",
            world,
            (SHOP, "dependency_failure", "page_human"),
            believed=by,
        )
        for what, world, by in (
            ("the host fails for both in the minutes of a release", both(shop_released=1000), "errors_since_release"),
            ("it was released as well", both(before=OLD, released=1700), ""),
            ("nobody knows whether it ever did without", both(quiet=()), ""),
            ("users of the released one suffered long before that", both(since=1500), "errors_since_release"),
            ("both are refused for too many requests, which a release may send", both(line=LIMITED), ""),
        )
    ),
    *(
        Holds(f"behind a gateway of ours, {what}", world, (SHOP, "dependency_failure", "page_human"), believed=by)
        for what, world, by in (
            ("which is as quick for others", way_out(other=0.1), "traffic_grew"),
            ("which has time", way_out(share=0.5), ""),
            (
                "and it is refused",
                way_out(line="connection refused: api.pay.example.com:443"),
                "traffic_grew",
            ),
            ("which passes nothing on", way_out(image="registry.example/gate:1"), "traffic_grew"),
        )
    ),
    Holds(
        "who names the host does without it; who fails says only that something behind is unavailable",
        snapshot(
            shop(),
            workload("cart"),
            figures=[errors("shop", 0.9), errors("cart", 0.0)],
            logs=[*logs("cart", LINES[2]), *logs("shop", "GET /ht 500 Address: 503 Server Error: Service Unavailable")],
        ),
        (SHOP, "dependency_failure", "page_human"),
    ),
    *(
        Holds(
            f"a host outside: {line}",
            snapshot(shop(), workload("cart"), logs=logs("cart", line, times=1)),
            FAILS,
            excludes=no("restart_workload", "rollback_workload", at=CART),
        )
        for line in LINES
    ),
    Holds(
        "a Service that stands for a host outside",
        snapshot(
            workload("cart"),
            {**service_for("pay"), "spec": {"type": "ExternalName", "externalName": "api.pay.example.com"}},
            logs=logs("cart", 'Post "http://pay/charge": dial tcp: i/o timeout', times=1),
        ),
        FAILS,
    ),
    Holds(
        "a Service that stands for a host outside, which answers that it is unavailable",
        snapshot(
            workload("api", env={"L": "http://legacy"}),
            thing("Service", "legacy", spec={"type": "ExternalName", "externalName": "legacy.corp.example"}),
            figures=[errors("api", 0.9)],
            logs=logs("api", "GET http://legacy/api 503 Service Unavailable"),
        ),
        (API, "dependency_failure", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "a release of who calls the caller failed long before the host did: they are two faults",
        snapshot(
            shop(env=CALLS_CART, before=OLD, released=2400),
            workload("cart"),
            figures=[
                errors("shop", 0.4, 2390),
                errors("cart", 0.9, 600),
                figure("dependency_error_ratio", 0.0, 0.9, 600, component="cart", dependency="api.pay.example.com"),
            ],
            logs=logs("cart", LINES[2]),
        ),
        FAILS,
        believed="errors_since_release",
    ),
    Holds(
        "who calls the caller fails since the host does, by chance after a release of its own",
        snapshot(
            shop(env=CALLS_CART, before=OLD, released=660),
            workload("cart"),
            figures=[errors("shop", 0.4, 570), errors("cart", 0.9, 600)],
            logs=logs("cart", LINES[2]),
        ),
        FAILS,
        alone=True,
    ),
    Holds(
        "a database outside",
        snapshot(
            workload(
                "api", env={"DATABASE_URL": "postgres://a@db.eu.rds.example.com:5432/a"}, before=OLD, released=3 * DAY
            ),
            figures=[errors("api", 0.9)],
            logs=logs("api", LATE),
        ),
        (API, "dependency_failure", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(f"a release brought it days before, and all was well since: {what}", world, FAILS, harmful=HARMFUL)
        for what, world in (
            ("it comes too late", brought()),
            ("it says that it is unavailable", brought(released=16 * DAY, line=LINES[2])),
            ("its callers count what fails", brought(figures=[PAY_FAILS])),
        )
    ),
    Holds(
        "figures alone",
        snapshot(
            workload("cart"),
            figures=[figure("dependency_error_ratio", 0.0, 0.6, component="cart", dependency="api.pay.example.com")],
        ),
        FAILS,
    ),
    Holds(
        "two callers of one host are one fault",
        snapshot(shop(), workload("cart"), logs=[log(pod("cart"), PAY, PAY), log(pod("shop"), PAY)]),
        FAILS,
    ),
    *(
        Holds(f"a Service of another namespace does not answer, {what}", world, FAILS_SHOP, harmful=HARMFUL, alone=True)
        for what, world in (
            ("and refuses", neighbour()),
            ("and says that it is unavailable", neighbour("GET http://login.people.svc/certs 503 Service Unavailable")),
            ("to which a policy lets out", neighbour(NEIGHBOUR, lets_out(to_space("people")))),
            ("to which a policy may let out", neighbour(NEIGHBOUR, lets_out({"ipBlock": {"cidr": "10.0.0.0/8"}}))),
            (
                "to which a policy lets out at all ports from that of the DNS on",
                neighbour(NEIGHBOUR, lets_out(to_space("people"), ports=[{"port": 53, "endPort": 65535}])),
            ),
        )
    ),
    Holds(
        "a Service of another namespace refuses two programs since long after the release of one",
        both(line=NEIGHBOUR),
        FAILS_SHOP,
        harmful=("rollback_workload",),
        alone=True,
    ),
    Holds(
        "it limits our rate",
        snapshot(
            workload("cart"),
            logs=logs("cart", "GET https://api.maps.example.com/geocode: 429 Too Many Requests", times=1),
        ),
        FAILS,
    ),
    Holds(
        "it limits our rate though nobody sends more than before",
        snapshot(
            shop(env=CALLS_CART, before=OLD, released=660),
            workload("cart"),
            logs=logs("cart", LIMITED, times=30),
            figures=[rate("shop"), rate("cart"), errors("cart", 0.6, 540)],
        ),
        FAILS,
        excludes=no("rollback_workload", at=CART),
    ),
    Holds(
        "a program uses up what the host grants us all, which does not answer others either",
        polling(also=(f"upstream error: 503 from https://{HOST}/v2/offers",)),
        FAILS_SHOP,
        believed="shared_limit_used_up",
        harmful=("restart_workload", "scale_workload"),
    ),
]
QUEUE_POOL = (
    "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 "
    "(Background on this error at: https://sqlalche.me/e/20/3o7r)"
)

DOES_NOT_HOLD = [
    DoesNotHold(
        "what a program calls by a name of its own is of this namespace, as its variable tells",
        snapshot(
            workload("cart", env={"PAY_URL": "http://gate:8080/pay"}),
            workload("gate"),
            figures=[figure("dependency_error_ratio", 0.0, 0.6, component="cart", dependency="pay")],
        ),
        ("Deployment/gate", "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "a program uses up what the host grants us all",
        polling(),
        ("Deployment/watch", "configuration_error", "rollback_workload"),
    ),
    *(
        DoesNotHold(f"a Service of the cluster does not answer, {what}", world, instead, harmful=HARMFUL)
        for what, world, instead in (
            ("which is of this namespace", neighbour(NEIGHBOUR.replace("people", SPACE)), ASK),
            ("which says not of which namespace it is", neighbour('Get "http://login.svc:80": i/o timeout'), ASK),
            (
                "to which no policy lets out",
                neighbour(NEIGHBOUR, lets_out(to_space("other"))),
                ("NetworkPolicy/out", "network_fault", "page_human"),
            ),
            (
                "to which a policy lets out at the port of the DNS alone",
                neighbour(NEIGHBOUR, lets_out(to_space("people"), ports=[{"port": 53, "endPort": 53}])),
                ("NetworkPolicy/out", "network_fault", "page_human"),
            ),
            (
                "which only takes what programs measure",
                neighbour(NEIGHBOUR.replace("login.people", "otel-collector.observability")),
                ASK,
            ),
        )
    ),
    DoesNotHold(
        "a release asks for a Service of another namespace that it did not ask for before",
        neighbour(env={"LOGIN": "http://login.people.svc.cluster.local:8080"}, before={"env": {}}),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    *(
        DoesNotHold(
            f"a line uses a word that is in the name of a host, and names nobody: {url}",
            unnamed(line, url),
            ("unknown", "page_human"),
            harmful=("rollback_workload",),
        )
        for line, url in (
            (NOBODY, "http://billing.service.consul:8080"),
            (NOBODY.replace("Service Unavailable", "from gateway"), "https://api.gateway.internal/v1"),
            (LOST, "https://api.corp.internal/v1"),
            (LOST, "https://upstream.io/v1"),
        )
    ),
    *(
        DoesNotHold(f"a line names somebody, {what}", world)
        for what, world in (
            ("who stands in no setting", by_name(MAPS_URL="https://api.maps.example/v1")),
            ("whose two hosts stand in the settings", by_name(**PARCELS, TRACK_URL="https://track.parcels.example")),
            ("whose name is only a part of a host's", by_name(CARRIER_URL="https://parcels-proxy.example/v3")),
            ("who is called in the cluster", by_name(CARRIER_URL="http://parcels.logistics.svc:8080")),
        )
    ),
    DoesNotHold(
        "a line names a workload of ours that is called like a host outside",
        snapshot(
            shop(env=PARCELS | {"OURS": "http://parcels:8080"}),
            workload("parcels"),
            figures=[errors("shop", 0.5)],
            logs=logs("shop", BY_NAME),
        ),
    ),
    DoesNotHold(
        "its own pool is exhausted, and the message has a link to where that is explained",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=logs("shop", QUEUE_POOL, 0, 1, times=20, since=500),
            figures=[errors("shop", 0.3, 500)],
            databases=[database(session(SHOP, "active", 30))],
        ),
        (SHOP, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "all calls are late in the gateway of ours by which they leave",
        way_out(),
        ("Deployment/gate", "capacity", "scale_workload"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    *(
        DoesNotHold(f"a release brought it, {what}", world, (), harmful=("restart_workload",))
        for what, world in (
            ("some hours before", brought(released=DAY / 3)),
            ("days before, and nobody knows of a time when all was well", brought(figures=[errors("cart", 0.5, 3600)])),
            ("days before, and nobody measures", brought(figures=[rate("cart")])),
            ("days before, and only somebody else is measured", brought(figures=[errors("shop", 0.5, 1200)])),
        )
    ),
    DoesNotHold(
        "a release brought it minutes before its calls failed",
        brought(released=1300),
        (CART, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "a host that a release brought is the release's",
        snapshot(
            workload(
                "cart",
                env={"PAY": "https://api.pya.example.com"},
                before={"env": {"PAY": "https://api.pay.example.com"}},
            ),
            logs=logs("cart", PAY.replace("pay", "pya"), times=1),
        ),
    ),
    DoesNotHold(
        "a vendor counts requests that a release multiplied",
        snapshot(
            shop(env=CALLS_CART, before=OLD, released=660),
            workload("cart"),
            logs=logs("cart", LIMITED, times=30),
            figures=[rate("shop"), rate("cart", 5, 50), errors("cart", 0.6, 540)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a host that users come from",
        snapshot(
            workload("cart"),
            logs=logs(
                "cart",
                '10.0.0.1 - - "GET / HTTP/1.1" 429 12 "https://search.example.com/" "Bot (+http://bot.example.com/b.html)"',
                times=1,
            ),
        ),
    ),
    DoesNotHold(
        "a line or two while users feel nothing",
        snapshot(workload("cart"), logs=logs("cart", PAY, times=1), figures=[errors("cart", 0.001)]),
        (CART, "no_fault", "no_action"),
    ),
]


def tried_again(*last: str) -> Snapshot:
    """Return a cart that nobody measures, which failed twice at a host and then got through, and last so."""
    fails = "WARN {} answered 503 Service Unavailable, retry in 60s order=26IE{}"
    lines = [fails.format(HOST, 42), "INFO sent order=26IE42 attempt=2", "INFO sent order=26IE43 attempt=1"]
    lines += [fails.format(HOST, 44), *last]
    return snapshot(workload("cart"), shop(), logs=[log(pod("cart"), *lines)])


SAME_WORKER = [
    f"WARN [1804] exec-1804 {HOST} answered 503 Service Unavailable, retry in 5000ms order=26IE44",
    f"INFO [1804] exec-1804 {HOST} sent order=26IE45",
]
HOLDS += [
    Holds(f"few calls fail, and {what}", world, FAILS)
    for what, world in (
        ("the last one has not got through", tried_again("INFO sent order=26IE43 attempt=1")),
        ("the last one failed again", tried_again("ERROR gave up order=26IE44")),
        ("nothing follows", tried_again()),
        (
            "one worker sent another one since",
            snapshot(workload("cart"), shop(), logs=[log(pod("cart"), *SAME_WORKER)]),
        ),
        ("its log says no more than that it gave up", tried_again("INFO parked order=26IE44 after 3 attempts")),
        ("it is to be tried again yet", tried_again("INFO order=26IE44 accepted, retry in 60s")),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold("few calls fail, and each got through at the next try", tried_again("INFO sent order=26IE44 attempt=2"))
]
