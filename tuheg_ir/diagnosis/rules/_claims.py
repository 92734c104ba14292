"""What a token says of itself that is checked by who gets it: for whom it is, and of whom.

Each side has its own setting of it. Who checks says in plain words which of both it does not take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._replaced import Kept
from tuheg_ir.diagnosis.seal import is_seal, seal
from tuheg_ir.diagnosis.view.changes import words_given
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LIVES = timedelta(hours=1)
"""A token lives as long as this, as a rule: by then everybody has got one of the new ones."""
_LONGEST = 4000
"""So much of a setting, which may be a whole file, is looked at."""
_REFERENCE = "Ref'"
"""In place of a value it stands elsewhere: the words of where are no values."""


class Claim(NamedTuple):
    """One claim of a token: how it is told that it is not taken, and what the settings of it are called.

    drawn: what settings are called that an issuer draws it from where none names it; None: there are none. based: what
    those are called that name an address only under which it lies: who checks has a longer one, to each realm its own.
    all_of: a token has to have each of several values, not one of them.
    """

    what: str
    refused: Kept
    named: re.Pattern[str]
    drawn: re.Pattern[str] | None = None
    based: re.Pattern[str] | None = None
    all_of: bool = False


class Set(NamedTuple):
    """A setting of a claim that a release changed; "" where nobody can read what it was or is.

    drawn: the claim is drawn from it only, so that nobody who checks tokens has its value.
    """

    name: str
    before: str
    after: str
    drawn: bool = False

    def told(self) -> str:
        """Return the change as a few words; what is sealed says nothing."""
        was, now = ("(hidden)" if is_seal(value) else value or "unset" for value in (self.before, self.after))
        return f"{self.name} {was} -> {now}"


def _kept(word: str, short: str, others: str) -> Kept:
    told = late(
        rf"\b{short} claim is not (?:valid|equal)|\bjwt {word} invalid|unexpected \W{{0,3}}{short}\W{{1,3}}"
        r"(?:claim )?value"
        rf"|\binvalid[_ ](?:token )?{word}s?\b(?!.{{0,40}}certificate)|\bInvalid{word}|\b{word} validation failed"
        rf"|\bInvalid claim \W{{0,3}}{short}\b|\W{short}\W{{1,3}}not satisfied|\bExpected {short} claim to be\b"
        rf"|\b(?:JWT|token) {word} rejected|\({short}\) claim .{{0,200}}(?:doesn't|does not) (?:contain|match)"
        rf"|\bClaim \W{{0,3}}{short}\W{{1,3}}value (?:doesn't|does not)|{others}",
        re.IGNORECASE,
    )
    return Kept(f"the {word} of tokens", (short, word, word.capitalize(), "IDX102"), told, LIVES)


AUDIENCE = Claim(
    "audience",
    _kept(
        "audience",
        "aud",
        r"\bIDX102(?:06|08|14)\b|Audience doesn't match|\bexpected audience .{1,80} got\b"
        r"|Audiences in Jwt are not allowed"
        r"|not allowed to be used by this audience|Expected audience not available in the token"
        r"|does not match with any of allowed audiences",
    ),
    late(r"(?<![a-z])aud(?:ience)?s?(?![a-z])|audiences?(?![a-z])", re.IGNORECASE),
)
ISSUER = Claim(
    "issuer",
    _kept(
        "issuer",
        "iss",
        r"\bIDX102(?:05|11)\b|issued by a different provider|Jwt issuer is not configured"
        r"|was not issued by the given issuers",
    ),
    late(
        r"(?<![a-z])iss(?:uers?)?(?![a-z])|issuer_?ur[il]|(?:public|external|frontend)_?ur[il]|kc_hostname",
        re.IGNORECASE,
    ),
    late(
        r"forwarded|\bxff|address[-_.]?forwarding|proxy[-_.]?(?:headers?|ssl[-_.]?header)|\bkc_proxy"
        r"|trust(?:ed)?[-_.]?prox(?:y|ies)|external[-_.]?(?:secure|domain|port|host|scheme|proto)",
        re.IGNORECASE,
    ),
    late(r"(?:public|external|frontend)_?ur[il]|kc_hostname", re.IGNORECASE),
)
"""An issuer that is told no name of its own has that by which it was asked, as far as it believes the proxy before it.

