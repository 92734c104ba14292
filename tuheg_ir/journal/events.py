"""The schema of events: which kinds there are and what the ``data`` of each holds.

Every class is a TypedDict: build data by calling it, ``Intent(key=..., rung=..., ...)``. Fields
marked NotRequired may be missing. Further fields are kept as they are; a missing or mistyped one
of those named here is refused when the event is written.

Words: ``status`` is ``healed | nothing_to_do | planned | not_healed | unknown | refused | error``;
``verdict`` of an action is ``healed | not_healed | unknown``, of a look ``healthy | unhealthy |
unknown``. ``key`` is ``<incident>/<attempt>/<rung>``. Times inside data are ISO 8601 in UTC.
"""

# No `from __future__ import annotations` here: it hides NotRequired from __required_keys__.
import re
import typing
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, TypedDict, get_args, get_origin

from tuheg_ir.errors import UsageError
from tuheg_ir.journal.model import Opening

Verdict = Literal["healed", "not_healed", "unknown"]
LookVerdict = Literal["healthy", "unhealthy", "unknown"]
Status = Literal["healed", "nothing_to_do", "planned", "not_healed", "unknown", "refused", "error"]


# ``class`` is a Python keyword, so this one field needs the functional form.
_Classed = TypedDict("_Classed", {"class": NotRequired[str]})


class IncidentOpened(TypedDict):
    """``incident_opened``: the first event of an incident. ``fault`` may be empty."""

    uid: str
    cluster: str
    service: str
    fault: str
    severity: str
    drill: bool


class IncidentChanged(TypedDict):
    """``incident_changed``: a person or a rule states something; at least one besides ``reason``.

    ``impact`` and ``users`` are free text (``~10%``), ``expected_recovery`` is ISO 8601.
    """

    reason: str
    severity: NotRequired[str]
    fault: NotRequired[str]
    attempt: NotRequired[int]
    impact: NotRequired[str]
    users: NotRequired[str]
    expected_recovery: NotRequired[str]
    owner: NotRequired[str]
    closed: NotRequired[bool]


class RunStarted(TypedDict):
    """``run_started``: a playbook is about to start. ``extra_vars`` without secrets.

    ``pid`` and ``start_time`` are those of the writer (the wrapper, or ansible-playbook). Written
    twice for one run (wrapper, then playbook), the first one counts.
    """

    playbook: str
    service: str
    attempt: NotRequired[int]
    check: NotRequired[bool]
    fault: NotRequired[str]
    severity: NotRequired[str]
    pid: NotRequired[int]
    start_time: NotRequired[float]
    extra_vars: NotRequired[dict[str, Any]]


class ProcessStarted(TypedDict):
    """``process``: a process that acts for the run; a resume waits for it or ends it."""

    pid: int
    start_time: float


class Look(TypedDict):
    """``look``: the state of a service was judged.

    ``probes`` are ``{service, name, purpose, verdict, reason, ...}``, ``rollout`` is ``{verdict,
    reason, ...}``. ``when`` is ``before`` or ``after`` (an action).
    """

    service: str
    verdict: LookVerdict
    reason: NotRequired[str]
    when: NotRequired[str]
    rollout: NotRequired[dict[str, Any]]
    probes: NotRequired[list[dict[str, Any]]]


class Diagnosis(TypedDict):
    """``diagnosis``: findings ``{component, root_cause, remedy, target, confidence, evidence[]}``.

    ``excluded`` are ``{remedy, target, reason, final}``: remedies that would be useless or do harm.
    ``look`` is ``{verdict, reason}``, what was seen of the service before anything was done, with
    the ``probes`` (as in ``look``) that it rests on.
    """

    findings: list[dict[str, Any]]
    look: NotRequired[dict[str, Any]]
    probes: NotRequired[list[dict[str, Any]]]
    excluded: NotRequired[list[dict[str, Any]]]
    facts: NotRequired[dict[str, Any]]


class Intent(_Classed):
    """``intent``: a change is about to be made. Nothing is changed before this is written.

    ``class`` is ``safe``, ``reversible`` or ``irreversible``. ``override`` is ``{by, reason, against}``.
    """

    key: str
    rung: str
    remedy: str
    target: str
    args: NotRequired[dict[str, Any]]
    override: NotRequired[dict[str, Any]]


class Outcome(_Classed):
    """``outcome``: what became of an intent. An action of ``ir_result`` with its key."""

    key: str
    rung: str
    remedy: str
    target: str
    changed: bool
    verdict: Verdict
    reason: NotRequired[str]
    temporary: NotRequired[bool]
    before: NotRequired[Any]
    after: NotRequired[Any]
    undo: NotRequired[Any]
    started: NotRequired[str]
    ended: NotRequired[str]


