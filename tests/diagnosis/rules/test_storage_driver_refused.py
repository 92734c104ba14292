"""The provider refuses the driver of volumes a right: pods that were moved wait, and no restart helps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, put, waiting
from tests.diagnosis.rules.scenes import logs
from tests.diagnosis.rules.tiny import Obj, event, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot
from tuheg_ir.diagnosis.rules.storage_driver_refused import _REFUSED

LEDGER, DRIVER = "StatefulSet/ledger", "Deployment/disk-csi-controller"
CLAIM: dict[str, Any] = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
SAID = (
    "rpc error: code = Internal desc = could not attach volume vol-1: api error UnauthorizedOperation: You are not "
    "authorized to perform this operation. User: role/staging is not authorized to perform: ec2:AttachVolume"
)
CONTROLLER = workload("disk-csi-controller", service=False, spec={"serviceAccountName": "disk-csi"})


def stuck() -> list[Obj]:
    objects = workload("ledger", kind="StatefulSet", pods=3, ready=2, spec=CLAIM)
    put(pods_of(objects)[2], waiting("ContainerCreating"))
    return objects


def volume(**claim: Any) -> list[Obj]:
    body: dict[str, Any] = {"spec": {"volumeName": "pvc-9", "storageClassName": "fast"}, "status": {"phase": "Bound"}}
    csi = {"csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"}}
    return [thing("PersistentVolumeClaim", "data", **(body | claim)), thing("PersistentVolume", "pvc-9", spec=csi)]


def refused(message: str = SAID, *more: Any, line: str = "", **world: Any) -> Snapshot:
    told = event("Pod/ledger-2", "FailedAttachVolume", f'AttachVolume.Attach failed for volume "pvc-9" : {message}')
    return snapshot(stuck(), told, *more, logs=logs("disk-csi-controller", line) if line else [], **world)


HOLDS = [
    Holds(
        "the log of the driver's controller repeats it of the volume that is waited for",
        refused(SAID, volume(), CONTROLLER, line=f'E0729 driver.go "GRPC error" err="{SAID}"'),
        (DRIVER, "configuration_error", "page_human"),
        excludes=(
            *no("restart_workload", "rollback_workload", at=DRIVER),
            *no("restart_workload", "rollback_workload", at=LEDGER),
        ),
        alone=True,
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "the controller's account was changed before",
        refused(SAID, volume(), CONTROLLER, thing("ServiceAccount", "disk-csi", written=3600), line=SAID),
        (DRIVER, "configuration_error", "page_human"),
    ),
    Holds(
        "the controller is not to be seen",
        refused(SAID, volume()),
        ("CSIDriver/ebs.csi.aws.com", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=LEDGER),
        alone=True,
    ),
    Holds(
        "neither driver nor volume are to be seen",
        refused("rpc error: code = PermissionDenied desc = not for this project"),
        (LEDGER, "configuration_error", "page_human"),
    ),
    Holds(
        "no volume can be made for a claim",
        snapshot(
            stuck(),
            volume(spec={"storageClassName": "fast"}, status={"phase": "Pending"}),
            thing("StorageClass", "fast", provisioner="disk.csi.azure.com"),
            event("PersistentVolumeClaim/data", "ProvisioningFailed", "Code: AuthorizationFailed: the client has no"),
        ),
        ("CSIDriver/disk.csi.azure.com", "configuration_error", "page_human"),
    ),
    Holds(
        "another program is refused something else: it is not the driver",
        refused(SAID, volume(), workload("mailer"), CONTROLLER),
        ("CSIDriver/ebs.csi.aws.com", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the volume hangs on another node",
        refused("rpc error: code = Internal desc = Multi-Attach error: already used", volume()),
        (LEDGER, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "a quota is used up, which the provider forbids with the same code",
        refused("googleapi: Error 403: PERMISSION_DENIED: Quota 'SSD_TOTAL_GB' exceeded", volume()),
        (LEDGER, "dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "it was refused for a while, and all pods are ready",
        snapshot(
            workload("ledger", kind="StatefulSet", pods=3, spec=CLAIM),
            event("Pod/ledger-2", "FailedAttachVolume", SAID),
            volume(),
        ),
    ),
]


@pytest.mark.parametrize(
    "said",
    [
        "UnauthorizedOperation: You are not authorized to perform this operation.",
        "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
        "failed to refresh cached credentials, no EC2 IMDS role found",
        "RESPONSE 403: ERROR CODE: AuthorizationFailed",
        "does not have authorization to perform action 'Microsoft.Compute/disks/write' over scope",
        "AADSTS700016: Application with identifier 'x' was not found",
        "googleapi: Error 403: Required 'compute.disks.use' permission for 'projects/p/zones/z/disks/d', forbidden",
        "ServerFaultCode: Permission to perform this operation was denied.",
        "rpc error: code = Unauthenticated desc = token expired",
    ],
)
def test_words_of_providers_that_refuse(said: str) -> None:
    assert _REFUSED.search(said)
