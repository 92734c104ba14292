"""The shape of the objects that rules read: what is of another shape was broken and is left out.

A shape is a type of plain values (``str``, ``int``, ``bool``), a dict (a mapping with these keys;
others are kept as they are), a list of one shape, or MAP (a mapping of texts). So nobody who reads
a snapshot has to ask whether ``labels`` may be a list.
"""

from __future__ import annotations

import math
from typing import Any

from tuheg_ir.diagnosis.moments import moment, written

MAP = "map"
"""A mapping of text to text; numbers and booleans become text, as Kubernetes would have them."""
TIME = "time"
"""A point in time, as text."""
TEXT = "text"
"""A text; numbers become text (a port, a quantity, a percentage)."""

META: dict[str, Any] = {
    "name": TEXT,
    "namespace": TEXT,
    "uid": TEXT,
    "resourceVersion": TEXT,
    "creationTimestamp": TIME,
    "deletionTimestamp": TIME,
    "generation": int,
    "labels": MAP,
    "annotations": MAP,
    "ownerReferences": [{"kind": TEXT, "name": TEXT, "uid": TEXT, "controller": bool}],
}
_RESOURCES = {"limits": MAP, "requests": MAP}
_CONDITION = {"type": TEXT, "status": TEXT, "reason": TEXT, "message": TEXT, "lastTransitionTime": TIME}
_REF: dict[str, Any] = {"name": TEXT, "key": TEXT}
_ENV = {
    "name": TEXT,
    "value": TEXT,
    "valueFrom": {"secretKeyRef": _REF, "configMapKeyRef": _REF, "fieldRef": {}, "resourceFieldRef": {}},
}
_PROBE: dict[str, Any] = {
    "httpGet": {},
    "tcpSocket": {},
    "exec": {"command": [TEXT]},
    "grpc": {},
    "periodSeconds": int,
    "timeoutSeconds": int,
    "failureThreshold": int,
    "initialDelaySeconds": int,
}
_CONTAINER = {
    "name": TEXT,
    "image": TEXT,
    "command": [TEXT],
    "args": [TEXT],
    "env": [_ENV],
    "envFrom": [{"configMapRef": _REF, "secretRef": _REF}],
    "resources": _RESOURCES,
    "ports": [{"name": TEXT, "containerPort": int}],
    "volumeMounts": [{"name": TEXT, "mountPath": TEXT}],
    "livenessProbe": _PROBE,
    "readinessProbe": _PROBE,
    "startupProbe": _PROBE,
}
_VOLUME = {
    "name": TEXT,
    "configMap": {"name": TEXT},
    "secret": {"secretName": TEXT},
    "persistentVolumeClaim": {"claimName": TEXT},
    "projected": {"sources": [{"configMap": {"name": TEXT}, "secret": {"name": TEXT}}]},
}
_POD_SPEC = {
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "volumes": [_VOLUME],
    "nodeName": TEXT,
    "nodeSelector": MAP,
    "serviceAccountName": TEXT,
    "imagePullSecrets": [{"name": TEXT}],
}
_TEMPLATE = {"metadata": {"labels": MAP, "annotations": MAP}, "spec": _POD_SPEC}
_STATE = {
    "running": {"startedAt": TIME},
    "waiting": {"reason": TEXT, "message": TEXT},
    "terminated": {
        "exitCode": int,
        "signal": int,
        "reason": TEXT,
        "message": TEXT,
        "startedAt": TIME,
        "finishedAt": TIME,
    },
}
_CONTAINER_STATUS = {
    "name": TEXT,
    "image": TEXT,
    "imageID": TEXT,
    "ready": bool,
    "started": bool,
    "restartCount": int,
    "state": _STATE,
    "lastState": _STATE,
}
_SELECTOR = {"matchLabels": MAP, "matchExpressions": [{"key": TEXT, "operator": TEXT, "values": [TEXT]}]}
_WORKLOAD: dict[str, Any] = {
    "spec": {"replicas": int, "paused": bool, "selector": _SELECTOR, "template": _TEMPLATE, "strategy": {}},
    "status": {
        "observedGeneration": int,
        "replicas": int,
        "readyReplicas": int,
        "updatedReplicas": int,
        "availableReplicas": int,
        "unavailableReplicas": int,
        "conditions": [_CONDITION],
    },
}
_PEER = {"podSelector": _SELECTOR, "namespaceSelector": _SELECTOR, "ipBlock": {}}
_BACKEND: dict[str, Any] = {"service": {"name": TEXT, "port": {}}}

OBJECT: dict[str, Any] = {"metadata": META, "spec": {}, "status": {"conditions": [_CONDITION]}}
"""What every object has; KINDS adds to it."""

