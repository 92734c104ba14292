"""What the steps of a scenario may say: each kind with its fields. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

LONGEST_MIN = 24 * 60  # the simulation lives through all of it before it starts

# Kind of step -> the fields it needs, and those it may have besides.
_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "release": ((), ("service", "container", "image", "version", "env")),
    "client": (("name", "image"), ("env",)),
    "metrics": (("stop",), ()),
    "patch": (("kind", "name", "patch"), ("apiVersion",)),
    "delete": (("resource", "name"), ()),
    "wait": (("minutes",), ()),
}
_DEMAND = "load"  # path: requests a second; its fields are paths
_OBJECT = "apply"  # an object; its fields are the cluster's own
KINDS = (*_FIELDS, _DEMAND, _OBJECT)


def problem(step: object) -> str:
    """Return what is wrong with a step ("" when nothing is), as the end of a sentence about `break`."""
    if not isinstance(step, Mapping) or len(step) != 1 or next(iter(step)) not in KINDS:
        return f"has a step that is none: {step!r}"
    ((kind, value),) = step.items()
    if not isinstance(value, Mapping):
        return f"has a {kind} that is no mapping: {value!r}"
    if kind == _DEMAND:
        return _demand_problem(value)
    return _object_problem(value) if kind == _OBJECT else _field_problem(kind, value)


def waited(steps: Iterable[Mapping[str, Mapping[str, object]]]) -> float:
    """Return the minutes that pass between steps."""
    minutes = [step["wait"]["minutes"] for step in steps if "wait" in step]
    return sum(float(each) for each in minutes if isinstance(each, int | float))


def _object_problem(value: Mapping[str, object]) -> str:
    meta = value.get("metadata")
    named = isinstance(meta, Mapping) and isinstance(meta.get("name"), str)
    whole = named and all(isinstance(value.get(name), str) for name in ("apiVersion", "kind"))
    return "" if whole else "has an apply without apiVersion, kind and metadata.name"


def _demand_problem(value: Mapping[str, object]) -> str:
    wrong = [f"{path}: {rate!r}" for path, rate in value.items() if not _is_number(rate)]
    return f"has a load that is not in requests a second: {', '.join(wrong)}" if wrong else ""


def _field_problem(kind: str, value: Mapping[str, object]) -> str:
    needed, may = _FIELDS[kind]
    missing = [name for name in needed if name not in value]
    unknown = [str(name) for name in value if name not in (*needed, *may)]
    if missing:
        return f"has a {kind} without {' and '.join(missing)}"
    if unknown:
        return f"has a {kind} with {', '.join(unknown)}, which it does not know"
    if kind == "wait" and not (_is_number(value["minutes"]) and 0 <= float(str(value["minutes"])) <= LONGEST_MIN):
        return f"has a wait of {value['minutes']!r} minutes; it may be 0 to {LONGEST_MIN}"
    no_mapping = [name for name in ("env", "patch") if not isinstance(value.get(name, {}), Mapping)]
    return f"has a {kind} whose {no_mapping[0]} is no mapping" if no_mapping else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
