# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnose
short_description: Look at the whole namespace and name what is wrong with a service
version_added: 0.1.0
author:
  - The tuheg-ir authors (@tuheg)
description:
  - Reads the namespace on threads (objects, events, logs, database sessions, probes, alerts, metrics) and decides what
    is wrong, which remedy fits, and which remedies would be useless or harmful now.
  - Needs the Python package tuheg_ir of the same version. Without it RV(available) is false and RV(note) says what to
    do.
  - A source that cannot be read is noted in RV(sources). Fails only when there is no connection to the cluster at all.
options:
  cluster:
    description: Name of the cluster; a label in the result.
    type: str
    default: ""
  namespace:
    description: Namespace of the platform.
    type: str
    required: true
  service:
    description: The service that the incident is about; a key of O(services).
    type: str
    required: true
  services:
    description: The services of the platform, in the shape of C(ir_services).
    type: dict
    required: true
  prometheus_url:
    description: URL of Prometheus.
    type: str
    default: ""
  alertmanager_url:
    description: URL of Alertmanager; without it Prometheus is asked which alerts fire.
    type: str
    default: ""
  ingress_url:
    description: URL of the ingress.
    type: str
    default: ""
  also_namespaces:
    description:
      - Namespaces of what others run for this one, as the ingress, a mesh or operators. Their workloads, events and
        logs are read too where the account may (C(rbac/optional/also.yml)).
    type: list
    elements: str
    default: []
  window:
    description: Takes the place of the window of every probe.
    type: str
    default: ""
  timeout_s:
    description: Seconds that the whole collection may take.
    type: float
    default: 15.0
extends_documentation_fragment:
  - tuheg.ir.auth
"""

EXAMPLES = r"""
- name: Find out what is wrong
  tuheg.ir.diagnose:
    namespace: "{{ ir_namespace }}"
    service: "{{ ir_service }}"
    services: "{{ ir_services }}"
    prometheus_url: "{{ ir_prometheus_url }}"
    ingress_url: "{{ ir_ingress_url }}"
  register: diagnosis
"""

RETURN = r"""
available:
  description: Whether the package tuheg_ir was there to ask.
  returned: success
  type: bool
note:
  description: What to do when it was not.
  returned: success
  type: str
verdict:
  description: V(healthy), V(unhealthy) or V(unknown).
  returned: success
  type: str
findings:
  description: What is wrong, the most probable first - component, root_cause, remedy, target, confidence and evidence.
  returned: success
  type: list
  elements: dict
excluded:
  description: >-
    Remedies that would be useless or harmful now - remedy, target, reason, and whether that is final. What is final is
    overridden by nobody.
  returned: success
  type: list
  elements: dict
facts:
  description: The figures that the findings rest on.
  returned: success
  type: dict
sources:
  description: What was asked - source, ok, ms and note.
  returned: success
  type: list
  elements: dict
"""
