"""What shows that somebody with a stolen login put a script of his own into the pages of a site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SCRIPT = late(r"<script\b[^>]{0,200}?\bsrc\s*=[\s\"'\\]*(?:https?:)?//([\w-]+(?:\.[\w-]+)+)", re.IGNORECASE)
_SAVED = late(r"\b(?:saved?|updated?|edit(?:ed)?|changed?|modified|inserted|added|published|created)\b", re.IGNORECASE)
_NOT_TAKEN = late(
    r"\b(?:blocked|denied|rejected|refused|escaped|stripped|sanitized?|violat\w+|csp|waf|modsecurity)\b|"
    r"\b(?:GET|POST|PUT|PATCH|HEAD|OPTIONS) \S.* HTTP/[123]",
    re.IGNORECASE,
)
"""A script in a request is anybody's attempt; one that was turned away stands in no page."""
_LOGIN = late(
    r"\blog(?:ged)?[ _-]?(?:in|on)\b|\bsign(?:ed)?[ _-]?in\b|\bauthenticated\b|\bsession (?:opened|started)",
    re.IGNORECASE,
)
_FAILED = late(r"fail|denied|invalid|refused|wrong|result=(?!ok|success)", re.IGNORECASE)
_SCRIPTED = late(
    r"python-(?:requests|urllib|httpx)|\bcurl/|\bwget/|go-http-client|aiohttp|okhttp|libwww|headlesschrome|phantomjs",
    re.IGNORECASE,
)
"""Agents that no person edits pages with."""
_STRANGE = late(
    r"(?:new|unknown|unusual|unrecogni[sz]ed) (?:device|location|ip|address|country|browser)|impossible travel|"
    r"first (?:login|time|seen) from|anomal",
    re.IGNORECASE,
)
_BEFORE = late(r"\b(?:last|previous|usual)\b.{0,80}", re.IGNORECASE)
_PUBLIC = late(rf"(?<![\d.]){PUBLIC}")
_UNKNOWN = late(
    r"csp|content.?security|blocked|violat|unknown|unexpected|not (?:known|allowed)|\bnew\b|changed", re.IGNORECASE
)


def altered(view: View, workload: Workload) -> Iterator[tuple[float, Evidence]]:
    """Yield a script that was put into a page from outside, who complains of it since, and whose login it was.

    A script of a new host alone may be somebody's new counter of visitors.
    """
    lines = [(f"Pod/{log.pod}", line) for log in view.logs_of(workload.pods) for line in log.lines]
    for pod, line in lines:
        script = _SCRIPT.search(line) if "<script" in line.lower() else None
        by = _PUBLIC.search(_SCRIPT.sub("", line)) if script else None
        if script is None or by is None or not _SAVED.search(line) or _NOT_TAKEN.search(line):
            continue
        host, when = script[1].lower(), stamp(line)
        if ours(view, host) or when is None:
            continue
        yield 0.25, Evidence("logs", pod, f"a script of {host} was put into a page from {by[0]}: {line}", when)
        if (told := _missed(view, workload, host, when)) is not None:
            yield 0.25, told
        login = next((each for each in lines if by[0] in ADDRESS.findall(each[1]) and _odd_login(each[1], when)), None)
        if login is not None:
            yield 0.3, Evidence("logs", login[0], f"whose login is odd: {login[1][:240]}", stamp(login[1]))
        return


def ours(view: View, host: str) -> bool:
    """Tell whether a host is one of the site's own, or its settings name it."""
    ways = {text(rule, "host").lower() for obj in view.snapshot.of("Ingress") for rule in items(obj, "spec", "rules")}
    if any(way and _domain(way) == _domain(host) for way in ways):
        return True
    known = [obj.get("data") for obj in view.snapshot.of("ConfigMap")]
    known += [workload.template for workload in view.workloads.values()]
    return any(host in f"{each}".lower() for each in known)


def _domain(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def _missed(view: View, workload: Workload, host: str, since: datetime) -> Evidence | None:
    """Return that somebody else does not know a host that pages ask for since an edit; None: nobody says so."""
    mine = {pod.name for pod in workload.pods}
    for log in view.snapshot.logs:
        found = (
            [line for line in log.lines if host in line.lower() and _UNKNOWN.search(line)]
            if log.pod not in mine
            else []
        )
        first = stamp(found[0]) if found else None
        if first is not None and first >= since:
            return Evidence("logs", f"Pod/{log.pod}", f"{len(found)} lines: {found[0][:240]}", first)
    for alert in view.alerts:
        if names(alert.said, host) and alert.starts_at is not None and alert.starts_at >= since:
            return alert.fires(workload.ref)
    return None


def _odd_login(line: str, before: datetime) -> bool:
    """Tell whether a line tells of a login that went well and that its owner would hardly have made so."""
    at = stamp(line)
    if at is None or at > before or not _LOGIN.search(line) or _FAILED.search(line):
        return False
    usual = _BEFORE.search(line)
    from_home = any(not _PUBLIC.fullmatch(address) for address in ADDRESS.findall(usual[0])) if usual else False
    return bool(_SCRIPTED.search(line) or _STRANGE.search(line) or from_home)
