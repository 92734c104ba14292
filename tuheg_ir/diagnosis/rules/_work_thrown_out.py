"""Work that lies in a cache which throws out any key: jobs vanish before anybody did them, and nothing fails.

Whoever lays it down and whoever works it off is well. Such a cache may evict for hours before anybody misses a job,
longer than figures go back: what its process was told at its start is why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._cache_filler import started
from tuheg_ir.diagnosis.rules._eviction import ANY_KEY, EVICTIONS, POLICIES, lines_of, policies_of, policies_read
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._tighter import is_hidden
from tuheg_ir.diagnosis.rules._work_in_a_cache import lays_work_in
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.releases import release_evidence, releases, template_before
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.wording import words
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes, slept
from tuheg_ir.named import NamedTuple

_SUSPECT = timedelta(hours=24)
"""By then a store of work has seen the busiest hour of a day with what it was told."""
_MEMORY = late(r"max_?-?memory", re.IGNORECASE)
"""Settings of how much a cache may hold, and of what it does when it holds that."""
_POLICY = late(rf"(?<![\w-])({'|'.join(sorted(POLICIES - {'noeviction'}))})(?![\w-])", re.IGNORECASE)
_SIGNAL = "cache_evictions"
_WANTED = "noeviction"
"""Sidekiq and Bull tell at their start that this policy is needed where they find another, and which."""


class ThrownOut(NamedTuple):
    """Since when a cache may throw out work, what shows it, and whose work lies there by all that is known.

    ``edited``: the first fact is of the ConfigMap.
    """

    since: datetime
    seen: tuple[Evidence, ...]
    edited: bool
    users: tuple[str, ...]


def work_thrown_out(view: View, cache: Workload) -> ThrownOut | None:
    """Return since when a cache that evicts throws out work; None where it may be as it was, or hold but copies.

    It was started within a day with what an edit or its release told it of its memory, and somebody suffers since. One
    that threw out as much before that start did so anyhow.
    """
    since = started(cache)
    if since is None or not view.recent(since, _SUSPECT) or _evicted_before(view, cache, since):
        return None
    warned = list(_warned(view, cache, since))
    asking = [view.workloads[ref] for ref in view.graph.asked_by(cache.ref) if ref in view.workloads]
    users = {ref for ref, *_ in warned} | {user.ref for user in asking if lays_work_in(view, user, cache)}
    if not users:
        return None
    policies = words(cache.template) & POLICIES or policies_read(view, cache) or {policy for *_, policy in warned}
    if not policies or policies - ANY_KEY or not _felt(view, cache, since):
        return None
    edits = tuple(_edits(view, cache, since))
    if len(edits) > 1 or not (edits or _released(view, cache)):
        return None
    told = edits or release_evidence(cache, "command", "env")
    return ThrownOut(since, (*told, *(seen for _, seen, _ in warned[:1])), bool(edits), tuple(sorted(users)))


def _evicted_before(view: View, cache: Workload, since: datetime) -> bool:
    before = (view.figures.before(_SIGNAL, since, component=c) for c in labels_of(view, cache.ref, _SIGNAL))
    return any(each is not None and each >= EVICTIONS for each in before)


def _warned(view: View, cache: Workload, since: datetime) -> Iterator[tuple[str, Evidence, str]]:
    """Yield which users of a cache tell of its policy since its start, what they tell, and that policy."""
    for user in view.serving:
        if cache.ref not in {each.ref for each in view.called(user.ref)}:
            continue
        for log in view.logs_of(user.live, previous=False):
            if not speaks_of(log, (_WANTED,)):
                continue
            at = None
            for line in log.lines:
                at = stamp(line) or at  # they tell it in several lines, of which the first alone may have a time
                policy = _POLICY.search(line) if _WANTED in line else None
                if policy is not None and at is not None and at >= since:
                    fact = f"it keeps work there, needs {_WANTED}, and finds {policy[1].lower()}"
                    yield user.ref, Evidence("logs", f"Pod/{log.pod}", fact, at), policy[1].lower()


def _felt(view: View, cache: Workload, since: datetime) -> bool:
    """Tell whether an alert about a cache, those behind it or nobody known began since its start, or their trouble."""
    refs = {cache.ref, *behind(view, cache.ref)}
    began = [each.starts_at for each in view.alerts if view.about_alert(each) in {*refs, ""}]
    began += [at for ref in sorted(refs) for _, at in troubles(view, ref)]
    return any(at is not None and at >= since for at in began)


def _edits(view: View, cache: Workload, since: datetime) -> Iterator[Evidence]:
    """Yield the ConfigMaps with settings of memory that were edited, and that a cache was first started with since.

    Edited within a day before that start, as a process keeps what it has read; or before, where all pods were made
    anew only then.
    """
    recent = [(ref, at) for ref, at in outside_changes(view, cache) if view.recent(at, _SUSPECT) and at < since]
    for ref, at in dict([*slept(view, cache)[0], *recent]).items():
        kind, _, label = ref.partition("/")
        if kind == "ConfigMap" and _of_memory(view.objects(kind)[label]):
            told = f"it was changed, and {cache.ref} reads it since its start at {since:%d %b %H:%M}"
            yield Evidence("objects", ref, told, at)


def _of_memory(obj: Obj) -> bool:
    return is_hidden(obj) or bool(policies_of(obj)) or any(_MEMORY.search(line) for line in lines_of(obj))


def _released(view: View, cache: Workload) -> bool:
    """Tell whether the release of a cache let it throw out any key, which it did not let it before."""
    if not cache.changed("command", "env") or not releases(view, cache, _SUSPECT) or cache.older_pods():
        return False
    before = words(template_before(cache)) & POLICIES
    return bool(words(cache.template) & ANY_KEY and before and not before & ANY_KEY)
