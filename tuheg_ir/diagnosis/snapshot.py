"""Save a snapshot in a folder, load one from it: the same folder gives the same answer for ever.

docs/snapshot.md describes the folder. Folders made by hand or by other tools are read with
patience: what cannot be used is a note among the sources.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tuheg_ir.diagnosis.folder import about, alerts, databases, logs, metrics, objects
from tuheg_ir.diagnosis.folder.files import Notes, to_yaml
from tuheg_ir.diagnosis.folder.times import newest
from tuheg_ir.diagnosis.model import Obj, Snapshot, Source
from tuheg_ir.diagnosis.namesakes import told_apart
from tuheg_ir.diagnosis.objects import clean_text, slim
from tuheg_ir.errors import StoreError, UsageError

_PARTS = ("objects", "events", "logs", "metrics", "alerts", "database")


def load(folder: Path, *, at: datetime | None = None) -> Snapshot:
    """Read a snapshot's folder, ours or one made by hand.

    The time of the snapshot is what snapshot.yaml says, else ``at``, else the newest time in it.
    Raises UsageError when the folder has no usable objects.yaml; all else that cannot be used is a
    source that is not ok.
    """
    if not folder.is_dir():
        raise UsageError(
            "There is no such snapshot",
            str(folder),
            "Name a folder with an objects.yaml; tuheg-ir snapshot DIR makes one.",
        )
    notes = Notes()
    told = about.read(folder, notes)
    held = objects.read(folder, notes)
    for kind in told.kinds:
        held.setdefault(kind, ())
    namespace = told.namespace or _namespace(held)
    held = _told_apart(namespace, held, notes)
    snapshot = Snapshot(
        taken_at=told.taken_at or at or datetime.now(UTC),
        namespace=namespace,
        objects=_in_order(held, told.kinds),
        logs=logs.read(folder, held, notes),
        alerts=alerts.read(folder, notes),
        metrics=metrics.read(folder, notes),
        databases=databases.read(folder, notes),
        probes=told.probes,
        services=told.services,
    )
    if told.taken_at is None and at is None:
        snapshot = replace(snapshot, taken_at=newest(snapshot) or snapshot.taken_at)
    snapshot = replace(snapshot, logs=logs.dated(snapshot.logs, snapshot.taken_at))
    known = _absent(snapshot) if told.sources is None else told.sources
    return replace(snapshot, sources=(*known, *notes.sources))


def _told_apart(namespace: str, held: dict[str, tuple[Obj, ...]], notes: Notes) -> dict[str, tuple[Obj, ...]]:
    """Return the objects without what another namespace has of the same names, as a live pass leaves it out."""
    found = told_apart(namespace, held)
    if found.left_out:
        notes.good("namesakes", f"left out, for others are called so: {', '.join(found.left_out)}"[:500])
    return {kind: tuple(objects) for kind, objects in found.objects.items()}


def save(snapshot: Snapshot, folder: Path, *, queries: Mapping[str, str] | None = None) -> int:
    """Write a snapshot into a new or empty folder, for its owner alone; return its size in bytes.

    ``queries`` are those that gave the signals. All or nothing: what fails leaves no folder behind.
    Raises UsageError for a folder that holds something, StoreError when it cannot be written.
    """
    import shutil
    import tempfile

    check_empty(folder)
    files = _files(snapshot, queries or {})
    there = folder.is_dir()  # a mount, perhaps: filled where it is
    parent = folder if there else folder.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=parent))  # 0700
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        size = sum(_write(made / name, text) for name, text in files.items())
        if there:
            _move_up(made, folder)
        else:
            made.replace(folder.absolute())
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return size


def _move_up(made: Path, folder: Path) -> None:
    """Move what was made into an empty folder that is there already; all of it or nothing."""
    folder.chmod(0o700)
    names = sorted(path.name for path in made.iterdir())
    try:
        for name in names:
            (made / name).replace(folder / name)
    except BaseException:
        for name in names:
            if (folder / name).exists():
                (folder / name).replace(made / name)
        raise


def check_empty(folder: Path) -> None:
    """Raise UsageError when a folder holds something, StoreError when it cannot be looked into."""
    try:
        held = next(folder.iterdir(), None)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        held = folder
    except OSError as error:
        raise _unwritable(folder, error) from error
    if held is not None:
        raise UsageError(
            "The snapshot's folder is not empty", str(folder), "Name a new folder: nothing is overwritten."
        )


def _unwritable(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        "The snapshot cannot be written",
        f"{folder}: {error.strerror or error}",
        "Name a folder on a disk with room where you may write.",
    )


def _write(path: Path, text: str) -> int:
    for folder in reversed(path.parents):
        folder.mkdir(mode=0o700, exist_ok=True)
    data = text.encode("utf-8", "replace")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    return len(data)


def _files(snapshot: Snapshot, queries: Mapping[str, str]) -> dict[Path, str]:
    """Return file -> text. Everything is scrubbed, whoever made the snapshot."""
    held = {
        kind: [kept for kept in (slim(obj, kind) for obj in objs) if kept is not None]
        for kind, objs in snapshot.objects.items()
    }
    files = {
        Path(about.FILE): to_yaml(about.render(snapshot)),
        Path(objects.FILE): objects.render(held),
        **metrics.render(snapshot.metrics, queries),
    }
    if snapshot.alerts:
        files[Path(alerts.FILE)] = to_yaml([alerts.entry_of(alert) for alert in snapshot.alerts])
    if snapshot.databases:
        files[Path(databases.FILE)] = to_yaml(databases.entries_of(snapshot.databases))
    for log in snapshot.logs:
        text = "".join(f"{line}\n" for line in log.lines)
        files[logs.file_of(log)] = clean_text(text, max(1, len(text)))
    return files


def _namespace(held: Mapping[str, Iterable[Obj]]) -> str:
    """Return the namespace that most objects are in."""
    counts: dict[str, int] = {}
    for objs in held.values():
        for obj in objs:
            name = obj["metadata"].get("namespace")
            if name:
                counts[name] = counts.get(name, 0) + 1
    return max(sorted(counts), key=lambda name: counts[name], default="")


def _in_order(held: Mapping[str, tuple[Obj, ...]], kinds: Iterable[str]) -> dict[str, tuple[Obj, ...]]:
    return {kind: held[kind] for kind in dict.fromkeys((*kinds, *held))}


def _absent(snapshot: Snapshot) -> tuple[Source, ...]:
    """Return what a folder that does not tell itself has and lacks."""
    counts = {
        "objects": sum(len(objs) for kind, objs in snapshot.objects.items() if kind != "Event"),
        "events": len(snapshot.of("Event")),
        "logs": len(snapshot.logs),
        "metrics": len(snapshot.metrics),
        "alerts": len(snapshot.alerts),
        "database": len(snapshot.databases),
    }
    return tuple(
        Source(part, ok=True, note=str(counts[part]))
        if counts[part]
        else Source(part, ok=False, note="the snapshot has none", kind="missing")
        for part in _PARTS
    )
