"""Answers made comparable: places inside them, and words for what is new in every run."""

from __future__ import annotations

import re
from typing import Any

#: What is different each time, and what stands for it.
WORDS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\b(app|web)-[a-z0-9]{8,10}-[a-z0-9]{5}\b"), r"\1-HASH-POD"),
    (re.compile(r"\b(app|web)-[a-z0-9]{8,10}\b"), r"\1-HASH"),
    (re.compile(r"\bINC-2030\d{4}-\d{3}\b"), "INCIDENT"),
    (re.compile(r"/[^ ]*/journal/"), "HOME/"),
    (re.compile(r"HTTPHeaderDict\(\{.*?\}\)"), "HEADERS"),
    (re.compile(r"-\+-\+- \{.*?\} -\+-\+-"), "HEADERS"),
    (re.compile(r"\n+Original traceback: .*", re.DOTALL), "TRACEBACK"),
)
#: Durations, versions, hashes and addresses: left out.
LEFT_OUT = {
    *("age_s", "duration", "ms", "took_s", "waited_s"),
    *("managedFields", "resourceVersion", "resource_version", "observed_generation", "template_hash"),
    *("ip", "node"),
}


def at(value: Any, path: str) -> Any:
    """Return what lies at a dotted path; a number is an index. Brackets hold a step with dots: ``x.[a/b.c].y``."""
    for one, other in re.findall(r"\[([^\]]+)\]|([^.\[\]]+)", path):
        step = one or other
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def comparable(value: Any) -> Any:
    """Return an answer with words for what is new in every run; durations, addresses and outer blanks are left out."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items() if key not in LEFT_OUT}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, str):
        for pattern, word in WORDS:
            value = pattern.sub(word, value)
        return value.strip()
    return value