Keycloak's, Spring's, .NET's, Django's, uvicorn's, authentik's, Zitadel's.
"""
CLAIMS = (AUDIENCE, ISSUER)
"""Spring, jsonwebtoken, jose, .NET, PyJWT, python-jose, golang-jwt, jwx, go-oidc, jjwt, Nimbus, java-jwt, jose4j,
ruby-jwt, Rust's, Authlib, lcobucci's, Envoy, Keycloak, oauth2-proxy.
"""


def changed(workload: Workload, claim: Claim) -> list[Set]:
    """Return the settings of a claim that a release changed; not where all that was taken before is taken still."""
    return _changed(workload, claim.named, all_of=claim.all_of)


def made_otherwise(workload: Workload, claim: Claim) -> list[Set]:
    """Return the settings that a release of an issuer changed of which it makes a claim: its own, else what is drawn.

    Who is told its whole address believes no proxy about it.
    """
    found = changed(workload, claim)
    told = any("://" in value for _, value in _given(workload.template, claim.named))
    if found or claim.drawn is None or told:
        return found
    return [each._replace(drawn=True) for each in _changed(workload, claim.drawn)]


def _changed(workload: Workload, named: re.Pattern[str], *, all_of: bool = False) -> list[Set]:
    was, now = (dict(_given(each, named)) for each in (template_before(workload), workload.template))
    found = [Set(key, was.get(key, ""), now.get(key, "")) for key in {**was, **now} if was.get(key) != now.get(key)]
    return [each for each in found if not _looser(each, all_of=all_of)]


def _looser(each: Set, *, all_of: bool) -> bool:
    """Tell whether a setting names more than before, of which one is enough, or fewer, of which all have to be there.

    A setting of which one is enough that is new may be the first check of all; one that is gone leaves a default.
    """
    before, after = _parts(each.before), _parts(each.after)
    return after <= before if all_of else bool(before) and before <= after


def holds(view: View, workload: Workload, claim: Claim, of: Set, value: str) -> bool:
    """Tell whether a workload's settings of a claim have one of the values of another's, alone or beside others.

    What is sealed, as its name sounds like a secret's, is compared by what the other text would be sealed to. All
    others are compared as wholes: a name that another one begins with is a different name.
    """
    based = claim.based is not None and claim.based.search(of.name) is not None
    values = [] if of.drawn or _REFERENCE in value else _parts(value)
    return any(
        seal(part, of.name) == each if is_seal(each) else part == each or (based and _under(part, each, of))
        for said in _said(view, workload, claim, of)
        for part in _parts(said)
        for each in values
    )


def _under(address: str, base: str, of: Set) -> bool:
    """Tell whether an address lies under a base, and not under the other one of a release, which lies there itself."""
    others = (each for each in (of.before, of.after) if _lies_under(each, base))
    return _lies_under(address, base) and not any(other == address or _lies_under(address, other) for other in others)


def _lies_under(address: str, base: str) -> bool:
    """Tell whether an address goes on with a path where a base, with or without its scheme, ends."""
    whole = address if "://" in base else address.partition("://")[2] or address
    rest = whole.removeprefix(base.rstrip("/"))
    return bool(base) and rest != whole and rest.startswith("/") and rest != "/"


def tells_its_own(view: View, workload: Workload, claim: Claim, of: Set) -> bool:
    """Tell whether it can be read which value of a claim a program takes."""
    return any(_said(view, workload, claim, of))


def _said(view: View, workload: Workload, claim: Claim, of: Set) -> Iterator[str]:
    """Yield the settings of a workload that are of a claim: by their names, or words and files that name it.

    Not those that are sealed under another name: nothing can be compared with them.
    """
    for key, value in view.graph.settings(workload):
        own = claim.named.search(key) or (_is_text(key) and claim.named.search(value[:_LONGEST]))
        if value and own and (not is_seal(value) or key == of.name):
            yield value[:_LONGEST]


def _is_text(key: str) -> bool:
    """Tell whether a setting is a word of a command, or a file that holds settings of its own."""
    return not key or "." in key


def _parts(value: str) -> set[str]:
    return {each for each in re.split(r"[,;\s=\"'\[\]{}<>]+", value) if each}


def _given(template: Mapping[str, Any], named: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of what a template itself sets of a claim, in variables and words of commands."""
    for container in items(template, "spec", "containers"):
        for entry in items(container, "env"):
            if named.search(text(entry, "name")):
                yield text(entry, "name"), text(entry, "value") or str(entry.get("valueFrom") or "")
        words = words_given(container)
        for word, after in zip(words, (*words[1:], ""), strict=False):
            name, _, value = word.partition("=")
            if name.startswith("-") and named.search(name):
                yield name, value or after
