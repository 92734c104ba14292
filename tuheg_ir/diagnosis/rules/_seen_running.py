"""Events of tools that watch what programs do: that one ran in a pod whose file lies where no image keeps any.

Such tools tell of much; a shell that a colleague opened is among it. Policies about what may be made here bear the same
reason, so who tells it has to be one that watches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._about_others import is_sensors_name
from tuheg_ir.diagnosis.rules._injected import runs_code
from tuheg_ir.diagnosis.view.events import told_last
from tuheg_ir.diagnosis.view.reading import mapping, moment, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_PLACE = r"/(?:dev/shm|tmp/\.|var/tmp/\.)"
_RAN = late(
    rf"\b(?:exec(?:uted|ution|uting|ve)?|ran|run(?:ning|s)?|start(?:ed|s)?|launched|spawned)\b[^\n]{{0,80}}?\s[\"'(]?{_PLACE}"
    rf"|\b(?:proc\.?_?)?(?:exe\w*|binary\w*|image_?path|process|pathname)[=: ]+[\"']?{_PLACE}",
    re.IGNORECASE,
)
STOPPED = late(r"\b(?:block(?:ed|ing)|prevent(?:ed)?|denied|action[=: ]+\"?block)\b", re.IGNORECASE)
"""What was not let run has not run."""


def seen_running(view: View, workload: Workload) -> Iterator[tuple[float, Evidence]]:
    """Yield that a tool which watches saw a program run from there in a pod of a workload, and nothing stopped it."""
    mine = {pod.name for pod in workload.live}
    for obj in view.snapshot.of("Event") if mine and not runs_code(workload) else ():
        about = mapping(obj, "involvedObject") or mapping(obj, "regarding")
        said = text(obj, "message") or text(obj, "note")
        if text(about, "name") not in mine or not _RAN.search(said[:1000]) or not is_sensors_name(_teller(obj)):
            continue
        if not STOPPED.search(said[:1000]):
            fact = f"{_teller(obj)} saw it: {said[:240]}"
            since = moment(obj, "firstTimestamp") or told_last(obj)
            yield 0.3, Evidence("events", f"Pod/{text(about, 'name')}", fact, since)
            return


def _teller(obj: Obj) -> str:
    return text(obj, "source", "component") or text(obj, "reportingComponent") or text(obj, "reportingController")
