"""Pods of a template that end at each start, though older ones of the very same template run: what is outside changed.

More of them, or a start of the old ones, makes only more that end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.crashes import Crash, crashes, ended_by_themselves, probe_kills
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.marked import LAST, is_marked, last_errors
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import created, newest, oldest, text
from tuheg_ir.diagnosis.view.releases import brought_by_release, left_as_it_was, never_ready
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

AGAIN = 2
"""So often a container has to have been started again: many a program waits for another one that way."""
STARTS = timedelta(minutes=2)
"""Most programs are done with their start by then."""
_OF_ONE_EACH = ("StatefulSet", "DaemonSet")
"""Kinds whose pods differ, by their data or their node, whatever their template is."""
_LINK = late(r"\btcp://(?P<host>(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:]+\]):\d{1,5}\b")
"""How the kubelet writes the NAME_PORT of a Service into the environment of each container."""
_MISREAD = late(
    r"pars(?:e|ing)|invalid|integer|number|convert|input string|port should|malformed|syntax|not a\b", re.IGNORECASE
)

_VARIES = late(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b|\d+", re.IGNORECASE)
"""Numbers and ids; what is quoted stays, as loggers of fields quote the very message."""
FRAME = late(
    r"(?:Traceback \(most recent call last\):|\bpanicked at [^\s']+:\d+:\d+:|\bApplication startup failed\. Exiting\."
    r"|\bApplication run failed|Exception in worker process|Worker failed to boot\.?|Shutting down: Master"
    r"|Worker \(pid:\d+\) exited with code \d+)\s*$"
    r"|npm ERR! *(?:$|(?:A complete log|code|errno|path|command|signal|Exit status|Failed at|This is probably)\b"
    r"|Lifecycle script|Error: command failed|in workspace|at location|\S+@\S+ \w+:)"
)
"""What stands around any error of a language or of who runs the program: it says that one ended, not by what."""
_OF_ANY_END = late(
    r"\b(?:error|err|fatal|panic|critical|severe|level|lvl|severity|msg|message|time|ts|logger|main|an?|the|of|on|at|in|to"
    r"|by|with|while|during|due|because|and|is|was|has|could|can|cannot|not|unable|did|fail(?:ed|ure|ing|s)?|start(?:ed|ing"
    r"|up|s)?|boot(?:ed|ing|strap)?|init(?:iali[sz](?:e|ed|ation|ing))?|launch(?:ed|ing)?|run(?:ning)?|exit(?:ed|ing|s)?"
    r"|status|code|clean(?:ly)?|shut(?:ting)?|shutdown|down|stop(?:ped|ping)?|quit(?:ting)?|terminat(?:e|ed|ing)"
    r"|abort(?:ed|ing)?|giving|gave|up|crash(?:ed)?|end(?:ed)?|app(?:lication)?|server|service|process|program|worker"
    r"|container|unexpected(?:ly)?|unhandled|uncaught|exception|occurred|went|wrong|something|internal|see|logs?|above"
    r"|below|details?|for|more|information)\b",
    re.IGNORECASE,
)
"""Words in which any end may be told."""
_NAMED = late(r"[a-z]{3}", re.IGNORECASE)
"""What names something, beside those."""
_SHARED = (
    *("database_full", "pool_exhausted", "database_statements_full", "database_shared_memory", "lock_wait"),
    *("disk_full", "out_of_memory", "process_exhausted", "cache_full", "broker_alarm", "store_limit", "store_quota"),
    *("beyond_quota_of_cluster", "rate_limited", "workers_busy", "place_taken"),
)
"""Troubles of who gets nothing of what many share: a release that took the rest of it brings them to all others."""
_UNSHARED = late(
    r"\bheap\b|GC overhead|Metaspace|Allowed memory size|too many open files(?! in system)|\bEMFILE\b", re.IGNORECASE
)
"""What each process has of its own: no other one takes it."""


def stillborn(view: View, workload: Workload) -> tuple[Crash, ...]:
    """Return the containers that end at each start in pods which are younger than all that run of the same template."""
    ended = _at_each_start(view, workload, workload.newest_pods())
    return () if brought_by_release(workload, [crash.pod for crash in ended]) else ended


def stillborn_of_old(view: View, workload: Workload) -> tuple[Crash, ...]:
    """Return the same of the templates before: pods of them that were made anew end at each start, older ones run.

    Whoever goes back gets what ends as well, whatever those of the newest template end by.
    """
    older = workload.older_pods()
    return tuple(
        crash
        for revision in dict.fromkeys(pod.revision for pod in older)
        for crash in _at_each_start(view, workload, [pod for pod in older if pod.revision == revision])
        if not _kept_out(view, workload, crash)
    )


def ended_alike(view: View, workload: Workload) -> tuple[Crash, ...]:
    """Return those of the templates before, if the pods of the newest one tell of no other trouble than they do.

    Of pods that have served, and end since they were started again, it has to be heard: they may be ill by their age.
    """
    ended, fallen = stillborn_of_old(view, workload), _fallen(view, workload)
    if not ended and not fallen:
        return ()
    ours = last_words(view, [pod for pod in workload.newest_pods() if not pod.ready])
    theirs = last_words(view, [crash.pod for crash in ended])
    born = ended if not (theirs and ours) or theirs & ours else ()
    return (*born, *(crash for crash in fallen if _ends_as_release(view, workload, crash)))


def first_end(crash: Crash) -> datetime | None:
    """Return since when a pod has ended at each start: since it was made, or since it served last."""
    return crash.pod.created if never_ready(crash.pod) else crash.pod.unready_since


def stopped(view: View, workload: Workload) -> tuple[Crash, ...]:
    """Return the init containers that end with an error, of pods that are not ready."""
    return tuple(c for c in crashes(view, workload, init=True) if not c.pod.ready and not c.container.ready)


def stopped_at_the_same(view: View, workload: Workload) -> tuple[Crash, ...]:
    """Return them, if the newest release left each of them, and all beside it, as it was."""
    failed = stopped(view, workload)
    return failed if all(left_as_it_was(workload, c.container.name) for c in failed) else ()


def _at_each_start(view: View, workload: Workload, pods: Iterable[Pod]) -> tuple[Crash, ...]:
    """Return the containers that end at each start in those pods of a template that are younger than all that run.

    One that has to end first before they begin (an init container) keeps them from it as well.
    """
    if workload.kind in _OF_ONE_EACH:
        return ()
    mine = {pod.name: pod for pod in pods}
    found = (*ended_by_themselves(view, workload), *stopped(view, workload))
    ended = tuple(c for c in found if c.pod.name in mine and never_ready(c.pod))
    last = newest(pod.created for pod in mine.values() if pod.ready)
    first = oldest(c.pod.created for c in ended)
    if last is None or first is None or first - last < MINUTE:
        return ()
    again = all(crash.container.restarts >= AGAIN for crash in ended)
    return ended if again and not probe_kills(view, workload, [crash.pod for crash in ended]) else ()


def _fallen(view: View, workload: Workload) -> tuple[Crash, ...]:
    """Return the containers of older templates that ended at each start since their pods served last.

    Their node was started again, or they had ended once. Others of the same template run, and have not been started
    since: one that was, and serves, shows that it can start.
    """
    older = {pod.name: pod for pod in workload.older_pods()}
    if workload.kind in _OF_ONE_EACH or not older:
        return ()
    return tuple(
        crash
        for crash in ended_by_themselves(view, workload)
        if (pod := older.get(crash.pod.name))
        and not never_ready(pod)
        and _ends_since_it_served(crash)
        and _others_run_since_before(older.values(), crash)
        and not probe_kills(view, workload, [pod])
        and not _kept_out(view, workload, crash)
    )


def _ends_since_it_served(crash: Crash) -> bool:
    served, started = crash.pod.unready_since, crash.ended.started_at
    again = crash.container.restarts >= AGAIN and not crash.pod.ready
    return again and served is not None and started is not None and started > served


def _others_run_since_before(pods: Iterable[Pod], crash: Crash) -> bool:
    """Tell whether there are ready pods like that of a crash, all of which were started before it served no more."""
    ready = [pod.started for pod in pods if pod.ready and pod.revision == crash.pod.revision]
    fell = crash.pod.unready_since
    return bool(ready) and all(at is not None and fell is not None and at < fell for at in ready)


def _ends_as_release(view: View, workload: Workload, crash: Crash) -> bool:
    """Tell whether a pod ends by the last that those of the newest template tell of theirs as well.

    Nor may each tell of something else besides: what a program misses whenever it stops may be told last of all.
    """
    theirs, ours = (_ends(view, workload, pods) for pods in ([crash.pod], workload.newest_pods()))
    if {end[-1] for end in theirs}.isdisjoint(end[-1] for end in ours):
        return False
    told, told_by_ours = set(chain.from_iterable(theirs)), set(chain.from_iterable(ours))
    return told <= told_by_ours or told_by_ours <= told


def _kept_out(view: View, workload: Workload, crash: Crash) -> bool:
    """Tell whether an older pod ends since a release came, for want of what is shared: that may have taken the rest."""
    at, released, pods = first_end(crash), workload.released_at, [crash.pod]
    if at is None or released is None or at < released:
        return False
    told = (hit.line for hit in view.hits_of(workload.ref, *_SHARED) if hit.pod == crash.pod.name)
    wants = [line for line in told if not _UNSHARED.search(line)]
    return bool(wants) and not set(_plain(wants, pods)).isdisjoint(chain.from_iterable(_ends(view, workload, pods)))


def _ends(view: View, workload: Workload, pods: Sequence[Pod]) -> list[list[str]]:
    """Return the errors at the end of each life of some pods that ended badly, if any of them names something.

    Without those that a pod told at its start which serves.
    """
    ended = {(pod.name, c.name): c.state for pod in pods for c in pod.containers if c.ended and c.ended.badly}
    fine = _told_at_start(view, workload)
    own = _any_of(name for pod in pods for name in (pod.name, *(c.name for c in pod.containers)))
    found = []
    for log in view.logs_of(pods):
        state = ended.get((log.pod, log.container))
        if state is None or (state == "running" and not log.previous):
            continue  # a life that goes on has no end yet
        told = [line for line in log.lines[-LAST:] if is_marked(line) and not FRAME.search(line)]
        telling = (line for line in told if _NAMED.search(_OF_ANY_END.sub("", own.sub("", without_time(line)))))
        found.append([line for line in _plain(telling, pods) if line not in fine])
    return [end for end in found if end]


@once
def _told_at_start(view: View, workload: Workload) -> frozenset[str]:
    """Return what pods that serve called an error as they started."""
    serve = {pod.name: pod for pod in workload.live if pod.ready}
    found = set[str]()
    for log in view.logs_of(serve.values(), previous=False):
        pod = serve[log.pod]
        if pod.started and any(map(is_marked, log.lines)):
            times = zip(log.lines, times_near(log.lines), strict=True)
            until = pod.started + STARTS
            found.update(_plain((line for line, at in times if at and at <= until and is_marked(line)), [pod]))
    return frozenset(found)


def last_words(view: View, pods: Sequence[Pod]) -> set[str]:
    """Return what pods that end call an error, without what differs from one of them, or one start, to the next."""
    return set(_plain((line for line in last_errors(view, pods) if not FRAME.search(line)), pods)) if pods else set()


def _plain(lines: Iterable[str], pods: Sequence[Pod]) -> list[str]:
    """Return lines without what differs from one of some pods, or one start, to the next."""
    named = _any_of(pod.name for pod in pods)
    return [without_numbers(named.sub("", line)) for line in lines]


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of any of some names, the longest first; of none it is what stands nowhere."""
    return re.compile("|".join(sorted(map(re.escape, names), key=len, reverse=True)) or r"(?!)")


def without_numbers(line: str) -> str:
    """Return a line without its time, numbers and ids, by which one telling of a trouble differs from the next."""
    return _VARIES.sub("0", without_time(line))


def misread_links(view: View, workload: Workload) -> Iterator[tuple[str, datetime, str, str]]:
    """Yield (Service/name, when it was made, pod, line) where a program takes a Service's address for its own setting.

    Only of Services that came after the template: it was well without them.
    """
    current = workload.current
    if current is None or current.created is None or text(workload.template, "spec", "enableServiceLinks") == "False":
        return
    young = {
        text(service.obj, "spec", "clusterIP"): (service.ref, at)
        for service in view.services.values()
        if (at := created(service.obj)) and at > current.created
    }
    for log in view.logs_of(crash.pod for crash in ended_by_themselves(view, workload)):
        for line in log.lines:
            found = _LINK.search(line[:1000])
            if found and _MISREAD.search(line[:1000]) and (service := young.get(found["host"].strip("[]"))):
                yield *service, log.pod, line[:300]
