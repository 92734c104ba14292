"""Pods that take the role of their node get no credentials on some nodes, and their like get them on others.

Who has no credentials of its own asks the metadata of the machine for the role of the node. Whether a pod may is set
where the machines are made: an answer that may go over one hop only never comes to a pod, one hop behind its node.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.view.logs import begun, speaks_of, times_around
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.odd import CLEARLY
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import created, items, oldest, ref, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import ERRORS, OFTEN, serves_well, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_NO_ROLE = late(
    r"no EC2 IMDS role found|ec2imds: GetMetadata|EC2RoleRequestError|EC2MetadataError"
    r"|ImdsCommunicationError|NoCredentialProviders: no valid providers|NoCredentialsError"
    r"|Unable to locate credentials(?:[^\w\s]|\s{0,9}$)"
    r"|Could not load credentials from any providers|Unable to load (?:AWS )?credentials from any"
    r"|(?:could not|unable to|failed to) (?:communicate with|contact|reach) (?:the )?"
    r"(?:(?:EC2 )?IMDS|(?:EC2|instance) metadata serv)",
    re.IGNORECASE,
)
"""What the clients of AWS for Go, Python, JavaScript, Java and Rust say where nobody gives them credentials."""
_ASIDE = late(r"\b(?:DEBUG|INFO|TRACE)\b|\b(?i:level|severity|lvl)[\"']?\s?[=:]\s?[\"']?(?i:debug|info|trace)\b")
"""Who asks one provider after the other tells of those that have none, and finds them at the next."""
_HEAD = 120
"""A line's level stands within so many characters."""
_HINTS = ("imds", "ec2role", "ec2metadata", "credential", "metadata serv")
_OF_ITS_OWN = late(r"AWS_(?:ROLE_ARN|WEB_IDENTITY_TOKEN_FILE|CONTAINER_CREDENTIALS_\w+|ACCESS_KEY_ID)")
"""Variables of who has credentials of its own; the cluster sets some of them as it makes a pod."""
_WHOSE = late(r"serviceAccount(?:Name)?|hostNetwork|nodeSelector|affinity|tolerations|envFrom|env AWS_\w+")
"""What a release may change of whose credentials a program has, or of where it runs."""
LATELY = timedelta(minutes=15)
"""Who has said nothing of it for so long gets its credentials again; who says anything else within it is at work."""
FAINT = 0.25
"""Who answers everybody well may lack credentials for what is of no weight: nothing else gives way to that."""


class _Told(NamedTuple):
    """How many lines tell that nobody gave a pod credentials, the last of them, and since when they come."""

    lines: int
    line: str
    since: datetime | None


def when(view: View) -> Iterator[Match]:
    """All pods of a template on some nodes tell of no credentials, and those on others, of an age to tell, never do."""
    told = _told(view)
    for workload in view.serving:
        lacking = [pod for pod in workload.live if pod.name in told]
        first = _since(workload, told)
        well = _well_elsewhere(view, workload, lacking, first)
        if not well or _may_be_its_own(view, workload, first) or _as_ill(view, workload, lacking, well):
            continue
        harmless = serves_well(view, workload.ref) and not any(suffering(view, workload.ref))
        others = [other for other in view.serving if other.ref != workload.ref and _all_lack(other, lacking, told)]
        alike = [other for other in others if not _may_be_its_own(view, other, _since(other, told))]
        yield Match(
            component=workload.ref,
            evidence=(
                *(_said(pod, told[pod.name]) for pod in lacking[:2]),
                *_places(view, lacking, well),
                *(_said(pod, told[pod.name]) for other in alike[:1] for pod in other.live[:1]),
            ),
            certainty=FAINT if harmless else 0.75 if alike or len(lacking) > 1 else 0.65,
            since=first,
            explains=behind(view, workload.ref, *(other.ref for other in alike), but=workload.ref),
            excludes=(
                *not_for((workload.ref,), "on other nodes its template gets its credentials"),
                *not_for((other.ref for other in alike), "what runs on these nodes does not get their role"),
            ),
        )


@once_a_view
def _told(view: View) -> dict[str, _Told]:
    """Return pod -> what it tells of credentials that it lacks; a trace may bear a time in its first line only."""
    found: dict[str, _Told] = {}
    for log in view.snapshot.logs:
        if log.previous or not speaks_of(log, _HINTS):
            continue
        said = [n for n, line in enumerate(log.lines) if _NO_ROLE.search(line) and not _ASIDE.search(line[:_HEAD])]
        upto = times_around(log.lines)[0] if len(said) >= OFTEN else []
        times = [at for n in said if upto and (at := upto[n]) is not None]
        if times and view.recent(max(times), LATELY):
            found[log.pod] = _Told(len(said), log.lines[said[-1]].strip(), begun(times))
    return found


