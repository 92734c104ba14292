"""The progress lines of an internal update: what is done, what runs, what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tuheg_ir.messages.record import EventLike, IncidentLike
from tuheg_ir.messages.telling import Teller

Line = tuple[str, str]

_ENDS = {
    "planned": "planned",
    "error": "error",
    "not_healed": "not_healed",
    "unknown": "unconfirmed",
    "interrupted": "interrupted",
}


def progress_lines(incident: IncidentLike, events: Sequence[EventLike], teller: Teller) -> list[dict[str, str]]:
    """Return the lines in the order done, running, next; each is said once."""
    lines = [*_done(events, teller), *_now(incident, events, teller), *_later(incident, events, teller)]
    order = ("done", "running", "next")
    unique = sorted(dict.fromkeys(lines), key=lambda line: order.index(line[0]))
    return [{"mark": mark, "text": text} for mark, text in unique]


def _done(events: Sequence[EventLike], teller: Teller) -> Iterator[Line]:
    for event in events:
        if event.kind == "diagnosis":
            yield "done", teller.diagnosis(event.data)
        elif event.kind == "outcome":
            yield "done", teller.outcome(event.data)
        elif event.kind == "skipped":
            words = {name: teller.text(event.data.get(name)) for name in ("target", "reason")}
            yield "done", teller.ordered(event.data, teller.line("skipped", remedy=teller.remedy(event.data), **words))


def _now(incident: IncidentLike, events: Sequence[EventLike], teller: Teller) -> Iterator[Line]:
    """Yield what is under way, or was when its run stopped without telling the end."""
    running = _last_status(incident) == "running"
    if running and not _of_last_run(incident, events, "diagnosis", "intent", "outcome"):
        yield "running", teller.line("diagnosing")
    finished = {event.data.get("key") for event in events if event.kind == "outcome"}
    for event in events:
        if event.kind != "intent" or event.data.get("key") in finished:
            continue
        parts = {"remedy": teller.remedy(event.data), "target": teller.text(event.data.get("target"))}
        if running and event.run == incident.runs[-1].id:
            yield "running", teller.ordered(event.data, teller.line("acting", **parts))
            yield "next", teller.line("verifying")
        else:
            yield "next", teller.ordered(event.data, teller.line("unrecorded", **parts))


def _later(incident: IncidentLike, events: Sequence[EventLike], teller: Teller) -> Iterator[Line]:
    for event in _of_last_run(incident, events, "refused"):
        yield "next", teller.line("refused", reason=teller.text(event.data.get("reason")))
    end = _ENDS.get(_last_status(incident))
    if end is not None:
        yield "next", teller.line(end)
    for event in events:
        if event.kind == "followup":
            yield "next", teller.line("followup", task=teller.text(event.data.get("task")))


def _last_status(incident: IncidentLike) -> str:
    return incident.runs[-1].status if incident.runs else ""


def _of_last_run(incident: IncidentLike, events: Sequence[EventLike], *kinds: str) -> list[EventLike]:
    if not incident.runs:
        return []
    last = incident.runs[-1].id
    return [event for event in events if event.run == last and event.kind in kinds]
