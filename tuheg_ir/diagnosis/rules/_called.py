"""When people were called, beside when something was changed."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View


def called_before(view: View, at: datetime | None) -> bool:
    """Tell whether every alert fired before a change; new pods have new logs, and so always new words."""
    fired = [alert.starts_at for alert in view.alerts]
    return at is not None and bool(fired) and all(each is not None and each < at + BEFORE for each in fired)
