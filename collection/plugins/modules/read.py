# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: read
short_description: Read all that a remedy needs to decide, at once
version_added: 0.1.0
author:
  - The tuheg-ir authors (@tuheg)
description:
  - Reads a workload and what surrounds it on threads, with limits on connecting, on silence and on the whole.
  - Objects come without managedFields and last-applied-configuration; pods come slim.
  - Fails, with one sentence and what to do next, when the workload is absent or the cluster cannot be read. Optional
    things that are absent are empty.
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
  want:
    description: What to read.
    type: list
    elements: str
    choices: [workload, revisions, last_good, pods, hpa, quotas, lease, sessions]
    default: [workload]
  lease:
    description: Name of the Lease. Empty is C(tuheg-ir-) and the name of the workload.
    type: str
    default: ""
  database:
    description:
      - Where the database is that is asked for C(sessions) - exec_pod, exec_container, user and database.
      - The declared read-only query runs there with psql. It needs get and create on pods/exec.
    type: dict
    default: {}
  timeout_s:
    description: Seconds that one read may take.
    type: float
    default: 15.0
extends_documentation_fragment:
  - tuheg.ir.auth
"""

EXAMPLES = r"""
- name: Read the workload, its past and its autoscaler
  tuheg.ir.read:
    service: backend-gateway
    namespace: tuheg-production
    want: [workload, revisions, last_good, hpa]
  register: seen
"""

RETURN = r"""
workload:
  description: The workload.
  returned: when wanted
  type: dict
revisions:
  description: The ReplicaSets or ControllerRevisions that it owns by uid.
  returned: when wanted
  type: list
  elements: dict
last_good:
  description: The ConfigMap that records its last good template, or empty.
  returned: when wanted
  type: dict
pods:
  description: All pods of the namespace - name, uid, ip, service, node, phase, ready, restarts, revision, leaving
    and lost.
  returned: when wanted
  type: list
  elements: dict
hpa:
  description: The HorizontalPodAutoscaler that scales the workload, or empty.
  returned: when wanted
  type: dict
quotas:
  description: The ResourceQuotas of the namespace.
  returned: when wanted
  type: list
  elements: dict
lease:
  description: The Lease of the service, or empty.
  returned: when wanted
  type: dict
sessions:
  description:
    - What the query over the sessions of the database gave - stdout and error.
    - An error of psql stands in error and is not a failure.
  returned: when wanted
  type: dict
error:
  description: What went wrong - kind, what, which and next.
  returned: on failure
  type: dict
"""
