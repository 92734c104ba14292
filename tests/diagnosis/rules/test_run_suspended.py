"""A CronJob that somebody suspended, and that an alert misses, or a store that is full for want of its runs."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.rooms import (
    BACKS_UP,
    CLAIM,
    LOG_FULL,
    PURGES,
    climbing,
    log_full,
    no_inodes,
    released,
    schedule,
    uploads_full,
    volume_full,
)
from tests.diagnosis.rules.runs import cron_job
from tests.diagnosis.rules.scenes import OLD, SHOP, WELL, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, secret_key, snapshot, thing, workload

MISSED = [alert("ReportNotRunning", cronjob="report")]
NIGHTLY = "30 2 * * *"
SAVES = schedule("mssql-log-backup", *BACKS_UP)
PURGE = schedule("purge-events", *PURGES, each=NIGHTLY, ran=9 * DAY)
LOG, DB = "CronJob/mssql-log-backup", "StatefulSet/postgres"
MSSQL_FULL = ("StatefulSet/mssql", "resource_exhaustion", "page_human")
DB_FULL = (DB, "resource_exhaustion", "page_human")
HARMFUL = ("rollback_workload", "restart_workload", "scale_workload", "scale_database")
KEPT = {"DATABASE_URL": secret_key("db", "url")}
FLOOD = (
    "cluster_block_exception: index [logs] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]"
)
SCRIPT = "#!/bin/sh\nfind /srv/tiles -type f -mtime +14 -delete\n"
INODES = climbing("volume_inodes_share", 0.98, 1.0)
TILES_FULL = ("Deployment/maker", "resource_exhaustion", "page_human")


def tidies(name: str = "tiles-prune", claim: str = "data", script: str = "", **more: Any) -> list[Obj]:
    """Return a schedule that takes files off a volume each night, by its name or a script that is mounted."""
    volumes: list[Obj] = [{"name": "d", "persistentVolumeClaim": {"claimName": claim}}]
    volumes += [{"name": "s", "configMap": {"name": "script"}}] if script else []
    given = {"each": NIGHTLY, "ran": 9 * DAY, **more}
    made = [thing("ConfigMap", "script", data={"run.sh": script})] if script else []
    return [*schedule(name, "sh", "/script/run.sh", volumes=volumes, **given), *made]


HOLDS = [
    *(
        Holds(
            f"a volume takes no new file, as nobody takes old ones away{what}",
            world,
            (f"CronJob/{who}", "configuration_error", "page_human"),
            excludes=no("rollback_workload", "restart_workload", "scale_workload", at="Deployment/maker"),
            alone=True,
            harmful=HARMFUL,
        )
        for what, who, world in (
            (", and no inode is left", "tiles-prune", no_inodes(tidies(), fills=INODES)),
            (", by the path in its lines alone", "tiles-prune", no_inodes(tidies())),
            (", by a script", "nightly", no_inodes(tidies("nightly", script=SCRIPT), fills=INODES)),
            (
                ", and its lines name no path",
                "tiles-prune",
                no_inodes(tidies(), fills=INODES, line="java.io.IOException: No space left on device"),
            ),
            (
                ", and it filled as fast before a release of who writes there",
                "tiles-prune",
                no_inodes(tidies(), fills=INODES, before=OLD, released=1500),
            ),
        )
    ),
    Holds(
        "an alert misses its runs",
        snapshot(shop(), cron_job(suspend=True, well=3 * DAY, written=2 * DAY), figures=[WELL], alerts=MISSED),
        ("CronJob/report", "configuration_error", "page_human"),
        alone=True,
    ),
    *(
        Holds(
            f"a database's log of changes is full, as it is not backed up{what}",
            world,
            (LOG, "configuration_error", "page_human"),
            excludes=(
                *no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
                *no("restart_workload", "scale_database", at="StatefulSet/mssql"),
            ),
            alone=True,
            harmful=HARMFUL,
            sure=(0.8, 0.95),
        )
        for what, world in (
            ("", log_full(SAVES)),
            (", and a client was released minutes before", log_full(SAVES, **released())),
            (", by a procedure", log_full(schedule("mssql-log-backup", *BACKS_UP[:-1], "EXEC b @BackupType='LOG'"))),
            (", and the name alone tells what runs do", log_full(schedule("mssql-log-backup", "/run.sh", env=KEPT))),
            (
                ", and the full backups go on",
                log_full(
                    SAVES,
                    schedule("full", "sqlcmd", "-S", "mssql", "-Q", "BACKUP DATABASE x", suspend=False, ran=600),
                ),
            ),
        )
    ),
    Holds(
        "the archive of an Oracle is full, as it is not backed up",
        snapshot(
            workload("ora", "gvenzl/oracle-xe:21", kind="StatefulSet", pods=1, port=1521),
            workload("shop", env={"DB_HOST": "ora"}),
            schedule("rman", "rman", "target", "sys@ora:1521", "cmdfile", "backup-archivelog.rcv", each="0 */2 * * *"),
            figures=[errors("shop", 0.5)],
            logs=logs("shop", "ORA-00257: Archiver error. Connect AS SYSDBA only until resolved."),
        ),
        ("CronJob/rman", "configuration_error", "page_human"),
        harmful=HARMFUL,
    ),
    *(
        Holds(
            f"a volume is full, as nobody takes away what is old{what}",
            world,
            (f"CronJob/{who}", "configuration_error", "page_human"),
            alone=True,
            harmful=HARMFUL,
        )
        for what, who, world in (
            ("", "purge-events", volume_full(PURGE)),
            (", and a client was released minutes before", "purge-events", volume_full(PURGE, **released())),
            (
                ", by its name",
                "retention",
                volume_full(schedule("retention", "/run.sh", each=NIGHTLY, env={"PGHOST": "postgres"})),
            ),
            (
                ", and a Secret hides where",
                "housekeeping",
                volume_full(schedule("housekeeping", "/app/run", each="@daily", env=KEPT)),
            ),
            (
                ", on a volume that it shares",
                "tidy",
                uploads_full(schedule("tidy", "find", "/data", "-mtime", "+30", "-delete", each="@hourly", **CLAIM)),
            ),
        )
    ),
    Holds(
        "a search cluster is past its watermark, as no index is deleted",
        snapshot(
            workload("search", "elasticsearch:8.15.0", kind="StatefulSet", pods=1, port=9200),
            workload("shop", env={"SEARCH_URL": "http://search:9200"}),
            schedule("curator", "curator", "/etc/actions.yml", each=NIGHTLY, env={"ES_HOSTS": "http://search:9200"}),
            figures=[errors("shop", 0.5)],
            logs=logs("shop", FLOOD),
        ),
        ("CronJob/curator", "configuration_error", "page_human"),
        harmful=HARMFUL,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody misses its runs", snapshot(shop(), cron_job(suspend=True), figures=[WELL]), HEALTHY),
    DoesNotHold(
        "it is not suspended",
        snapshot(shop(), cron_job(), figures=[WELL], alerts=MISSED),
        ("unknown", "page_human"),
    ),
    *(
        DoesNotHold(f"a database's log of changes is full, {what}", world, MSSQL_FULL, harmful=HARMFUL)
        for what, world in (
            ("and its backups run", log_full(schedule("mssql-log-backup", *BACKS_UP, suspend=False, ran=600))),
            ("and one run was missed", log_full(schedule("mssql-log-backup", *BACKS_UP, ran=1500))),
            ("and none was ever", log_full(schedule("mssql-log-backup", *BACKS_UP, ran=0))),
            (
                "and only whole backups are not made",
                log_full(schedule("full-backup", "sqlcmd", "-S", "mssql", "-Q", "BACKUP DATABASE x")),
            ),
            ("and it is another's log that is not backed up", log_full(schedule("log-backup", "x", "-S", "other"))),
            ("and a catalog is not backed up", log_full(schedule("catalog-backup", "sqlcmd", "-S", "mssql"))),
            (
                "and what is held there is an open transaction's",
                log_full(SAVES, line=LOG_FULL.replace("LOG_BACKUP", "ACTIVE_TRANSACTION")),
            ),
        )
    ),
    DoesNotHold("its log is not backed up, and not full", log_full(SAVES, well=True), HEALTHY),
    *(
        DoesNotHold(f"a volume is full, {what}", world, DB_FULL, harmful=HARMFUL)
        for what, world in (
            (
                "and what is old was taken away last night",
                volume_full(schedule("purge", *PURGES, each=NIGHTLY, ran=DAY)),
            ),
            ("and a report is not made", volume_full(schedule("report", "psql", "-h", "postgres", each=NIGHTLY))),
            (
                "and a copy is not made, whose old ones are deleted elsewhere",
                volume_full(schedule("nightly", "sh", "-c", "pg_dump -h postgres; find /backup -delete", each=NIGHTLY)),
            ),
            ("and nobody knows when its runs are due", volume_full(schedule("purge", *PURGES, each="@reboot"))),
        )
    ),
    DoesNotHold(
        "what is old is not taken away, and there is room",
        volume_full(PURGE, used=0.75),
        harmful=HARMFUL,
    ),
    *(
        DoesNotHold(f"a volume takes no new file, {what}", world, TILES_FULL, harmful=HARMFUL)
        for what, world in (
            ("and what is not tidied is another", no_inodes(tidies(claim="elsewhere"), fills=INODES)),
            ("and what is not tidied is another of theirs", no_inodes(tidies(claim="other"), fills=INODES)),
            ("and a report is not made there", no_inodes(tidies("report"), fills=INODES)),
            ("and a script is not run that takes away its own file", no_inodes(tidies("report", script="rm /tmp/x"))),
            (
                "and a copy is not made, whose old ones are deleted",
                no_inodes(tidies("nightly", script=f"rsync -a /srv/tiles /backup\n{SCRIPT}"), fills=INODES),
            ),
            ("and it was tidied last night", no_inodes(tidies(ran=DAY), fills=INODES)),
            (
                "and it stood still while several runs were missed",
                no_inodes(tidies(each="*/10 * * * *"), fills=climbing("volume_inodes_share", 0.6, 1.0, since=1200)),
            ),
            (
                "and it fills since a release of who writes there",
                no_inodes(
                    tidies(),
                    fills=climbing("volume_inodes_share", 0.6, 1.0, since=1500),
                    before=OLD,
                    released=1560,
                ),
            ),
            (
                "and its lines name no path, nor does anybody measure it",
                no_inodes(tidies(), line="java.io.IOException: No space left on device"),
            ),
        )
    ),
]
