"""A shop that a full database refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.scenes import REFUSED, URL, shop
from tests.diagnosis.rules.tiny import Obj, database, postgres, snapshot
from tuheg_ir.diagnosis.model import Session, Snapshot


def full(*more: Any, of: list[Obj] | None = None, sessions: Sequence[Session] = (), **rest: Any) -> Snapshot:
    """Return the shop (or another one), the database, what it says of its sessions, and more."""
    told = [database(*sessions)] if sessions else []
    return snapshot(of or shop(env=URL), postgres(), *more, logs=[REFUSED], databases=told, **rest)
