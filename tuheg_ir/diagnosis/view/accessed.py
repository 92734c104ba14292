"""Lines of access logs among those of a trouble: the hosts in them are where users come from, not whom one asks."""

from __future__ import annotations

from collections.abc import Collection

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.view import View

_ACCESS = late(r'"(?:GET|POST|PUT|DELETE|HEAD|PATCH|OPTIONS) \S+ HTTP/\d')


def not_of_users(view: View, hit: Hit, hosts: Collection[str]) -> tuple[str, ...]:
    """Return those of a trouble's hosts that other lines name than those of access logs.

    Who passes an error on tells of both: whom it asked in vain, and whom it had to answer so.
    """
    if not hosts or not _ACCESS.search(hit.line):
        return tuple(hosts)
    lines = {line for log in view.logs_with(hit) for line in log.lines if not _ACCESS.search(line)}
    asked = ((line, set(hosts).intersection(hosts_named([line]))) for line in lines)
    named = {host for line, found in asked if found and tells(hit.trouble, line) for host in found}
    return tuple(host for host in hosts if host in named)
