"""A shop that fetches what its users name, one of whom leads it to where its node hands out credentials."""

from __future__ import annotations

from tests.diagnosis.rules.scenes import WELL
from tests.diagnosis.rules.tiny import at, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

INNER = "http://169.254.169.254/latest/meta-data/iam/security-credentials/node-role"
LEADS = f'level=info msg=redirect from="https://r.cards.example/p?n=3" to={INNER}'
GETS = f"level=info msg=fetched url={INNER} status=200 bytes=1582"
ASKS = (
    '198.51.100.7 - - "GET /preview?url=http%3A%2F%2F169.254.169.254%2Flatest%2Fmeta-data%2Fiam%2Fsecurity-credentials'
    '%2Fnode-role HTTP/1.1" 200 1582'
)
USE = 'shop-media {} arn:aws:sts::1:assumed-role/node-role/{} REST.GET.OBJECT "GET /shop-media/a.zip HTTP/1.1" 200 99'
AT_HOME, THIEF, NODE = "198.51.100.20", "203.0.113.77", "i-0c3d91f7ab42e6610"
COPIED = ((1900, USE.format(AT_HOME, NODE)), (1300, USE.format(THIEF, NODE)))
"""A session of the role, as a bucket's log tells of it: at home before, and at somebody else's after."""
SPELLED = (
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
    "http://169.254.169.254/metadata/identity/oauth2/token?resource=x",
    "http://169.254.170.2/v2/credentials/8f3e",
    "http://[fd00:ec2::254]/latest/meta-data/iam/security-credentials/node-role",
    "http://2852039166/latest/meta-data/iam/security-credentials/node-role",
    "http://100.100.100.200/latest/meta-data/ram/security-credentials/node-role",
)


def luring(
    leads: str = LEADS,
    gets: str = GETS,
    *,
    later: float = 1,
    used: tuple[tuple[float, str], ...] = COPIED,
    name: str = "shop",
    ago: float = 1500,
    by: int = 0,
    also: tuple[str, ...] = (),
    alerts: tuple[Alert, ...] = (),
) -> Snapshot:
    """Return a shop that was led somewhere, what it got there so many seconds later, and a bucket's log.

    by: the pod that got it; also: what the shop's first pod tells besides.
    """
    first = (f"{at(ago)} {leads}", *(f"{at(ago + 60)} {line}" for line in also))
    second = (f"{at(ago - later)} {gets}",)
    told = Log(pod("audit"), "audit", tuple(f"{at(age)} {line}" for age, line in used), False)
    return snapshot(
        workload(name),
        workload("audit"),
        logs=[
            Log(pod(name), name, first if by else (*first, *second), False),
            told,
            Log(pod(name, 1), name, second, False)
            if by
            else log(pod(name, 1), "INFO fetched url=https://a.example/ status=200"),
        ],
        figures=[WELL],
        alerts=alerts,
    )
