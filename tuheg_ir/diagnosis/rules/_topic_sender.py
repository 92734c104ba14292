"""Who sends to the one topic or queue whose records a reader cannot read, where no record tells its sender."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._sends_to import named_lines
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.logs import Hit, heard_since
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release, template_before
from tuheg_ir.diagnosis.view.threads import of_trace
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

NEAR = 15
"""So many lines before the one that tells what cannot be read may stand between it and the head of its trace."""
AT_ONCE = timedelta(minutes=5)
"""What a new pod writes is read so soon."""
DIFFERENT = 3
"""One record may be asked for again and again by whoever cannot pass it; so many different ones are no such one."""
_OF_TOPIC = late(
    r"\b(?:from topic|consumerQueue|receivedRoutingKey)\W{1,4}([\w.-]{2,249})"
    r"|\b(?:topic|queue)(?:[ _]?name)?[\"']?\s?[=:]\s?[\"']?([\w.-]{2,249})"
    r"|\b(?:for partition|exhausted for) ([\w.-]{2,249})-\d{1,5}(?:@\d{1,19}| at offset)"
)
"""How Kafka's clients, Spring and programs name where a record that they cannot read was taken from."""
_PLACE = late(r"(?:(?<=\d)@|\boffset\W{1,4})(\d{1,19})")
"""How the place of a record is told: its offset."""
_START = 40
"""So much of a line tells its kind; what is wrong with a record stands further on."""
_WRITES = late(r"(?:^|_)(?:publish|produc|out(?:put|going|bound)?(?:_|$)|target|dest|sink)", re.IGNORECASE)
"""Names of variables that hold the name of a topic that is written to."""
_GIVEN_UP = late(r"dead|dl[qtx]|retry", re.IGNORECASE)


def topic_sender(view: View, reader: Workload, hits: Sequence[Hit], began: datetime) -> tuple[Workload, str] | None:
    """Return the one program that sends to the one topic of what cannot be read since its release, and a line of it.

    The reader's logs go back to before that, and nobody else who knows the topic, or no topics by its settings but
    the same broker, was released in these minutes.
    """
    blocks = [block for hit in hits if (block := _block(view, reader, hit))]
    topics = {topic for block in blocks for topic in _topics(block)}
    if len(topics) != 1 or len(blocks) < len(hits) or not _different(view, reader, hits):
        return None
    topic = topics.pop()
    found = [w for w in view.serving if w is not reader and not role(w) and _released(w, began)]
    found = [w for w in found if _may_know(view, w, reader, topic)]
    if len(found) != 1 or found[0].returned or not _ran_before(view, reader, found[0]):
        return None
    told = _sends(view, found[0], topic)
    return (found[0], f"{told}; they are of {topic}") if told else None


def _block(view: View, reader: Workload, hit: Hit) -> tuple[str, ...]:
    """Return the last line in which a pod tells what it cannot read, with its trace back to its head."""
    for log in view.logs_of(reader.pods):
        if (log.pod, log.container, log.previous) != (hit.pod, hit.container, hit.previous):
            continue
        last = next((n for n in reversed(range(len(log.lines))) if hit.line in log.lines[n]), None)
        if last is None:
            continue
        back = range(last, max(-1, last - NEAR), -1)
        head = next((n for n in back if stamp(log.lines[n]) is not None and not _goes_on(log.lines[n])), last)
        return tuple(log.lines[head : last + 1])
    return ()


def _goes_on(line: str) -> bool:
    """Tell whether a line is one of a trace, after its head: a value that it cites may look like its time."""
    bare = without_time(line)
    return bare[:1].isspace() or of_trace(bare)


def _topics(block: Sequence[str]) -> Iterator[str]:
    for line in block:
        yield from (next(filter(None, found.groups())).rstrip(".") for found in _OF_TOPIC.finditer(line))


def _different(view: View, reader: Workload, hits: Sequence[Hit]) -> bool:
    """Tell whether it is not one record alone, or two, that a reader cannot pass: by their places, or what is wrong."""
    starts = {without_time(hit.line)[:_START] for hit in hits}
    lines = [without_time(line) for log in view.logs_of(reader.pods) for line in log.lines]
    wrong = {line for line in lines if any(start in line for start in starts)}
    places = {found[1] for line in lines if (found := _PLACE.search(line))}
    return max(len(wrong), len(places)) >= DIFFERENT


def _released(workload: Workload, began: datetime) -> bool:
    ran = workload.changed("image", "env", "command", "mounts")
    return bool(ran) and since_release(workload, began, AT_ONCE)


def _may_know(view: View, workload: Workload, reader: Workload, topic: str) -> bool:
    """Tell whether a program may have to do with a topic: by its settings or words, or as it asks the same broker."""
    if _told_of(workload, topic) or any(topic in line for log in view.logs_of(workload.live) for line in log.lines):
        return True
    stores = {store.ref for store in of_role(view.workloads, *DATA)}
    mine, theirs = (view.graph.calls.get(each.ref, set()) & stores for each in (workload, reader))
    brokers = {store.ref for store in of_role(view.workloads, "broker")}
    return bool(mine & theirs & brokers)


def _told_of(workload: Workload, topic: str) -> bool:
    return any(topic in (word, word.rpartition("=")[2]) for word in words_of(workload.template))


def _ran_before(view: View, reader: Workload, sender: Workload) -> bool:
    """Tell whether the logs of a reader go back to before a release, so that it is known to have read until then."""
    heard = heard_since(view.logs_of(reader.live, previous=False))
    return heard is not None and sender.released_at is not None and heard < sender.released_at + BEFORE


def _sends(view: View, sender: Workload, topic: str) -> str:
    """Return what tells that a program sends to a topic, and sent to it before; "" if nothing does.

    Its pods say so, or a variable for what is written to names it.
    """
    before = template_before(sender)
    if _told_of(sender, topic) and not any(topic in word for word in words_of(before)):
        return ""  # it is led to another topic: others of that one may be what is not read
    if lines := named_lines(view, list(sender.newest_pods()), topic):
        return f"{sender.name} sends to it: {without_time(lines[0]).strip()}"
    for container in items(sender.template, "spec", "containers"):
        for entry in items(container, "env"):
            name = text(entry, "name")
            if text(entry, "value") == topic and _WRITES.search(name) and not _GIVEN_UP.search(name):
                return f"{sender.name} is told to write to it by {name}"
    return ""
