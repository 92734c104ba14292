"""A reporting job that opens every database session it can get and keeps it.

Each session begins a transaction and then waits for a step that never comes. A session that the
database ends is not opened again.
"""

from __future__ import annotations

import os
import signal
import threading
import time

import psycopg

CONNINFO = "host=postgres dbname=tuheg user=reports application_name=report-runner"


PATIENCE_S, PAUSE_S = 20.0, 0.5
"""So long it asks again when it is refused: a pod that is about to end gives its sessions back only then."""


def take(conninfo: str, most: int, patience_s: float = PATIENCE_S) -> list[psycopg.Connection]:
    """Open up to ``most`` sessions, fewer when the database still refuses more ``patience_s`` after the start."""
    sessions: list[psycopg.Connection] = []
    until = time.monotonic() + patience_s
    while len(sessions) < most:
        try:
            session = psycopg.connect(conninfo, connect_timeout=5)
        except psycopg.OperationalError as error:
            if time.monotonic() < until:
                time.sleep(PAUSE_S)
                continue
            print(f"{len(sessions)} sessions, then: {str(error).splitlines()[0]}", flush=True)
            break
        sessions.append(session)
        session.execute("SELECT sum(total) FROM orders")  # begins the transaction
    return sessions


def main() -> None:
    """Hold the sessions until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    sessions = take(os.environ.get("REPORT_DATABASE", CONNINFO), int(os.environ["REPORT_SESSIONS"]))
    print(f"reports: holding {len(sessions)} sessions", flush=True)
    stop.wait()


if __name__ == "__main__":
    main()
