"""An interface outside has switched off the version that we ask for: only another release of ours helps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._come_again import tells_it_is_over
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, names
from tuheg_ir.diagnosis.rules._last_written import in_words, last_written
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._read_anew import read_anew
from tuheg_ir.diagnosis.rules.younger_pods_well import by_start
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.odd import same_template
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_VERSION = late(r"version|\bapi\b|endpoint|deprecat|sunset|retired|upgrade|migrate", re.IGNORECASE)
"""Words of a line that speaks of an interface, and not of one thing behind it."""
_ITS_VERSION = late(
    r"(?<![\w.-])(?:api|protocol|interface)[ _-]versions?\b(?![\"']?\s*[=:])"
    r"|(?<![\w.-])(?:api|version|endpoint)s?\b[^.:,;\]]{0,40}?"
    r"\b(?:sunset|retired|deprecated|discontinued|switched off)\b"
    r"|\b(?:deprecated|retired|outdated|unsupported|such)\b[^.:,;\]]{0,20}?(?<![\w.-])(?:api|version|endpoint)\b"
    r"(?![\"']?\s*[=:])",
    re.IGNORECASE,
)
"""How a line tells that the version of an interface has ended, whatever else it names."""
_CALLED = late(
    r"\b(?!(?:the|this|an?|our|its|old|new|latest) )([a-z]\w{1,30}) (?:rest |http )?api\b|/([a-z][\w-]{2,40})"
    r"|(?<![\w.-])(v\d(?:[\w.]{0,10}\w)?)(?!\w)",
    re.IGNORECASE,
)
"""What such a line calls the interface, its paths and its version."""
_TO_CLIENTS = late(
    r"\b(?:clients?|callers?|browsers?|user[ -]?agents?|(?:incoming|inbound) requests?|request from)\b", re.IGNORECASE
)
"""Who is refused by the program itself."""
_RULED = late(r"\b(?:versions?|sunset|deprecat\w+|api)\b")
"""Words of settings that may tell which version is asked for, or served."""


def when(view: View) -> Iterator[Match]:
    """A workload is told again and again that the version it asks for has ended, and no release of it brought that.

    Not where younger pods of the same template are not told so: what they ask for is read when they start. Nor where it
    began as a program read settings anew that may be of it, or what is over by its words is somebody's session or the
    like, and no version.
    """
    for workload in view.serving:
        told = (hit for hit in view.hits_of(workload.ref, "version_retired") if not _is_somebodys(hit.line))
        hits = [hit for hit in told if fresh(view, hit) and not hit.previous]
        began = oldest(hit.first for hit in hits)
        if sum(hit.count for hit in hits) < OFTEN or since_release(workload, began):
            continue
        if not felt(view, workload.ref) and all(_of_single_things(view, workload, hit) for hit in hits):
            continue
        anew = read_anew(view, workload)
        at_once = anew is not None and began is not None and near(anew.read, began)
        if anew is not None and at_once and any(_may_be_of(view, anew.ref, hit.line) for hit in hits):
            continue
        if _read_at_start(view, workload, {hit.pod for hit in hits}):
            continue
        older = Evidence("objects", workload.ref, "its own template is older", workload.released_at)
        yield Match(
            component=workload.ref,
            evidence=(*(view.hit_evidence(hit) for hit in hits[:2]), older),
            certainty=0.65,
            since=began,
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=excluding(
                workload.ref, "every release so far asks for that version", *RESTARTS, "rollback_workload"
            ),
        )


def _is_somebodys(line: str) -> bool:
    """Tell whether what has ended by a line is a session or the like of somebody, and no version of an interface."""
    return tells_it_is_over(line) and not _ITS_VERSION.search(line)


def _may_be_of(view: View, ref: str, line: str) -> bool:
    """Tell whether the settings that were written last may be what a line speaks of.

    They are not where it is told that an interface's version has ended, they name neither its host nor how it is called
    nor any version, and it is no answer of one's own to who asks.
    """
    if not _ITS_VERSION.search(line) or _TO_CLIENTS.search(line):
        return True
    wrote = (ref.rpartition("/")[2], *last_written(view, ref))
    text = "\n".join(each for one in wrote for each in (one.lower(), *in_words(one)))
    called = {each.lower() for found in _CALLED.findall(without_time(line)) for each in found if each}
    return bool(_RULED.search(text)) or any(names(text, each) for each in (*called, *hosts_named([line])))


def _of_single_things(view: View, workload: Workload, hit: Hit) -> bool:
    """Tell whether a pod is told that something is gone, of no version, while most of what it tells since goes well.

    A version that ended refuses each call; a device, a subscription or a document that is gone refuses its own.
    """
    if _OF_VERSION.search(hit.line):
        return False
    logs = [
        log
        for log in view.logs_of(workload.live, previous=False)
        if (log.pod, log.container) == (hit.pod, hit.container)
    ]
    lines = [line for log in logs for line in log.lines if (at := stamp(line)) and hit.first and at >= hit.first]
    return sum(not is_marked(line) for line in lines) > hit.count


def _read_at_start(view: View, workload: Workload, told: set[str]) -> bool:
    """Tell whether the younger pods of one template work, and only the older ones are told so."""
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if len(log.lines) >= OFTEN}
    bad = [pod for pod in workload.live if pod.name in told]
    well = [pod for pod in workload.live if pod.name in heard - told and pod.ready]
    return same_template((*bad, *well)) and bool(by_start(view, bad, well))


RULE = Rule(
    name="outside_version_retired",
    title="An interface outside ended the version that is asked for",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody outside says that the version which is asked for has ended",
)
