"""A store runs out of memory since a release of one client, for each of whose requests it keeps something more.

A new producer, session or queue for each piece of work costs the store some bytes that it keeps for hours. It ends long
after the release, with all its replicas, and reads what it has kept again as it starts. A cache starts empty, and is
filled again and again by keys to which nobody gives a lifetime any more.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._filled_by import Filled, filled_by
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_AGAIN = (*RESTARTS, "scale_workload")
_ON_STORE = (*_AGAIN, "rollback_workload", "scale_database")


def when(view: View) -> Iterator[Match]:
    """A store ends for want of memory, and what it keeps grew since the release of one client."""
    for store in of_role(view.workloads, *DATA):
        if (found := filled_by(view, store)) is not None:
            yield _match(view, store, found)


def _match(view: View, store: Workload, found: Filled) -> Match:
    client = found.client
    suffer = behind(view, store.ref, but=client.ref)
    shown = tuple(each.shown() for each in (found.made, found.kept) if each is not None)
    return Match(
        component=client.ref,
        evidence=(*shown, *release_evidence(client, "image", "env"), *found.ended[:3]),
        certainty=found.certainty,
        root_cause=cause_of_release(client),
        since=found.since,
        explains=suffer,
        excludes=(
            *not_for((client.ref,), "new pods make as many again", _AGAIN),
            *not_for((store.ref,), f"it fills with what {client.ref} makes, and keeps it", _ON_STORE),
            *not_for((ref for ref in suffer if ref != store.ref), f"{store.ref} ends for what {client.ref} makes"),
        ),
    )


RULE = Rule(
    name="memory_filled_by_clients",
    title="A store runs out of memory since a client's release, for which it keeps something more each time",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no store that ends for want of memory filled since the release of one client alone",
)
