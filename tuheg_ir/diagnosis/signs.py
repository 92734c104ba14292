"""The signs by which causes are recognised: each looks at the facts and says where and how it shows.

A sign that does not hold gives nothing. None of them takes a figure that is not known for zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tuheg_ir.diagnosis.facts import Facts

MEMORY_NEAR_LIMIT = 0.9
CPU_SATURATED = 0.9
CPU_THROTTLED = 0.25
CRASHED_AGAIN = 2
NEW_REVISION_S = 24 * 3600
"""A revision older than this is not what broke the service just now."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that holds: for which component, and how one can see it.

    ``target`` is what the remedy acts on, when that is not the component itself.
    """

    component: str
    evidence: tuple[str, ...]
    target: str = ""
    confidence: float | None = None
    """None: the rule's own."""
    firm: bool = True
    """Firm enough to rule other remedies out."""


def saturated(facts: Facts) -> bool:
    """Tell whether the service's pods have no processor time left."""
    resources = facts.resources
    return (resources.throttled_share or 0.0) >= CPU_THROTTLED or (resources.cpu_share or 0.0) >= CPU_SATURATED


def symptom(facts: Facts) -> bool:
    """Tell whether anything of the service itself is measurably wrong."""
    return facts.workload.verdict == "unhealthy" or any(p.verdict == "unhealthy" for p in facts.own_probes())


def can_roll_back(facts: Facts) -> bool:
    """Tell whether a younger revision with another template is in force."""
    age = facts.workload.revision_age_s
    rollback = facts.workload.rollback
    return bool(rollback and rollback.possible) and age is not None and age <= NEW_REVISION_S


def dependency_unhealthy(facts: Facts) -> Iterator[Match]:
    """A service that this one needs fails its own probes, and is not a full database."""
    for key, ref in facts.dependencies.items():
        database = facts.database
        if database and database.service == key and database.holder != "nobody":
            continue
        bad = [p for p in facts.dependency_probes(key) if p.verdict == "unhealthy"]
        if not bad:
            continue
        evidence = tuple(f"{ref}: probe {p.name} is unhealthy: {p.reason}" for p in bad)
        if saturated(facts):
            starved = f"{facts.workload.ref} itself is short of processor time, which slows every call it makes"
            yield Match(ref, (*evidence, starved), confidence=0.4, firm=False)
        else:
            yield Match(ref, evidence)


def slots_held_by_others(facts: Facts) -> Iterator[Match]:
    """The database has no slots left, and clients other than the service hold them."""
    return _slots_held(facts, "other")


def slots_held_by_own_idle(facts: Facts) -> Iterator[Match]:
    """The service's own sessions sit idle in an open transaction and hold the slots."""
    return _slots_held(facts, "own")


def slots_held_by_load(facts: Facts) -> Iterator[Match]:
    """The service's own working sessions fill the slots."""
    return _slots_held(facts, "load")


def _slots_held(facts: Facts, holder: str) -> Iterator[Match]:
    database = facts.database
    if database and database.holder == holder:
        counts = (
            f"{database.used} of {database.usable} usable connections are in use: "
            f"{database.own} by {facts.service} ({database.own_idle_in_transaction} idle in an "
            f"open transaction), {database.other} by other clients"
        )
        own = holder == "own"
        yield Match(
            database.holder_ref or database.ref,
            (database.detail, counts),
            target=facts.workload.ref if own else database.ref,
        )


def leak_since_release(facts: Facts) -> Iterator[Match]:
    """Transactions are left open since a younger revision came: what is ended comes back."""
    database = facts.database
    if database and database.holder == "own" and can_roll_back(facts):
        age = _age(facts.workload.revision_age_s)
        yield Match(
            facts.workload.ref,
            (
                database.detail,
                f"the revision in force, {facts.workload.revision}, is {age} old, and an older template is there",
            ),
        )


def newest_fails_to_start(facts: Facts) -> Iterator[Match]:
    """Pods of the newest revision have never served, while older ones do."""
    workload = facts.workload
    if workload.start_failures and workload.older_serving and can_roll_back(facts):
        yield Match(workload.ref, _start_evidence(facts))


def nothing_starts(facts: Facts) -> Iterator[Match]:
    """Pods of the newest revision have never served, and no older one is left."""
    workload = facts.workload
    if workload.start_failures and not workload.older_serving and not workload.ready:
        yield Match(workload.ref, _start_evidence(facts))


