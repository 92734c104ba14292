"""A release does not fit the libraries that it was built with: a call that they lack, or a value that they refuse.

Who links a program's parts, or a driver before it sends anything, says so. No data, no server and no traffic bring it;
how often it comes goes with what is asked, so a release of a quiet hour is well until the next busy one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._missed import felt_by
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, release_evidence, releases, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_AT_ODDS = late(
    r"\bjava\.lang\.(?:NoSuchMethodError|NoSuchFieldError|AbstractMethodError|IncompatibleClassChangeError"
    r"|NoClassDefFoundError(?!: Could not initialize)|IllegalAccessError|VerifyError): "
    r"|\bSystem\.(?:MissingMethodException: Method not found|MissingFieldException: Field not found"
    r"|TypeLoadException: (?:Could not load type|Method ))"
    r"|\bCould not load file or assembly '[^']+, Version="
    r"|\bImportError: cannot import name |\bAttributeError: module '[^']+' has no attribute "
    r"|\bCannot write DateTime with Kind=\w+ to PostgreSQL type "
    r"|\bmust use import to load ES Module|\bError \[ERR_REQUIRE_ESM\]"
    r"|\bsymbol lookup error: .{1,200}: undefined symbol: "
)
"""How Java, .NET, Python, Node and the loader of C tell of a part that does not fit, and a driver for PostgreSQL of a
kind of time that it has refused since its version 6. A class that could not be initialised may want for anything."""
_HINTS = (
    *("java.lang.", "system.missing", "typeloadexception", "could not load file", "cannot import name"),
    *("has no attribute", "with kind=", "es module", "require_esm", "undefined symbol"),
)
SUSPECT = timedelta(hours=24)
PROVED = timedelta(days=2)
"""Who was in force for so long has met each hour of the day."""
OFTEN = 5
STILL = timedelta(minutes=15)
_HEAD = 1000
"""A line of JSON tells first of when and who."""


def when(view: View) -> Iterator[Match]:
    """All pods of an image that is new since a day tell so, users suffer only since, the one before served for days."""
    for workload in view.serving:
        came = workload.released_at
        if came is None or workload.returned or not workload.changed("image") or not releases(view, workload, SUSPECT):
            continue
        told = _told(view, workload)
        if workload.older_pods() or set(told) != {pod.name for pod in workload.live} or not _served_for_days(workload):
            continue
        lines = [line for each in told.values() for line in each]
        times = [at for line in lines if (at := stamp(line)) is not None]
        first, last = oldest(times), newest(times)
        if len(lines) < OFTEN or first is None or first < came + BEFORE or not view.recent(last, STILL):
            continue
        felt = tuple(felt_by(view, behind(view, workload.ref), None))
        before = any(sign.time is not None and sign.time < came + BEFORE for sign in felt)
        if before or all(sign.source == "logs" for sign in felt) or _told_by_others(view, workload):
            continue
        if _asked_otherwise(view, workload, came, first):
            continue
        says = _AT_ODDS.search(lines[-1])
        fact = f"{len(lines)} lines since, by all its pods: {lines[-1][says.start() if says else 0 :][:200]}"
        yield Match(
            component=workload.ref,
            evidence=(Evidence("logs", workload.ref, fact, first), *release_evidence(workload, "image"), *felt[:2]),
            certainty=0.65,
            since=first,
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=excluding(workload.ref, "each process of this image has the same parts", *RESTARTS),
        )


@once
def _told(view: View, workload: Workload) -> dict[str, list[str]]:
    """Return pod -> its lines which say that a part of the program does not fit another."""
    found: dict[str, list[str]] = {}
    for log in view.logs_of(workload.live, previous=False):
        lines = [line for line in log.lines if _AT_ODDS.search(line[:_HEAD])] if speaks_of(log, _HINTS) else []
        if lines:
            found.setdefault(log.pod, []).extend(lines)
    return found


def _told_by_others(view: View, workload: Workload) -> bool:
    """Tell whether another one of ours tells the like: then it is no release of this one."""
    return any(_told(view, each) for each in view.serving if each is not workload)


def _asked_otherwise(view: View, workload: Workload, came: datetime, first: datetime) -> bool:
    """Tell whether one who calls it was released after it, and before it told so first: he may ask what nobody had."""
    callers = (view.workloads.get(ref) for ref in view.graph.callers(workload.ref))
    times = (each.released_at for each in callers if each and each.changes)
    return any(at is not None and came < at <= first - BEFORE for at in times)


def _served_for_days(workload: Workload) -> bool:
    """Tell whether the template before was in force for so long that it has met all that comes each day."""
    was, came = template_before(workload), workload.released_at
    made = next((each.created for each in workload.revisions[1:] if each.template == was), None)
    return bool(was) and made is not None and came is not None and came - made >= PROVED


RULE = Rule(
    name="libraries_at_odds",
    title="A release does not fit the libraries that it was built with",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="not all pods of a new image tell that parts of it do not fit while the one before served for days",
)
