"""Which object store a workload keeps things in, by its settings, and which lines speak of one.

A client library of such a store tells which call failed, and how, but not whom it asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WAYS = ("connection_", "upstream_", "rate_")
"""Beginnings of the troubles of a way to somebody."""
_SPOKEN_OF = late(
    r"(?<![a-z0-9-])s3(?![a-z0-9])|\bAmazonS3|\bS3(?:Service)?Exception|\bminio\b"
    r"|\bwhen calling the \w*(?:Object|Bucket|Multipart|UploadPart)\w* operation"
    r"|\b(?:Get|Put|Head|Copy|Delete)Object(?:Command)?\b|\bListObjectsV2|\bUploadPart|\bCreateMultipartUpload",
    re.IGNORECASE,
)
"""How client libraries in several languages tell that they asked an object store for something."""
_NOT_YET = late(r"get identity|(?:get|refresh|retrieve|load|locate)\w* (?:cached )?credentials|ec2imds|\bIMDS|\bsts\b")
"""Whoever has no credentials as yet has not asked the store: who should give them does not answer."""
_STORE = r"(?:s3|minio|buckets?|object[_.-]?stor\w*|blob)"
_NAMED = late(
    rf"(?:^|[_.-])(?:{_STORE}(?:[_.-].*)?|aws)[_.-]?(?:endpoint|ur[li]|host|server|addr)(?:ess|name|_ur[li])?(?:_s3)?$"
    rf"|(?:endpoint|ur[li]|host|server|addr)\w*[_.-]{_STORE}$",
    re.IGNORECASE,
)
"""Names of variables that hold the address of an object store; where Amazon's name another service, it is of that."""
_ACCESS_KEY = late(r"access_?key", re.IGNORECASE)
_SCHEMES = {"http", "https"}
"""What stands first behind `endpoint:`, where a whole URL does."""
_IN_FILE = late(rf"(?<![a-z]){_STORE}(?![a-z])", re.IGNORECASE)
_ADDRESS = late(r"(?:endpoint|ur[li]|host(?:name)?|server|addr(?:ess)?)[\w-]{0,30}[\"']?\s*[=:]", re.IGNORECASE)
"""A line of a file of settings that tells where something is."""


def store_asked(view: View, hit: Hit) -> tuple[str, ...]:
    """Return the one object store in a workload's settings that a line speaks of without its name; () if none is."""
    workload = view.workloads.get(hit.component)
    if workload is None or not hit.trouble.startswith(_WAYS) or not _SPOKEN_OF.search(hit.line):
        return ()
    if _NOT_YET.search(hit.line):
        return ()
    found = object_stores(view, workload) or _of_the_same_key(view, workload)
    return found if len(found) == 1 else ()


@once
def object_stores(view: View, workload: Workload) -> tuple[str, ...]:
    """Return the hosts in a workload's settings that are told as those of an object store."""
    found: set[str] = set()
    for key, value in view.graph.settings(workload):
        if "\n" in value:
            found |= _in_file(value.splitlines())
        elif _NAMED.search(key) or (not key and _IN_FILE.search(value) and _ADDRESS.search(value)):
            found |= hosts_in(key, value)
    return tuple(sorted(found - _SCHEMES))


@once
def _of_the_same_key(view: View, workload: Workload) -> tuple[str, ...]:
    """Return the stores of whoever shows the same key from the same Secret: a key is known to whom it was given by."""
    keys = set(_keys(workload))
    others = (each for each in view.workloads.values() if keys & set(_keys(each)))
    return tuple(sorted({host for each in others for host in object_stores(view, each)}))


def _keys(workload: Workload) -> Iterator[tuple[str, str]]:
    """Yield (Secret, key) of the access keys that a workload is given as variables."""
    spec = mapping(workload.template, "spec")
    for container in [*items(spec, "initContainers"), *items(spec, "containers")]:
        for entry in items(container, "env"):
            given = mapping(entry, "valueFrom", "secretKeyRef")
            if given and _ACCESS_KEY.search(text(entry, "name")):
                yield text(given, "name"), text(given, "key")


def _in_file(lines: Sequence[str]) -> set[str]:
    """Return the hosts of a file's lines that stand in the part of an object store, or tell so themselves."""
    return {
        host
        for n, line in enumerate(lines)
        if _ADDRESS.search(line) and any(_IN_FILE.search(each) for each in (line, *_beside(lines, n)))
        for host in hosts_in("", line)
    }


def _beside(lines: Sequence[str], n: int) -> Iterator[str]:
    """Yield the lines of the same part of a file as one of them, and what the part is called.

    Indented ones belong together; where nothing is, those do that stand under a name in brackets.
    """
    depth = _depth(lines[n])
    for step in (-1, 1):
        at = n + step
        while 0 <= at < len(lines) and lines[at].strip():
            heads = _depth(lines[at]) < depth if depth else lines[at].startswith("[")
            if heads:
                if step < 0:
                    yield lines[at]
                break
            if depth and _depth(lines[at]) == depth:
                yield lines[at]
            at += step


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" \t-"))
