"""A reader that nobody touched ends on messages, or misreads them, that a newly released sender writes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, names, not_for, sharing
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.rules._topic_sender import topic_sender
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.crashes import crashes, restarted
from tuheg_ir.diagnosis.view.logs import MISREAD, Hit
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import SOON, release_cause, release_evidence, releases, since_release
from tuheg_ir.diagnosis.view.threads import of_trace
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

NEAR = 15
"""So many lines before the one that tells what cannot be read may tell whose message it is: a trace stands between."""
PAUSE = timedelta(minutes=10)
"""What ends again and again is started anew sooner than this: a restart before a longer pause had another reason."""
_HEADER = (
    r"(?:x[-_])?(?:(?:producer|publisher|sender|emitter|origin)(?:[-_.]?(?:id|name|app|service|client))?"
    r"|app[-_.]?id|ce[-_]source|from)"
)
_SENDER = late(
    rf"\b(?:{_HEADER}(?:\\?[\"'])?\s*[=:]\s*|(?:sent|published|produced|emitted)[ -]by[=:]?\s+)"
    r"(?:b?\\?[\"'])?/*([\w.-]+)"
    rf"|(?:[(\[]|[)\]]\s*,)\s*[(\[]\s*b?\\?[\"']{_HEADER}\\?[\"']\s*,\s*b?\\?[\"']/*([\w.-]+)[^\"'\\,]*\\?[\"']\s*[)\]]",
    re.IGNORECASE,
)
"""How a line names who sent a message; what else stands in it may be a topic, a database or a field.

Headers may stand there in pairs, as a list of them: `[('producer', b'orders/2.1')]`. What stands in a longer list, or
in one alone, are columns.
"""
_LEVEL = late(
    r"(?:trace|debug|dbug|info(?:rmation)?|notice|warn(?:ing)?|error|fail|fatal|crit(?:ical)?)\b", re.IGNORECASE
)
"""How a logger begins a line, that no trace does."""


def when(view: View) -> Iterator[Match]:
    """Most pods of a reader misread messages whose sender their logs name, since that one was released."""
    for reader in view.serving:
        hits = _misread(view, reader)
        if role(reader) in DATA or 2 * len({hit.pod for hit in hits}) <= len(reader.live) or not hits:
            continue
        ended = crashes(view, reader)
        hurt = [crash.evidence() for crash in ended] or [seen for seen, _ in troubles(view, reader.ref)]
        hurt = hurt or list(suffering(view, reader.ref))
        told = oldest(hit.first for hit in hits) or oldest(crash.ended.at for crash in ended)
        began = _began(view, reader, told) if told else None
        if not hurt or began is None or since_release(reader, began) or since_release(reader, told):
            continue
        lines = _senders(view, reader, hits)
        if not any(lines):
            yield from _of_a_topic(view, reader, hits, hurt, began)
            continue
        senders = [w for w in sharing(view, reader, *DATA) if lines and all(_named(view, w, each) for each in lines)]
        if len(senders) != 1 or not _released(senders[0], began):
            continue  # another one sent it, or one that is as it was
        if not way_changed(view, reader, senders[0], began):
            line = next(iter(lines.values()))
            yield _match(view, senders[0], reader, (*hurt[:2], view.hit_evidence(hits[0])), line, began)


def _of_a_topic(
    view: View, reader: Workload, hits: Sequence[Hit], hurt: Sequence[Evidence], began: datetime
) -> Iterator[Match]:
    """Yield that a reader cannot read what the one sender to a topic writes since its release; none suffered before."""
    found = topic_sender(view, reader, hits, began)
    if found is None or way_changed(view, reader, found[0], began):
        return
    sender, line = found
    felt = [each for each in hurt if each.time is None or since_release(sender, each.time, HOURS)]
    if len(felt) == len(hurt):
        yield _match(view, sender, reader, (*felt[:2], view.hit_evidence(hits[0])), line, began)


def _misread(view: View, reader: Workload) -> tuple[Hit, ...]:
    """Return what a workload tells of data that it cannot read, in last words too."""
    hits = view.hits_of(reader.ref, *MISREAD, "field_unknown")
    return tuple(hit for hit in hits if fresh(view, hit))


def _began(view: View, reader: Workload, told: datetime) -> datetime:
    """Return since when a reader misreads; logs of what ends again and again reach back to the last starts only.

    From what logs tell first it goes back from restart to restart, as long as they come close upon each other.
    """
    restarts = sorted({at for pod in reader.live for at in restarted(view, pod)}, reverse=True)
    began = told
    for at in restarts:
        began = at if timedelta(0) <= began - at <= PAUSE else began
    if restarts:
        return began
    known = not releases(view, reader, HOURS)
    backoffs = [(event.first, event.last) for event in view.events_of(reader.ref, "BackOff")]
    of_it = [first for first, last in backoffs if first and last and told - (last if known else first) <= PAUSE]
    return min((told, *of_it))


def _released(sender: Workload, began: datetime) -> bool:
    """Tell whether a reader's trouble began with a release of what a sender runs, that takes no other one back."""
    ran = sender.changed("image", "env", "command", "mounts")
    return bool(ran) and since_release(sender, began, SOON) and not sender.returned


