"""What a snapshot holds in place of a secret: enough to see that it changed, too little to guess it.

A seal has few possible values on purpose. Anyone can seal a list of likely passwords; with so few
seals, many a wrong password gives the right one, so that a match proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from tuheg_ir.project import module_utils

_SEAL = re.compile(r"sha256:[0-9a-f]{16}")
_SEALS = 4096
"""A change goes unseen once in so many; a password from a list of a million has 250 doubles in it."""
_SHORTEST = 7
"""Nothing shorter has the shape of a secret: token=x."""
_SHORT, _REMEMBERED = 200, 20_000
_HARMLESS: set[str] = set()
"""Texts without a secret, seen before: those of one namespace are mostly the same ones. Never a secret."""


def seal(value: str, salt: str) -> str:
    """Return the seal of a value under a salt, ``sha256:`` and 16 digits; a seal is its own seal."""
    if is_seal(value):
        return value
    number = int.from_bytes(sha256(f"{salt}\0{value}".encode("utf-8", "replace")).digest()[:8], "big") % _SEALS
    return "sha256:" + sha256(f"{salt}\0{number}".encode("utf-8", "replace")).hexdigest()[:16]


def is_seal(value: str) -> bool:
    """Tell whether a value is a seal already."""
    return _SEAL.fullmatch(value) is not None


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """Tell whether what stands under a name is to be sealed."""
    return bool(module_utils("scrub").scrub.is_secret_name(name))


def secret_arguments(words: Sequence[Any], before: Sequence[Any] = ()) -> list[bool]:
    """Tell of each word of a command whether it is a secret; ``before`` are the words that stand before them."""
    found: list[bool] = module_utils("scrub").scrub.secret_arguments(words, before)
    return found


def words_before(container: Mapping[Any, Any], key: str) -> Sequence[Any]:
    """Return the words that stand before a field's own: a container's arguments go on where its command ends."""
    found: Sequence[Any] = module_utils("scrub").scrub.words_before(container, key)
    return found


def scrub_text(text: str) -> str:
    """Return a text with what looks like a secret replaced by ``***``."""
    if len(text) < _SHORTEST or text in _HARMLESS:
        return text
    clean: str = module_utils("scrub").scrub.scrub_text(text)
    if clean == text and len(text) < _SHORT:
        if len(_HARMLESS) > _REMEMBERED:
            _HARMLESS.clear()
        _HARMLESS.add(text)
    return clean


def scrub_blocks(text: str) -> str:
    """Return a text with what looks like a secret of many lines replaced by ``***``."""
    clean: str = module_utils("scrub").scrub.scrub_blocks(text)
    return clean


def seal_text(text: str, salt: str) -> str:
    """Return a text without its secrets; where there was one, a seal tells whether it changed."""
    clean = scrub_text(text)
    return clean if clean == text else f"{clean} ({seal(text, salt)})"
