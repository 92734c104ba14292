"""Errors of a release on a path that nobody uses until hours later: each request for it fails, from the first one on.

A program that served for hours is seldom ill by its release. It is by what nobody asked for until now: an enrolment
that opens on a Monday, a report at the end of the month. That the former code did this well has to be told by who asked
for it then, or the release tells itself that the code which breaks came with it. The data may be what is new as well:
so only a release that is younger than a day is meant, since which the hour of the path comes for the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._blames_another import blames_itself
from tuheg_ir.diagnosis.rules._comes_in_waves import Told, changed_between
from tuheg_ir.diagnosis.rules._stacks import NOT_OWN
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import THING, answer_of, of_probe
from tuheg_ir.diagnosis.view.batch import ended, started
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.name_words import parts_of
from tuheg_ir.diagnosis.view.reading import created, noted, oldest, written
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN, own_errors
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

A_DAY = timedelta(days=1)
"""What is used at an hour of the day was used since an older release."""
QUIET = timedelta(minutes=30)
"""So long nobody asked for it at least, while others were asked for."""
STARTS = timedelta(minutes=5)
"""What a program tells of itself as it starts it tells within this time."""
WELL, FAILED = frozenset(range(200, 300)), 500
_METHOD = late(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE)\b")
_FILE = late(r"(?<![\w-])([A-Za-z_][\w-]{2,60})\.(?:rb|py|[cm]?[jt]sx?|php|go|java|kt|cs|exs?|rs|scala)\b")
"""A file of code, as traces name it."""
_PARTS = late(r"[\s\"'()\[\],]+")
_OTHERS = late(r"[^a-z0-9]+")
LONG = 8
"""A name of two words that is as long is no word that a note has by chance."""
_WAYS = ("Service", "Ingress", "HTTPRoute", "GRPCRoute", "VirtualService")
"""What may have led the path to somebody else before."""


class _Asked(NamedTuple):
    """A request that a log tells of: when, what for (the method and the parts of the path), and how it was answered."""

    at: datetime
    route: tuple[str, ...]
    status: int


def first_used(view: View, workload: Workload) -> Told | None:
    """Return the errors of a release with what was asked for first long after it, if all newest pods tell them."""
    came, own = workload.released_at, own_of_all(view, workload)
    if came is None or not own:
        return None
    failed = _failing(view, {hit.pod for hit in own}, came)
    began = oldest(each.at for each in failed)
    if began is None or not no_other_reason(view, workload, own, began):
        return None
    routes = {each.route for each in failed}
    if former_failed(view, workload, routes):
        return None
    linked = _did_well(view, workload, routes, came) or _brought(view, workload, came, began)
    if linked is None:
        return None
    method, *parts = min(routes)
    what = f"{len(failed)} requests that its logs tell for {method} /{'/'.join(parts)}"
    fact = f"all {what} failed, from the first one on; others are served"
    return Told(own, began, (Evidence("logs", workload.ref, fact, began), linked))


def own_of_all(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return the errors of the own work of a new image, if all of its pods tell them and they blame nobody else."""
    own, newest = own_errors(view, workload), {pod.name for pod in workload.newest_pods()}
    if workload.returned or not own or {hit.pod for hit in own} != newest or not blames_itself(view, workload):
        return ()
    return own if any(change.aspect == "image" for change in workload.changes) else ()


def no_other_reason(view: View, workload: Workload, own: Iterable[Hit], began: datetime) -> bool:
    """Tell whether a release is younger than a day, its errors began with what failed, and nothing else changed."""
    came, first = workload.released_at, oldest(hit.first for hit in own)
    if came is None or first is None or began - came > A_DAY or abs(first - began) > MINUTE:
        return False
    return not (changed_between(view, workload, came, began) or _led_or_run(view, came, began))


def _failing(view: View, pods: Iterable[str], came: datetime) -> list[_Asked]:
    """Return all failed requests of some pods, if nobody had asked for the same for long, and all else is served."""
    by_pod = [[each for each in requests_told(_lines(view, name)) if each.at >= came] for name in sorted(pods)]
    asked = [each for told in by_pod for each in told]
    failed = [each for each in asked if each.status >= FAILED]
    served = [each for each in asked if each.status < FAILED]
    routes = {each.route for each in failed}
    began = oldest(each.at for each in failed)
    if began is None or len(failed) < OFTEN or not all(map(_is_named, routes)):
        return []
    if any(_alike(route, each.route) for each in served for route in routes):
        return []  # some are answered: it is not the code, or not that alone
    heard = [oldest(each.at for each in told) for told in by_pod]
    quiet = all(at is not None and began - at >= QUIET for at in heard)
    return failed if quiet and any(each.at > began for each in served) else []


def _led_or_run(view: View, came: datetime, began: datetime) -> bool:
    """Tell whether a way was written or a Job was at work meanwhile: the path may be new here, or its data."""
    times = [at for kind in _WAYS for obj in view.snapshot.of(kind) for at in (created(obj), written(obj))]
    times += [at for job in view.snapshot.of("Job") for at in (started(job), ended(job))]
    return any(at is not None and came <= at <= began for at in times)


def former_failed(view: View, workload: Workload, routes: set[tuple[str, ...]]) -> bool:
    """Tell whether pods of the former code, which a trial or a pause of the roll-out left there, fail at it as well.

    Of one that is gone the log may be left, and its name tells of which ReplicaSet it was.
    """
    older, sets = {pod.name for pod in workload.older_pods()}, tuple(f"{each.name}-" for each in workload.revisions[1:])
    logs = (log for log in view.logs if log.pod in older or log.pod.startswith(sets))
    told = (each for log in logs for each in requests_told(log.lines))
    return any(each.status >= FAILED and any(_alike(one, each.route) for one in routes) for each in told)


