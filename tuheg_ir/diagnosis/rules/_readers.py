"""Who reads a queue, whether it grew, and whether its readers stand still."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._counts_jobs import do_its_jobs
from tuheg_ir.diagnosis.rules._figures import Turn, rise
from tuheg_ir.diagnosis.rules._goes_on import goes_on
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import at, items, text
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 3.0
LEAST = 100.0
IDLE = 0.03
"""Who uses less of its CPU limit than this while work waits does not work."""
QUIET, SOON = timedelta(minutes=5), timedelta(minutes=30)
"""Who says nothing for so long stands still; what a release does more slowly lets a queue grow so soon."""
_ASKS = late(
    r"(?:^|\s)(?:-Q|--queues)\s+([\w.,:;-]+(?:\s+(?!-)[\w.:-]+)*)"
    r"|(?:^|\s)(?:-Q|-q|--queues?|--topics?|QUEUES?)(?:=|\s+|(?<=-Q))([\w.,:;-]+)"
)
"""How workers are told what to read: Celery, Sidekiq, Laravel, Resque, GoodJob; Dramatiq takes several words."""
_BETWEEN = late(r"[,;\s]+")
_HOW_MUCH = late(r"(?<=[\w.-]):\d{1,3}$")
"""How many at once, behind the name of a queue: so GoodJob and Oban are told; a port has more digits."""
KEEPS = late(r"queue|topic|subscription|stream|channel|tube", re.IGNORECASE)
_SENDS = late(r"publish|produc|out(?:put|going)?(?:_|$)|target|dest|dead|dlq|reply|result|retry", re.IGNORECASE)
"""Names of variables: the first hold the name of a queue, the second that of one that is written to."""
_GROUP = late(
    r"^(?:(?:spring|quarkus|kafka|nats|jetstream|js|redis|stream|pulsar|amqp|rabbitmq)_)*"
    r"(?:(?:consumer_?)?group_?id|consumer_?group(?:_?name)?|(?:durable_?)?consumer(?:_?name)?|durable(?:_?name)?)$"
    r"|^(?:kafka|stream|redis)_group$",
    re.IGNORECASE,
)
"""Names of variables that hold the name under which a program itself reads: of its group, or of a durable consumer.

