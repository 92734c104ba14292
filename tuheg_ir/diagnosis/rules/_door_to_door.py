"""Who goes from door to door of the cluster with a program's account, as the cluster's own audit log tells.

A program asks for what it was written for, by its library: one that lost a right is refused the same again and again.
Who has its token in his hands asks by tools that people use, and for all that gives more power: Secrets, bindings,
tokens of others, shells in other pods. A colleague may try what an account may do as well, where he signed in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._audited import Entry, audited
from tuheg_ir.diagnosis.rules._injected import runs_for_others
from tuheg_ir.diagnosis.rules._knocking import of_the_house
from tuheg_ir.diagnosis.rules._nobody_within import nobody_within
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.rules._starved import TOGETHER
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import heard_since, speaks_of
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

DOORS = 3
"""Fewer kinds of power that somebody asks for are what a program, or a script, needs."""
BEFORE = timedelta(hours=1)
"""Who was given a shell so shortly before is who goes from door to door."""
_READS = frozenset({"get", "list", "watch"})
_POWER = (
    ("secrets", _READS, late(r"/secrets(?:[/?]|$)")),
    ("bindings of roles", frozenset({"create", "update", "patch"}), late(r"/(?:cluster)?role(?:binding)?s(?:[/?]|$)")),
    ("another account's token", frozenset({"create"}), late(r"/serviceaccounts/[^/]{1,253}/token(?:\?|$)")),
    ("a shell in a pod", frozenset({"create", "get"}), late(r"/pods/[^/]{1,253}/(?:exec|attach)(?:\?|$)")),
    ("a pod of its own", frozenset({"create"}), late(r"/(?:pods|daemonsets|deployments|jobs|cronjobs)(?:\?|$)")),
    ("nodes", _READS, late(r"/nodes(?:[/?]|$)")),
)
"""What gives more power, by its name, how it is asked for and where."""
_CHANGES = frozenset({"create", "update", "patch", "delete"})
_REVIEW = late(r"/selfsubject\w{4,20}reviews(?:\?|$)")
"""To ask what one may do changes nothing."""
_KEY = late(r"(?:^|\n)\s*(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-\S+|sk-\S+@openssh\.com) AAAA")
_OBJECT = late(r"/(?P<kind>configmaps)/(?P<name>[a-z0-9][\w.-]{0,252})(?:\?|$)")
_TERMINAL = late(
    r"\b101 GET /\S{0,200}?terminals?/\S{0,200} \((?:[0-9a-f]{32})?@?"
    rf"(?P<by>{PUBLIC})\) \d"
)
"""How a notebook's server tells that a terminal opened, and for which address; people who signed in have a name."""
_NO_TOKEN = late(r"\b(?:ServerApp|NotebookApp|IdentityProvider)\.token\s?=\s?(?:''|\"\"|\s*$)", re.MULTILINE)
_PASSWORD = late(r"\b(?:password|hashed_password)\s?=\s?u?[\"']?[\w:$*]")
_ASKS_FIRST = late(
    r"auth|oidc|whitelist|allowlist|source-?range|cidr|middleware|client-ca|snippet|waf|pomerium|envoy|istio",
    re.IGNORECASE,
)
"""In names of what a route is told, and of who stands before a program, where it asks who comes, or from where."""


def _power(call: Entry) -> str:
    """Return which power a call asks for; "" for none."""
    return next((kind for kind, verbs, at in _POWER if call.verb in verbs and at.search(call.uri)), "")


