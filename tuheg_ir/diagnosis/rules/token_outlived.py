"""A program shows the cluster's API the token that it read at its start, and that token's time is over.

The kubelet puts a fresh token into the file long before; who reads the file once, as older clients do, never sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._replaced import Kept, Told, present, told
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.graph import foreign
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import mapping, text
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LIVES = (timedelta(days=90), timedelta(days=365))
"""For so long the API takes a token after all that stands for an hour in the file: at EKS, and elsewhere.

Where it does not, a program is refused within an hour of each start: that is seen, and mended, at once.
"""
SLACK = timedelta(minutes=10)
"""Who asks the API now and then is refused so soon after its token's time."""
_RENEWED = timedelta(hours=1)
"""A container that was started again finds a token in the file that may be so old already."""

TOKEN = Kept(
    "the token that it showed the cluster's API",
    ("401", "nauthorized", "logged in to the server", "provide credentials"),
    late(
        r"\bkubernetes\.client\.[\w.]*ApiException: \(401\)|\bio\.kubernetes\.client\.[\w.]*ApiException: Unauthorized"
        r"|\bkind\W{1,6}Status\b.{0,200}\bcode\W{1,6}401\b|\bStatus\(apiVersion=v1, code=401\b"
        r"|\bfailed to (?:list|watch) \S{1,80}: (?:failed to list \S{1,80}: )?Unauthorized\b"
        r"|\berror retrieving resource lock \S{1,200}: Unauthorized\b|\bmust be logged in to the server\b"
        r"|\bserver has asked for the client to provide credentials|\bApiError: Unauthorized: Unauthorized"
        r"|\bKubeclient::HttpError\b.{0,80}401",
        re.IGNORECASE,
    ),
    timedelta(0),
)
"""The clients for Python, Java, Node, Go, Rust and Ruby, fabric8, kubectl."""


_OF_ITS_OWN = late(r"kube_?config|(?:kube|k8s)\w{0,20}_token\b", re.IGNORECASE)
"""A setting by which a program shows an API, perhaps another cluster's, a token that no kubelet renews."""


class Over(NamedTuple):
    """A pod that is refused since its token's time was over: since when, how long that was."""

    pod: Pod
    since: datetime
    life: timedelta


def when(view: View) -> Iterator[Match]:
    """Each pod that the API refuses is so from the end of its own token's time on; nobody else is refused."""
    heard = ((each, said) for each in view.serving if (said := told(view, each, TOKEN)) is not None)
    tellers = [(each, said.since(present([said]))) for each, said in heard]
    found = [(each, said, list(_over(each, said))) for each, said in tellers]
    if any(len(over) < len(said.pods) for _, said, over in found):
        return  # whom the API refuses at another time it refuses for another reason: its keys, who asks
    for workload, said, over in found:
        felt = [seen for seen, _ in troubles(view, workload.ref)]
        if len(set(said.times)) >= OFTEN and (felt or view.alerts) and not _shows_another(view, workload, said):
            yield _match(view, workload, said, over, felt)


def _shows_another(view: View, workload: Workload, said: Told) -> bool:
    """Tell whether a program may show a token that was given to it: a fresh process shows the same one."""
    settings = (word for each in view.graph.settings(workload) for word in each)
    secrets = (view.objects(kind).get(name) for kind, name in reads(workload.template) if kind == "Secret")
    keys = {str(key) for secret in secrets for key in mapping(secret, "data")}
    given = "token" in keys or any(map(_OF_ITS_OWN.search, (*settings, *keys)))
    return given or any(map(foreign, hosts_named([said.line])))


def _over(workload: Workload, said: Told) -> Iterator[Over]:
    """Yield the pods that are refused from the end of their token's time on."""
    for pod in workload.live:
        times = [at for name, at in said.heard if name == pod.name]
        starts = [c.started_at for c in pod.containers if c.name in said.containers and c.started_at]
        if not times or not starts or pod.created is None:
            continue
        first, start = min(times), max(starts)
        early = _RENEWED if start - pod.created > SLACK else SLACK
        life = next((each for each in LIVES if start + each - early <= first <= start + each + SLACK), None)
        if life is not None:
            yield Over(pod, first, life)


def _match(view: View, workload: Workload, said: Told, over: list[Over], felt: list[Evidence]) -> Match:
    since = min(each.since for each in over)
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", workload.ref, f"the API refuses it ({len(set(said.times))} times): {said.line}", since),
            *(
                Evidence("objects", f"Pod/{o.pod.name}", f"its process is just {o.life.days} days old then", o.since)
                for o in over[:2]
            ),
            *_fellows(view, workload, since),
            *felt[:1],
        ),
        certainty=0.75,
        since=since,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=excluding(
            workload.ref, f"it ran well for {over[0].life.days} days: no release came with it", "rollback_workload"
        ),
    )


def _fellows(view: View, workload: Workload, since: datetime) -> Iterator[Evidence]:
    """Yield another program with the same account that is younger, and is not refused."""
    account = text(workload.template, "spec", "serviceAccountName")
    for each in view.serving:
        same = account and each is not workload and text(each.template, "spec", "serviceAccountName") == account
        pods = [pod for pod in each.live if pod.ready and any(view.logs_of([pod], previous=False))]
        if same and pods and told(view, each, TOKEN) is None:
            fact = f"it has the same account ({account}), and is not refused"
            yield Evidence("logs", each.ref, fact, since)
            return


RULE = Rule(
    name="token_outlived",
    title="A program shows the cluster's API a token whose time is over",
    root_cause="code_defect",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="the cluster's API refuses nobody from the end of his token's time on",
)
