"""A certificate that is out of date: only a new one helps, and a restart takes one that is there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.mesh import IDENTITY, issuer, mesh
from tests.diagnosis.rules.pods import beats, node, younger
from tests.diagnosis.rules.scenes import API, CALLS_CART, CART, SHOP, alert, errors, ingress, logs, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, figure, log, pod, secret_key, snapshot, thing, workload
from tests.diagnosis.rules.trust import ROOTS, UNKNOWN, rewritten, strict, unkept
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

LINES = (
    'Get "https://cart:8443/": tls: failed to verify certificate: x509: certificate has expired: '
    "current time 2026-03-04T11:59:00Z is after 2026-03-04T10:00:00Z",
    "Error: certificate has expired (CERT_HAS_EXPIRED) https://cart:8443",
    "javax.net.ssl.SSLHandshakeException: PKIX path validation failed: validity check failed https://cart:8443",
    "HTTPSConnectionPool(host='cart', port=8443): [SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired",
)
PARTNER = (
    "Error: certificate has expired code: 'CERT_HAS_EXPIRED' host: 'pay.partner.example' https://pay.partner.example/v1"
)
CURL = (
    "cURL error 60: SSL certificate problem: certificate has expired (see https://curl.example/errors.html) "
    "for https://pay.partner.example/v1/charges"
)
ABROAD = (
    'Get "https://pay.partner.example/keys": tls: failed to verify certificate: x509: certificate has expired: '
    f"current time {at(0)}"
)
WRAPPED = (
    "ERROR 1 --- [shop] [nio-8080-exec-1] town.shop.payments.client.PartnerClient                      : call failed, "
    'gave up after 3 tries: I/O error on POST request for "https://pay.partner.example/v1/charges": PKIX path '
    "validation failed: java.security.cert.CertPathValidatorException: while checking the path of three certificates: "
    "validity check failed"
)
"""A line as Spring writes it: what it comes of is behind the three hundredth letter."""
SERVES: dict[str, Any] = {"volumes": [{"name": "tls", "secret": {"secretName": "cart-tls"}}]}


def tls(name: str, **more: Any) -> dict[str, Any]:
    return thing("Secret", name, type="kubernetes.io/tls", data={"tls.crt": "sha256:00"}, **more)


def at_the_edge(label: str, ends_in: float = -1800.0, *others: str) -> Snapshot:
    """Return an Ingress with a certificate, behind those of other hosts; ``label`` is what the figure calls it."""
    rule = {
        "host": "town.example",
        "http": {"paths": [{"backend": {"service": {"name": "shop", "port": {"number": 8080}}}}]},
    }
    shown = [{"hosts": [f"{each}.example"], "secretName": f"{each}-tls"} for each in (*others, "town")]
    spec = {"rules": [rule], "tls": shown}
    ends = NOW.timestamp() + ends_in
    figures = [figure("certificate_expiry", ends, ends, component=label)]
    return snapshot(shop(), thing("Ingress", "town", spec=spec), tls("town-tls"), figures=figures)


def between(line: str, **more: Any) -> Snapshot:
    """Return a shop that refuses the certificate of the cart."""
    return snapshot(shop(), workload("cart", spec=SERVES), tls("cart-tls", **more), logs=logs("shop", line, times=1))


def seen_ahead(*more: Log, on: tuple[str, ...] = ("n1", "n2"), others: tuple[str, ...] = ("n1",)) -> Snapshot:
    """Return a cart whose certificate the shop's last pod calls over; the clock of n2 is ahead. ``on``: its pods."""
    there = (*(node(name) for name in others), beats("n2", 120))
    told = log(pod("shop", len(on) - 1), *[LINES[1]] * 9)
    cart = workload("cart", spec=SERVES, nodes=(*others, "n2"))
    return snapshot(shop(nodes=on, pods=len(on)), cart, tls("cart-tls"), there, logs=[told, *more])


UNTRUSTED = "AuthenticationException: The remote certificate is invalid because of errors in the chain: UntrustedRoot"
"""What a client says that names nobody."""


def reissued(*, age: float = 900, line: str = UNTRUSTED, **of: Any) -> Snapshot:
    """Return a shop that refuses a certificate of somebody for five minutes, and a cart with a new one."""
    cart = workload("cart", spec=SERVES)
    return snapshot(shop(env=CALLS_CART, **of), cart, tls("cart-tls", written=age), logs=logs("shop", line, since=300))


