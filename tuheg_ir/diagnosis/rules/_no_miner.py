"""An alert that takes a coin's node of the house's own for a miner: to verify blocks uses the processor as well."""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._coin_node import verifies
from tuheg_ir.diagnosis.rules._intrusion import signs
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.view import View

_MINER = late(
    r"(?i:crypto.?(?:min(?:er|ing)|jack))"
    r"|^(?=.*(?i:suspect|possib|detect)).*(?:(?<![A-Za-z])(?:miner|mining)|Miner|Mining)s?(?![a-z])"
)
"""Names of alerts that suspect a miner: who mines on purpose has alerts that only speak of it."""


def no_miner(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that an alert about a miner means a node of the house's own, which has all blocks of its network.

    It stands as it is since long, and so does the policy that lets it out to its peers. That it had all blocks hours
    ago tells nothing of what it does now.
    """
    workload = view.workloads.get(ref)
    shown = verifies(view, workload) if workload is not None and _MINER.search(alert.name) else None
    if workload is None or shown is None or not view.recent(stamp(shown[0])):
        return None
    if any(sign.evidence.source != "alerts" for sign in signs(view, workload)):
        return None
    told, way = shown
    fact = f"{alert.name} fires; it is a coin's node, is not told to mine, {way} lets it out, and it has all blocks: "
    return Evidence("logs", ref, fact + told.strip()[:120], stamp(told))
