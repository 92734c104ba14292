"""Who is kept out by the words of policies, and was answered all the same: nobody enforces them, or not on that way."""

from __future__ import annotations

from collections.abc import Iterable

from tuheg_ir.diagnosis.rules._reach import newest_of
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.network import Policy
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View

_ANSWERS = ("database_authentication", "account_locked")
"""What only the server itself says: who is told of his login has reached it."""


def came_through(view: View, policies: Iterable[Policy], caller: str, callee: str) -> bool:
    """Tell whether a server refused the login of a caller since policies are there that should keep it away.

    Clients tell that they cannot connect in the same words when it is their login that was refused.
    """
    _, written = newest_of(policies)
    answered = newest(
        each.hit.last for each in complaints(view, *_ANSWERS) if (each.caller, each.about) == (caller, callee)
    )
    return answered is not None and (written is None or answered > written)
