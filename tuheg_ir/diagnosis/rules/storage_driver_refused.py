"""The provider refuses what the driver of volumes asks for: no volume is made or attached until it has its right back.

The pods that run have volumes that were attached before; whoever is moved or made anew waits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._drivers import driver_of
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.reading import mapping, oldest, text
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=48)
_REFUSED = late(
    r"UnauthorizedOperation|is not authorized to perform|AccessDenied|AuthFailure|InvalidIdentityToken"
    r"|NoCredentialProviders|failed to (?:refresh cached|retrieve) credentials"  # AWS
    r"|(?:Linked)?AuthorizationFailed|does not have authorization to perform action|AADSTS\d+"  # Azure
    r"|Required '[\w.]+' permission|insufficientPermissions|ACCESS_TOKEN_SCOPE_INSUFFICIENT|PERMISSION_DENIED"  # GCP
    r"|Permission to perform this operation was denied|NoPermission\b|Policy doesn't allow"  # vSphere, OpenStack
    r"|code = (?:PermissionDenied|Unauthenticated)",
    re.IGNORECASE,
)
"""What providers say to a driver that lacks a right, or that they do not know."""
_TOO_MUCH = late(r"quota|limit\s?exceeded|rate.?limit|throttl", re.IGNORECASE)
"""Too many of something, or too often: some providers answer that with the same codes."""


class Waiting(NamedTuple):
    """A workload that waits for a volume, the event that says why, the driver, and what volumes are called."""

    workload: Workload
    event: Event
    driver: str
    names: frozenset[str]


def when(view: View) -> Iterator[Match]:
    """Events say that the provider refuses a driver the right to make or attach the volumes that pods wait for."""
    found = list(_waiting(view))
    for driver in sorted({each.driver for each in found}):
        yield _match(view, driver, [each for each in found if each.driver == driver])


def _waiting(view: View) -> Iterator[Waiting]:
    for workload in view.workloads.values():
        if all(pod.ready for pod in workload.live):
            continue
        claims = claims_of(workload)
        told = [*view.events_of(workload.ref, "FailedAttachVolume")]
        told += [e for claim in claims for e in view.events_of(f"PersistentVolumeClaim/{claim}", "ProvisioningFailed")]
        event = next((e for e in told if _REFUSED.search(e.message) and not _TOO_MUCH.search(e.message)), None)
        if event is not None:
            drivers = sorted({driver_of(view, claim) for claim in claims} - {""})
            yield Waiting(workload, event, drivers[0] if drivers else "", _called(view, claims))


def _called(view: View, claims: Collection[str]) -> frozenset[str]:
    """Return by which names a driver's log speaks of the volumes of some claims."""
    found = set()
    for claim in claims:
        obj = view.objects("PersistentVolumeClaim").get(claim)
        volume = text(obj, "spec", "volumeName")
        handle = text(view.objects("PersistentVolume").get(volume), "spec", "csi", "volumeHandle")
        uid = text(obj, "metadata", "uid")
        found |= {volume, handle.rpartition("/")[2], f"pvc-{uid}" if uid else ""}
    return frozenset(found - {""})


def _match(view: View, driver: str, mine: list[Waiting]) -> Match:
    touched = tuple(each.workload.ref for each in mine)
    began = oldest(each.event.first for each in mine)
    asking = _asking(view, mine)
    component = asking[0].ref if asking else f"CSIDriver/{driver}" if driver else touched[0]
    waits = "it waits for what the provider refuses to the volumes' driver; a pod that is moved or made anew waits too"
    held = (each for ref in touched for each in excluding(ref, waits, "rollback_workload", "scale_workload", *RESTARTS))
    return Match(
        component=component,
        evidence=(
            *(view.event_evidence(each.event) for each in mine[:2]),
            *((asking[1], *_account_changed(view, asking[0], began)) if asking else ()),
            *(Evidence("objects", ref, "its volume cannot be had") for ref in touched[:2]),
        ),
        certainty=0.85,
        since=began,
        explains=behind(view, *touched, but=component),
        excludes=(*held, *(_no_use(asking[0]) if asking else ())),
    )


def _asking(view: View, mine: list[Waiting]) -> tuple[Workload, Evidence] | None:
    """Return the workload that is refused, with its words: its log repeats it of the volumes that are waited for."""
    names = {name for each in mine for name in each.names}
    touched = {each.workload.ref for each in mine}
    for workload in view.workloads.values():
        if workload.ref in touched:
            continue
        for log in view.logs_of(workload.live):
            lines = [line for line in log.lines if _REFUSED.search(line) and any(name in line for name in names)]
            if len(lines) >= OFTEN:
                told = next(_REFUSED.finditer(lines[-1]))
                fact = f"log ({len(lines)} lines): ...{lines[-1][max(0, told.start() - 60) : told.end() + 200]}"
                return workload, Evidence("logs", f"Pod/{log.pod}", fact, stamp(lines[0]))
    return None


def _account_changed(view: View, asking: Workload, began: datetime | None) -> Iterator[Evidence]:
    """Yield that the account of a driver was written shortly before: clouds tie a role to it by an annotation."""
    named = text(mapping(asking.template, "spec"), "serviceAccountName")
    obj = view.objects("ServiceAccount").get(named)
    at = edited(obj) if obj is not None else None
    if at is not None and view.recent(at, LATELY) and (began is None or at <= began):
        yield Evidence("objects", f"ServiceAccount/{named}", f"{asking.ref} runs as it, and it was changed", at)


def _no_use(asking: Workload) -> Iterator[Excluded]:
    moved = any(change.field in ("serviceAccountName", "serviceAccount") for change in asking.changes)
    again = ("scale_workload", *RESTARTS) if moved else ("scale_workload", "rollback_workload", *RESTARTS)
    yield from excluding(asking.ref, "its pods get the same rights again: they are not in its template", *again)


RULE = Rule(
    name="storage_driver_refused",
    title="The provider refuses what the volumes' driver asks for",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no event says that a provider refuses a volume driver a right",
)
