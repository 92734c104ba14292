"""Where events wait while the store cannot be written: one synced file an event.

Looked for in the journal's own folder first, then outside of it, because a full or read-only
disk takes both the store and the folder away.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tuheg_ir.errors import StoreError, UsageError
from tuheg_ir.journal.events import check_event, check_opening
from tuheg_ir.journal.model import Opening


@dataclass(frozen=True, slots=True)
class Spooled:
    """An event that waits. ``at`` is when it happened, as the journal writes times."""

    id: str
    opening: Opening
    run: str | None
    at: str
    actor: str
    kind: str
    data: dict[str, Any]


def spool_folders(place: Path) -> list[Path]:
    """Return where events may wait, in the order of preference."""
    name = hashlib.sha256(str(place).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    outside = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108
    return [place / "spool", outside / f"tuheg-ir-{os.getuid()}" / name]


def spool(place: Path, event: Spooled) -> Path:
    """Write an event where it survives a crash; StoreError when no folder takes it."""
    reasons = []
    for folder in spool_folders(place):
        try:
            return _write(folder, event)
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror or error}")
    raise StoreError(
        "Neither the journal nor a spool can be written",
        "; ".join(reasons),
        "Free some space or make one of these folders writable; nothing is changed before that.",
    )


def waiting(place: Path) -> Iterator[tuple[Path, Spooled | None]]:
    """Yield the events that wait, oldest first; None for a file that is not one of ours.

    Such a file stays where it is, for `verify` to report; it must not stop the journal.
    """
    files: list[Path] = []
    for folder in spool_folders(place):
        if _is_private(folder):
            files.extend(folder.glob("*.json"))
    for path in sorted(files, key=lambda file: file.name):
        with contextlib.suppress(FileNotFoundError):  # another process took it just now
            yield path, _read(path)


def _write(folder: Path, event: Spooled) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(folder):
        raise PermissionError(0, "not a private folder of this user")
    path = folder / f"{time.time_ns():020d}-{os.getpid()}-{event.id}.json"
    part = path.with_suffix(".part")
    text = json.dumps(asdict(event), ensure_ascii=False)
    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return path


def _read(path: Path) -> Spooled | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["opening"] = Opening(**content["opening"])
        event = Spooled(**content)
        check_opening(event.opening)
        check_event(event.kind, event.data)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, TypeError, KeyError, UsageError):
        return None
    return event


def _is_private(folder: Path) -> bool:
    """Tell whether the folder is real, ours, and closed to others (/var/tmp is everyone's)."""
    try:
        for part in (folder.parent, folder):
            status = part.lstat()
            if part.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o022:
                return False
        return not folder.lstat().st_mode & 0o077
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def new_id() -> str:
    """Return the id by which an event is known to have been taken over already."""
    return uuid.uuid4().hex
