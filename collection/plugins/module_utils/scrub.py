# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take secrets out of what is kept: by the name beside a value, and by the value's own shape."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

HIDDEN = "***"
_PASSWORDS = r"passw(?:or)?d|passphrase|requirepass|masterauth|(?<![a-z])pwd(?![a-z])"
_OTHERS = r"secret|token|credential|authorization|(?:api|access|account|client|private|signing)[_-]?key"
_WORDS = f"{_PASSWORDS}|{_OTHERS}"
_NO_FAULT = r"(?<!error)(?<!exception)(?<!failure)"
_WORD = rf"[\w.-]*(?:{_WORDS})[\w.-]*{_NO_FAULT}"
_NAME = rf"(?<![\w.-]){_WORD}"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_QUOTE = r"\\*[\"']"
_GIVEN = rf"{_NAME}(?:{_QUOTE})?\s*[:=]\s*"
# What is behind a colon may be what a program says about a file, an address, a token: "api_key: no such file".
_TOLD = rf"(?<![\w./-])[\w.-]*(?:{{}})[\w.-]*{_NO_FAULT}(?:{_QUOTE})?\s*:\s*"
_PLAIN = r"\*\*\*|(?:yes|no|true|false|null|nil|none)\b"
_PROSE = r"(?:(?-i:[A-Z]?[a-z]+)|\d{3})[:,]? [a-z(]"
_VALUE = r"[^\s\"'\\,;&}\]]+"
_SCHEMES = "basic|bearer|digest|negotiate|ntlm|token|api-?key|key|hawk|oauth"
_HOOKS = (
    r"hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks|webhook\.office\.com"
    r"|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook"
)
_IN_ANY_CASE = (
    # a private key, whole or cut off
    (r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", HIDDEN),
    # authorization: Bearer abc, in a header or a log; cookies
    (rf"(authorization(?:{_QUOTE})?\s*[:=]\s*(?:{_QUOTE})?)(?:(?:{_SCHEMES})\s+)?[^\s\"'\\,;]+", rf"\1{HIDDEN}"),
    (r"\b(bearer)\s+(?=(?-i:\S*[\dA-Z])|\S{20})[\w.~+/=-]{6,}", rf"\1 {HIDDEN}"),
    (r"\b(basic)\s+(?=\S*[\d=])[\w.~+/=-]{6,}", rf"\1 {HIDDEN}"),
    (rf"(\b(?:set-)?cookie(?:{_QUOTE})?\s*[:=]\s*(?:{_QUOTE})?)[\w.-]+=[^\"'\\\n]+", rf"\1{HIDDEN}"),
    # scheme://user:password@host; scheme://token@host; user:password@tcp(host)
    (r"(\b[\w+.-]{1,40}://[^\s:/@]*):[^\s/\"'<>]+@", rf"\1:{HIDDEN}@"),
    (r"(\b[\w+.-]{1,40}://)[\w-]{16,}@", rf"\1{HIDDEN}@"),
    (r"\b([\w.-]{1,80}):[^\s:@]+@(tcp|unix)\(", rf"\1:{HIDDEN}@\2("),
    # password=abc, "token": "abc", \"token\": \"abc\", --api-key abc; what is quoted stays so, up to its line's end
    (rf"({_GIVEN}({_QUOTE}))(?:(?!\2).)*(?:\2|$)", rf"\1{HIDDEN}\2"),
    (rf"({_NAME}(?:{_QUOTE})?\s*=\s*)(?!{_PLAIN}){_VALUE}", rf"\1{HIDDEN}"),
    (rf"({_TOLD.format(_PASSWORDS)})(?!{_PLAIN}){_VALUE}", rf"\1{HIDDEN}"),
    (rf"({_TOLD.format(_OTHERS)})(?!{_PLAIN}|{_PROSE}){_VALUE}", rf"\1{HIDDEN}"),
    (rf"((?<![\w-])--[\w-]*(?:{_WORDS})[\w-]*\s+)[^\s\"',;-][^\s\"',;]*", rf"\1{HIDDEN}"),
    # signed addresses, and those by which anybody may write to a chat
    (r"([?&](?:sig|signature|x-amz-signature|x-goog-signature)=)[^&\s\"']+", rf"\1{HIDDEN}"),
    (rf"(\b(?:{_HOOKS})/)[\w/@-]+", rf"\1{HIDDEN}"),
)
_AS_WRITTEN = (
    # what clients of stores and of HTTP take on their command line
    (r"(\bredis-cli\b[^\n]{0,200}? (?:-a|--pass) )[^\s\"',]+", rf"\1{HIDDEN}"),
    (r"(\b(?:mysql|mariadb)(?:dump|admin|-\w+)?\b[^\n]{0,200}? -p)[^\s\"',]+", rf"\1{HIDDEN}"),
    (r"(\bcurl\b[^\n]{0,200}? (?:-u|--user)[ =]?[^\s:]+:)[^\s\"',]+", rf"\1{HIDDEN}"),
    # a JSON web token, and the keys of clouds, forges, payments, mail and chats, anywhere
    (r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*", HIDDEN),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bnpm_[A-Za-z0-9]{36}\b|\bhvs\.[\w-]{20,}", HIDDEN),
    (r"\b(?:gh[opsu]|github_pat|dop_v1|[rs]k_(?:live|test))_\w{10,}", HIDDEN),
    (r"\b(?:glpat|xox[abeprs])-[\w-]{10,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bbot\d{6,}:[\w-]{30,}", HIDDEN),
)
_SHAPES = tuple(
    (re.compile(pattern, re.MULTILINE | case), kept)
    for shapes, case in ((_IN_ANY_CASE, re.IGNORECASE), (_AS_WRITTEN, re.NOFLAG))
    for pattern, kept in shapes
)
# What any of them needs; most texts have none of it and are not searched further.
_HINT = re.compile(
    rf"{_WORDS}|bearer|basic|@|cookie|BEGIN |eyJ|AKIA|ASIA|AIza|gh[opsu]_|github_pat|glpat|xox|npm_|hvs\.|dop_v1_"
    r"|k_live|k_test|\bSG\.|bot\d|signature=|[?&]sig=|hook|redis-cli|curl|(?:mysql|mariadb).{0,220} -p",
    re.IGNORECASE,
)
_FLAG = re.compile(rf"-{_WORD}", re.IGNORECASE)
_STORES = re.compile(r"(?:^|/)(?:mysql|mariadb)(?:dump|admin|-\w+)?$")


def is_secret_name(name: str) -> bool:
    """Tell whether a value under this name is to be hidden."""
    return _SECRET_NAME.fullmatch(name) is not None


def scrub_text(text: str) -> str:
    """Return the text with what looks like a secret replaced by ***."""
    if _HINT.search(text) is None:
        return text
    for pattern, kept in _SHAPES:
        text = pattern.sub(kept, text)
    return text


def secret_arguments(command: Sequence[Any]) -> list[bool]:
    """Tell of each word of a command, given as a list, whether it is a secret by the words before it."""
    words = [each if isinstance(each, str) else "" for each in command]
    program = words[0] if words else ""
    named = [bool(_FLAG.fullmatch(each)) or (each == "-a" and program.endswith("redis-cli")) for each in words]
    return [
        (before and not word.startswith("-") and bool(word))
        or (word.startswith("-p") and len(word) > 2 and _STORES.search(program) is not None)
        for word, before in zip(words, [False, *named], strict=False)
    ]


def scrub(thing: Any) -> Any:
    """Return JSON-like data with secret values replaced.

    An environment entry {name: DB_PASSWORD, value: ...} loses its value, and so does a mapping's
    value under such a name; every other text is scrubbed by its shape.
    """
    if isinstance(thing, Mapping):
        if "value" in thing and _SECRET_NAME.fullmatch(str(thing.get("name", ""))):
            return {**thing, "value": HIDDEN}
        return {key: HIDDEN if _hides(key, value) else scrub(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [HIDDEN if hidden else scrub(each) for each, hidden in zip(thing, secret_arguments(thing), strict=True)]
    return scrub_text(thing) if isinstance(thing, str) else thing


def _hides(key: Any, value: Any) -> bool:
    return isinstance(value, str) and bool(value) and bool(_SECRET_NAME.fullmatch(str(key)))
