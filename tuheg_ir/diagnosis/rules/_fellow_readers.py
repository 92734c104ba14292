"""Others that read the same ConfigMap or Secret and were released after somebody suffered by an edit of it already.

New pods start with the settings as they are now, whatever image they run: what they tell is not their release's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.marked import last_errors, marked
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_NAME = late(r"[A-Za-z](?:[\w.-]*[A-Za-z0-9])?")
_PARTS = late(r"[A-Za-z0-9][._-][A-Za-z0-9]")
TELLING = 8
"""A name of several parts that is so long stands in settings and in an error for the same thing."""


def fellow_readers(view: View, workload: Workload, ref: str, since: datetime) -> Iterator[Evidence]:
    """Yield of each other reader of an object that it was released later, and fails by the same name from it.

    ``workload``: who suffers by its edit and was not released; ``since``: when that began.
    """
    kind, _, label = ref.partition("/")
    data = mapping(view.objects(kind).get(label), "data")
    held = "\n".join(map(str, data if kind == "Secret" else [*data, *data.values()]))
    others = [w for w in view.serving if w is not workload and (kind, label) in reads(w.template)]
    late = [w for w in others if w.changes and w.released_at and w.released_at + BEFORE >= since]
    mine = set(_names(view, workload, held)) if late else set()
    for other in late:
        both = sorted(mine.intersection(_names(view, other, held)), key=len)
        if both:
            fact = f"it reads {ref} too, was released when {workload.ref} failed already, and fails by {both[-1]} too"
            yield Evidence("logs", other.ref, fact, other.released_at)


def _names(view: View, workload: Workload, held: str) -> Iterator[str]:
    """Yield the names in what a workload's logs complain of that stand in some settings: `batch.size`, a host, a file.

    A program writes the path to a setting, of which only the last part stands before its value.
    """
    told = (hit.line for hit in view.hits_of(workload.ref))
    for line in (*told, *(each.line for each in marked(view, workload)), *last_errors(view, workload.live)):
        for name in _NAME.findall(without_time(line)):
            if _PARTS.search(name) and any(len(n) >= TELLING and n in held for n in (name, name.rpartition(".")[2])):
                yield name
