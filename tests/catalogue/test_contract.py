"""Our reader and Ansible agree about every inventory that both can read."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tuheg_ir.catalogue import clusters, load_platform
from tuheg_ir.catalogue.inventory import open_inventory

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.ansible

HOSTS = """
# A comment, then a host outside of any group.
loner colour=grey

[clusters]
production ir_prometheus_url=http://prometheus.monitoring:9090 size=3 ratio=0.5 flag=True word=true
staging    text='two words' items="['a', 'b']" empty= hash=a#b   # a comment
; another comment

[clusters:vars]
ansible_connection=local
ansible_python_interpreter="{{ ansible_playbook_python }}"
colour = blue # not a comment here
layer=ini-clusters

[clusters:children]
pilots

[pilots]
pilot layer=ini-host

[europe:children]
clusters

[europe:vars]
layer=ini-europe
only_europe=1

[asia]
production
[asia:vars]
side=asia
[zeta]
production
[zeta:vars]
side=zeta
[first]
production
[first:vars]
side=first
ansible_group_priority=10
"""
FILES = {
    "hosts": HOSTS,
    "group_vars/all.yml": "ir_namespace: from-all\nlayer: file-all\nonly_all: {a: [1, 2.5, null, yes]}\n",
    "group_vars/europe.yaml": "ir_namespace: from-europe\n",
    "group_vars/clusters/00-platform.yml": (
        "ir_namespace: tuheg-production\nir_default_service: web\nir_services: {web: {kind: Deployment}}\nlayer: dir\n"
    ),
    "group_vars/clusters/10-more.yml": "layer: dir-later\nday: 'text'\nunsafe: !unsafe '{{ x }}'\n",
    "group_vars/clusters/.hidden.yml": "layer: hidden\n",
    "group_vars/clusters/notes.txt": "layer: text\n",
    "group_vars/pilots.json": '{"ir_namespace": "pilot", "layer": "file-pilots"}',
    "group_vars/nobody.yml": "layer: nobody\n",
    "host_vars/staging.yml": "ir_namespace: staging\nsize: 7\n",
    "host_vars/production": "port: 8443\n",
}


def ask_ansible(inventory: Path, tmp_path: Path) -> dict[str, Any]:
    """Return what ansible-inventory says, under the project's own configuration."""
    program = Path(sys.executable).with_name("ansible-inventory")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    environ |= {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local")}
    done = subprocess.run(
        [program, "-i", inventory, "--list"], capture_output=True, text=True, env=environ, cwd=tmp_path, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def members(answer: dict[str, Any], group: str) -> set[str]:
    own = answer.get(group, {})
    return set(own.get("hosts", [])).union(*(members(answer, child) for child in own.get("children", [])))


def plain(value: Any) -> Any:
    """Take off the wrapper in which --list shows text that must not be templated."""
    if isinstance(value, dict) and set(value) == {"__ansible_unsafe"}:
        return value["__ansible_unsafe"]
    return value


def agree(inventory: Path, answer: dict[str, Any]) -> None:
    names = clusters(inventory)
    assert set(names) == members(answer, "clusters")
    for name in names:
        asked = {key: plain(value) for key, value in answer["_meta"]["hostvars"].get(name, {}).items()}
        assert load_platform(inventory, name).vars == asked


def test_they_agree_about_an_inventory_full_of_corners(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory"
    for name, text in FILES.items():
        path = inventory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    answer = ask_ansible(inventory, tmp_path)
    agree(inventory, answer)
    assert clusters(inventory) == ["production", "staging", "pilot"]
    for host in ("loner", "pilot"):
        variables, _ = open_inventory(inventory).variables(host)
        asked = {key: plain(value) for key, value in answer["_meta"]["hostvars"][host].items()}
        assert {key: field.value for key, field in variables.items()} == asked


@pytest.mark.parametrize("name", ["inventories/example", "lab/inventory"])
def test_they_agree_about_the_inventories_of_the_project(name: str, tmp_path: Path) -> None:
    agree(ROOT / name, ask_ansible(ROOT / name, tmp_path))
