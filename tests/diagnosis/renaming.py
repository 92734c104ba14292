"""A case whose workloads, services, nodes, namespaces and the rest carry other names.

Names change wherever they refer to something: metadata, references, labels and selectors, host names
in texts, series and sessions. Words that only happen to be equal stay: keys, images, containers,
reasons, SQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.write import dump
from tests.diagnosis.files import Files, Obj, Skipped, data, parse

SYSTEM = {"default", "kube-system", "kube-public"}
_NAMED = {
    "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "Ingress", "NetworkPolicy", "ConfigMap",
    "Secret", "ResourceQuota", "Node", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Certificate",
    "MutatingWebhookConfiguration",
}  # fmt: skip
"""Kinds whose names people choose; all others derive theirs."""
_PROGRAMS = re.compile(r"redis|postgres(?:ql)?|mysql|kafka|rabbitmq|coredns|mongo|memcached|metabase")
"""Names that programs carry too: in free text they count as a name only where a host stands."""
_VERBATIM = {
    "kind", "apiVersion", "image", "imageID", "containerID", "reason", "type", "key", "query", "state", "status",
    "phase", "operation", "manager", "fieldsType", "uid", "severity", "alertname", "signal", "protocol", "wait",
    "root_cause", "remedy", "title", "drawn_from", "why", "qosClass", "job",
}  # fmt: skip
"""Keys whose values are no names, or words of the platform."""
_REFERENCES = {"secretKeyRef", "configMapKeyRef", "secretRef", "configMapRef", "configMap", "service"}
_STEMS = (
    "amber", "basalt", "cobalt", "dune", "ember", "flint", "garnet", "hazel", "indigo", "jasper", "karst", "linden",
    "maple", "nimbus", "ochre", "pearl", "quartz", "russet", "slate", "topaz", "umber", "violet", "willow", "zinc",
)  # fmt: skip


def rename(files: Files) -> Files | Skipped:
    """Give everything that people named another name."""
    names = mapping(parse(files))
    if not names:
        return Skipped("the case names nothing but its alert")
    words = _Words(names)
    made: dict[str, str] = {}
    for path, text in files.items():
        if path.startswith("logs/"):
            made[_log_path(path, words)] = "\n".join(words.free(line) for line in text.split("\n"))
        elif path.endswith(".json"):
            made[path] = json.dumps(_walk(json.loads(text), words))
        elif path.endswith(".prom"):
            made[path] = re.sub(r'(?<==")[^"]*(?=")', lambda found: words.exact(found[0]), text)
        else:
            made[path] = dump(_walk(data(text), words))
    return made


def _log_path(path: str, words: _Words) -> str:
    """Rename the pod in logs/<pod>/<container>.log or logs/<pod>.log."""
    pod, slash, container = path.removeprefix("logs/").partition("/")
    return f"logs/{words.exact(pod)}{slash}{container}"


def mapping(items: Iterable[Obj]) -> dict[str, str]:
    """Return old name -> new name; the same name of several kinds stays one name."""
    found: dict[str, str] = {}
    for obj in items:
        meta = obj["metadata"]
        space = meta.get("namespace", "")
        if space in SYSTEM or meta["name"] in {"kube-dns", "coredns"}:
            continue
        if space:
            found.setdefault(space, _fresh(space, found))
        if obj["kind"] in _NAMED or (obj["kind"] == "Pod" and not meta.get("ownerReferences")):
            found.setdefault(meta["name"], _fresh(meta["name"], found))
        for name in _referred(obj.get("spec")):
            found.setdefault(name, _fresh(name, found))
    return found


def _referred(value: Any) -> Iterator[str]:
    """Yield the names of Secrets, ConfigMaps and Services that something refers to, there or not."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _REFERENCES and isinstance(inner, dict) and isinstance(inner.get("name"), str):
                yield inner["name"]
            elif key == "secretName" and isinstance(inner, str):
                yield inner
            else:
                yield from _referred(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _referred(inner)


def _fresh(name: str, taken: Mapping[str, str]) -> str:
    number = int(digest("rename", name)[:8], 16)
    while True:
        stem = _STEMS[number % len(_STEMS)]
        new = f"{stem}-{_STEMS[number // 31 % len(_STEMS)]}{number % 97}"
        if new not in taken.values():
            return new
        number += 1


class _Words:
    """Old names in texts, the longest first."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        every = sorted(names, key=len, reverse=True)
        free = [name for name in every if not _PROGRAMS.fullmatch(name)]
        programs = [name for name in every if _PROGRAMS.fullmatch(name)]
        self._exact = re.compile(rf"(?<![A-Za-z0-9_])(?:{_any(every)})(?![A-Za-z0-9_])")
        # Not the names of containers, of which the kubelet speaks.
        self._free = (
            re.compile(
                r"(?<![A-Za-z0-9_])(?<![Cc]ontainer )(?<!container: )(?<!container=)(?<!status: \[)"
                rf"(?:{_any(free)})(?![A-Za-z0-9_])"
            )
            if free
            else None
        )
        # redis:6379, http://redis/, lookup redis on, UnknownHostException: redis, redis-7d9f4c-x2x4z, pod postgres-0
        self._host = (
            re.compile(
                rf"(?:(?<=lookup )|(?<=://)|(?<=Exception: )|(?<=ENOTFOUND )|(?<=host=)|(?<=\())(?:{_any(programs)})\b"
                rf"|(?<![\w.-])(?:{_any(programs)})"
                r"(?=:\d{2,5}\b|-\d+\b|-[a-z0-9]{8,10}-[a-z0-9]{5}\b|\.\w+\.svc)"
            )
            if programs
            else None
        )

    def exact(self, text: str) -> str:
        """Rename in a text that is made of names."""
        return self._exact.sub(self._new, text)

    def free(self, text: str) -> str:
        """Rename in a text that people or programs wrote."""
        if self._free:
            text = self._free.sub(self._new, text)
        return self._host.sub(self._new, text) if self._host else text

    def _new(self, found: re.Match[str]) -> str:
        return self.names[found[0]]


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in names) or r"(?!)"


_PROSE = {"message", "summary", "description", "value", "args", "command", "note"}


def _walk(value: Any, words: _Words, key: str = "", parent: str = "") -> Any:
    """Return a copy with names changed in what may name something."""
    if isinstance(value, dict):
        if key == "data" or key.startswith("f:"):
            return value
        inner = "containers" if key in {"containers", "initContainers", "containerStatuses", "ports"} else key
        return {each: _walk(item, words, each, inner) for each, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, words, key, key) for item in value]
    if not isinstance(value, str) or key in _VERBATIM:
        return value
    rename_text: Callable[[str], str] = words.free if key in _PROSE else words.exact
    if key == "name" and parent in {"containers", "initContainers", "containerStatuses", "ports", "env", "endpoints"}:
        return value
    if key in {"container", "targetPort", "fieldPath", "application", "user"}:
        return value
    return rename_text(value)
