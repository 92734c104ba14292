# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run leaves in the cluster: its lock given back, and the template that proved good kept.

Both in one task: each process of kubernetes.core costs more than half a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from .failure import failure
from .lease import lease_release
from .revisions import last_good_configmap

Definition = Mapping[str, Any]


def left_behind(
    lease: Mapping[str, Any] | None, proved: Mapping[str, Any], *, me: str, incident: str, now: datetime
) -> list[Definition]:
    """Return the objects to write, in their order.

    lease: the lock as it is; it is given back by its holder ``me`` only. proved: what `read` gave of the
    workload whose template proved good (workload, revisions, last_good); {}: none did.
    """
    return [*_record(proved, incident, now), *_given_back(lease, me)]


def left_notes(
    written: Mapping[str, Any], definitions: Sequence[Definition], *, lock: str, seconds: float
) -> list[str]:
    """Return a sentence for each object that could not be written.

    written: the registered result of kubernetes.core.k8s with continue_on_error; one object's result is the
    module's own, several lie in result.results. A failed one, of whatever task, is that of all and of the lock.
    """
    kinds = [str(each["kind"]) for each in definitions]
    if written.get("failed"):
        return [_note(kind, written, lock, seconds) for kind in dict.fromkeys([*kinds, "Lease"])]
    results = (written.get("result") or {}).get("results") or [written]
    pairs = zip(kinds, results, strict=False)
    return [_note(kind, result["error"], lock, seconds) for kind, result in pairs if result.get("error")]


def _record(proved: Mapping[str, Any], incident: str, now: datetime) -> Iterator[Definition]:
    if not proved.get("workload"):
        return
    made = last_good_configmap(proved["workload"], proved["revisions"], incident=incident, now=now)
    kept = (proved.get("last_good") or {}).get("data") or {}
    if kept.get("template_hash") != made["data"]["template_hash"]:
        yield made


def _given_back(lease: Mapping[str, Any] | None, me: str) -> Iterator[Definition]:
    decision = lease_release(lease, me)
    if decision["action"] == "release":
        yield decision["definition"]


def _note(kind: str, error: Mapping[str, Any], lock: str, seconds: float) -> str:
    what = failure(error)["what"]
    if kind == "Lease":
        return f"The lock {lock} could not be given back and runs out by itself within {seconds:g} s: {what}"
    return f"The template that proved good could not be kept: {what}"
