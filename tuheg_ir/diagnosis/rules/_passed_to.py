"""What servers in front tell of the requests that they passed on to a pod, as many programs log none themselves."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.rules._named_backends import asked_in, by_address
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def passed_to(view: View, teller: str, line: str, at: datetime | None) -> str:
    """Return the workload whose pod was asked for what a line of another pod's tells of; "" for none that is known.

    It names that pod by its address and a port that it serves at: a client's port is none of these. Who had the address
    before that pod was made is another one.
    """
    pods = by_address(view)
    for address in dict.fromkeys(ADDRESS.findall(line)):
        if address not in pods:
            continue
        pod, workload = pods[address]
        other = view.owner_of(teller) != workload.ref
        if other and (pod.created is None or at is None or at >= pod.created) and asked_in(pod, line):
            return workload.ref
    return ""


@once
def passed_on_to(view: View, workload: Workload) -> tuple[str, ...]:
    """Return the lines by which others tell of answers that a workload's pods gave."""
    own = {pod.name for pod in workload.pods}
    mine = [f"{pod.address}:" for pod in workload.live if pod.address]
    return tuple(
        line
        for log in view.logs
        if log.pod not in own
        for line in log.lines
        if any(each in line for each in mine)
        and status_of(line)
        and passed_to(view, log.pod, line, stamp(line)) == workload.ref
    )
