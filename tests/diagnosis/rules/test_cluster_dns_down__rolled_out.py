"""Names that fail on the nodes alone to which a roll-out has come: not by the servers of names behind."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.test_node_agent_rolled import AGENT, COREDNS, names_fail, unresolved
from tests.diagnosis.rules.tiny import figure

HOLDS = [
    Holds(
        f"a roll-out has come to some nodes, and names fail not by it alone: {what}",
        made,
        (COREDNS, "network_fault", "page_human"),
        believed=believed,
        harmful=("rollback_workload", "restart_workload"),
    )
    for what, made, believed in (
        ("on a third node as well", names_fail(*unresolved("web", (0, 400), (2, 390))), "node_agent_rolled"),
        (
            "for one of them before it came there",
            names_fail(*unresolved("web", (0, 1700), (1, 690))),
            "node_agent_rolled",
        ),
        ("servers of names are ill themselves", names_fail(dns={"ready": 0}), ""),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"names fail on the nodes alone to which a roll-out has come: {what}",
        made,
        (AGENT, "configuration_error", "rollback_workload"),
        harmful=("restart_workload",),
    )
    for what, made in (
        ("nobody measures the servers", names_fail()),
        ("what they cannot answer is counted", names_fail(figures=[figure("dns_error_ratio", 0, 0.3, 1480)])),
        ("nothing but what they cannot answer is", names_fail(figures=[figure("dns_error_ratio", 1, 1)])),
    )
]
