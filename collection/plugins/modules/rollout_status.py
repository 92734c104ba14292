# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_status
short_description: Judge the roll-out of a workload, or watch it to its end
version_added: 0.1.0
author:
  - The tuheg-ir authors (@tuheg)
description:
  - Looks at a Deployment or StatefulSet, its revisions and its pods, and says healthy, unhealthy or unknown.
  - Healthy means that exactly the wanted number of pods of the current template are there and ready, that no pod of
    another template lives, and that its controller says the roll-out is over. It is confirmed by a fresh read.
  - A bad roll-out is named by its pods' own state, seconds after their first failure, not at a progress deadline.
  - What cannot be judged is unknown and never healthy - a paused roll-out, a spec that someone else changed, the end
    of the time.
  - Does not fail on a workload that is unhealthy or unknown. Fails when the cluster cannot be read at all.
options:
  kind:
    description: Kind of the workload.
    type: str
    choices: [Deployment, StatefulSet]
    default: Deployment
  name:
    description: Name of the workload.
    type: str
    required: true
  namespace:
    description: Namespace of the workload.
    type: str
    required: true
  since:
    description:
      - A time in ISO 8601, usually that of the last action. A container that ended after it makes the workload
        unhealthy even if it runs again.
    type: raw
  generation:
    description:
      - The generation that our change got. A higher one means that someone else changed the spec, which is unknown.
    type: int
  timeout_s:
    description:
      - Seconds to watch at most. V(0) is a single look. Above the workload's C(progressDeadlineSeconds), a pod that
        never becomes ready is unhealthy; below, it is unknown.
    type: float
    default: 60.0
extends_documentation_fragment:
  - tuheg.ir.auth
"""

EXAMPLES = r"""
- name: Watch what the restart does
  tuheg.ir.rollout_status:
    name: backend-gateway
    namespace: tuheg-production
    since: "{{ restarted_at }}"
    generation: "{{ restarted.result.metadata.generation }}"
    timeout_s: 180
  register: rollout

- name: Look once
  tuheg.ir.rollout_status:
    kind: StatefulSet
    name: postgres
    namespace: tuheg-production
    timeout_s: 0
"""

RETURN = r"""
verdict:
  description: V(healthy), V(unhealthy) or V(unknown).
  returned: success
  type: str
reason:
  description: One sentence on why.
  returned: success
  type: str
  sample: "pod backend-gateway-7d4-x2: container gateway was restarted, exit 137 OOMKilled"
cause:
  description:
    - Kubernetes' own word for what is wrong, such as V(OOMKilled) or V(ErrImagePull), or one of V(progressing),
      V(stale), V(paused), V(spec_changed), V(scaled_to_zero), V(not_ready), V(deadline), V(stuck), V(on_delete),
      V(partition), V(timeout), V(missing). Empty when healthy.
  returned: success
  type: str
generation:
  description: Generation of the workload that was judged.
  returned: success
  type: int
replicas:
  description: Numbers of pods - wanted, updated, ready and available.
  returned: success
  type: dict
revision:
  description: Name of the current ReplicaSet or ControllerRevision.
  returned: success
  type: str
pods:
  description: Pods of the current revision, each with name, ready, restarts and reason.
  returned: success
  type: list
  elements: dict
waited_s:
  description: Seconds that it took.
  returned: success
  type: float
error:
  description: What went wrong - kind, what, which and next.
  returned: when the cluster could not be read
  type: dict
"""
