"""For how long a proxy keeps a connection to a server that it does not use, as a ConfigMap of its says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.rules._edge_limit import maps_of
from tuheg_ir.diagnosis.view.reading import last_write, mapping, moment, name, writers
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.diagnosis.writers import fields
from tuheg_ir.named import NamedTuple

_KEEPS = late(
    r"(?P<name>[\w.-]{0,40}?(?:(?:upstream|backend|server)[\w.-]{0,12}?keep[_-]?alive[_-]?(?:idle[_-]?)?time[_-]?out"
    r"|idle[_-]?conn(?:ection)?s?[_-]?time[_-]?out|max[_-]?idle[_-]?time|free[_-]?socket[_-]?time[_-]?out"
    r"|pool[_-]?purge[_-]?delay))\b[\"']?\s{0,4}[=: ]\s{0,4}[\"']?(?P<number>\d{1,9})\s?(?P<unit>ms|s|m|h)?(?![\w.])",
    re.IGNORECASE,
)
"""How proxies are told it, in their own words: `upstream-keepalive-timeout`, `idleConnTimeout: 5m`, `max-idle-time`.

A longer number is no time.
"""
_NAMED = late(r"(?P<name>\bkeepalive_timeout)\s{1,4}(?P<number>\d{1,9})(?P<unit>ms|s|m|h)?\s{0,4};", re.IGNORECASE)
_OF_SERVERS = late(r"\bupstream\s{1,4}[\w.-]{1,80}\s{0,4}\{(?P<body>[^}]{0,4000})\}")
"""In a configuration of nginx the same word is of its users, but for where it names servers."""
_OF_OTHERS = late(r"(?<![a-z])(?:db|sql|database|redis|mongo|grpc|session)", re.IGNORECASE)
"""Words for connections that are no requests to a server."""
_KEY = late(r"[\w.-]{1,60}")
"""The name of one setting; names of files end like these."""
_FILE = late(r"\.(?:conf|cfg|ya?ml|json|toml|properties|tmpl|ini|js|lua)$")
_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_THOUSANDTHS = 3000
"""So large a number without a unit is in thousandths of a second."""


class Kept(NamedTuple):
    """A ConfigMap that was written, when, its setting, and the seconds that it says: None where nobody sees them.

    ``alone``: this setting was written, and no file that holds others as well.
    """

    ref: str
    at: datetime
    label: str
    seconds: float | None
    alone: bool


def kept_idle(view: View, edge: Workload, began: datetime) -> Kept | None:
    """Return the one such setting of an edge's ConfigMaps that was written right before a trouble began."""
    found = []
    for obj in maps_of(view, edge):
        at = edited(obj)
        if at is not None and soon_after(began, at) and (kept := _written(obj, at)):
            found.append(kept)
    unlike = list(dict.fromkeys(found))
    return unlike[0] if len(unlike) == 1 else None


def _written(obj: Obj, at: datetime) -> Kept | None:
    """Return the setting of that time that was written last; of several the longest."""
    data, wrote = mapping(obj, "data"), keys_written(obj)
    ref = f"ConfigMap/{name(obj)}"
    for key in wrote:
        if key in data and not _FILE.search(key) and _is_of_time(key):
            seconds = _times(f"{key}={data[key]}")
            return Kept(ref, at, key, max(seconds.values(), default=None), alone=True)
    # Where nobody tells which keys were written all of them may have been.
    times = _times("\n".join(f"{key}={data[key]}" for key in wrote or data if key in data))
    label = max(times, key=lambda each: times[each], default="")
    return Kept(ref, at, label, times[label], alone=False) if label else None


def keys_written(obj: Obj) -> tuple[str, ...]:
    """Return the keys of a ConfigMap that were written last; none where nobody tells."""
    last = next((each for each in writers(obj) if moment(each, "time") == last_write(obj)), {})
    return tuple(each.removeprefix("data.") for each in fields(last))


def _is_of_time(key: str) -> bool:
    return bool(_KEY.fullmatch(key)) and bool(_times(f"{key}=1"))


def _times(said: str) -> Mapping[str, float]:
    """Return the settings of that time in a text, and their seconds."""
    found = [*_KEEPS.finditer(said)]
    for servers in _OF_SERVERS.finditer(said):
        found += _NAMED.finditer(servers["body"])
    return {
        each["name"]: int(each["number"]) * _unit(int(each["number"]), each["unit"])
        for each in found
        if not _OF_OTHERS.search(each["name"])
    }


def _unit(number: int, unit: str | None) -> float:
    return _S[unit.lower()] if unit else 0.001 if number >= _THOUSANDTHS else 1.0
