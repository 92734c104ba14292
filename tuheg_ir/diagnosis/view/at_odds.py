"""Which setting of a release what fails is about: a limit, a probe, a port, a label, a pool, a wait, a volume."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.crashes import probe_kills, unready
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.usage import killed_for_memory, limits_cut
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_POOLS = late(r"(?<!\bs)(?<!_s)(?<!car)pool|conn(?:ection)?s?(?![a-z])|hikari", re.IGNORECASE)
"""Names of settings of how many connections a program keeps, or how long it waits for one; no SPOOL_DIR."""
_LAXER = ("timeoutSeconds", "failureThreshold")
"""Parts of a probe that let more pass the larger they are."""
_PORT = late(r"\"(?:containerPort|name)\": (\"[^\"]*\"|\d+)")
_CUT = "..."
_REFERS = 'Ref":'
"""How the value of a variable names an object or a key of it: without that its container cannot start."""
_UNREACHED = ("connection_refused", "connection_timeout")
_GIVES_UP = ("connection_timeout", "upstream_failure")
_OF_WAITS = late(r"time_?out|deadline|wait|ttl", re.IGNORECASE)
_WAIT = late(r"(?P<many>\d+(?:\.\d+)?) ?(?P<unit>ms|s)?")
_IN_MS, _IN_S = late(r"(?:_ms|millis\w*)$", re.IGNORECASE), late(r"_s(?:ec\w*)?$", re.IGNORECASE)


@once
def setting_at_fault(view: View, workload: Workload) -> Change | None:
    """Return a setting that a release changed and that what fails since is about; None if there is none.

    New code came with it, perhaps, but the kubelet, the network or the pool goes by the setting.
    """
    if not workload.changes:
        return None
    found = (change for fitting in _FITS for change in fitting(view, workload))
    return next(found, None)


def _of_memory(view: View, workload: Workload) -> Iterator[Change]:
    """Yield the lower limits of containers that were killed for memory."""
    killed = {container.name for _, container in killed_for_memory(view, workload)}
    yield from (change for name, change in limits_cut(workload, "memory").items() if name in killed)


def _of_probes(view: View, workload: Workload) -> Iterator[Change]:
    """Yield the probes that are stricter or ask otherwise than before, and fail."""
    changed = [change for change in workload.changed("probe") if change.after and not _lets_more_pass(change)]
    kinds = _failing_probes(view, workload) if changed else ()
    yield from (change for change in changed if change.field.startswith(kinds))


def _lets_more_pass(change: Change) -> bool:
    return change.field.endswith(_LAXER) and _is_larger(change)


def _failing_probes(view: View, workload: Workload) -> tuple[str, ...]:
    """Return which probes of the kubelet fail in pods of the newest template, and in no older one.

    What runs, has not ended and is not ready is so by its probe alone, whoever tells of it: if all newest ones are so,
    older ones may fail for want of their help.
    """
    newest, older = ({f"Pod/{pod.name}" for pod in pods} for pods in (workload.newest_pods(), workload.older_pods()))
    waits = bool(newest) and all(map(_runs_unready, workload.newest_pods()))
    found = {"readinessProbe", "startupProbe"} if waits else set()
    failed = (*unready(view, workload), *probe_kills(view, workload, workload.newest_pods()))
    for kind, word in (("readinessProbe", "eadiness"), ("livenessProbe", "iveness"), ("startupProbe", "tartup")):
        about = {told.object for told in failed if word in told.fact}
        if about & newest and not about & older:
            found.add(kind)
    return tuple(sorted(found))


def _runs_unready(pod: Pod) -> bool:
    return not pod.ready and all(c.state == "running" and not c.restarts for c in pod.containers if not c.init)


def _of_ports(view: View, workload: Workload) -> Iterator[Change]:
    """Yield the ports that are gone, if who asks a workload meets nobody there, though all its pods are ready."""
    changed = [change for change in workload.changed("ports") if _lacks_a_port(change)]
    if changed and workload.ready >= workload.wanted:
        said = (each.hit for each in complaints(view, *_UNREACHED) if each.about == workload.ref)
        yield from changed if any(_since(workload, hit) for hit in said) else ()


def _lacks_a_port(change: Change) -> bool:
    """Tell whether a number or a name of a port is gone; a further port is in nobody's way. A cut list may lack any."""
    return change.after.endswith(_CUT) or not {*_PORT.findall(change.before)} <= {*_PORT.findall(change.after)}


def _of_labels(view: View, workload: Workload) -> Iterator[Change]:
    """Yield the labels by which policies choose pods, if the newest ones reach nobody."""
    changed = [change for change in workload.changes if change.field.startswith("label ")]
    if changed and _tells(view, workload, *_UNREACHED):
        chosen = {key for policy in view.policies for key in _chosen_by(mapping(policy.obj, "spec"))}
        yield from (change for change in changed if change.field.removeprefix("label ") in chosen)


