"""The database: its session slots, who holds them, and the two statements that tuheg-ir asks of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.sim.pod_calls import Call, Output

_ASKED = re.compile(r"\((\d+), timestamptz '([^']+)', '([^']+)%'\)")
_STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(slots=True)
class Session:
    """A client session of PostgreSQL."""

    pid: int
    started: datetime
    client: str  # the pod's address
    user: str
    application: str
    state: str
    changed: datetime


class Database:
    """PostgreSQL as far as its sessions go; ``now`` gives the moment."""

    def __init__(self, now: Callable[[], datetime], most: int = 40, reserved: int = 3) -> None:
        self._now = now
        self.most = most
        self.reserved = reserved
        self.sessions: dict[int, Session] = {}
        self._next_pid = 100

    @property
    def free(self) -> int:
        """Return how many slots ordinary users can still have."""
        return max(0, self.most - self.reserved - len(self.sessions))

    def connect(self, client: str, user: str, application: str, state: str = "idle") -> Session | None:
        """Open a session; None when no slot is left."""
        if not self.free:
            return None
        self._next_pid += 1
        now = self._now()
        session = Session(self._next_pid, now, client, user, application, state, now)
        self.sessions[session.pid] = session
        return session

    def mark(self, session: Session, state: str) -> None:
        """Put a session into another state, from now on."""
        session.state, session.changed = state, self._now()

    def of(self, client: str) -> list[Session]:
        """Return the sessions of a client, oldest first."""
        return [session for session in self.sessions.values() if session.client == client]

    def leave(self, alive: Iterable[str]) -> None:
        """End the sessions of clients that are gone."""
        there = set(alive)
        self.sessions = {pid: session for pid, session in self.sessions.items() if session.client in there}

    def psql(self, call: Call) -> Output:
        """Run one of the statements of tuheg-ir; any other is refused as one that is not simulated."""
        if "-c" not in call.argv:
            return Output(2, err="psql: only -c is simulated\n")
        sql = call.argv[call.argv.index("-c") + 1]
        if "pg_terminate_backend" in sql:
            return Output(out=self._terminate(sql) + "\n")
        if "pg_stat_activity" in sql and "json_agg" in sql:
            return Output(out=json.dumps(self._report()) + "\n")
        return Output(1, err="ERROR:  this statement is not simulated\n")

    def _report(self) -> dict[str, object]:
        now = self._now()
        rows = [
            {
                "pid": session.pid,
                "backend_start": session.started.strftime(_STAMP),
                "client": session.client,
                "user": session.user,
                "database": "tuheg",
                "application": session.application,
                "state": session.state,
                "age_s": round((now - session.changed).total_seconds(), 1),
            }
            for session in self.sessions.values()
        ]
        return {"max": self.most, "reserved": self.reserved, "sessions": rows}

    def _terminate(self, sql: str) -> str:
        """End sessions by pid and start; a pid that was given away meanwhile is not hit."""
        asked = _ASKED.findall(sql)
        ended = 0
        for pid, started, state in asked:
            session = self.sessions.get(int(pid))
            if session is None or session.started.strftime(_STAMP) != started:
                continue
            if not session.state.startswith(state):
                continue
            del self.sessions[int(pid)]
            ended += 1
        return json.dumps({"asked": len(asked), "ended": ended})
