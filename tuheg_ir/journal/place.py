"""Where the journal lives: a private folder of the user."""

from __future__ import annotations

import os
from pathlib import Path

from tuheg_ir.errors import StoreError

FILE_NAME = "journal.sqlite3"


def journal_place() -> Path:
    """Return the folder: ``$TUHEG_IR_HOME``, else ``$XDG_STATE_HOME/tuheg-ir``, else its default.

    A relative ``$XDG_STATE_HOME`` is ignored, as its specification asks.
    """
    own = os.environ.get("TUHEG_IR_HOME")
    if own:
        return Path(own).expanduser().resolve()
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if state.is_absolute():
        return state / "tuheg-ir"
    try:
        return Path.home() / ".local" / "state" / "tuheg-ir"
    except RuntimeError as error:
        raise StoreError("There is no place for the journal", "no home directory", "Set TUHEG_IR_HOME.") from error


def journal_exists(place: Path | None = None) -> bool:
    """Tell whether anything was ever recorded at a place (default: ``journal_place()``)."""
    return ((place or journal_place()) / FILE_NAME).is_file()


def private_folder(path: Path) -> Path:
    """Make sure that ``path`` is a folder which only its owner can enter; return it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise StoreError(
            "The folder of the journal cannot be made private or created",
            f"{path}: {error.strerror or error}",
            "Point TUHEG_IR_HOME at a folder of your own on a local disk.",
        ) from error
    return path
