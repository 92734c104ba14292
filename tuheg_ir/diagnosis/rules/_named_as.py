"""By which names a program knows whom it calls: those of its own settings, and what is left of a Service's name.

A client has a name of its own for whom it asks: `Retry 'rates'`, RATES_RETRIES beside RATES_URL. None of these has to
be the name of a Service, and a library's lines of its tries tell no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._asked_hosts import asks
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OF_NOBODY = late(
    r"retr(?:y|ies)|attempts?|tr(?:y|ies)|max(?:imum)?|num(?:ber)?|count|limit|total|default|global|common|j|n"
    r"|https?|rpc|grpc|rest|api|clients?|calls?|requests?|req|(?:up|down)stream|backend|remote|outbound|svc|services?"
    r"|servers?|app(?:lication)?|spring|cloud|openfeign|feign|axios|okhttp|resilience|polly|envoy|policy|config"
    r"|settings|opt(?:ion)?s|args|command|env|template|backoff|on|errors?|failure"
)
"""Words of the names of settings and Services that say nothing of who is asked."""
_LABEL = late(
    # `Retry 'rates'`, `[rates]`, `Source: 'rates/Standard-Retry'`: what a library calls the client that it watches.
    r"(?<!\w)[\"'\[`]([a-z][\w.-]{2,60})[\"'\]`/]"
    r"|\b(?:client|service|dependency|upstream|downstream|target|remote|peer|instance|backend|callee|policy|name)"
    r"[\"']{0,2}[=:] ?[\"']?([a-z][\w.-]{2,60})"
    # `rates: attempt 3/10`, `rates attempt 3/10`, `rates call failed`, `RatesClient: try 3`, `rates-client`.
    r"|(?<![\w.'-])([a-z][\w-]{2,60})(?=: (?:attempt|retry|try)| (?:attempt|retry|try) #?\d"
    r"| (?:call|request|lookup) (?:failed|timed))"
    r"|\b([a-z]\w{2,60})(?:[_-]?client)\b",
    re.IGNORECASE,
)
"""Where a line of a client names whom it asks by another name than that of a host."""
_BEHIND = late(
    r"(?<![\w./-])(?:upstream|downstream|backend|dependency)[\s:,]{1,2}(?:attempts?|calls?|did|errors?|fail\w{0,4}|gave|has"
    r"|is|not|requests?|respon\w{1,4}|retr\w{1,6}|server|service|slow|timed|timeouts?|too|took|tries|try|un\w{1,12}|was)\b",
    re.IGNORECASE,
)
"""How a program that calls one other alone speaks of it, with no name behind the word: `upstream timeout`."""
_BEFORE = late(r"(?<![\w./-])([A-Za-z][\w.-]*)[\s:,(\[]{1,12}$")
_NO_NAME = late(
    r"warn(?:ing)?|err|info|debug|trace|notice|crit(?:ical)?|fatal|severe|msg|message|event|caused?|reason|by|the|an?|its?"
    r"|our|my|this|that|one|to|from|of|for|with|on|at|in|and|but|while|when|as|because|since|after|before|until|if|is|was"
    r"|has|all|each|every|some|no|fail\w*|timeouts?|timed|out|(?:a?wait|call)ing|slow|only|single",
    re.IGNORECASE,
)
"""What may stand directly before that without naming anybody: a level, a word of a sentence."""
_PARTS = late(r"[A-Z]?[a-z]+|[A-Z]+")
_WHERE = late(r"(?:ur[li]|host|addr(?:ess)?|endpoint|dsn|target|server)s?$", re.IGNORECASE)
"""Settings that lead to somebody."""
_LONGEST = 600
_SHORTEST = 4
"""A name that is shorter stands for many things."""


def names(view: View, caller: Workload, callee: Workload, line: str) -> bool:
    """Tell whether a line of a caller speaks of one that it calls: by its host, or by the caller's name for it."""
    hosts = set(hosts_named([line]))
    if callee.ref in map(view.graph.resolve, hosts):
        return True
    if any(view.graph.resolve(host) or view.graph.is_away(host) for host in hosts):
        return False
    told = {label.lower() for found in _LABEL.finditer(line[:_LONGEST]) for label in found.groups() if label}
    meant = [_means(view, caller, label) for label in (*told, *hosts) if len(label) >= _SHORTEST]
    if {callee.ref} in meant:
        return True
    return not any(meant) and _by_no_name(caller, callee, line[:_LONGEST]) and _calls_alone(view, caller, callee)


def _by_no_name(caller: Workload, callee: Workload, line: str) -> bool:
    """Tell whether a line speaks of one that is called, and names nobody else directly before: `dhl backend failed`.

    A logger may stand there, which bears the name of its program.
    """
    own = {word.lower() for each in (caller.name, callee.name) for word in _PARTS.findall(each)}
    own = {word for word in own if len(word) >= _SHORTEST - 1 and not OF_NOBODY.fullmatch(word)}
    said = [_BEFORE.search(line, 0, each.start()) for each in _BEHIND.finditer(line)]
    names = [each[1] for each in said if each and not (_NO_NAME.fullmatch(each[1]) or OF_NOBODY.fullmatch(each[1]))]
    return bool(said) and all(own & {word.lower() for word in _PARTS.findall(name)} for name in names)


def _calls_alone(view: View, caller: Workload, callee: Workload) -> bool:
    """Tell whether a workload calls one other and nobody else, here or outside, as far as its settings tell."""
    if [each.ref for each in view.called(caller.ref)] != [callee.ref]:
        return False
    unseen = any(_WHERE.search(key) for key, value in view.graph.settings(caller) if key and not value)
    return not unseen and not any(view.graph.is_away(host) for host in asks(view, caller))


def leads_by(view: View, caller: Workload, words: Sequence[str]) -> set[str]:
    """Return where a caller's own variables lead to that are called by as many of some words as any are.

    A host that none of the namespace has stands for itself; nothing if no variable is called so. Words that many have
    tell of one only where a variable has no other: API_URL beside API_RETRIES.
    """
    nobodys = all(OF_NOBODY.fullmatch(each.lower()) for each in words)
    own = {caller.ref} if nobodys else set()  # APP_URL may be where it is itself
    for length in range(len(words), 0, -1):
        spans = (words[n : n + length] for n in range(len(words) - length + 1))
        telling = [
            "_".join(span) for span in spans if nobodys or not all(OF_NOBODY.fullmatch(each.lower()) for each in span)
        ]
        hosts = {host for label in telling for host in view.graph.hosts_meant(caller.ref, label, alone=nobodys)}
        if led_to := _known(view, hosts) - own:
            return led_to
    return set()


def _known(view: View, hosts: Iterable[str]) -> set[str]:
    """Return whose some hosts are; one that none of the namespace has stands for itself."""
    return {view.graph.resolve(host) or host for host in hosts if not _unknown(view, host)}


def _unknown(view: View, host: str) -> bool:
    """Tell whether nobody knows where a host is: a variable in its place, a name that none of the namespace has."""
    return not view.graph.resolve(host) and not view.graph.is_away(host)


def _means(view: View, caller: Workload, label: str) -> set[str]:
    """Return whom a caller means by a name: whom its variable of that name leads to, else all that are called so."""
    if led_to := _known(view, view.graph.hosts_meant(caller.ref, label)):
        return led_to
    return {each.ref for each in view.called(caller.ref) if label in (each.name.lower(), _short(each.name.lower()))}


def _short(called: str) -> str:
    """Return what is left of a name without the words that many have: tariff of tariff-svc."""
    return "-".join(part for part in called.split("-") if not OF_NOBODY.fullmatch(part))
