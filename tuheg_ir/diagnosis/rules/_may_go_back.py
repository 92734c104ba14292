"""Whether a program that keeps something can be taken back to its former template and still has all of it.

What serves from what others keep goes back at any time. A store goes back where its release changed settings alone, and
none of what it keeps: the program is the same and finds its volume where it wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._eviction import used_for_more
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_DATA = late(
    r"data|(?<![a-z])dirs?(?![a-z])|storage|engine|format|journal|(?<![a-z])wal(?![a-z])"
    r"|(?:^|=)/(?!(?:usr/)?(?:local/)?s?bin/)",
    re.IGNORECASE,
)
"""Words of settings that tell where a store keeps what it has, or in which form: the one before may not find it.

Any path may be such a place, but for that of a program.
"""


def may_go_back(view: View, workload: Workload) -> bool:
    """Tell whether a program loses nothing if it is taken back: it keeps nothing, its volume, or copies alone."""
    keeps = keeps_data(view, workload)
    if not keeps and (not is_store(workload) or role(workload) == "pooler"):
        return True
    if mapping(view.snapshot.services.get(workload.name), "database") or workload.changed("image"):
        return False
    before = template_before(workload)
    if not before or _of_claims(workload, before) != _of_claims(workload, workload.template):
        return False
    if any(map(_OF_DATA.search, {*words_of(before)} ^ {*words_of(workload.template)})):
        return False
    return bool(claims_of(workload)) or (role(workload) == "cache" and not used_for_more(view, workload))


def _of_claims(workload: Workload, template: Mapping[str, Any]) -> set[tuple[str, str, str, str]]:
    """Return where the containers of a template have the claims of a workload, and which of them."""
    held = {text(each, "name"): text(each, "persistentVolumeClaim", "claimName") for each in _volumes(template)}
    own = {text(each, "metadata", "name") for each in items(workload.obj, "spec", "volumeClaimTemplates")}
    claims = {**{name: claim for name, claim in held.items() if claim}, **dict.fromkeys(own, "its own")}
    return {
        (text(container, "name"), claims[name], text(mount, "mountPath"), text(mount, "subPath"))
        for container in items(template, "spec", "containers")
        for mount in items(container, "volumeMounts")
        if (name := text(mount, "name")) in claims
    }


def _volumes(template: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return tuple(items(template, "spec", "volumes"))
