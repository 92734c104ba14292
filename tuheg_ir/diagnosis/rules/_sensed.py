"""What sensors saw programs do in a pod while nobody sat before it: fetch one and run it, run one hidden, call out.

A sensor rings for much that is harmless. One deed alone may be the program's own way; that a shell is fed from a bare
address, and a program that no image keeps runs just then, is nobody's design, unless it comes of each start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._about_others import is_sensor, pod_of
from tuheg_ir.diagnosis.rules._converted import OF_TOOLS
from tuheg_ir.diagnosis.rules._injected import runs_code
from tuheg_ir.diagnosis.rules._knocking import of_the_house
from tuheg_ir.diagnosis.rules._seen_running import STOPPED
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.view.logs import speaks_of, tells, times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

STARTS = timedelta(minutes=5)
"""What a pod fetches so soon after its start its owners may have it fetch."""
_BY_HAND = late(r"\bterminal=[1-9]|\bproc[._]tty[\"']?[=:]\s?[1-9]|\"tty\": ?\"?[1-9]")
_SPACE = late(
    r"(?:\bk8s[._]ns(?:[._]name)?|k8smeta[._]ns[._]name|namespace(?:name)?|pod_?namespace)[\"']?\s?[=:]\s?[\"']?"
    r"(?P<space>[a-z0-9][a-z0-9-]{0,62})",
    re.IGNORECASE,
)
_COMMAND = late(
    r"\b(?:command|(?:proc[._])?cmdline)=(?P<text>.{1,1000}?)(?= [a-z][\w.]{1,40}=|\)?\"?(?:[,}]|\s*$))"
    r"|\"(?:arguments|args|cmdline|proc\.cmdline|commandline|source)\": ?\"(?P<json>(?:[^\"\\]|\\.){1,1000})\"",
    re.IGNORECASE,
)
"""What was run, as sensors tell it: in words of their own, or in a field of JSON."""
_HIDDEN = late(
    r"\b(?:proc[._]?exe(?:path)?|exe(?:path)?|binary|process(?:_?name)?|path(?:name)?)[\"']?\s?[=:]\s?[\"']?"
    r"(?P<path>/(?:dev/shm/|(?:var/)?tmp/\.)[^\s\"',)]{1,250})",
    re.IGNORECASE,
)
"""A program that runs, and whose file lies hidden where programs write."""
_PROCESS = late(
    r"\b(?:process(?:_?name)?|proc[._]name|comm)[\"']?\s?[=:]\s?[\"']?(?P<name>[\w./-]{1,100})", re.IGNORECASE
)
_FAR = late(
    rf"(?:->\s?|\b(?:dest\w*|daddr|remote\w*|sin_addr|fd[._][rs]ip)[\"']?\s?[=:]\s?[\"']?)(?P<to>{PUBLIC})",
    re.IGNORECASE,
)
_BARE = late(rf"(?<![\d.])(?P<at>{PUBLIC})")
_WORDS = ("pod",)


class _Act(NamedTuple):
    """What a sensor saw in a pod: its line, when, the command, the hidden program, the process, and whom it called."""

    line: str
    at: datetime
    command: str
    hidden: str
    process: str
    to: str


class _Deeds(NamedTuple):
    """The first of each kind of deed in one pod; None for what was not seen."""

    pod: Pod
    fetched: _Act | None
    ran: _Act | None
    called: _Act | None

    @property
    def kinds(self) -> int:
        """Return of how many kinds they are."""
        return sum(each is not None for each in (self.fetched, self.ran, self.called))


def sensed(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield what sensors saw in the pod of a workload in which they saw most; whether a person has to judge."""
    if not _acts(view) or runs_code(workload) or is_sensor(workload):
        return
    every = [_deeds(pod, _acts(view).get(pod.name, ())) for pod in workload.live]
    seen = max(every, key=lambda each: each.kinds, default=None)
    if seen is None or not seen.kinds:
        return
    sure = _strangers(view, workload, seen) and workload.kind not in (*BATCH, "Pod") and not of_the_house(workload)
    for weight, act, fact in (
        (0.5 if _from_nowhere(view, workload, seen) else 0.3, seen.fetched, "feed a shell with what was fetched"),
        (0.3, seen.ran, "run a program that lies hidden where programs write"),
        (0.35, seen.called, "call an address outside by that program"),
    ):
        if act is not None:
            told = f"a sensor saw it {fact}: {act.line.strip()[:300]}"
            yield weight, Evidence("logs", f"Pod/{seen.pod.name}", told, act.at), not sure


def _deeds(pod: Pod, every: Sequence[_Act]) -> _Deeds:
    """Return what was seen in a pod since it is at work; who calls out is a hidden program, or is called as one."""
    starts = [pod.created, pod.started, *(each.started_at for each in pod.containers)]
    acts = [act for act in every if not any(each and timedelta() <= act.at - each < STARTS for each in starts)]
    fetched = next((act for act in acts if tells("intrusion", act.command)), None)
    ran = next((act for act in acts if act.hidden), None)
    names = {act.hidden.rpartition("/")[2] for act in acts if act.hidden}
    called = next((act for act in acts if act.to and (act.hidden or act.process.rpartition("/")[2] in names)), None)
    return _Deeds(pod, fetched, ran, called)


def _from_nowhere(view: View, workload: Workload, seen: _Deeds) -> bool:
    """Tell whether a shell was fed from a bare address that no setting of the program names."""
    bare = _BARE.search(seen.fetched.command) if seen.fetched else None
    return bare is not None and not any(bare["at"] in value for _, value in view.graph.settings(workload))


def _strangers(view: View, workload: Workload, seen: _Deeds) -> bool:
    """Tell whether a shell was fed from such an address, and a hidden program runs since."""
    since = seen.fetched is not None and seen.ran is not None and seen.ran.at >= seen.fetched.at
    return since and _from_nowhere(view, workload, seen)


@once_a_view
def _acts(view: View) -> Mapping[str, Sequence[_Act]]:
    """Return what sensors saw in pods without anybody before it, by the pod, in the order of time."""
    spaces = {text(workload.obj, "metadata", "namespace") for workload in view.workloads.values()}
    spaces = {*spaces, view.snapshot.namespace}
    found: dict[str, list[_Act]] = {}
    for log in view.logs:
        if speaks_of(log, _WORDS) and _is_sensors(view, log):
            for line, at in zip(log.lines, times_near(log.lines), strict=True):
                told = _act(line, at) if at is not None else None
                space = _SPACE.search(line) if told is not None else None
                if told is not None and (space is None or space["space"] in spaces) and (pod := pod_of(line)):
                    found.setdefault(pod, []).append(told)
    return {pod: sorted(acts, key=lambda act: act.at) for pod, acts in found.items()}


def _act(line: str, at: datetime) -> _Act | None:
    """Return what a line of a sensor tells was done; None for what tells of no such deed, was stopped, or by hand."""
    said = line[:4000]
    command, hidden, far = _COMMAND.search(said), _HIDDEN.search(said), _FAR.search(said)
    ran = (command["text"] or command["json"] or "") if command else ""
    path = hidden["path"] if hidden and not OF_TOOLS.search(hidden["path"]) else ""
    if not (path or far or ran) or _BY_HAND.search(said) or STOPPED.search(said):
        return None
    process = _PROCESS.search(said)
    return _Act(line, at, ran, path, process["name"] if process else "", far["to"] if far else "")


def _is_sensors(view: View, log: Log) -> bool:
    workload = view.workloads.get(view.owner_of(log.pod))
    return workload is not None and is_sensor(workload, log.container)
