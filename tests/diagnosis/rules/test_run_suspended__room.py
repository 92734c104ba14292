"""A CronJob that somebody suspended, and whose runs made room: by how the volume filled, and by whose path it is."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.rooms import asked, scratch_below, swept
from tests.diagnosis.rules.scenes import OLD
from tests.diagnosis.rules.test_run_suspended import HARMFUL, TILES_FULL, tidies

FULL = ("Deployment/uploads", "resource_exhaustion", "page_human")

HOLDS = [
    *(
        Holds(
            f"a volume fills since it is swept no more{what}",
            world,
            ("CronJob/tidy", "configuration_error", "page_human"),
            alone=True,
            harmful=HARMFUL,
        )
        for what, world in (
            ("", swept()),
            (", and as fast since a release as when runs were missed", swept(before=OLD, released=2 * HOUR)),
            (", and as fast since a release as between two runs before", swept(before=OLD, released=4 * HOUR)),
            (", and nobody wrote by night, when few asked", swept(asked(2), flat=True)),
        )
    ),
    *(
        Holds(
            f"a volume takes no new file, by a path {what}",
            world,
            ("CronJob/tiles-prune", "configuration_error", "page_human"),
            alone=True,
            harmful=HARMFUL,
        )
        for what, world in (
            ("above another volume, and nobody measures inodes", scratch_below(tidies(), path="/srv/a", inodes=0)),
            ("beside another volume", scratch_below(tidies(), path="/srv/tmp2/a", inodes=0)),
            ("and all is used but what its administrator has", scratch_below(tidies(), path="/srv/a", used=0.95)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a volume that is swept no more is full, {what}", world, FULL, harmful=HARMFUL)
        for what, world in (
            (
                "and fills much faster since a release two hours ago",
                swept(hastened=2 * HOUR, before=OLD, released=2 * HOUR),
            ),
            (
                "and fills much faster since a release before it was swept for the last time",
                swept(hastened=5 * HOUR, before=OLD, released=5 * HOUR),
            ),
            ("and stood still while as many asked", swept(asked(90), flat=True)),
            ("and stood still, and nobody knows how many asked", swept(flat=True)),
        )
    ),
    *(
        DoesNotHold(f"a volume takes no new file, {what}", world, TILES_FULL, harmful=HARMFUL)
        for what, world in (
            ("and it is another one that is below it", scratch_below(tidies(), path="/srv/tmp/a", inodes=0)),
            ("and it has room and inodes, as is measured", scratch_below(tidies(), path="/srv/a")),
        )
    ),
]
