"""A reader of a broker's log does not get past one record: it cannot read it, and begins with it again and again.

The record stays where it is. A start, an older version and further readers meet it as well, and whoever else reads the
same log tells of it too, if it goes on behind it. A log that tells where its program put what it sent names the writer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._held_up import held_up_by
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._one_teller import one_teller
from tuheg_ir.diagnosis.rules._places import Place, places, put_by
from tuheg_ir.diagnosis.rules._readers import backlogs
from tuheg_ir.diagnosis.rules._unreadable import tells_unreadable
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.marked import OFTEN, STILL
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import told_errors
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

LONG = timedelta(minutes=5)
"""Who tells of the same record for longer does not try a few times and give it up then."""
_IN_VAIN = (*RESTARTS, "scale_workload", "rollback_workload")


class _Told(NamedTuple):
    """One line by which a pod tells that it cannot read a record."""

    place: Place
    log: Log
    at: datetime | None
    line: str


def when(view: View) -> Iterator[Match]:
    """A reader repeats for minutes that it cannot read one and the same record, and was not released as that began."""
    for workload in view.serving:
        told = _stands_at(view, workload)
        if not told or held_up_by(view, workload):
            continue  # who asks another one how to read it may get no answer
        queue = [(seen, grew.since) for seen, grew in backlogs(view, workload)]
        written = _written(view, workload, told[0].place)
        others = {w.ref: each for w in view.serving if w is not workload and (each := _also(view, w, told[0].place))}
        known = (*(each.at for each in (*told, *others.values())), *(since for _, since in queue))
        since = (written and written[1].time) or oldest(known)
        if since_release(workload, since) and not others:
            continue  # it may read it no more, as nobody else is known to fail at it
        yield _match(view, workload, told, tuple(seen for seen, _ in queue[:1]), others, written, since)


@once
def _unreadable(view: View, workload: Workload) -> tuple[_Told, ...]:
    """Return where a workload's pods tell that they cannot read a record, in the order of their logs."""
    found = []
    for log in view.logs_of(workload.live):
        numbers = [n for n, line in enumerate(log.lines) if any(places(line)) and tells_unreadable(line)]
        times = times_near(log.lines) if numbers else ()
        found += [_Told(next(places(log.lines[n])), log, times[n], log.lines[n].strip()) for n in numbers]
    return tuple(found)


def _stands_at(view: View, workload: Workload) -> tuple[_Told, ...]:
    """Return what a workload tells of the one record at which it stands still; () if there is none, or several.

    It tells of it to the last and for minutes, or after a start as before it. Who tells of another record of the same
    part after it has got past it.
    """
    if role(workload) in DATA:
        return ()
    parts: dict[tuple[str, int], list[_Told]] = {}
    for each in _unreadable(view, workload):
        parts.setdefault(each.place[:2], []).append(each)
    standing = [found for found in map(_last_alone, parts.values()) if found and _goes_on(view, found)]
    return tuple(standing[0]) if len(standing) == 1 else ()


def _last_alone(told: list[_Told]) -> list[_Told]:
    """Return what is told of the record of a part that was told of last."""
    last = max(told, key=lambda each: (each.at is not None, each.at))
    return [each for each in told if each.place == last.place]


def _goes_on(view: View, told: list[_Told]) -> bool:
    times = [each.at for each in told if each.at is not None]
    if not times or not view.recent(max(times), STILL):
        return False
    started_anew = len({(each.log.pod, each.log.container, each.log.previous) for each in told}) > 1
    return max(times) - min(times) >= LONG and (started_anew or len(told) >= OFTEN)


def _also(view: View, workload: Workload, place: Place) -> _Told | None:
    """Return what another reader tells of the same record."""
    return next((each for each in _unreadable(view, workload) if each.place.may_be(place)), None)


def _written(view: View, reader: Workload, place: Place) -> tuple[Workload, Evidence] | None:
    """Return who put the record where it is, and the line that tells so; None if none is known, or several are."""
    others = (w for w in view.workloads.values() if w is not reader and role(w) not in DATA)
    told_of = ((w, w.pods) for w in others if w.kind != "CronJob")  # a run is nearer than its schedule
    return one_teller(view, told_of, lambda line: _puts(line, place), "it wrote the record")


def _puts(line: str, place: Place) -> bool:
    return str(place.offset) in line and put_by(line, place) and not tells_unreadable(line)


def _match(
    view: View,
    reader: Workload,
    told: tuple[_Told, ...],
    queue: tuple[Evidence, ...],
    others: dict[str, _Told],
    written: tuple[Workload, Evidence] | None,
    since: datetime | None,
) -> Match:
    """Return that a reader stands at a record. Who wrote it is to blame if it is a run, or was released just before."""
    place = told[0].place
    what = f"record {place.offset} of part {place.part}{f' of {place.topic}' if place.topic else ''}"
    writer = written[0] if written and (written[0].kind in BATCH or since_release(written[0], since)) else None
    blamed = writer or reader
    return Match(
        component=blamed.ref,
        evidence=(
            _evidence(told, f"it does not get past {what}"),
            *((written[1],) if written else ()),
            *queue,
            *(_evidence((each,), f"it cannot read {what} either") for each in list(others.values())[:1]),
        ),
        certainty=0.75 if writer else 0.7,
        root_cause="configuration_error" if writer and writer.kind in BATCH else "code_defect",
        since=since,
        explains=tuple(ref for ref in _suffer(view, reader, *others) if ref != blamed.ref),
        excludes=not_for(
            (reader.ref, *others),
            f"{what} stays where it is: it is met again after a start, in an older version and in further pods",
            _IN_VAIN,
        ),
    )


def _evidence(told: tuple[_Told, ...], fact: str) -> Evidence:
    last = newest(each.at for each in told)
    said = f"{fact} ({len(told)} lines): {told[-1].line}"
    return Evidence("logs", f"Pod/{told[-1].log.pod}", said, oldest(each.at for each in told) or last)


def _suffer(view: View, reader: Workload, *others: str) -> tuple[str, ...]:
    """Return who suffers with a reader that stands still: its callers, and who only reads what it keeps in a store."""
    fed = (w for w in view.serving if w is not reader and share_a_store(view, reader, w) and not told_errors(view, w))
    return behind(view, reader.ref, *others, *(w.ref for w in fed))


RULE = Rule(
    name="stopped_at_a_record",
    title="A reader does not get past one record that it cannot read",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no reader repeats for minutes that it cannot read one and the same record",
)
