"""A release sends, or asks for, messages that are larger than the other side takes.

gRPC takes four megabytes unless it is told otherwise, a broker one, a database a packet of a size. What is smaller goes
through as before, so that few requests fail, or none: a worker's result is refused, and its task is done over and over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import created, last_write
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 5
"""One user with one large thing is refused now and then, whatever was released."""
_TOO_LARGE = late(
    r"\b(?:received|sent|send) message larger than max \(\d+ vs\. \d+\)|\bgRPC message exceeds maximum size \d+: \d+"
    r"|\bmessage length too large: found \d+ bytes|\bReceived message exceeds the maximum configured message size"
    r"|\bRecordTooLargeException\b|\b(?:MESSAGE|MSG_SIZE)_TOO_LARGE\b|\bMessage size too large\b"
    r"|\bMessage was too large, server rejected it|\bnats: maximum payload exceeded|\betcdserver: request is too large"
    r"|\bPacket for query is too large|\bGot a packet bigger than .{0,3}max_allowed_packet"
    r"|\bobject to insert too large|\bBSONObj size: .{0,80} is invalid",
    re.IGNORECASE,
)
"""How gRPC, Kafka, NATS, etcd, MySQL and MongoDB tell of it, and clients in several languages."""
_WORDS = ("larg", "maximum", "bigger than", "bsonobj size")
_MAKES = ("image", "env", "command", "mounts")
"""What a release has to change to send something else, or to take less."""


def when(view: View) -> Iterator[Match]:
    """A program repeats that a message is too large since a release of itself, or of one that it talks to."""
    for workload in view.serving:
        seen = None if role(workload) in DATA else repeated(view, workload, _TOO_LARGE, _WORDS, OFTEN)
        if seen is None:
            continue
        near = [view.workloads[ref] for ref in _talks_to(view, workload) if ref in view.workloads]
        released = [each for each in (workload, *near) if since_release(each, seen.since)]
        if released and not _edited(view, (workload, *near), seen):
            yield _match(view, workload, near, released, seen)


def _talks_to(view: View, workload: Workload) -> list[str]:
    """Return whom a workload calls, and who calls it, itself."""
    above = set(view.graph.asked_by(workload.ref))
    return sorted((above | view.graph.calls.get(workload.ref, set())) - {workload.ref})


def _edited(view: View, known: tuple[Workload, ...], seen: Repeated) -> bool:
    """Tell whether somebody wrote what one of them reads just before: a limit may stand there."""
    maps = (obj for each in known for _, obj in view.maps_read(each.template))
    return any(last_write(obj) != created(obj) and soon_after(seen.since, last_write(obj)) for obj in maps)


def _match(view: View, workload: Workload, near: list[Workload], released: list[Workload], seen: Repeated) -> Match:
    """Return that one release brought them; where it may be another, or none to go back from, a person looks."""
    by = released[0]
    sure = len(released) == 1 and not by.returned and bool(by.changed(*_MAKES)) and role(by) not in DATA
    others = [each.ref for each in (workload, *near) if each not in released]
    spared = not_their_own(view, others, seen.since)
    return Match(
        component=by.ref,
        evidence=(seen.told(), *(each for one in released[:2] for each in release_evidence(one, "image")[:2])),
        certainty=0.7 if sure else 0.5,
        root_cause=release_cause(view, by),
        remedy="" if sure else "page_human",
        since=seen.since,
        explains=behind(view, workload.ref, by.ref, but=by.ref),
        excludes=(
            *not_for((by.ref,), "new pods send and ask for as much", (*RESTARTS, "scale_workload")),
            *not_for(
                spared, "it takes and sends what it did before", (*RESTARTS, "scale_workload", "rollback_workload")
            ),
        ),
    )


RULE = Rule(
    name="messages_outgrown",
    title="Messages are larger than the other side takes since a release",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no program repeats since a release that messages are too large",
)
