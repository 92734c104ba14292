"""What all reads of one snapshot share: the cluster, the namespace, the time that is left."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tuheg_ir.diagnosis.model import Source
from tuheg_ir.diagnosis.seal import scrub_text

_KINDS = {
    "forbidden": "forbidden",
    "unauthorized": "forbidden",
    "not_found": "missing",
    "silent": "silent",
    "unreachable": "unreachable",
    "tls": "unreachable",
    "busy": "late",
}


class NotConfigured(Exception):
    """This platform does not have what would be asked."""


class SourceFailed(Exception):
    """A source gave no usable answer; ``kind`` is a Source's word for why."""

    def __init__(self, kind: str, note: str) -> None:
        super().__init__(note)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Target:
    """What a snapshot is taken of. ``services`` is the inventory's ir_services; {} without one.

    ``also``: namespaces of what others run for it (ingress, mesh, operators), whose objects and logs are read too.
    """

    namespace: str
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prometheus_url: str = ""
    alertmanager_url: str = ""
    ingress_url: str = ""
    window: str = ""
    also: tuple[str, ...] = ()

    @classmethod
    def of_platform(
        cls, namespace: str, services: Mapping[str, Mapping[str, Any]], variables: Mapping[str, Any]
    ) -> Target:
        """Return the target that an inventory describes; ``variables`` are its ``ir_*``."""

        def word(variable: str) -> str:
            return str(variables.get(variable) or "")

        return cls(
            namespace,
            services=services,
            prometheus_url=word("ir_prometheus_url"),
            alertmanager_url=word("ir_alertmanager_url"),
            ingress_url=word("ir_ingress_url"),
            window=word("ir_probe_window"),
            also=tuple(map(str, variables.get("ir_also_namespaces") or ())),
        )


@dataclass(slots=True)
class Context:
    """``end`` is a time.monotonic() after which nothing is waited for."""

    client: Any
    target: Target
    end: float
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _versions: list[frozenset[str] | None] = field(default_factory=list)

    @property
    def left_s(self) -> float:
        """Return the seconds left, never less than a try is worth."""
        return max(0.1, self.end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.end

    def now(self) -> datetime:
        """Return the time by the cluster's clock."""
        return datetime.now(UTC) + timedelta(seconds=self.client.skew_s)

    def path(self, group: str, plural: str, *, namespaced: bool = True, namespace: str = "") -> str:
        """Return the path of a list. ``group`` is as in /api/v1 or /apis/apps/v1; ``namespace`` "" is the target's."""
        space = quote(namespace or self.target.namespace)
        return f"{group}/namespaces/{space}/{plural}" if namespaced else f"{group}/{plural}"

    def versions(self) -> frozenset[str] | None:
        """Return the paths of all APIs of the cluster, as /apis/apps/v1; asked once. None if it does not say."""
        with self._lock:
            if not self._versions:
                self._versions.append(self._asked_for_versions())
            return self._versions[0]

    def _asked_for_versions(self) -> frozenset[str] | None:
        try:
            groups = self.get("/apis").get("groups")
        except Exception:  # noqa: BLE001 - then each API tells itself whether it is there
            return None
        if not isinstance(groups, list):
            return None
        versions = [version for group in groups for version in group.get("versions") or ()]
        return frozenset(f"/apis/{version.get('groupVersion')}" for version in versions)

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Read from the API server within what time is left."""
        answer: dict[str, Any] = self.client.get(path, query, timeout_s=self.left_s)
        return answer


def failed(name: str, error: BaseException, ms: int, at: datetime) -> Source:
    """Return what is noted of a source that gave no answer."""
    if isinstance(error, NotConfigured):
        return Source(name, ok=True, note=f"not asked: {error}", kind="not_configured", at=at)
    if isinstance(error, SourceFailed):
        kind = error.kind
    elif isinstance(error, TimeoutError):
        kind = "silent"
    else:
        word = getattr(error, "kind", "")
        kind = _KINDS.get(word, "unreachable" if isinstance(error, OSError) else "invalid")
    return Source(name, ok=False, ms=ms, note=note_of(error), kind=kind, at=at)


def note_of(error: BaseException) -> str:
    """Return one scrubbed line that tells why a source failed."""
    text = str(getattr(error, "message", "") or str(error) or type(error).__name__)
    text = re.sub(r" \(403: .*\)", "", text)  # it says the same again, at length
    return scrub_text(" ".join(text.split())[:300])
