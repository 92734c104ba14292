"""A certificate is near its end and its renewal is stuck: nobody is hurt yet, and only a person can help it on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._renewal import stuck_at
from tuheg_ir.diagnosis.rules.certificate_expired import certificate, served
from tuheg_ir.diagnosis.view.reading import items, moment, name, text, whole
from tuheg_ir.diagnosis.view.view import View

NEAR = timedelta(days=7)
"""So near to its end a certificate that should be new by now is everybody's business."""
LAST = timedelta(days=3)
"""So near to it nobody needs to know how it is renewed."""
LATE = timedelta(hours=1)
"""A renewal that was due so long ago is stuck."""
_SPOKEN = late(r"\b(?:cert|tls|ssl|x509)|certificate", re.IGNORECASE)
_OF_ITS_END = late(r"expir|renew|not.?after|\bends?\b|days? left|valid for", re.IGNORECASE)


def when(view: View) -> Iterator[Match]:
    """A certificate ends within days, and its renewal is overdue and stuck, or an alert says that it ends."""
    alerts = [alert.fires("") for alert in view.alerts if _SPOKEN.search(alert.said) and _OF_ITS_END.search(alert.said)]
    ends = dict(_ends(view))
    stuck = [obj for obj in view.snapshot.of("Certificate") if _overdue(view, obj)]
    for obj in stuck:
        secret = f"Secret/{text(obj, 'spec', 'secretName')}"
        end = moment(obj, "status", "notAfter") or ends.get(secret)
        if (end is None and alerts) or (end is not None and view.now < end <= view.now + NEAR):
            yield _match(view, f"Certificate/{name(obj)}", secret, end, (*stuck_at(view, obj), *alerts[:1]), 0.75)
    for component, end in ends.items() if alerts and not stuck else ():
        if view.now < end <= view.now + LAST:
            yield _match(view, component, component, end, tuple(alerts[:1]), 0.5)


def _match(
    view: View, component: str, secret: str, end: datetime | None, evidence: Iterable[Evidence], certainty: float
) -> Match:
    source = "metrics" if secret in dict(_ends(view)) else "objects"
    measured = (Evidence(source, component, f"the certificate ends at {end:%Y-%m-%d %H:%M} UTC"),) if end else ()
    serving = tuple(served(view, secret))
    return Match(
        component=component,
        evidence=(*measured, *evidence),
        certainty=certainty,
        excludes=not_for(serving, "its pods are well: only a new certificate helps"),
    )


def _ends(view: View) -> Iterator[tuple[str, datetime]]:
    """Yield (Kind/name, end) of the certificates whose end is measured."""
    for label, value in view.figures.latest("certificate_expiry", "component").items():
        if 0 < value < 1e11:
            yield certificate(view, label), datetime.fromtimestamp(value, UTC)


def _overdue(view: View, obj: Obj) -> bool:
    """Tell whether a certificate should have been renewed, and its controller is at it without success."""
    due, began = moment(obj, "status", "renewalTime"), moment(obj, "status", "notBefore")
    conditions = {text(c, "type"): text(c, "status") for c in items(obj, "status", "conditions")}
    trying = conditions.get("Issuing") == "True" or whole(obj, "status", "failedIssuanceAttempts") > 0
    renewed = due is not None and began is not None and began >= due
    return trying and due is not None and not renewed and view.now - due >= LATE


RULE = Rule(
    name="certificate_not_renewed",
    title="A certificate is near its end and is not renewed",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no certificate is near its end with its renewal overdue or an alert that says so",
)
