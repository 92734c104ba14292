"""Find what must not leave the house: names of machines and pods, addresses, versions.

Meant to be strict: a word refused by mistake costs a rewording, a name let out stays out.
"""

from __future__ import annotations

import re

# The letters and digits of which Kubernetes makes the random ends of names.
_RANDOM = "[bcdf-hj-np-tv-xz24-9]"
_NAME = r"(?<![\w-])[a-z0-9]+(?:-[a-z0-9]+)*"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE | re.ASCII))
    for kind, pattern in (
        ("an IP address", r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"),
        ("an IP address", r"(?<![\w:])(?=[\da-f:]*(?:[a-f]|::))(?:[\da-f]{0,4}:){2,7}[\da-f]{0,4}(?![\w:])"),
        ("an IP address", r"(?<![\w:])(?:[\da-f]{1,4}:){7}[\da-f]{1,4}(?![\w:])"),
        ("a pod name", rf"{_NAME}-(?:{_RANDOM}{{8,10}}|{_RANDOM}{{5}})(?![\w-])"),
        ("a pod name", r"(?<![\w-])[a-z][a-z0-9]*(?:-[a-z0-9]+)*-\d{1,3}(?![\w-])"),
        ("a host name", r"(?<![\w.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?![\w-])"),
        ("a host name", r"\blocalhost\b"),
        ("a version", r"\bv\d+(?:\.\d+)*\b"),
        ("a version", r"(?<![\d.])\d+\.\d+\.\d+(?!\.?\d)"),
        ("an image", r"\bsha256:[\da-f]{6,}"),
        (
            "a name of a component",
            r"\b(?:kubernetes|kubectl|k8s|namespaces?|pods?|statefulsets?|replicasets?|configmaps?|kubelet)\b",
        ),
    )
)


def find_internals(text: str) -> list[str]:
    """Return what in ``text`` must not be told to users, such as ``an IP address: 10.0.0.1``."""
    found: dict[str, None] = {}
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            found[f"{kind}: {match[0]}"] = None
    return list(found)
