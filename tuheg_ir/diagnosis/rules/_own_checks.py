"""What a program checks of the tokens that it is shown by settings of its own, and whether a release loosened it."""

from __future__ import annotations

import re
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._claims import AUDIENCE, ISSUER, Claim, Set
from tuheg_ir.diagnosis.rules._replaced import KEY, Kept
from tuheg_ir.diagnosis.seal import seal

_NOT_OF_TOKENS = r"^(?!.*(?:webhook|\bimage\b|cosign|certificate|\bs3\b|x-hub-|AWS4))"
"""Else than tokens is signed as well."""
SCOPE = Claim(
    "scope",
    Kept(
        "the scopes of tokens",
        ("scope", "Scope"),
        late(
            r"\binsufficient[_ -]?scopes?\b|InsufficientScope"
            r"|\b(?:missing|lacks?|without|needs?|requires?) (?:\w{1,5} )?(?:required |necessary )?scopes?\b"
            r"|\brequired scopes?\b.{0,80}\b(?:missing|absent|not (?:granted|present|found))"
            r"|\bscopes? .{0,80}\b(?:is|are|was|were) (?:missing|insufficient|not (?:granted|present|sufficient))"
            r"|\binvalid (?:token )?scopes?\b",
            re.IGNORECASE,
        ),
        timedelta(hours=1),
    ),
    late(
        r"(?<![\w.-])-{0,2}scopes?(?![\w-])"
        r"|(?:requir|need|demand|allow|accept|expect|access|bearer|jwt|auth|oidc|token)"
        r"(?:(?!cache|log|metric|trac)[\w.-]){0,20}scopes?(?![a-z])"
        r"|(?<![a-z])scopes?[-_.]?(?:requir|need|demand|allow|accept|expect)",
        re.IGNORECASE,
    ),
    all_of=True,
)
"""RFC 6750's word, which most servers answer, and those of Auth0's, of Spring's, of gateways.

Caches, traces and much else have scopes too: a setting of tokens is called by more than that, or by that alone.
"""
SIGNATURE = Claim(
    "key",
    Kept(
        "the signature of tokens",
        ("ignature", "SIGNATURE", *KEY.hints),
        late(
            rf"{KEY.told.pattern}|{_NOT_OF_TOKENS}.*(?:"
            r"\bsignature verification (?:has )?failed"
            r"|\b(?:JsonWebTokenError|jwt|jws|token)\b.{0,60}\binvalid signature"
            r"|\binvalid signature\b.{0,60}\b(?:jwt|jws|token)\b|\btoken signature is invalid|\bsignature is invalid"
            r"|ERR_JWS_SIGNATURE_VERIFICATION_FAILED|\bJWT signature does not match|\bIDX105(?:00|04|11|17)\b"
            r"|Signature resulted invalid when verified|\bInvalidSignatureError|JWT rejected: Invalid signature)",
            re.IGNORECASE,
        ),
        timedelta(hours=1),
    ),
    late(
        r"jwks?|(?<!tls_)(?<!ssl_)(?:jwt|token|oidc|auth)(?!\w{0,20}(?:tls|ssl|csrf|cookie|cache|api_?key))"
        r"\w{0,20}(?:key|secret|cert)s?(?![a-z])|(?:public|private)[-_.]?keys?(?![a-z])"
        r"|(?:signing|verif\w{1,8})[-_.]?(?:key|secret)s?(?![a-z])",
        re.IGNORECASE,
    ),
)
"""jsonwebtoken, jose, PyJWT, golang-jwt, jjwt, java-jwt, Nimbus, .NET, and all that tell of keys in a set."""
CHECKS = (AUDIENCE, ISSUER, SCOPE, SIGNATURE)

_FOR_ALL = ("", "*", "any", "all", "none", "off", "no", "false", "0", "disabled")
"""What a setting says by which nothing is checked."""
_SWITCH = (*_FOR_ALL, "on", "yes", "true", "1", "enabled")


def unchecked_before(each: Set) -> bool:
    """Tell whether nothing was checked before a release, or a check was switched: to go back may let anybody in."""
    return _is(each, each.before, _FOR_ALL) or (_is(each, each.before, _SWITCH) and _is(each, each.after, _SWITCH))


def _is(each: Set, value: str, words: tuple[str, ...]) -> bool:
    return value.lower() in words or any(word and seal(word, each.name) == value for word in words)


def may_be_given_up(claim: Claim) -> bool:
    """Tell whether a value that nobody else has any more may be given up for good: a key that others got hold of.

    Whoever signs may be outside, or has his key by any name, of a file: what is signed since is good by the new one.
    """
    return claim is SIGNATURE