def reader_refused(alert_of_tls: str) -> Snapshot:
    """Return a reader whose own certificate has ended: its broker refuses it, and messages wait."""
    reader = workload("mail-worker", spec={"volumes": [{"name": "tls", "secret": {"secretName": "reader-tls"}}]})
    idle = [figure("cpu_share", 0.2, 0.01, pod=pod("mail-worker", n), container="w") for n in range(2)]
    ended = figure("certificate_expiry", *[NOW.timestamp() - 1800] * 2, component="reader-tls")
    line = f"ERROR o.s.k.l.KafkaMessageListenerContainer: SSL handshake failed Caused by: {alert_of_tls}"
    return snapshot(
        reader,
        tls("reader-tls"),
        figures=[*idle, ended, figure("queue_depth", 20, 8000, component="mail-worker")],
        logs=logs("mail-worker", line, 0, 1),
    )


def left_behind(label: str, **labels: str) -> Snapshot:
    """Return a way in whose certificate is valid, and an older one in a Secret that nobody names."""
    world = at_the_edge("town", 60 * DAY)
    ends = NOW.timestamp() - 1800
    fires = alert("X509CertificateExpired", secret_name="old-tls", severity="critical", **labels)
    secrets = (*world.objects["Secret"], tls("old-tls"))
    return replace(
        world,
        objects={**world.objects, "Secret": secrets},
        metrics={
            **world.metrics,
            "certificate_expiry": (
                *world.metrics["certificate_expiry"],
                figure("certificate_expiry", ends, ends, component=label)[1],
            ),
        },
        alerts=(fires,),
    )


SHAKES = "http: TLS handshake error from 10.1.192.1:53957: remote error: tls: bad certificate"
PEER = "WARN handshake failed peer=10.1.192.1:53957 err=remote error: tls: expired certificate"
"""How servers tell that a pod of the shop refuses what they show."""
PEER_UNKNOWN = PEER.replace("expired certificate", "unknown certificate authority")
BESIDE = f"10.1.{sum(map(ord, 'web')) % 250}"
"""Where the pods of another client of the cart are."""
ENDED = LINES[0]


def issued(secret: str, ends_in: float, *hosts: str, stuck: bool = False) -> Obj:
    """Return a certificate of a controller; ``stuck``: its renewal is overdue."""
    status: dict[str, Any] = {"notBefore": at(80 * DAY), "notAfter": at(-ends_in)}
    if stuck:
        status |= {"renewalTime": at(20 * DAY), "failedIssuanceAttempts": 9}
    return thing("Certificate", secret, spec={"secretName": secret, "dnsNames": list(hosts)}, status=status)


def of_two_ages(
    *refused: int, line: str = ENDED, ends_in: float | None = None, young: int = 1, words: str = SHAKES, silent: int = 3
) -> Snapshot:
    """Return a cart whose Secret was written days ago, with pods from before it, and some young ones.

    Some of them tell that their certificate is refused, in such words, and a shop refuses it. ``silent``: the first
    of which nobody has a log.
    """
    cart = workload("cart", pods=3, spec=SERVES)
    cart = younger(cart, young, age=DAY) if young else cart
    made = () if ends_in is None else (issued("cart-tls", ends_in),)
    tells = logs("cart", words, *refused) if refused else []
    fine = [log(pod("cart", n), *["INFO checked"] * 9) for n in range(silent) if n not in refused]
    asks = logs("shop", line)
    return snapshot(shop(env=CALLS_CART), cart, tls("cart-tls", written=5 * DAY), *made, logs=[*asks, *tells, *fine])


def way_in() -> list[Obj]:
    """Return a shop with an Ingress and its Secret, and a worker that may come in by it as users do."""
    edge = ingress("shop", "town.example")
    edge["spec"]["tls"] = [{"hosts": ["town.example"], "secretName": "town-tls"}]
    return [*shop(), *workload("mailer", service=False), edge, tls("town-tls")]


def public(ends_in: float = -3000.0, *, refused: bool = True, **more: Any) -> Snapshot:
    """Return a way in whose certificate is told of by its controller alone, and a worker that refuses it."""
    told = logs("mailer", LINES[3].replace("'cart', port=8443", "'town.example', port=443")) if refused else []
    return snapshot(way_in(), issued("town-tls", ends_in, "town.example", stuck=True), logs=told, **more)


def named(line: str) -> Snapshot:
    """Return a worker that complains of the host of our own way in, of whose certificate nothing is known."""
    return snapshot(way_in(), logs=logs("mailer", line))


