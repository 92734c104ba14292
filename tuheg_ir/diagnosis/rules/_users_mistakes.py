"""What a program warns of that its users do by themselves, whatever was released behind it.

Some mistype a password, some send more than they are asked for.
"""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._own_names import led_by
from tuheg_ir.diagnosis.view.askers import names_a_host
from tuheg_ir.diagnosis.view.marked import Marked
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_DEED = r"(?:sign|log)[ _-]?(?:in|on)s?|authenticat\w+"
_MISTAKE = late(
    r"(?:bad|wrong|invalid|incorrect)[ _-](?:(?:user(?: ?name)?|e-?mail|login)(?: or |/))?"
    r"(?:credentials?|password|passphrase|pin|otp|passcode|captcha)\b|password (?:mismatch|does not match)",
    re.IGNORECASE,
)
"""How programs tell that somebody gave another word than his own."""
_DONE = late(
    rf"\b(?:{_DEED})\b.{{0,40}}?\b(?:succe\w+|ok|accepted|granted)\b|\bsuccess\w* .{{0,20}}?\b(?:{_DEED})\b"
    r"|\b(?:logged|signed)[ _-]?in\b",
    re.IGNORECASE,
)
"""How they tell that it was the right one."""
TIMES = 5
"""Of so many logins one may fail by the hand of who logs in; where more do it may be the program."""
_ASKER = r"(?:client|caller|browser|requester|user[ -]?agent)s?"
_OF_NO_USE = (
    r"\b(?:unknown|unexpected|unrecogni[sz]ed|unsupported|undeclared|undocumented|obsolete|legacy|extra"
    r"|additional|outdated)\b[^.,;:{}]{0,30}?\b(?:fields?|propert(?:y|ies)|attributes?|members?|keys?|arguments?"
    r"|param(?:eter)?s?|headers?|options?|(?:api|protocol) versions?)\b"
)
_SENT = late(
    rf"\b{_ASKER} (?:ha(?:s|ve) )?(?:sen[dt]s?|suppl(?:y|ie[sd])|pass(?:e[sd])?|provide[sd]?|submit(?:s|ted)?|use[sd]?)"
    rf" (?:an? |the |some )?{_OF_NO_USE}"
    rf"|{_OF_NO_USE}[^{{}}]{{0,60}}?\b(?:(?:in|from|of|by) (?:an? |the )?(?:(?:incoming|inbound|received) )?"
    r"(?:(?:caller|browser|requester|user[ -]?agent)s?|(?:http |client )?requests?)"
    r"|(?:sent|supplied|passed|provided|submitted|used) by (?:an? |the )?clients?)\b"
    r"(?!(?: body| payload| header)? (?:to|towards|for|against)\b)",
    re.IGNORECASE,
)
"""How programs tell that who asks sent what they have no use for; a request to somebody is one of their own.

So may a client be that is not told to have sent it: the one that reads the answers of whom they ask.
"""
_OF_PAGES = late(
    r"(?:^|[/._-])(?:front(?:end)?|web(?:app|site|ui|shop)?|www|pages?|sites?|store-?front|ui|spa|pwa|portal|html|static"
    r"|assets|cms|ssr|next(?:js)?|nuxt|nginx|httpd|apache|caddy)(?=[._:@-]|\d|$)",
    re.IGNORECASE,
)
"""How who hands pages to browsers is called, or what he runs."""
_ANSWERED = late(
    r"\b(?:answer|respon|repl(?:y|ie)|return|reject|refuse|fail|upstream|backend|downstream|bad.?request|says\b|said\b"
    r"|got\b|status\b)|(?<![\d.,:])4\d\d\b",
    re.IGNORECASE,
)
"""Whom a program asks may have answered so: then it is the program that sends what he has no use for any more."""


def of_who_asks(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether words are of what those who ask a program send it, and the released is only one whom it asks itself.

    Pages that a release brings to browsers make these send something else: who is neither may be the site's own, and an
    edge asks for the pages that it hands on. And an error may be of an answer in words that are near.
    """
    line = words.line
    if words.error or not _SENT.search(line) or _ANSWERED.search(line):
        return False
    if names_a_host(line) or names(line.lower(), released.name.lower()):
        return False
    if _may_serve_pages(view, released):
        return False
    return released.ref in view.graph.needs(workload.ref) - view.graph.callers(workload.ref)


def _may_serve_pages(view: View, workload: Workload) -> bool:
    """Tell whether a workload may hand pages to browsers: users are led to it, or it is called so."""
    images = (text(each, "image") for each in items(workload.template, "spec", "containers"))
    return bool(led_by(view, workload)) or any(map(_OF_PAGES.search, (workload.name, *images)))


def users_mistake(view: View, workload: Workload, words: Marked) -> bool:
    """Tell whether words are of users who mistype, while the same program tells of many more who do not."""
    if words.error or not _MISTAKE.search(words.line):
        return False
    done = sum(_DONE.search(line) is not None and not _MISTAKE.search(line) for line in view.lines_of(workload))
    return done >= TIMES * words.count
