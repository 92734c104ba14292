"""A pooler asks the database for each login that it does not know, and what it asks is not there any more, or not its.

The sessions that clients have go on until they are replaced: so they fail one after the other, whoever was released.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._missed import felt_since
from tuheg_ir.diagnosis.rules._poolers import databases_behind
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import belongs_to
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ASKED = late(r"(?:function|relation|view|table|schema) \\?\"?(?:\w+\.)?(\w+)", re.IGNORECASE)
"""What the database says that it has not, or does not give to who asks."""
_TAKEN = late(r"\b(?:DROP|REVOKE|ALTER|RENAME)\b", re.IGNORECASE)
"""Statements after which what was asked is not there, or for others."""


def when(view: View) -> Iterator[Match]:
    """A pooler repeats that the query for logins fails for what it names, and somebody who calls it feels it."""
    for pooler in of_role(view.workloads, "pooler"):
        told = [hit for hit in view.hits_of(pooler.ref, "login_lookup_failed") if fresh(view, hit) and not hit.previous]
        since = oldest(hit.first for hit in told)
        if since is None or sum(hit.count for hit in told) < OFTEN:
            continue
        felt = [sign for sign in felt_since(view, pooler, since) if belongs_to(view, sign) != pooler.ref]
        if felt:
            yield _match(view, pooler, told, felt)


def _match(view: View, pooler: Workload, told: list[Hit], felt: list[Evidence]) -> Match:
    since = oldest(hit.first for hit in told)
    callers = behind(view, pooler.ref, but=pooler.ref)
    by_release = since_release(pooler, since)  # it may ask for something else now
    back = () if by_release else ("rollback_workload",)
    return Match(
        component=pooler.ref,
        evidence=(*(view.hit_evidence(hit) for hit in told[:2]), *_taken(view, pooler, told), *felt[:2]),
        certainty=0.75,
        since=since,
        explains=callers,
        excludes=(
            *not_for(callers, f"{pooler.ref} lets no new session in: whoever is started anew loses those it has"),
            *not_for(
                (pooler.ref,),
                "a new pod asks the same of the database, and knows no login at all",
                (*RESTARTS, "scale_workload", *back),
            ),
        ),
    )


def _taken(view: View, pooler: Workload, told: list[Hit]) -> Iterator[Evidence]:
    """Yield the newest statement in a database's log, before it began, that took what is asked for."""
    asked, since = _ASKED.search(told[0].line), oldest(hit.first for hit in told)
    if asked is None or since is None:
        return
    for database in databases_behind(view, pooler):
        for log in view.logs_of(database.live):
            for line in reversed(log.lines):
                at = stamp(line)
                if asked[1] in line and _TAKEN.search(line) and at is not None and at <= since:
                    yield Evidence("logs", f"Pod/{log.pod}", line.strip(), at)
                    return


RULE = Rule(
    name="login_lookup_fails",
    title="A pooler cannot look logins up: what it asks the database is not there, or not for it",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pooler tells that what it asks for logins is not there",
)
