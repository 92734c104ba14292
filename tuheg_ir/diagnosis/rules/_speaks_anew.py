"""A host outside that a program never spoke with, nor any other here, and speaks with all the time since a moment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._altered import ours
from tuheg_ir.diagnosis.rules._planted import AT_ONCE
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.view.logs import heard_since, speaks_of, times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

SOON = timedelta(minutes=2)
"""Who takes something sends it off at once."""
QUIET = timedelta(minutes=5)
"""A log that goes back no farther does not tell that nobody was spoken with before."""
_LED_ON = "passthroughcluster"
"""Whom a proxy of Istio leads to without that the mesh knows him, in lower case."""
_FAR_END = late(rf"(?<![\d.]){PUBLIC}:\d{{1,5}}\b")
_NAME = late(
    r"\s(?P<last>(?:[\w-]{1,63}\.){1,8}[a-z]{2,20}) (?:-|[\w.-]{1,60})\s*$"
    r"|\"requested_server_name\": ?\"(?P<field>(?:[\w-]{1,63}\.){1,8}[a-z]{2,20})\""
)
"""By what name a client asked for the far end, as it ends the lines of such a proxy, or in a field."""
_KNOWN = late(
    r"(?:^|\.)(?:amazonaws|googleapis|azure|windows|microsoft|microsoftonline|npmjs|pypi|pythonhosted|github"
    r"|githubusercontent|gitlab|docker|quay|ghcr|rubygems|yarnpkg|maven|sentry|datadoghq|newrelic)\.(?:com|org|net|io)$",
    re.IGNORECASE,
)
"""Clouds, stores of packages, and those who count: libraries ask for them when they like."""


class _Way(NamedTuple):
    """A connection to a host outside that the mesh does not know: the pod, the host, and the line that tells it."""

    pod: str
    host: str
    line: str
    at: datetime


def speaks_anew(view: View, since: Mapping[str, datetime]) -> Evidence | None:
    """Return that pods speak over and over with a host outside just since then, as nobody did here before.

    ``since``: pod -> from when on.
    """
    ways = _ways(view)
    logs = {
        pod: heard_since(log for log in view.logs if log.pod == pod and speaks_of(log, (_LED_ON,))) for pod in since
    }
    for host in dict.fromkeys(each.host for each in ways if each.pod in since):
        told = [each for each in ways if each.host == host]
        if len(told) < OFTEN or not _of_these_alone(told, since) or _KNOWN.search(host) or ours(view, host):
            continue
        first = min(told, key=lambda each: each.at)
        begun, heard = since.get(first.pod), logs.get(first.pod)
        if begun and heard and heard <= first.at - QUIET and first.at <= begun + SOON:
            fact = (
                f"{len(told)} times since then it speaks with {host}, and nobody did before: {first.line.strip()[:240]}"
            )
            return Evidence("logs", f"Pod/{first.pod}", fact, first.at)
    return None


def _of_these_alone(told: Iterable[_Way], since: Mapping[str, datetime]) -> bool:
    """Tell whether only those pods speak so, and none did before."""
    return all(each.pod in since and each.at >= since[each.pod] - AT_ONCE for each in told)


@once_a_view
def _ways(view: View) -> tuple[_Way, ...]:
    """Return the connections to hosts outside that the mesh does not know, as all proxies tell them."""
    return tuple(
        _Way(log.pod, host, line, at)
        for log in view.logs
        if speaks_of(log, (_LED_ON,))
        for line, at in zip(log.lines, times_near(log.lines), strict=True)
        if at is not None and _LED_ON in line.lower() and (host := _host(line))
    )


def _host(line: str) -> str:
    """Return the name of the far end, or its address; "" where it is none outside."""
    end = _FAR_END.search(line)
    name = _NAME.search(line)
    return (name["last"] or name["field"]).lower() if end and name else end[0] if end else ""
