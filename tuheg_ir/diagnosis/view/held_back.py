"""The one client whom rate limits hold back while all others are served, by the access log of a gateway."""

from __future__ import annotations

import re
from datetime import timedelta

from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view.askers import Asker, answer_of, askers
from tuheg_ir.diagnosis.view.marked import Marked, new_warnings
from tuheg_ir.diagnosis.view.reading import created
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes

TOO_MANY = 429
OFTEN = 20
"""Fewer refusals are no reason of an alert."""
SERVED = 5
"""A limit lets so much through; who gets nothing is barred, or counted wrongly."""
FEW = 8
"""One client asks from no more addresses than that; many users of one program do."""
DAY = timedelta(days=1)
"""Limits that are older have proved themselves."""
_LIMITS = (
    *("Ingress", "HTTPRoute", "VirtualService", "ConfigMap"),
    *("KongPlugin", "KongClusterPlugin", "KongConsumer", "Middleware", "EnvoyFilter", "BackendTrafficPolicy"),
)
"""Where limits of requests are written."""
_SPEAKS_OF = re.compile(r"4xx|429|rate.?limit|too many|throttl|quota|client.?error|reject|refus|error", re.IGNORECASE)
_ATTACKS = ("intrusion", "attack_attempt", "lookup_obeyed")
_BROWSER = "Mozilla/"


def held_back(view: View, workload: Workload) -> Evidence | None:
    """Return that one client alone is refused by limits, of old, and asks more than any other; None: not so.

    It is no part of the platform, and what it is not refused is served. Nobody else is refused or fails.
    """
    found = askers(view, workload)
    refused = [each for each in found if each.answers[TOO_MANY]]
    others = [each for each in found if not each.answers[TOO_MANY]]
    if len(refused) != 1 or refused[0] is not found[0] or len(others) < 2:
        return None
    one = refused[0]
    if not _is_one(view, one, others) or not _as_wanted(one) or not all(_served(each) for each in others):
        return None
    if _changed(view, workload) or any(hit.trouble in _ATTACKS for hit in view.hits):
        return None
    if not view.alerts or not all(_meant(view, workload, alert) for alert in view.alerts):
        return None
    told = f"{one.answers[TOO_MANY]} of the last {one.told} requests of {one.name[:60]} were refused with 429, none of"
    return Evidence("logs", workload.ref, f"{told} the {sum(each.told for each in others)} of {len(others)} others")


def new_troubles(view: View, workload: Workload) -> tuple[Marked, ...]:
    """Return the new warnings of a workload, but for those that tell of the one client whom limits hold back."""
    found = new_warnings(view, workload)
    told = [each for each in found if answer_of(each.line) == TOO_MANY]
    if not told or held_back(view, workload) is None:
        return found
    return tuple(each for each in found if each not in told)


def _is_one(view: View, one: Asker, others: list[Asker]) -> bool:
    """Tell whether it is a single client from elsewhere: by its login, or a program at few addresses of its own."""
    product = one.name.partition("/")[0].partition(" ")[0]
    if view.graph.resolve(product.lower()) or any(pod.address in one.addresses for _, pod in view.pods()):
        return False
    if one.named:
        return True
    apart = one.addresses.isdisjoint(address for each in others for address in each.addresses)
    return apart and 0 < len(one.addresses) <= FEW and not one.name.startswith(_BROWSER)


def _as_wanted(one: Asker) -> bool:
    """Tell whether a client gets what its limit lets through, and nothing but refusals beside it."""
    ok = one.got(200, 400)
    return one.answers[TOO_MANY] >= OFTEN and ok >= SERVED and ok + one.answers[TOO_MANY] >= 0.95 * one.told


def _served(each: Asker) -> bool:
    """Tell whether nearly all requests of a client are answered well."""
    return not each.got(500, 600) and each.got(200, 400) >= 0.8 * each.told


def _changed(view: View, workload: Workload) -> bool:
    """Tell whether limits may have been written of late, or came with a release."""
    if releases(view, workload, DAY) or any(view.recent(at, DAY) for _, at in outside_changes(view, workload)):
        return True
    return any(view.recent(edited(obj) or created(obj), DAY) for obj in view.snapshot.of(*_LIMITS))


def _meant(view: View, workload: Workload, alert: Alert) -> bool:
    """Tell whether an alert can mean the refusals of a workload."""
    return view.about_alert(alert) in ("", workload.ref) and _SPEAKS_OF.search(alert.said) is not None
