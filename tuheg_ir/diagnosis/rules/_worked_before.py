"""Whether enough is known of what a pod did before a moment to tell what it does otherwise since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

LINES, BEFORE = 5, timedelta(minutes=10)
"""In so many lines, and for so long, a pod has to have told of it."""


def worked_before(times: Sequence[datetime | None], moment: datetime) -> bool:
    """Tell whether something was told often enough, and for long enough, before a moment; ``times``: as it was told."""
    before = [at for at in times if at is not None and at < moment]
    return len(before) >= LINES and before[0] <= moment - BEFORE
