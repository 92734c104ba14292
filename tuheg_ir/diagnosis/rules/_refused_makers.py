"""Programs that make pods themselves, and whom the cluster refuses them: a quota leaves no room for one more.

A scheduler of tasks, a runner of builds or an operator has no controller above its pods that lacks some of them. It
tells of the refusal in its own log, or the cluster tells it of the object that the program works on, and tries again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.complaints import OFTEN, STILL, fresh
from tuheg_ir.diagnosis.view.reading import mapping, newest, oldest
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

EDITED = timedelta(days=1)
"""A quota that was lowered in the calm is met with the next batch of the day."""
LASTING = timedelta(minutes=5)
"""Where a batch waits for a shorter time, the quota lets it through one after another, as it is meant to."""
_QUOTA = late(r"is forbidden: exceeded quota: ([a-z0-9][\w.-]*?)[.,]?(?=\s|$|\\|\")(.*)")
_BEFORE, _SHOWN = 60, 300
"""Who is refused stands right before these words, behind what a program tells of its own task."""
_ASKED = late(r"requested: (.*?), used: ")
_AMOUNT = late(r"([\w./-]+)=(\w+)")


class Refused(NamedTuple):
    """Which quota refuses pods, to whom, how one sees that, since when, and when somebody wrote it."""

    quota: str
    makers: tuple[str, ...]
    seen: tuple[Evidence, ...]
    since: datetime | None
    edited: datetime | None


class _Said(NamedTuple):
    quota: str
    maker: str
    asked: str
    times: int
    seen: Evidence
    last: datetime | None


def refused_makers(view: View) -> Iterator[Refused]:
    """Yield the quotas that refuse pods to programs again and again, where somebody misses them or one was edited."""
    found: dict[str, list[_Said]] = {}
    for each in (*_in_logs(view), *_in_events(view)):
        found.setdefault(each.quota, []).append(each)
    for quota, said in found.items():
        since, last = oldest(each.seen.time for each in said), newest(each.last for each in said)
        if sum(each.times for each in said) < OFTEN or all(_has_room(view, each) for each in said):
            continue
        if since and last and last - since < LASTING:
            continue
        written = _edited(view, quota, since)
        makers = tuple(dict.fromkeys(each.maker for each in said))
        if written or view.alerts or any(_suffers(view, ref) for ref in makers):
            yield Refused(f"ResourceQuota/{quota}", makers, tuple(each.seen for each in said), since, written)


def _in_logs(view: View) -> Iterator[_Said]:
    for hit in view.hits:
        named = _QUOTA.search(hit.line) if hit.trouble == "beyond_quota_of_cluster" and fresh(view, hit) else None
        if named:
            told = f"log ({hit.count} lines): {hit.line[max(0, named.start() - _BEFORE) :][:_SHOWN]}"
            seen = Evidence("logs", f"Pod/{hit.pod}", told, hit.first)
            yield _Said(named[1], hit.component, named[2], hit.count, seen, hit.last)


def _in_events(view: View) -> Iterator[_Said]:
    """Yield events about objects of which the cluster itself knows no pods: workflows, tasks, applications."""
    for event in view.events:
        named = _QUOTA.search(event.message) if view.recent(event.last, STILL) else None
        if named and event.component not in view.workloads and not event.about.startswith("ReplicaSet/"):
            yield _Said(named[1], event.about, named[2], event.count, view.event_evidence(event), event.last)


def _has_room(view: View, said: _Said) -> bool:
    """Tell whether a quota has room by now for what was asked; not known is no."""
    asked = _ASKED.search(said.asked)
    status = mapping(view.objects("ResourceQuota").get(said.quota), "status")
    used, hard = mapping(status, "used"), mapping(status, "hard")
    wants = _AMOUNT.findall(asked[1]) if asked else []
    return bool(wants) and all(_fits(amount, used.get(of), hard.get(of)) for of, amount in wants)


def _fits(amount: str, used: object, hard: object) -> bool:
    asks, has, most = number(amount), number(used), number(hard)
    return asks is not None and has is not None and most is not None and has + asks <= most


def _edited(view: View, quota: str, since: datetime | None) -> datetime | None:
    """Return when a quota was written before the first refusal, if that is not long ago."""
    obj = view.objects("ResourceQuota").get(quota)
    at = edited(obj) if obj else None
    return at if at and view.recent(at, EDITED) and (since is None or at <= since) else None


def _suffers(view: View, ref: str) -> bool:
    return any(suffering(view, ref)) or any(troubles(view, ref))
