"""Snapshots of the cases of people who know nothing of this project, each made once for all runs of the same code.

To make one is to parse its objects and logs and to ask a Prometheus for hundreds of figures: twice the time of its
answer. What comes of it hangs on the case and on all code but the rules, and is kept under a digest of these.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.diagnosis import raw_prometheus
from tests.diagnosis.corpus import ROOT, Case, read
from tests.diagnosis.raw_prometheus import serving
from tuheg_ir.diagnosis.diagnose import load_back
from tuheg_ir.diagnosis.folder import about
from tuheg_ir.diagnosis.folder.files import Notes
from tuheg_ir.diagnosis.model import Snapshot

CASES = tuple(read(folder) for folder in sorted((ROOT / "outside").glob("*/")))
_CHECKOUT = Path(__file__).parents[2]
_KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "tuheg-ir", "ci", "snapshots")
_KEPT_CODES = 3
"""Of so many states of the code snapshots are kept: of each it is a hundred megabytes."""


def one_in(number: int, left: int = 0) -> tuple[Case, ...]:
    """Return one case in so many: those whose names, by their checksum, leave so much; a new case moves no other."""
    return tuple(case for case in CASES if case.checksum % number == left)


@cache
def snapshot_of(case: Case) -> Snapshot:
    """Return the snapshot of a case, its figures asked of a Prometheus where there are raw series."""
    kept = _folder() / f"{case.name}-{_digest(case.folder, case.folder.rglob('*'))}"
    with suppress(FileNotFoundError):
        snapshot = pickle.loads(zlib.decompress(kept.read_bytes()))
        assert isinstance(snapshot, Snapshot)
        return snapshot
    made = made_of(case)
    # Runs side by side make the same: each puts a whole file in its place, and one of other code may take the folder.
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as written:
        written.write(zlib.compress(pickle.dumps(made), 1))
    Path(written.name).replace(kept)
    return made


def made_of(case: Case) -> Snapshot:
    """Make the snapshot of a case anew."""
    raw = case.folder / "metrics" / "raw.prom.gz"
    if not raw.exists():
        return load_back(case.folder)
    taken = about.read(case.folder, Notes()).taken_at
    assert taken, "a case with raw series says when it was taken"
    with serving(gzip.decompress(raw.read_bytes()).decode(), taken.timestamp()) as url:
        return load_back(case.folder, prometheus_url=url)


@cache
def _folder() -> Path:
    """Return where snapshots of this code are kept; those of the oldest code go."""
    code = {path for path in (_CHECKOUT / "tuheg_ir").rglob("*") if path.suffix in {".py", ".yml", ".json"}}
    code -= set((_CHECKOUT / "tuheg_ir" / "diagnosis" / "rules").rglob("*"))
    code |= {*(_CHECKOUT / "collection" / "plugins").rglob("*.py"), _CHECKOUT / ".ci" / "requirements.lock"}
    code |= {Path(__file__), Path(raw_prometheus.__file__)}
    folder = _KEPT / f"{sys.version_info.major}.{sys.version_info.minor}-{_digest(_CHECKOUT, code)}"
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    for old in sorted(_KEPT.iterdir(), key=_used)[:-_KEPT_CODES]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def _used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _digest(root: Path, paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            content = path.read_bytes()
            found.update(f"{path.relative_to(root)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()[:32]
