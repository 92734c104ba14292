"""An admission webhook does not answer, or its certificate is bad: nothing that it looks at can be made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.reading import items, name, oldest, text
from tuheg_ir.diagnosis.view.refusals import refusals
from tuheg_ir.diagnosis.view.view import View

_HOOK = late(r'failed calling webhook "([^"]+)"', re.IGNORECASE)
_PATH = late(r"https?://([a-z0-9-]+)[^/\s\"]*(/[^\s\"?]*)?", re.IGNORECASE)
KINDS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def when(view: View) -> Iterator[Match]:
    """The cluster could not ask a webhook whether pods may be made."""
    found: dict[str, list[tuple[str, Evidence]]] = {}
    for workload in view.workloads.values():
        for each in refusals(view, workload):
            if named := _HOOK.search(each.fact):
                found.setdefault(named.group(1), []).append((workload.ref, each))
    for hook, told in found.items():
        refused = tuple(dict.fromkeys(ref for ref, _ in told))
        said = " ".join(each.fact for _, each in told)
        bad = tells("certificate", said)
        everybody = tuple(w.ref for w in view.serving)
        yield Match(
            component=_configuration(view, hook, said),
            evidence=(*(each for _, each in told[:3]), *_unmade(view, refused)),
            certainty=0.9,
            root_cause="configuration_error" if bad else "dependency_failure",
            since=_since(told),
            explains=refused,
            excludes=not_for(everybody, f"no pod can be made while the webhook {hook} cannot be asked"),
        )


def _configuration(view: View, hook: str, said: str) -> str:
    """Return Kind/name of the configuration that names a webhook; guessed from the message if it was not read."""
    for kind in KINDS:
        for obj in view.snapshot.of(kind):
            if any(text(each, "name") == hook for each in items(obj, "webhooks")):
                return f"{kind}/{name(obj)}"
    where = _PATH.search(said)
    service, path = (where.group(1), where.group(2) or "") if where else (hook.split(".", maxsplit=1)[0], "")
    return f"{KINDS[1] if 'valid' in f'{hook}{path}'.lower() else KINDS[0]}/{service}"


def _unmade(view: View, refused: tuple[str, ...]) -> Iterator[Evidence]:
    for ref in refused:
        workload = view.workloads[ref]
        if len(workload.live) < workload.wanted:
            yield Evidence("objects", ref, f"{len(workload.live)} of {workload.wanted} pods exist")


def _since(told: list[tuple[str, Evidence]]) -> datetime | None:
    return oldest(each.time for _, each in told)


RULE = Rule(
    name="webhook_fails",
    title="An admission webhook cannot be asked: no pod can be made",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pod was refused for want of a webhook",
)