def _chosen_by(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield the labels by which a policy chooses whom it binds and lets pass."""
    rules = [*items(spec, "ingress"), *items(spec, "egress")]
    peers = [peer for rule in rules for side in ("from", "to") for peer in items(rule, side)]
    for selector in (mapping(each, "podSelector") for each in (spec, *peers)):
        yield from map(str, mapping(selector, "matchLabels"))
        yield from (text(each, "key") for each in items(selector, "matchExpressions"))


def _of_pool(view: View, workload: Workload) -> Iterator[Change]:
    """Yield the settings of a pool that the newest pods wait for; a larger one lets nobody wait."""
    changed = [c for c in workload.changed("env") if _OF_POOLS.search(c.field) and not _is_larger(c)]
    yield from changed if changed and _tells(view, workload, "pool_exhausted") else ()


def _of_waits(view: View, workload: Workload) -> Iterator[Change]:
    """Yield the shorter waits that the newest pods tell of giving up after, in so many words: timeout of 300ms."""
    shorter = [c for c in workload.changed("env") if _OF_WAITS.search(c.name) and _is_shorter(c)]
    lines = [hit.line for hit in _told_by_newest(view, workload, *_GIVES_UP)] if shorter else []
    yield from (change for change in shorter if _is_told(change, lines))


def _is_shorter(change: Change) -> bool:
    """Tell whether a wait was set before, and for longer."""
    before, after = _waits(change, change.before), _waits(change, change.after)
    return bool(before and after) and max(after) < max(before)


def _waits(change: Change, value: str) -> set[float]:
    """Return how many seconds a wait is: its value tells its unit, or its name, or it may be thousandths as well."""
    found = _WAIT.fullmatch(value)
    if found is None:
        return set()
    many = float(found["many"])
    unit = found["unit"] or ("ms" if _IN_MS.search(change.name) else "s" if _IN_S.search(change.name) else "")
    return {many / 1000} if unit == "ms" else {many} if unit == "s" else {many, many / 1000}


def _is_told(change: Change, lines: Iterable[str]) -> bool:
    """Tell whether lines name a wait, in seconds or thousandths."""
    waits = sorted(_waits(change, change.after))
    told = "|".join(f"{wait * 1000:.0f} ?ms|{re.escape(f'{wait:g}')} ?s(?:ec|econds?)?" for wait in waits)
    named = re.compile(rf"(?<![\d.])(?:{told})\b")
    return any(map(named.search, lines))


def _is_larger(change: Change) -> bool:
    before, after = number(change.before), number(change.after)
    return before is not None and after is not None and after > before


def _tells(view: View, workload: Workload, *troubles: str) -> bool:
    """Tell whether the newest pods of a workload tell of troubles, and not of before they came."""
    return any(_told_by_newest(view, workload, *troubles))


def _told_by_newest(view: View, workload: Workload, *troubles: str) -> Iterator[Hit]:
    """Yield what the newest pods of a workload tell of troubles since they came."""
    newest = {pod.name for pod in workload.newest_pods()}
    return (h for h in view.hits_of(workload.ref, *troubles) if h.pod in newest and _since(workload, h))


def _since(workload: Workload, hit: Hit) -> bool:
    return workload.released_at is None or hit.first is None or hit.first >= workload.released_at


def _of_the_pod(_: View, workload: Workload) -> Iterator[Change]:
    """Yield what a pod is made of otherwise, if no container of the newest ones was ever started."""
    yield from filter(_makes_otherwise, workload.changes) if never_ran(workload) else ()


def never_ran(workload: Workload) -> bool:
    """Tell whether no container of the newest pods has ever been started: what never ran has no fault of its code.

    Not where it waits for its image: that is none of the settings.
    """
    pods = workload.newest_pods()
    containers = [container for pod in pods for container in pod.containers]
    ran = any(c.started_at is not None or c.ended is not None or c.state == "running" for c in containers)
    image = any("Image" in c.reason for c in containers)
    return bool(containers) and all(pod.node for pod in pods) and not ran and not image


def _makes_otherwise(change: Change) -> bool:
    """Tell whether a pod is made otherwise by a change: names, notes and what a program reads make no difference.

    What is left out cannot be missing.
    """
    if change.field.startswith(("annotation ", "label ")) or not change.after:
        return False
    return change.aspect in ("mounts", "other") or (change.aspect == "env" and _REFERS in change.after)


_FITS = (_of_memory, _of_probes, _of_ports, _of_labels, _of_pool, _of_waits, _of_the_pod)
