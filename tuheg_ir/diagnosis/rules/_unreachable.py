"""Who is told that there is no way to a host that he asks: no process is at fault, as none was asked.

A release of whom he asks may shut a port or hang; that there is nobody at an address it cannot bring about, where its
pods are ready. The address is of a pod that is gone, or something on the way turns him back.
"""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, complaints
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_NO_WAY = late(r"\bno route to host\b|\bNoRouteToHost|\bEHOSTUNREACH\b|\bhost is unreachable\b", re.IGNORECASE)


def no_way_to(view: View, called: Workload) -> list[Complaint]:
    """Return what callers tell of a workload whose pods are all ready, often, and not of an address of a pod.

    Nothing where a policy binds it: who is rejected by one is told the same, and a release may have changed labels.
    """
    if not called.live or called.ready < called.wanted or any(called.ref in each.binds for each in view.policies):
        return []
    pods = {pod.address.rsplit(".", 2)[0] for pod in called.live if pod.address}
    said = [
        each
        for each in complaints(view, *UNANSWERED)
        if each.about == called.ref and each.caller in view.workloads and each.caller != called.ref
        if not each.hit.previous and _NO_WAY.search(each.hit.line)
        if not any(at.rsplit(".", 2)[0] in pods for at in ADDRESS.findall(each.hit.line))
    ]
    return said if sum(each.hit.count for each in said) >= OFTEN else []
