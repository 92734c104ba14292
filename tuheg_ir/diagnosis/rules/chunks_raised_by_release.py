"""A release changes many times as many rows at once, and who writes to the same store waits since then.

A deletion of fifty thousand rows in one transaction keeps their locks until its end, and each copy of the store must
take it whole before it takes anything else: a cluster that certifies writes stops all writers until then, a replica
falls behind. The store is well, and so is who only reads. Nothing is wrong with who waits, though it may be new too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._database_users import takes_its_address_from_a_secret, users_named
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._listed_sessions import listed_stranger
from tuheg_ir.diagnosis.rules._lock_holder import open_longest
from tuheg_ir.diagnosis.rules._named_holder import named_holder, stranger
from tuheg_ir.diagnosis.rules._senders import others_told, sends
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.rules._smaller_batches import Cut, chunks_raised, without_settings
from tuheg_ir.diagnosis.rules._watched_client import watched_client
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, release_evidence, releases, since_release
from tuheg_ir.diagnosis.view.statements import Statement, slow_statements
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

FRESH = timedelta(hours=2)
STILL = timedelta(minutes=15)
"""What was done last so long ago is done no more."""
MANY = 1000
"""Fewer rows are changed in no time, and so small a number may stand for anything."""
FEW = 3
_WAITS = ("lock_wait", "slow_statement")
"""What clients tell of whose writes wait for those of another."""
_WRITES = late(r"(?<!FOR )(?<!KEY )\b(?:DELETE|UPDATE|INSERT|REPLACE|MERGE|COPY|REMOVE)\b", re.IGNORECASE)
_VERB = late(r"\b(?:SELECT|WITH|DELETE|UPDATE|INSERT|REPLACE|MERGE|COPY|REMOVE)\b", re.IGNORECASE)
"""With what a statement begins: who reads rows may lock them, and changes none."""
_MANY_ROWS = late(
    r"\b(?:ANY|IN)\s*\(|(?<![->])[<>](?!>)|\b(?:BETWEEN|LIMIT|SELECT|COPY|USING|multi)\b|\$(?:lte?|gte?|in)\b"
    r"|\bVALUES\b.{1,400}\)\s*,\s*\(|\b(?:DELETE\s+FROM|UPDATE)\b(?!.*\bWHERE\b)",
    re.IGNORECASE,
)
_HAS_CHANGED = late(r"\b(?:Rows_affected|ndeleted|nModified|ninserted)\W{1,3}[1-9]\d{3}", re.IGNORECASE)
"""What may change more than one row; by its key one row is changed, and that is slow for reasons of its own."""
_TOOK = late(r"# Query_time: (\d{1,9}\.?\d{0,9})\s+Lock_time: (\d{1,9}\.?\d{0,9})")
"""How long a statement of a slow log took in all, and waited for locks."""
_DONE = late(
    r"\b(?:(?:delet|purg|prun|remov|updat|archiv|expir|migrat|back-?fill|insert|upsert|committ)ed|wrote|written)"
    r"(?![a-z])",
    re.IGNORECASE,
)
"""How a program tells that it has written; what it is going to do it tells as well."""
GOES_ON = timedelta(minutes=1)
"""What a program tells as it starts, it tells at once."""


class Chunks(NamedTuple):
    """When large changes were told of since a release, the first one as evidence, and the store if that tells it."""

    at: tuple[datetime, ...]
    shown: Evidence
    store: str


def when(view: View) -> Iterator[Match]:
    """A release raised how much is changed at once, such changes are told of since, and others' writes wait since."""
    for client in view.serving:
        raised = chunks_raised(client) if releases(view, client, FRESH) and not client.returned else ()
        chunks = (_by_store(view, client, raised) or _by_itself(view, client, raised)) if raised else None
        if chunks is None or view.now - chunks.at[-1] > STILL:
            continue
        waiting = _waiting(view, client, chunks)
        felt = {ref: told for ref in waiting if (told := _suffers(view, ref))}
        since = oldest(at for told in felt.values() for _, at in told)
        # Who was ill before the first of the large changes is so for another reason.
        if not felt or since is None or since < chunks.at[0] + BEFORE or not since_release(client, since):
            continue
        if not _held_by_another(view, client, chunks.store, waiting):
            seen = tuple(evidence for told in felt.values() for evidence, _ in told)
            yield _match(
                view, client, chunks, tuple(dict.fromkeys((*seen[:3], *_told(view, waiting)[:2]))), tuple(felt), since
            )


