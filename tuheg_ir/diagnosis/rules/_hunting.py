"""A program that looks for the credentials of other programs, as a poisoned library does, and what it sends away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._injected import is_request, runs_for_others
from tuheg_ir.diagnosis.rules._planted import AT_ONCE
from tuheg_ir.diagnosis.rules._speaks_anew import speaks_anew
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import ADDRESS, speaks_of, times_near
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LEAST = 3
"""Fewer different places are those that a client library of one cloud looks into."""
_TOOL = late(
    r"(?:^|[\s/])(?:ba|da|a|z|k)?sh: (?:(?:line )?\d+: )?"
    r"(gh|glab|aws|gcloud|az|doctl|vault|kubectl|npm|op|heroku|oci): (?:command )?not found"
)
"""Tools that carry somebody's login, called where the image has none."""
_FILE = late(
    r"(?<![\w-])(\.npmrc|\.pypirc|\.netrc|\.git-credentials|\.aws/credentials|\.docker/config\.json|\.kube/config|"
    r"\.config/gcloud|\.config/gh|\.azure|\.ssh/id_\w+|\.vault-token|\.terraform\.d)\b"
)
"""Files in which people keep logins."""
_IN_VAIN = late(r"No such file|Permission denied|\bENOENT\b|\bEACCES\b")
_SCANNER = late(r"\b(trufflehog|gitleaks|noseyparker|detect-secrets)\b", re.IGNORECASE)
_DROPS = late(
    r"\b(webhook\.site|requestbin\.\w+|[\w-]+\.pipedream\.net|[\w-]+\.(?:oast|oastify|interact)\.\w+|transfer\.sh|"
    r"pastebin\.com|paste\.ee|0x0\.st|file\.io|[\w-]+\.ngrok(?:-free)?\.(?:io|app)|discord(?:app)?\.com/api/webhooks)\b"
)
"""Boxes that anybody opens in a minute and that keep whatever is posted."""
_BOXES = (
    *("webhook.site", "requestbin", "pipedream.net", ".oast", ".interact", "transfer.sh"),
    *("pastebin", "paste.ee", "0x0.st", "file.io", "ngrok", "discord"),
)
"""One of these is in a log that names such a box."""
_WAY_OUT = late(
    r"(?:^|[\s/])(?:ba|da|a|z|k)?sh: (?:(?:line )?\d+: )?(?:curl|wget|nc|ncat): (?:command )?not found"
    r"|\bNODE_TLS_REJECT_UNAUTHORIZED\b[^\n]{0,40}'0'"
)
"""Tools that send, called where the image has none, and that a program no longer asks whom it sends to."""
_WAYS_OUT = ("curl: ", "wget: ", "nc: ", "ncat: ", "node_tls_reject")
AT_WORK = timedelta(minutes=5)
"""So long after its start a program has the logins that it needs."""
KINDS = 2
_PLACES = (
    *("sh: ", ".npmrc", ".pypirc", ".netrc", ".git-credentials", ".aws", ".docker", ".kube", ".config", ".azure"),
    *(".ssh", ".vault-token", ".terraform.d", "trufflehog", "gitleaks", "noseyparker", "detect-secrets"),
)
"""One of these is in a log that tells of logins looked for."""


def hunting(view: View, workload: Workload) -> Iterator[tuple[float, Evidence]]:
    """Yield that a program looks into many places for logins, and whom it sends something to since.

    Runners of builds and scanners are made to do so.
    """
    if runs_for_others(workload):
        return
    found: dict[str, tuple[str, str, datetime | None]] = {}
    since: dict[str, datetime] = {}
    at_once: Evidence | None = None
    for log in view.logs_of(workload.pods):
        looks = list(_looks(log))
        for what, line, at in looks:
            found.setdefault(what, (log.pod, line, at))
            if at is not None:
                since.setdefault(log.pod, at)
        at_once = at_once or (_at_once(log, looks) if looks else None)
    if len(found) >= LEAST:
        pod, line, at = next(iter(found.values()))
        fact = f"it looks for other programs' logins ({', '.join(list(found)[:6])}): {line}"
        yield 0.55, Evidence("logs", f"Pod/{pod}", fact, at)
    elif at_once is not None:
        yield 0.35, at_once
    if (len(found) >= LEAST or at_once is not None) and (anew := speaks_anew(view, since)) is not None:
        yield 0.35, anew
    if (sent := _dropped(view, workload)) is not None:
        yield 0.35, sent


def _looks(log: Log) -> Iterator[tuple[str, str, datetime | None]]:
    """Yield the places of logins that a log tells were looked into: the place, the line, and its time."""
    if speaks_of(log, _PLACES):
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if what := _looked_for(line):
                yield what, line, at


def _at_once(log: Log, looks: Sequence[tuple[str, str, datetime | None]]) -> Evidence | None:
    """Return that logins of several kinds are looked for, and a way out is, in one moment of a program long at work.

    A library of a cloud looks for the logins of clouds, and most do at the start of a program.
    """
    times = times_near(log.lines) if speaks_of(log, _WAYS_OUT) else ()
    begun = oldest(times)
    for line, at in zip(log.lines, times, strict=bool(times)):
        if at is None or begun is None or at - begun < AT_WORK or not _WAY_OUT.search(line) or is_request(line):
            continue
        near = [(what, said) for what, said, then in looks if then is not None and abs(then - at) <= AT_ONCE]
        if len({_kind(what) for what, _ in near}) >= KINDS:
            places = ", ".join(dict.fromkeys(what for what, _ in near))
            fact = f"it looks for logins ({places}) and for a way out, long after its start: {line.strip()}"
            return Evidence("logs", f"Pod/{log.pod}", fact, at)
    return None


def _kind(place: str) -> str:
    """Return whose logins are kept in a place; those of all clouds are of one kind, as one library looks for them."""
    return "cloud" if place.startswith((".aws", ".azure", ".config/gcloud")) else place


def _looked_for(line: str) -> str:
    """Return the place of logins that a line tells was looked into; "" for none."""
    file = _FILE.search(line) if _IN_VAIN.search(line) else None
    found = file or _TOOL.search(line) or _SCANNER.search(line)
    return found[1].lower() if found and not is_request(line) else ""


def _dropped(view: View, workload: Workload) -> Evidence | None:
    """Return that a proxy of the namespace passed something on from a workload's pods to a drop box."""
    mine = {pod.address for pod in workload.live if pod.address}
    own = {pod.name for pod in workload.pods}
    for log in view.snapshot.logs:
        for line in log.lines if log.pod not in own and speaks_of(log, _BOXES) else ():
            box = _DROPS.search(line)
            if box is not None and mine & set(ADDRESS.findall(line)):
                fact = f"{workload.name} speaks with {box[1]}: {line}"
                return Evidence("logs", f"Pod/{log.pod}", fact, stamp(line))
    return None
