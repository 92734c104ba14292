"""An index of a database was dropped, and since then its clients' statements read whole tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._drops import SOON, Drop, drops
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, names, not_for
from tuheg_ir.diagnosis.rules._senders import sends
from tuheg_ir.diagnosis.rules._served_well import served_well
from tuheg_ir.diagnosis.view.batch import went_on
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.statements import Statement, reads_whole_tables, statements
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_NAME = late(r"[A-Za-z]\w*_[\w-]*\w")
"""What may be the name of an index."""
WINDOW = timedelta(minutes=10)
MANY = 5
TIMES = 5
"""So many times as many as in the time before; small tables are always read as a whole."""
STILL = timedelta(minutes=10)
CLOCKS = timedelta(seconds=30)
LAST = 50
"""So many of the last statements tell who sends them."""
_SUFFER = ("upstream_failure", "connection_timeout", "pool_exhausted", "slow_statement", "lock_wait")


def when(view: View) -> Iterator[Match]:
    """A database or a run on it tells that an index was dropped; since then statements read all, and clients suffer."""
    for server in of_role(view.workloads, "database"):
        lines = sorted(statements(view, server), key=lambda each: each.at)
        found = _turn(lines, drops(view, server, lines), view.now)
        if found is None:
            continue
        drop, scans = found
        sufferers = tuple(_sufferers(view, server, drop, scans))
        ill = (view.workloads[hit.component] for hit in sufferers)
        if not sufferers or any(_asks_otherwise(view, each, scans[0].at) for each in ill):
            continue
        if drop.run is not None and _not_for_want_of_it(view, drop.run, scans):
            continue
        yield _match(view, server, drop, scans, sufferers)


def _turn(lines: Sequence[Statement], drops: Sequence[Drop], now: datetime) -> tuple[Drop, list[Statement]] | None:
    """Return the last drop of an index before statements began to read whole tables, and those; they go on still."""
    told = [each for each in lines if reads_whole_tables(each.text)]
    slow = told or [each for each in lines if tells("slow_statement", each.text)]
    for drop in reversed(drops):
        scans = [each for each in slow if drop.meant(each.text) and each.text != drop.text]
        before = [each for each in scans if drop.at - WINDOW <= each.at < drop.at]
        after = [each for each in scans if each.at >= drop.at]
        within = [each for each in after if each.at <= drop.until + WINDOW]
        if len(within) < max(MANY, TIMES * len(before)) or lines[0].at > drop.at - SOON:
            continue
        if drop.leads_to(after[0].at) and now - after[-1].at <= STILL:
            return drop, after
    return None


def _asks_otherwise(view: View, client: Workload, began: datetime) -> bool:
    """Tell whether a client may ask in another way since its release; who served well since then asks nothing new."""
    return since_release(client, began) and not served_well(view, client, began)


def _not_for_want_of_it(view: View, run: Workload, scans: Sequence[Statement]) -> bool:
    """Tell whether most of those statements are a run's own, or their sender was released with it."""
    said = [each.text for each in scans[-LAST:]]
    if 2 * sum(sends(view, each, run) for each in said) > len(said):
        return True
    return any(_asks_otherwise(view, view.workloads[each], scans[0].at) for each in _senders(view, scans))


def _sufferers(view: View, server: Workload, drop: Drop, scans: Sequence[Statement]) -> Iterator[Hit]:
    """Yield what clients of a database tell of since an index is gone: those that it names, or that are known."""
    callers = behind(view, server.ref)
    said = "\n".join(each.text for each in scans[-LAST:])
    for workload in view.serving:
        if role(workload) in DATA or not (workload.ref in callers or names(said, workload.name)):
            continue
        for hit in view.hits_of(workload.ref, *_SUFFER):
            if hit.count >= MANY and hit.first is not None and drop.at - CLOCKS <= hit.first <= drop.until + WINDOW:
                yield hit


def _match(
    view: View,
    server: Workload,
    drop: Drop,
    scans: Sequence[Statement],
    sufferers: tuple[Hit, ...],
) -> Match:
    run = drop.run or _run(view, server, drop)
    refs = {*(hit.component for hit in sufferers), *_senders(view, scans)}
    others = tuple(r for r in behind(view, server.ref, *refs) if r != server.ref)
    why = f"an index of {server.ref} is gone: all that its statements need is that somebody builds it again"
    ran = Evidence("objects", run.ref, "it ran on the same database", drop.until) if run else None
    return Match(
        component=run.ref if run else server.ref,
        target=server.ref,
        evidence=(
            drop.seen,
            Evidence("logs", server.ref, f"{len(scans)} slow statements since: {scans[-1].text[:240]}", scans[0].at),
            *((ran,) if ran else ()),
            *(view.hit_evidence(hit) for hit in sufferers[:2]),
        ),
        certainty=0.75 if run else 0.65,
        since=scans[0].at,
        explains=(*((server.ref,) if run else ()), *others),
        excludes=not_for((server.ref, *others), why, ON_CALLERS),
    )


def _senders(view: View, scans: Sequence[Statement]) -> Iterator[str]:
    """Yield who sends those statements, whether it tells of that or not: a worker is only slow, and its work waits."""
    for workload in view.serving:
        if role(workload) not in DATA and any(sends(view, each.text, workload) for each in scans[-LAST:]):
            yield workload.ref


def _run(view: View, server: Workload, drop: Drop) -> Workload | None:
    """Return the one run that went on as the index was dropped and uses the database, or tells of what it drops."""
    found = [w for w in view.workloads.values() if w.kind == "Job" and went_on(w.obj, drop.at, CLOCKS)]
    mine = [w for w in found if server.ref in view.graph.needs(w.ref) or _tells(view, w, drop.text)]
    return mine[0] if len(mine) == 1 else None


def _tells(view: View, run: Workload, drop: str) -> bool:
    """Tell whether a run names the index that it drops."""
    gone = set(_NAME.findall(drop))
    lines = (line for log in view.logs_of(run.pods) for line in log.lines if "drop" in line.lower())
    return any(gone & set(_NAME.findall(line)) for line in lines)


RULE = Rule(
    name="index_dropped",
    title="An index of a database was dropped, and statements read whole tables since",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no database's statements read whole tables since one of its indexes was dropped",
)
