"""Whom a service mesh leads its callers to outside: whoever it may be, or only whom it knows by name."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.seal import is_seal
from tuheg_ir.diagnosis.view.reading import mapping, name, text, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ONLY_KNOWN = late(r"outboundTrafficPolicy\W+(?:mode\W+)?REGISTRY_ONLY")
"""How Istio's settings say it, as an object of their own and as the text of a ConfigMap."""
_OF_ALL = ("IstioOperator", "Istio", "ConfigMap")
"""Kinds that hold the settings of the whole mesh."""
_MESH = "mesh"
"""The key of a ConfigMap under which Istio reads them."""


def closing(view: View, caller: Workload) -> tuple[Obj, ...]:
    """Return what tells the mesh to lead a caller to nobody whom it does not know: the nearest setting first.

    What a Sidecar says of the pods that it names goes before what it says of a namespace, and that before the mesh.
    """
    sidecars = [each for each in view.snapshot.of("Sidecar") if _binds(each, caller)]
    sidecars.sort(key=lambda each: (not _wanted(each), name(each)))
    deciding = next((each for each in sidecars if mapping(each, "spec", "outboundTrafficPolicy")), None)
    if deciding is not None:
        return (deciding,) if _says_so(deciding) else ()
    return tuple(each for kind in _OF_ALL for each in view.snapshot.of(kind) if _says_so(each))


def sealed_settings(view: View) -> Iterator[Obj]:
    """Yield the ConfigMaps of a mesh of which nobody may read what they say."""
    for each in view.snapshot.of("ConfigMap"):
        if is_seal(text(each, "data", _MESH)) and written(each) is not None:
            yield each


def is_known(view: View, host: str) -> bool:
    """Tell whether a ServiceEntry names a host, itself or with all of its domain."""
    entries = (str(each) for entry in view.snapshot.of("ServiceEntry") for each in _hosts(entry))
    return any(fnmatch(host.lower(), each.lower()) for each in entries)


def _hosts(entry: Obj) -> Iterator[str]:
    found = mapping(entry, "spec").get("hosts")
    yield from (each for each in (found if isinstance(found, (list, tuple)) else ()) if isinstance(each, str))


def _wanted(sidecar: Obj) -> dict[str, str]:
    return dict(mapping(sidecar, "spec", "workloadSelector", "labels"))


def _binds(sidecar: Obj, caller: Workload) -> bool:
    carried = mapping(caller.template, "metadata", "labels")
    return all(carried.get(key) == value for key, value in _wanted(sidecar).items())


def _says_so(obj: Obj) -> bool:
    said = str(dict(mapping(obj, "data") or mapping(obj, "spec")))
    return _ONLY_KNOWN.search(said.replace("\\n", "\n")) is not None
