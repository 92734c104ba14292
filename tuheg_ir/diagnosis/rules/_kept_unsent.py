"""Who keeps on the disks of nodes what it cannot send: it lies in a directory of the node, and counts to no pod.

So do programs that collect logs, metrics or traces on every node. Whom the node evicts for it holds next to nothing.
Why nothing goes out need not be known: who tries all that it keeps again and again, and tells of none that went out,
keeps it. And that need not have begun of late: a log that tells of nothing else from its beginning on tells not when.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._filling import PART, held, size_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import OFTEN, STILL, UNANSWERED, fresh
from tuheg_ir.diagnosis.view.logs import heard_since, lines_told
from tuheg_ir.diagnosis.view.nodes import on_node
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text
from tuheg_ir.diagnosis.view.releases import releases, soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes, reached, slept
from tuheg_ir.named import NamedTuple

SUSPECT = timedelta(hours=24)
"""A release so young may have brought what is kept: that is another trouble."""
EARLIER = timedelta(minutes=10)
"""So long it has to be unable to send before a node runs short: a disk does not fill at once."""
FILLED_IN = timedelta(days=14)
"""A disk that has not run full in so long does not do so by what was written before."""
FIRST_WORDS = timedelta(minutes=5)
"""What a log tells so soon after its beginning it may have told before as well, where it begins later than its pod."""
FILLS = 0.005
"""By so much of itself a disk that fills has become fuller in the time that is measured."""
_LIMITS = ("store_limit", "store_quota")
_REFUSED = ("dns", "certificate", "outside_authentication", "rate_limited", *_LIMITS, "database_writes_refused")
"""Troubles of who finds nobody to send to, or whom that one lets send nothing."""
_NO_DISK = late(r"/?(?:$|(?:proc|sys|dev|run|var/run|etc|boot|lib/modules|usr)(?:/|$))")
"""Directories of a node in which nobody keeps much, or that are no disk at all; and the whole of it, to look at."""
_SETTING = late(
    r"(?:storage|buffer|queue|spool|backlog|\bwal\b|data_?dir|director(?:y|ies))[\w.\-]*[\"']?[ \t]*[:=]?[ \t]*[\"']?"
    r"(/[\w./-]+)"
    r"|(/[\w./-]*(?:storage|buffer|queue|spool|backlog|\bwal\b)[\w./-]*)",
    re.IGNORECASE,
)
"""How programs are told in which directory they keep what waits."""
_RETRIES = late(
    r"(?:flush|chunk|buffer|batch|queue|spool|segment|export|payload).{0,120}\b(?:retr(?:y|ie[sd]|ying)(?![a-z])|requeu)"
    r"|\b(?:retry(?:ing)?(?![a-z])|requeu).{0,60}\b(?:flush|chunk|buffer|batch|queue|segment|export|payload)",
    re.IGNORECASE,
)
"""How they tell that what could not be sent waits for another try."""
_WENT_OUT = late(
    r"(?:flush|chunk|buffer|batch|queue|spool|segment|export|payload|retr(?:y|ied)).{0,120}\bsucce(?:ss|eded\b)"
    r"|\bretry succeeded\b|\b(?:sent|delivered|flushed|exported)\b.{0,60}\b(?:after|at|on) (?:\d+ |a )?retr(?:y|ies)\b",
    re.IGNORECASE,
)
"""How they tell that another try was well."""


class Unsent(NamedTuple):
    """Who keeps what it cannot send, how one sees it, since when, and the edit (Kind/name, when) that began it."""

    workload: Workload
    evidence: tuple[Evidence, ...]
    since: datetime
    edit: tuple[str, datetime] | None

    @property
    def certainty(self) -> float:
        """Return how sure it is: surer where disks are seen to fill, or an edit is known that began it."""
        return 0.75 if self.edit or any(each.source == "metrics" for each in self.evidence) else 0.6


def kept_unsent(view: View, nodes: Collection[str], began: datetime | None) -> Unsent | None:
    """Return the one workload that fills the disks of nodes with what it cannot send since before they ran short.

    Not where a pod is known to hold a good part of such a disk, nor where no disk beneath it becomes fuller.
    """
    if began is None or not nodes or any(_known(view, node) for node in nodes):
        return None
    found = [each for workload in view.serving if (each := _unsent(view, workload, nodes, began))]
    return found[0] if len(found) == 1 else None


def _known(view: View, node: str) -> bool:
    """Tell whether a pod is known to hold a good part of a node's disk."""
    size = size_of(view, node)
    return size is not None and any(held(view, pod) >= PART * size for _, pod in on_node(view, node))


def _unsent(view: View, workload: Workload, nodes: Collection[str], began: datetime) -> Unsent | None:
    where = _writable(workload.template)
    there = {pod.node: pod.name for pod in workload.newest_pods()}
    if not where or not set(nodes) <= set(there) or releases(view, workload, SUSPECT):
        return None
    kept = next(chain(_told_to_keep(view, workload, where.values()), _tells(view, workload)), None)
    filling = _filling(view, workload)
    if kept is None or filling is None:
        return None
    failing = [
        _failing(view, workload, there[node], began)
        or (_tries_again(view, workload, there[node], began) if kept.source == "objects" else None)
        for node in nodes
    ]
    told = [each for each in failing if each is not None]
    since = oldest(each.time for each in told)
    if len(told) < len(nodes) or since is None:
        return None
    fact = f"it may write to {', '.join(sorted(where)[:3])} of its nodes, which counts to no pod"
    seen = (Evidence("objects", workload.ref, fact), kept, *told[:2], *filling)
    edit = _edit(view, workload, since)
    if edit is not None:
        changed = Evidence("objects", edit[0], f"written after it was made; {workload.ref} reads it", edit[1])
        seen = (changed, *seen)
    return Unsent(workload, seen, since, edit)


