"""Pods fail since something that they use was made anew, and all that fail are older than that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._credentials import REFUSED
from tuheg_ir.diagnosis.rules._failing_since import LONG, Failing, failing_since, goes_on, said, speaks, younger_well
from tuheg_ir.diagnosis.rules._helping import behind, names, not_for, released_since
from tuheg_ir.diagnosis.rules._made_anew import Anew, made_anew
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.graph import foreign
from tuheg_ir.diagnosis.view.kinds import USED_UP, kind_of
from tuheg_ir.diagnosis.view.marked import MANY, marked
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

SETTLED = timedelta(minutes=5)
"""Who can find what was made anew has found it by then."""
AT_ONCE = timedelta(minutes=15)
"""Who is started anew, or leads anew, is met so soon by whoever asks it."""
_LACKS = late(
    r"(?<!master )(?<!primary )(?<!server )(?<!host )not found|do(?:es not|esn't) exist|\bmissing\b|\bno such (?!host)"
    r"|unknown (?:table|column|collection|database|index|key)|undefined (?:table|column)",
    re.IGNORECASE,
)
"""How somebody tells that a store has not what he asks it for: a new process would ask for the same."""
_OF_AGE = late(
    r"\b\d+(?:\.\d+)? ?(?:s|secs?|seconds?|m|mins?|minutes?|h|hours?) old\b"
    r"|\b(?:index|data|documents?|copy|feed|results?|catalogue) (?:is|are) (?:stale|outdated|out of date)\b",
    re.IGNORECASE,
)
"""How a reader tells that nobody wrote anything new: it reads, and a new process would read the same."""
_OF_A_SESSION = late(r"statement|cursor|session|transaction|connection", re.IGNORECASE)
"""What a store keeps for one session alone: a new one has its own."""
_DIALS = late(
    r"(?:\bdial (?:tcp )?|\bconnect(?:ing)? to [^\w.]{0,3}(?:[\w.-]{1,99}/)?|\bECONNREFUSED |\bETIMEDOUT "
    r"|\bconnection to (?=\S{7,22} (?:was )?(?:refused|timed out|failed)))(\d{1,3}(?:\.\d{1,3}){3})\b",
    re.IGNORECASE,
)
"""How clients of Go, the JVM and Node tell that a connection could not be made, and to which address."""
_BACK = "rollback_workload"
_WORN = ("process_exhausted", "out_of_memory")
_SESSIONS = ("database_", "pool_", "read_only_database")


class _Found(NamedTuple):
    """Who fails, what shows that a process that is started now would be well, and how sure that is."""

    failing: Failing
    well: Evidence
    sure: float


def when(view: View) -> Iterator[Match]:
    """All failing pods are older than what was made anew as they began to fail, and others show that it is well."""
    for workload in view.serving:
        if is_store(workload) or keeps_data(view, workload):
            continue  # its members differ by what they do, and a start anew may lose what they have
        felt = [*(seen for seen, _ in troubles(view, workload.ref)), *suffering(view, workload.ref)]
        known = (each for each in made_anew(view, workload) if not view.recent(each.at, SETTLED))
        for anew in sorted(known, key=lambda each: each.at, reverse=True):
            found = _by_younger(view, workload, anew) or _by_others(view, workload, anew)
            if found is None or not goes_on(view, found.failing, anew.at + SETTLED):
                continue
            if felt or view.alerts or found.failing.often >= MANY:
                yield _match(view, workload, anew, found, felt[:1])
                break


def _by_younger(view: View, workload: Workload, anew: Anew) -> _Found | None:
    """Return that pods of the failing ones' template that were started since a change are well, and only those are."""
    failing = failing_since(view, workload, anew.at, LONG if anew.is_read else AT_ONCE)
    if failing is None or not _may_mean(view, workload, failing, anew) or _wears_out(failing, anew):
        return None
    if since_release(workload, failing.first):
        return None
    well = younger_well(view, workload, failing, anew.at)
    if not well:
        return None
    told = "it has the same template, was started after that, and is well"
    return _Found(failing, Evidence("objects", f"Pod/{well[0].name}", told, well[0].started), 0.65)


def _wears_out(failing: Failing, anew: Anew) -> bool:
    """Tell whether they say that something is used up: the younger one has used less of it, whatever was made anew.

    Who still holds sessions of a server's former process, or is refused, may have none left for that alone.
    """
    leaks = anew.is_read and failing.tells("pool_") and failing.troubles.isdisjoint(REFUSED)
    return leaks or failing.tells(*_WORN) or any(kind_of(line) == USED_UP for line in failing.lines)


def _by_others(view: View, workload: Workload, anew: Anew) -> _Found | None:
    """Return that others ask what was made anew, and are well.

    What is read shows nothing of the kind: others read it too, and whether it is good nobody knows before a start. Nor
    are others any like him who logs in anew again and again, and is refused for the kind of his login.
    """
    failing = None if anew.is_read else failing_since(view, workload, anew.at, AT_ONCE)
    if failing is None or not failing.older(anew.at) or not _may_mean(view, workload, failing, anew):
        return None
    if failing.tells("login_kind_refused"):
        return None
    if since_release(workload, failing.first) or any(pod.started and pod.started > anew.at for pod in workload.live):
        return None
    well = _others(view, workload, anew) if _is_kept(view, failing, anew) else None
    return _Found(failing, well, 0.6) if well else None