Not those of a group that it watches, or of users or rights.
"""
READS_AS = ("consumer", "consumergroup", "group")
FETCHES = late(
    r"^(?:\w+_)?prefetch(?:_?(?:count|size|limit|messages|multiplier))?$|^(?:\w+_)?consumer_?(?:concurrency|prefetch)$",
    re.IGNORECASE,
)
"""Names of variables of how much is fetched of a queue, or by how many at once: who only sends has no such thing."""
_GIVEN_UP = r"(?:dead(?:[._-]?letters?)?|dl[qxt]|parking[._-]?lot|poison|undeliverable)(?:[._-]?queue)?"
"""Words for messages that were given up."""
_UNDER_KEY = late(r"^(?:.*[:_])?queues?:(?=.)|^bull:(?=.+:wait$)|:wait$")
"""What Sidekiq, Resque, RQ, Laravel and Bull put around the name of a queue to make a key of Redis of it."""
_DEAD = late(rf"^{_GIVEN_UP}[._:/-]+(?=.)|[._:/-]+{_GIVEN_UP}(?=(?:\.fifo)?$)", re.IGNORECASE)
"""What the name of such a queue has more than that of the queue which its messages come from."""
_OF_DEAD = late(rf"(?<![a-z]){_GIVEN_UP}(?![a-z])", re.IGNORECASE)


@once_a_view
def queues(view: View) -> tuple[Series, ...]:
    """Return how many wait in each queue; what lies under a key of a store is one if somebody is told to read it."""
    return tuple(s for s in view.figures.series("queue_depth") if "key" not in s.labels or told_to(view, name_of(s)))


def named_in(series: Series) -> str:
    """Return how a series calls its queue: by the component that it is of, or by its own name."""
    return series.labels.get("component", "") or series.labels.get("queue", "")


def name_of(series: Series) -> str:
    """Return the own name of the queue that a series is of."""
    key = _UNDER_KEY.sub("", series.labels.get("key", ""))
    return series.labels.get("queue", "") or key or series.labels.get("component", "")


def grown(view: View, series: Series, least: float = LEAST) -> Turn | None:
    """Return that a queue is many times as long as it was, and since when it is: more may be sent later than that."""
    turn = rise(view, series, "queue_depth", TIMES, least)
    if turn is None:
        return None
    long = max(least, TIMES * turn.before) * 0.999
    since = view.figures.alone("queue_depth", series).crossed("queue_depth", long)
    return turn._replace(since=since or turn.since)


def waiting(series: Series, ref: str, grew: Turn) -> Evidence:
    """Return a queue that grew as evidence."""
    where = (name_of(series) if "key" in series.labels else named_in(series)) or "the queue"
    return Evidence("metrics", ref, f"{grew.before:.0f} messages waited in {where}, now {grew.now:.0f}", grew.since)


def backlogs(view: View, workload: Workload) -> Iterator[tuple[Evidence, Turn]]:
    """Yield the queues that a workload is known to read and that grew, and how."""
    for series in queues(view):
        grew = grown(view, series)
        if grew is not None and not given_up(view, series) and reader(view, series) is workload:
            yield waiting(series, workload.ref, grew), grew


def by_release(consumer: Workload, grew: Turn) -> bool:
    """Tell whether a queue began to grow with a release of who reads it, or soon after."""
    if not consumer.changes or consumer.released_at is None or grew.since is None:
        return False
    return BEFORE <= grew.since - consumer.released_at <= SOON


def given_up(view: View, series: Series) -> str:
    """Return the queue whose messages lie in another because they were given up; "" if that is a queue like others.

    Nobody works off what was given up, unless somebody is there for just that.
    """
    queue = series.labels.get("queue", "") or named_in(series)
    own = _DEAD.sub("", queue, count=1)
    if own == queue or told_to(view, queue) or any(_OF_DEAD.search(w.name) for w in view.serving):
        return ""
    return own


def gives_up(view: View, series: Series, own: str) -> Workload | None:
    """Return who gives up the messages of a queue that lie in another: the reader of their own queue."""
    queue = series.labels.get("queue", "") or named_in(series)
    return reader(view, Series({k: own if v == queue else v for k, v in series.labels.items()}, series.points))


def reader(view: View, series: Series, *, left: bool = False) -> Workload | None:
    """Return who reads a queue: a label names it or its group, it is told to, its name is alike, or it alone works.

    ``left``: of those who are told to, only who does not rest is asked for. Why the others rest is another question.
    """
    label, told = named_in(series), told_to(view, name_of(series))
    told = [w for w in told if w.wanted or not left]
    if "key" in series.labels:
        return told[0] if len(told) == 1 else None
    for key in (*READS_AS, "its settings", "component", "queue"):
        named_so = series.labels.get(key, "")
        workload = view.workloads.get(view.component(named_so) or view.component(_dashed(named_so)))
        if key == "its settings":  # they tell more than the queue's name, but who bears the group's own name is meant
            workload = _reads_as(view, series)
        if workload is not None and role(workload) != "broker":
            may = _tellers_workers(view, workload, series, told) if key == "component" else [workload]
            return may[0] if len(may) == 1 else None
    for alert in view.alerts:
        for key in ("consumergroup", "consumer_group", "group"):
            workload = view.workloads.get(view.component(str(alert.labels.get(key, ""))))
            if workload is not None and role(workload) != "broker":
                return workload
    called = _dashed("-".join((label, series.labels.get("consumergroup", ""), series.labels.get("queue", ""))))
    words = {w for w in called.split("-") if len(w) > 3}
    brokers = {b.ref for b in of_role(view.workloads, "broker")}
    readers = [w for w in view.serving if view.graph.calls.get(w.ref, set()) & brokers or not brokers]
    readers = readers or [w for w in view.serving if works_on_messages(view, w)]  # a Secret has the broker's address
    readers = [w for w in readers if not _reads_others(view, w, name_of(series))]
    working = [w for w in readers if any(x in w.name for x in ("worker", "consumer", "processor"))]
    named = [w for w in working or readers if words & set(w.name.split("-"))] or [
        w for w in view.serving if _works_on(w, words)
    ]
    # Names tell nothing: who gives messages back, has stopped to work, or tells of stuck consumers, is meant.
    rejecting = [w for w in view.serving if not role(w) and view.hits_of(w.ref, "message_rejected")]
    if len(told) == 1:
        return told[0]
    alone = _fetching(view, series)  # who is told the very name of a queue has more of it than a word
    found = alone if len(alone) == 1 else named or rejecting or working or [w for w in readers if _stopped(view, w)]
    return found[0] if len(found) == 1 else None


def _reads_as(view: View, series: Series) -> Workload | None:
    """Return the one whose settings give it the very name of the group, or durable consumer, that a queue is of."""
    groups = {series.labels[key] for key in READS_AS if series.labels.get(key)}
    found = [w for w in view.serving if groups and not role(w) and groups & groups_of(view, w)]
    return found[0] if len(found) == 1 else None


@once
def groups_of(view: View, workload: Workload) -> set[str]:
    """Return the groups, or durable consumers, under whose name the settings of a workload let it read."""
    return {value.strip() for key, value in view.graph.settings(workload) if _GROUP.search(key)}


def _tellers_workers(view: View, teller: Workload, series: Series, told: list[Workload]) -> list[Workload]:
    """Return who may read a queue of which one tells: who is told to, if that one takes requests, or does its jobs."""
    queue = series.labels.get("queue", "")
    told = told if queue and not works_on_messages(view, teller) else []
    may = (w for w in view.serving if works_on_messages(view, w) and (not _told(view, w) or queue in _told(view, w)))
    return told if len(told) == 1 else do_its_jobs(view, teller, queue, may) or [teller]


def _fetching(view: View, series: Series) -> list[Workload]:
    """Return those with a Service that nobody calls, whose settings give them one queue and how much they fetch of it.

    Such a Service is there for its probes and figures. Of several queues they may write to one.
    """
    own = {name_of(series)} - {""}
    return [w for w in view.serving if own and own == _fetched(view, w)]


@once
def _fetched(view: View, workload: Workload) -> set[str]:
    """Return the queues in the settings of who is told how much to fetch; {} of whom somebody calls."""
    names = [text(e, "name") for c in items(workload.template, "spec", "containers") for e in items(c, "env")]
    if role(workload) or not any(map(FETCHES.search, names)):
        return set()
    led = (view.services[r.service].backends for r in view.routes if r.service in view.services)
    called = any(workload.ref in refs for refs in (*view.graph.calls.values(), *led))
    return set() if called else queues_of(workload.template)


def _dashed(name: str) -> str:
    """Return the name of a queue as that of a workload could be."""
    return name.lower().replace("_", "-").replace(".", "-")


def silent(view: View, consumer: Workload) -> Iterator[Evidence]:
    """Yield what shows that all pods of a consumer stand still: they do not work, or say nothing any more.

    Whose log goes on and who does a good part of what it did is only slow: so little was all that its work ever took.
    """
    names = {pod.name for pod in consumer.live}
    shares = [v for p, v in view.figures.latest("cpu_share", "pod").items() if p in names]
    if shares and max(shares) < IDLE and not goes_on(view, consumer):
        yield Evidence("metrics", consumer.ref, f"its pods use at most {max(shares):.1%} of their CPU limit")
    last = {log.pod: stamp(log.lines[-1]) for log in view.logs_of(consumer.live) if log.lines}
    times = [time for time in last.values() if time is not None]
    if times and len(times) == len(last) and view.now - max(times) > QUIET:
        yield Evidence("logs", consumer.ref, "none of its pods has written a line since", max(times))


def unread(view: View, ref: str, queue: str) -> Iterator[Evidence]:
    """Yield that a queue had readers before and has none now, by the count of the broker; ``ref``: who read it."""
    had, has = (ask("queue_consumers", component=queue) for ask in (view.figures.first, view.figures.now))
    if had and not has:
        since = view.figures.crossed("queue_consumers", 0.5, below=True, component=queue)
        yield Evidence("metrics", ref, f"nobody reads {queue} any more", since)


def told_to(view: View, queue: str) -> list[Workload]:
    """Return whom a command or a variable tells to work on a queue, also who rests."""
    return [w for w in view.serving if queue and queue in _told(view, w)]


@once
def _told(view: View, workload: Workload) -> set[str]:
    return queues_of(workload.template) if works_on_messages(view, workload) else set()


def _reads_others(view: View, workload: Workload, queue: str) -> bool:
    """Tell whether a workload is told to read others and not a queue, by the names that they are measured by too."""
    told = _told(view, workload)
    return queue not in told and any(name_of(each) in told for each in view.figures.series("queue_depth"))


def works_on_messages(view: View, workload: Workload) -> bool:
    """Tell whether the queues in the settings of a workload are those that it reads.

    Who takes requests as well may have the same settings to write to them.
    """
    return not role(workload) and not view.leading_to(workload.ref)


def queues_of(template: Mapping[str, Any]) -> set[str]:
    """Return the names of queues in the commands and in the variables of a template."""
    found: set[str] = set()
    for container in items(template, "spec", "containers"):
        words = [w for field in ("command", "args") for w in (at(container, field) or ()) if isinstance(w, str)]
        lists = ["".join(each) for each in _ASKS.findall(" ".join(words))]
        for entry in items(container, "env"):
            key = text(entry, "name")
            if KEEPS.search(key) and not _SENDS.search(key):
                lists.append(text(entry, "value"))
        found |= {name for names in lists for name in _listed(names)}
    return found - {""}


def _listed(names: str) -> Iterator[str]:
    """Yield the queues of a list; a number behind one is its weight: so Sidekiq and Shoryuken are told."""
    first, *more = _BETWEEN.split(names.strip())
    yield from (_HOW_MUCH.sub("", each) for each in (first, *(each for each in more if not each.isdigit())))


def _works_on(workload: Workload, words: set[str]) -> bool:
    """Tell whether a workload is called a worker of what a queue is called: label-worker of labels."""
    *mine, last = workload.name.split("-")
    return last in ("worker", "consumer", "processor") and any(word.startswith(each) for each in mine for word in words)


@once
def _stopped(view: View, workload: Workload) -> bool:
    """Tell whether a workload tells of a stuck consumer, or all its pods used the processor and do so no more."""
    if role(workload):
        return False
    told = any(not hit.previous for hit in view.hits_of(workload.ref, "stuck"))
    was = [view.figures.first("cpu_share", pod=pod.name) for pod in workload.live]
    worked = bool(was) and all(share is not None and share > 2 * IDLE for share in was)
    return told or (worked and any(each.source == "metrics" for each in silent(view, workload)))