def _held_by_another(view: View, client: Workload, store: str, waiting: Sequence[str]) -> bool:
    """Tell whether somebody else is known to hold the locks that are waited for.

    Who waits for the large changes does so at the end of its own statement, and is no holder by that alone.
    """
    addresses = {pod.address for pod in client.live}
    for ref in [store] if store else [each.ref for each in of_role(view.workloads, "database")]:
        longest, named, watched = open_longest(view, ref), named_holder(view, ref), watched_client(view, ref)
        other = longest is not None and longest.owner != client.ref and longest.client not in addresses
        idles = longest is not None and longest.state.startswith("idle in transaction")
        if longest is not None and other and (idles or longest.owner not in waiting):
            return True
        holders = {named.workload.ref if named else client.ref, watched.client if watched else client.ref}
        if holders != {client.ref} or stranger(view, ref) is not None:
            return True
    return listed_stranger(view) is not None


def _suffers(view: View, ref: str) -> tuple[tuple[Evidence, datetime | None], ...]:
    """Return what users of a workload feel, and since when; where nobody measures it, what it often tells."""
    often = (hit for hit in view.hits_of(ref, *_WAITS) if hit.count >= OFTEN)
    return tuple(troubles(view, ref)) or tuple((view.hit_evidence(hit), hit.first) for hit in often)


def _by_store(view: View, client: Workload, raised: Sequence[Cut]) -> Chunks | None:
    """Return the slow writes of a store's log that are as large as the release lets them be, or the client's.

    None where it told of as large ones before the release.
    """
    for store in (each for each in of_role(view.workloads, "database") if _may_use(view, client, each)):
        slow = slow_statements(view, store)
        known = any(sends(view, each.text, client) for each in slow)
        writes = (each for each in slow if _changes(each.text) and not _waited(each.text))
        large = sorted(each for each in writes if _of(view, client, raised, each, known=known))
        if found := _since(client, [(each.at, each.text) for each in large], store.ref, store.ref):
            return found
    return None


def _waited(text: str) -> bool:
    """Tell whether a statement was slow because it waited for somebody's lock itself."""
    took = _TOOK.search(text)
    return took is not None and 2 * float(took[2]) > float(took[1])


def _may_use(view: View, client: Workload, store: Workload) -> bool:
    """Tell whether a client uses a store, as far as its settings tell: not where they lead to another one."""
    used = _stores_of(view, client)
    return not used or store.ref in used


def _stores_of(view: View, client: Workload) -> set[str]:
    return view.graph.needs(client.ref) & {each.ref for each in of_role(view.workloads, "database")}


def _changes(text: str) -> bool:
    begun = _VERB.search(text)
    if begun is None or begun[0].upper() == "SELECT":
        return False
    return _WRITES.search(text, begun.start()) is not None


def _of(view: View, client: Workload, raised: Sequence[Cut], told: Statement, *, known: bool) -> bool:
    """Tell whether a statement is a large one of a client, by who sends it; else by how many rows it changes.

    ``known``: the log tells the client's name with other statements. A user that its settings name may be its as well.
    """
    if sends(view, told.text, client):
        begun, many = _VERB.search(told.text), _HAS_CHANGED.search(told.text) or _has_amount(told.text, raised)
        return bool(many or (begun and _MANY_ROWS.search(told.text, begun.start())))
    others = others_told(view, told.text, client) - users_named(view, client)
    return not known and not others and _has_amount(told.text, raised)


