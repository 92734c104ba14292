"""A certificate that ends soon and is not renewed: nobody is hurt yet, and it is not left until somebody is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, ingress, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, figure, snapshot, thing
from tuheg_ir.diagnosis.model import Alert, Snapshot

HOST = "town.example"
SAID = Alert("CertExpirySoon", {}, {"summary": f"the certificate of {HOST} ends"}, "firing", NOW - timedelta(hours=2))
PENDING = "Waiting for HTTP-01 challenge propagation: wrong status code '504', expected '200'"
TXT = 'DNS record for "town.example" not yet propagated'


def certificate(due: float = 20 * DAY, *, began: float = 80 * DAY, tries: int = 3, issuing: bool = True) -> Obj:
    """Return a certificate whose renewal was due so long ago."""
    status: dict[str, Any] = {
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Issuing", "status": str(issuing)}],
        "renewalTime": at(due),
        "notBefore": at(began),
        "failedIssuanceAttempts": tries,
    }
    return thing("Certificate", "town", spec={"secretName": "town-tls", "dnsNames": [HOST]}, status=status)


def challenge(reason: str) -> Obj:
    return thing("Challenge", "town-1-2-3", spec={"dnsName": HOST}, status={"state": "pending", "reason": reason})


def town(*objects: Obj, ends_in: float | None = DAY / 2, alerts: tuple[Alert, ...] = ()) -> Snapshot:
    """Return a shop behind an Ingress whose certificate ends so soon."""
    edge = ingress("shop", HOST)
    edge["spec"]["tls"] = [{"hosts": [HOST], "secretName": "town-tls"}]
    ends = NOW.timestamp() + (ends_in or 0)
    measured = [figure("certificate_expiry", ends, ends, component=HOST)] if ends_in is not None else []
    held = thing("Secret", "town-tls", type="kubernetes.io/tls")
    return snapshot(shop(), edge, held, *objects, figures=[WELL, *measured], alerts=alerts)


HOLDS = [
    Holds(
        "its challenge is not answered",
        town(certificate(), challenge(PENDING), alerts=(SAID,)),
        ("Certificate/town", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
        alone=True,
        sure=(0.6, 1.0),
    ),
    Holds(
        "its record does not come, and nobody but an alert knows when it ends",
        town(certificate(tries=0), challenge(TXT), ends_in=None, alerts=(SAID,)),
        ("Certificate/town", "configuration_error", "page_human"),
    ),
    Holds(
        "it ends tomorrow, and how it is renewed is not known",
        town(alerts=(SAID,)),
        ("Secret/town-tls", "configuration_error", "page_human"),
        sure=(0.3, 0.8),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it was renewed", town(certificate(due=20 * DAY, began=19 * DAY, tries=0), ends_in=70 * DAY), HEALTHY),
    DoesNotHold("there are weeks left", town(certificate(), ends_in=25 * DAY), HEALTHY),
    DoesNotHold("it is renewed this minute", town(certificate(due=60, tries=0), ends_in=3 * DAY), HEALTHY),
    DoesNotHold("an alert speaks of something else", town(alerts=(alert(service="shop"),))),
    DoesNotHold("a certificate of a day, and an alert of handshakes", town(alerts=(alert("TLSHandshakeErrors"),))),
    DoesNotHold(
        "it has ended: that is another matter",
        town(certificate(), ends_in=-600.0, alerts=(SAID,)),
        ("Secret/town-tls", "configuration_error", "page_human"),
    ),
]
