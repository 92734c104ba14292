"""What users carry in their headers, a token or a cookie, has grown with a release of who hands it out.

Servers take so much of headers and no more; who has got little to carry is served, whoever answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering
from tuheg_ir.diagnosis.view.workloads import Workload

_REFUSED = late(
    r"\bRequest headers? (?:is |are )?too (?:large|long|big)\b|\bRequest Header (?:Fields|Or Cookie) Too Large\b"
    r"|\bclient sent too (?:long header line|large request)\b|\bHPE_HEADER_OVERFLOW\b|\bHTTP headers? is larger than \d"
    r"|\blimit request headers? fields? size\b|\bsize of a request header field exceeds server limit\b"
    r"|\bHTTP element HEADER is longer than\b|\bheaders? (?:block )?size exceeds? (?:the )?limit\b",
    re.IGNORECASE,
)
"""How servers refuse a request for its headers: Tomcat, Kestrel, Jetty, nginx, Node, Netty, gunicorn, Apache, Puma."""
_HANDED = late(
    r"(?<![a-z])(?:tokens?|jwt|cookies?)\b.{0,24}\b(?:issued|minted|signed|granted|set|created)\b"
    r"|\b(?:issued|minted|signed|granted|set|created)\b.{0,24}(?<![a-z])(?:tokens?|jwt|cookies?)\b",
    re.IGNORECASE,
)
"""How a program tells of what it gives a user to carry."""
_SIZE = late(
    r"\b(?:\w{0,20}_)?(?:bytes|size|len|length)\b[\"']?\s?[:=]\s?(\d{1,6})\b|\b(\d{1,6}) ?(?:bytes|B)\b", re.IGNORECASE
)
BIG = 4096
"""So much in one token or cookie is half of what most servers take of all headers, and more than browsers keep."""
LIVES = timedelta(hours=1)
"""Users come by and by for a new one: within this time those who carry most have it."""
SILENT = timedelta(minutes=5)
"""Who wrote its log for so long without a word of it, and was not released, served what users carried before."""


class _Refuser(NamedTuple):
    """Who refuses requests for their headers: since when, for how long it was silent of it before, in which words."""

    workload: Workload
    first: datetime
    silent: timedelta
    line: str


def when(view: View) -> Iterator[Match]:
    """Servers refuse headers as too big since the release of who hands out tokens, and tells that they are big."""
    refusers = list(_refusers(view))
    ran = [each for each in refusers if each.silent >= SILENT]
    if not ran:
        return
    first = min(ran, key=lambda each: each.first)
    released = [w for w in view.serving if w.changes and _in_time(w, first.first)]
    if len(released) != 1 or released[0].returned or released[0].ref in {each.workload.ref for each in ran}:
        return  # who refuses may take less than before
    giver, refs = released[0], tuple(dict.fromkeys(each.workload.ref for each in refusers))
    said = [seen for ref in refs for seen in (*felt(view, ref), *suffering(view, ref))]
    big = list(_handed(view, giver))
    if said and len(big) >= OFTEN:
        yield _match(view, giver, first, refs, big, said)


def _in_time(workload: Workload, began: datetime) -> bool:
    return workload.released_at is not None and BEFORE <= began - workload.released_at <= LIVES


def _refusers(view: View) -> Iterator[_Refuser]:
    """Yield the servers that refuse headers; the line that says so may be one of a trace without a time."""
    for workload in view.serving:
        if role(workload) in DATA:
            continue
        found: list[_Refuser] = []
        for log in view.logs_of(workload.live, previous=False):
            began = now = None
            for line in log.lines:
                at = stamp(line)
                began, now = began or at, at or now
                if _REFUSED.search(line) and began is not None and now is not None:
                    found.append(_Refuser(workload, now, now - began, line.strip()))
                    break
        if found:
            yield min(found, key=lambda each: each.first)


def _handed(view: View, giver: Workload) -> Iterator[Evidence]:
    """Yield what a release tells of big things that it gave users to carry."""
    for log in view.logs_of(giver.newest_pods(), previous=False):
        for line in log.lines:
            if _HANDED.search(line) and any(int(a or b) >= BIG for a, b in _SIZE.findall(line)):
                yield Evidence("logs", f"Pod/{log.pod}", line.strip()[:240], stamp(line))


def _match(
    view: View, giver: Workload, first: _Refuser, refs: tuple[str, ...], big: list[Evidence], said: list[Evidence]
) -> Match:
    suffer = behind(view, *refs, but=giver.ref)
    server = first.workload
    return Match(
        component=giver.ref,
        evidence=(
            *release_evidence(giver)[:2],
            *big[:2],
            Evidence("logs", server.ref, f"it refuses headers: {first.line[:200]}", first.first),
            said[0],
            Evidence("objects", server.ref, "its own template is older", server.released_at),
        ),
        certainty=0.65,
        root_cause=release_cause(view, giver),
        since=first.first,
        explains=suffer,
        excludes=(
            *excluding(giver.ref, "new pods would hand out the same", *RESTARTS, "scale_workload"),
            *not_for(suffer, f"it refuses what {giver.ref} gives users to carry: any pod and template of it would"),
        ),
    )


RULE = Rule(
    name="headers_outgrown",
    title="What a release gives users to carry is too big for those that they ask",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no server refuses headers as too big since the release of who hands out tokens that it calls big",
)
