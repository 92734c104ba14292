"""Who hands work to the readers of a queue was given more replicas for its load just as that queue began to grow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_hosts import WATCHES
from tuheg_ir.diagnosis.rules._capacity import GROWN
from tuheg_ir.diagnosis.rules._fed_by import OF_A_STORE
from tuheg_ir.diagnosis.rules._hands_work import OF_A_QUEUE
from tuheg_ir.diagnosis.rules._hosts_outside import is_outside
from tuheg_ir.diagnosis.rules._told_more import told_more
from tuheg_ir.diagnosis.rules._twins import own_container, program_of
from tuheg_ir.diagnosis.view.changes import refs_read
from tuheg_ir.diagnosis.view.graph import hosts_in, leads
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import items, mapping, text, whole
from tuheg_ir.diagnosis.view.scaling import autoscaler
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def more_handed(
    view: View, reader: Workload, queue: str, began: datetime, start: datetime, least: float, straight: datetime
) -> Evidence | None:
    """Return that more is handed to a reader since a time between two, and that nothing else can have held it up.

    Its senders' autoscaler tells of more load where no figure goes back so far, or their own log: ``least``: so many
    times as much comes as it can do; ``straight``: before when little came, by how the queue grows. That somebody
    whom it asks was slower before the first figure is not known: so all of them have to be in the namespace, and well,
    and as they were.
    """
    if _changed(reader, began, start) or _asks_outside(view, reader) or not _well_behind(view, reader, began, start):
        return None
    most = max(GROWN, least)
    found = (*_grew_then(view, reader, began, start), *told_more(view, reader, queue, straight, start, most))
    return found[0] if found else None


def _changed(workload: Workload, began: datetime, start: datetime) -> bool:
    """Tell whether a workload was released between two times, or has a pod that was made or started then."""
    released = bool(workload.changes) and workload.released_at is not None and began <= workload.released_at <= start
    return released or any(_young(pod, began, start) for pod in workload.live)


def _young(pod: Pod, began: datetime, start: datetime) -> bool:
    times = (pod.created, *(each.started_at for each in pod.containers if not each.init))
    return any(at is not None and began <= at <= start for at in times)


def _asks_outside(view: View, reader: Workload) -> bool:
    """Tell whether the settings or the troubles of a workload name a host that is not of this namespace."""
    named = {host for key, value in view.graph.settings(reader) for host in hosts_in(key, value)}
    named |= {host for hit in view.hits_of(reader.ref) for host in hit.hosts}
    return any(is_outside(view, host) for host in named)


def _well_behind(view: View, reader: Workload, began: datetime, start: datetime) -> bool:
    """Tell whether all that a reader asks answers well, was not changed meanwhile, and can do more than it does."""
    hidden = _behind_keys(view, reader)
    for each in (*view.called(reader.ref), *(hidden or ())):
        scaler = autoscaler(view, each.ref)
        if _changed(each, began, start) or any(troubles(view, each.ref)) or each.ready < each.wanted:
            return False
        if usage(view.figures, each, "cpu_share").widely(BUSY) or (scaler and (scaler.at_most or scaler.limited)):
            return False
    return hidden is not None


def _behind_keys(view: View, reader: Workload) -> list[Workload] | None:
    """Return the stores of the namespace whose addresses a reader takes from Secrets; None if it takes others so.

    Nobody can tell whom it asks by an address that is not to be seen.
    """
    found = []
    for variable, kind, label in _taken(view, reader):
        if not leads(variable) or WATCHES.search(variable.lower()):
            continue
        if kind == "ConfigMap" and label in view.objects(kind):
            continue  # its settings are known
        store = _store_of(view, label) if OF_A_STORE.search(variable) or OF_A_QUEUE.search(variable) else None
        if store is None:
            return None
        found.append(store)
    return found


def _taken(view: View, workload: Workload) -> Iterator[tuple[str, str, str]]:
    """Yield (variable, kind, name) of what containers take from Secrets and ConfigMaps; of all of one each key is one.

    Of one whose keys nobody knows that may be an address.
    """
    spec = mapping(workload.template, "spec")
    for container in (*items(spec, "initContainers"), *items(spec, "containers")):
        for entry in items(container, "env"):
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if label := text(entry, "valueFrom", field, "name"):
                    yield text(entry, "name"), kind, label
        for entry in items(container, "envFrom"):
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if label := text(entry, field, "name"):
                    keys = mapping(view.objects(kind).get(label), "data") or ("url",)
                    yield from ((f"{text(entry, 'prefix')}{key}", kind, label) for key in keys)


def _store_of(view: View, secret: str) -> Workload | None:
    """Return the one store of the namespace that reads a Secret, or after which it is called; None for none."""
    stores = of_role(view.workloads, *DATA)
    found = [w for w in stores if f"Secret/{secret}" in refs_read(w.template, "Secret")]
    found = found or [w for w in stores if f"{secret}-".startswith(f"{w.name}-")]
    return found[0] if len(found) == 1 else None


def _grew_then(view: View, reader: Workload, began: datetime, start: datetime) -> Iterator[Evidence]:
    """Yield those of the reader's own program who take requests, and have more replicas since a time between two."""
    for each in view.serving:
        scaler = None if each is reader or role(each) else autoscaler(view, each.ref)
        if scaler is None or scaler.blind or not (_of_one_program(each, reader) and view.leading_to(each.ref)):
            continue
        young = [p for p in each.live if p.created and began <= p.created <= start]
        older = sum(p.created is not None and p.created < began for p in each.live)
        released = each.changes and each.released_at is not None and each.released_at >= began
        least = whole(scaler.obj, "spec", "minReplicas") or 1
        if released or not older or scaler.now <= least or len(young) + older < GROWN * older:
            continue
        fact = f"the autoscaler gave it {len(young)} more pods than {older}: more is asked of it, and it hands on more"
        yield Evidence("objects", each.ref, fact, min(p.created for p in young if p.created))


def _of_one_program(one: Workload, other: Workload) -> bool:
    """Tell whether two run one program, of whatever tag: its web part hands its jobs to its own workers.

    What helps beside both, as a proxy or what ships logs, makes no one program of them.
    """
    mine, theirs = own_container(one), own_container(other)
    return bool(mine and theirs) and program_of(text(mine, "image")) == program_of(text(theirs, "image")) != ""
