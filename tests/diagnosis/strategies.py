"""Anything at all, and things that are nearly Kubernetes objects: for tests that nothing may crash."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["2025-11-05T14:00:00Z", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00Z", "1e400", "250m", ""]),
)
KEYS = st.one_of(
    st.sampled_from(
        [
            "metadata", "spec", "status", "name", "kind", "labels", "annotations", "data", "env", "value", "password",
            "containers", "containerStatuses", "state", "lastState", "terminated", "conditions", "managedFields",
            "involvedObject", "series", "count", "template", "ownerReferences", "creationTimestamp", "items",
        ]
    ),
    st.text(max_size=6),
)  # fmt: skip
JSON: st.SearchStrategy[Any] = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=30
)
KINDS = st.sampled_from(
    ["Pod", "Event", "Deployment", "ReplicaSet", "ControllerRevision", "Service", "Secret", "ConfigMap", "Node",
     "HorizontalPodAutoscaler", "NetworkPolicy", "Ingress", "EndpointSlice", "ResourceQuota", "Widget"]
)  # fmt: skip
NAMES = st.from_regex(r"[a-z][a-z0-9.-]{0,10}", fullmatch=True)


@st.composite
def odd_objects(draw: st.DrawFn) -> Any:
    """Return what has the outline of an object, with anything inside."""
    meta = draw(st.dictionaries(KEYS, JSON, max_size=4)) | {"name": draw(NAMES), "namespace": "shop"}
    rest = draw(st.dictionaries(KEYS, JSON, max_size=5))
    return {**rest, "apiVersion": "v1", "kind": draw(KINDS), "metadata": meta}


TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda time: time.replace(tzinfo=UTC))  # noqa: DTZ001
FINITE = st.floats(allow_nan=False, allow_infinity=False)
