"""What the lab changes on the machine is known, and put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import host
from lab.errors import LabError

MOUNTS = """\
proc /proc proc rw 0 0
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
/dev/vda / ext4 rw 0 0
"""


def test_every_cgroup_hierarchy_is_found_with_its_version() -> None:
    assert host.cgroup_mounts(MOUNTS) == [
        (Path("/sys/fs/cgroup/cpu,cpuacct"), 1),
        (Path("/sys/fs/cgroup/unified"), 2),
    ]


def test_kernel_settings_that_were_changed_are_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "PROC", tmp_path)
    panic = tmp_path / "sys/kernel/panic"
    panic.parent.mkdir(parents=True)
    panic.write_text("0\n")
    saved = host.kernel_settings()
    panic.write_text("10\n")
    host.restore_kernel_settings(saved)
    assert saved == {"kernel/panic": "0"}
    assert panic.read_text() == "0"


def test_a_folder_that_somebody_else_uses_meanwhile_stays(tmp_path: Path) -> None:
    empty, used = tmp_path / "empty", tmp_path / "used"
    host.make_folders([str(empty), str(used)])
    (used / "file").touch()
    host.remove_folders([str(empty), str(used), str(tmp_path / "never made")])
    assert not empty.exists()
    assert used.exists()


def test_without_root_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError) as refused:
        host.need_root("it makes namespaces")
    assert str(refused.value) == "the lab needs root: it makes namespaces. Run it as root, for example with sudo"
