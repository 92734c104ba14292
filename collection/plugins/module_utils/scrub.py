# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take secrets out of what is kept: by the name beside a value, and by the value's own shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
_WORDS = r"passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization"
_NAME = rf"(?<![\w.-])[\w.-]*(?:{_WORDS})[\w.-]*"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # a private key, whole or cut off
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), HIDDEN),
    # authorization: Bearer abc, in a header or a log
    (re.compile(r"\b(bearer)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\b(basic)\s+(?=\S*[\d=])[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    # scheme://user:password@host; scheme://token@host; user:password@tcp(host)
    (re.compile(r"(\b[\w+.-]{1,40}://[^\s:/@]*):[^\s/\"'<>]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(\b[\w+.-]{1,40}://)[\w-]{20,}@"), rf"\1{HIDDEN}@"),
    (re.compile(r"\b([\w.-]{1,80}):[^\s:@]+@(tcp|unix)\("), rf"\1:{HIDDEN}@\2("),
    # password=abc, "token": "abc", --api-key abc
    (re.compile(rf"({_NAME}[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s\"',;&}}]+)", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(rf"((?<![\w-])--[\w-]*(?:{_WORDS})[\w-]*\s+)[^\s\"',;-][^\s\"',;]*", re.IGNORECASE), rf"\1{HIDDEN}"),
    # a JSON web token, and the keys of clouds, forges and chats, anywhere
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), HIDDEN),
    (re.compile(r"\b(?:ghp|gho|ghs|github_pat|glpat|xox[abprs])[-_][\w-]{10,}"), HIDDEN),
)
# What any of them needs; most texts have none of it and are not searched further.
_HINT = re.compile(rf"{_WORDS}|bearer|basic|@|BEGIN |eyJ|AKIA|ASIA|gh[pos]_|github_pat|glpat|xox", re.IGNORECASE)


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
        return [scrub(each) for each in thing]
    return scrub_text(thing) if isinstance(thing, str) else thing


def _hides(key: Any, value: Any) -> bool:
    return isinstance(value, str) and bool(value) and bool(_SECRET_NAME.fullmatch(str(key)))
