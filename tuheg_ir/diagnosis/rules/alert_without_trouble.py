"""An alert about requests fires, and the requests that it speaks of are measured and well."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._after_outage import melts
from tuheg_ir.diagnosis.rules._as_meant import as_meant
from tuheg_ir.diagnosis.rules._colours import cut_over
from tuheg_ir.diagnosis.rules._commit_marker import marker_only
from tuheg_ir.diagnosis.rules._counted_elsewhere import counted_elsewhere
from tuheg_ir.diagnosis.rules._delayed import late_as_set
from tuheg_ir.diagnosis.rules._drill import drilled
from tuheg_ir.diagnosis.rules._drops_old_keys import spares_as_ever
from tuheg_ir.diagnosis.rules._former_group import left_its_group
from tuheg_ir.diagnosis.rules._freezes import freezes
from tuheg_ir.diagnosis.rules._held_room import gave_way, of_held_room
from tuheg_ir.diagnosis.rules._innocent import OF_CLIENTS, innocent
from tuheg_ir.diagnosis.rules._kept_shut import kept_shut
from tuheg_ir.diagnosis.rules._let_finish import let_finish
from tuheg_ir.diagnosis.rules._made_good import made_good
from tuheg_ir.diagnosis.rules._no_miner import no_miner
from tuheg_ir.diagnosis.rules._nobody_writes import nobody_writes
from tuheg_ir.diagnosis.rules._of_the_runtime import of_the_runtime
from tuheg_ir.diagnosis.rules._own_port import own_port
from tuheg_ir.diagnosis.rules._own_scan import of_own_scan, own_scan_over
from tuheg_ir.diagnosis.rules._replaced_certificate import replaced
from tuheg_ir.diagnosis.rules._retired import retired
from tuheg_ir.diagnosis.rules._stands_by import of_standby, stands_by
from tuheg_ir.diagnosis.rules._test_ended import test_ended
from tuheg_ir.diagnosis.rules._test_file import of_test_file, test_file
from tuheg_ir.diagnosis.rules._test_over import of_test, test_over
from tuheg_ir.diagnosis.rules._usual_run import OF_SLOWNESS, of_usual_run, usual_run
from tuheg_ir.diagnosis.rules._worked_off import nearly_done
from tuheg_ir.diagnosis.state import ERRORS, signs_of_trouble
from tuheg_ir.diagnosis.view.trouble import SLOW_S, labels_of
from tuheg_ir.diagnosis.view.undone import left_undone, of_failures, of_unended, piles_up
from tuheg_ir.diagnosis.view.view import View

_SPEAKS_OF = {
    "latency_p95": OF_SLOWNESS,
    "error_ratio": late(r"error|5xx|failing|fail(?:s|ed)? request|burn", re.IGNORECASE),
}
_MEANT: tuple[Callable[[View, Alert, str], Evidence | None], ...] = (
    *(as_meant, retired, cut_over, left_its_group, own_port, late_as_set, nearly_done, no_miner),
    *(let_finish, test_ended, freezes, kept_shut, melts, stands_by, gave_way, counted_elsewhere, drilled),
    *(marker_only, nobody_writes, of_the_runtime, test_file, test_over, own_scan_over, spares_as_ever),
)
"""What shows that all stands or goes as it is meant to, however loud an alert is."""
_SIGNS_OF: tuple[Callable[[View, Evidence], bool], ...] = (
    of_usual_run,
    of_standby,
    of_held_room,
    of_test_file,
    of_test,
    of_own_scan,
)
"""What shows that a sign of trouble is a part of what is meant."""
FEW = 3
"""So few failed requests are no rate."""
LOOK = 0.15
"""A person has to look why work is not done."""
_NORMAL = 1.3
"""A latency that is no more than so many times what it was is as it was."""


def when(view: View) -> Iterator[Match]:
    """Nothing but alerts tells of trouble, and what each of them speaks of is as it always was."""
    if not view.alerts:
        return
    signs = [sign for sign in signs_of_trouble(view) if sign.source != "alerts"]
    if not all(any(meant(view, sign) for meant in _SIGNS_OF) for sign in signs):
        return
    found = [(alert, _contradicted(view, alert)) for alert in view.alerts]
    if all(evidence is not None for _, evidence in found):
        told = tuple(evidence for _, evidence in found if evidence is not None)
        ref = view.about_alert(found[0][0]) or told[0].object
        whole = "nothing else is wrong" if signs else "all workloads are complete, and none has crashed"
        yield Match(component=ref, evidence=(*told, Evidence("objects", ref, whole)), certainty=0.5)
        return
    for alert, evidence in found:
        ref = view.about_alert(alert)
        if evidence is None and not signs and ref and (undone := left_undone(view, ref)) is not None:
            fires = alert.fires(ref, ", and nothing fails")
            yield Match(ref, (fires, undone), LOOK, since=undone.time, root_cause="unknown", remedy="page_human")


def _contradicted(view: View, alert: Alert) -> Evidence | None:
    """Return what shows that an alert is wrong; None if nothing does, or it is critical and nobody made it so."""
    ref = view.about_alert(alert)
    signals = _measured(view, alert, ref)
    meant = replaced(view, alert) or next((seen for shown in _MEANT if (seen := shown(view, alert, ref))), None)
    if meant is not None:
        return meant
    if ref and signals == ["error_ratio"] and (few := _few_failed(view, ref)) is not None:
        return Evidence("metrics", ref, f"{alert.name} fires; no more than {few} requests failed within the hour")
    if (shown := made_good(view, alert)) is not None:
        return shown
    if alert.critical:
        return None
    if (shown := innocent(view, alert, ref) or usual_run(view, alert, ref)) is not None:
        return shown
    if not ref or not signals or (OF_CLIENTS.search(alert.said) and "5xx" not in alert.said.lower()):
        return None  # what is measured are failures of servers, not of who asks
    for signal in signals:
        labels = labels_of(view, ref, signal)
        if not labels or not all(_well(view, signal, label) for label in labels):
            return None
    return Evidence("metrics", ref, f"{alert.name} fires, and its {signals[0].replace('_', ' ')} is as it was")


def _measured(view: View, alert: Alert, ref: str) -> list[str]:
    """Return the signals that tell whether an alert is right; none where work is begun and not done.

    How requests are answered says nothing of what comes after them.
    """
    said = "" if of_unended(alert.said) else of_failures(alert.said)
    signals = [signal for signal, words in _SPEAKS_OF.items() if words.search(said)]
    return [] if signals and (piles_up(view) or left_undone(view, ref) is not None) else signals


def _few_failed(view: View, ref: str) -> int | None:
    """Return how many requests failed within the hour, where they are so few that a share of them says nothing."""
    failed = 0.0
    for label in labels_of(view, ref, "error_ratio"):
        rates = [p for s in view.figures.series("request_rate", component=label) for p in s.points]
        ratios = dict(p for s in view.figures.series("error_ratio", component=label) for p in s.points)
        if len(rates) < 2 or view.figures.now("error_ratio", component=label):
            return None
        step = (rates[-1][0] - rates[0][0]) / (len(rates) - 1)
        failed += sum(rate * ratios.get(at, 0.0) * step for at, rate in rates)
    return math.ceil(failed) if 0 < failed <= FEW else None


def _well(view: View, signal: str, label: str) -> bool:
    """Tell whether a signal has been well for as long as it is known: what ended may come back."""
    worst, was = view.figures.peak(signal, component=label), view.figures.first(signal, component=label)
    if worst is None or was is None or view.figures.now(signal, component=label) is None:
        return False
    return worst <= ERRORS / 2 if signal == "error_ratio" else worst <= max(_NORMAL * was, SLOW_S)


RULE = Rule(
    name="alert_without_trouble",
    title="An alert fires, and what it speaks of is well",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.PATTERN,
    when=when,
    why_not="no alert is contradicted by the figures that it speaks of",
)