def _well_elsewhere(view: View, workload: Workload, lacking: list[Pod], first: datetime | None) -> list[Pod]:
    """Return the pods of the same template that work on other nodes; none where one on the same nodes works as well.

    They were there when the first of the others began to tell, so that they had the time to. Where any pod was given
    credentials of its own the node's role is not what the others lack: they may have been made while nobody gave any.
    """
    told, nodes = _told(view), {pod.node for pod in lacking}
    others = [pod for pod in workload.live if pod.name not in told]
    revisions = {pod.revision for pod in lacking}
    if first is None or "" in nodes | revisions or any(pod.node in nodes for pod in others) or len(revisions) != 1:
        return []
    if any(_has_its_own(pod) for pod in workload.live):
        return []
    well = [pod for pod in others if pod.ready and pod.node and pod.revision in revisions and _works(view, pod)]
    return [pod for pod in well if pod.created is not None and pod.created <= first]


def _has_its_own(pod: Pod) -> bool:
    """Tell whether a pod has variables that give it credentials."""
    variables = (each for container in pod.containers for each in items(container.spec, "env"))
    return any(_OF_ITS_OWN.fullmatch(text(each, "name")) for each in variables)


def _works(view: View, pod: Pod) -> bool:
    """Tell whether a pod logs of late, and nothing of credentials that it lacks."""
    logs = [log for log in view.logs_of((pod,), previous=False) if log.lines]
    if any(_NO_ROLE.search(line) for log in logs for line in log.lines):
        return False
    return any(view.recent(times_around(log.lines)[0][-1], LATELY) for log in logs)


def _may_be_its_own(view: View, workload: Workload, first: datetime | None) -> bool:
    """Tell whether a release may be what is wrong, whatever a node lacks.

    Users suffer since one that came after the first line; or one came with it, and changed whose credentials the
    program has or where it runs.
    """
    if not not_their_own(view, (workload.ref,), first):
        return True
    return since_release(workload, first) and any(_WHOSE.fullmatch(change.field) for change in workload.changes)


def _as_ill(view: View, workload: Workload, lacking: Collection[Pod], well: Iterable[Pod]) -> bool:
    """Tell whether pods that get credentials are about as ill as those that lack them, since one and the same release.

    Their figures tell it; or their logs repeat errors of another kind nearly as often.
    """
    told = _told(view)
    if not since_release(workload, _since(workload, told)):
        return False
    ratios, names = view.figures.latest("error_ratio_by_pod", "pod"), {pod.name for pod in well}
    theirs = min((ratios[pod.name] for pod in lacking if pod.name in ratios), default=0.0)
    if any(ratios.get(name, 0.0) > max(ERRORS, theirs / CLEARLY) for name in names):
        return True
    least = min(told[pod.name].lines for pod in lacking)
    errors = ((each.pods.get(name, 0), each.lately.get(name, 0)) for each in marked(view, workload) for name in names)
    return any(lately >= OFTEN and CLEARLY * lines > least for lines, lately in errors)


def _since(workload: Workload, told: dict[str, _Told]) -> datetime | None:
    return oldest(told[pod.name].since for pod in workload.live if pod.name in told)


def _all_lack(other: Workload, lacking: list[Pod], told: dict[str, _Told]) -> bool:
    """Tell whether all pods of another workload lack credentials too, on none but the same nodes, and have no own."""
    nodes = {pod.node for pod in lacking}
    lack = (pod.name in told and pod.node in nodes and not _has_its_own(pod) for pod in other.live)
    return bool(other.live) and all(lack)


def _said(pod: Pod, told: _Told) -> Evidence:
    fact = f"{told.lines} lines on {pod.node}: {told.line}"
    return Evidence("logs", f"Pod/{pod.name}", fact, told.since)


def _places(view: View, lacking: list[Pod], well: list[Pod]) -> Iterator[Evidence]:
    """Yield that the same template works elsewhere, and when the newest of the nodes where it does not came."""
    at = ", ".join(sorted({pod.node for pod in well}))
    yield Evidence("objects", f"Pod/{well[0].name}", f"the same template works on {at}")
    there = {pod.node for pod in lacking}
    nodes = {ref(obj): created(obj) for obj in view.snapshot.of("Node")}
    came = {node: at for node, at in nodes.items() if at is not None and node.partition("/")[2] in there}
    if came:
        last = max(came, key=lambda node: (came[node], node))
        yield Evidence("objects", last, f"the last of the {len(there)} nodes where it does not", came[last])


RULE = Rule(
    name="node_role_out_of_reach",
    title="Pods cannot take the role of their node on some nodes",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pods of a template lack credentials on some nodes while others of it work elsewhere",
)
