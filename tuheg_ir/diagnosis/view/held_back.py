"""The one client who is turned away while all others are served: by rate limits, or since its own key ran out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import (
    Asker,
    answer_of,
    asker_of,
    askers,
    limited,
    of_limiter,
    of_many,
    polls_its_own,
)
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.marked import Marked, new_warnings
from tuheg_ir.diagnosis.view.network import is_inner
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import created, oldest, parse_moment
from tuheg_ir.diagnosis.view.releases import SOON, releases, soon_after
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes

TOO_MANY = 429
AWAY = (401, 403)
OFTEN = 20
"""Fewer refusals are no reason of an alert, where nobody measures them: a log may tell of a few out of many."""
FEWER = 10
"""So many tell whose they are, where it is measured that many are refused."""
SERVED = 5
"""A limit lets so much through; who gets nothing is barred, or counted wrongly."""
ALL = 0.95
"""Whoever is refused a smaller share of what it asks is let through with the rest, as figures show."""
LONG = timedelta(minutes=15)
"""Figures of less time do not tell that it stays so: they are of some minutes each."""
KEPT = 0.8
"""So much of what a client got it still has to get: it is less for a while if it asks more."""
_BY_CLIENT = "rate_limited_ratio_by_client"
FEW = 8
"""One client asks from no more addresses than that; many users of one program do."""
DAY = timedelta(days=1)
"""Limits that are older have proved themselves."""
OF_ROUTES = ("Ingress", "HTTPRoute", "GRPCRoute", "VirtualService")
OF_LIMITS = (
    *("KongPlugin", "KongClusterPlugin", "KongConsumer", "Middleware", "EnvoyFilter", "BackendTrafficPolicy"),
    *("ApisixPluginConfig", "ApisixGlobalRule", "ApisixConsumer", "RateLimitPolicy", "RateLimitService"),
)
_LIMITS = ("ConfigMap", *OF_ROUTES, *OF_LIMITS)
"""Where limits of requests are written."""
_SPEAKS_OF = late(r"4xx|429|rate.?limit|too many|throttl|quota|client.?error|reject|refus|error", re.IGNORECASE)
_RATE = (
    r"(?:requests?[\s_-]*(?:rates?|volumes?|counts?|throughput|per[\s_-]*(?:sec|min)\w*)"
    r"|(?:rate|volume|count|number)[\s_-]*of[\s_-]*requests|traffic(?:[\s_-]*(?:rate|volume))?|(?:\b|_)[rq]ps"
    r"|(?-i:R[Pp][Ss]|Q[Pp][Ss]))"
)
"""How much is asked, and nothing else of requests: their time, retries and backlog are what users suffer."""
_OF_MUCH = late(
    rf"{_RATE}(?:[\s_-]+\S+){{0,6}}?[\s_-]*(?:anomal|unusual|high|spik|surg|flood|ris(?:es?|ing)\b|increas|jump"
    r"|more than|above|over\b|exceed)"
    rf"|(?:anomal\w*?|unusual(?:ly)?|high|spik\w*?|surg\w*?|flood|increas\w*?)[\s_-]*(?:of |in )?{_RATE}"
    r"(?:$|[\W_]|(?-i:On|At|For|Of|To|In|From|Alert|Warning|Detected))",
    re.IGNORECASE,
)
_OF_ELSE = late(
    r"latenc|slow|duration|response.?time|p9\d|5xx|\b5\d\d\b|fail|time.?out|drop|\bf[ae]ll|below|\blow|less|fewer|success"
    r"|availab|satur|memory|cpu|queue|pending|in.?flight|active|size|cost|wait|stuck|retr(?:y|ies)|backlog|skew|lost",
    re.IGNORECASE,
)
"""An alert that so much is asked fires for who is turned away as well; one of what that does to others is no such."""
GREW = 1.2
"""So many times as much as before is asked where an alert of that can mean a client which asks too much."""
_REFUSALS = late(r"4xx|\b4(?:01|03|29)\b|client.?error|unauthori[sz]ed|forbidden", re.IGNORECASE)
"""How an alert tells that it counts the refused, so that it fires for a stranger as well."""
_EXPIRED = late(r"\bexpired\b", re.IGNORECASE)
_ENDED = late(
    r"(?:expir\w*|valid_?(?:until|to|thru)|not_?after|\bexp)[\"']?\s*(?:[=:]|at|on)\s*[\"']?"
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))",
    re.IGNORECASE,
)
"""Until when a key was good, as the one tells it who refuses it; the hour of an unknown place says nothing."""
_PARTS = late(r"[._-]")
_ATTACKS = ("intrusion", "attack_attempt", "lookup_obeyed")
_BROWSER = "Mozilla/"


@once
def held_back(view: View, workload: Workload) -> Evidence | None:
    """Return that one client alone is refused by limits, of old, and asks more than any other; None: not so.

    It is no part of the platform, and what it is not refused is served. Nobody else is refused or fails. Alerts fire,
    and all of them can mean that; where nobody measures, it has to be often enough for one.
    """
    often = FEWER if _measured(view, workload) else OFTEN
    return one_held_back(view, workload, often) if all_meant(view, workload) else None


def one_held_back(view: View, workload: Workload, least: int = 1) -> Evidence | None:
    """Return the same, whether or not an alert fires; ``least``: how many refusals tell it."""
    found = askers(view, workload)
    refused = [each for each in found if each.answers[TOO_MANY]]
    others = [each for each in found if not each.answers[TOO_MANY]]
    if len(refused) != 1 or refused[0] is not found[0] or len(others) < 2:
        return None
    one = refused[0]
    if not _is_one(view, workload, one, others) or not all(_served(each) for each in others):
        return None
    if not _as_wanted(one, least, 0 if _refused_in_part(view, workload, one, others) else SERVED):
        return None
    if limits_changed(view, workload) or any(hit.trouble in _ATTACKS for hit in view.hits):
        return None
    told = f"{one.answers[TOO_MANY]} of the last {one.told} requests of {one.name[:60]} were refused with 429, none of"
    return Evidence("logs", workload.ref, f"{told} the {sum(each.told for each in others)} of {len(others)} others")


@once
def key_ended(view: View, workload: Workload) -> Evidence | None:
    """Return that one client alone is turned away since its own key ran out, as each refusal says; None: not so.

    It asks from outside of the house, from few places: who asks from within, or is an app in the hands of many, may
    be of the platform, and somebody has to give it a new key. So may be whom its settings name, and who is missed so
    much that an alert is critical, unless that says itself that it counts refusals.
    It was refused from the end of its key on, and nobody else was since: no release or change of limits did that, nor
    ended the key.
    """
    found = askers(view, workload)
    away = [each for each in found if any(each.answers[status] for status in (*AWAY, TOO_MANY))]
    others = [each for each in found if each not in away]
    if len(away) != 1 or len(others) < 2 or not all(_served(each) for each in others):
        return None
    one = away[0]
    refusals = tuple(_refusals(view, workload, one.name))
    ends = {end for _, end in refusals if end is not None}
    if not one.named or not _is_one(view, workload, one, others) or not _from_outside(one) or one.got(200, 400):
        return None
    if len(refusals) < OFTEN or len(ends) != 1 or any(end is None for _, end in refusals):
        return None
    end, first = ends.pop(), oldest(at for at, _ in refusals)
    if first is None or not (soon_after(first, end) or (end < first and not limits_changed(view, workload))):
        return None
    if _changed_around(view, end) or _others_refused(view, workload, one.name, min(first, end)):
        return None
    if _of_the_house(view, one, others) or any(e.critical and not _REFUSALS.search(e.said) for e in view.alerts):
        return None
    if any(hit.trouble in _ATTACKS for hit in view.hits) or not all_meant(view, workload):
        return None
    told = f"{len(refusals)} requests of {one.name[:60]} were refused since its key ran out at {end:%Y-%m-%d %H:%M} UTC"
    return Evidence("logs", workload.ref, f"{told}, none of {len(others)} others", first)


@once
def new_troubles(view: View, workload: Workload) -> tuple[Marked, ...]:
    """Return the new warnings of a workload, but for those that tell of the one client who is turned away rightly."""
    found = new_warnings(view, workload)
    told = [each for each in found if answer_of(each.line) in (TOO_MANY, *AWAY) or of_limiter(each.line)]
    if told and key_ended(view, workload) is None:
        told = [each for each in told if answer_of(each.line) not in AWAY] if held_back(view, workload) else []
    return tuple(each for each in found if each not in told)


def _is_one(view: View, workload: Workload, one: Asker, others: list[Asker]) -> bool:
    """Tell whether it is a single client from elsewhere: by its login, or a program at few addresses of its own.

    What the server's limits say beside its access log must not be of another one. It may name the balancer before all
    of them, which no client's line does.
    """
    elsewhere = {address for each in others for address in each.addresses}
    if (limited(view, workload) - one.addresses) & elsewhere:
        return False
    product = one.name.partition("/")[0].partition(" ")[0]
    if view.graph.resolve(product.lower()) or any(pod.address in one.addresses for _, pod in view.pods()):
        return False
    if any(set(_PARTS.split(product.lower())) <= set(each.name.split("-")) for each in view.workloads.values()):
        return False  # portal may be how the customer-portal of the house is known
    if one.named:
        return True
    if of_many(one.name) or _of_the_house(view, one, others):
        return False
    if not one.addresses:
        # figures by client know it by this name, which may be that of an app in the hands of many
        return polls_its_own(view, workload, one.name) and _refused_in_part(view, workload, one, others)
    return one.addresses.isdisjoint(elsewhere) and 0 < len(one.addresses) <= FEW and not one.name.startswith(_BROWSER)


def _measured(view: View, workload: Workload) -> bool:
    """Tell whether figures show that many requests are refused."""
    told = [
        view.figures.now("rate_limited_ratio", component=e) for e in labels_of(view, workload.ref, "rate_limited_ratio")
    ]
    return any(ratio is not None and ratio >= ERRORS for ratio in told)


def _as_wanted(one: Asker, least: int, served: int) -> bool:
    """Tell whether a client gets what its limit lets through, and nothing but so many refusals or more beside it."""
    ok = one.got(200, 400)
    return one.answers[TOO_MANY] >= least and ok >= served and ok + one.answers[TOO_MANY] >= 0.95 * one.told


def _refused_in_part(view: View, workload: Workload, one: Asker, others: list[Asker]) -> bool:
    """Tell whether figures show that a client is refused a part of what it asks, and none of the others anything.

    A log may tell of each refusal, and of few of those that are served.
    """
    labels = labels_of(view, workload.ref, _BY_CLIENT)
    told = [view.figures.latest(_BY_CLIENT, "client", component=label) for label in labels]
    shares = {client: max(each.get(client, 0.0) for each in told) for client in set[str]().union(*told)}
    well = all(shares.get(each.name, 1.0) < ERRORS for each in others)
    if not well or shares.get(one.name, 0.0) < ERRORS:
        return False
    series = (each for label in labels for each in view.figures.series(_BY_CLIENT, component=label, client=one.name))
    return all(_stays_in_part(view, each) for each in series)


def _stays_in_part(view: View, share: Series) -> bool:
    """Tell whether a share that is refused has long been one that leaves a rest, and the rest does not dwindle.

    The share is one of some minutes: of a client that gets nothing any more it climbs until they are over.
    """
    start = (view.now - LONG).timestamp()
    values = [value for at, value in share.points if at >= start]
    if len(values) < 2 or share.points[0][0] > start or not all(ERRORS <= each < ALL for each in values):
        return False
    before, now = median(values[: len(values) // 2]), median(values[len(values) // 2 :])
    return 1 - now >= KEPT * (1 - before)


def _served(each: Asker) -> bool:
    """Tell whether nearly all requests of a client are answered well."""
    return not each.got(500, 600) and each.got(200, 400) >= 0.8 * each.told


def limits_changed(view: View, workload: Workload) -> bool:
    """Tell whether limits may have been written of late, or came with a release."""
    if releases(view, workload, DAY) or any(view.recent(at, DAY) for _, at in outside_changes(view, workload)):
        return True
    return any(view.recent(edited(obj) or created(obj), DAY) for obj in view.snapshot.of(*_LIMITS))


def _changed_around(view: View, moment: datetime) -> bool:
    """Tell whether anything of the namespace was released or written then, or a job ran that may have ended a key."""
    times = [each.released_at for each in view.workloads.values() if each.changes]
    times += [at for each in view.workloads.values() for _, at in outside_changes(view, each)]
    times += [edited(obj) or created(obj) for obj in view.snapshot.of(*_LIMITS)]
    times += [pod.started for each in view.workloads.values() if each.kind == "Job" for pod in each.pods]
    return any(at is not None and abs(at - moment) <= SOON for at in times)


def _others_refused(view: View, workload: Workload, name: str, since: datetime) -> bool:
    """Tell whether anybody but one client was refused since then, as far back as the logs go: some cease to ask."""
    for line in view.lines_of(workload):
        if answer_of(line) not in (*AWAY, TOO_MANY) or (name in line and asker_of(line)[0] == name):
            continue
        if (at := stamp(line)) is None or at >= since:
            return True
    return False


def _of_the_house(view: View, one: Asker, others: list[Asker]) -> bool:
    """Tell whether a setting of a workload names a client; a list of all clients says nothing of one."""
    name, rest = re.compile(rf"(?<![^\W_]){re.escape(one.name)}(?![^\W_])", re.IGNORECASE), [o.name for o in others]
    settings = (f"{key}={value}" for each in view.workloads.values() for key, value in view.graph.settings(each))
    return any(name.search(each) and not any(other in each for other in rest) for each in settings)


def _refusals(view: View, workload: Workload, name: str) -> Iterator[tuple[datetime | None, datetime | None]]:
    """Yield when a client was refused as unknown, and when its key ended by what the line says; None for no word."""
    for line in view.lines_of(workload):
        if name in line and answer_of(line) in AWAY and asker_of(line)[0] == name:
            ended = _ENDED.search(line) if _EXPIRED.search(line) else None
            yield stamp(line), parse_moment(ended[1]) if ended else None


def _from_outside(one: Asker) -> bool:
    """Tell whether a client asks from few addresses, all of no inner network: an app's key is used from everywhere."""
    return 0 < len(one.addresses) <= FEW and all(is_inner(each) is False for each in one.addresses)


def all_meant(view: View, workload: Workload) -> bool:
    """Tell whether alerts fire, and each can mean the refusals of a workload."""
    return bool(view.alerts) and all(_meant(view, workload, alert) for alert in view.alerts)


def _meant(view: View, workload: Workload, alert: Alert) -> bool:
    """Tell whether an alert can mean the refusals of a workload."""
    if view.about_alert(alert) not in ("", workload.ref):
        return False
    if _SPEAKS_OF.search(alert.said):
        return True
    much = _OF_MUCH.search(alert.said) and not _OF_ELSE.search(alert.said)
    return bool(much) and (traffic_growth(view, workload.ref) or 0.0) >= GREW
