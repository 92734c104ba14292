"""Dates that stand in the settings of a program: what is laid down takes effect with them, and nothing changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.reading import mapping, parse_moment, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

BEFORE = timedelta(seconds=30)
"""Figures are sampled so far apart."""
AFTER = timedelta(minutes=2)
"""What takes effect at a minute is felt at once."""
_MOMENT = late(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")
"""A date with a time and its zone: a day alone may begin anywhere on Earth."""
_LONG = 100_000
"""No setting is read further than this."""


def dates_come(view: View, workload: Workload, began: datetime | None) -> tuple[Evidence, ...]:
    """Return the date in a ConfigMap of a program, written before, with whose minute a trouble began; () for none."""
    if began is None:
        return ()
    for named, obj in view.maps_read(workload.template):
        at = written(obj)
        for key, value in mapping(obj, "data").items():
            for line in str(value)[:_LONG].splitlines():
                found = _MOMENT.search(line)
                moment = parse_moment(found[0].replace(" ", "T", 1)) if found else None
                if moment is None or not -BEFORE <= began - moment <= AFTER or (at is not None and at >= moment):
                    continue
                fact = f"{workload.ref} reads it, and a date in its {key} came then: {line.strip()}"
                return (Evidence("objects", f"ConfigMap/{named}", fact, moment),)
    return ()
