"""Whose settings were edited before a store was outrun by small pieces: they say how much is gathered for a write.

No release shows that, and what the ConfigMap said before is not known. What speaks for it: who writes is refused, and
nobody of those who are was released of late; one ConfigMap of one of them was written in the hours before, and says how
much is gathered; and the pieces that the store has too many of are tiny. A store that joins slowly has larger ones.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.rules._small_writes import SUSPECT, may_write_smaller, writes_into
from tuheg_ir.diagnosis.rules._smaller_batches import gathering
from tuheg_ir.diagnosis.seal import is_seal
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes, reached
from tuheg_ir.named import NamedTuple

HOURS = timedelta(hours=24)
"""So long before it was refused an edit may lie: pieces pile up slowly."""
TINY = 256 * 2.0**10
"""Pieces of so many bytes on the average are of writes that gather little."""
_SIZE = late(r"\baverage size of (\d{1,9}(?:\.\d{1,9})?) ?([KMGT]i)?B")
"""How large the pieces are of which a store has too many."""


class EditedBatches(NamedTuple):
    """Who reads the ConfigMap (Kind/name) that was edited, when, what shows it, and how sure that is."""

    by: Workload
    edit: str
    at: datetime
    shown: Evidence
    certainty: float


def edited_batches(
    view: View, store: Workload, refused: datetime | None, lines: Sequence[str], tellers: Container[str]
) -> EditedBatches | None:
    """Return the one edit since which a client of a store may write far smaller pieces; ``tellers``: who is refused."""
    asking = [view.workloads[ref] for ref in clients(view, store.ref) if ref in view.workloads]
    telling = [each for each in asking if each.ref in tellers]
    suspects = telling or asking
    if refused is None or any(releases(view, each, SUSPECT) for each in suspects):
        return None
    sizes = [float(number(f"{found[1]}{found[2] or ''}") or 0) for line in lines if (found := _SIZE.search(line))]
    edits = [(each, *edit) for each in suspects for edit in _edits(view, each, refused)]
    if len(edits) != 1 or any(size > TINY for size in sizes):
        return None
    by, ref, at = edits[0]
    said = _gathered(view, ref)
    if (
        said == ()
        or (said is None and not (sizes and telling))
        or not may_write_smaller(by, at, writes_into(view, store, lines))
    ):
        return None
    told = ", ".join(f"{name} is {value}" for name, value in (said or ())[-3:])
    fact = f"written after it was made; {by.ref} reads it" + (
        f", which gathers by it for a write: {told}" if told else ""
    )
    return EditedBatches(by, ref, at, Evidence("objects", ref, fact[:300], at), 0.7 if sizes and said else 0.55)


def _edits(view: View, client: Workload, refused: datetime) -> Iterable[tuple[str, datetime]]:
    """Yield the edits of ConfigMaps that a client had got in the hours before it was refused."""
    for ref, at in outside_changes(view, client):
        if ref.startswith("ConfigMap/") and at < refused <= at + HOURS and reached(client, ref, at):
            yield ref, at


def _gathered(view: View, ref: str) -> tuple[tuple[str, str], ...] | None:
    """Return what a ConfigMap says of how much is gathered; None where what it says is sealed."""
    data = mapping(view.objects("ConfigMap").get(ref.partition("/")[2]), "data")
    plain = {str(key): str(value) for key, value in data.items() if not is_seal(str(value))}
    if data and not plain:
        return None
    files = (value if "\n" in value else f"{key}={value}" for key, value in plain.items())
    return tuple(each for file in files for each in gathering(file))
