"""Which object store a workload keeps things in, by its settings, and which lines speak of one.

A client library of such a store tells which call failed, and how, but not whom it asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WAYS = ("connection_", "upstream_", "rate_")
"""Beginnings of the troubles of a way to somebody."""
_SPOKEN_OF = late(
    r"\b(?:operation error|Service:) (?:Amazon )?S3\b|\bAws::S3::|\bAmazonS3|\bS3(?:Service)?Exception|\bS3Error\b"
    r"|(?<![\w/.?&=-])minio\b(?![/=-])"
    r"|\bwhen calling the \w*(?:Object|Bucket|Multipart|UploadPart)\w* operation"
    r"|\b(?:Get|Put|Head|Copy|Delete)Object(?:Command)?\b|\bListObjectsV2|\bUploadPart|\bCreateMultipartUpload",
    re.IGNORECASE,
)
"""How client libraries in several languages tell that they asked an object store for something.

That a path, or a program, is called after one tells nothing.
"""
_NOT_YET = late(r"get identity|(?:get|refresh|retrieve|load|locate)\w* (?:cached )?credentials|ec2imds|\bIMDS|\bsts\b")
"""Whoever has no credentials as yet has not asked the store: who should give them does not answer."""
_STORE = r"(?:s3|minio|buckets?|object[_.-]?stor\w{0,20}|blob)"
_WHERE = r"(?:endpoint|ur[li]|host|server|addr)"
_NAMED = late(
    rf"(?:^|[_.-])(?:{_STORE}(?:[_.-].{{0,60}})?|aws)[_.-]?{_WHERE}(?:ess|name|_ur[li])?(?:_s3)?$"
    rf"|{_WHERE}\w{{0,60}}[_.-]{_STORE}$",
    re.IGNORECASE,
)
"""Names of variables that hold the address of an object store; where Amazon's name another service, it is of that."""
_WIDELY = late(
    r"(?:^|[_.-])(?:(?:s3|minio|object[_.-]?stor(?:e|age)s?)(?:[_.-](?!prox|console|web|redirect)[a-z]{1,20})?$"
    rf"|{_STORE}[_.-]?{_WHERE})",
    re.IGNORECASE,
)
"""Names of variables whose value is that of an object store if it is a URL, and no other one tells of any."""
_URL = late(r"https?://", re.IGNORECASE)
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
    found, widely = set[str](), set[str]()
    for key, value in view.graph.settings(workload):
        if "\n" in value:
            found |= _in_file(value.splitlines())
        elif _NAMED.search(key) or (not key and _IN_FILE.search(value) and _ADDRESS.search(value)):
            found |= hosts_in(key, value)
        elif _WIDELY.search(key) and _URL.match(value):
            widely |= hosts_in(key, value)
    return tuple(sorted((found or widely) - _SCHEMES))


def _of_the_same_key(view: View, workload: Workload) -> tuple[str, ...]:
    """Return the stores of whoever shows the same key from the same Secret: a key is known to whom it was given by."""
    known = _stores_by_key(view)
    return tuple(sorted({host for key in _keys(workload) for host in known.get(key, ())}))


@once_a_view
def _stores_by_key(view: View) -> dict[tuple[str, str], set[str]]:
    """Return the stores that those have in their settings who show a key, by (Secret, key)."""
    found: dict[tuple[str, str], set[str]] = {}
    for each in view.workloads.values():
        for key in _keys(each):
            found.setdefault(key, set()).update(object_stores(view, each))
    return found


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
    parts = list(_parts(lines))
    told = {part for (part, titled), line in zip(parts, lines, strict=True) if titled or _IN_FILE.search(line)}
    there = (line for (part, _), line in zip(parts, lines, strict=True) if part in told and _ADDRESS.search(line))
    return {host for line in there for host in hosts_in("", line)}


def _parts(lines: Sequence[str]) -> Iterator[tuple[int, bool]]:
    """Yield for each line which part of a file it is in, and whether that is called after an object store.

    Indented ones belong together; where nothing is, each stands for itself, under a name in brackets perhaps.
    """
    around: list[tuple[int, int, bool, str]] = []  # the parts that are open: depth, number, how called, latest line
    section = False
    for n, line in enumerate(lines):
        if not line.strip():
            around, section = [], False
        depth = _depth(line)
        while around and (around[-1][0] > depth or not depth):
            around.pop()
        part, titled = n, section
        if depth and around and around[-1][0] == depth:
            _, part, titled, _ = around.pop()
        elif depth:
            titled = bool(around and _IN_FILE.search(around[-1][3]))
        elif line.startswith("["):
            section = bool(_IN_FILE.search(line))
        if line.strip():
            around.append((depth, part, titled, line))
        yield part, titled


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" \t-"))
