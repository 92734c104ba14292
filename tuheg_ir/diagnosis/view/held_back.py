"""The one client who is turned away while all others are served: by rate limits, or since its own key ran out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import (
    Asker,
    answer_of,
    asker_of,
    askers,
    limited,
    of_many,
    served_since_refused,
)
from tuheg_ir.diagnosis.view.counted_clients import (
    ALL,
    NAMED,
    gets_nothing,
    known_as,
    labels_counted,
    let_through_of,
    refused_in_part,
)
from tuheg_ir.diagnosis.view.keyed import of_one, of_refusals, over_its_limit
from tuheg_ir.diagnosis.view.limited_behind import may_refuse_behind
from tuheg_ir.diagnosis.view.marked import Marked, new_warnings
from tuheg_ir.diagnosis.view.network import is_inner
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import created, oldest, parse_moment
from tuheg_ir.diagnosis.view.refusals_meant import all_meant, counts_more
from tuheg_ir.diagnosis.view.refused_shares import REFUSED, many_refused
from tuheg_ir.diagnosis.view.releases import SOON, releases, soon_after
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
OTHERS = 2
"""Of one other who is let through alone nobody can tell which of the two is treated in another way."""
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
    if len(refused) != 1:
        return None
    one = refused[0]
    let_through = let_through_of(view, workload, one)
    in_part = refused_in_part(view, workload, one, others)
    if one is not found[0] and not (in_part and all(_each_asks(other) <= one.told for other in others)):
        return None
    names = {each.name for each in others}
    login = known_as(view, workload, one)
    # where figures have other names than the log, the same ones would be told twice
    names = names | let_through if login == one.name else max(names, let_through, key=len)
    if len(names | (served_since_refused(view, workload, one.name) if len(names) < OTHERS else set())) < OTHERS:
        return None
    if not _is_one(view, workload, one, others) or not _all_served(view, others):
        return None
    rest = in_part or (over_its_limit(view, workload, one.name) and not gets_nothing(view, workload, one))
    if not _as_wanted(one, min(least, NAMED) if in_part else least, 0 if rest else SERVED):
        return None
    if limits_changed(view, workload) or any(hit.trouble in _ATTACKS for hit in view.hits):
        return None
    who = one.name[:60] if login == one.name else f"{one.name[:60]} ({login[:60]} by the figures)"
    told = f"{one.answers[TOO_MANY]} of the last {one.told} requests of {who} were refused with 429, none of"
    if len(others) < OTHERS and let_through:
        return Evidence("logs", workload.ref, f"{told} {', '.join(sorted(let_through)[:4])}, by the figures")
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
    if len(away) != 1 or len(others) < OTHERS or not _all_served(view, others):
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
    told = [each for each in found if answer_of(each.line) in (TOO_MANY, *AWAY) or of_refusals(view, workload, each)]
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
    if _is_ours(view, product) or any(pod.address in one.addresses for _, pod in view.pods()):
        return False
    login = known_as(view, workload, one)
    if login != one.name and (_is_ours(view, login) or _logs_in(view, login)):
        return False
    if one.named:
        return not (of_many(one.name) or len(one.addresses) > FEW or _logs_in(view, one.name))
    if of_many(one.name) or _of_the_house(view, one, others):
        return False
    if not one.addresses:
        # figures by client know it by this name, which may be that of an app in the hands of many
        return of_one(view, workload, one.name) and refused_in_part(view, workload, one, others)
    return one.addresses.isdisjoint(elsewhere) and 0 < len(one.addresses) <= FEW and not one.name.startswith(_BROWSER)


def _is_ours(view: View, name: str) -> bool:
    """Tell whether a client is called as a workload is: portal may be how the customer-portal of the house is known."""
    parts = set(_PARTS.split(name.lower()))
    return bool(view.graph.resolve(name.lower())) or any(
        parts <= set(each.name.split("-")) for each in view.workloads.values()
    )


def _each_asks(other: Asker) -> float:
    """Return how much one of those asks who use a program: at many addresses it is in the hands of many."""
    return other.told / len(other.addresses) if not other.named and len(other.addresses) > FEW else other.told


def _measured(view: View, workload: Workload) -> bool:
    """Tell whether figures show that many requests are refused."""
    return many_refused(view, labels_counted(view, workload, REFUSED))


def _as_wanted(one: Asker, least: int, served: int) -> bool:
    """Tell whether a client gets what its limit lets through, and nothing but so many refusals or more beside it."""
    ok = one.got(200, 400)
    return one.answers[TOO_MANY] >= least and ok >= served and ok + one.answers[TOO_MANY] >= 0.95 * one.told


def _all_served(view: View, others: list[Asker]) -> bool:
    """Tell whether most requests of each are answered well, and nearly all where an alert counts what else is not."""
    if not all(not each.got(500, 600) and each.got(200, 400) >= 0.8 * each.told for each in others):
        return False
    return not counts_more(view) or sum(o.got(200, 400) for o in others) >= ALL * sum(o.told for o in others)


def limits_changed(view: View, workload: Workload) -> bool:
    """Tell whether limits may have been written of late, or came with a release: its own, or of who is behind it."""
    for each in (workload, *may_refuse_behind(view, workload)):
        if releases(view, each, DAY) or any(view.recent(at, DAY) for _, at in outside_changes(view, each)):
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


def _logs_in(view: View, name: str) -> bool:
    """Tell whether a setting of a workload is the very name with which a client logs in."""
    return any(value == name for each in view.workloads.values() for _, value in view.graph.settings(each))


def _refusals(view: View, workload: Workload, name: str) -> Iterator[tuple[datetime | None, datetime | None]]:
    """Yield when a client was refused as unknown, and when its key ended by what the line says; None for no word."""
    for line in view.lines_of(workload):
        if name in line and answer_of(line) in AWAY and asker_of(line)[0] == name:
            ended = _ENDED.search(line) if _EXPIRED.search(line) else None
            yield stamp(line), parse_moment(ended[1]) if ended else None


def _from_outside(one: Asker) -> bool:
    """Tell whether a client asks from few addresses, all of no inner network: an app's key is used from everywhere."""
    return 0 < len(one.addresses) <= FEW and all(is_inner(each) is False for each in one.addresses)
