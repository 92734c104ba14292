"""A node whose list of search domains is not that of others: its pods alone are led astray from hosts outside.

A pod has the domains of its node's resolver behind those of the cluster. Where something answers for whatever stands
before such a domain, each pod that comes to the node meets it, whatever program it is, and is well on any other node.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.rules._one_node import alone_on, only_new_on
from tuheg_ir.diagnosis.rules._search_answers import AMISS, NodeDomain, node_domains
from tuheg_ir.diagnosis.rules._server_tells import searched
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import created
from tuheg_ir.diagnosis.view.view import View


def of_nodes(view: View) -> Iterator[Match]:
    """Yield the nodes whose pods are led astray by a search domain, as those fail that ask, and their twins do not."""
    for domain in node_domains(view):
        led = _led(view, domain)
        if led and not only_new_on(view, domain.node, led):
            yield _match(view, domain, led)


def _led(view: View, domain: NodeDomain) -> dict[str, Complaint]:
    """Return workload -> its first complaint, of those that fail on a node alone and ask in its domain there."""
    found: dict[str, Complaint] = {}
    for trouble in AMISS:
        for ref, said in alone_on(view, domain.node, complaints(view, trouble)).items():
            found.setdefault(ref, said)
    return {
        ref: said
        for ref, said in sorted(found.items())
        if {pod.address for pod in view.workloads[ref].live} & domain.clients
        and domain.name not in searched(view.workloads[ref])
    }


def _match(view: View, domain: NodeDomain, led: dict[str, Complaint]) -> Match:
    node = f"Node/{domain.node}"
    hosts = ", ".join(sorted(domain.hosts)[:4])
    fact = f"pods on {domain.node} alone find {hosts} in {domain.name}; those on other nodes ask for them as they are"
    servers = [each.ref for each in of_role(view.workloads, "dns")]
    came = created(view.objects("Node").get(domain.node))
    made = (Evidence("objects", node, "it joined", came),) if came is not None and view.recent(came, HOURS) else ()
    why = f"what comes to {domain.node} is led astray by {domain.name}: the list of its resolver has to be mended"
    return Match(
        component=node,
        evidence=(
            *made,
            *(Evidence("logs", server, fact, began(led.values())) for server in servers[:1]),
            *told(view, led.values()),
        ),
        certainty=0.85,
        root_cause="configuration_error",
        since=began(led.values()),
        explains=behind(view, *led, *servers),
        excludes=(*not_for(led, why), *not_for(servers, why)),
    )
