"""The expensive part of the product: the preview of a generated world."""

from __future__ import annotations

import hashlib
import time


def preview(seed: str, cpu_ms: int) -> str:
    """Spend ``cpu_ms`` of this thread's CPU time on a digest of ``seed``.

    Measured in CPU time, so that a request costs the same on every machine and a starved
    pod needs longer by the clock for the same work.
    """
    digest = hashlib.sha256(seed.encode()).digest()
    end = time.thread_time() + cpu_ms / 1000
    while time.thread_time() < end:
        for _ in range(50):
            digest = hashlib.sha256(digest).digest()
    return digest.hex()
