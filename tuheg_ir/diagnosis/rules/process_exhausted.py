"""A process has used up its files, threads, ports or channels: a new one has them again, but for ports by the load."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import FROM_BEHIND, remedy_for_load
from tuheg_ir.diagnosis.rules._demand import multiplied
from tuheg_ir.diagnosis.rules._figures import is_well, rise, said_by_callers
from tuheg_ir.diagnosis.rules._file_limit import given, lowered, of_files
from tuheg_ir.diagnosis.rules._files_left_open import files_left_open
from tuheg_ir.diagnosis.rules._helping import settings_written
from tuheg_ir.diagnosis.rules._knocking import guesses
from tuheg_ir.diagnosis.rules._may_go_back import may_go_back
from tuheg_ir.diagnosis.rules._not_of_its_own import exhausted, same_on_its_node
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import mapping, newest, oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, releases
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data, only_reads_claims
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=48)
"""A leak may take that long to use everything up."""
LOADED = 1.5
_NO_PORT = late(
    r"assign requested address|EADDRNOTAVAIL|connect error: 99\b|no free ports|99: address not|os error 99\b",
    re.IGNORECASE,
)
_CONNECTS = late(r"connect|\bdial|NoRouteToHost", re.IGNORECASE)
_LISTENS = late(r"\bbind\b|\blisten", re.IGNORECASE)
_FOR = late(r"requested address \([\w.-]+:\d+\)", re.IGNORECASE)
"""Whoever opens a connection has no port of its own left for it; not who listens where it has no address."""
_ITSELF = late(r"(?<![\w:])(?<!client: )\[?::1\b")
"""An address that a pod without IPv6 does not have."""
_OF_CLIENT = late(r"reached the negotiated channel_max")
"""How a broker tells of a connection whose client opened all the channels that it may."""
_CHANNELS = late(
    r"channel id space|channel_?max|free channel|more channels|channels left|number of channels", re.IGNORECASE
)
"""Who waits for a broker holds a channel for as long: more and more are held where it does not answer."""
_OF_BROKER = (*FROM_BEHIND, "broker_alarm")
_GUESSED = "a restart would wipe away who tries names at other servers from it"
FILLS = timedelta(minutes=1)
"""So long a closed connection keeps its port: the load needs as long until there is none left."""


def when(view: View) -> Iterator[Match]:
    """Logs repeat that there are no files, threads, ports or channels of a connection left.

    Ports of who opens many more connections than before are used up by the load: each further pod has its own.
    """
    for workload in view.serving:
        hits = [h for h in view.hits_of(workload.ref, "process_exhausted") if fresh(view, h) and not h.previous]
        if role(workload) in DATA:  # it tells of a client's channels
            hits = [h for h in hits if not _OF_CLIENT.search(h.line)]
        if sum(h.count for h in hits) < OFTEN or is_well(view, [workload.ref]):
            continue
        known = _short_of_ports(view, workload, hits) or _allowed_fewer(view, workload, hits)
        if known is not None:
            yield known
            continue
        leaks = releases(view, workload, SUSPECT) and bool(workload.changed("image", "env", "command"))
        grown = traffic_growth(view, workload.ref)
        # Whether the load or a leak took the ports one knows by what is asked: what the load took it takes again.
        # And an address that is not there is not there after a start either.
        lacking = [hit.line for hit in hits if _NO_PORT.search(hit.line)]
        untold = not leaks and any(grown is None or not _out_of_ports(line) for line in lacking)
        held = any(_CHANNELS.search(hit.line) for hit in hits) and view.hits_of(workload.ref, *_OF_BROKER)
        beside = same_on_its_node(view, workload, exhausted(view))
        of_release = files_left_open(view, workload) if leaks else None
        # Who guesses passwords opens that many connections: they are no leak of the program's own.
        stranger = guesses(view, workload)
        declared = mapping(view.snapshot.services.get(workload.name), "database")
        data = keeps_data(view, workload) and (declared or not only_reads_claims(workload))
        person = stranger or beside or untold or held or (grown or 1.0) >= LOADED or data or is_store(workload)
        yield Match(
            component=workload.ref,
            evidence=(
                *(view.hit_evidence(h) for h in hits[:2]),
                *(seen for seen, _ in troubles(view, workload.ref)),
                *(release_evidence(workload, "image") if leaks else ()),
                *((stranger,) if stranger else ()),
                *((beside,) if beside else ()),
                *((of_release,) if of_release else ()),
            ),
            certainty=0.75 if of_release else 0.65,
            root_cause=cause_of_release(workload) if leaks else "",
            remedy="page_human" if person else "rollback_workload" if leaks else "",
            since=oldest(h.first for h in hits),
            excludes=(
                *(() if leaks else excluding(workload.ref, "no release came with it", "rollback_workload")),
                *(excluding(workload.ref, _GUESSED, *RESTARTS) if stranger else ()),
            ),
        )


def _short_of_ports(view: View, workload: Workload, hits: Sequence[Hit]) -> Match | None:
    """Return that most pods open more connections than they have ports, as much more is asked of them than before.

    A closed connection keeps its port for a minute: at the same load a new process has none left as soon. Not since a
    release or an edit, which may have given up keeping connections, nor where a caller's release asks so often.
    """
    ports = [hit for hit in hits if _out_of_ports(hit.line)]
    grown = traffic_growth(view, workload.ref) or 1.0
    if len(ports) < len(hits) or 2 * len({hit.pod for hit in ports}) <= len(workload.live) or grown < LOADED:
        return None
    if _fails_otherwise(view, workload, ports):
        return None  # whom it asks does not answer, or with failures: that calls for more and more connections
    if releases(view, workload, SUSPECT) or keeps_data(view, workload) or is_store(workload):
        return None
    began = oldest(hit.first for hit in ports)
    if not _grew_first(view, workload, began):
        return None
    if multiplied(view, workload.ref) or settings_written(view, workload, began):
        return None
    if mapping(workload.template, "spec").get("hostNetwork"):
        return None  # the ports are those of the node
    remedy, more, excludes = remedy_for_load(view, workload)
    reason = "what is closed keeps its port for a minute: so much is asked that a new process runs out as soon"
    return Match(
        component=workload.ref,
        evidence=(
            *(view.hit_evidence(hit) for hit in ports[:2]),
            Evidence("metrics", workload.ref, f"its requests have grown {grown:.1f} times"),
            *more,
            *(seen for seen, _ in troubles(view, workload.ref)),
        ),
        certainty=0.65,
        root_cause="capacity",
        remedy=remedy,
        since=began,
        excludes=(
            *excludes,
            *excluding(workload.ref, reason, *RESTARTS),
            *excluding(workload.ref, "no release came with it", "rollback_workload"),
        ),
    )


def _allowed_fewer(view: View, workload: Workload, hits: Sequence[Hit]) -> Match | None:
    """Return that a program has no files left since its release lets it open fewer, however long that went well.

    It goes well until as many ask at once as are too many: after a night, a weekend. A new process has no more of them.
    """
    fewer = lowered(view, workload) if all(of_files(hit.line) for hit in hits) else ()
    began = oldest(hit.first for hit in hits)
    if not fewer or workload.returned or (began and workload.released_at and began < workload.released_at):
        return None
    changed = (Evidence("objects", workload.ref, f"released: {c.told()}", workload.released_at) for c in fewer[:2])
    return Match(
        component=workload.ref,
        evidence=(
            *(view.hit_evidence(h) for h in hits[:2]),
            *changed,
            *given(view, workload),
            *(seen for seen, _ in troubles(view, workload.ref)),
        ),
        certainty=0.75,
        root_cause="configuration_error",
        remedy="rollback_workload" if may_go_back(view, workload) else "page_human",
        since=began,
        excludes=excluding(workload.ref, "a new process may open as few files", *RESTARTS),
    )


def _fails_otherwise(view: View, workload: Workload, ports: Sequence[Hit]) -> bool:
    """Tell whether a workload tells of other failures than of connections for which it has no port."""
    lacking = {(hit.pod, hit.container): hit.count for hit in ports}
    behind = view.hits_of(workload.ref, *FROM_BEHIND)
    more = any(h.count > lacking.get((h.pod, h.container), 0) or not _out_of_ports(h.line) for h in behind)
    return more or any(not _out_of_ports(each.line) for each in marked(view, workload))


def _grew_first(view: View, workload: Workload, told: datetime | None) -> bool:
    """Tell whether more was asked of a workload before anything failed: whoever fails may be asked again and again.

    ``told``: when its logs first tell of it. They seldom reach back far, so figures have to say when it began to fail.
    """
    rises = [
        turn.since
        for label in labels_of(view, workload.ref, "request_rate")
        for series in view.figures.series("request_rate", component=label)
        if (turn := rise(view, series, "request_rate", LOADED, 1.0))
    ]
    failed = [since for _, since in troubles(view, workload.ref)]
    failed += [seen.time for _, seen in said_by_callers(view, workload.ref)]
    began, grew = oldest(failed), newest(rises)
    if began is None or grew is None or None in rises:
        return False
    return grew + FILLS <= min(began, told or began)


def _out_of_ports(line: str) -> bool:
    """Tell whether a line says that there is no port for a connection; what follows tells of whom it was for."""
    found = _NO_PORT.search(line)
    if found is None or _ITSELF.search(line):
        return False
    head = line[: found.end()]
    return bool(_FOR.search(line) or (_CONNECTS.search(head) and not _LISTENS.search(head)))


RULE = Rule(
    name="process_exhausted",
    title="A process has no files, threads, ports or channels left",
    root_cause="resource_exhaustion",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no log repeats that files, threads, ports or channels are used up",
)
