"""Which directory (LDAP) a workload asks, by settings, and which lines speak of one without its name.

Client libraries tell what they waited for, and below which entry, but not whom they asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.object_stores import store_asked
from tuheg_ir.diagnosis.view.once import once, once_a_view
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WAYS = ("connection_", "upstream_")
"""Beginnings of the troubles of a way to somebody."""
_SPOKEN_OF = late(
    r"\bLDAP (?:response|connection|server|search|bind|query|operation|request|result code)\b|\bjndi\.ldap\b"
    r"|\bLDAP(?:Socket|Session|Response|Bind|Operation)?\w{0,30}(?:Error|Exception)\b|\bldap3\.core\b|\bunboundid\b"
    r"|\bldap\.(?:SERVER_DOWN|TIMEOUT|UNAVAILABLE|BUSY)\b|\bldap_\w{1,30}\(\)|\bNet::LDAP\b|\bldap: |\bldapjs\b"
    r"|\bjavax\.naming\.\w{1,60}Exception\b.{0,200}\b(?:ou|dc|cn|o)=",
    re.IGNORECASE,
)
"""How client libraries in several languages tell that they asked a directory for something."""
_URL = late(r"\bldaps?://([a-z0-9][a-z0-9.-]*[a-z0-9])", re.IGNORECASE)
_NAMED = late(r"(?:^|[_.-])ldap[_.-]?(?:\w{1,30}[_.-])?(?:host(?:name)?|servers?|addr(?:ess)?)$", re.IGNORECASE)
"""Names of variables that hold the address of a directory without a scheme."""


_BASE = late(r"\bdc=[\w-]{1,63}(?:, ?dc=[\w-]{1,63}){1,6}", re.IGNORECASE)
"""Below what a directory keeps its entries: no two of a company have the same."""


def asked_by_kind(view: View, hit: Hit) -> tuple[str, ...]:
    """Return the object store or directory that a line speaks of without its name, if it can mean but one."""
    return store_asked(view, hit) or directory_asked(view, hit)


def directory_asked(view: View, hit: Hit) -> tuple[str, ...]:
    """Return the one directory that a line speaks of without its name; () if it may be another.

    It is that in the workload's own settings. A program that has it in its database names at least the entries that it
    looked for, and others may be told where those are.
    """
    workload = view.workloads.get(hit.component)
    if workload is None or not hit.trouble.startswith(_WAYS) or not _SPOKEN_OF.search(hit.line):
        return ()
    found = _of_its_own(view, workload) or {
        host for base in _bases([hit.line]) for host in _by_base(view).get(base, ())
    }
    return tuple(found) if len(found) == 1 else ()


@once
def _of_its_own(view: View, workload: Workload) -> frozenset[str]:
    return frozenset(_hosts(view.graph.settings(workload)))


@once_a_view
def _by_base(view: View) -> dict[str, set[str]]:
    """Return base -> the directories that are named beside it, in a workload's settings or in a ConfigMap."""
    told = [list(view.graph.settings(each)) for each in view.workloads.values()]
    maps = (mapping(each, "data").items() for each in view.snapshot.of("ConfigMap"))
    found: dict[str, set[str]] = {}
    for settings in (*told, *([(str(key), str(value)) for key, value in each] for each in maps)):
        if hosts := _hosts(settings):
            for base in _bases(value for _, value in settings):
                found.setdefault(base, set()).update(hosts)
    return found


def _hosts(settings: Iterable[tuple[str, str]]) -> set[str]:
    """Return the hosts in some settings that are told as those of a directory."""
    found = set[str]()
    for key, value in settings:
        found |= {each[1].lower() for each in _URL.finditer(value)}
        if _NAMED.search(key) and "://" not in value:
            found |= hosts_in(key, value)
    return found


def _bases(texts: Iterable[str]) -> set[str]:
    return {found[0].replace(" ", "").lower() for text in texts for found in _BASE.finditer(text)}