def _is_kept(view: View, failing: Failing, anew: Anew) -> bool:
    """Tell whether clients keep what was made anew: an address or sessions, and it answers none by another release.

    Who asks a store for what it has not fails as well with a session of its present process.
    """
    servers = [view.workloads[ref] for ref in anew.behind if ref in view.workloads]
    if any(since_release(each, failing.first) for each in servers):
        return False
    data = all(role(each) in (*DATA, "pooler") for each in servers)
    if data and any(_LACKS.search(line) and not _OF_A_SESSION.search(line) for line in failing.lines):
        return False
    if anew.ref in anew.behind and failing.tells("read_only_database") and all(len(w.live) == 1 for w in servers):
        return False  # its former process is dead: the one that refuses writes is the new one, and it would go on
    if failing.lines and all(_dials(view, anew, line) for line in failing.lines):
        return False  # they keep nothing: so would a new process
    starts = [pod.started for each in servers for pod in each.live]
    if (
        anew.ref in anew.behind
        and anew.seen.source == "objects"
        and any(at is None or at < anew.at - AT_ONCE for at in starts)
    ):
        return False  # only some members of it are new: they may lack what the others have
    return anew.ref.startswith("Service/") or data


def _dials(view: View, anew: Anew, line: str) -> bool:
    """Tell whether a line is of a connection that is made anew, to the address that its Service has now, and fails."""
    now = {text(service.obj, "spec", "clusterIP") for ref in anew.behind for service in view.leading_to(ref)}
    return any(found[1] in now for found in _DIALS.finditer(line))


def _may_mean(view: View, workload: Workload, failing: Failing, anew: Anew) -> bool:
    """Tell whether what failing pods say is about what was made anew: not if they name another one whom they ask.

    Nor if they only tell that what they read is old.
    """
    if anew.is_read:
        return True
    if failing.lines and all(_OF_AGE.search(line) for line in failing.lines):
        return False
    told = [each for each in complaints(view, *failing.troubles) if each.caller == workload.ref]
    about = {name for each in told for name in (each.about, *filter(foreign, each.hosts)) if name}
    asked = view.graph.calls.get(workload.ref, set()) | {anew.ref, *anew.behind}
    about |= {ref for ref in asked for label in _labels(view, ref) if any(names(line, label) for line in failing.lines)}
    return not about or not about.isdisjoint((anew.ref, *anew.behind))


def _labels(view: View, ref: str) -> set[str]:
    """Return the names by which somebody is asked: his own, and those of his Services."""
    own = {service.name for service in view.leading_to(ref)}
    return {ref.partition("/")[2], *own}


def _others(view: View, workload: Workload, anew: Anew) -> Evidence | None:
    """Return that another one asks the same and is well; None where one fails that was started after it was made."""
    well: Evidence | None = None
    for other in _users(view, workload, anew):
        failing = failing_since(view, other, anew.at)
        later = [pod for pod in other.live if pod.started and pod.started > anew.at]
        if failing is not None and any(said(view, failing, pod) for pod in later):
            return None
        ill = failing is not None and goes_on(view, failing, anew.at + SETTLED)
        long_ill = any(each.since is None and sum(each.lately.values()) for each in marked(view, other))
        ill = ill or long_ill or any(troubles(view, other.ref))
        if not ill and any(speaks(view, pod) for pod in other.live):
            well = Evidence("logs", other.ref, f"it asks {anew.ref} too, and is well", view.now)
    return well


def _users(view: View, workload: Workload, anew: Anew) -> Iterator[Workload]:
    refs = sorted({ref for each in anew.behind for ref in view.graph.callers(each)} - {workload.ref, *anew.behind})
    for each in (view.workloads[ref] for ref in refs if ref in view.workloads):
        if each.kind not in BATCH and {*anew.behind} & view.graph.calls.get(each.ref, set()):
            yield each


def _match(view: View, workload: Workload, anew: Anew, found: _Found, felt: Sequence[Evidence]) -> Match:
    failing = found.failing
    latest = max(pod.started for pod in failing.pods if pod.started)
    older = f"all {len(failing.pods)} that fail were started before that, the last of them {latest:%d %b %H:%M}"
    well = f"{anew.ref} is well: nothing done to it mends who keeps what was before"
    released = released_since(view, anew.behind, failing.first)
    return Match(
        component=workload.ref,
        evidence=(
            anew.seen,
            Evidence("logs", workload.ref, failing.seen, failing.first),
            Evidence("objects", workload.ref, older, latest),
            found.well,
            *felt,
        ),
        certainty=found.sure,
        root_cause=_cause(view, anew, failing),
        since=failing.first,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *excluding(workload.ref, "its template did not change: what it uses was made anew", _BACK),
            *(each for each in not_for(anew.behind, well) if not (each.remedy == _BACK and each.target in released)),
        ),
    )


def _cause(view: View, anew: Anew, failing: Failing) -> str:
    """Return what kind of thing the older pods keep."""
    servers = [view.workloads[ref] for ref in anew.behind if ref in view.workloads]
    if any(role(each) in (*DATA, "pooler") for each in servers) or failing.tells(*_SESSIONS):
        return "database_connection"
    return "configuration_error" if anew.is_read else "network_fault"


RULE = Rule(
    name="older_than_a_change",
    title="All pods that fail are older than what was made anew as they began to, and younger or other ones are well",
    root_cause="configuration_error",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no workload fails, in pods that are older alone, since something that it uses was made anew",
)
