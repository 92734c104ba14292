"""A program that looks for the credentials of other programs, as a poisoned library does, and what it sends away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._injected import is_request, runs_for_others
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import ADDRESS, speaks_of
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
_PLACES = (
    *("sh: ", ".npmrc", ".pypirc", ".netrc", ".git-credentials", ".aws", ".docker", ".kube", ".config", ".azure"),
    *(".ssh", ".vault-token", ".terraform.d", "trufflehog", "gitleaks", "noseyparker", "detect-secrets"),
)
"""One of these is in a log that tells of logins looked for."""


def hunting(view: View, workload: Workload) -> Iterator[tuple[float, Evidence]]:
    """Yield that a program looks into many places for logins, and that it sends something to a drop box.

    Runners of builds and scanners are made to do so.
    """
    if runs_for_others(workload):
        return
    found: dict[str, tuple[str, str, datetime | None]] = {}
    for log in view.logs_of(workload.pods):
        for line in log.lines if speaks_of(log, _PLACES) else ():
            if what := _looked_for(line):
                found.setdefault(what, (log.pod, line, stamp(line)))
    if len(found) >= LEAST:
        pod, line, at = next(iter(found.values()))
        fact = f"it looks for other programs' logins ({', '.join(list(found)[:6])}): {line}"
        yield 0.55, Evidence("logs", f"Pod/{pod}", fact, at)
    if (sent := _dropped(view, workload)) is not None:
        yield 0.35, sent


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
