"""Commands that send what a container knows, or has read, to a bare address outside."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late

PUBLIC = (
    r"(?!10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)"
    r"\d{1,3}(?:\.\d{1,3}){3}\b"
)
"""An IPv4 address that is of no private network."""
OUTSIDE = late(rf"(?:->\s?|\bto |\b(?:dest\w*|daddr|remote\w*|fd\.[rs]ip)[=: ]+\"?){PUBLIC}")
"""The far end of a connection, where it is no address of a private network."""
CLIENT = late(rf"(?<![\d./]){PUBLIC}")
"""Such an address as that of a client; the version of a browser looks like one."""
_NEXT = late(r";|&&|\|\||\n")
_STAGE = late(r"(?<!\|)\|(?!\|)")
_SENDER = late(
    r"\bcurl\b(?=.*\s(?:-[a-zA-Z]*[dFT]\b|--data\b|--data-(?:binary|raw|urlencode)|--json\b|--form\b|--upload-file))|"
    r"\bwget\b(?=.*--(?:post|body)-(?:file|data))|\b(?:nc|ncat|netcat|socat|telnet)\b|\bopenssl s_client\b"
)
"""Programs that send what they are given, with the options by which they do."""
_BARE = late(rf"(?<![\d.]){PUBLIC}")
_ENVIRONMENT = late(
    r"\s*(?:(?:/\S*/)?(?:ba|da|a|z)?sh -\w*c )?\s*(?:sudo )?(?:/\S*/)?(?:env|printenv|export -p|declare -x)\s*"
)
_SECRETS = late(
    r"/proc/(?:self|\d+|\$\w+)/environ|secrets/kubernetes\.io/|/etc/shadow|\.ssh/id_|\.aws/credentials|\.kube/config|"
    r"[$`]\(?\s*(?:env|printenv)\b"
)
DUMP = late(
    r"\b(?:pg_dump(?:all)?|mysqldump|mariadb-dump|mongodump|mongoexport|redis-cli .*--rdb|etcdctl .*snapshot)\b"
)


def sent_away(line: str) -> tuple[float, str]:
    """Return how much a shell's line says of a theft, and what it sends; (0, "") for nothing.

    Nobody sends all variables of a container, passwords among them, to an address without a name. A dump may be
    somebody's backup or move.
    """
    return max((_weighed(pipe) for pipe in _pipes(line)), default=(0.0, ""))


def _pipes(line: str) -> Iterator[list[str]]:
    """Yield the pipelines of a line that end outside, at a bare address: their stages."""
    for pipe in _NEXT.split(line):
        stages = _STAGE.split(pipe)
        if any(_SENDER.search(stage) and _BARE.search(stage) for stage in stages):
            yield stages


def _weighed(stages: list[str]) -> tuple[float, str]:
    if any(_ENVIRONMENT.fullmatch(stage) or _SECRETS.search(stage) for stage in stages):
        return 0.75, "sends its secrets to a bare address"
    if any(DUMP.search(stage) for stage in stages):
        return 0.3, "sends a dump to a bare address"
    return 0.0, ""
