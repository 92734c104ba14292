"""The key by which data is encrypted was replaced in its Secret: who started since cannot read what was stored before.

Who runs from before holds the former key in memory, and reads all. Whatever template a new process is of, and whatever
image, it takes the key as it is now: what goes back, or is started anew, reads no more than those do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._data_keys import ROWS, data_keys, key_written, may_be_of_a_label
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.changes import volumes_of
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import created, oldest
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.trouble import MINUTE, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import ASLEEP
from tuheg_ir.named import NamedTuple

SOON = timedelta(hours=1)
"""Who cannot read what is stored meets it soon after its start; who read it all for longer has the right key."""

_DECRYPTS = late(
    r"^(?!.*\b(?:fail\w*|errors?|cannot|can't|could|couldn't|unable|not|no|never|nothing|skip\w*|without|0)\b)"
    r".*\b(?:de(?:crypt|cipher)(?:s|ed|ion)|unsealed)\b",
    re.IGNORECASE,
)
"""How who reads what is encrypted says that it does."""


class Teller(NamedTuple):
    """A workload that cannot decrypt: its pods that say so and started with the key as it is now, since when it does.

    own: all of them are of a release of its own that came since the key was written.
    """

    workload: Workload
    hit: Hit
    pods: tuple[Pod, ...]
    started: datetime
    began: datetime
    own: bool


class Key(NamedTuple):
    """A Secret, the keys of it that were written, and when the last one was.

    sure: it was no label of the Secret alone that was written then.
    """

    secret: str
    keys: tuple[str, ...]
    at: datetime
    sure: bool


def when(view: View) -> Iterator[Match]:
    """All that cannot decrypt began to as they started with a key that was written before.

    Where keys of several Secrets were, nobody can tell which one it is: it is told of who cannot decrypt then.
    """
    told = [each for each in view.workloads.values() if _undecrypted(view, each)]
    found: dict[str, tuple[Key, list[Teller]]] = {}
    for workload in told:
        for key in _written(view, workload):
            if (teller := _teller(view, workload, key)) is not None:
                found.setdefault(key.secret, (key, []))[1].append(teller)
    shown = [(key, tellers) for key, tellers in found.values() if _shows(view, told, key, tellers)]
    for number, (key, tellers) in enumerate(shown):
        rivals = [n for n, (_, others) in enumerate(shown) if n != number and _refs(others) & _refs(tellers)]
        if not rivals:
            yield _match(view, key, tellers)
        elif number < min(rivals):
            yield _one_of(tellers, [_match(view, *shown[n]) for n in (number, *rivals)])


def _refs(tellers: Sequence[Teller]) -> set[str]:
    return {each.workload.ref for each in tellers}


def _one_of(tellers: Sequence[Teller], matches: Sequence[Match]) -> Match:
    """Return what several keys together show: who cannot decrypt, and all that was written of what it takes."""
    return matches[0]._replace(
        component=max(tellers, key=lambda each: each.hit.count).workload.ref,
        evidence=(*(match.evidence[0] for match in matches), *matches[0].evidence[1:]),
        explains=tuple(dict.fromkeys(each for match in matches for each in match.explains)),
        excludes=tuple(dict.fromkeys(each for match in matches for each in match.excludes)),
    )


def _undecrypted(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return what a workload tells of data that it cannot decrypt, more than once or twice, and lately."""
    hits = view.hits_of(workload.ref, "undecryptable")
    return hits if sum(hit.count for hit in hits) >= ROWS and any(fresh(view, hit) for hit in hits) else ()


def _written(view: View, workload: Workload) -> Iterator[Key]:
    """Yield the Secrets of a workload of which a key was written since it was made, or that were made anew."""
    keys: dict[str, dict[str, datetime]] = {}
    for secret, key in data_keys(view, workload.template):
        obj, since = view.objects("Secret").get(secret), created(workload.obj)
        at, made = (key_written(obj, key) or created(obj), created(obj)) if obj else (None, None)
        anew = made is not None and since is not None and made - since > MINUTE
        if at is not None and made is not None and (at - made > MINUTE or anew):
            keys.setdefault(secret, {})[key] = at
    for secret, times in keys.items():
        at = max(times.values())
        yield Key(secret, tuple(sorted(times)), at, not may_be_of_a_label(view.objects("Secret")[secret], at))


