"""What differs between two pod templates, field by field: other code, other configuration, or nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.named import NamedTuple

Aspect = Literal["image", "env", "limits", "probe", "mounts", "command", "ports", "placement", "other"]

_RESTARTS = (
    *("kubectl.kubernetes.io/restartedat", "ir.tuheg.com/", "rollme", "rollout-timestamp", "restart-timestamp"),
    *("reloader.stakater.com/", "vso.secrets.hashicorp.com/restartedat", "cattle.io/timestamp"),
)
"""Annotations of a template (lower case, beginnings) that only make its pods new."""
_SUMS = late(r"checksum|config-?hash|secret-?hash|configmap-?reload|sha256", re.IGNORECASE)
"""Annotations that follow the content of a ConfigMap or Secret: an older value brings no older content back."""
_RELOADS = late(r"STAKATER_\w+_(?:CONFIGMAP|SECRET)")
"""Variables that a reloader sets to such a sum: no program reads them, they only make its pods new."""
_MARKS = late(
    r".*-hash|pod-template-generation|helm\.sh/chart|chart|app\.kubernetes\.io/version|statefulset\.kubernetes\.io/.*|"
    r"apps\.kubernetes\.io/pod-index"
)
"""Labels that controllers add, or that name a version only: nothing is chosen by them."""
_SECRET = late(r"passw|passphrase|secret|token|api_?key|private_?key|credential|auth", re.IGNORECASE)
_PLACEMENT = ("nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "nodeName", "priorityClassName")
_DEFAULTS: dict[str, Any] = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "securityContext": {},
    "enableServiceLinks": True,
    "serviceAccount": None,
    "automountServiceAccountToken": True,
}
"""What the API fills in: a template that leaves it out is the same."""
_PROBE_DEFAULTS: dict[str, Any] = {
    "initialDelaySeconds": 0,
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_CONTAINER_FIELDS: dict[str, Aspect] = {
    "image": "image",
    "env": "env",
    "envFrom": "env",
    "resources": "limits",
    "livenessProbe": "probe",
    "readinessProbe": "probe",
    "startupProbe": "probe",
    "volumeMounts": "mounts",
    "command": "command",
    "args": "command",
    "workingDir": "command",
    "ports": "ports",
    "securityContext": "other",
    "lifecycle": "other",
}


class Change(NamedTuple):
    """One difference: what aspect, of which container ("" the pod), which field, before and after (short texts)."""

    aspect: Aspect
    container: str
    field: str
    before: str
    after: str

    @property
    def name(self) -> str:
        """Return the field's own name: of a variable without what says that it is one."""
        return self.field.removeprefix("env ")

    def said(self, value: str) -> str:
        """Return one of its sides as programs are told it: of a variable with its name."""
        return f"{self.name}={value}" if self.aspect == "env" else value

    def told(self) -> str:
        """Return the change as a few words."""
        where = f"{self.container}: " if self.container else ""
        return f"{where}{self.field} {self.before or 'unset'} -> {self.after or 'unset'}"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what differs between two pod templates, restarts left out."""
    return tuple(_pod_changes(before, after))


def _pod_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for group in ("initContainers", "containers"):
        olds = {text(c, "name"): c for c in items(before, "spec", group)}
        news = {text(c, "name"): c for c in items(after, "spec", group)}
        for key in [*olds, *(k for k in news if k not in olds)]:
            if key not in olds or key not in news:
                yield Change("other", key, "container", "" if key not in olds else key, "" if key not in news else key)
            else:
                yield from _container_changes(key, olds[key], news[key])
    old, new = mapping(before, "spec"), mapping(after, "spec")
    for key in sorted(map(str, {*old, *new} - {"containers", "initContainers"})):
        default = _DEFAULTS.get(key)
        if old.get(key, default) != new.get(key, default):
            aspect: Aspect = "mounts" if key == "volumes" else "placement" if key in _PLACEMENT else "other"
            yield Change(aspect, "", key, _short(old.get(key)), _short(new.get(key)))
    yield from _annotations(before, after)
    yield from _labels(before, after)


def _container_changes(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for field, aspect in _CONTAINER_FIELDS.items():
        old, new = before.get(field), after.get(field)
        if old == new or (not old and not new):
            continue
        if field == "env":
            yield from _env(key, before, after)
        elif field == "resources":
            yield from _resources(key, before, after)
        elif aspect == "probe":
            yield from _probe(key, field, before, after)
        else:
            yield Change(aspect, key, field, _short(old), _short(new))


def _probe(key: str, field: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = mapping(before, field), mapping(after, field)
    if not old or not new:
        yield Change("probe", key, field, _short(old or None), _short(new or None))
        return
    for part in sorted(map(str, {*old, *new})):
        default = _PROBE_DEFAULTS.get(part)
        was, became = old.get(part, default), new.get(part, default)
        if was != became:
            yield Change("probe", key, f"{field}.{part}", _short(was), _short(became))


def _env(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    olds, news = (
        {text(e, "name"): e for e in items(side, "env") if not _RELOADS.fullmatch(text(e, "name"))}
        for side in (before, after)
    )
    for variable in [*olds, *(k for k in news if k not in olds)]:
        old, new = olds.get(variable), news.get(variable)
        if old != new:
            yield Change("env", key, f"env {variable}", _value(old), _value(new))


def _value(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return ""
    if "value" in entry and _SECRET.search(text(entry, "name")):
        return f"(hidden, {_mark(text(entry, 'value'))})"
    return _short(text(entry, "value")) if "value" in entry else _short(entry.get("valueFrom"))


def _mark(value: str) -> str:
    """Return a few characters that differ when a value differs, and tell nothing of it."""
    return hashlib.sha256(value.encode()).hexdigest()[:6]


def _resources(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for side in ("limits", "requests"):
        old, new = mapping(before, "resources", side), mapping(after, "resources", side)
        for resource in sorted(map(str, {*old, *new})):
            if _amount(old.get(resource)) != _amount(new.get(resource)):
                yield Change("limits", key, f"{side}.{resource}", text(old, resource), text(new, resource))


def _amount(value: Any) -> Any:
    """Return a quantity as a number: 0.5 and 500m are the same limit."""
    found = number(value)
    return value if found is None else found


def _annotations(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = (_kept(mapping(template, "metadata", "annotations")) for template in (before, after))
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield Change("other", "", f"annotation {key}", text(old, key), text(new, key))


def _labels(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield other labels: Services and policies choose pods by them. A template that shows none is not known whole."""
    old, new = mapping(before, "metadata", "labels"), mapping(after, "metadata", "labels")
    for key in sorted(map(str, {*old, *new})) if old and new else ():
        if old.get(key) != new.get(key) and not _MARKS.fullmatch(key):
            yield Change("other", "", f"label {key}", text(old, key), text(new, key))


