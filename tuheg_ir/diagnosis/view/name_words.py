"""The words of which a name is made, however it is written: `CART_MAX_ATTEMPTS`, `cartMaxAttempts`, `cart-attempts`."""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late

_WORD = late(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def parts_of(name: str) -> list[str]:
    """Return the words of a name as they are written there."""
    return _WORD.findall(name)


def words_in_name(name: str) -> list[str]:
    """Return the words of a name in small letters."""
    return [part.lower() for part in parts_of(name)]
