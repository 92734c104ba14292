"""Whether readers keep messages for longer than their broker waits since a release of theirs.

Code that holds a message until its next try, or that is done much later, looks the same to a broker. The template
before is done in time, if the broker took nothing back under it and nothing else changed as it began.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._readers import grown, queues
from tuheg_ir.diagnosis.rules._starved import used_up
from tuheg_ir.diagnosis.rules._taken_deliveries import TAKEN_BACK, brokers_that_tell, kept_for, told
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.batch import started
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.demand import MUCH_MORE, SOON_AFTER
from tuheg_ir.diagnosis.view.figures import Figures
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import created, items, oldest
from tuheg_ir.diagnosis.view.releases import (
    BEFORE,
    SOON,
    release_evidence,
    served_long,
    since_release,
    template_before,
)
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.diagnosis.view.written import ASLEEP, outside_changes

JUST_THEN = timedelta(minutes=1)
QUIET = 2
"""So many times as long as it waits a broker has to be seen without a word of it before a release."""
_KEEPS = late(
    r"retr(?:y|ies)|delay|count_?down|back_?off|(?:^|_)eta(?:_|$)|wait|interval|defer|sleep|(?:^|_)acks?(?:_|nowledg)"
    r"|time_?out|deadline|poll|prefetch|batch|chunk|concurren",
    re.IGNORECASE,
)
"""Names of settings of how long a message is worked on, or lies until it is."""
_ELSEWHERE = late(
    r"queue|topic|vhost|exchange|binding|stream|broker|amqp|rabbit|host|ur[il]|addr|dsn|^envFrom$"
    r"|conf(?:ig|$|_)|settings|file|path",
    re.IGNORECASE,
)
"""Names of settings that may tell what a reader reads, and of whom, or where that is written."""
_FIGURE = late(r"(?:\d{1,15}(?:\.\d{1,6})?\s?[a-z]{0,12}|true|false)?", re.IGNORECASE)
_OPTION = late(r"(?:-{1,2}[a-z][a-z_.-]{0,60}=?)?(?:\d{1,15}(?:\.\d{1,6})?[a-z]{0,12}|true|false)?", re.IGNORECASE)


def kept_since_release(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return what shows that a broker takes messages back from most readers since a release; () if nothing does.

    A broker tells each time how long it waited, and so since when a message was kept. Pods that are replaced begin to
    count anew: the template before has to have served for long, and the broker to have told nothing of it for long.
    """
    brokers, came = brokers_that_tell(view), workload.released_at
    if len(brokers) != 1 or came is None or not _may_keep(workload) or called_before(view, came):
        return ()
    said = _told_by(view, brokers[0].live)
    mine = [_told_by(view, [pod]) for pod in workload.live]
    every = [each for found in (said, *mine) for each in found]
    kept, first = max(kept_for(line) for _, line in every), min(at for at, _ in every)
    dealt = first - kept
    if not kept or dealt < came or not since_release(workload, dealt):
        return ()
    if not served_long(workload, kept.total_seconds()) or not _quiet(view, brokers[0], came - QUIET * kept):
        return ()
    taken = [[at for at, _ in found] for found in mine]
    if not _of_most(taken, kept) or _of_their_nodes(workload, taken) or _others_tell(view, workload):
        return ()
    if _changed_beside(view, workload, brokers[0], dealt, kept) or _more_came(view, came, dealt, kept):
        return ()
    if _unanswered(view, workload, [at for found in taken for at in found]) or _held_up(view, workload, dealt):
        return ()
    fact = f"it takes back what is kept for {kept.total_seconds():.0f} s, and took none back before {workload.name}"
    return (Evidence("logs", brokers[0].ref, f"{fact} was released", first), *release_evidence(workload))


def _told_by(view: View, pods: Iterable[Pod]) -> list[tuple[datetime, str]]:
    return [each for log in view.logs_of(pods) for each in told(log)]


def _may_keep(workload: Workload) -> bool:
    """Tell whether a release may let its pods keep messages longer, and they read the same of the same broker.

    Who went to another queue with it met what lies there: going back leaves that to nobody.
    """
    if workload.returned or workload.older_pods() or _reads_elsewhere(workload):
        return False
    named = any(_KEEPS.search(change.name) for change in workload.changed("env"))
    return bool(workload.changed("image")) or named or any(map(_KEEPS.search, _options(workload)))


def _options(workload: Workload) -> set[str]:
    """Return the words of commands that only one of both templates has."""
    was, now = (
        {
            str(word)
            for each in items(template, "spec", "containers")
            for field in ("args", "command")
            for word in each.get(field) or ()
        }
        for template in (template_before(workload), workload.template)
    )
    return was ^ now


