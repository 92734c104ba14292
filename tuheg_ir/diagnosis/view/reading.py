"""Small, forgiving reads of raw objects: whatever a field holds, nothing here raises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tuheg_ir.diagnosis.writers import notes_alone

_LONG = 100_000
"""No name, message or value is longer than this; what is longer is cut."""
_LISTS = (list, tuple)
_MAPPINGS = (dict, Mapping)
"""Nearly all are of the first; asking the second takes ten times as long."""
_NESTED = _MAPPINGS + _LISTS


def at(thing: Any, *path: str | int) -> Any:
    """Return what lies at a path of keys and indices; None where there is nothing."""
    for step in path:
        if type(thing) is dict:  # nearly always; a number is no key of an object
            thing = thing.get(step)
        elif isinstance(step, int):
            thing = thing[step] if isinstance(thing, _LISTS) and -len(thing) <= step < len(thing) else None
        else:
            thing = thing.get(step) if isinstance(thing, _MAPPINGS) else None
        if thing is None:
            return None
    return thing


def mapping(thing: Any, *path: str | int) -> Mapping[str, Any]:
    """Return the mapping at a path; an empty one where there is none."""
    found = at(thing, *path)
    return found if isinstance(found, _MAPPINGS) else {}


def items(thing: Any, *path: str | int) -> list[Mapping[str, Any]]:
    """Return the mappings of a list at a path."""
    found = at(thing, *path)
    return [each for each in found if isinstance(each, _MAPPINGS)] if isinstance(found, _LISTS) else []


def text(thing: Any, *path: str | int) -> str:
    """Return the text at a path; "" where there is none."""
    found = at(thing, *path)
    if isinstance(found, str):
        return found[:_LONG]
    return "" if found is None or isinstance(found, _NESTED) else str(found)[:_LONG]


def outer_addresses(obj: Any) -> frozenset[str]:
    """Return the addresses outside, IP or host name, that a Service or an Ingress was given."""
    told = items(obj, "status", "loadBalancer", "ingress")
    return frozenset({text(each, "ip") or text(each, "hostname") for each in told} - {""})


def whole(thing: Any, *path: str | int) -> int:
    """Return the whole number at a path; 0 where there is none."""
    found = at(thing, *path)
    try:
        return int(found) if isinstance(found, (int, float, str)) else 0
    except (TypeError, ValueError, OverflowError):
        return 0


def moment(thing: Any, *path: str | int) -> datetime | None:
    """Return the time at a path, in UTC."""
    return parse_moment(at(thing, *path))


def parse_moment(value: Any) -> datetime | None:
    """Return an RFC 3339 text, or what YAML made of one, as a time in UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def name(obj: Any) -> str:
    """Return an object's name."""
    return text(obj, "metadata", "name")


def noted(obj: Any) -> str:
    """Return what a release is called by who made it, as its workload and its revision keep that; "" for no word."""
    return text(obj, "metadata", "annotations", "kubernetes.io/change-cause")


def ref(obj: Any) -> str:
    """Return Kind/name."""
    return f"{text(obj, 'kind')}/{name(obj)}"


def labels(obj: Any) -> Mapping[str, str]:
    """Return an object's labels."""
    return mapping(obj, "metadata", "labels")


def created(obj: Any) -> datetime | None:
    """Return when an object was made."""
    return moment(obj, "metadata", "creationTimestamp")


def written(obj: Any) -> datetime | None:
    """Return when an object's content was last written, as far as managedFields tell; else when it was made."""
    return last_write(obj) or created(obj)


def last_write(obj: Any) -> datetime | None:
    """Return when an object's content was last written; None where no managedFields tell."""
    return newest(moment(each, "time") for each in writers(obj))


def writers(obj: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of managedFields of who wrote an object's content: not its status, nor only its notes."""
    kind = text(obj, "kind")
    for each in items(obj, "metadata", "managedFields"):
        if text(each, "subresource") != "status" and not notes_alone(kind, each):
            yield each


def selects(selector: Any, found: Mapping[str, Any]) -> bool:
    """Tell whether a plain map of labels selects an object with these labels; an empty one selects nothing."""
    return isinstance(selector, Mapping) and bool(selector) and all(found.get(k) == v for k, v in selector.items())


def label_selector(selector: Any, found: Mapping[str, Any]) -> bool:
    """Tell whether a LabelSelector selects labels; an empty one selects everything."""
    if any(found.get(key) != value for key, value in mapping(selector, "matchLabels").items()):
        return False
    return all(_expression(each, found) for each in items(selector, "matchExpressions"))


def _expression(each: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    key, operator, values = text(each, "key"), text(each, "operator"), at(each, "values")
    there = found.get(key) in values if isinstance(values, list | tuple) else False
    decided = {"In": there, "NotIn": not there, "Exists": key in found, "DoesNotExist": key not in found}
    return decided.get(operator, False)


def newest(times: Iterable[datetime | None]) -> datetime | None:
    """Return the latest of the times that are known."""
    return max((time for time in times if time is not None), default=None)


def oldest(times: Iterable[datetime | None]) -> datetime | None:
    """Return the earliest of the times that are known."""
    return min((time for time in times if time is not None), default=None)
