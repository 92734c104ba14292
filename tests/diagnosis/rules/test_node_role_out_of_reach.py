"""Pods that take their node's role lack credentials on some nodes only: no release brought it, no restart mends it."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.rules.node_role_out_of_reach import _NO_ROLE

GO = (
    'level=ERROR msg="store failed" err="operation error S3: PutObject, get identity: get credentials: failed to '
    'refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled"'
)
BOTO = "botocore.exceptions.NoCredentialsError: Unable to locate credentials"
WORKS = "level=INFO msg=stored key=in/7.jpg"
NODES = ("n1", "n2", "n3")
MACHINE = (SHOP, "configuration_error", "page_human")
HARM = ("rollback_workload", "restart_workload", "scale_workload", "no_action")


def tells(name: str, number: int, line: str, *, times: int = 9, since: float = 1500, last: str = "") -> Log:
    """Return the log of a pod that repeats a line, and may end with another."""
    return log(pod(name, number), *[line] * times, *([last] * 3 if last else []), since=since)


def roles(
    *lines: str, nodes: tuple[str, ...] = NODES, times: int = 9, released: float = 3600, other: str = "", last: str = ""
) -> Snapshot:
    """Return a service whose pods, on a node each, repeat a line each, and maybe another one on the last node."""
    pods = [
        tells("shop", n, line, times=times, last=last if line != WORKS else "") for n, line in enumerate(lines) if line
    ]
    beside = workload("thumbs", pods=1, nodes=nodes[-1:]) if other else []
    said = [tells("thumbs", 0, other)] if other else []
    return snapshot(
        shop(pods=len(lines), nodes=nodes, before=IMAGE, released=released),
        beside,
        logs=[*pods, *said],
        figures=[errors("shop", 0.6)],
    )


HOLDS = [
    Holds(
        "on two nodes of three, an hour after a release",
        roles(WORKS, GO, GO),
        MACHINE,
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=HARM,
    ),
    Holds("on one of three, and another program there too", roles(WORKS, WORKS, GO, other=BOTO), MACHINE, harmful=HARM),
    Holds("on one of three", roles(WORKS, WORKS, BOTO), MACHINE, harmful=HARM),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, (), harmful=("no_action", *harm))
    for what, world, harm in (
        ("on all nodes: a role of its own may be gone", roles(GO, GO, GO), ()),
        ("one on the same node gets them", roles(WORKS, GO, WORKS, nodes=("n1", "n2", "n2")), ()),
        ("nobody says where it works that it works", roles("", GO, GO), ()),
        ("it says so twice", roles(WORKS, GO, GO, times=2), ()),
        ("none is told of credentials", roles(WORKS, "level=ERROR msg=failed", "level=ERROR msg=failed"), ()),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "those that get them came a moment ago",
        snapshot(
            shop(pods=2, nodes=("n1", "n2"), started=100),
            logs=[tells("shop", 0, WORKS, since=90), tells("shop", 1, GO)],
            figures=[errors("shop", 0.6)],
        ),
        (),
        harmful=("no_action",),
    ),
]


@pytest.mark.parametrize(
    "line",
    [
        GO,
        BOTO,
        "Error: Could not load credentials from any providers",
        "NoCredentialProviders: no valid providers in chain. Deprecated.",
        "SdkClientException: Unable to load credentials from any of the providers in the chain",
        "EC2RoleRequestError: no EC2 instance role found",
        "could not communicate with IMDS: dispatch failure: timeout: HTTP read timeout occurred after 1s",
    ],
)
def test_clients_say_that_nobody_gives_them_credentials(line: str) -> None:
    assert _NO_ROLE.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
        "INFO found credentials in environment variables",
        "ExpiredToken: The provided token has expired",
        "WARN credentials of user 7 are wrong",
        "INFO instance metadata read: eu-central-1a",
    ],
)
def test_other_words_of_credentials_do_not(line: str) -> None:
    assert not _NO_ROLE.search(line)