def _teller(view: View, workload: Workload, key: Key) -> Teller | None:
    """Return a workload that cannot decrypt since it started with a key; None where it could with it, or never could.

    It is not the key where a release took another one, where another pod that started with it is well, or where
    something was amiss before.
    """
    hits = _undecrypted(view, workload)
    told = {hit.pod for hit in hits}
    mounted = ("Secret", key.secret) in {each[:2] for each in volumes_of(workload.template)}
    since = {pod.name for pod in workload.pods if pod.started and pod.started > key.at}
    ill = tuple(pod for pod in workload.pods if pod.name in told and (pod.name in since or mounted))
    began = oldest(hit.first for hit in hits)
    started = oldest(max(pod.started, key.at) for pod in ill if pod.started)
    well = [pod for pod in workload.live if pod.name in since - told]
    if began is None or started is None or began < started or len(well) > len(ill):
        return None
    released = workload.released_at if workload.changes else None
    own = released is not None and released > key.at - MINUTE
    if own and not {(key.secret, each) for each in key.keys} <= set(data_keys(view, template_before(workload))):
        return None
    if any(at is not None and at < key.at - MINUTE for _, at in troubles(view, workload.ref)):
        return None
    newest = {pod.name for pod in workload.newest_pods()}
    hit = max((each for each in hits if each.pod in {pod.name for pod in ill}), key=lambda each: each.count)
    return Teller(workload, hit, ill, started, began, own and all(pod.name in newest for pod in ill))


def _shows(view: View, told: Sequence[Workload], key: Key, tellers: Sequence[Teller]) -> bool:
    """Tell whether it began as the first of all started with a key; where each was released, soon after it was written.

    Who reads for hours with it what was stored before has the right one, and something else came since. Nor is it the
    key where another one that takes it could not decrypt before. Where each was released since, those releases may be
    behind it as well: then the key has to have been written for sure, and no other may read well with it.
    """
    first, began = min(each.started for each in tellers), min(each.began for each in tellers)
    readers = [each for each in _readers(view, key) if each in told]
    earliest = oldest(hit.first for each in readers for hit in _undecrypted(view, each))
    if earliest is not None and earliest < first:
        return False
    if all(each.own for each in tellers):
        alone = key.sure and not any(_reads_well(view, each, key) for each in _readers(view, key))
        return began - first <= SOON and first - key.at <= ASLEEP and alone
    return began - first <= SOON


def _reads_well(view: View, workload: Workload, key: Key) -> bool:
    """Tell whether a workload started with all keys that were written, and says that it decrypts, never that not."""
    taken = {(key.secret, each) for each in key.keys} <= set(data_keys(view, workload.template))
    if not taken or view.hits_of(workload.ref, "undecryptable"):
        return False
    pods = [pod for pod in workload.live if pod.ready and pod.started and pod.started > key.at]
    logs = view.logs_of(pods, previous=False)
    return sum(_DECRYPTS.search(line) is not None and not complains(line) for log in logs for line in log.lines) >= ROWS


def _readers(view: View, key: Key) -> list[Workload]:
    """Return all workloads that take a key."""
    wanted = {(key.secret, each) for each in key.keys}
    return [each for each in view.workloads.values() if wanted.intersection(data_keys(view, each.template))]


def _match(view: View, key: Key, tellers: Sequence[Teller]) -> Match:
    ref, ill = f"Secret/{key.secret}", [each.workload.ref for each in tellers]
    readers = _readers(view, key)
    beside = [each for each in tellers if not each.own]
    # Beside releases alone they tell nothing: those did not reach them, as the key did not.
    older = [
        each.ref
        for each in (readers if beside else ())
        if each.ref not in ill and each.live and all(pod.started and pod.started < key.at for pod in each.live)
    ]
    suffer = behind(view, *ill)
    why = f"each start takes the key of {ref} as it is now, and that does not open what was stored before"
    what = f"its {', '.join(each for each in key.keys if each) or 'key'} was written after it was made"
    not_released = "it was not released since, started with that key, and cannot decrypt either"
    return Match(
        component=ref,
        evidence=(
            Evidence("objects", ref, what, key.at),
            *(view.hit_evidence(each.hit) for each in tellers[:3]),
            *(Evidence("objects", each.workload.ref, not_released, each.started) for each in beside[:1]),
            *(Evidence("objects", each, "it runs from before that, and tells nothing of it") for each in older[:1]),
        ),
        certainty=(0.75 if beside else 0.55) + (0.1 if older else 0.0),
        since=min(each.began for each in tellers),
        explains=suffer,
        excludes=not_for(dict.fromkeys((*ill, *(each.ref for each in readers))), why)
        + not_for((each for each in suffer if each not in ill), f"{ill[0]} cannot read what is stored"),
    )


RULE = Rule(
    name="stored_under_a_former_key",
    title="The key of stored data was replaced, and who started with the new one cannot read it",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody fails to decrypt since it started with a key that was written before",
)
