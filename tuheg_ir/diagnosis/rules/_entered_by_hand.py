"""A shell whose transaction, not ended, others wait for, where a database's log tells its program and not its address.

Many logs tell users and programs alone; who works within the database's own pod has no address at all.
"""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._database_log import facts, lines_of
from tuheg_ir.diagnosis.rules._idle_ages import idle_alone_since
from tuheg_ir.diagnosis.rules._lock_queue import ENDED
from tuheg_ir.diagnosis.rules._named_holder import Head, called_by, head_of
from tuheg_ir.diagnosis.rules._shells import SHELL, may_be_a_shell
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.view import View

_ENDS = late(r"\bstatement: \s*(?i:COMMIT|ROLLBACK(?! TO)|END|ABORT)\b")
_LOCKS = late(
    r"\bstatement: \s*(?i:UPDATE|DELETE|INSERT|MERGE|ALTER|TRUNCATE|DROP|LOCK|CREATE|REINDEX|VACUUM|CLUSTER|REFRESH"
    r"|SELECT\b.{1,400}\bFOR (?:NO KEY )?UPDATE)\b"
)
"""A statement that was begun, and after which others may have to wait; one that is refused is told in capitals."""
_WITHIN = frozenset({"127.0.0.1", "::1", "localhost"})


def entered_by_hand(view: View, ref: str) -> Evidence | None:
    """Return that a shell which is no workload's holds the lock at the head of a database's queue.

    Its program alone is too little: what it did tells that it is no moment's wait, or figures that it does nothing.
    """
    database = view.workloads.get(ref)
    head = head_of(view, database) if database else None
    if head is None or head.serves or not _is_a_shells(view, head):
        return None
    if any(may_be_a_shell(view, each) for each in view.workloads.values() if each.ref != ref):
        return None
    told = [line for line, _ in lines_of(head.lines, (head.pid,))]
    ended = next((n for n, line in enumerate(reversed(told)) if ENDED.search(line) or _ENDS.search(line)), len(told))
    locks = next((line for line in told[len(told) - ended :] if _LOCKS.search(line)), "")
    entered = stamp(locks) if locks else None
    who = f"process {head.pid} holds the lock that all others wait for, a shell by which somebody works"
    if entered is not None and head.since is not None and entered <= head.since:
        return Evidence("logs", ref, f"{who}: {locks[:200]}", entered)
    idle = idle_alone_since(view, ref, head.since) if ended == len(told) else None
    if idle is None or head.since is None or idle > head.since:
        return None
    return Evidence("metrics", ref, f"{who}; one transaction alone is open that does nothing", idle)


def _is_a_shells(view: View, head: Head) -> bool:
    """Tell whether the process at the head of a queue is a shell's, of no address that may be a pod's.

    Whoever waits is of another user, or tells of a program of its own: a script that opens many sessions waits too.
    """
    others = {name for each in head.waiting for name in called_by(head.lines, each)}
    if not any(map(SHELL.search, called_by(head.lines, head.pid))) or any(map(SHELL.search, others)):
        return False
    mine, waiting = facts(lines_of(head.lines, (head.pid,))), facts(lines_of(head.lines, head.waiting))
    if mine["host"] - _WITHIN or any(map(view.component, mine["app"])):
        return False
    return bool(mine["user"] - waiting["user"]) or bool(waiting["app"])
