"""Whether what serves all others is ill since a release of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import settings_written
from tuheg_ir.diagnosis.view.releases import (
    BEFORE,
    cause_of_release,
    release_evidence,
    releases,
    since_release,
)
from tuheg_ir.diagnosis.view.usage import killed_for_memory, limit_cut
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SUSPECT = timedelta(hours=24)
SOON = timedelta(minutes=10)


class OwnRelease(NamedTuple):
    """That a release made a server ill: what it brought, and how one sees it."""

    cause: str
    evidence: tuple[Evidence, ...]


def released_ill(view: View, servers: Sequence[Workload], since: datetime | None) -> OwnRelease | None:
    """Return what a release brought to the one server there is, if it is ill by it; ``since``: when trouble began.

    Either its containers are killed for memory since their limit was lowered, or all of its pods end by themselves
    since right after the release, and nobody wrote the settings that it reads.
    """
    if len(servers) != 1 or servers[0].returned or not releases(view, servers[0], SUSPECT):
        return None
    server, at = servers[0], servers[0].released_at
    if at is None or since is None or since - at < BEFORE or server.older_pods():
        return None
    if limit_cut(server, "memory") and killed_for_memory(view, server):
        return OwnRelease("configuration_error", release_evidence(server, "limits"))
    if _all_end(view, server) and since_release(server, since, SOON) and not settings_written(view, server, None):
        return OwnRelease(cause_of_release(server), release_evidence(server))
    return None


def _all_end(view: View, server: Workload) -> bool:
    """Tell whether in each pod a container has ended badly of late."""
    return bool(server.live) and all(
        any(c.ended and c.ended.badly and view.recent(c.ended.at) for c in pod.containers) for pod in server.live
    )
