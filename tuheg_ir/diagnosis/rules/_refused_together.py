"""Who is refused sessions by a full database together with others: a release of one of them may be innocent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._sessions import label_of
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN, measured
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY, JUST = timedelta(hours=2), timedelta(minutes=5)
"""A release so young may be the reason; refusals so near to a trouble are what it is."""
TAKEN = timedelta(minutes=10)
"""A release that takes all sessions sooner than this takes them by itself, whoever is refused after it."""
_OF_ONE_USER = late(r"connection limit exceeded for|max_user_connections|\bper.?user", re.IGNORECASE)
"""How a database tells that one user has his share: it is not full."""
_COUNTS = ("db_connections", "db_connections_by_state", "db_connections_by_client")


class _Refused(NamedTuple):
    """Who is refused sessions again and again by which database, since when."""

    client: Workload
    about: str
    at: datetime


def refused_with_others(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether it fails since a full database refuses it sessions, and as early one that was not released."""
    return any(other.at <= mine.at + MINUTE for mine, other in _together(view, workload, began))


def refused_as_others(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell the same where only logs tell: the other one may come later where nobody measures who was first.

    Not where a release was refused within minutes: what takes all sessions so soon is the release.
    """
    at = workload.released_at
    first = oldest(each.at for each in _refused(view) if each.client is workload)
    sooner = first is None or at is None or first - at < TAKEN
    return any(
        other.at <= mine.at + (MINUTE if sooner or _measured(view, workload, mine.about) else LATELY)
        for mine, other in _together(view, workload, began)
    )


def _measured(view: View, workload: Workload, about: str) -> bool:
    """Tell whether figures tell of a workload's errors, or of a database's sessions."""
    counted = any(label_of(view, signal, about) for signal in _COUNTS)
    return counted or measured(view, workload) or any(each.ref == about for each in view.databases)


def _together(view: View, workload: Workload, began: datetime | None) -> Iterator[tuple[_Refused, _Refused]]:
    """Yield what a workload is refused about when it began to fail, with what one is that was not released."""
    often = list(_refused(view)) if began is not None else []
    mine = [each for each in often if each.client is workload and began and abs(each.at - began) <= JUST]
    others = [each for each in often if each.client is not workload and not since_release(each.client, each.at, LATELY)]
    yield from ((each, other) for each in mine for other in others if each.about == other.about)


def _refused(view: View) -> Iterator[_Refused]:
    refused: dict[tuple[str, str], list[Complaint]] = {}
    for each in complaints(view, "database_full"):
        if each.caller in view.workloads and each.about and not _OF_ONE_USER.search(each.hit.line):
            refused.setdefault((each.caller, each.about), []).append(each)
    for (caller, about), found in refused.items():
        if sum(each.hit.count for each in found) >= OFTEN:
            yield from (_Refused(view.workloads[caller], about, each.hit.first) for each in found if each.hit.first)