KINDS: dict[str, dict[str, Any]] = {
    "Pod": {
        "spec": _POD_SPEC,
        "status": {
            "phase": TEXT,
            "reason": TEXT,
            "message": TEXT,
            "podIP": TEXT,
            "startTime": TIME,
            "conditions": [_CONDITION],
            "containerStatuses": [_CONTAINER_STATUS],
            "initContainerStatuses": [_CONTAINER_STATUS],
        },
    },
    "Deployment": _WORKLOAD,
    "StatefulSet": {
        "spec": {**_WORKLOAD["spec"], "serviceName": TEXT, "volumeClaimTemplates": [{}]},
        "status": {**_WORKLOAD["status"], "currentRevision": TEXT, "updateRevision": TEXT},
    },
    "DaemonSet": {
        "spec": _WORKLOAD["spec"],
        "status": {"desiredNumberScheduled": int, "numberReady": int, "conditions": [_CONDITION]},
    },
    "ReplicaSet": _WORKLOAD,
    "ControllerRevision": {"revision": int, "data": {"spec": {"template": _TEMPLATE}}},
    "Job": {
        "spec": {"template": _TEMPLATE, "backoffLimit": int},
        "status": {"startTime": TIME, "completionTime": TIME, "failed": int, "succeeded": int, "active": int},
    },
    "CronJob": {"spec": {"schedule": TEXT, "suspend": bool, "jobTemplate": {"spec": {"template": _TEMPLATE}}}},
    "HorizontalPodAutoscaler": {
        "spec": {
            "minReplicas": int,
            "maxReplicas": int,
            "scaleTargetRef": {"kind": TEXT, "name": TEXT},
            "metrics": [{"resource": {"name": TEXT, "target": {"averageUtilization": int}}}],
        },
        "status": {
            "currentReplicas": int,
            "desiredReplicas": int,
            "lastScaleTime": TIME,
            "currentMetrics": [{}],
            "conditions": [_CONDITION],
        },
    },
    "PodDisruptionBudget": {"spec": {"selector": _SELECTOR}, "status": {"disruptionsAllowed": int}},
    "ResourceQuota": {"spec": {"hard": MAP}, "status": {"hard": MAP, "used": MAP}},
    "LimitRange": {"spec": {"limits": [{"type": TEXT, "max": MAP, "min": MAP, "default": MAP}]}},
    "Service": {
        "spec": {"selector": MAP, "type": TEXT, "clusterIP": TEXT, "externalName": TEXT, "ports": [{"name": TEXT}]}
    },
    "EndpointSlice": {
        "endpoints": [{"addresses": [TEXT], "conditions": {"ready": bool}, "targetRef": {"kind": TEXT, "name": TEXT}}],
        "ports": [{"name": TEXT, "port": int}],
    },
    "Endpoints": {"subsets": [{"addresses": [{"ip": TEXT}], "notReadyAddresses": [{"ip": TEXT}], "ports": [{}]}]},
    "Ingress": {
        "spec": {
            "ingressClassName": TEXT,
            "defaultBackend": _BACKEND,
            "tls": [{"hosts": [TEXT], "secretName": TEXT}],
            "rules": [{"host": TEXT, "http": {"paths": [{"path": TEXT, "backend": _BACKEND}]}}],
        }
    },
    "HTTPRoute": {"spec": {"hostnames": [TEXT], "parentRefs": [{}], "rules": [{"backendRefs": [{"name": TEXT}]}]}},
    "NetworkPolicy": {
        "spec": {
            "podSelector": _SELECTOR,
            "policyTypes": [TEXT],
            "ingress": [{"from": [_PEER], "ports": [{}]}],
            "egress": [{"to": [_PEER], "ports": [{}]}],
        }
    },
    "ConfigMap": {"data": MAP, "binaryData": MAP},
    "Secret": {"type": TEXT, "data": MAP, "stringData": MAP},
    "PersistentVolumeClaim": {
        "spec": {"volumeName": TEXT, "storageClassName": TEXT, "resources": _RESOURCES, "accessModes": [TEXT]},
        "status": {"phase": TEXT, "capacity": MAP, "conditions": [_CONDITION]},
    },
    "Node": {
        "spec": {"unschedulable": bool, "taints": [{"key": TEXT, "effect": TEXT}]},
        "status": {"capacity": MAP, "allocatable": MAP, "addresses": [{}], "conditions": [_CONDITION]},
    },
}

NOTHING = object()
"""What a broken value is replaced by: its key is left out."""


def shaped(value: Any, shape: Any) -> Any:
    """Return the value in its shape, or NOTHING. A null is as good as absent."""
    if isinstance(shape, dict):
        return _mapping(value, shape)
    if isinstance(shape, list):
        return _list(value, shape[0])
    if shape == MAP:
        return _texts(value)
    return _plain(value, shape)


def _mapping(value: Any, shape: dict[str, Any]) -> Any:
    if not isinstance(value, dict):
        return NOTHING
    found = {}
    for key, item in value.items():
        kept = shaped(item, shape[key]) if key in shape else item
        if kept is not NOTHING:
            found[key] = kept
    return found


def _list(value: Any, shape: Any) -> Any:
    if not isinstance(value, list):
        return NOTHING
    return [kept for kept in (shaped(item, shape) for item in value) if kept is not NOTHING]


def _texts(value: Any) -> Any:
    if not isinstance(value, dict):
        return NOTHING
    texts = {key: _plain(item, TEXT) for key, item in value.items()}
    return {key: text for key, text in texts.items() if text is not NOTHING}


def _plain(value: Any, shape: Any) -> Any:
    if shape == TEXT:
        return _text(value)
    if shape == TIME:
        # Kept as it was written: Kubernetes' own form is one that every reader knows.
        return value if isinstance(value, str) and moment(value) else written(moment(value)) or NOTHING
    if shape is int:
        return _number(value)
    return value if isinstance(value, bool) else NOTHING


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else NOTHING


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return NOTHING
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) else NOTHING
    return value if isinstance(value, int) else NOTHING
