# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: evidence
short_description: Keep what a restart destroys - objects, events and logs of a service
version_added: 0.1.0
author:
  - The tuheg-ir authors (@tuheg)
description:
  - Reads a workload, its revisions and pods, the namespace's events, and the last lines of each container of
    at most ten pods, those in trouble first, the previous life of a restarted container included.
  - Writes them on the machine that runs ansible-playbook, readable by their owner alone, with secrets taken out.
  - What cannot be read or written is a note and never a failure.
  - The cluster is not changed. In check mode nothing is written.
options:
  service:
    description: Name of the workload.
    type: str
    required: true
  kind:
    description: Kind of the workload.
    type: str
    choices: [Deployment, StatefulSet]
    default: Deployment
  namespace:
    description: Namespace of the workload.
    type: str
    required: true
  incident:
    description: Number of the incident; a part of the folder.
    type: str
    default: ""
  run:
    description: Id of the run; a part of the folder.
    type: str
    default: ""
  folder:
    description: Where evidence is kept. Empty is the place of the journal.
    type: str
    default: ""
  tail_lines:
    description: Lines of each log that are kept.
    type: int
    default: 200
  timeout_s:
    description: Seconds that all reads together may take.
    type: float
    default: 15.0
extends_documentation_fragment:
  - tuheg.ir.auth
"""

EXAMPLES = r"""
- name: Keep the evidence
  tuheg.ir.evidence:
    service: backend-gateway
    namespace: tuheg-production
    incident: INC-20251105-001
  register: kept
"""

RETURN = r"""
kept:
  description: Whether anything was written.
  returned: always
  type: bool
folder:
  description: Where it lies.
  returned: always
  type: str
files:
  description: Names of the files.
  returned: always
  type: list
  elements: str
note:
  description: What could not be read or written.
  returned: always
  type: str
"""
