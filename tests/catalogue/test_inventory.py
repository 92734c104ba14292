"""Hosts, groups and the precedence of variables, as Ansible has them."""

from pathlib import Path

import pytest

from tuheg_ir.catalogue.ini import read_hosts
from tuheg_ir.catalogue.inventory import open_inventory
from tuheg_ir.errors import InventoryError


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def value(folder: Path, name: str, host: str = "production") -> object:
    variables, _ = open_inventory(folder).variables(host)
    return variables[name].value


@pytest.mark.parametrize(
    ("present", "winner"),
    [
        (["ini all"], "ini all"),
        (["ini all", "ini parent"], "ini parent"),
        (["ini all", "ini parent", "ini group"], "ini group"),
        (["ini group", "file all"], "file all"),
        (["file all", "file parent"], "file parent"),
        (["file parent", "file group"], "file group"),
        (["file group", "ini host"], "ini host"),
        (["ini host", "file host"], "file host"),
    ],
)
def test_the_nearer_source_of_a_variable_wins(tmp_path: Path, present: list[str], winner: str) -> None:
    ini = {name: f"x={name.replace(' ', '-')}" for name in present if name.startswith("ini")}
    hosts = (
        f"[eu:children]\nclusters\n\n[clusters]\nproduction {ini.get('ini host', '')}\n"
        f"[all:vars]\n{ini.get('ini all', '')}\n[eu:vars]\n{ini.get('ini parent', '')}\n"
        f"[clusters:vars]\n{ini.get('ini group', '')}\n"
    )
    places = {
        "file all": "group_vars/all.yml",
        "file parent": "group_vars/eu.yml",
        "file group": "group_vars/clusters.yml",
        "file host": "host_vars/production.yml",
    }
    files = {places[name]: f"x: {name.replace(' ', '-')}\n" for name in present if name in places}
    write(tmp_path, {"hosts": hosts} | files)
    assert value(tmp_path, "x") == winner.replace(" ", "-")


def test_sibling_groups_are_taken_in_alphabetical_order_unless_a_priority_says_otherwise(tmp_path: Path) -> None:
    hosts = (
        "[clusters]\nproduction\n[beta]\nproduction\n[alpha]\nproduction\n[alpha:vars]\nx=alpha\n[beta:vars]\nx=beta\n"
    )
    write(tmp_path, {"hosts": hosts})
    assert value(tmp_path, "x") == "beta"
    write(tmp_path, {"hosts": hosts.replace("x=alpha", "x=alpha\nansible_group_priority=9")})
    assert value(tmp_path, "x") == "alpha"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("group_vars/clusters", 1),
        ("group_vars/clusters.yml", 1),
        ("group_vars/clusters.yaml", 1),
        ("group_vars/clusters.json", 1),
        ("group_vars/clusters/a.yml", 1),
        ("group_vars/clusters/inner/a.yml", 1),
        ("group_vars/clusters/.hidden.yml", None),
        ("group_vars/clusters/a.yml~", None),
        ("group_vars/clusters/a.txt", None),
        ("group_vars/others.yml", None),
    ],
)
def test_variables_are_read_from_the_files_that_ansible_reads(tmp_path: Path, name: str, found: int | None) -> None:
    write(tmp_path, {"hosts": "[clusters]\nproduction\n", name: '{"x": 1}'})
    variables, _ = open_inventory(tmp_path).variables("production")
    assert (variables["x"].value if "x" in variables else None) == found


def test_tags_of_ansible_are_read_as_text(tmp_path: Path) -> None:
    text = "a: !unsafe '{{ x }}'\nb: !vault |\n  $ANSIBLE_VAULT;1.1\n"
    write(tmp_path, {"hosts": "[clusters]\nproduction\n", "group_vars/all.yml": text})
    assert value(tmp_path, "a") == "{{ x }}"
    assert value(tmp_path, "b") == "$ANSIBLE_VAULT;1.1\n"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("x=1", 1),
        ("x=1.5", 1.5),
        ("x=True", True),
        ("x=true", "true"),
        ("x=http://a/?b=c", "http://a/?b=c"),
        ("x='two words'", "two words"),
        ("x='[1, 2]'", [1, 2]),
        ("x=a # a comment", "a"),
        ("x=", ""),
    ],
)
def test_values_on_the_line_of_a_host_are_read_as_ansible_reads_them(
    tmp_path: Path, setting: str, expected: object
) -> None:
    write(tmp_path, {"hosts": f"[clusters]\nproduction {setting}\n"})
    assert value(tmp_path, "x") == expected


