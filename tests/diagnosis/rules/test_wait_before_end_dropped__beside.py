"""A hook that fails is that of a container put in beside those of a release: it says nothing of the release."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.test_wait_before_end_dropped import APP, BACK, ENDS, FAILS, OLDER, broken, failed
from tests.diagnosis.rules.tiny import DAY, Obj, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

BARELY_TOLD = "PreStopHook failed"
OF_PROXY = (
    'Exec lifecycle hook ([pilot-agent request POST drain_listeners?graceful]) for Container "istio-proxy" in Pod '
    '"app-6c9f7d8b54-x0000" failed - error: command exited with 1'
)
DRAINS: Obj = {"preStop": {"exec": {"command": ["pilot-agent", "request", "POST", "drain_listeners?graceful"]}}}
PROXY: Obj = {"name": "istio-proxy", "image": "istio/proxyv2:1.25.0"}
HARM = ("rollback_workload",)


def beside(
    told: list[Obj], *, field: str = "", first: bool = False, hook: bool = True, released: float = 0
) -> Snapshot:
    """Return a release of other code whose hook is as ever, and a proxy put into its pods; ``told``: what ends there.

    ``field``: the container that a kubelet names; ``first``: the proxy starts before the others.
    """
    app = broken(before=OLDER, image="registry.example/app:2", **({"released": released} if released else {}))
    proxy = {**PROXY, "restartPolicy": "Always"} if first else PROXY
    where = "initContainers" if first else "containers"
    for each in pods_of(app):
        each["spec"] = {**each["spec"]}
        each["spec"][where] = [*each["spec"].get(where, ()), {**proxy, **({"lifecycle": DRAINS} if hook else {})}]
    for each in told:
        if field and each["reason"] == "FailedPreStopHook":
            kind = "initContainers" if first and field == PROXY["name"] else "containers"
            each["involvedObject"]["fieldPath"] = f"spec.{kind}{{{field}}}"
    return snapshot(workload("edge"), app, told, logs=[FAILS])


HOLDS = [
    Holds(f"its own hook fails at once, beside a proxy: {what}", world, (APP, *BACK))
    for what, world in (
        ("its container is named in the words", beside(failed(*ENDS))),
        ("its container is named by the field alone", beside(failed(*ENDS, says=BARELY_TOLD), field="app")),
        ("no container is named, and the proxy has no hook", beside(failed(*ENDS, says=BARELY_TOLD), hook=False)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"the hook of a proxy beside it fails at once, and its own does not: {what}", world, harmful=HARM)
    for what, world in (
        ("the proxy is named in the words", beside(failed(*ENDS, says=OF_PROXY))),
        ("the proxy is named by the field alone", beside(failed(*ENDS, says=BARELY_TOLD), field="istio-proxy")),
        (
            "the proxy starts before it",
            beside(failed(*ENDS, says=BARELY_TOLD), field="istio-proxy", first=True),
        ),
        ("nobody names who it was, and both have one", beside(failed(*ENDS, says=BARELY_TOLD))),
        ("it was released two days ago", beside(failed(*ENDS, says=OF_PROXY), released=2 * DAY)),
    )
]
DOES_NOT_HOLD.append(
    DoesNotHold(
        "the hook of a proxy beside it fails at once, and its image has no shell since two days",
        snapshot(workload("edge"), broken(released=2 * DAY), failed(*ENDS, says=OF_PROXY), logs=[FAILS]),
        harmful=HARM,
    )
)