def door_to_door(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that a pod's account is refused many kinds of power, what it changed, and that no colleague sits there.

    A person has to judge who it was, unless a stranger had a shell for which nobody was asked for a login, or the audit
    log shows that nobody of the house was given one.
    """
    if workload.kind in (*BATCH, "Pod") or runs_for_others(workload) or of_the_house(workload):
        return
    alone = [pod.address for pod in workload.live if pod.address and not pod.on_host_network]
    calls = [call for address in alone for call in _calls(view).get(address, ())]
    given = {_power(call) for call in calls if call.code < 300}  # a program that lost a right had it before
    refused = [call for call in calls if call.code == 403 and _power(call) and _power(call) not in given]
    kinds = tuple(dict.fromkeys(map(_power, refused)))
    if len(kinds) < DOORS or _as_ever(view, refused):
        return
    first = refused[0]
    fact = f"{len(refused)} times its account was refused power ({', '.join(kinds)}): {first.told()}"
    yield 0.5, Evidence("logs", workload.ref, fact, first.at), True
    if (key := _key_added(view, calls)) is not None:
        yield 0.3, key, True
    if (shell := _shell_of_a_stranger(view, workload, first.at)) is not None:
        yield 0.4, shell, False
    if known := nobody_within(view, workload, refused):
        yield 0.4, Evidence("logs", f"Pod/{first.teller}", known, first.at), False


def _as_ever(view: View, calls: Sequence[Entry]) -> bool:
    """Tell whether such calls may have come all the time: the audit log hardly goes back further."""
    tellers = {call.teller for call in calls}
    heard = heard_since(log for log in view.logs if log.pod in tellers)
    return heard is None or min(call.at for call in calls) - heard <= TOGETHER


def _key_added(view: View, calls: Sequence[Entry]) -> Evidence | None:
    """Return that such a call changed a ConfigMap that holds keys by which people log in."""
    for call in calls:
        found = _OBJECT.search(call.uri) if call.verb in _CHANGES and 200 <= call.code < 300 else None
        data = mapping(view.objects("ConfigMap").get(found["name"]), "data") if found else {}
        if found and any(_KEY.search(str(value)) for value in data.values()):
            fact = f"it changed keys by which people log in: {call.told()}"
            return Evidence("objects", f"ConfigMap/{found['name']}", fact, call.at)
    return None


def _shell_of_a_stranger(view: View, workload: Workload, first: datetime) -> Evidence | None:
    """Return that an address outside was given a shell shortly before, where nobody is asked for a login."""
    if not _asks_nobody(view, workload):
        return None
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines if speaks_of(log, ("terminal",)) else ():
            found = _TERMINAL.search(line)
            at = stamp(line) if found else None
            if found and at is not None and timedelta() <= first - at <= BEFORE:
                fact = f"neither it nor its route asks for a login, and a stranger ({found['by']}) opened a terminal"
                return Evidence("logs", f"Pod/{log.pod}", f"{fact}: {line.strip()[:200]}", at)
    return None


def _asks_nobody(view: View, workload: Workload) -> bool:
    """Tell whether a route from outside leads to a notebook's server, and nobody on the way asks who comes."""
    said = [value for _, value in view.graph.settings(workload)]
    if not any(map(_NO_TOKEN.search, said)) or any(map(_PASSWORD.search, said)):
        return False
    services = {each.name for each in view.leading_to(workload.ref)}
    routes = {route.ref for route in view.routes if route.service in services}
    return bool(routes) and not any(map(_ASKS_FIRST.search, _before(view, workload, routes)))


def _before(view: View, workload: Workload, routes: Collection[str]) -> Iterator[str]:
    """Yield the names of what stands before a program: notes of its routes, settings of all, containers beside it.

    What a route of another kind than an Ingress is told stands in objects that are not known: it may ask.
    """
    for ref in routes:
        kind, _, name = ref.partition("/")
        yield from (
            mapping(view.objects("Ingress").get(name), "metadata", "annotations") if kind == "Ingress" else ("auth",)
        )
    for obj in view.snapshot.of("ConfigMap"):
        yield from (key for key in mapping(obj, "data") if key.startswith("global-auth"))
    for container in items(workload.template, "spec", "containers"):
        yield from (text(container, "name"), text(container, "image"))


@once_a_view
def _calls(view: View) -> Mapping[str, Sequence[Entry]]:
    """Return the calls of programs' accounts by tools of people, by the address that they came from, as they came."""
    found: dict[str, list[Entry]] = {}
    for call in audited(view):
        of_a_program = call.account.startswith("system:serviceaccount:") and not call.for_another
        if of_a_program and call.by_hand and not _REVIEW.search(call.uri):
            for address in call.sources:
                found.setdefault(address, []).append(call)
    return found