def _kept(annotations: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in ((str(k), v) for k, v in annotations.items())
        if not key.lower().startswith(_RESTARTS) and not _SUMS.search(key)
    }


def _short(value: Any) -> str:
    """Return a value in a few words; names of things that are referred to come first."""
    if value is None:
        return ""
    try:
        found = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    except TypeError:  # keys of several types cannot be sorted
        found = str(value)
    return found if len(found) <= 160 else f"{found[:157]}..."


def words_given(container: Mapping[str, Any]) -> list[str]:
    """Return what a template tells a container: arguments, words of its command, and variables as NAME=value."""
    return [
        *(str(word) for field in ("args", "command") for word in (container.get(field) or ())),
        *(f"{text(entry, 'name')}={text(entry, 'value')}" for entry in items(container, "env")),
    ]


def words_of(template: Mapping[str, Any]) -> list[str]:
    """Return what a template tells all its containers, as `words_given` tells it of one."""
    return [word for each in items(template, "spec", "containers") for word in words_given(each)]


def volumes_of(template: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield (kind, name, optional) of every ConfigMap, Secret and claim that a pod template needs to start."""
    spec = mapping(template, "spec")
    for volume in items(spec, "volumes"):
        for field, kind, key in (
            ("configMap", "ConfigMap", "name"),
            ("secret", "Secret", "secretName"),
            ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"),
        ):
            if text(volume, field, key):
                yield kind, text(volume, field, key), bool(mapping(volume, field).get("optional"))
        for source in items(volume, "projected", "sources"):
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if name_of := text(source, field, "name"):
                    yield kind, name_of, bool(mapping(source, field).get("optional"))


def keys_of(template: Mapping[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    """Yield (kind, name, key, optional) of what the containers take from ConfigMaps and Secrets; key "" is all."""
    spec = mapping(template, "spec")
    for container in [*items(spec, "initContainers"), *items(spec, "containers")]:
        for entry in items(container, "env"):
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                found = mapping(entry, "valueFrom", field)
                if text(found, "name"):
                    yield kind, text(found, "name"), text(found, "key"), bool(found.get("optional"))
        for entry in items(container, "envFrom"):
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                found = mapping(entry, field)
                if text(found, "name"):
                    yield kind, text(found, "name"), "", bool(found.get("optional"))


def needs(template: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, name, key) of all that a template refers to and cannot start without; key "" is the whole object."""
    yield from ((kind, ref, "") for kind, ref, optional in volumes_of(template) if not optional)
    yield from ((kind, ref, key) for kind, ref, key, optional in keys_of(template) if not optional)


def reads(template: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return (kind, name) of everything that a pod template refers to."""
    found = {(kind, ref) for kind, ref, _ in volumes_of(template)}
    return found | {(kind, ref) for kind, ref, _, _ in keys_of(template)}


def refs_read(template: Mapping[str, Any], *kinds: str) -> set[str]:
    """Return Kind/name of everything that a pod template refers to, of some kinds."""
    return {f"{kind}/{ref}" for kind, ref in reads(template) if not kinds or kind in kinds}