class Skipped(TypedDict):
    """``skipped``: a rung was passed over because the checks show it useless or harmful."""

    rung: str
    remedy: str
    target: str
    reason: str


class Refused(TypedDict):
    """``refused``: a rule stopped the run; ``next`` says what would allow it."""

    reason: str
    next: NotRequired[str]
    rung: NotRequired[str]
    remedy: NotRequired[str]
    target: NotRequired[str]


class RunEnded(TypedDict):
    """``run_ended``: the run is over. ``result`` is the whole ``ir_result`` when there is one."""

    status: Status
    result: NotRequired[dict[str, Any] | None]
    error: NotRequired[dict[str, Any] | None]


class InterruptedRun(TypedDict):
    """``interrupted``: the run was stopped from outside; ``resume`` is the command to go on."""

    reason: str
    resume: NotRequired[str]


class FollowupTask(TypedDict):
    """``followup``: what remains to be done later, such as finding the leak in the code."""

    task: str
    remedy: NotRequired[str]
    target: NotRequired[str]


class DrillJudged(TypedDict):
    """``drill``: how a drill went, written when it is over. ``on`` is ``sim`` or ``lab``.

    ``passed``: the expected end, no wrong or repeated action, no change on the second run.
    """

    scenario: str
    playbook: str
    on: str
    passed: bool


class MessageWritten(TypedDict):
    """``message``: a message was rendered and lies at ``path`` (relative to the place)."""

    stage: str
    lang: str
    path: str


KINDS: Mapping[str, type] = {
    "incident_opened": IncidentOpened,
    "incident_changed": IncidentChanged,
    "run_started": RunStarted,
    "process": ProcessStarted,
    "look": Look,
    "diagnosis": Diagnosis,
    "intent": Intent,
    "outcome": Outcome,
    "skipped": Skipped,
    "refused": Refused,
    "run_ended": RunEnded,
    "interrupted": InterruptedRun,
    "followup": FollowupTask,
    "message": MessageWritten,
    "drill": DrillJudged,
}
"""Kind of event -> the TypedDict of its data."""


NUMBER = re.compile(r"INC-\d{8}-\d{3,}")
"""What an incident number looks like: the day and a number within it."""


def check_number(number: str) -> None:
    """Raise UsageError unless ``number`` is an incident number."""
    if not NUMBER.fullmatch(number):
        raise UsageError("This is not an incident number", repr(number), "Write it like INC-20251105-001.")


def check_event(kind: str, data: Mapping[str, Any]) -> None:
    """Raise UsageError unless ``data`` fits the schema of ``kind``."""
    wrong = faults_of(kind, data)
    if wrong:
        raise UsageError("The event does not fit its schema", "; ".join(wrong), "See tuheg_ir.journal.events.")


def check_opening(opening: Opening) -> None:
    """Raise UsageError unless an incident can be opened with this."""
    check_number(opening.number)
    check_event("incident_opened", opened_data(opening, opening.uid or ""))


def opened_data(opening: Opening, uid: str) -> dict[str, Any]:
    """Return the data of the event that opens an incident."""
    return {
        "uid": uid,
        "cluster": opening.cluster,
        "service": opening.service,
        "fault": opening.fault,
        "severity": opening.severity,
        "drill": opening.drill,
    }


def faults_of(kind: str, data: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the data of an event; empty when it fits its schema."""
    schema = KINDS.get(kind)
    if schema is None:
        return [f"there is no event kind {kind!r}; kinds are: {', '.join(KINDS)}"]
    required: frozenset[str] = vars(schema)["__required_keys__"]
    found = [f"{kind}: {name!r} is missing" for name in sorted(required - data.keys())]
    for name, hint in typing.get_type_hints(schema).items():
        if name in data and not _fits(data[name], hint):
            wanted = _name(hint)
            found.append(f"{kind}: {name!r} must be {wanted}, not {data[name]!r}")
    return found


def _fits(value: object, hint: Any) -> bool:
    """Compare a value with a field's type, one level deep."""
    origin = get_origin(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return value in get_args(hint)
    if origin is UnionType:
        return any(_fits(value, part) for part in get_args(hint))
    kind = origin or hint
    if kind is float:
        kind = (int, float)
    return isinstance(value, kind) and (hint is bool or not isinstance(value, bool))


def _name(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(get_args(hint))
    if get_origin(hint) is UnionType:
        return " or ".join(_name(part) for part in get_args(hint))
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    names |= {list: "a list", dict: "a mapping", NoneType: "null"}
    return names.get(get_origin(hint) or hint, str(hint))
