"""Each process of a workload signs with a key that it made for itself, and refuses what the others have signed.

One process alone does not show it. What a start anew or one more of them changes is only who is thrown out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._own_key import Told, of_another, own_keys, refused
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import releases, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SEVERAL = 2
"""So many processes with a key each refuse one another."""
OFTEN = 4
"""Fewer refusals may be of tokens from before a start."""
AT_ONCE = timedelta(hours=1)
"""Several keys are refused as soon as there are several; what begins later has come of something else."""
LATELY = timedelta(minutes=30)
KNOWN = timedelta(days=14)
"""A template that was left longer ago than this nobody goes back to without looking."""


def when(view: View) -> Iterator[Match]:
    """Several pods tell that each signs with a key of its own, and refuse signatures since there are several."""
    for workload in view.serving:
        own = own_keys(view, workload)
        for ring in (False, True):
            keys = [each for each in own if each.ring is ring]
            if len(keys) < SEVERAL:
                continue
            several = sorted(each.at for each in keys)[1]
            said = sorted(refused(view, workload, several, ring=ring), key=lambda each: each.at)
            pods = {each.pod for each in said} & {each.pod for each in keys}
            if len(said) < OFTEN or len(pods) < SEVERAL or said[0].at - several > AT_ONCE:
                continue
            if view.recent(said[-1].at, LATELY):
                yield _match(view, workload, keys, said)
                break


def _match(view: View, workload: Workload, keys: Sequence[Told], said: Sequence[Told]) -> Match:
    dropped = _dropped(view, workload, keys)
    crossed = next(of_another(keys, said), None)
    shown = crossed or said[0]
    whose = "one of another pod's: " if crossed else ""
    others = behind(view, workload.ref, but=workload.ref)
    why = "each process makes a key of its own, and all that was signed before is refused"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", f"Pod/{keys[0].pod}", f"{len(keys)} pods tell so: {keys[0].line}", keys[0].at),
            Evidence(
                "logs", f"Pod/{shown.pod}", f"{len(said)} signatures are refused, {whose}{shown.line}", said[0].at
            ),
            *(Evidence("objects", workload.ref, f"released: {c.told()}", workload.released_at) for c in dropped[:1]),
        ),
        certainty=0.8 if crossed else 0.65,
        remedy="rollback_workload" if dropped else "",
        since=said[0].at,
        explains=others,
        excludes=(
            *not_for((workload.ref,), why, (*RESTARTS, "scale_workload")),
            *not_for(others, f"{workload.ref} refuses what its users show it", ("rollback_workload", *RESTARTS)),
        ),
    )


def _dropped(view: View, workload: Workload, keys: Sequence[Told]) -> tuple[Change, ...]:
    """Return the settings that a release dropped, that all its pods name as what they lack, and that are there yet."""
    newest = {pod.name for pod in workload.newest_pods()}
    if workload.returned or not releases(view, workload, KNOWN) or not all(each.pod in newest for each in keys):
        return ()  # pods of the template before sign for themselves as well
    gone = (change for change in workload.changed("env") if change.before and not change.after)
    return tuple(
        change
        for change in gone
        if (name := change.name)
        and all(_names(each.line, name) for each in keys)
        and _there(view, _entry(workload, change.container, name))
    )


def _names(line: str, variable: str) -> bool:
    """Tell whether a line names a variable, and not one whose name is longer, or what is called by such a word."""
    return re.search(rf"(?<!\w){re.escape(variable)}(?!\w)", line) is not None


def _entry(workload: Workload, container: str, variable: str) -> Mapping[str, Any]:
    """Return a variable of a container as the template before has it."""
    held = items(template_before(workload), "spec", "containers")
    named = (each for c in held if text(c, "name") == container for each in items(c, "env"))
    return next((each for each in named if text(each, "name") == variable), {})


def _there(view: View, entry: Mapping[str, Any]) -> bool:
    """Tell whether a variable has a value that is there yet: its own, or a key that one can see."""
    for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if taken := mapping(entry, "valueFrom", field):
            return taken.get("key") in mapping(view.objects(kind).get(str(taken.get("name")), {}), "data")
    return bool(text(entry, "value"))


RULE = Rule(
    name="each_signs_for_itself",
    title="Each process of a service signs with a key of its own and refuses what the others signed",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no several pods of a workload sign with a key each and refuse signatures",
)
