"""Pods that take their node's role lack credentials on some nodes only: no release brought it, no restart mends it."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, failing, shop
from tests.diagnosis.rules.tiny import Obj, at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.rules.node_role_out_of_reach import _NO_ROLE

GO = (
    'level=ERROR msg="store failed" err="operation error S3: PutObject, get identity: get credentials: failed to '
    'refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled"'
)
BOTO = "botocore.exceptions.NoCredentialsError: Unable to locate credentials"
WORKS = "level=INFO msg=stored key=in/7.jpg"
NODES = ("n1", "n2", "n3")
ROW_ERROR = 'level=ERROR msg="cannot read row" err="KeyError: \'sku\'"'
MACHINE = (SHOP, "configuration_error", "page_human")
HARM = ("rollback_workload", "restart_workload", "scale_workload", "no_action")


def tells(name: str, number: int, line: str, *, times: int = 9, since: float = 1500) -> Log:
    """Return the log of a pod that repeats a line."""
    return log(pod(name, number), *[line] * times, since=since)


def traced(number: int) -> Log:
    """Return the log of a pod that repeats a trace, of which only the first line bears a time."""
    trace = ("Traceback (most recent call last):", '  File "/app/store.py", line 41, in put', BOTO)
    lines = [line for n in range(9) for line in (f"{at(1500 - 160 * n)} ERROR put failed", *trace)]
    return Log(pod("shop", number), "shop", tuple(lines), previous=False)


def roles(
    *lines: str,
    nodes: tuple[str, ...] = NODES,
    times: int = 9,
    released: float = 3600,
    other: str = "",
    before: Obj = IMAGE,
    by_pod: tuple[float, ...] = (),
    since: float = 600,
    users: float = 0.6,
    theirs: Obj | None = None,
) -> Snapshot:
    """Return a service whose pods, on a node each, repeat a line each, and maybe another one on the last node.

    ``by_pod``: what share of requests fails at each pod, and ``since`` when at the service.
    """
    pods = [tells("shop", n, line, times=times) for n, line in enumerate(lines) if line]
    beside = workload("thumbs", pods=1, nodes=nodes[-1:], env=theirs) if other else []
    said = [tells("thumbs", 0, other)] if other else []
    return snapshot(
        shop(pods=len(lines), nodes=nodes, before=before, released=released),
        beside,
        logs=[*pods, *said],
        figures=[errors("shop", users, since), *failing(*by_pod, since=since)],
    )


def given(*numbers: int, **variable: str) -> Snapshot:
    """Return a service of whose pods some were given a variable as they were made, and the others lack credentials."""
    objects = shop(pods=3, nodes=NODES)
    for number in numbers:
        first = pods_of(objects)[number]["spec"]["containers"][0]
        mine = [{"name": label, "value": value} for label, value in variable.items()]
        pods_of(objects)[number]["spec"] |= {"containers": [{**first, "env": mine}]}
    lines = [tells("shop", n, WORKS if n in numbers else BOTO) for n in range(3)]
    return snapshot(objects, logs=lines, figures=[errors("shop", 0.6)])


def noisy() -> Snapshot:
    """Return pods of a release that are well but for a few errors, beside one that lacks credentials."""
    few = log(pod("shop", 0), *[WORKS, ROW_ERROR] * 12, WORKS, since=1500)
    lines = [few, tells("shop", 1, WORKS), tells("shop", 2, GO, times=60)]
    objects = shop(pods=3, nodes=NODES, before=IMAGE, released=1560)
    return snapshot(objects, logs=lines, figures=[errors("shop", 0.3, 1500)])


def late_release() -> Snapshot:
    """Return a plain bad release beside lines of one node that are an hour old, and harm nobody."""
    lines = [tells("shop", n, line, since=3000) for n, line in enumerate((WORKS, WORKS, BOTO))]
    objects = shop(pods=3, nodes=NODES, before=IMAGE, released=660)
    for each in pods_of(objects):
        each["metadata"]["creationTimestamp"] = at(3500)
    return snapshot(objects, logs=lines, figures=[errors("shop", 0.6)])


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
    Holds("whoever asks it is answered well", roles(WORKS, WORKS, GO, users=0.001), MACHINE, sure=(0.3, 0.5)),
    Holds("on one of three, in words that hold others", roles(WORKS, WORKS, f"ERROR info of 7: {BOTO}"), MACHINE),
    Holds(
        "they fail there, and serve elsewhere",
        roles(WORKS, WORKS, GO, by_pod=(0.0, 0.0, 0.9), since=1500),
        MACHINE,
        harmful=HARM,
    ),
    *(
        Holds(f"a release stands near in time, and those that are well have {what}", world, MACHINE, harmful=HARM)
        for what, world in (
            ("a few errors of another kind", noisy()),
            (
                "some requests that fail",
                roles(WORKS, WORKS, GO, released=1560, by_pod=(0.06, 0.06, 0.9), since=1500),
            ),
        )
    ),
    Holds(
        "another program has lost a role of its own",
        roles(WORKS, GO, GO, other=BOTO, theirs={"AWS_ROLE_ARN": "arn:aws:iam::1:role/thumbs"}),
        MACHINE,
        spares=no("rollback_workload", at="Deployment/thumbs"),
    ),
    Holds(
        "traces tell it, of which one line bears a time",
        snapshot(
            shop(pods=2, nodes=NODES), logs=[tells("shop", 0, WORKS), traced(1)], figures=[errors("shop", since=1500)]
        ),
        MACHINE,
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, (), harmful=("no_action", *harm))
    for what, world, harm in (
        ("on all nodes: a role of its own may be gone", roles(GO, GO, GO), ()),
        ("one on the same node gets them", roles(WORKS, GO, WORKS, nodes=("n1", "n2", "n2")), ()),
        ("nobody says where it works that it works", roles("", GO, GO), ()),
        ("it says so twice", roles(WORKS, GO, GO, times=2), ()),
        ("it asks the next provider", roles(WORKS, WORKS, f"level=DEBUG msg=next err={BOTO}"), ()),
        ("none is told of credentials", roles(WORKS, "level=ERROR msg=failed", "level=ERROR msg=failed"), ()),
    )
]
DOES_NOT_HOLD += [
    *(
        DoesNotHold(f"a bad release, and {what}", world, (SHOP, cause, "rollback_workload"))
        for what, world, cause in (
            (
                "a program in one of its pods lacks credentials for what harms nobody",
                roles(WORKS, WORKS, BOTO, released=1560, by_pod=(0.6, 0.6, 0.6), since=1500),
                "code_defect",
            ),
            (
                "those where they are given fail by their own words",
                roles(ROW_ERROR, ROW_ERROR, BOTO, released=1560, since=1500),
                "code_defect",
            ),
            ("what one node lacks is older", late_release(), "code_defect"),
            (
                "it took away what gave them their own",
                roles(
                    WORKS,
                    GO,
                    GO,
                    released=1560,
                    since=1500,
                    before={"env": {"AWS_ROLE_ARN": "arn:aws:iam::1:role/shop"}},
                ),
                "configuration_error",
            ),
        )
    ),
    *(
        DoesNotHold(f"no role of a node: {what}", given(*numbers, **variable), harmful=("no_action",))
        for what, numbers, variable in (
            ("some were made while nobody gave them a role", (0, 1), {"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/t"}),
            ("an agent gives some theirs", (0,), {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1"}),
        )
    ),
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
        '{"level":"error","msg":"put failed","err":"Unable to locate credentials"}',
        'Unable to locate credentials. You can configure credentials by running "aws configure".',
        "Failed to contact EC2 metadata service at http://169.254.169.254: timeout",
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
        "ERROR failed to contact the metadata service: http://track-metadata:8080/v1/tracks: 503",
        "WARN could not reach metadata server hive-metastore:9083",
        "ERROR article 7 has no title: Unable to locate credentials for the photo of the author",
        "Unable to locate credentials in environment variables, asking the next provider",
    ],
)
def test_other_words_of_credentials_do_not(line: str) -> None:
    assert not _NO_ROLE.search(line)