def _lines(view: View, pod: str) -> Iterator[str]:
    return (line for log in view.logs if log.pod == pod and not log.previous for line in log.lines)


def requests_told(lines: Iterable[str]) -> list[_Asked]:
    """Return the requests that lines of a log tell of; what failed and does not tell for what has no route."""
    found = []
    for line in lines:
        status = 0 if of_probe(line) else answer_of(line)
        at = stamp(line) if status else None
        if at is None:
            continue
        method, thing = _METHOD.search(line), THING.search(line)
        if method and thing:
            found.append(_Asked(at, (method[0], *map(_part, thing[1].strip("/").split("/"))), status))
        elif status >= FAILED:
            found.append(_Asked(at, (), status))
    return found


def _part(part: str) -> str:
    """Return a part of a path; one with a number, or that stands for any, is one of many things of its kind."""
    return "#" if any(c.isdigit() for c in part) or part[:1] in (":", "{", "<") else part


def _is_named(route: tuple[str, ...]) -> bool:
    return any(part not in ("#", "") for part in route[1:])


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether two requests are for the same: for another thing of a kind, whose name is no number, as well."""
    if len(one) != len(other) or one[:1] != other[:1]:
        return False
    differ = [n for n, (a, b) in enumerate(zip(one, other, strict=True)) if a != b and "#" not in (a, b)]
    return not differ or (len(differ) == 1 and differ[0] < len(one) - 1)


def _did_well(view: View, workload: Workload, routes: set[tuple[str, ...]], came: datetime) -> Evidence | None:
    """Return that who asks a workload tells that the code before its release answered the same well, and never ill."""
    mine = {pod.name for pod in workload.pods}
    told: list[tuple[str, _Asked, bool]] = []
    for log in view.logs:
        if log.pod in mine or not any(view.graph.resolve(host) == workload.ref for host in hosts_named(log.lines)):
            continue
        for line in log.lines:
            asked = (each for each in requests_told([line]) if any(_alike(one, each.route) for one in routes))
            told += [(log.pod, each, of_another(view, workload, line)) for each in asked]
    if not {each.status for _, each, _ in told if each.at < came} <= WELL:
        return None
    if any(each.status < FAILED for _, each, _ in told if each.at >= came):
        return None  # the release has done it well since
    before = [(pod, each) for pod, each, of_another in told if each.at < came and not of_another]
    if not before or not all(any(_alike(one, each.route) for _, each in before) for one in routes):
        return None
    pod, last = max(before, key=lambda each: each[1].at)
    fact = f"{len(before)} lines tell that it answered the same well before its release, and none of a failure"
    return Evidence("logs", f"Pod/{pod}", fact, last.at)


def of_another(view: View, workload: Workload, line: str, caller: str = "") -> bool:
    """Tell whether a line names another one of the cluster, who may be gone: a proxy tells whom it asked each time.

    ``caller``: who writes it, whose variables may tell whom he means by a name of his own.
    """
    inside = (host for host in hosts_named([line]) if "." not in host or ".svc" in host or view.graph.resolve(host))
    return any(view.graph.meant(caller, host) != workload.ref for host in inside)


def _brought(view: View, workload: Workload, came: datetime, began: datetime) -> Evidence | None:
    """Return that the release names itself, as its own, a file of code in which requests break."""
    newest = {pod.name for pod in workload.newest_pods()}
    names = {name for pod in sorted(newest) for name in _broken_in(_lines(view, pod), began)}
    if not names:
        return None
    note = _note(view, workload)
    if named := sorted(name for name in names if name in _bare(note)):
        return Evidence("objects", workload.ref, f"its release is called: {note} (requests break in {named[0]})", came)
    tags = {change.after.rpartition(":")[2] for change in workload.changes if change.aspect == "image"}
    tags = {tag for tag in tags if len(tag) >= len("1.0")}
    for pod in workload.newest_pods():
        for line in _lines(view, pod.name):
            at = stamp(line)
            if at is None or pod.created is None or not pod.created <= at <= pod.created + STARTS:
                continue
            if any(tag in line.split() for tag in tags) and any(name in _bare(line) for name in names):
                return Evidence("logs", f"Pod/{pod.name}", f"it told of its own code as it started: {line}", at)
    return None


def _broken_in(lines: Iterable[str], began: datetime) -> Iterator[str]:
    """Yield the names, of two words at least, of files of its own code that a log names since requests failed."""
    since = False
    for line in lines:
        at = stamp(line)
        since = since or (at is not None and at >= began - MINUTE)
        parts = _PARTS.split(line) if since and _FILE.search(line) else []
        if any(NOT_OWN.search(part) for part in parts):
            continue
        for part in parts:
            for name in _FILE.findall(part):
                if len(parts_of(name)) > 1 and len(_bare(name)) >= LONG:
                    yield _bare(name)


def _bare(words: str) -> str:
    return _OTHERS.sub("", words.lower())


def _note(view: View, workload: Workload) -> str:
    """Return what a release is called by who made it; "" if that was left there from one before."""
    sets = view.objects("ReplicaSet")
    former = (sets.get(each.name) for each in workload.revisions[1:])
    note = noted(workload.obj)
    return "" if note in map(noted, former) else note
