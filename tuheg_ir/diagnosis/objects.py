"""From raw Kubernetes objects to what a snapshot keeps: slim, in shape, without secrets.

Pure, and never fails: what cannot be an object is None. Doing it twice changes nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from tuheg_ir.diagnosis.moments import moment, written
from tuheg_ir.diagnosis.seal import is_secret_name, scrub_text, seal, seal_text, secret_arguments, words_before
from tuheg_ir.diagnosis.shapes import KINDS, OBJECT, shaped
from tuheg_ir.diagnosis.writers import holds_labels, writer

DEPTH = 48
NODES = 200_000
"""Values in one object; one with more is no object of this world (an alias that holds itself)."""
TEXT = 65_536
"""Characters of one text; a ConfigMap's file may be long, an event's message is not."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_DROPPED = frozenset({"kubectl.kubernetes.io/last-applied-configuration", "control-plane.alpha.kubernetes.io/leader"})
_QUICK = frozenset({"Pod", "Event", "ReplicaSet", "ControllerRevision", "EndpointSlice", "Endpoints", "Node", "Job"})
"""Kinds whose changes are in their status or that never change: who wrote them when says nothing.

Of a Node who wrote its labels: much is chosen by those.
"""
_REFERENCE = re.compile(r".*(?:name|names|namespace|ref|refs|file|path)", re.IGNORECASE | re.DOTALL)
"""Keys such as secretName or credentialName: they say where a secret is, not what it is."""
_PLAIN = frozenset({"", "true", "false"})
"""Values that give no secret away: a label that is a truth value is a text the next time it is read."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_API = {
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1",
    "ControllerRevision": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2", "PodDisruptionBudget": "policy/v1",
    "EndpointSlice": "discovery.k8s.io/v1", "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1", "HTTPRoute": "gateway.networking.k8s.io/v1",
    "Certificate": "cert-manager.io/v1", "CertificateRequest": "cert-manager.io/v1",
    "Challenge": "acme.cert-manager.io/v1", "ScaledObject": "keda.sh/v1alpha1",
    "AuthorizationPolicy": "security.istio.io/v1", "PeerAuthentication": "security.istio.io/v1",
    "VirtualService": "networking.istio.io/v1", "DestinationRule": "networking.istio.io/v1",
    "ServiceEntry": "networking.istio.io/v1", "Sidecar": "networking.istio.io/v1",
    "BackendTrafficPolicy": "gateway.envoyproxy.io/v1alpha1",
    "Application": "argoproj.io/v1alpha1", "ApplicationSet": "argoproj.io/v1alpha1",
    "L2Advertisement": "metallb.io/v1beta1", "BGPAdvertisement": "metallb.io/v1beta1",
    "ExternalSecret": "external-secrets.io/v1",
    "BGPPeer": "crd.projectcalico.org/v1", "BGPConfiguration": "crd.projectcalico.org/v1",
    "CiliumBGPClusterConfig": "cilium.io/v2",
    "Kafka": "kafka.strimzi.io/v1beta2", "KafkaTopic": "kafka.strimzi.io/v1beta2",
    "KafkaUser": "kafka.strimzi.io/v1beta2", "Permission": "rabbitmq.com/v1beta1",
    "TopicPermission": "rabbitmq.com/v1beta1", "Grant": "k8s.mariadb.com/v1alpha1",
}  # fmt: skip


def slim(raw: Any, kind: str = "", *, hide_config: bool = False) -> dict[str, Any] | None:
    """Return what is kept of an object; None when it is none.

    ``kind`` is for the items of a typed list, which do not name it. ``hide_config`` seals the values
    of ConfigMaps as well: they belong to a live cluster.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("metadata"), dict):
        return None
    kind = kind or str(raw.get("kind") or "")
    name = raw["metadata"].get("name")
    if not _NAME.fullmatch(kind) or isinstance(name, (dict, list, bool)) or name in (None, ""):
        return None
    if kind == "Event":
        return _event(raw)
    if kind == "Secret" or (kind == "ConfigMap" and hide_config):
        raw = _sealed(raw)  # first of all, before anything else may copy a value
    try:
        clean = _Copy().of(_trimmed(raw, kind))
    except _TooLarge:
        return None
    version = clean.get("apiVersion")
    if not isinstance(version, str) or not version:
        version = _API.get(kind, "v1")
    found: dict[str, Any] = shaped({**clean, "apiVersion": version, "kind": kind}, OBJECT)
    found = shaped(found, KINDS.get(kind, {}))
    return found if found.get("metadata", {}).get("name") else None


