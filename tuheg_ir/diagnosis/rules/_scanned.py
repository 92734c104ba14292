"""A scanner knocked: whether all that was turned away is its own, and nothing let it in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.view import View

MANY = 10
"""So many such requests make a scan; a few come every hour."""
OTHERS = 0.1
"""Share of what was turned away, and of what all others asked for, that is an ordinary share of mistakes."""
SERVED = 5
"""So many requests of others that were answered show that they are served."""
_WEAK = late(
    r"/\.(?:env|git|aws|svn|hg|ssh|vscode|idea|htaccess|htpasswd|docker)\b|/wp-(?:login|admin|content|includes)"
    r"|/(?:xmlrpc|phpinfo|wlwmanifest|eval-stdin)\.(?:php|xml)|/(?:phpmyadmin|pma|adminer)\b|/vendor/phpunit"
    r"|/cgi-bin/|/actuator/(?:env|heapdump|gateway|jolokia)|/server-status|/solr/admin|/owa/auth|/manager/html"
    r"|/(?:HNAP1|boaform|GponForm|telescope|_profiler|geoserver|autodiscover)\b"
    r"|/(?:backup|dump|db|database|site|www)\.(?:sql|zip|bak|tar|rar|7z|gz)|/etc/passwd",
    re.IGNORECASE,
)
"""Paths that are asked for everywhere to find who left something open."""
_PLAIN = late(
    r"(?:GET|HEAD) /(?:robots\.txt|favicon\.ico|sitemap\.xml|(?:\.well-known/)?security\.txt)?(?:\?\S*)?[\s\"]"
)
"""What everybody may see."""
_LET_IN = late(
    r"type=\"?LOGIN\b|Accepted (?:password|publickey)|logged in\b"
    r"|(?:log[ _-]?[io]n|sign[ _-]?in|authentication)[ _:]+(?:was )?(?:succe|ok\b)",
    re.IGNORECASE,
)
_ADDRESS = late(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}"
    r"|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6})(?![\w.])",
    re.IGNORECASE,
)


def scanned(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Whoever was turned away knocked at weak places; all others are served, and nothing let the scanner in."""
    workload = view.workloads.get(ref)
    logs = view.logs_of(workload.pods) if workload else ()
    asked = [(line, status) for log in logs for line in log.lines if (status := status_of(line))]
    knocks = [(line, status) for line, status in asked if weak_place(line)]
    scanners = {_from(line) for line, _ in knocks} - {""}
    if len(knocks) < MANY or not all(400 <= status < 500 for _, status in knocks):
        return None
    others = [status for line, status in asked if _from(line) not in scanners and not weak_place(line)]
    away = sum(400 <= status < 500 for _, status in asked)
    astray = sum(status >= 400 for status in others)
    served = len(others) - astray
    if served < SERVED or astray > OTHERS * min(away, len(others)) or view.hits_of(ref, "intrusion"):
        return None
    if _let_in(scanners, (line for log in view.snapshot.logs for line in log.lines)):
        return None
    told = f"{away - astray} of {away} requests that were turned away were a scanner's, {served} others were answered"
    return Evidence("logs", ref, f"{alert.name} fires; {told}")


def weak_place(line: str) -> str:
    """Return what a line names that is asked for to find who left something open, or "an attack"; "" for none."""
    found = _WEAK.search(line[:1000])
    return found[0] if found else "an attack" if tells("attack_attempt", line) else ""


def _from(line: str) -> str:
    """Return the first address in a line, that of who asks; "" if it has none."""
    found = _ADDRESS.search(line[:1000])
    return found[0] if found else ""


def _let_in(scanners: set[str], lines: Iterable[str]) -> bool:
    """Tell whether any log of the namespace tells that a scanner got more than what everybody may see."""
    own = (line for line in lines if _from(line) in scanners)
    return any(_LET_IN.search(line) or (200 <= status_of(line) < 400 and not _PLAIN.search(line)) for line in own)
