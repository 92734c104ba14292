"""What clears a client's release of a refusal by a server: others are refused alike, or the server came anew since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.view.complaints import Complaint, began
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, role, role_of_image
from tuheg_ir.diagnosis.view.reading import created, newest, text
from tuheg_ir.diagnosis.view.releases import BEFORE, never_ready, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(hours=1)
"""Who was released, or made, so shortly before he was refused may be refused for his own release."""


def clears(view: View, client: Workload, said: Collection[Complaint]) -> Evidence | None:
    """Return what shows that a client is not refused for its own release; None if nothing does.

    ``said``: all that clients complain of, of one kind. Going back would change nothing then: pods of the template
    before are refused too; or who was not released is, by the same server; or pods of the same template are well, and
    only those that are refused are not ready; or pods of the release had served until the server was started anew.
    """
    mine = [each for each in said if each.caller == client.ref]
    return (
        _template_before(client, mine)
        or _another(view, _others(view, client, said, {(each.about, each.hosts) for each in mine}))
        or _same_template(view, client, mine)
        or _server_anew(view, client, mine)
    )


def _others(
    view: View, client: Workload, said: Iterable[Complaint], servers: Collection[tuple[str, tuple[str, ...]]]
) -> Iterator[Complaint]:
    """Yield what others complain of for themselves: who stands between or before may pass on what one is told."""
    before, behind, calls = view.graph.callers(client.ref), view.graph.needs(client.ref), view.graph.calls
    for each in said:
        other = view.workloads.get(each.caller)
        if other is None or other is client or not _same(each, servers):
            continue
        if other.ref in before:
            own = each.about in calls.get(other.ref, ()) and not names(each.hit.line.lower(), client.name.lower())
        else:
            own = other.ref not in behind or each.about in calls.get(client.ref, ())
        if own:
            yield each


def _same(said: Complaint, servers: Iterable[tuple[str, tuple[str, ...]]]) -> bool:
    """Tell whether somebody complains of one of some servers: by its host where none is of the namespace."""
    return any(
        said.about == about and bool(about or not hosts or not said.hosts or set(hosts) & set(said.hosts))
        for about, hosts in servers
    )


def _template_before(client: Workload, mine: Collection[Complaint]) -> Evidence | None:
    """Return that a pod which the release has not replaced yet is refused as well."""
    older = {pod.name for pod in client.older_pods()}
    each = next((each for each in mine if each.hit.pod in older), None)
    told = "it is of the template before, and is refused as well"
    return Evidence("logs", f"Pod/{each.hit.pod}", told, each.hit.first) if each else None


def _another(view: View, others: Iterable[Complaint]) -> Evidence | None:
    """Return that a client which was neither released nor made of late is refused by the same server."""
    for each in others:
        other, first = view.workloads[each.caller], each.hit.first
        made = created(other.obj)
        if first is None or since_release(other, first, LATELY) or (made is not None and first - made <= LATELY):
            continue
        if role(other) in (*DATA, "pooler"):
            continue  # it tells what its own clients are told
        fact = f"it was not released, and is refused as well: {each.hit.line.strip()}"
        return Evidence("logs", other.ref, fact, first)
    return None


def _same_template(view: View, client: Workload, mine: Collection[Complaint]) -> Evidence | None:
    """Return that pods of the newest template are ready and not refused, while all that are refused are not ready."""
    refused = {each.hit.pod for each in mine}
    newest_pods = client.newest_pods()
    heard = {log.pod for log in view.logs_of(newest_pods, previous=False) if log.lines}
    well = [pod for pod in newest_pods if pod.ready and pod.name in heard - refused]
    ill = [pod for pod in newest_pods if pod.name in refused]
    if not well or not ill or any(pod.ready for pod in ill):
        return None
    fact = f"it is of the same template, and is not refused: of those that are, none is ready ({ill[0].name})"
    return Evidence("objects", f"Pod/{well[0].name}", fact, well[0].created)


def _server_anew(view: View, client: Workload, mine: Collection[Complaint]) -> Evidence | None:
    """Return that the server was started anew between a release and the first refusal of pods that served already.

    Not where it was so soon after the release that this, or what brought both, may have started it.
    """
    first, released = began(mine), client.released_at
    refused = {each.hit.pod for each in mine}
    pods = [pod for pod in client.newest_pods() if pod.name in refused]
    if first is None or released is None or not pods:
        return None
    for server in (view.workloads.get(ref) for ref in sorted({each.about for each in mine})):
        for pod in server.live if server else ():
            anew = _started(pod)
            if anew is not None and released - BEFORE < anew <= first and all(_served(each, anew) for each in pods):
                return Evidence("objects", f"Pod/{pod.name}", "the server was started anew, and refuses since", anew)
    return None


def _started(pod: Pod) -> datetime | None:
    """Return when a server's own process was started, and not what runs beside it."""
    own = (each.started_at for each in pod.containers if role_of_image(text(each.spec, "image")))
    return newest(own) or pod.started


def _served(pod: Pod, until: datetime) -> bool:
    """Tell whether a pod was there before a time and was ready once: who ends at each refusal is started over again."""
    return pod.created is not None and pod.created < until and not never_ready(pod)
