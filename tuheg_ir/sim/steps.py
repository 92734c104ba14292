"""What the steps of a scenario may say: each kind with its fields. Pure."""

from __future__ import annotations

from collections.abc import Mapping

# Kind of step -> the fields it needs, and those it may have besides.
_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "release": ((), ("service", "container", "image", "version", "env")),
    "client": (("name", "image"), ("env",)),
    "metrics": (("stop",), ()),
    "patch": (("kind", "name", "patch"), ("apiVersion",)),
    "delete": (("resource", "name"), ()),
}
_DEMAND = "load"  # path: requests a second; its fields are paths
KINDS = (*_FIELDS, _DEMAND)


def problem(step: object) -> str:
    """Return what is wrong with a step ("" when nothing is), as the end of a sentence about `break`."""
    if not isinstance(step, Mapping) or len(step) != 1 or next(iter(step)) not in KINDS:
        return f"has a step that is none: {step!r}"
    ((kind, value),) = step.items()
    if not isinstance(value, Mapping):
        return f"has a {kind} that is no mapping: {value!r}"
    return _demand_problem(value) if kind == _DEMAND else _field_problem(kind, value)


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
    no_mapping = [name for name in ("env", "patch") if not isinstance(value.get(name, {}), Mapping)]
    return f"has a {kind} whose {no_mapping[0]} is no mapping" if no_mapping else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