def _senders(view: View, reader: Workload, hits: tuple[Hit, ...]) -> Mapping[frozenset[str], str]:
    """Return the names of senders, with a line that tells them, before each that tells what cannot be read."""
    bad: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    for hit in hits:
        bad[hit.pod, hit.container, hit.previous].add(hit.line)
    found: dict[frozenset[str], str] = {}
    for log in view.logs_of(reader.pods):
        for told in bad.get((log.pod, log.container, log.previous), ()):
            last = next((n for n in reversed(range(len(log.lines))) if told in log.lines[n]), None)
            lead = list(_lead(log.lines, last)) if last is not None else []
            line = next(filter(_SENDER.search, lead), "")
            found.setdefault(frozenset(said[1] or said[2] for said in _SENDER.finditer(line)), line)
    return found


def _lead(lines: Sequence[str], at: int) -> Iterator[str]:
    """Yield the line that tells what cannot be read, and the one told just before it; the heading of a trace between.

    What stands further up is of other messages.
    """
    yield lines[at]
    before = lines[max(0, at - NEAR) : at]
    timed = stamp(lines[at]) is None and any(map(stamp, before))
    own = [line for line in reversed(before) if (stamp(line) is not None if timed else not _goes_on(line))]
    yield from own[: 2 if own and is_marked(own[0]) else 1]


def _goes_on(line: str) -> bool:
    """Tell whether a line is one of a trace, by its words or as it is indented, where times do not tell it."""
    bare = without_time(line)
    indented = line.partition(bare)[0].endswith(("  ", "\t"))
    return not _LEVEL.match(bare) and (indented or of_trace(bare))


def _named(view: View, sender: Workload, said: frozenset[str]) -> bool:
    labels = {sender.name, *(s.name for s in view.leading_to(sender.ref))}
    return any(names(name, label) for name in said for label in labels)


def _match(
    view: View, sender: Workload, reader: Workload, seen: tuple[Evidence, ...], line: str, began: datetime
) -> Match:
    readers = behind(view, reader.ref, but=sender.ref)
    edits = tuple(ref for ref, _ in outside_changes(view, reader))
    return Match(
        component=sender.ref,
        evidence=(
            *release_evidence(sender)[:2],
            Evidence("logs", reader.ref, f"it misreads what {sender.name} sends: {line.strip()}", began),
            *seen,
            Evidence("objects", reader.ref, "its own template is older", reader.released_at),
        ),
        certainty=0.7,
        root_cause=release_cause(view, sender),
        since=began,
        explains=(*readers, *edits),
        excludes=(
            *excluding(sender.ref, "new pods would send the same", *RESTARTS, "scale_workload"),
            *not_for(readers, f"it cannot read what {sender.ref} sends since its release: no pod of it could"),
        ),
    )


RULE = Rule(
    name="sender_released",
    title="A sender writes since its release what its readers cannot read",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no reader misreads messages since the release of the one that its logs name as their sender",
)