def test_members_come_from_the_group_and_its_children_in_order_and_once(tmp_path: Path) -> None:
    text = "loner\n[clusters]\nb\na\n[clusters:children]\nmore\n[more]\nc\nb\n; comment\n# comment\n"
    hosts = read_hosts(write(tmp_path, {"hosts": text}) / "hosts")
    assert hosts.members("clusters") == ["b", "a", "c"]
    assert hosts.members("nothing") == []
    assert hosts.groups_of("c") == ["clusters", "more"]


def test_a_loop_of_groups_ends(tmp_path: Path) -> None:
    text = "[a:children]\nb\n[b:children]\na\n[b]\nx\n"
    assert read_hosts(write(tmp_path, {"hosts": text}) / "hosts").members("a") == ["x"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("web[1:3]", "is a range or has a port"),
        ("production:8443", "is a range or has a port"),
        ("production x", "'x' is not of the form name=value"),
        ("production x='", "the line cannot be read"),
        ("---", "looks like YAML"),
        ("[clusters:hosts:x]", "is a range"),
        ("[clusters:guests]", "is no kind of section"),
        ("[clusters:vars]\nx", "'x' is not of the form name=value"),
        ("[clusters:children]\na:b", "is no name of a group"),
    ],
)
def test_a_line_that_makes_no_sense_is_named_with_its_number(tmp_path: Path, line: str, what: str) -> None:
    write(tmp_path, {"hosts": f"[clusters]\n{line}\n"})
    with pytest.raises(InventoryError) as caught:
        open_inventory(tmp_path)
    assert what in caught.value.which
    assert f"{tmp_path / 'hosts'}, line {2 + line.count(chr(10))}: " in caught.value.which


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({}, "must hold exactly one file with hosts"),
        ({"hosts": "", "more": ""}, "must hold exactly one file with hosts"),
        ({"hosts": "", "extra.yml": ""}, "takes every YAML file in the folder of an inventory for hosts"),
    ],
)
def test_a_folder_that_ansible_would_read_otherwise_is_refused(
    tmp_path: Path, files: dict[str, str], what: str
) -> None:
    write(tmp_path, files)
    with pytest.raises(InventoryError) as caught:
        open_inventory(tmp_path)
    assert what in caught.value.what


def test_files_that_are_no_hosts_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"hosts": "[clusters]\nproduction\n", "README.md": "", ".hidden": "", "hosts.bak": ""})
    assert open_inventory(tmp_path).file == tmp_path / "hosts"


def test_a_yaml_inventory_is_refused_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path, {"hosts.yml": "all:"})
    with pytest.raises(InventoryError, match="read from INI only"):
        open_inventory(tmp_path / "hosts.yml")


def test_an_inventory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="Check the path given by -i") as caught:
        open_inventory(tmp_path / "nowhere")
    assert caught.value.which == f"{tmp_path / 'nowhere'}: No such file or directory"


@pytest.mark.parametrize(
    ("text", "what"), [("a: [", "not valid YAML"), ("- a", "the file is a list"), ("a: 1\na: 2", "'a' stands twice")]
)
def test_a_malformed_file_of_variables_is_named(tmp_path: Path, text: str, what: str) -> None:
    write(tmp_path, {"hosts": "[clusters]\nproduction\n", "group_vars/all.yml": text})
    with pytest.raises(InventoryError) as caught:
        open_inventory(tmp_path).variables("production")
    assert what in caught.value.what
    assert str(tmp_path / "group_vars" / "all.yml") in caught.value.which
