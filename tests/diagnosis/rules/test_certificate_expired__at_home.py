"""A certificate of a domain of one's own ended: who refuses it names a host that no Service is called after whole."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, errors, logs, shop
from tests.diagnosis.rules.test_certificate_expired import SERVES, tls
from tests.diagnosis.rules.tiny import snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

JAVA = (
    'ERROR I/O error on GET request for "https://HOST:8443/v1": PKIX path validation failed: '
    "java.security.cert.CertPathValidatorException: validity check failed"
)
GO = 'ERROR Get "https://HOST:8443/v1": tls: failed to verify certificate: x509: certificate has expired'
OUTSIDE = (SHOP, "dependency_failure", "page_human")


def refuses(line: str, host: str, *, shown: bool = True) -> Snapshot:
    """Return a shop that refuses what a host shows, beside a cart that shows a certificate, or none."""
    cart = workload("cart", spec=SERVES if shown else {})
    told = logs("shop", line.replace("HOST", host), times=9)
    return snapshot(shop(), cart, tls("cart-tls"), logs=told, figures=[errors("shop")])


HOLDS = [
    Holds(
        f"a domain of one's own, told by {who}",
        refuses(line, "cart.store.internal.example"),
        ("Secret/cart-tls", "configuration_error", "page_human"),
        alone=True,
    )
    for who, line in (("a JVM", JAVA), ("Go", GO))
] + [
    Holds(what, world, OUTSIDE, alone=True)
    for what, world in (
        ("a host outside that nobody is called after", refuses(GO, "pay.partner.example")),
        ("a host outside that bears the name of one who shows none", refuses(GO, "cart.partner.example", shown=False)),
    )
]
DOES_NOT_HOLD: list[DoesNotHold] = []