def _start_evidence(facts: Facts) -> tuple[str, ...]:
    workload = facts.workload
    shown = [f"{f.pod}: {f.reason}" for f in workload.start_failures[:3]]
    count = len(workload.start_failures)
    return (
        f"{count} pod{'s' if count > 1 else ''} of the newest revision {workload.revision} "
        f"never became ready; {workload.older_serving} of older revisions serve",
        *shown,
    )


def _start_failed(facts: Facts, *, configuration: bool) -> Iterator[Match]:
    failures = facts.workload.start_failures
    if failures and any(f.configuration for f in failures) == configuration:
        yield from newest_fails_to_start(facts)
        if can_roll_back(facts):
            yield from nothing_starts(facts)


def start_failed_by_configuration(facts: Facts) -> Iterator[Match]:
    """The newest revision's containers could not even be created."""
    return _start_failed(facts, configuration=True)


def start_failed_by_code(facts: Facts) -> Iterator[Match]:
    """The newest revision's containers ran and ended."""
    return _start_failed(facts, configuration=False)


def start_failed_for_good(facts: Facts) -> Iterator[Match]:
    """Nothing starts, and there is nothing to go back to."""
    if not can_roll_back(facts):
        yield from nothing_starts(facts)


def out_of_memory(facts: Facts) -> Iterator[Match]:
    """Containers were killed for memory, or are about to be."""
    killed = facts.workload.oom_killed
    share = facts.resources.memory_share
    near = share is not None and share >= MEMORY_NEAR_LIMIT
    evidence = []
    if killed:
        evidence.append(f"killed for memory (OOMKilled): {', '.join(killed)}")
    if near:
        evidence.append(f"the fullest pod uses {share:.0%} of its memory limit")
    if evidence:
        yield Match(facts.workload.ref, tuple(evidence), confidence=None if killed else 0.7)


def crashes_since_release(facts: Facts) -> Iterator[Match]:
    """Containers of a young revision started, served, and ended by themselves, again and again."""
    crashes = facts.workload.crashes
    if crashes and crashes.on_current_revision and can_roll_back(facts):
        again = crashes.restarts >= CRASHED_AGAIN
        yield Match(
            facts.workload.ref,
            (
                _crash_evidence(facts),
                f"the revision in force, {facts.workload.revision}, is "
                f"{_age(facts.workload.revision_age_s)} old, and an older template is there",
            ),
            confidence=0.85 if again else 0.6,
            firm=again,
        )


def crashes(facts: Facts) -> Iterator[Match]:
    """Containers ended by themselves, and no release explains it."""
    found = facts.workload.crashes
    if found and not (found.on_current_revision and can_roll_back(facts)):
        yield Match(facts.workload.ref, (_crash_evidence(facts),))


def _crash_evidence(facts: Facts) -> str:
    found = facts.workload.crashes
    if found is None:
        return ""
    codes = ", ".join(str(code) for code in sorted(set(found.exit_codes)))
    return f"{found.restarts} restart{'s' if found.restarts != 1 else ''} in {', '.join(found.pods)}: exit code {codes}"


def errors_since_release(facts: Facts) -> Iterator[Match]:
    """Requests fail since a younger revision came, and nothing beneath it is broken."""
    errors = facts.errors
    if not errors or not errors.failing or not can_roll_back(facts) or saturated(facts):
        return
    if errors.before_revision is not None and errors.before_revision > errors.limit:
        return
    before = (
        "how it was before that revision is not known"
        if errors.before_revision is None
        else f"just before that revision {errors.before_revision:.1%} failed"
    )
    yield Match(
        facts.workload.ref,
        (
            errors.told,
            f"the revision in force, {facts.workload.revision}, is {_age(facts.workload.revision_age_s)} old; {before}",
        ),
        confidence=0.6 if errors.before_revision is None else None,
    )


def starved(facts: Facts) -> Iterator[Match]:
    """The pods use all the processor time they may have, and it shows."""
    if not saturated(facts) or not symptom(facts):
        return
    resources = facts.resources
    evidence = []
    if resources.throttled_share is not None:
        evidence.append(f"processor throttled in {resources.throttled_share:.0%} of periods")
    if resources.cpu_share is not None:
        evidence.append(f"the busiest pod uses {resources.cpu_share:.0%} of its processor limit")
    yield Match(facts.workload.ref, tuple(evidence))


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "an unknown time"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
