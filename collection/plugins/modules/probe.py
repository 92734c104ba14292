# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Ask the probes of services whether they are healthy
version_added: 0.1.0
author:
  - The tuheg-ir authors (@tuheg)
description:
  - Sends the HTTP requests and asks the PromQL questions that the inventory declares for services, all at once.
  - Each answer is healthy, unhealthy or unknown. No data, NaN, too few samples and a Prometheus that cannot be asked
    are unknown.
  - Does not fail on a bad answer; fails only on a probe that is written wrongly.
  - Runs in the process of ansible-playbook, needs no access to the cluster, changes nothing, also runs in check mode.
options:
  services:
    description:
      - The services to probe, in the shape of C(ir_services) - name to C(probes), a list of mappings with C(name),
        C(purpose) (V(health), V(core_function) or V(user)) and exactly one of C(http) and C(promql).
      - C(http) has C(url), C(host), C(expect), C(requests), C(max_failures) and C(timeout_s).
      - C(promql) must give one number, goes with exactly one of C(max) and C(min), and may have C(window),
        C(samples_promql) and C(min_samples).
      - C($window), C($namespace), C($service) and C($ingress) are filled in.
    type: dict
    required: true
  names:
    description: Ask only the probes with these names. Empty means all.
    type: list
    elements: str
  namespace:
    description: What C($namespace) stands for.
    type: str
    required: true
  prometheus_url:
    description: URL of Prometheus. Without it every PromQL probe is unknown.
    type: str
    default: ""
  ingress_url:
    description: What C($ingress) stands for.
    type: str
    default: ""
  window:
    description: Takes the place of the window of every probe, such as V(20s).
    type: str
    default: ""
  since:
    description:
      - A time in ISO 8601, usually that of the last action. PromQL is asked only when its whole window lies after it.
        All probes are then asked again until they are healthy or O(timeout_s) is over, because a cure shows only
        after a while.
    type: raw
  delay_s:
    description: Seconds to wait before anything is asked, so that harm has time to show. Not part of O(timeout_s).
    type: float
    default: 0.0
  timeout_s:
    description: Seconds that waiting for windows and asking may take together.
    type: float
    default: 90.0
"""

EXAMPLES = r"""
- name: Ask now
  tuheg.ir.probe:
    services: "{{ ir_services | tuheg.ir.probed(ir_service) }}"
    namespace: "{{ ir_namespace }}"
    prometheus_url: "{{ ir_prometheus_url }}"
    ingress_url: "{{ ir_ingress_url }}"
    timeout_s: 20
  register: probes
"""

RETURN = r"""
verdict:
  description: V(unhealthy) if any probe is; else V(unknown) if any is or none was asked; else V(healthy).
  returned: success
  type: str
reason:
  description: The reasons of the bad ones in one sentence.
  returned: success
  type: str
results:
  description: One entry a probe - service, name, purpose, verdict, value, threshold, samples, reason and at.
  returned: success
  type: list
  elements: dict
"""
