"""The gateway by which calls leave the cluster has no ports left: its figures, a log of it or an alert say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL, Complaint
from tuheg_ir.diagnosis.view.logs import lines_told
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View

LATELY = timedelta(minutes=15)
"""What a cloud counts is known minutes later, and not each minute has a packet that falls."""
_REFUSED = "nat_ports_refused"
_SAID = late(
    r"\bS?NAT\b[\w -]{0,40}\bports?\b(?! ?(?:near|soon|almost|about))[\w ]{0,16}(?:exhaust|used up|depleted)"
    r"|\bS?NAT\b[\w -]{0,40}\bports? allocation (?:error|fail)"
    r"|(?:exhaust\w*|out of|no (?:more |free )?)(?: available)? (?:source )?S?NAT (?:source )?ports?\b"
    r'|No mapping for NAT masquerade|\bErrorPortAllocation\b|"allocation_status": ?"DROPPED"',
    re.IGNORECASE,
)
"""How gateways, what looks at their packets and alerts tell of it."""
_LOST = ("connection_timeout", "connection_reset")
"""What falls unseen is late, and clients call it broken when they try again."""
_WORDS = late(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where the words of an alert's name meet."""
_TAKEN = late(r"\bread tcp\b|\bRead timed out|ReadTimeout|awaiting headers", re.IGNORECASE)
"""Whoever waits for an answer has a connection, and with it a port."""


@once_a_view
def no_ports_left(view: View) -> tuple[Evidence, ...]:
    """Return that a gateway for addresses lets connections fall for want of a port, as one of them says."""
    return (*_counted(view), *_logged(view), *_alerted(view))


def falls_on_our_way(view: View, said: list[Complaint]) -> bool:
    """Tell whether all that is said against a host outside is that none of its answers come, amid a want of ports."""
    lost = all(each.hit.trouble in _LOST and not _TAKEN.search(each.hit.line) for each in said)
    late = any(each.hit.trouble == "connection_timeout" for each in said)
    return late and lost and bool(no_ports_left(view))


def _counted(view: View) -> Iterator[Evidence]:
    most = view.figures.peak(_REFUSED, view.now - LATELY)
    if most:
        # A cloud counts for each minute anew: the minutes between in which nothing falls are no end of it.
        since = view.figures.first_beyond(_REFUSED, 0.0)
        yield Evidence("metrics", "NAT", f"its gateway has no port left: {most:.0f} lost at once", since)


def _logged(view: View) -> Iterator[Evidence]:
    for log in view.snapshot.logs:
        lines = [line for line in log.lines if _SAID.search(line)] if not log.previous else []
        times = [at for line in lines if (at := stamp(line))]
        if times and view.recent(max(times), STILL):
            yield lines_told(log.pod, len(lines), lines[-1], oldest(times))


def _alerted(view: View) -> Iterator[Evidence]:
    for alert in view.alerts:
        if _SAID.search(alert.said) or _SAID.search(_WORDS.sub(" ", alert.said)):
            yield alert.fires("NAT", f": {alert.said[:160]}")
