"""Structured logs: one JSON object a line on standard output."""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import TextIO


class Log:
    """Writes lines such as ``{"ts": ..., "level": "ERROR", "msg": ..., ...}``; thread-safe."""

    def __init__(self, out: TextIO | None = None, **always: str) -> None:
        self._out = out or sys.stdout
        self._always = always
        self._lock = threading.Lock()

    def info(self, msg: str, **fields: object) -> None:
        """A step in the life of the process."""
        self._write("INFO", msg, fields)

    def warning(self, msg: str, **fields: object) -> None:
        """Something the gateway could work around."""
        self._write("WARNING", msg, fields)

    def error(self, msg: str, **fields: object) -> None:
        """Something that a user notices."""
        self._write("ERROR", msg, fields)

    def _write(self, level: str, msg: str, fields: dict[str, object]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"ts": now, "level": level, "msg": msg, **self._always, **fields}
        text = json.dumps(line, ensure_ascii=False, default=str) + "\n"
        with self._lock:
            self._out.write(text)
            self._out.flush()


class Bridge(logging.Handler):
    """Passes on what libraries say through Python's logging, from warnings up."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record as one of our lines; a library's error is a warning for us."""
        self._log.warning(record.getMessage(), logger=record.name)
