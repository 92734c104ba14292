"""What is told of the lists of another namespace than the target's. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tuheg_ir.diagnosis.collector.reads import ABSENT
from tuheg_ir.diagnosis.model import Source
from tuheg_ir.diagnosis.namesakes import Beside


def as_one(namespace: str, lists: Sequence[Source], found: Beside) -> list[Source]:
    """Return what is told of the lists of a namespace: those that were read as one, those that failed one by one.

    That none may be read is told once.
    """
    name = f"namespace {namespace}"
    read = [each for each in lists if each.ok and ABSENT not in each.note]
    failed = [each for each in lists if not each.ok]
    if not read:
        refused = {each.kind for each in failed} == {"forbidden"}
        return [failed[0]._replace(source=name)] if refused else failed
    count = sum(map(len, found.objects.values()))
    empty = not (count or failed or found.left_out)
    note = "there is nothing in it: is that the right namespace?" if empty else str(count)
    if found.left_out:
        note = f"{note}; left out, for others are called so: {', '.join(found.left_out)}"[:500]
    took = max(each.ms for each in read)
    return [Source(name, not empty, took, note, "invalid" if empty else "", read[0].at), *failed]