def _reads_elsewhere(workload: Workload) -> bool:
    if workload.changed("mounts"):
        return True  # a file may name what it reads, as variables do, and nobody knows which ones a program asks
    settings = (each for each in workload.changed("env") if _ELSEWHERE.search(each.name) or "KeyRef" in each.told())
    words = any(not _OPTION.fullmatch(word) or _ELSEWHERE.search(word) for word in _options(workload))
    return words or any(not (_FIGURE.fullmatch(c.before) and _FIGURE.fullmatch(c.after)) for c in settings)


def _quiet(view: View, broker: Workload, since: datetime) -> bool:
    """Tell whether the logs of all pods of a broker, in their present lives, reach back to a moment."""
    logs = [[line for log in view.logs_of([pod], previous=False) for line in log.lines] for pod in broker.live]
    starts = [oldest(map(stamp, lines)) for lines in logs]
    return all(at is not None and at <= since for at in starts)


def _of_most(taken: Sequence[Collection[datetime]], kept: timedelta) -> bool:
    """Tell whether messages were taken from most readers, and not one and the same from one after the other.

    The same one is taken from the next no sooner than it was kept by that one.
    """
    moments = sorted((at, n) for n, each in enumerate(taken) for at in each)
    near = any(one != other and b - a < kept for (a, one), (b, other) in pairwise(moments))
    return near and sum(map(bool, taken)) * 2 >= len(taken)


def _of_their_nodes(workload: Workload, taken: Sequence[Collection[datetime]]) -> bool:
    """Tell whether pods of the same template are well, and all of them on other nodes: it may be the nodes' doing."""
    pods = [*zip(workload.live, taken, strict=True)]
    tell, well = ({pod.node for pod, each in pods if bool(each) == told_it} for told_it in (True, False))
    return bool(well) and not tell & well


def _changed_beside(view: View, workload: Workload, broker: Workload, dealt: datetime, kept: timedelta) -> bool:
    """Tell whether others came or were released not long before, or settings of both were written.

    They may send other work, or hold what it needs. What readers kept as they were replaced nobody took back: so what
    came that long before a release shows only after it, as what came with it does.
    """
    others = [each for each in view.workloads.values() if each is not workload]
    edits = (at for each in (workload, broker) for _, at in outside_changes(view, each))
    came = (at for each in others for at in _beginnings(each))
    return (
        any(since_release(each, dealt, SOON + kept) for each in others)
        or any(dealt - ASLEEP < at <= dealt for at in edits)
        or any(BEFORE <= dealt - at <= SOON + kept for at in came)
    )


def _beginnings(workload: Workload) -> Iterator[datetime]:
    """Yield when a workload was made, or runs of it began."""
    runs = workload.kind in (*BATCH, "Pod")
    made = started(workload.obj) if workload.kind == "Job" else created(workload.obj)
    yield from (at for at in (made, *(pod.created for pod in workload.pods if runs)) if at is not None)


def _more_came(view: View, came: datetime, dealt: datetime, kept: timedelta) -> bool:
    """Tell whether anybody was asked for much more until messages were dealt out: readers that hold many come late.

    A queue grows by slow readers too; where nobody counts requests, it may as well be by more messages.
    """
    if not view.figures.known("request_rate"):
        return any(grown(view, series) for series in queues(view))
    rates = [view.figures.alone("request_rate", each) for each in view.figures.series("request_rate")]
    return any(_grew(rate, at, dealt + SOON_AFTER, kept) for rate in rates for at in (came - kept, came))


def _grew(rate: Figures, at: datetime, until: datetime, before: timedelta) -> bool:
    was, then = rate.before("request_rate", at, before), rate.before("request_rate", until, until - at)
    return was is not None and then is not None and then > 0 and then >= MUCH_MORE * was


def _held_up(view: View, workload: Workload, dealt: datetime) -> bool:
    """Tell whether readers, or who may be asked by them, have too little processor time, or wait for locks."""
    asked = (each for each in view.serving if role(each) or each in view.called(workload.ref))
    if any(starving(view, each) for each in (workload, *asked)) or any(used_up(view, p.node) for p in workload.live):
        return True
    tellers = (workload, *of_role(view.workloads, "database"))
    waits = (hit for each in tellers for hit in view.hits_of(each.ref, "lock_wait"))
    return sum(hit.count for hit in waits if hit.last is None or hit.last >= dealt) >= OFTEN


def _others_tell(view: View, workload: Workload) -> bool:
    """Tell whether readers that are none of a release have messages taken back as well."""
    others = (each for each in view.serving if each is not workload and not role(each))
    return any(map(told, (log for each in others for log in view.logs_of(each.live))))


def _unanswered(view: View, workload: Workload, taken: Sequence[datetime]) -> bool:
    """Tell whether readers often get no answer from somebody: they keep messages for as long as they wait for it.

    What breaks just as a message is taken back is the way to the broker, which closes it.
    """
    hits = (hit for hit in view.hits_of(workload.ref, *UNANSWERED) if not TAKEN_BACK.search(hit.line))
    own = (hit for hit in hits if hit.first is None or all(abs(hit.first - at) > JUST_THEN for at in taken))
    return sum(hit.count for hit in own) >= OFTEN
