"""A release gave a program another account, and it is refused since then what only the former one may do.

The cluster's own API tells more of an account that it refuses: `cluster_forbids`.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules.cluster_forbids import has_another_account
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_TROUBLES = ("permission", "outside_authentication")
_REFUSED = late(
    r"is not authorized to perform: \w+:\w+|\bAccessDenied(?:Exception)?\b|AuthorizationPermissionMismatch"
    r"|does not have (?:authorization to perform|[a-z]+(?:\.\w+){1,4} access)|not authorized to assume"
    r"|AssumeRoleWithWebIdentity|\bPermission '?[a-z]+(?:\.\w+){1,4}'? denied|\* permission denied\b"
)
"""What providers and secret stores say to an account that may not do something; no word of a file."""


def when(view: View) -> Iterator[Match]:
    """Pods of a release with another account are refused again and again since it came, and no one else is."""
    for workload in view.serving:
        if not has_another_account(workload) or workload.returned:
            continue
        hits = [hit for hit in _refusals(view, workload) if fresh(view, hit)]
        ended = crashes(view, workload)
        if not hits or (sum(hit.count for hit in hits) < OFTEN and not ended):
            continue
        first = oldest(hit.first for hit in hits)
        if not since_release(workload, first) or _as_before(view, workload, hits):
            continue
        users = behind(view, workload.ref, but=workload.ref)
        seen = [each for ref in (workload.ref, *users) for each, _ in troubles(view, ref)]
        seen += [each for ref in (workload.ref, *users) for each in suffering(view, ref)]
        if not ended and not seen and (not view.alerts or is_well(view, [workload.ref, *users])):
            continue
        yield Match(
            component=workload.ref,
            evidence=(
                *(view.hit_evidence(hit) for hit in hits[:2]),
                *release_evidence(workload, "other"),
                *(crash.evidence() for crash in ended[:1]),
                *seen[:3],
            ),
            certainty=0.7,
            since=first,
            explains=users,
        )


def _refusals(view: View, workload: Workload) -> list[Hit]:
    """Return what a workload's logs tell of a right that it lacks."""
    hits = (hit for trouble in _TROUBLES for hit in view.hits_of(workload.ref, trouble))
    return [hit for hit in hits if _REFUSED.search(hit.line)]


def _as_before(view: View, workload: Workload, hits: list[Hit]) -> bool:
    """Tell whether pods of the former template are refused as well, or another workload that was not released.

    Then a right was taken away, whoever has which account.
    """
    newest = {pod.name for pod in workload.newest_pods()}
    if any(hit.pod not in newest for hit in hits):
        return True
    others = (each for each in view.serving if each is not workload and not each.changes)
    return any(fresh(view, hit) for each in others for hit in _refusals(view, each))


RULE = Rule(
    name="account_moved",
    title="A release gave a program another account, which lacks a right",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="nobody is refused a right outside the cluster since a release that gave it another account",
)
