"""An alert that knows a connection by the number of its port alone, and the port is one of the house's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._intrusion import LATELY, signs
from tuheg_ir.diagnosis.rules._sent_away import OUTSIDE
from tuheg_ir.diagnosis.view.network import named_port
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.usage import usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.wording import words_read
from tuheg_ir.diagnosis.view.workloads import Workload

IDLE = 0.6
"""A miner takes all the processor time that it is let take."""
_OF_PORTS = late(r"crypto|\bmin(?:er|ing)|stratum|\bports?\b", re.IGNORECASE)
_PORT = late(r"(?:\b(?:tcp|udp|ports?)[ =:/]+|:)(\d{2,5})\b", re.IGNORECASE)


def own_port(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that the port is that of a workload here, which the alert's has named in its settings for long.

    Nothing else may look like an intruder's in either, and both have processor time to spare.
    """
    workload = view.workloads.get(ref)
    ports = {found[1] for found in _PORT.finditer(alert.said)}
    if workload is None or len(ports) != 1 or not _OF_PORTS.search(alert.said) or OUTSIDE.search(alert.said):
        return None
    port = next(iter(ports))
    peer = next((each for each in _peers(view, workload, port) if named_port(each, port)), None)
    if peer is None or not all(_quiet(view, each) for each in (workload, peer)):
        return None
    busy = max(usage(view.figures, each, "cpu_share").most for each in (workload, peer))
    told = f"{port} is the port of {peer.ref}, which its settings name; they use {busy:.0%} of their processors"
    return Evidence("metrics", ref, f"{alert.name} fires; {told}")


def _peers(view: View, workload: Workload, port: str) -> Iterator[Workload]:
    """Yield the workloads that a workload's settings name with a port."""
    for word in words_read(view, workload.template):
        host, colon, number = word.rpartition(":")
        ref = view.graph.resolve(host) if colon and number == port else ""
        if ref in view.workloads and ref != workload.ref:
            yield view.workloads[ref]


def _quiet(view: View, workload: Workload) -> bool:
    """Tell whether a workload is as it was for long: no release, no sign of an intruder, idle processors."""
    if releases(view, workload, LATELY) or any(sign.evidence.source != "alerts" for sign in signs(view, workload)):
        return False
    busy = usage(view.figures, workload, "cpu_share")
    return bool(busy.by_pod) and busy.most <= IDLE
