"""The ingress as a visitor meets it: host and path choose a service, the platform answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tuheg_ir.sim.answers import Answer, Request
from tuheg_ir.sim.platform.model import NAMESPACE, SERVICE, Platform
from tuheg_ir.sim.status import Obj


class Ingress:
    """Answers HTTP requests; ``pause`` waits as long as the service would (shorter at speed)."""

    def __init__(self, platform: Platform, lock: threading.RLock, pause: Callable[[float], None] = time.sleep) -> None:
        self._platform = platform
        self._lock = lock
        self._pause = pause

    def answer(self, request: Request) -> Answer:
        """Return what a visitor gets."""
        with self._lock:
            service = self._service(request.headers.get("host", ""), request.path)
            if service is None:
                return Answer(404, text="404 page not found\n")
            status, seconds = self._platform.ask() if service == SERVICE else (503, 0.0)
            wait = self._platform.cluster.clock.real(seconds)
        self._pause(wait)
        return Answer(status, text="ok\n" if status == 200 else "no available server\n")

    def _service(self, host: str, path: str) -> str | None:
        """Return the Service that the Ingress objects send a host and path to: the longest prefix wins."""
        best: tuple[int, str] | None = None
        for obj in self._platform.cluster.store.objects("ingresses.networking.k8s.io", NAMESPACE):
            for rule in obj["spec"].get("rules") or []:
                if rule.get("host") not in (None, host.partition(":")[0]):
                    continue
                for entry in rule["http"]["paths"]:
                    if _under(path, entry["path"]) and (best is None or len(entry["path"]) > best[0]):
                        best = (len(entry["path"]), entry["backend"]["service"]["name"])
            default: Obj = obj["spec"].get("defaultBackend") or {}
            if best is None and default:
                best = (0, default["service"]["name"])
        return None if best is None else best[1]


def _under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")
