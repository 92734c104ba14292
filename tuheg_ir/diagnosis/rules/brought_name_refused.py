"""A release brought a name in its settings that who is asked by it refuses, or does not know.

A consumer's new group without a right to it, a model, a queue, an index or a tenant that is called otherwise there:
pods are ready, and tell at each try which name it is. The settings of before have the name that is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._onset import near, others_written
from tuheg_ir.diagnosis.rules._repeated import repeated
from tuheg_ir.diagnosis.rules._rights import KINDS
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.reading import written
from tuheg_ir.diagnosis.view.releases import release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, all_told
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_REFUSED = (
    r"not authorized|unauthorized|authorization|denied|forbidden|not allowed|not permitted|no permission|no grant"
    r"|(?:does not|doesn't) exist|not[ _]found|no such|unknown|unrecogni[sz]ed|invalid|unsupported|not supported"
)
"""Words of who will not have a name, or does not know it."""
_NAME = late(r"[A-Za-z][\w.:-]{5,80}")
_SPLIT = late(r"[\s,;|=/\"']+")
SEEN, UNSEEN = 0.75, 0.6
"""How sure it is where somebody suffers, and where nobody is seen to: workers are missed late."""
_DISTINCT = late(r"[-_.:\d]")
"""A name of several words, or with a number, is not in a line by chance."""


def when(view: View) -> Iterator[Match]:
    """Since a release the newest pods tell of a refusal again and again that quotes a name which came with it.

    Nothing was written then. Hosts are not meant: whether one answers is no matter of its name.
    """
    for workload in view.serving:
        for name, change in brought(workload) if not workload.returned else ():
            pattern = re.compile(rf"(?i)(?=.*(?:{_REFUSED})).*(?<![\w.-]){re.escape(name)}(?![\w-])")
            told = repeated(view, workload, pattern, (name.lower(),), OFTEN)
            if told is None or not since_release(workload, told.since):
                continue
            if any(near(at, told.since) for at in (*others_written(view), *_rights_written(view))):
                continue
            yield _match(view, workload, change, told.told(), all_told(view, workload.ref))
            break


def _rights_written(view: View) -> Iterator[datetime | None]:
    """Yield when what gives rights at a broker or a database, or makes a topic, was last written."""
    for kind in (*KINDS, "KafkaTopic"):
        yield from (written(each) for each in view.snapshot.of(kind))


def brought(workload: Workload) -> Iterator[tuple[str, Change]]:
    """Yield the names that a release's settings have and those before had not, each with the change that brought it."""
    for change in (*workload.changed("env"), *workload.changed("command")):
        if not change.before or any(hosts_in(change.name, change.after)):
            continue
        before = set(_SPLIT.split(change.before))
        for name in _SPLIT.split(change.after):
            if name not in before and _NAME.fullmatch(name) and _DISTINCT.search(name):
                yield name, change


def _match(view: View, workload: Workload, change: Change, told: Evidence, said: list[Evidence]) -> Match:
    return Match(
        component=workload.ref,
        evidence=(
            told,
            Evidence("objects", workload.ref, f"released: {change.told()}", workload.released_at),
            *(each for each in release_evidence(workload)[:1] if change.told() not in each.fact),
            *said[:2],
        ),
        certainty=SEEN if said else UNSEEN,
        since=told.time,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=excluding(workload.ref, "each start reads the same name", *RESTARTS, "scale_workload"),
    )


RULE = Rule(
    name="brought_name_refused",
    title="A release brought a name that who is asked by it refuses or does not know",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no refusals quote a name that came with a release's settings",
    follows=True,
)
