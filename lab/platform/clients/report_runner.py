"""A reporting job that opens every database session it can get and keeps it.

Each session begins a transaction and then waits for a step that never comes. A session that the
database ends is not opened again.
"""

from __future__ import annotations

import os
import signal
import threading

import psycopg

CONNINFO = "host=postgres dbname=tuheg user=reports application_name=report-runner"


def take(conninfo: str, most: int) -> list[psycopg.Connection]:
    """Open up to ``most`` sessions, fewer when the database refuses more."""
    sessions: list[psycopg.Connection] = []
    while len(sessions) < most:
        try:
            session = psycopg.connect(conninfo, connect_timeout=5)
        except psycopg.OperationalError as error:
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
