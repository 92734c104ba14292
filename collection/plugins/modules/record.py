# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: record
short_description: Write an event to the journal of an incident, before its step is done
version_added: 0.1.0
author:
  - The tuheg-ir authors (@tuheg)
description:
  - Writes one event to the journal of tuheg-ir on the machine that runs ansible-playbook. When it returns, the event is
    on disk.
  - A store that cannot be written is replaced by a spool of synced files, which the journal takes over later.
  - Without the Python package tuheg_ir, or with another version of it, nothing is recorded and RV(note) says so;
    the task is fine, because a playbook must heal even then.
  - In check mode nothing is written.
  - Runs in the process of ansible-playbook and does not touch the cluster.
options:
  kind:
    description: Kind of the event, such as V(run_started), V(intent) or V(outcome).
    type: str
    required: true
  data:
    description: What the event says; each kind has its own fields.
    type: dict
    default: {}
  incident:
    description: Number of the incident. One that the journal does not know is opened.
    type: str
    required: true
  run:
    description: Id of the run.
    type: str
    default: ""
  required:
    description: Fail when neither store nor spool takes the event. For what must be on record before it is done.
    type: bool
    default: false
  actor:
    description: Who acts. Empty is C(ir_actor), else the user who runs ansible-playbook.
    type: str
    default: ""
  process:
    description: Add pid and start of ansible-playbook to the data, so that a later run can tell whether it still lives.
    type: bool
    default: false
  uid:
    description: Uid of the incident; the same number with another uid is refused. Default C(ir_incident_uid).
    type: str
  cluster:
    description: Cluster of an incident that is opened. Default O(data) or C(ir_cluster).
    type: str
  service:
    description: Service of an incident that is opened. Default O(data) or C(ir_service).
    type: str
  fault:
    description: Fault of an incident that is opened. Default O(data) or C(ir_fault).
    type: str
  severity:
    description: Severity of an incident that is opened. Default O(data) or C(ir_severity).
    type: str
"""

EXAMPLES = r"""
- name: Record the intent before anything is changed
  tuheg.ir.record:
    kind: intent
    incident: INC-20251105-001
    run: r1
    required: true
    data:
      key: INC-20251105-001/1/restart_workload
      rung: restart_workload
      remedy: restart_workload
      target: Deployment/backend-gateway
"""

RETURN = r"""
recorded:
  description: Whether the event is on disk.
  returned: always
  type: bool
where:
  description: V(store), V(spool) or V(none).
  returned: always
  type: str
uid:
  description: Uid of the incident.
  returned: always
  type: str
note:
  description: Why it was not recorded, or not in the store.
  returned: success
  type: str
kind:
  description: The kind as given.
  returned: always
  type: str
data:
  description: The data as recorded.
  returned: always
  type: dict
"""
