"""What users carry in their headers, a token or a cookie, has grown with a release of who hands it out.

Servers take so much of headers and no more; who has got little to carry is served, whoever answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import created, last_write
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_REFUSED = (
    (
        8000,  # Tomcat, Jetty, nginx, gunicorn, Apache, Netty
        late(
            r"\bRequest headers? (?:is |are )?too (?:large|big)\b|\bRequest header too long\b"
            r"|\bRequest Header (?:Fields|Or Cookie) Too Large\b|\bHTTP headers? is larger than \d"
            r"|\bclient sent too (?:long header line|large request)\b|\blimit request headers? fields? size\b"
            r"|\bsize of a request header field exceeds server limit\b"
            r"|\bheaders? (?:block )?size exceeds? (?:the )?limit\b",
            re.IGNORECASE,
        ),
    ),
    (16000, late(r"\bHPE_HEADER_OVERFLOW\b")),  # Node
    (32000, late(r"\bRequest headers too long\b", re.IGNORECASE)),  # Kestrel
    (80000, late(r"\bHTTP element HEADER is longer than\b")),  # Puma
)
"""How servers refuse a request for its headers, and how many bytes they take unless they are told otherwise."""
_SPOKEN = ("header", "too large request")
"""One of these is in a log that tells of it."""
_HANDED = late(
    r"(?<![a-z])(?:(?:token|jwt)\b.{0,24}\b(?:issued|minted|signed|granted|created)"
    r"|cookie\b.{0,24}\b(?:issued|signed|set|created))\b"
    r"|\b(?:(?:issued|minted|signed|granted|created)\b.{0,24}(?<![a-z])(?:token|jwt)"
    r"|(?:issued|signed|set|created)\b.{0,24}(?<![a-z])cookie)\b",
    re.IGNORECASE,
)
"""How a program tells of what it gives a user to carry; many tokens at once are a language model's."""
_SIZE = late(
    r"(?<![\w-])(?:(?:token|jwt|cookie|session|header)s?[_-])?(?:bytes|size|len|length)\b[\"']?\s?[:=]\s?(\d{1,6})\b"
    r"|\b(\d{1,6}) ?(?:bytes|B)\b",
    re.IGNORECASE,
)
LIVES = timedelta(hours=1)
"""Users come by and by for a new one: within this time those who carry most have it."""
AT_FIRST = timedelta(minutes=30)
"""Who gives more since its release does so from its first users on, of whom not each has much to carry."""
SILENT = timedelta(minutes=5)
"""Who wrote its log for so long without a word of it, and was not released, served what users carried before."""
SEVERAL = 2
"""One pod alone may be asked by a scanner; many servers tell of it but once, so lines of one pod count as one."""
_MAKES = ("image", "env", "command", "mounts")
"""What a release has to change to hand out something else."""


class _Refuser(NamedTuple):
    """A pod that refuses requests for their headers.

    first: since when; silent: for how long it was silent of it before; takes: how much servers like it take.
    """

    workload: Workload
    pod: str
    first: datetime
    silent: timedelta
    takes: int
    line: str


def when(view: View) -> Iterator[Match]:
    """Servers refuse headers since the release of who hands out tokens, and tells of ones bigger than they take."""
    refusers = list(_refusers(view))
    ran = [each for each in refusers if each.silent >= SILENT]
    if not ran or len({each.pod for each in refusers}) < SEVERAL:
        return
    first = min(ran, key=lambda each: each.first)
    giver = _released(view, first, refusers)
    if giver is None or giver.ref in {each.workload.ref for each in ran}:
        return  # who refuses may take less than before
    refs = tuple(dict.fromkeys(each.workload.ref for each in refusers))
    said = [seen for ref in refs for seen in (*felt(view, ref), *suffering(view, ref))]
    big = sorted(_handed(view, giver, max(each.takes for each in ran)), key=lambda each: each[0])
    if said and len(big) >= OFTEN and giver.released_at and big[0][0] - giver.released_at <= AT_FIRST:
        yield _match(view, giver, first, refs, [seen for _, seen in big], said)


def _released(view: View, first: _Refuser, refusers: list[_Refuser]) -> Workload | None:
    """Return the one workload whose release came before the first refusal, where nothing else changed then."""
    released = [w for w in view.serving if w.changes and _near(w.released_at, first.first)]
    if len(released) != 1 or released[0].returned or not released[0].changed(*_MAKES):
        return None
    came = released[0].released_at
    if came is None or any(each.first < came + BEFORE for each in refusers):
        return None
    read = behind(view, released[0].ref, *(each.workload.ref for each in refusers))
    known = [view.workloads[ref] for ref in read if ref in view.workloads]
    maps = (obj for workload in known for _, obj in view.maps_read(workload.template))
    edited = any(last_write(obj) != created(obj) and _near(last_write(obj), first.first) for obj in maps)
    return None if edited else released[0]


def _near(at: datetime | None, began: datetime) -> bool:
    return at is not None and BEFORE <= began - at <= LIVES


def _refusers(view: View) -> Iterator[_Refuser]:
    """Yield the pods that refuse headers; the line that says so may be one of a trace without a time."""
    for workload in view.serving:
        for log in view.logs_of(workload.live, previous=False) if role(workload) not in DATA else ():
            began = now = None
            for line in log.lines if speaks_of(log, _SPOKEN) else ():
                at = stamp(line)
                began, now = began or at, at or now
                takes = next((takes for takes, words in _REFUSED if words.search(line)), 0)
                if takes and began is not None and now is not None:
                    yield _Refuser(workload, log.pod, now, now - began, takes, line.strip())
                    break


def _handed(view: View, giver: Workload, least: int) -> Iterator[tuple[datetime, Evidence]]:
    """Yield what a release tells of things of so many bytes and more that it gave users to carry, and when."""
    for log in view.logs_of(giver.newest_pods(), previous=False):
        for line in log.lines:
            if _HANDED.search(line) and any(int(a or b) >= least for a, b in _SIZE.findall(line)):
                at = stamp(line)
                if at is not None:
                    yield at, Evidence("logs", f"Pod/{log.pod}", line.strip(), at)


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
            Evidence("logs", server.ref, f"it refuses headers: {first.line}", first.first),
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
    why_not="no servers refuse headers as too big since the release of who tells of tokens bigger than they take",
)
