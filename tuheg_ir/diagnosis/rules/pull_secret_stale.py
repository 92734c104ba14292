"""The registry refuses the Secret that pods fetch their images with: the token in it is no longer good."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.pulls import Pull, of_a_release, pulls
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, name, oldest, text, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.wording import words_read
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

_WHY = ("forbidden_by_cluster", "permission", "outside_authentication", "connection_timeout", "dns")


class _Refused(NamedTuple):
    """Pods of a workload that are refused an image, and what was told of it."""

    workload: Workload
    pulls: tuple[Pull, ...]
    evidence: tuple[Evidence, ...]

    @property
    def as_before(self) -> bool:
        """Tell whether the image is none that a release has just brought: it was had before."""
        return not of_a_release(self.workload, self.pulls) and any(p.ready for p in self.workload.newest_pods())


def when(view: View) -> Iterator[Match]:
    """A registry refuses all who use one Secret, and it is none of their releases; or who renews it fails."""
    groups: dict[str, list[_Refused]] = {}
    for workload in view.workloads.values():
        if (refused := _refused(view, workload)) is not None:
            for secret in _pull_secrets(view, workload):
                groups.setdefault(secret, []).append(refused)
    for secret, found in groups.items():
        renewal = [*_renewal(view, secret)]
        alone = all(len(_pull_secrets(view, each.workload)) == 1 for each in found)
        if not renewal and not (alone and len(found) > 1 and any(each.as_before for each in found)):
            continue
        yield Match(
            component=f"Secret/{secret}",
            evidence=(*(told for each in found[:3] for told in each.evidence), *renewal[:3], *_written(view, secret)),
            certainty=0.8 if renewal else 0.65,
            since=oldest(pull.since for each in found for pull in each.pulls),
            explains=tuple(each.workload.ref for each in found),
            excludes=tuple(
                excluded
                for each in found
                for excluded in (
                    *excluding(each.workload.ref, "pods that run could not fetch their image again", *RESTARTS),
                    *excluding(each.workload.ref, "further pods could not fetch their image", "scale_workload"),
                    *excluding(each.workload.ref, "an older image is fetched with the same token", "rollback_workload"),
                )
            ),
        )


def _refused(view: View, workload: Workload) -> _Refused | None:
    waiting = pulls(view, workload)
    if not waiting or not all(each.refused for each in waiting):
        return None
    first = waiting[0]
    fact = f"{first.container.reason}: {first.container.message[-200:]}"
    told = Evidence("objects", f"Pod/{first.pod.name}", fact, first.since)
    return _Refused(workload, waiting, (told, *(view.event_evidence(e) for e in first.events[:1])))


def _pull_secrets(view: View, workload: Workload) -> set[str]:
    """Return the Secrets by which a workload's pods fetch images: their own, else those of their account."""
    spec = mapping(workload.template, "spec")
    account = view.objects("ServiceAccount").get(text(spec, "serviceAccountName") or "default")
    own = items(spec, "imagePullSecrets") or items(account, "imagePullSecrets")
    return {text(each, "name") for each in own} - {""}


def _renewal(view: View, secret: str) -> Iterator[Evidence]:
    """Yield why those runs fail that are to renew a Secret, and who changed what they may do."""
    for workload in view.workloads.values():
        if workload.kind not in BATCH:
            continue
        well = moment(workload.obj, "status", "lastSuccessfulTime")
        hits = [h for h in view.hits_of(workload.ref, *_WHY) if well is None or h.last is None or h.last > well]
        failed = [
            p for p in workload.pods if p.phase == "Failed" and (well is None or not p.created or p.created > well)
        ]
        renews = names(" ".join(words_read(view, workload.template)), secret)
        told = [hit for hit in hits if renews or names(hit.line, secret)]
        yield from (view.hit_evidence(hit) for hit in told[:1])
        if told or (renews and failed):
            yield Evidence("objects", workload.ref, f"it is to renew {secret}, and {len(failed)} of its pods failed")
            yield from _rights(view, workload, told)


def _rights(view: View, workload: Workload, told: list[Hit]) -> Iterator[Evidence]:
    """Yield the Roles of a workload's account that were written since they were made, where it lacks a right."""
    account = text(workload.template, "spec", "serviceAccountName")
    if not account or not any(hit.trouble in ("forbidden_by_cluster", "permission") for hit in told):
        return
    for binding in view.snapshot.of("RoleBinding"):
        role = view.objects("Role").get(text(binding, "roleRef", "name"))
        if role is not None and any(text(each, "name") == account for each in items(binding, "subjects")):
            yield Evidence("objects", f"Role/{name(role)}", f"what {account} may do was written", written(role))


def _written(view: View, secret: str) -> Iterator[Evidence]:
    obj = view.objects("Secret").get(secret)
    if (at := written(obj)) is not None:
        yield Evidence("objects", f"Secret/{secret}", "it was last written", at)


RULE = Rule(
    name="pull_secret_stale",
    title="The Secret for fetching images is refused: it was not renewed",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no registry refuses several services that use one Secret, and nothing that renews one fails",
)
