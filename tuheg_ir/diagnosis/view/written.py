"""What lies outside of a template and was written after it was made: ConfigMaps and Secrets that pods read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.view.changes import keys_of, reads, volumes_of
from tuheg_ir.diagnosis.view.reading import (
    at,
    created,
    last_write,
    mapping,
    moment,
    name,
    newest,
    oldest,
    text,
    writers,
    written,
)
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.diagnosis.writers import fields

_BESIDE = ("spec.replicas", "metadata.")
"""Fields of a workload that are none of its template."""
ASLEEP = timedelta(hours=12)
"""Pods read most of their configuration when they start: what was written may show only hours later."""


def edited(obj: Obj) -> datetime | None:
    """Return when an object was written after it was made; None if it was not."""
    time, made = written(obj), created(obj)
    return time if time is not None and made is not None and time - made > MINUTE else None


def by_whom(view: View, facts: Iterable[Evidence]) -> Iterator[Evidence]:
    """Yield facts; the first about each object that tells of its last edit says who wrote which of its fields then."""
    told = set[str]()
    for seen in facts:
        kind, _, label = seen.object.partition("/")
        obj = view.objects(kind).get(label) if seen.source == "objects" and seen.object not in told else None
        wrote = hand(obj, seen.time) if obj is not None and _after_it_was_made(obj, seen.time) else ""
        told |= {seen.object} if wrote else set()
        yield seen._replace(fact=f"{seen.fact} ({wrote})") if wrote else seen


def _after_it_was_made(obj: Obj, time: datetime | None) -> bool:
    made = created(obj)
    return time is not None and made is not None and time - made > MINUTE


def hand(obj: Obj, time: datetime | None = None) -> str:
    """Return who wrote an object, last or at a time, and which of its fields; "" if nobody did.

    Nor of a template, whose changes are told elsewhere.
    """
    wanted = time or last_write(obj)
    last = next((each for each in writers(obj) if moment(each, "time") == wanted), None)
    if last is None:
        return ""
    wrote = fields(last)
    if at(obj, "spec", "template") is not None and not (wrote and all(each.startswith(_BESIDE) for each in wrote)):
        return ""
    return f"{text(last, 'manager')} wrote {', '.join(wrote)}" if wrote else text(last, "manager")


def outside_changes(view: View, workload: Workload) -> tuple[tuple[str, datetime], ...]:
    """Return (Kind/name, when) of the ConfigMaps and Secrets of a template that were written after they were made."""
    found = []
    for kind, label in sorted(reads(workload.template)):
        obj = view.objects(kind).get(label)
        made = created(obj)
        time = read_write(workload.template, obj) if obj is not None and last_write(obj) else made
        if time is not None and made is not None and (time - made > MINUTE or _replaced(workload, made)):
            found.append((f"{kind}/{label}", time))
    return tuple(sorted(found, key=lambda each: each[1], reverse=True))


def read_write(template: Mapping[str, Any], obj: Obj) -> datetime | None:
    """Return when anything that a template reads of an object was written last; None where nobody tells that.

    Whoever takes the whole of it reads all. Where the last writer does not tell which keys it wrote all of them may
    have been; and no writer holds a key that was taken out. Each other one counts by a key of them that it holds.
    """
    ref = (text(obj, "kind"), name(obj))
    keys = {key for kind, label, key, _ in keys_of(template) if (kind, label) == ref}
    whole = "" in keys or any((kind, label) == ref for kind, label, _ in volumes_of(template))
    wrote = [fields(each) for each in writers(obj) if moment(each, "time") == last_write(obj)]
    held = {**mapping(obj, "data"), **mapping(obj, "binaryData")}
    if whole or not keys or not all(wrote) or not keys <= held.keys():
        return last_write(obj)
    if not all(path.startswith("data.") for each in wrote for path in each):
        return last_write(obj)
    of_keys = {f"data.{key}" for key in keys}
    return newest(moment(each, "time") for each in writers(obj) if not of_keys.isdisjoint(fields(each)))


def slept(view: View, workload: Workload) -> tuple[tuple[tuple[str, datetime], ...], datetime | None]:
    """Return the edits (Kind/name, when) that the present pods were the first to start with, and when they started.

    It is so where all pods were made anew since, by a restart or a drain, from a template that is older than the edit.
    Containers see another environment only when they start; mounted files change under running ones.
    """
    started = oldest(pod.created for pod in workload.live)
    served = workload.released_at or oldest([created(workload.obj), *(r.created for r in workload.revisions)])
    if started is None or served is None:
        return (), None
    edits = [(ref, at) for ref, at in outside_changes(view, workload) if served < at < started]
    env = {f"{kind}/{label}" for kind, label, _, _ in keys_of(workload.template)}
    return tuple([each for each in edits if each[0] in env] or edits), started


def reached(workload: Workload, ref: str, at: datetime) -> bool:
    """Tell whether containers of a workload can have got an edit of a ConfigMap: an environment is read at the start.

    Of a Secret it is not asked: who keeps an old password fails by its change as well.
    """
    if not ref.startswith("ConfigMap/") or not _read_at_start(workload, ref):
        return True
    containers = [each for pod in workload.live for each in pod.containers]
    starts = [each.started_at or (each.ended.at if each.ended else None) for each in containers]
    return not starts or any(start is None or start >= at for start in starts)


def unread_then(workload: Workload, ref: str, at: datetime, began: datetime | None) -> bool:
    """Tell whether a trouble began before any container had started with an edit that is read at the start alone.

    Most pods have to run since before the edit: of those that were replaced nobody knows what they read. Nor does
    anybody of a container that was started again, and may have been before.
    """
    if began is None or not ref.startswith("ConfigMap/") or not _read_at_start(workload, ref):
        return False
    pods = [(pod, pod.started) for pod in workload.live]
    if any(pod.restarts or started is None for pod, started in pods):
        return False
    since = [started for _, started in pods if started is not None and started >= at]
    return 2 * len(since) <= len(pods) and all(began < started - MINUTE for started in since)


def _read_at_start(workload: Workload, ref: str) -> bool:
    kind, _, label = ref.partition("/")
    return all((kind, label) != each[:2] for each in volumes_of(workload.template))


def first_to_start_with(view: View, workload: Workload, pods: Iterable[Pod]) -> bool:
    """Tell whether the pods of a release are the first to start with an edit, and no log says what they fail by.

    It may be the edit as well as the release: the template before would start with the same settings.
    """
    released = workload.released_at
    if released is None or any(view.logs_of(pods)):
        return False
    return any(released - ASLEEP < at < released for _, at in outside_changes(view, workload))


def _replaced(workload: Workload, made: datetime) -> bool:
    """Tell whether what a template reads was made after its pods had started: there was another one before."""
    ages = [pod.created for pod in workload.live if pod.created]
    return bool(ages) and made - min(ages) > MINUTE


def unseen_secrets(view: View, template: Mapping[str, Any]) -> set[str]:
    """Return the Secrets of which each start takes variables, and that were not read: nobody knows of their edits."""
    known = view.objects("Secret")
    return {label for kind, label, _, _ in keys_of(template) if kind == "Secret" and label not in known}
