"""Members joined a ring of stores without fetching the rows that are theirs from now on: they answer with nothing.

In Cassandra and its kin it is a setting, or that a new member is named among the seeds, which fetch nothing. Whoever
reads from such members is told that what is stored is not there, and what is written since lies on them: neither a
restart nor taking them away is without loss. A person has them rebuilt, or taken out one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.claims import claims_of_pod
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(days=2)
ELDER = timedelta(hours=1)
"""A ring whose members all come within this is made anew, and has nothing to fetch."""
LITTLE = 0.2
"""So little of what the others hold was written since, or is what every server keeps for itself."""
_NOTHING = late(r"\bauto_?bootstrap\W{1,3}false\b|\bwill not auto ?bootstrap\b", re.IGNORECASE)
"""How a member says that it will not fetch: by the settings that it prints, or because it is a seed."""
_NEW = late(r"\bNo host ID found, created\b|\bGenerated (?:random )?tokens\b", re.IGNORECASE)
"""How one says that it has never been a member, with rows of its own."""
_IN = late(r"/?([\da-f.:]{3,45}?)(?::\d{1,5})? state jump to NORMAL\b|\bJOINING: Finish joining ring\b", re.IGNORECASE)
_FETCHED = late(
    r"\bStarting to bootstrap\b|\bBeginning bootstrap process\b|\bBootstrap (?:completed|streaming)\b"
    r"|\brebuild(?:ing)? from\b|\[Stream #|\[repair #|\bstarting rebuild\b",
    re.IGNORECASE,
)
"""How one says that it fetches rows, as it joins or later."""


def when(view: View) -> Iterator[Match]:
    """Members of a store came to older ones, and say that they are new, are in, and have fetched nothing."""
    for store in view.serving:
        if not is_store(store):
            continue
        joined = [(pod, said) for pod in _late(view, store) if (said := _says(view, pod)) is not None]
        names = {pod.name for pod, _ in joined}
        elders = [pod for pod in store.live if pod.name not in names]
        held = [(pod, share) for pod, _ in joined if (share := _held(view, pod, elders)) is not None]
        since = oldest(said.time for _, said in joined)
        if joined and all(share <= LITTLE for _, share in held) and not _since_a_release(view, store, since):
            yield _match(view, store, [said for _, said in joined], held)


def _since_a_release(view: View, store: Workload, joined: datetime | None) -> bool:
    """Tell whether a user of a store fails since a release of its own that came when the members were in already."""
    users = (view.workloads[ref] for ref in view.graph.callers(store.ref) if ref in view.workloads)
    later = [user for user in users if user.released_at and (joined is None or user.released_at > joined)]
    return any(since_release(user, began) for user in later for _, began in troubles(view, user.ref))


def _late(view: View, store: Workload) -> Iterator[Pod]:
    """Yield the ready members that came lately, long after the first ones of the same store."""
    first = oldest(pod.created for pod in store.live)
    for pod in store.live:
        if pod.ready and pod.created and first and pod.created - first > ELDER and view.recent(pod.created, LATELY):
            yield pod


def _says(view: View, pod: Pod) -> Evidence | None:
    """Return that a member says to have joined as a new one without fetching anything."""
    for log in view.logs_of([pod], previous=False):
        if not speaks_of(log, ("bootstrap",)) or any(_FETCHED.search(line) for line in log.lines):
            continue
        why = next((line for line in log.lines if _NOTHING.search(line)), None)
        came = next((line for line in log.lines if _is_in(line, pod)), None)
        if why is not None and came is not None and any(_NEW.search(line) for line in log.lines):
            said = _NOTHING.search(why)
            told = f"it joined as a new member and fetched nothing: {said.group() if said else ''}"
            return Evidence("logs", f"Pod/{pod.name}", told, stamp(came) or pod.created)
    return None


def _is_in(line: str, pod: Pod) -> bool:
    """Tell whether a line says that a member is in: each tells so of all others as well, by their addresses."""
    said = _IN.search(line)
    return said is not None and (said[1] is None or not pod.address or said[1] == pod.address)


def _held(view: View, pod: Pod, elders: list[Pod]) -> float | None:
    """Return how much a member's volume holds of what those of the others do; None where that is not measured."""
    used = view.figures.latest("volume_used_share", "persistentvolumeclaim")
    mine = [used[claim] for claim in claims_of_pod(pod) if claim in used]
    theirs = [used[claim] for each in elders for claim in claims_of_pod(each) if claim in used]
    return max(mine) / median(theirs) if mine and theirs and median(theirs) else None


def _match(view: View, store: Workload, joined: list[Evidence], held: list[tuple[Pod, float]]) -> Match:
    callers = behind(view, store.ref, but=store.ref)
    since = oldest(said.time for said in joined)
    measured = [
        Evidence("metrics", f"Pod/{pod.name}", f"its volume holds {share:.1%} of what those of older members do", since)
        for pod, share in held
    ]
    return Match(
        component=store.ref,
        evidence=(*joined[:2], *measured[:2]),
        certainty=0.75,
        since=since,
        explains=callers,
        excludes=(
            *not_for(callers, f"members of {store.ref} answer for rows that they never got"),
            *(Excluded(remedy, store.ref, _KEEPS) for remedy in (*RESTARTS, *_LOSES)),
        ),
    )


_KEEPS = "the new members have no rows but those written since they joined: those must be kept, the others fetched"
_LOSES = ("rollback_workload", "scale_workload", "scale_database", "isolate_workload")

RULE = Rule(
    name="joined_without_data",
    title="New members of a store joined without the rows that they answer for",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no new member of a store says that it joined without fetching anything",
)
