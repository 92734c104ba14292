"""A project whose playbooks do not need a cluster: they report what a test plants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuheg_ir.catalogue import load_catalogue

CHECKOUT = Path(__file__).resolve().parents[2]

PLAY = """
- name: {name}
  hosts: "{{{{ ir_cluster }}}}"
  gather_facts: false
  vars:
    ir_rungs: [{{remedy: restart_workload, class: safe}}, {{remedy: rollback_workload, class: reversible}}]
  tasks:
    - name: Wait as long as the test says
      ansible.builtin.command: sleep {{{{ planted_sleep | default(0) }}}}
      changed_when: false
    - name: Leave a mark of what was handed over
      ansible.builtin.copy:
        dest: "{{{{ planted_mark }}}}"
        mode: "0600"
        content: >-
          {{{{ hostvars[inventory_hostname] | dict2items | selectattr('key', 'match', 'ir_')
               | rejectattr('key', 'equalto', 'ir_rungs') | items2dict | to_json }}}}
      when: planted_mark is defined
    - name: Report what the test planted
      ansible.builtin.set_stats:
        data:
          ir_result:
            schema: 1
            incident: "{{{{ ir_incident }}}}"
            attempt: "{{{{ ir_attempt }}}}"
            run: "{{{{ ir_run }}}}"
            status: "{{{{ planted_status | default('healed') }}}}"
            findings: []
            facts: {{}}
            actions:
              - rung: restart_workload
                remedy: restart_workload
                target: Deployment/backend-gateway
                changed: true
                verdict: healed
                reason: all pods are ready
                undo: {{}}
        per_host: false
        aggregate: false
      when: planted_status | default('healed') != 'none'
    - name: End as the status wants it
      ansible.builtin.fail:
        msg: "The planted end. Next: read the test."
      when: planted_status | default('healed') not in ['healed', 'nothing_to_do', 'planned']
"""

GROUP = """
ir_namespace: tuheg-production
ir_default_service: backend-gateway
ir_services:
  backend-gateway: {kind: Deployment, depends_on: [redis]}
  redis: {kind: Deployment}
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a checkout, a journal place and an inventory, and stand in the checkout."""
    root = tmp_path / "checkout"
    books = root / "playbooks"
    books.mkdir(parents=True)
    for fault in load_catalogue().faults.values():
        books.joinpath(f"{fault.playbook}.yml").write_text(PLAY.format(name=fault.name))
    root.joinpath("collection").symlink_to(CHECKOUT / "collection")
    root.joinpath("collections").symlink_to(CHECKOUT / "collections")
    inventory = root / "inventories" / "test"
    inventory.joinpath("group_vars").mkdir(parents=True)
    inventory.joinpath("group_vars", "clusters.yml").write_text(GROUP)
    inventory.joinpath("hosts").write_text(
        "[clusters]\nlab\n\n[clusters:vars]\nansible_connection=local\n"
        "ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
    )
    monkeypatch.chdir(root)
    monkeypatch.setenv("TUHEG_IR_HOME", str(tmp_path / "journal"))
    monkeypatch.setenv("TUHEG_IR_INVENTORY", str(inventory))
    monkeypatch.setenv("TUHEG_IR_CLUSTER", "lab")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    return root
