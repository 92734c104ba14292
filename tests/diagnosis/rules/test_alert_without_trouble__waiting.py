"""An alert about work that waits fires, or about pods that finish theirs, and all goes as it is meant to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.back_again import AWAY, SENT, TIMED_OUT, back_again, hill, killed_once
from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.former_group import FORMER, NOW_IN, consumer, watched
from tests.diagnosis.rules.kept_shut import (
    BEFORE_NOW,
    BLACKOUT,
    FAR,
    HELD,
    IN_UTC,
    IN_WORDS,
    OF_A_LANE,
    OF_TEXTS,
    RULES,
    TO_BE_LATE,
    WINDOW,
    ZONELESS,
    at_the_end_of_time,
    shut,
    waiting_for,
)
from tests.diagnosis.rules.leaving import HANGS, sewing
from tests.diagnosis.rules.scenes import alert, errors, logs
from tests.diagnosis.rules.set_back import KAFKA, replay
from tests.diagnosis.rules.tiny import NOW, Obj, at, container, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot


def mailing(
    *, says: str = "200000 messages published to news", started: float = 3900, ended: float | None = 3300
) -> tuple[list[Obj], list[Log]]:
    """Return a run of a CronJob that began and completed so long ago, and what it told."""
    status = {"startTime": at(started)} | ({} if ended is None else {"completionTime": at(ended), "succeeded": 1})
    job = thing("Job", "mailing-1", age=started, status=status)
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "mailing", "controller": True}]
    ran = thing("Pod", "mailing-1-x", age=started, spec={"containers": [container("mailing", "mailing:1")]})
    ran["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "mailing-1", "controller": True}]
    ran["status"] = {"phase": "Running" if ended is None else "Succeeded"}
    cron = thing("CronJob", "mailing", spec={"schedule": "0 2 * * *"}, status={"lastScheduleTime": at(started)})
    return [cron, job, ran], [Log("mailing-1-x", "mailing", (f"{at(started - 60)} {says}",))]


def deep(*depth: float, **labels: str) -> tuple[str, Series]:
    """Return how deep a queue was within the hour, evenly between these values."""
    span = len(depth) - 1
    points = []
    for age in range(3600, -1, -30):
        part, rest = divmod((3600 - age) / 3600 * span, 1)
        low, high = depth[int(part)], depth[min(int(part) + 1, span)]
        points.append((NOW.timestamp() - age, low + (high - low) * rest))
    return "queue_depth", Series(labels, tuple(points))


def lie(**keys: tuple[float, ...]) -> Snapshot:
    """Return a store, a worker that is told to read what lies under one key of it, and an alert of its queues."""
    told = Alert("QueueDeep", {"severity": "warning", "component": "redis"}, {}, "firing", NOW)
    figures = [deep(*depth, component="redis", key=key) for key, depth in keys.items()]
    worker = workload("sender", env={"QUEUE": "news"}, service=False)
    return snapshot(workload("redis", "redis:7"), worker, figures=figures, alerts=[told])


def waits(
    *depth: float,
    queue: str = "news",
    severity: str = "warning",
    line: str = "sent",
    run: Any = ((), ()),
    since: float = 0,
) -> Snapshot:
    """Return a sender whose queue is so deep, evenly between these values, an alert of it, and a run with its logs."""
    began = NOW - timedelta(seconds=since)
    told = Alert("QueueDeep", {"severity": severity}, {"summary": f"many messages wait in {queue}"}, "firing", began)
    depths = deep(*depth, component="sender", queue="news")
    objects, ran = run
    said = [*logs("sender", line), *ran]
    return snapshot(workload("sender"), *objects, logs=said, figures=[depths, errors("sender", 0.001)], alerts=[told])


CRITICAL: Obj = {"severity": "critical", "since": 3600}

AUDIT = deep(900, 900, component="rabbitmq", queue="audit")
WARNS, MORE_OF_IT = "level=warn msg=requeued", ("capacity", "scale_workload")

BACK_HARM = ("rollback_workload", "restart_workload", "scale_workload")

HOLDS = [
    Holds(
        "of a deep queue, and it is worked off evenly",
        waits(560_000, 240_000),
        ("Deployment/sender", "no_fault", "no_action"),
    ),
    *(
        Holds(
            f"critical, of a deep queue that a run has filled, and it is empty within minutes: {what}",
            world,
            ("Deployment/sender", "no_fault", "no_action"),
            alone=True,
            harmful=("restart_workload", "scale_workload"),
        )
        for what, world in (
            ("it began while the run went on", waits(200_000, 20_000, run=mailing(), **CRITICAL)),
            ("it began soon after", waits(200_000, 20_000, run=mailing(), severity="critical", since=2700)),
            ("it is worked off faster by now", waits(200_000, 150_000, 30_000, run=mailing(), **CRITICAL)),
        )
    ),
    *(
        Holds(
            f"a page about what waits for a group that a Job set back, and it is read within minutes: {what}",
            world,
            ("Deployment/books", "no_fault", "no_action"),
            alone=True,
            harmful=("restart_workload", "scale_workload", "rollback_workload"),
        )
        for what, world in (
            ("Kafka", replay()),
            ("another group of the same topic keeps up", replay(other=40)),
            ("Redpanda", replay("rpk group seek books --to 1792000000000")),
            ("Pulsar", replay("pulsar-admin topics reset-cursor persistent://a/b/taps -s books -t 5d")),
            ("a program of streams", replay("kafka-streams-application-reset --application-id books")),
            ("another tool", replay("kafkactl reset consumer-group-offset books --topic taps --oldest --execute")),
        )
    ),
    Holds(
        "of a store's queues, and the one that is there is worked off, beside what is cached",
        lie(news=(9000, 4000), sessions=(9000, 9000)),
        ("Deployment/redis", "no_fault", "no_action"),
    ),
    Holds(
        "of a consumer's backlog, and half of it is gone",
        waits(9000, 4000, queue="sender"),
        ("Deployment/sender", "no_fault", "no_action"),
    ),
    Holds(
        "its group of readers is a former one: its reader is in another since days, and keeps up there",
        watched(),
        ("Deployment/billing", "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "and nobody counts who is in a group",
        watched(members=None),
        ("Deployment/billing", "no_fault", "no_action"),
    ),
    *(
        Holds(
            f"of a pod that is to go and does the rest of its work in time: {what}",
            world,
            ("Deployment/sewer", *HEALTHY),
            alone=True,
            harmful=("restart_workload", "rollback_workload", "scale_workload"),
        )
        for what, world in (
            ("it counts what is done", sewing()),
            ("as a fraction", sewing(lambda done: f"stitched {done}/1680 tiles")),
            ("in words", sewing(lambda done: f"exported {done} of 1680 rows")),
            ("as JSON", sewing(lambda done: f'{{"level":"info","done":{done},"total":1680}}')),
            ("as a part of a hundred", sewing(lambda done: f"reindex {done / 20:.1f}% complete")),
            ("the alert is of the drain", sewing(fires=alert("NodeDrainSlow", pod=pod("sewer")))),
            ("the alert is of the one pod", sewing(fires=alert("KubePodNotReady", pod=pod("sewer")))),
        )
    ),
    *(
        Holds(
            f"of what waits, and its sender holds it back until an hour to come, as it is set to: {what}",
            world,
            ("Deployment/sender", *HEALTHY),
            alone=True,
            harmful=("restart_workload", "rollback_workload", "scale_workload"),
        )
        for what, world in (
            ("quiet hours", shut()),
            ("the sender writes UTC, its settings name a zone", shut(IN_UTC, WINDOW)),
            ("in words, and without a zone in its settings", shut(IN_WORDS, BLACKOUT)),
            ("a variable says it", shut(env=True)),
            ("what it holds stands after that", shut(OF_A_LANE)),
            ("the alert names its queue", shut(OF_TEXTS, fires=waiting_for(queue="promo-sms"))),
        )
    ),
    *(
        Holds(
            f"a page about a backlog that melts since a host outside is back, which went away after a release: {what}",
            world,
            ("Deployment/sender", *HEALTHY),
            alone=True,
            harmful=BACK_HARM,
        )
        for what, world in (
            ("it refused", back_again()),
            ("it was silent", back_again(fails=TIMED_OUT)),
            ("another one was killed for memory once meanwhile, and has room", back_again(**killed_once())),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a queue is deep: {what}", world, harmful=("no_action",))
        for what, world in (
            ("it fell, and grows again", waits(560_000, 100_000, 240_000)),
            ("it falls only as what is cached does", lie(sessions=(9000, 4000))),
            ("it falls, but slowly", waits(560_000, 520_000)),
            ("it fell at first, and stands", waits(560_000, 240_000, 240_000, 240_000)),
            ("it is another one that shrinks", waits(560_000, 240_000, queue="bills")),
            ("what goes is thrown away", waits(9000, 4000, line="message 4711 rejected, moved to dead-letter queue")),
            ("it is critical", waits(9000, 4000, severity="critical")),
            ("it is critical, and nobody knows who filled it", waits(200_000, 20_000, **CRITICAL)),
            ("it is critical, and it takes an hour yet", waits(200_000, 100_000, run=mailing(), **CRITICAL)),
            ("it is critical, and slower by now", waits(200_000, 30_000, 20_000, run=mailing(), **CRITICAL)),
            ("it is critical, and the run goes on", waits(200_000, 20_000, run=mailing(ended=None), **CRITICAL)),
            (
                "it is critical, and the run tells of nothing that it sent",
                waits(200_000, 20_000, run=mailing(says="12 reports written"), **CRITICAL),
            ),
            (
                "it is critical, and began long after the run",
                waits(200_000, 20_000, run=mailing(started=9000, ended=8400), **CRITICAL),
            ),
            (
                "it is critical, and what goes is thrown away",
                waits(
                    200_000, 20_000, run=mailing(), line="message 47 rejected, moved to dead-letter queue", **CRITICAL
                ),
            ),
        )
    ),
    *(
        DoesNotHold(f"a page about what waits for a group that a Job set back: {what}", world, harmful=("no_action",))
        for what, world in (
            ("it takes an hour yet", replay(left=1_500_000)),
            ("it grows", replay(left=4_000_000)),
            ("it set back another group", replay(group="bills")),
            ("it only told what it would do", replay(KAFKA.replace("--execute", "--dry-run"))),
            ("it was not told to do it", replay(KAFKA.replace(" --execute", ""))),
            ("it only looked", replay(KAFKA.replace("--reset-offsets --execute", "--describe"))),
            ("it failed", replay(failed=True)),
            ("the page began long after", replay(began=600)),
            ("the page began before", replay(began=4200)),
            ("others of its queue wait as well", replay(other=900_000, group="taps")),
        )
    ),
    *(
        DoesNotHold(f"a group of readers is behind: {what}", world, harmful=("no_action", "rollback_workload"))
        for what, world in (
            ("its reader left it an hour ago, and may have left messages behind", watched(by=consumer(released=3600))),
            ("its reader is still in it", watched(by=consumer(group=FORMER, before="billing-v0"))),
            ("somebody is in it", watched(members=2)),
            ("somebody takes from it now and then", watched(former=(4_000_000, 3_990_000))),
            ("another one is in it", watched(workload("audit", env={"GROUP_ID": FORMER}))),
            ("another one may be in it by its name", watched(workload(FORMER), by=consumer("clerk"))),
            ("the group in use is not measured", watched(now=None)),
            ("much waits for the group in use", watched(now=(90_000, 99_000))),
            ("it is the group in use", watched(group=NOW_IN)),
            ("its reader is not complete", watched(by=consumer(ready=1))),
        )
    ),
    DoesNotHold(
        "a group of readers is behind, and ever more waits for the one in use too",
        watched(now=(100, 9_000)),
        ("Deployment/billing", "capacity", "scale_workload"),
    ),
    *(
        DoesNotHold(
            f"of a pod that is to go, and {what}",
            world,
            harmful=("restart_workload", "rollback_workload"),
            instead=answer,
        )
        for what, world, answer in (
            ("its work stands still", sewing(done=[600] * 30), ASK),
            ("it did some, and stands still", sewing(done=[*range(600, 900, 30), *[900] * 20]), ASK),
            ("it tells nothing of its work", sewing(lambda done: f"heartbeat {done}"), ASK),
            ("it tried again and again", sewing(lambda done: f"attempt {done} of 1680 failed"), ASK),
            ("it tells of its memory", sewing(lambda done: f"heap usage {done / 20:.1f}%"), ASK),
            ("it tells of its last work long ago", sewing(done=range(600, 900, 30), more=["idle"] * 40), ASK),
            ("it tells too little", sewing(done=(), more=HANGS), ASK),
            ("its work takes longer than it may", sewing(done=range(600, 630)), ASK),
            ("it takes ages", sewing(lambda done: f"done {done}/999999999", done=[*[1] * 30, 2, 3]), ASK),
            ("it may take ages", sewing(grace=10**10), ASK),
            ("it tells of its connections", sewing(lambda done: f"connections {done}/1680"), ASK),
            ("its time is over", sewing(grace=1800), ASK),
            ("it complains", sewing(more=["level=error msg=broken"] * 2), ASK),
            ("none came for it", sewing(ready=1), ()),
            ("the alert is of a queue", sewing(fires=alert("QueueNotDraining", service="sewer")), ASK),
        )
    ),
    *(
        DoesNotHold(f"of what waits, and its sender holds something back, but {what}", world, instead=answer)
        for what, world, answer in (
            ("something else", shut(fires=waiting_for("login codes:")), ASK),
            ("something else, which is named after it", shut(OF_A_LANE, fires=waiting_for("login codes:")), ASK),
            ("it does not say what", shut(HELD.replace("promo lane", "lane")), ASK),
            ("the alert names what goes on as well", shut(OF_TEXTS, fires=waiting_for("otp sms")), ASK),
            ("the alert names another queue", shut(OF_TEXTS, fires=waiting_for("sms", queue="login-sms")), ASK),
            ("the hour is over", shut(BEFORE_NOW), ASK),
            ("it is at the end of time", at_the_end_of_time(shut()), ASK),
            ("it takes the hour for another zone's", shut(TO_BE_LATE), ASK),
            ("it is far off", shut(FAR), ASK),
            ("of an unknown zone", shut(ZONELESS), ASK),
            ("its settings name another hour", shut(rules=RULES.replace("14:00", "09:00")), ASK),
            ("nothing is set", shut(rules="promo: {rate: 25}"), ASK),
            ("that was set today", shut(written=7200), ASK),
            ("it does nothing else", shut(after=[HELD] * 40), ASK),
            ("it fails beside it", shut(after=[SENT, '{"level":"error","msg":"send failed"}'] * 20), ()),
            ("a pod is missing", shut(ready=1), ()),
            ("the alert is of memory", shut(fires=waiting_for(name="MemoryHigh")), ASK),
        )
    ),
    *(
        DoesNotHold(f"of a backlog that came while a host was away, and {what}", world, instead=answer)
        for what, world, answer in (
            ("it stands", back_again(hill(left=36000)), ()),
            ("it takes long yet", back_again(hill(left=24000)), ()),
            ("it turned long before", back_again(hill(peak_s=2400)), ()),
            ("it turned a moment ago", back_again(hill(peak_s=300), last=330), ()),
            ("its sender fails yet", back_again(since=[SENT, AWAY] * 12), ()),
            ("its sender warns yet", back_again(since=[*[SENT] * 20, WARNS], released=False), MORE_OF_IT),
            ("its sender does little", back_again(since=[SENT] * 3, released=False), MORE_OF_IT),
            ("a pod is missing", back_again(ready=1), ()),
            ("the alert is of something else", back_again(fires="MailSenderMemoryHigh"), ()),
            ("the alert is of what was given up", back_again(fires="MailDeadLettersPending"), ()),
            ("some were thrown away", back_again(fails=f"{AWAY} giving up: message rejected"), ()),
            ("the alert names another queue", back_again(more=[AUDIT], queue="audit"), ()),
        )
    ),
]
