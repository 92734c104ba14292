"""The project is found where people work, and what the plays need is checked before they start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tuheg_ir import project as module
from tuheg_ir.errors import ProjectError
from tuheg_ir.project import Project, find_project, satisfies

CHECKOUT = Path(__file__).resolve().parents[1]


def make_checkout(root: Path, *, dependencies: str = "{}") -> Path:
    ours = root / "collection"
    (ours / "plugins" / "module_utils").mkdir(parents=True)
    (ours / "galaxy.yml").write_text(f"namespace: tuheg\ndependencies: {dependencies}\n")
    (root / "playbooks").mkdir()
    link = root / "collections" / "ansible_collections" / "tuheg"
    link.mkdir(parents=True)
    (link / "ir").symlink_to("../../../collection")
    return root


def install_collection(path: Path, name: str, version: str) -> None:
    folder = path.joinpath("ansible_collections", *name.split("."))
    folder.mkdir(parents=True)
    (folder / "MANIFEST.json").write_text(json.dumps({"collection_info": {"version": version}}))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "checkout", dependencies='{kubernetes.core: ">=6.2.0,<7.0.0"}')


@pytest.fixture
def no_sys_path(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml  # noqa: F401 - imported lazily by the code, while there is a path

    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delenv("ANSIBLE_COLLECTIONS_PATH", raising=False)


def test_the_nearest_checkout_above_the_start_is_found(checkout: Path) -> None:
    inner = checkout / "inventories" / "example"
    inner.mkdir(parents=True)
    found = find_project(inner)
    assert found == Project(
        root=checkout,
        playbooks=checkout / "playbooks",
        inventories=checkout / "inventories",
        collections_path=checkout / "collections",
        packaged=False,
    )


def test_without_a_checkout_the_packaged_copy_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "tuheg_ir"
    (package / "_project" / "playbooks").mkdir(parents=True)
    monkeypatch.setattr(module, "_PACKAGE", package)
    found = find_project(tmp_path)
    assert (found.root, found.packaged) == (package / "_project", True)


def test_an_editable_install_used_from_elsewhere_finds_its_own_checkout(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PACKAGE", checkout / "tuheg_ir")
    assert find_project(tmp_path).root == checkout


def test_no_project_at_all_is_an_error_that_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PACKAGE", tmp_path / "site-packages" / "tuheg_ir")
    with pytest.raises(ProjectError, match="playbooks cannot be found") as caught:
        find_project(tmp_path)
    assert str(tmp_path) in caught.value.which
    assert "checkout" in caught.value.next


def test_an_unknown_playbook_lists_those_there(checkout: Path) -> None:
    (checkout / "playbooks" / "restart_workload.yml").touch()
    project = find_project(checkout)
    assert project.playbook("restart_workload").name == "restart_workload.yml"
    with pytest.raises(ProjectError, match=r"Playbooks there: restart_workload\."):
        project.playbook("restart_world")


@pytest.mark.usefixtures("no_sys_path")
def test_a_missing_collection_names_the_fix(checkout: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        find_project(checkout).check_collections()
    assert str(caught.value) == (
        "The Ansible collection kubernetes.core is not installed: needed: >=6.2.0,<7.0.0. "
        "Install it: pip install 'tuheg-ir[collections]', or with Galaxy in reach: "
        "ansible-galaxy collection install -r collections/requirements.yml"
    )


@pytest.mark.usefixtures("no_sys_path")
@pytest.mark.parametrize("version", ["6.1.9", "7.0.0", "5.0.0"])
def test_a_collection_of_another_version_names_both_versions(checkout: Path, version: str) -> None:
    install_collection(checkout / "collections", "kubernetes.core", version)
    with pytest.raises(ProjectError, match=f"found {version}, needed: >=6.2.0,<7.0.0"):
        find_project(checkout).check_collections()


@pytest.mark.usefixtures("no_sys_path")
@pytest.mark.parametrize("where", ["project", "environment", "sys.path"])
def test_a_working_collection_is_found_where_ansible_looks(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    place = {"project": checkout / "collections"}.get(where, tmp_path / "elsewhere")
    install_collection(place, "kubernetes.core", "6.4.0")
    if where == "environment":
        monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", f"/nowhere:{place}")
    if where == "sys.path":
        monkeypatch.setattr(sys, "path", [str(place)])
    find_project(checkout).check_collections()


def test_this_checkout_finds_its_collections() -> None:
    find_project(CHECKOUT).check_collections()


def test_a_broken_description_of_our_collection_is_named(checkout: Path) -> None:
    (checkout / "collection" / "galaxy.yml").write_text("dependencies: [")
    with pytest.raises(ProjectError, match=r"galaxy\.yml"):
        find_project(checkout).check_collections()


@pytest.mark.parametrize(
    ("version", "wanted", "answer"),
    [
        ("6.2.0", ">=6.2.0,<7.0.0", True),
        ("6.10.1", ">=6.2.0,<7.0.0", True),
        ("6.2", "==6.2.0", True),
        ("6.2.0", "=6.2.0", True),
        ("6.2.0", "6.2.0", True),
        ("6.2.0", "!=6.2.0", False),
        ("7.0.0", ">=6.2.0, <7.0.0", False),
        ("6.2.0-beta.1", ">=6.2.0", True),
        ("1.0.0", "*", True),
        ("1.0.0", "", True),
    ],
)
def test_version_ranges_of_galaxy_are_understood(version: str, wanted: str, answer: bool) -> None:
    assert satisfies(version, wanted) is answer


def test_a_range_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ProjectError, match="cannot be understood"):
        satisfies("1.0.0", "~~1")


def import_utils(checkout: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    """Import in a fresh interpreter: sys.modules of this one is shared by all tests."""
    code = (
        f"import sys; sys.path.insert(0, {str(CHECKOUT)!r})\n{before}\n"
        "from pathlib import Path\nfrom tuheg_ir.project import find_project\n"
        f"utils = find_project(Path({str(checkout)!r})).module_utils()\n"
        "print(utils.beacon.LIGHT)"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("bundle", ["none", "namespace", "regular package"])
def test_module_utils_are_imported_beside_any_other_collections(checkout: Path, tmp_path: Path, bundle: str) -> None:
    utils = checkout / "collection" / "plugins" / "module_utils"
    (utils / "beacon.py").write_text("LIGHT = 'on'\n")
    other = tmp_path / "other" / "ansible_collections"
    other.mkdir(parents=True)
    if bundle == "regular package":
        (other / "__init__.py").touch()
    before = "" if bundle == "none" else f"sys.path.insert(0, {str(other.parent)!r})"
    before += "" if bundle != "regular package" else "\nimport ansible_collections"
    assert import_utils(checkout, before).stdout.strip() == "on"


def test_module_utils_that_cannot_be_imported_are_a_project_error(checkout: Path) -> None:
    (checkout / "collection" / "plugins" / "module_utils" / "beacon.py").write_text("import gone\n")
    done = import_utils(checkout)
    assert "ProjectError: The collection tuheg.ir cannot be imported" in done.stderr
