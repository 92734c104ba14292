"""Pods that take the role of their node get no credentials on some nodes, and their like get them on others.

Who has no credentials of its own asks the metadata of the machine for the role of the node. Whether a pod may is set
where the machines are made: an answer that may go over one hop only never comes to a pod, one hop behind its node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import created, oldest
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_NO_ROLE = late(
    r"no EC2 IMDS role found|ec2imds: GetMetadata|EC2RoleRequestError|EC2MetadataError"
    r"|ImdsCommunicationError|NoCredentialProviders: no valid providers|Unable to locate credentials|NoCredentialsError"
    r"|Could not load credentials from any providers|Unable to load (?:AWS )?credentials from any"
    r"|(?:could not|unable to|failed to) (?:communicate with|contact|reach) (?:the )?(?:EC2 )?(?:IMDS|metadata serv)",
    re.IGNORECASE,
)
"""What the clients of AWS for Go, Python, JavaScript, Java and Rust say where nobody gives them credentials."""
LATELY = timedelta(minutes=15)
"""Who has said nothing of it for so long gets its credentials again; who says anything else within it is at work."""


def when(view: View) -> Iterator[Match]:
    """All pods of a template on some nodes tell of no credentials, and those on others, of an age to tell, never do."""
    told = _told(view)
    for workload in view.serving:
        lacking = [pod for pod in workload.live if pod.name in told]
        well = _well_elsewhere(view, workload, lacking)
        if not lacking or not well:
            continue
        alike = [other for other in view.serving if other.ref != workload.ref and _all_lack(other, lacking, told)]
        first = oldest(told[pod.name][2] for pod in lacking)
        yield Match(
            component=workload.ref,
            evidence=(
                *(_said(pod, told[pod.name]) for pod in lacking[:2]),
                *_places(view, lacking, well),
                *(_said(pod, told[pod.name]) for other in alike[:1] for pod in other.live[:1]),
            ),
            certainty=0.75 if alike or len(lacking) > 1 else 0.65,
            since=first,
            explains=behind(view, workload.ref, *(other.ref for other in alike), but=workload.ref),
            excludes=tuple(
                each
                for ref in (workload.ref, *(other.ref for other in alike))
                for each in excluding(ref, "on other nodes its template gets its credentials", *ON_CALLERS)
            ),
        )


@once_a_view
def _told(view: View) -> dict[str, tuple[int, str, datetime | None]]:
    """Return pod -> how many lines tell that nobody gave it credentials, the last of them, and when the first came."""
    found: dict[str, tuple[int, str, datetime | None]] = {}
    for log in view.snapshot.logs:
        lines = [] if log.previous else [line for line in log.lines if _NO_ROLE.search(line)]
        if len(lines) >= OFTEN and view.recent(stamp(lines[-1]), LATELY):
            found[log.pod] = (len(lines), lines[-1].strip(), stamp(lines[0]))
    return found


def _well_elsewhere(view: View, workload: Workload, lacking: list[Pod]) -> list[Pod]:
    """Return the pods of the same template that work on other nodes; none where one on the same nodes works as well.

    They were there when the first of the others began to tell, so that they had the time to.
    """
    told, nodes = _told(view), {pod.node for pod in lacking}
    others = [pod for pod in workload.live if pod.name not in told]
    revisions = {pod.revision for pod in lacking}
    if "" in nodes or any(pod.node in nodes for pod in others) or len(revisions) != 1:
        return []
    first = oldest(told[pod.name][2] for pod in lacking)
    well = [pod for pod in others if pod.ready and pod.node and pod.revision in revisions and _works(view, pod)]
    return [pod for pod in well if first is not None and pod.created is not None and pod.created <= first]


def _works(view: View, pod: Pod) -> bool:
    """Tell whether a pod logs of late, and nothing of credentials that it lacks."""
    lines = [line for log in view.logs_of((pod,), previous=False) for line in log.lines]
    return bool(lines) and view.recent(stamp(lines[-1]), LATELY) and not any(map(_NO_ROLE.search, lines))


def _all_lack(other: Workload, lacking: list[Pod], told: dict[str, tuple[int, str, datetime | None]]) -> bool:
    """Tell whether all pods of another workload lack credentials too, on none but the same nodes."""
    nodes = {pod.node for pod in lacking}
    return bool(other.live) and all(pod.name in told and pod.node in nodes for pod in other.live)


def _said(pod: Pod, told: tuple[int, str, datetime | None]) -> Evidence:
    count, line, first = told
    return Evidence("logs", f"Pod/{pod.name}", f"{count} lines on {pod.node}: {line[:240]}", first)


def _places(view: View, lacking: list[Pod], well: list[Pod]) -> Iterator[Evidence]:
    """Yield that the same template works elsewhere, and when the newest of the nodes where it does not came."""
    at = ", ".join(sorted({pod.node for pod in well}))
    yield Evidence("objects", f"Pod/{well[0].name}", f"the same template works on {at}")
    there = {pod.node for pod in lacking}
    nodes = {f"Node/{obj['metadata']['name']}": created(obj) for obj in view.snapshot.of("Node")}
    came = {ref: at for ref, at in nodes.items() if at is not None and ref.partition("/")[2] in there}
    if came:
        last = max(came, key=lambda ref: (came[ref], ref))
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
