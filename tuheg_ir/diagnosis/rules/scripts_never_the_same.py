"""Since its release a client writes figures into the text of its scripts, and uses up what a search store may compile.

Elasticsearch and OpenSearch compile so many new scripts in some minutes and refuse the next, whoever sends it: also of
those whose scripts are ever the same and only fell out of the cache. Their logs quote which texts are refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_REFUSED = "Too many dynamic script compilations within"
_TEXT = late(r"Failed to compile inline script \[(.{1,1500}?)\] using lang")
_LITERAL = late(r"'[^']{0,200}'|\"[^\"]{0,200}\"|(?<![\w.])\d[\d_.]*[LlFfDd]?\b")
"""What of a script is a value and not its form: what is quoted, and numbers."""
WINDOW = timedelta(minutes=10)
"""Twice the time that a limit is usually of (75 in 5 minutes): who sends a new text each time uses it up by then."""


class Refused(NamedTuple):
    """A client that is refused: since when and until when it tells of it, how often, and in how many lines of all."""

    client: Workload
    first: datetime
    last: datetime
    times: int
    lines: int


def when(view: View) -> Iterator[Match]:
    """A store refuses many texts of one form, and of those that are refused only one client can have sent them.

    All others quote texts of theirs of other forms alone. That one is refused first and for the most part, and from the
    minutes of its release on; the logs of the store go back further, and nothing else was released then.
    """
    for store in of_role(view.workloads, "search"):
        form, texts = _form(view.lines_of(store))
        found = sorted(_refused(view, store), key=lambda each: each.first)
        if len(texts) < OFTEN or not found or not view.recent(found[0].last, STILL):
            continue
        senders = [each for each in found if not _sends_others(view, each.client, form)]
        if len(senders) == 1 and senders[0] is found[0] and _since_release(view, store, senders[0]):
            yield _match(view, store, senders[0], texts)


def _form(lines: Iterable[str]) -> tuple[str, list[str]]:
    """Return the form of script of which most different texts are refused, and the texts."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for line in lines:
        if (text := _TEXT.search(line)) is not None:
            found[_LITERAL.sub("#", text[1])][text[1]] = None
    form, texts = max(found.items(), key=lambda each: len(each[1]), default=("", {}))
    return form, list(texts)


def _refused(view: View, store: Workload) -> Iterator[Refused]:
    """Yield who tells that a store refuses to compile more, beside the store itself."""
    for client in view.serving:
        lines = [] if client is store else list(view.lines_of(client))
        times = [at for line in lines if _REFUSED in line and (at := stamp(line)) is not None]
        if len(times) >= OFTEN:
            since = sum((at := stamp(line)) is not None and at >= min(times) for line in lines)
            yield Refused(client, min(times), max(times), len(times), since)


def _sends_others(view: View, client: Workload, form: str) -> bool:
    """Tell whether a client quotes the texts of its own that are refused, and none of them is of a form."""
    forms = {_LITERAL.sub("#", text[1]) for line in view.lines_of(client) if (text := _TEXT.search(line))}
    return bool(forms) and form not in forms


def _since_release(view: View, store: Workload, sender: Refused) -> bool:
    """Tell whether a client is refused since its release, for the most part, and the store's logs tell of none before.

    Who sends the same text again has it in the cache; who never does is served only what the limit leaves.
    """
    client, heard = sender.client, heard_since(view.logs_of(store.live, previous=False))
    if client.returned or client.released_at is None or heard is None or heard > client.released_at - WINDOW:
        return False
    if not since_release(client, sender.first, WINDOW) or 2 * sender.times <= sender.lines:
        return False
    others = (w for w in view.workloads.values() if w is not client)
    return not any(since_release(each, sender.first, WINDOW) for each in others)


def _match(view: View, store: Workload, sender: Refused, texts: list[str]) -> Match:
    client = sender.client
    fact = f"it refuses to compile {len(texts)} scripts that differ in their figures alone: {texts[-1][:160]}"
    told = f"{_REFUSED}: {sender.times} of its {sender.lines} lines since"
    suffer = behind(view, store.ref, client.ref, but=client.ref)
    felt = [seen for ref in suffer for seen in (*(s for s, _ in troubles(view, ref)), *suffering(view, ref))]
    return Match(
        component=client.ref,
        evidence=(
            Evidence("logs", client.ref, told, sender.first),
            Evidence("logs", store.ref, fact, sender.first),
            *release_evidence(client),
            *felt[:1],
        ),
        certainty=0.65,
        root_cause=release_cause(view, client),
        since=sender.first,
        explains=suffer,
        excludes=(
            *not_for((client.ref,), "the same release sends a new script each time", (*RESTARTS, "scale_workload")),
            *not_for(suffer, f"{client.ref} uses up what may be compiled: nothing done to this one changes that"),
        ),
    )


RULE = Rule(
    name="scripts_never_the_same",
    title="A client sends a new script each time since its release, and the search store refuses to compile more",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no search store refuses scripts of one form that only one young release can have sent",
)
