"""Images that somebody took out of the registry while they were in use, as the log of a clean-up tells.

Pods go on from the copies of their nodes, and nobody sees it until a node without one is to run them: days later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import lines_told, speaks_of
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

_TAKEN = late(r"\b(?:delet(?:ed|ing)|remov(?:ed|ing)|purg(?:ed|ing)|prun(?:ed|ing)|swept)\b", re.IGNORECASE)
"""How a clean-up tells what it takes away."""
_NOT_TAKEN = late(
    r"\bwould\b|skip|\bke(?:ep|pt)\b|\bretain|protect(?:ed|ing)\b|ignor|\b(?:fail|error|cannot|could not|unable|denied)"
    r"|not found|intermediate container|\blocal(?:ly)?\b",
    re.IGNORECASE,
)
"""What is only spoken of stays; a build takes its own copies away, and none of the registry."""
_ONLY_SAID = late(r"dry[_ -]?run(?!\W{1,3}(?:false|no|off|0)\b)", re.IGNORECASE)
"""A whole run that only tells what it would do says so once, mostly."""
_HOST = late(r"[^/]*[.:][^/]*/|localhost/")
WEEK = timedelta(days=8)
"""A clean-up runs once a week or oftener: with what was written before that it has run already."""


class Swept(NamedTuple):
    """Who took an image away, or the settings that he was given before; what shows it."""

    by: str
    seen: tuple[Evidence, ...]


class Image(NamedTuple):
    """An image by its repository, without the registry, and its tag."""

    repository: str
    tag: str

    def named_in(self, line: str) -> bool:
        """Tell whether a line names just this image, whatever stands between its two parts."""
        name = re.escape(self.repository.rpartition("/")[2])
        whole = rf"(?<![\w.-]){re.escape(self.repository)}(?![\w/-])|(?<![\w./-]){name}(?![\w/-])"
        return (
            re.search(rf"(?<![\w.-]){re.escape(self.tag)}(?![\w-]|\.\w)", line) is not None
            and re.search(whole, line) is not None
        )


def image_of(said: str) -> Image | None:
    """Return the parts of an image's address; None if it has no tag, as one that is named by its digest alone."""
    address = said.partition("@")[0]
    host = _HOST.match(address)
    repository, _, tag = (address[host.end() :] if host else address).rpartition(":")
    return Image(repository, tag) if repository and tag and "/" not in tag else None


def swept(view: View, user: Workload, image: str, before: datetime | None) -> Swept | None:
    """Return who took the image of a workload out of its registry; None where nobody's log tells of it."""
    wanted = image_of(image)
    for log in view.snapshot.logs if wanted else ():
        by = view.workloads.get(view.owner_of(log.pod))
        if wanted is None or by is None or by.ref == user.ref or _on_nodes(by):
            continue
        for line, at in _lines(log, wanted):
            if at is None or before is None or at <= before:
                told = lines_told(log.pod, 1, line.strip()[:240], at)
                policy = _policy(view, by, at)
                return Swept(policy.object if policy else by.ref, (told, *((policy,) if policy else ())))
    return None


def _lines(log: Log, image: Image) -> Iterator[tuple[str, datetime | None]]:
    """Yield the lines of a log that tell that an image was taken away, and when; none of a run that takes nothing."""
    if not speaks_of(log, (image.tag.lower(),)) or any(_ONLY_SAID.search(line) for line in log.lines):
        return
    for line in log.lines:
        if image.tag in line and _TAKEN.search(line) and not _NOT_TAKEN.search(line) and image.named_in(line):
            yield line, stamp(line)


def _on_nodes(workload: Workload) -> bool:
    """Tell whether a program works on its node: what it takes away is a copy there, and none of the registry."""
    return any(text(each, "hostPath", "path") for each in items(workload.template, "spec", "volumes"))


def _policy(view: View, by: Workload, at: datetime | None) -> Evidence | None:
    """Return the settings that were written not long before a clean-up read them."""
    for ref, time in outside_changes(view, by):
        if at is not None and ref.startswith("ConfigMap/") and timedelta() <= at - time <= WEEK:
            return Evidence("objects", ref, f"it was written before {by.ref} took that away, which reads it", time)
    return None
