"""What tools that watch programs saw somebody do by hand in a pod: take data out of a database, and send it away.

They tell of each in their own logs, and of much that is harmless: a colleague opens shells, dumps what he has to mend,
and sends it to a place of the house. Whoever sends it where nothing here knows, and then rubs out what he did and what
he sent, is no colleague at work, whatever ticket he signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._about_others import is_sensor, is_sensors_name
from tuheg_ir.diagnosis.rules._injected import runs_code
from tuheg_ir.diagnosis.rules._robbed import dumped
from tuheg_ir.diagnosis.rules._sent_away import DUMP, PUBLIC
from tuheg_ir.diagnosis.view.logs import speaks_of, times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=1)
"""What was sent longer ago is gone: to cut the pod off keeps nothing back, and a person may ask first."""
_POD = late(r"\bk8s[._]pod(?:[._]name)?=(?P<pod>[a-z0-9][\w.-]{0,252})")
_BY_HAND = late(r"\bterminal=[1-9]|\bproc[._]tty[\"']?[=:]\s?[1-9]")
"""A process has a terminal where somebody sits before it; what a program starts by itself has none."""
_COMMAND = late(r"\b(?:command|(?:proc[._])?cmdline)=(?P<command>.{1,1000}?)(?= [a-z][\w.]{1,40}=|\)|$)")
_OUTSIDE = late(rf"->\s?(?P<to>{PUBLIC})")
_SENDS = late(
    r"\bcurl\b.{0,400}?\s(?:-[a-zA-Z]{0,9}T\b|--upload-file\b|(?:-[a-zA-Z]{0,9}F|--form)\s?\S{0,80}[@<]"
    r"|(?:-[a-zA-Z]{0,9}d|--data(?:-binary|-urlencode)?)[\s=]?[\"']?@)"
    r"|\bwget\b.{0,400}?--(?:post|body)-file\b|^(?:\S{0,80}/)?(?:scp|sftp|lftp|rsync|azcopy|s3cmd|nc|ncat|socat)\s"
    r"|\brclone (?:\S+ ){0,6}(?:copy|copyto|sync|move|rcat)\b"
    r"|\b(?:aws s3|gsutil|gcloud storage|mc) (?:cp|mv|sync|rsync)\b"
)
"""Commands that send files, and not only a question."""
_HOST = late(r"\b[a-z][a-z0-9+]{1,9}://(?:[^@/\s]{1,80}@)?(?P<url>[\w.-]{3,253})|@(?P<at>[\w.-]{3,253}):")
_HISTORY = late(
    r"\bhistory (?:had been|was|has been) (?:deleted|renamed|removed|cleared)|\bhistory -c\b|\bHISTFILE=/dev/null"
    r"|\b(?:rm|shred|unlink|truncate)\b.{0,200}_history\b|\bln -s\w* /dev/null .{0,200}_history\b",
    re.IGNORECASE,
)
"""How somebody hides what he typed."""
_FILES = late(
    r"\b(?:command|cmdline)=(?:\S{0,80}/)?(?:shred|wipe|srm|rm)\s(?!.{0,200}_history)|\bbulk data has been removed\b",
    re.IGNORECASE,
)
"""How he hides what he made; who tidies up does this as well, and keeps what he typed."""
_WORDS = ("k8s_pod", "k8s.pod")


class Act(NamedTuple):
    """One thing that was done by hand in a pod: the log that tells it, its line, when, the command, and to where."""

    teller: str
    line: str
    at: datetime | None
    command: str
    to: str


def seen_by_hand(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield that somebody took data from a database by hand in a pod, sent files to a place unknown here, and hid it.

    A person has to judge where nothing was hidden, where it is over, or where a database would be cut off with him.
    """
    if workload.kind in (*BATCH, "Pod") or runs_code(workload):
        return
    for pod in workload.live:
        acts = _acts(view).get(pod.name, ())
        taken = _taken(view, workload, pod, acts)
        sent = [act for act in acts if taken and act.to and _after(act, taken) and _SENDS.search(act.command)]
        sent = [act for act in sent if not _known(view, act)]
        if taken is None or not sent:
            continue
        yield 0.3, taken, True
        fact = f"{len(sent)} times somebody sent files from it by hand to {sent[0].to}, of which nothing here tells"
        yield 0.4, Evidence("logs", f"Pod/{pod.name}", f"{fact}: {_short(sent[0].line)}", sent[0].at), True
        later = acts[acts.index(sent[0]) :]
        history = next((act for act in later if _HISTORY.search(act.line)), None)
        if history is not None and any(_FILES.search(act.line) for act in later):
            sure = view.recent(sent[-1].at, LATELY) and role(workload) not in DATA
            fact = f"what was typed there, and what was sent, is rubbed out: {_short(history.line)}"
            yield 0.5, Evidence("logs", f"Pod/{pod.name}", fact, history.at), not sure
        return


def _taken(view: View, workload: Workload, pod: Pod, acts: Sequence[Act]) -> Evidence | None:
    """Return that a database was dumped by hand in a pod, as it was seen, or as the database tells since he came."""
    for act in acts:
        if DUMP.search(act.command):
            fact = f"somebody dumped a database by hand in it: {_short(act.line)}"
            return Evidence("logs", f"Pod/{pod.name}", fact, act.at)
    for server, copy in dumped(view, workload, acts[0].at if acts else None):
        fact = f"whole tables were asked for from {pod.name} after somebody opened a shell in it: {copy.text[:240]}"
        return Evidence("logs", server.ref, fact, copy.at) if pod.address in copy.text else None
    return None


def _after(act: Act, taken: Evidence) -> bool:
    return act.at is not None and taken.time is not None and act.at >= taken.time


def _known(view: View, act: Act) -> bool:
    """Tell whether settings of this namespace name a place to which files were sent: it is one of the house's own."""
    named = {(found["url"] or found["at"]).lower() for found in _HOST.finditer(act.command)}
    return any(place in _settings(view) for place in named or {act.to})


@once_a_view
def _settings(view: View) -> str:
    """Return all that settings here say, in lower case."""
    maps = [str(value) for obj in view.snapshot.of("ConfigMap") for value in mapping(obj, "data").values()]
    own = [value for workload in view.workloads.values() for _, value in view.graph.settings(workload)]
    return "\n".join((*maps, *own)).lower()


@once_a_view
def _acts(view: View) -> Mapping[str, Sequence[Act]]:
    """Return what was seen to be done by hand in pods, by the pod, as tools that watch tell it one after the other."""
    found: dict[str, list[Act]] = {}
    for log in view.logs:
        if speaks_of(log, _WORDS) and _watches(view, log):
            for line, at in zip(log.lines, times_near(log.lines), strict=True):
                if (pod := _POD.search(line)) and _BY_HAND.search(line):
                    command, far = _COMMAND.search(line), _OUTSIDE.search(line)
                    told = Act(log.pod, line, at, command["command"] if command else "", far["to"] if far else "")
                    found.setdefault(pod["pod"], []).append(told)
    return found


def _watches(view: View, log: Log) -> bool:
    """Tell whether a log is of a tool that watches: any other may repeat what it was sent."""
    workload = view.workloads.get(view.owner_of(log.pod))
    return is_sensor(workload) if workload else is_sensors_name(log.pod)


def _short(line: str) -> str:
    return line.strip()[:300]
