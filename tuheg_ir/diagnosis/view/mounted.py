"""What lies where in a container: the files that a template mounts from ConfigMaps and Secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tuheg_ir.diagnosis.view.reading import items, mapping, text

_FIELDS = (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName"))


class Mounted(NamedTuple):
    """A whole ConfigMap or Secret as the files of a directory, each named like its key."""

    path: str
    kind: str
    name: str

    @property
    def ref(self) -> str:
        """Return Kind/name."""
        return f"{self.kind}/{self.name}"


def mounted(template: Mapping[str, Any]) -> Iterator[Mounted]:
    """Yield the directories whose files are all keys of one ConfigMap or Secret, as they are now.

    A single file (subPath) stays as it was at the start; chosen keys and projected volumes need each of their keys.
    """
    spec = mapping(template, "spec")
    held = {
        text(volume, "name"): (kind, text(volume, field, key))
        for volume in items(spec, "volumes")
        for field, kind, key in _FIELDS
        if text(volume, field, key) and not items(volume, field, "items")
    }
    for container in items(spec, "containers"):
        for mount in items(container, "volumeMounts"):
            found = held.get(text(mount, "name"))
            path = text(mount, "mountPath").rstrip("/")
            if found and path and not (text(mount, "subPath") or text(mount, "subPathExpr")):
                yield Mounted(path, *found)
