"""That nobody of the house sits in a pod whose account goes from door to door, as the cluster's audit log tells.

Whoever opens a shell in a pod asks the cluster for it, and its audit log keeps that with his name. Where it keeps what
people do and tells of no such shell, while the program asks by its own library as ever, who uses other tools there came
in by the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._audited import Entry, audited
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

PLACES = 3
"""A program has to do with its own namespace, and with one or two beside it."""
LATELY = timedelta(hours=24)
"""A release may bring a script with it that asks by such tools, and it may come to that some time later."""
_SHELL = late(r"/pods/(?P<pod>[^/?]{1,253})/(?:exec|attach|ephemeralcontainers)(?:\?|$)")
_SPACE = late(r"/namespaces/(?P<space>[^/?]{1,63})/")


def nobody_within(view: View, workload: Workload, asked: Sequence[Entry]) -> str:
    """Return what tells that nobody of the house asks for power in a workload's pods; "" where it may be somebody.

    ``asked``: what was refused there. Who asks for nothing of others may only try what the program may do.
    """
    own = text(workload.obj, "metadata", "namespace") or view.snapshot.namespace
    spaces = {found["space"] for each in asked if (found := _SPACE.search(each.uri))} - {own}
    released = workload.released_at
    if len(spaces) < PLACES or (released is not None and asked[0].at - released < LATELY):
        return ""
    if not _asks_as_ever(view, workload, asked) or not _shells_are_told(view, workload):
        return ""
    told = f"its own library asks as ever, other tools ask for what is in {len(spaces)} namespaces of others"
    return f"{told}, and nobody of the house was given a shell in its pods"


def _asks_as_ever(view: View, workload: Workload, asked: Sequence[Entry]) -> bool:
    """Tell whether the program asks by a library of its own, before and since, and is answered."""
    mine = {pod.address for pod in workload.live if pod.address}
    own = [
        each.at
        for each in audited(view)
        if each.account == asked[0].account and each.code < 300 and not each.by_hand and mine & {*each.sources}
    ]
    return bool(own) and min(own) < asked[0].at < max(own)


def _shells_are_told(view: View, workload: Workload) -> bool:
    """Tell whether the audit log keeps what people do and who asks for shells, and none was given in these pods."""
    pods = {pod.name for pod in workload.pods}
    shells = [(each, found["pod"]) for each in audited(view) if (found := _SHELL.search(each.uri))]
    given = any(pod in pods and each.code < 400 for each, pod in shells)
    return bool(shells) and not given and any(each.of_a_person for each in audited(view))
