"""Who cannot start without a host outside: its pods end, one start after the other, and their last words name it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tuheg_ir.diagnosis.rules._blames_another import ITS_OWN
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.crashes import Crash, ended_by_themselves
from tuheg_ir.diagnosis.view.marked import LAST
from tuheg_ir.diagnosis.view.stillborn import FRAME, without_numbers
from tuheg_ir.diagnosis.view.view import View


def end_without(view: View, callers: Sequence[str], host: str, said: Iterable[Complaint]) -> list[str]:
    """Return those callers of a host outside whose pods do not come up, as they ask it at their start.

    Who only complains of it serves on. Where alerts are about such a one alone, people feel that more.
    """
    complain: dict[str, set[str]] = {}
    for each in said:
        # Who names nobody is known to mean it.
        complain.setdefault(each.hit.pod, {host}).update(set() if each.hosts else {each.hit.line.lower()})
    found = [
        ref
        for ref in callers
        for crash in ended_by_themselves(view, view.workloads[ref])
        if crash.pod.name in complain and _by(view, crash, complain[crash.pod.name])
    ]
    about = {view.about_alert(alert) for alert in view.alerts} & set(callers)
    return list(dict.fromkeys(found)) if not about or about & set(found) else []


def _by(view: View, crash: Crash, words: Collection[str]) -> bool:
    """Tell whether a container ends again and again, does not serve, and says of a host last, and no fault of its own.

    ``words``: those that speak of the host.
    """
    pod = crash.pod
    if pod.ready or not crash.container.restarts:
        return False
    told = (hit.line for hit in view.hits if hit.pod == pod.name and hit.trouble in ITS_OWN)
    own = {without_numbers(line) for line in told if not FRAME.search(line)}
    return any(_last(log.lines[-LAST:], words, own) for log in view.logs_of([pod]))


def _last(lines: Sequence[str], words: Collection[str], own: set[str]) -> bool:
    """Tell whether lines speak of a host, and none behind them tells of a fault of the program's own."""
    named = max((n for n, line in enumerate(lines) if any(word in line.lower() for word in words)), default=None)
    return named is not None and own.isdisjoint(map(without_numbers, lines[named + 1 :]))