RESTART = (SHOP, "configuration_error", "restart_workload")
SINCE_THEN: dict[str, Any] = {"young": 1, "since": 1400, "written": 1500}
"""One of the clients started since others were refused, long enough ago to have asked as well."""
LATER: dict[str, Any] = {**SINCE_THEN, "written": 9000}
"""So it is where the server shows another certificate hours after the roots for it were written."""
NAMELESS: dict[str, Any] = {**LATER, "line": UNTRUSTED}
"""The older ones do not say whom they refuse."""
PKIX = (
    "ERROR i.g.i.ManagedChannelImpl UNAVAILABLE: Caused by: javax.net.ssl.SSLHandshakeException: PKIX path building "
    "failed: unable to find valid certification path to requested target"
)
FATAL = "WARN o.e.j.i.ssl failed: javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_unknown"
"""What a server tells of who refuses it, whoever that is."""


def served_by_pod(*rates: float) -> list[tuple[str, Series]]:
    """Return how many requests the pods of the shop get in a second."""
    return [figure("request_rate_by_pod", each, each, pod=pod("shop", n)) for n, each in enumerate(rates)]


HOLDS = [
    Holds(
        "clients got their roots when they started, and those were written since",
        rewritten(0, 1, 2, figures=[errors("shop", 0.7, 590)]),
        RESTART,
        excludes=no("rollback_workload", at=SHOP),
        spares=no("restart_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload"),
        alone=True,
    ),
    Holds(
        "a client that started since trusts what the older ones refuse, and its roots were written before",
        rewritten(0, 1, **SINCE_THEN),
        RESTART,
        spares=no("restart_workload", at=SHOP),
        harmful=("rollback_workload", "page_human"),
        alone=True,
    ),
    *(
        Holds(
            f"a client that started since works, and may not trust what the older ones refuse: {what}",
            world,
            (CART, "configuration_error", "page_human"),
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("nobody wrote other roots", rewritten(0, 1, **SINCE_THEN | {"env": CALLS_CART, "written": 40 * DAY})),
            ("what was written is no root", rewritten(0, 1, **SINCE_THEN, secret="broker", key="url")),
            ("it started minutes ago", rewritten(0, 1, **SINCE_THEN | {"age": 300, "written": 700})),
            (
                "one of the older ones asks as seldom",
                rewritten(0, **SINCE_THEN | {"written": 1100}, more=logs("shop", UNKNOWN, 1, since=600)),
            ),
        )
    ),
    Holds(
        "the server tells of it too",
        rewritten(0, 1, **SINCE_THEN, more=logs("cart", SHAKES)),
        RESTART,
        excludes=no("restart_workload", "rollback_workload", at=CART),
        alone=True,
    ),
    *(
        Holds(
            f"clients name nobody whom they refuse, and only the older ones do: {what}",
            world,
            RESTART,
            spares=no("restart_workload", at=SHOP),
            harmful=("rollback_workload", "page_human"),
            alone=True,
        )
        for what, world in (
            ("the server tells it of their addresses", rewritten(0, 1, **NAMELESS, more=logs("cart", SHAKES))),
            ("the server names nobody either", rewritten(0, 1, **NAMELESS | {"line": PKIX}, more=logs("cart", FATAL))),
            (
                "all of them are asked for as much",
                rewritten(0, 1, **NAMELESS, more=logs("cart", PEER_UNKNOWN), figures=served_by_pod(40, 40, 38)),
            ),
        )
    ),
    *(
        Holds(
            f"clients refuse what a server shows, it tells of it, and a start anew may not help: {what}",
            world,
            (CART, "configuration_error", "page_human"),
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("the younger one refuses too", rewritten(0, 1, 2, **LATER, more=logs("cart", SHAKES))),
            (
                "the server tells it of the younger one as well, which keeps silent",
                rewritten(0, 1, **LATER, more=logs("cart", SHAKES.replace("192.1", "192.3"))),
            ),
            (
                "nobody wrote other roots since the older ones started",
                rewritten(0, 1, **LATER | {"written": 40 * DAY}, more=logs("cart", SHAKES)),
            ),
            (
                "the younger one is asked for nothing, and asks nobody",
                rewritten(0, 1, **LATER, more=logs("cart", SHAKES), figures=served_by_pod(40, 40, 0.1)),
            ),
            (
                "the younger one is of another template",
                rewritten(0, 1, **LATER, revised=True, more=logs("cart", SHAKES)),
            ),
        )
    ),
    *(
        Holds(
            f"clients of an age distrust a server, and a start anew may not help: {what}",
            world,
            (CART, "configuration_error", "page_human"),
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("their roots are as old as they", rewritten(0, 1, 2, written=40 * DAY)),
            ("they started when they had been written", rewritten(0, 1, 2, started=890)),
            ("it is a broker that refuses", rewritten(0, 1, **SINCE_THEN, image="rabbitmq:3.13")),
            ("their roots were written hours before the first refused", rewritten(0, 1, 2, written=9000)),
            (
                "what was written is no root",
                rewritten(0, 1, 2, env={"KEY": secret_key("broker-ca", "key")}),
            ),
        )
    ),
    Holds(
        "who started with the new roots distrusts the server as well",
        rewritten(0, 1, 2, more=logs("web", UNKNOWN, since=500)),
        (CART, "configuration_error", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "a release trusts a server no more that its former pods came in to",
        strict(),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a release of other settings trusts a server no more",
        strict(before={"env": {"DB_SSLMODE": "require"}}, env={"DB_SSLMODE": "verify-full"}),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a release trusts nobody for as long as it lives, and its log is not kept for so long",
        unkept(),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    *(
        Holds(
            f"a release trusts nobody, and may have done so first: {what}",
            world,
            (SHOP, "configuration_error", "page_human"),
            harmful=("restart_workload",),
        )
        for what, world in (
            ("its pods were ready once", unkept(unready=600)),
            ("whom it asks started anew since", unkept(cart=3600)),
            ("its log reaches further back", unkept(*[(age, "INFO connected") for age in (3000, 2900)])),
        )
    ),
    *(
        Holds(
            f"a server is distrusted since a release, and that may not be why: {what}",
            world,
            answer,
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world, answer in (
            ("it began long after", strict(since=120), (SHOP, "configuration_error", "page_human")),
            ("it is told once", strict(times=1, refused=(0, 1)), (SHOP, "configuration_error", "page_human")),
            ("only one of its pods tells of it", strict(refused=(0,)), (SHOP, "configuration_error", "page_human")),
            (
                "one that was not released distrusts somebody too",
                strict(workload("cart"), line=UNKNOWN, told=logs("web", UNKNOWN)),
                (CART, "configuration_error", "page_human"),
            ),
            (
                "its roots were written while the template before ran: that would start with them too",
                strict(
                    thing("Secret", "broker-ca", written=2 * DAY, data={"ca.crt": ""}),
                    before={"image": "registry.example/shop:0"},
                    env=ROOTS,
                ),
                (SHOP, "configuration_error", "page_human"),
            ),
            (
                "what it asks has started anew",
                strict(workload("cart", started=700), env=CALLS_CART),
                (SHOP, "configuration_error", "page_human"),
            ),
        )
    ),
    Holds(
        "it was renewed, and the pods that started before are refused: those that came later are well",
        of_two_ages(0, 1),
        (CART, "configuration_error", "restart_workload"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        spares=no("restart_workload", at=CART),
        harmful=("page_human", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "so it is where a server names its clients",
        of_two_ages(0, 1, words=PEER),
        (CART, "configuration_error", "restart_workload"),
        alone=True,
    ),
    Holds(
        "nobody but clients tells of it: what ended is not the one that lies there, which has weeks left",
        of_two_ages(ends_in=40 * DAY),
        (CART, "configuration_error", "restart_workload"),
    ),
    Holds(
        "nobody but clients tells of it, and when the one that lies there ends is not known",
        of_two_ages(),
        ("Secret/cart-tls", "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "of those that started later there is no log: nobody knows whether they are well",
        of_two_ages(0, 1, silent=2),
        ("Secret/cart-tls", "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "of those that started later there is no log, and the one that lies there has weeks left",
        of_two_ages(0, 1, silent=2, ends_in=40 * DAY),
        (CART, "configuration_error", "restart_workload"),
    ),
    Holds(
        "pods that started later are refused too: fresh ones would be",
        of_two_ages(0, 1, 2),
        ("Secret/cart-tls", "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "only the one that started later is refused: what is new is not trusted",
        of_two_ages(2, line='Get "https://cart:8443/": x509: certificate signed by unknown authority'),
        ("Secret/cart-tls", "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "all started before it was written, and the one that lies there has ended itself",
        of_two_ages(0, 1, 2, ends_in=-60, young=0),
        ("Secret/cart-tls", "configuration_error", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "only its controller tells that it has ended, and who comes in by that name refuses it",
        public(),
        ("Secret/town-tls", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at="Deployment/mailer"),
        alone=True,
        began=3000,
        sure=(0.8, 1.0),
    ),
    Holds(
        "only its controller tells that it has ended, within the day, at a way in",
        public(refused=False),
        ("Secret/town-tls", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "only its controller tells that it has ended, days ago, and an alert names its host",
        public(-3 * DAY, refused=False, alerts=[alert("ProbeFailed", instance="https://town.example/")]),
        ("Secret/town-tls", "configuration_error", "page_human"),
    ),
    Holds(
        "who comes in by our own name refuses what is shown there, and nobody knows when it ends",
        named("cURL error 60: SSL certificate problem: certificate has expired for https://town.example/orders"),
        ("Secret/town-tls", "configuration_error", "page_human"),
        excludes=no("restart_workload", at="Deployment/mailer"),
    ),
    Holds(
        "who comes in by our own name does not trust what is shown there: it may be its own roots",
        named("Error: unable to verify the first certificate https://town.example/orders"),
        ("Deployment/mailer", "configuration_error", "page_human"),
    ),
    Holds(
        "it lies in a Secret that nobody uses, and is of a name that nobody serves here",
        left_behind("old-tls", subject_CN="other.example"),
        ("Secret/old-tls", "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"at the way in, where its figure is of {label}",
            at_the_edge(label),
            ("Secret/town-tls", "configuration_error", "page_human"),
            excludes=no("restart_workload", at=SHOP),
        )
        for label in ("town-tls", "town", "town.example")
    ),
    Holds(
        "at the way in, which has another certificate for another host",
        at_the_edge("town.example", -1800.0, "fair"),
        ("Secret/town-tls", "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"between services, the server's: {line}",
            between(line),
            ("Secret/cart-tls", "configuration_error", "page_human"),
        )
        for line in LINES
    ),
    *(
        Holds(
            f"a client's own, as the other side tells it: {words}",
            reader_refused(words),
            ("Secret/reader-tls", "configuration_error", "page_human"),
            excludes=no("restart_workload", "scale_workload", at="Deployment/mail-worker"),
            harmful=("restart_workload", "scale_workload"),
            alone=True,
        )
        for words in (
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_expired",
            "javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate",
            "tlsv1 alert certificate expired",
        )
    ),
    Holds(
        "it was renewed, and its server does not know yet",
        between('Get "https://cart:8443/": x509: certificate has expired', written=3600),
        (CART, "configuration_error", "restart_workload"),
    ),
    *(
        Holds(
            f"a pod on the node that is ahead tells it, {what}",
            world,
            ("Secret/cart-tls", "configuration_error", "page_human"),
        )
        for what, world in (
            ("the only node that there is", seen_ahead(on=("n2",), others=())),
            ("and so does one elsewhere", seen_ahead(*logs("shop", LINES[1], 0))),
            ("and nobody hears the one elsewhere", seen_ahead()),
            ("and there is no other one", seen_ahead(on=("n2",))),
            ("and its other one is there as well", seen_ahead(*logs("shop", "GET / 200", 0), on=("n2", "n2"))),
        )
    ),
    Holds(
        "the only one that a client calls shows a new one, and the client trusts none that it is shown since",
        reissued(),
        ("Secret/cart-tls", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        harmful=("restart_workload",),
        alone=True,
    ),
    Holds(
        "the one that a client calls shows a new one since days: whose is refused nobody knows",
        reissued(age=2 * DAY),
        (SHOP, "configuration_error", "page_human"),
    ),
    Holds(
        "a client is told of an end, and the one that it calls shows a new one",
        reissued(line="AuthenticationException: The remote certificate is invalid: NotTimeValid, expired"),
        (SHOP, "configuration_error", "page_human"),
    ),
    Holds(
        "a client that trusts nobody since its own release",
        reissued(before={"image": "registry.example/shop:0"}, released=320),
        (SHOP, "configuration_error", "page_human"),
    ),
    Holds(
        "what a mesh signs with has ended: whoever is refused since then suffers from that",
        mesh(),
        (IDENTITY, "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=CART),
        alone=True,
        began=1200,
    ),
    Holds(
        "what a mesh signs with has ended, and a Secret bears that end",
        mesh(issuer("2026-03-04T11:40:00Z")),
        ("Secret/issuer", "configuration_error", "page_human"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "what a mesh signs with has ended, and a Secret bears another end",
        mesh(issuer("2027-03-04T11:40:00Z")),
        (IDENTITY, "configuration_error", "page_human"),
        alone=True,
    ),
    Holds(
        "somebody's outside",
        snapshot(
            shop(),
            logs=logs(
                "shop",
                'Post "https://api.pay.example.com/": x509: certificate has expired or is not yet valid',
                times=1,
            ),
        ),
        (SHOP, "dependency_failure", "page_human"),
    ),
    Holds(
        "somebody's outside, by the words of Node.js",
        snapshot(workload("api"), figures=[errors("api", 0.4)], logs=logs("api", PARTNER)),
        (API, "dependency_failure", "page_human"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "somebody's outside, which two programs refuse: it is one fault",
        snapshot(
            workload("api"),
            shop(before={"image": "registry.example/shop:0"}, released=6000),
            logs=[*logs("api", PARTNER, times=4), *logs("shop", CURL, 0, 1)],
        ),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=API),
        alone=True,
    ),
    Holds(
        "somebody's outside, whose end stands last in a line that wraps it often, and others tell of it in few words",
        snapshot(
            workload("api"),
            shop(),
            logs=[*logs("api", PARTNER, times=4), *logs("shop", WRAPPED, 0, 1)],
        ),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=API),
        alone=True,
    ),
    *(
        Holds(
            f"somebody's outside, right after a release of who asks it: {what}",
            snapshot(shop(before={"image": "registry.example/shop:0"}, released=300), workload("api"), logs=said),
            (SHOP, "dependency_failure", "page_human"),
            alone=True,
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, said in (
            ("it ended after that", logs("shop", f"{ABROAD} is after {at(250)}", since=240)),
            ("another, which was not released, refuses it too", [*logs("shop", CURL), *logs("api", PARTNER, times=2)]),
        )
    ),
    Holds(
        "a release refuses somebody's outside since it came, which ended before that",
        snapshot(
            shop(before={"image": "registry.example/shop:0"}, released=300),
            logs=logs("shop", f"{ABROAD} is after {at(DAY)}", since=240),
        ),
        (SHOP, "configuration_error", "page_human"),
    ),
    Holds(
        "a release refuses somebody's outside since it came: it may bring old roots",
        snapshot(shop(before={"image": "registry.example/shop:0"}, released=300), logs=logs("shop", CURL, since=240)),
        (SHOP, "configuration_error", "page_human"),
    ),
    Holds(
        "somebody outside finds ours out of date",
        snapshot(shop(), logs=logs("shop", "https://pay.partner.example: remote error: tls: expired certificate")),
        (SHOP, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a pod on the node that is ahead alone tells it, and one elsewhere does without",
        seen_ahead(*logs("shop", "GET / 200", 0)),
        harmful=("restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "it lies in a Secret that nobody uses, since another is served",
        left_behind("old-tls", subject_CN="town.example"),
        ("no_fault", "no_action"),
    ),
    DoesNotHold(
        "its controller tells that it ended days ago, and nobody misses it",
        public(-3 * DAY, refused=False),
    ),
    DoesNotHold("it ends next week", at_the_edge("town", ends_in=7 * 86400)),
    DoesNotHold(
        "a release that speaks another TLS",
        snapshot(
            workload("api", before={"image": "registry.example/app:0"}, released=600),
            figures=[errors("api", 0.4, 580)],
            logs=logs("api", "SSLHandshakeException: No appropriate protocol", since=570),
        ),
        (API, "code_defect", "rollback_workload"),
    ),
]


def test_who_is_refused_itself_tells_nothing_of_what_a_host_shows_to_a_release() -> None:
    """The host refuses one program's certificate; that another trusts it no more since its release is that one's."""
    refused = 'Post "https://pay.partner.example/v1": remote error: tls: expired certificate'
    world = snapshot(
        shop(before={"image": "registry.example/shop:0"}, released=300),
        workload("api"),
        logs=[*logs("shop", CURL, since=240), *logs("api", refused, times=2)],
    )
    found = {(each.component, each.root_cause, each.remedy) for each in decide(world).findings}
    assert found == {(ref, "configuration_error", "page_human") for ref in (API, SHOP)}


def test_a_server_that_another_client_refuses_is_not_well_because_older_clients_do() -> None:
    """A start anew helps those that are older than their roots; of the other one, which is silent, the server tells."""
    world = rewritten(0, 1, **NAMELESS, more=logs("cart", SHAKES.replace("10.1.192", BESIDE)))
    assert {each.component for each in decide(world).findings} >= {CART}
    alike = rewritten(0, 1, **NAMELESS, more=logs("cart", SHAKES))
    assert {each.component for each in decide(alike).findings} == {SHOP}
