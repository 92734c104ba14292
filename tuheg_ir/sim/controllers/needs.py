"""ConfigMaps and Secrets that a container cannot start without."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.sim.status import Obj
from tuheg_ir.sim.store import Store

_ENV = (("configMapKeyRef", "configmaps", "configmap"), ("secretKeyRef", "secrets", "secret"))
_ENV_FROM = (("configMapRef", "configmaps", "configmap"), ("secretRef", "secrets", "secret"))


def _wanted(container: Obj) -> Iterator[tuple[str, str, str, str]]:
    """Yield (resource, word, name, key) of what the environment is made from."""
    for variable in container.get("env") or []:
        source = variable.get("valueFrom") or {}
        for field, resource, word in _ENV:
            if field in source and not source[field].get("optional"):
                yield resource, word, source[field]["name"], source[field].get("key", "")
    for source in container.get("envFrom") or []:
        for field, resource, word in _ENV_FROM:
            if field in source and not source[field].get("optional"):
                yield resource, word, source[field]["name"], ""


def lacking(store: Store, pod: Obj, container: Obj) -> str:
    """Return what is missing, as the kubelet says it; '' when nothing is."""
    namespace = pod["metadata"]["namespace"]
    for resource, word, name, key in _wanted(container):
        found = store.get(resource, namespace, name)
        if found is None:
            return f'{word} "{name}" not found'
        if key and key not in (found.get("data") or {}):
            shown = "ConfigMap" if word == "configmap" else "Secret"
            return f"couldn't find key {key} in {shown} {namespace}/{name}"
    return ""