def _edit(view: View, workload: Workload, since: datetime) -> tuple[str, datetime] | None:
    """Return the one ConfigMap or Secret (Kind/name, when) with whose writing it began that nothing can be sent.

    Where logs tell of nothing else since they begin, it may be the one that the pods were the first to start with.
    """
    written = outside_changes(view, workload)
    found = [each for each in written if soon_after(since, each[1]) and reached(workload, *each)]
    if not found and _from_the_first(view, workload, since):
        found = [each for each in slept(view, workload)[0] if view.recent(each[1], FILLED_IN)]
    return found[0] if len(found) == 1 else None


def _from_the_first(view: View, workload: Workload, since: datetime) -> bool:
    """Tell whether a trouble is as old as the logs that tell of it, which are cut: they begin later than their pods."""
    started = {pod.name: pod.started for pod in workload.live}
    logs = [log for log in view.logs_of(workload.live, previous=False) if log.pod in started]
    heard = heard_since(logs)
    if heard is None or since - heard > FIRST_WORDS:
        return False
    return all((at := started[log.pod]) is not None and at <= heard for log in logs)


def _writable(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the directories of its node's disk that a template may write to -> where its containers see them."""
    spec = mapping(template, "spec")
    paths = {text(v, "name"): text(v, "hostPath", "path") for v in items(spec, "volumes") if "hostPath" in v}
    return {
        path: text(mount, "mountPath")
        for container in items(spec, "containers")
        for mount in items(container, "volumeMounts")
        if (path := paths.get(text(mount, "name"))) and not mount.get("readOnly") and not _NO_DISK.match(path)
    }


def _failing(view: View, workload: Workload, pod: str, began: datetime) -> Evidence | None:
    """Return how a pod tells that it cannot send, since well before its node ran short and still."""
    for hit in view.hits_of(workload.ref, *UNANSWERED, *_REFUSED):
        if hit.pod != pod or hit.previous or hit.count < OFTEN or not fresh(view, hit):
            continue
        if hit.first is not None and began - hit.first >= EARLIER:
            return view.hit_evidence(hit)
    return None


def _tries_again(view: View, workload: Workload, pod: str, began: datetime) -> Evidence | None:
    """Return that a pod tries again what it keeps, since well before its node ran short, still, and always in vain."""
    for log in view.logs_of(workload.live, previous=False):
        lines = [line for line in log.lines if _RETRIES.search(line)] if log.pod == pod else []
        times = [at for line in lines if (at := stamp(line)) is not None]
        if len(times) < OFTEN or any(_WENT_OUT.search(line) for line in log.lines):
            continue
        if began - min(times) >= EARLIER and view.recent(max(times), STILL):
            return lines_told(pod, len(lines), lines[-1].strip(), min(times))
    return None


def _told_to_keep(view: View, workload: Workload, where: Iterable[str]) -> Iterator[Evidence]:
    """Yield that settings tell a program to keep what waits in a directory of its node that it may write to."""
    mounts = tuple(f"{each.rstrip('/')}/" for each in where)
    given = [(workload.ref, f"{key}={value}") for key, value in view.graph.settings(workload)]
    for label, obj in view.maps_read(workload.template):
        given += [(f"ConfigMap/{label}", str(value)) for value in mapping(obj, "data").values()]
    for ref, value in given:
        for found in _SETTING.finditer(value):
            path = found[1] or found[2]
            if f"{path}/".startswith(mounts):
                yield Evidence("objects", ref, f"{workload.ref} keeps in {path} what waits to be sent")


def _tells(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that a program tells of what it could not send that it will try again."""
    for log in view.logs_of(workload.live, previous=False):
        lines = [line for line in log.lines if _RETRIES.search(line)]
        if len(lines) >= OFTEN:
            yield Evidence("logs", workload.ref, f"{len(lines)} lines: {lines[-1].strip()}")


def _filling(view: View, workload: Workload) -> tuple[Evidence, ...] | None:
    """Return that the disks beneath a workload's pods become fuller; (): nobody measures them; None: none does."""
    shares = dict[str, tuple[float, float]]()
    for pod in workload.newest_pods():
        first, now = (ask("node_disk_share", node=pod.node) for ask in (view.figures.first, view.figures.now))
        if first is not None and now is not None:
            shares[pod.node] = first, now
    fuller = [f"{node} from {first:.0%} to {now:.0%}" for node, (first, now) in shares.items() if now - first >= FILLS]
    fact = f"of {len(shares)} nodes with its pods the disks of {len(fuller)} become fuller: {', '.join(fuller[:3])}"
    if not shares:
        return ()
    return (Evidence("metrics", workload.ref, fact),) if fuller else None
