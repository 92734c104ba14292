"""A certificate that is out of date: only a new one helps, and a restart takes one that is there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.mesh import IDENTITY, issuer, mesh
from tests.diagnosis.rules.scenes import API, CALLS_CART, CART, SHOP, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, NOW, figure, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

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
SERVES: dict[str, Any] = {"volumes": [{"name": "tls", "secret": {"secretName": "cart-tls"}}]}


def tls(name: str, **more: Any) -> dict[str, Any]:
    return thing("Secret", name, type="kubernetes.io/tls", data={"tls.crt": "sha256:00"}, **more)


def at_the_edge(label: str, ends_in: float = -1800.0) -> Snapshot:
    """Return an Ingress with a certificate; ``label`` is what the figure calls it."""
    rule = {
        "host": "town.example",
        "http": {"paths": [{"backend": {"service": {"name": "shop", "port": {"number": 8080}}}}]},
    }
    spec = {"rules": [rule], "tls": [{"hosts": ["town.example"], "secretName": "town-tls"}]}
    ends = NOW.timestamp() + ends_in
    figures = [figure("certificate_expiry", ends, ends, component=label)]
    return snapshot(shop(), thing("Ingress", "town", spec=spec), tls("town-tls"), figures=figures)


def between(line: str, **more: Any) -> Snapshot:
    """Return a shop that refuses the certificate of the cart."""
    return snapshot(shop(), workload("cart", spec=SERVES), tls("cart-tls", **more), logs=logs("shop", line, times=1))


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


HOLDS = [
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
        "it lies in a Secret that nobody uses, since another is served",
        left_behind("old-tls", subject_CN="town.example"),
        ("no_fault", "no_action"),
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