def _by_itself(view: View, client: Workload, raised: Sequence[Cut]) -> Chunks | None:
    """Return what a client tells of its own large changes, where no store does; each log tells of them again and again.

    What it tells as it starts is what it is set to do.
    """
    told = list[tuple[datetime, str]]()
    for log in view.logs_of(client.live, previous=False):
        done = (
            line for line in log.lines if _DONE.search(line) and _has_amount(without_settings(line, raised), raised)
        )
        of_it = [(at, line) for line in done if (at := stamp(line)) is not None]
        told += of_it if len(of_it) >= FEW and of_it[-1][0] - of_it[0][0] >= GOES_ON else []
    return _since(client, told, "", client.ref)


def _since(client: Workload, told: Sequence[tuple[datetime, str]], store: str, teller: str) -> Chunks | None:
    """Return what was told since a release, and never before."""
    came, ordered = client.released_at, sorted(told)
    if came is None or len(ordered) < FEW or ordered[0][0] < came + BEFORE:
        return None
    fact = f"{len(ordered)} times since {client.ref} was released: {without_time(ordered[0][1])[:320]}"
    return Chunks(tuple(at for at, _ in ordered), Evidence("logs", teller, fact, ordered[0][0]), store)


def _has_amount(text: str, raised: Sequence[Cut]) -> bool:
    """Tell whether a text has the very number of rows that a release lets a program change at once."""
    amounts = {digits for each in raised if (digits := each.after.replace("_", "")).isdigit() and int(digits) >= MANY}
    return any(re.search(rf"(?<![\w.-]){each}(?![\w.-]|:\d)", text) for each in amounts)


def _waiting(view: View, client: Workload, chunks: Chunks) -> tuple[str, ...]:
    """Return who may wait for the large changes: who tells that it waits, or whom the store tells to be slow since.

    Who else is a client of that store is one where the store tells of slow statements that are not the large ones.
    """
    own = _stores_of(view, client)
    others = [each for each in view.serving if each is not client and role(each) not in DATA]
    others = [each for each in others if not own or not (used := _stores_of(view, each)) or own & used]
    telling = {each.ref for each in others if sum(hit.count for hit in view.hits_of(each.ref, *_WAITS)) >= FEW}
    store = view.workloads.get(chunks.store)
    if store is None:
        return tuple(sorted(telling))
    slow = slow_statements(view, store)
    beside = [e for e in slow if e.at not in chunks.at and e.at >= chunks.at[0] and not sends(view, e.text, client)]
    if len(beside) >= FEW:
        asking = clients(view, chunks.store)
        telling |= {each.ref for each in others if each.ref in asking or takes_its_address_from_a_secret(each)}
    return tuple(sorted(telling))


def _told(view: View, refs: Sequence[str]) -> tuple[Evidence, ...]:
    return tuple(view.hit_evidence(hit) for ref in refs for hit in view.hits_of(ref, *_WAITS))


def _match(
    view: View, client: Workload, chunks: Chunks, seen: Sequence[Evidence], ill: tuple[str, ...], since: datetime
) -> Match:
    return Match(
        component=client.ref,
        evidence=(*release_evidence(client, "env"), chunks.shown, *seen),
        certainty=0.75 if chunks.store else 0.6,
        since=since,
        explains=behind(view, *ill, chunks.store, but=client.ref),
        excludes=(
            *not_for((client.ref,), "more instances would change as much at once, each", ("scale_workload",)),
            *not_for(
                ill,
                f"it waits for the large changes of {client.ref}, and would again",
                (*RESTARTS, "rollback_workload", "scale_workload"),
            ),
        ),
    )


RULE = Rule(
    name="chunks_raised_by_release",
    title="A release changes many times as much at once, and the writes of others wait for it",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release raised how much is changed at once since which others' writes wait",
)
