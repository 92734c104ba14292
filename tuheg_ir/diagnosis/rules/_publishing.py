"""Runs that tell themselves that they publish messages: what fills a queue all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.workloads import Pod

_PUBLISHES = re.compile(
    r"publish|replay|enqueue|backfill|produc(?:ed|ing) \d|sent \d+ (?:message|event)", re.IGNORECASE
)


def publishes(view: View, pods: Iterable[Pod]) -> str:
    """Return a line by which pods tell that they publish messages; "" if they do not."""
    return next((line for log in view.logs_of(pods) for line in log.lines if _PUBLISHES.search(line)), "")
