"""What lies where in a container: the files that a template mounts from ConfigMaps and Secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

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


def put_at(view: View, template: Mapping[str, Any], path: str, container: str) -> str | None:
    """Return the ConfigMap or Secret that a template puts at a path in a container now.

    "": nothing is there; None: nobody knows. The deepest mount hides what others put there.
    """
    spec = mapping(template, "spec")
    volumes = {text(volume, "name"): volume for volume in items(spec, "volumes")}
    found = (each for each in items(spec, "containers") if text(each, "name") == container)
    return next((_in_container(view, each, volumes, path) for each in found), None)


def _in_container(
    view: View, container: Mapping[str, Any], volumes: Mapping[str, Mapping[str, Any]], path: str
) -> str | None:
    mounts = [(text(mount, "mountPath").rstrip("/"), mount) for mount in items(container, "volumeMounts")]
    above = [(at, mount) for at, mount in mounts if at and (path == at or path.startswith(f"{at}/"))]
    if not above:
        return ""
    at, mount = max(above, key=lambda each: len(each[0]))
    held = _files_of(view, volumes.get(text(mount, "name"), {}))
    if held is None or text(mount, "subPathExpr"):
        return None
    named = "/".join(part for part in (text(mount, "subPath").strip("/"), path[len(at) :].strip("/")) if part)
    return next((ref for file, ref in held.items() if not named or f"{file}/".startswith(f"{named}/")), "")


def _files_of(view: View, volume: Mapping[str, Any]) -> dict[str, str] | None:
    """Return file -> Kind/name of all that a volume of ConfigMaps and Secrets holds; None where that is not known."""
    sources = items(volume, "projected", "sources") or [volume]
    found: dict[str, str] = {}
    for source in sources:
        kind, field, name = _source(source)
        obj = view.objects(kind).get(name) if name else None
        keys = [str(key) for each in ("data", "binaryData") for key in mapping(obj, each)] if obj else []
        if not keys:
            return None
        chosen = [(text(item, "key"), text(item, "path")) for item in items(source, field, "items")]
        files = [path for key, path in chosen if key in keys] if chosen else keys
        found.update(dict.fromkeys(files, f"{kind}/{name}"))
    return found


def _source(source: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return (kind, field, name) of the ConfigMap or Secret that a volume, or a part of one, is made of."""
    for field, kind, key in _FIELDS:
        if name := text(source, field, key) or text(source, field, "name"):
            return kind, field, name
    return "", "", ""