def _trimmed(raw: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the object with the bulky parts of its metadata left out."""
    meta = {key: item for key, item in raw["metadata"].items() if key not in ("selfLink", "generateName")}
    managed = meta.pop("managedFields", None)
    if isinstance(managed, list) and (kind not in _QUICK or kind == "Node"):
        known = [entry for entry in managed if isinstance(entry, dict) and moment(entry.get("time"))]
        wrote = [writer(entry) for entry in known if kind != "Node" or holds_labels(entry)]
        meta |= {"managedFields": wrote} if wrote or kind != "Node" else {}
    notes = meta.get("annotations")
    if isinstance(notes, dict):
        meta["annotations"] = {key: item for key, item in notes.items() if key not in _DROPPED}
    trimmed = {**raw, "metadata": meta}
    status = raw.get("status")
    if kind == "Node" and isinstance(status, dict):
        trimmed["status"] = {key: item for key, item in status.items() if key != "images"}
    return trimmed


class _TooLarge(Exception):
    """The object has more values, or lies deeper, than any real one."""


class _Copy:
    """A copy of JSON-like data with its texts cleaned, its secrets sealed, its keys made texts."""

    def __init__(self) -> None:
        self.left = NODES

    def of(self, value: Any, depth: int = 0, text: Callable[[str], str] | None = None) -> Any:
        """Return the copy; None for what has no place in it. ``text`` cleans the texts."""
        self.left -= 1
        if depth > DEPTH or self.left < 0:
            raise _TooLarge
        if isinstance(value, str):
            return (text or _spec_text)(value)
        if isinstance(value, dict):
            return self._mapping(value, depth, text)
        if isinstance(value, (list, tuple)):
            return self._list(value, depth, text)
        if isinstance(value, int):  # a truth value as well
            return value if abs(value) < 1 << 63 else None
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        return None if value is None else clean_text(str(value))

    def _list(
        self, value: Sequence[Any], depth: int, text: Callable[[str], str] | None, before: Sequence[Any] = ()
    ) -> list[Any]:
        found = []
        for item, hidden, flag in zip(
            value, secret_arguments(value, before), [*(before[-1:] or [""]), *value], strict=False
        ):
            kept = seal(str(item), str(flag)) if hidden else self.of(item, depth + 1, text)
            if kept is not None:
                found.append(kept)
        return found

    def _mapping(self, value: Mapping[Any, Any], depth: int, text: Callable[[str], str] | None) -> dict[str, Any]:
        name = value.get("name")
        secret = isinstance(name, str) and "value" in value and is_secret_name(name)
        found: dict[str, Any] = {}
        for raw_key, item in value.items():
            key, hides = _key(raw_key) if isinstance(raw_key, str) else _key(str(raw_key))
            named = hides or (secret and key == "value")
            if named and isinstance(item, (str, int, float)) and str(item).lower() not in _PLAIN:
                found[key] = seal(str(item), str(name) if secret else key)
                continue
            if key == "args" and isinstance(item, list):
                found[key] = self._list(item, depth + 1, text, words_before(value, key))
                continue
            # What the cluster says is read by people: no seals among its words.
            kept = self.of(item, depth + 1, clean_text if depth == 0 and key == "status" else text)
            if kept is not None:  # a null is as good as absent
                found[key] = kept
        return found


@lru_cache(maxsize=8192)
def _key(raw: str) -> tuple[str, bool]:
    """Return a key as it is kept, and whether its value is to be sealed."""
    key = clean_text(raw, 1024)
    return key, is_secret_name(key) and not _REFERENCE.fullmatch(key)


def clean_text(text: str, limit: int = TEXT) -> str:
    """Return a text without what no file of ours may hold, cut at a limit, scrubbed."""
    return scrub_text(_legible(text[: 2 * limit]))[:limit]


def _spec_text(text: str) -> str:
    return seal_text(_legible(text[:TEXT]), "text")


def _legible(text: str) -> str:
    return text if text.isprintable() else _CONTROL.sub("\ufffd", text)


def _sealed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Secret or a ConfigMap with seals for values, and without what else it may carry."""
    meta = raw["metadata"]
    salt = str(meta.get("uid") or f"{meta.get('namespace', '')}/{meta.get('name', '')}")
    data = {
        key: seal(value if isinstance(value, str) else repr(value), f"{salt}/{key}")
        for part in ("data", "binaryData", "stringData")
        for key, value in (raw[part].items() if isinstance(raw.get(part), dict) else ())
    }
    kept = {key: raw[key] for key in ("apiVersion", "kind", "metadata", "type", "immutable") if key in raw}
    return {**kept, "data": data}


def _event(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return an event of either API in the form of core/v1."""
    meta = raw["metadata"]
    about = raw.get("involvedObject") or raw.get("regarding")
    series = raw["series"] if isinstance(raw.get("series"), dict) else {}
    source = raw.get("source") or raw.get("deprecatedSource")
    first = _time(raw, "firstTimestamp", "deprecatedFirstTimestamp", "eventTime") or _time(meta, "creationTimestamp")
    last = _time(series, "lastObservedTime") or _time(raw, "lastTimestamp", "deprecatedLastTimestamp", "eventTime")
    count = next((n for n in (series.get("count"), raw.get("count"), raw.get("deprecatedCount")) if _is_count(n)), 1)
    component = raw.get("reportingComponent") or raw.get("reportingController")
    if not component and isinstance(source, dict):
        component = source.get("component")
    found = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            key: clean_text(str(meta[key]), 512)
            for key in ("name", "namespace", "uid", "creationTimestamp")
            if isinstance(meta.get(key), (str, int))
        },
        "type": clean_text(str(raw.get("type") or "Normal"), 64),
        "reason": clean_text(str(raw.get("reason") or ""), 256),
        "message": clean_text(str(raw.get("message") or raw.get("note") or ""), 4096),
        "involvedObject": _reference(about),
        **({"related": _reference(raw["related"])} if isinstance(raw.get("related"), dict) else {}),
        "count": count,
        "reportingComponent": clean_text(str(component or ""), 256),
    }
    times = {"firstTimestamp": first or last, "lastTimestamp": last or first}
    return found | {key: value for key, value in times.items() if value}


def _reference(raw: Any) -> dict[str, str]:
    """Return which object an event names."""
    keys = ("apiVersion", "kind", "namespace", "name", "uid", "fieldPath")
    told = raw if isinstance(raw, dict) else {}
    return {key: clean_text(told[key], 512) for key in keys if isinstance(told.get(key), str)}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31


def _time(holder: Any, *keys: str) -> str:
    """Return the first of some times, as it was written; "" when there is none."""
    for key in keys:
        value = holder.get(key)
        if moment(value) is not None:
            return value if isinstance(value, str) else str(written(moment(value)))
    return ""
