# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take secrets out of what is kept: by the name beside a value, and by the value's own shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
_NAME = r"[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|credential|authorization)[\w.-]*"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # authorization: Bearer abc, in a header or a log
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    # scheme://user:password@host
    (re.compile(r"(\b[\w+.-]+://[^\s:/@]*):[^\s@/]+@"), rf"\1:{HIDDEN}@"),
    # password=abc, "token": "abc"
    (re.compile(rf"({_NAME}[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s\"',;&}}]+)", re.IGNORECASE), rf"\1{HIDDEN}"),
    # a JSON web token, anywhere
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL), HIDDEN),
)


def scrub_text(text: str) -> str:
    """Return the text with what looks like a secret replaced by ***."""
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
