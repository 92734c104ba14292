"""A file of a stranger that made the tool that converts it run a shell, and what runs in that pod since.

Tools that convert refuse such files where they are told to, and fail at honest ones every day: that alone is no sign.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._foreign_children import foreign_children
from tuheg_ir.diagnosis.rules._injected import Told, is_run, runs_code, told_by_itself
from tuheg_ir.diagnosis.rules._planted import AT_ONCE, complains
from tuheg_ir.diagnosis.rules._robbed import LATELY, dumped
from tuheg_ir.diagnosis.rules._said_through import SIGNS, said_through
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WORD = (
    r"(?:/(?:usr/)?s?bin/)?(?:(?:ba|da|a|z|k)?sh|curl|wget|nc|ncat|busybox|python[\d.]*|perl|ruby|php|base64|id|whoami"
    r"|uname)(?![\w.-])"
)
"""What somebody has a shell run first; tools that convert call none of these by themselves."""
_RAN = late(
    rf"%pipe%\s?{_WORD}"
    r"|\brunsystem\((?:[^\n]{0,200}?[;|`&]\s?)?(?:/(?:usr/)?bin/)?(?:(?:(?:ba|da|a|z)?sh|nc|ncat|busybox|base64|id|whoami)"
    rf"(?![\w.-])|(?:curl|wget)\s[^\n]{{0,200}}?(?:\||(?<![\d.]){PUBLIC}))[^\n]{{0,400}}?\)\.\.\.executed\b(?! safely)"
)
"""How Ghostscript and TeX tell what a document had them run."""
_FAILED = late(r"\bdelegate failed [`'\"]{1,2}(?:/\S{0,100}/)?(?P<tool>\w*)")
_MARKED = late(rf"(?P<mark>[;|`]|\$\(|&&)\s?{_WORD}")
"""How ImageMagick tells of a tool that it called for a file, and what more that file may have had the shell run."""
_DELEGATE = 400
"""So much of what it called is read."""
_THEIRS = late(rf"(?<![\d.]){PUBLIC}|\|\s?(?:/(?:usr/)?bin/)?(?:ba|da|a|z)?sh\b")
"""What no author of the house has TeX do: they have it run scripts, decode pictures and fetch files by name."""
_RUNS = ("%pipe%", "delegate failed", "runsystem(")
_REFUSED = late(
    r"invalidfileaccess|undefinedfilename|security policy|not authorized|not allowed"
    r"|\b(?:disabled|blocked|rejected)\b",
    re.IGNORECASE,
)
_NEAR = 4
"""Within so many lines a tool tells of one trouble: Ghostscript names the file some lines behind what came of it."""
_BY_DESIGN = late(r"(?:OutputFile=|\s-o ?)[\"']?%pipe%")
"""A program that has its own output piped."""
_FETCHED = late(
    r"(?P<curl>% Total\s{1,9}% Received\s{1,9}% Xferd)"
    r"|(?P<wget>\bSaving to: ?[\"'`\u2018]|--\d{4}-\d\d-\d\d \d\d:\d\d:\d\d--\s{1,9}(?:https?|ftp)://)"
)
"""How curl and wget tell that they fetch a file."""
_HOME = r"(?:/dev/shm/|/(?:var/)?tmp/(?=\.)(?!\.(?:java_pid|X11|ICE|XIM|mount_|s\.PGSQL|font-|dotnet)))"
"""Where no image keeps programs; sockets, and programs that unpack themselves, have folders of those names."""
_PARTED = r"[\s\"',]{1,4}"
_BY_A_SHELL = (
    rf"(?:(?:[\w/.]{{0,20}}/)?(?:ba|da|a|z)?sh{_PARTED}(?:\"?arg[sv]?\"?\s?[=:]\s?[\"'\[]{{0,2}})?"
    rf"-\w{{0,3}}c{_PARTED}(?:(?:nohup|exec|setsid) )?)?"
)
"""A shell that is told to start it may stand before it, in a field of its own."""
_FOREIGN = r"unknown|unexpected|stray|foreign|unmanaged|strange"
_CHILD = r"(?:child(?: process)?|process|descendant|program|executable|binary)"
_STRANGE = late(
    rf"(?:\b(?:{_FOREIGN}|orphan(?:ed)?|left-?over|zombie|runaway) {_CHILD}\b"
    r"(?:(?!\b(?:files?|segments?|semaphores?|memory|locks?|sockets?|output|opened|left|writ\w+|reads?)\b)[^/\n]){0,80}"
    r"[\s\"'=(\[]"
    r"|(?<![\w-])(?:exe(?:c(?:utable)?)?(?:_?path)?|image_?path|cmd(?:line)?|command|argv|child|descendants?)"
    r"[\"']?\s?[=:]\s?[\"'\[]{0,2}"
    rf"{_BY_A_SHELL}"
    r"|(?<![\w-])process(?:_?(?:path|name)[\"']?\s?[=:]|=)\s?[\"']?"
    r"|/proc/\d{1,9}/exe(?: ->|:) "
    r"|\s[RSDZTI][sl+<NL]{0,3}\s{1,9}\S{4,8}\s{1,9}\d{1,5}:\d\d )"
    rf"({_HOME}[^\s\"',;)\]]+)"
)
"""A program that runs and whose file lies there; the last is how ps lists it."""
_PLACES = ("/dev/shm/", "/tmp/.")  # noqa: S108 - they are looked for, not written to
_DATA = late(r"(?<=[^/.])\.(?!(?:sh|py|pl|elf|bin|run)$)\w{1,8}$")
"""A file that a tool was given or makes."""
_HIDDEN = late(r"/\.\w")
_NOBODYS = late(
    rf"\b(?:{_FOREIGN}) {_CHILD}\b|\b(?:that|which) (?:it|we|I) (?:did not|didn't|never) start|\bnot started by\b"
    r"|\(deleted\)",
    re.IGNORECASE,
)
"""So a line tells that nobody here started a program. Package managers, browsers and runtimes keep theirs hidden."""
_BESIDE_QUEUE = late(
    rf"\b{_CHILD} (?:was )?(?:started|spawned|forked|created) outside (?:of )?(?:the |its |any |our )?"
    r"(?:(?:job|task|work)[ -]?queue|supervisor)\b",
    re.IGNORECASE,
)
"""The same, of who starts all children by one way; a pool of workers has others beside it."""
_BY_WAY_OF = r"-{1,2}[\w-]{0,20}(?:[Pp]roxy|[Ee]xport|otlp|collector|telemetry)[\w-]{0,20}"
"""Options that lead a program of the house over or to something that watches or lets it out."""
_VALUE = rf"(?:=|{_PARTED}(?!-))[^\s\"',]{{1,80}}"
_TOLD_WHERE = late(
    rf"(?:{_PARTED}(?:{_BY_WAY_OF}{_VALUE}|(?!{_BY_WAY_OF})-{{1,2}}\w[\w-]{{0,40}}(?:{_VALUE})?)){{0,6}}?"
    rf"{_PARTED}(?:(?!{_BY_WAY_OF})-{{1,2}}\w[\w-]{{0,40}}=)?(?:\w{{1,9}}://)?{PUBLIC}:\d{{1,5}}\b"
)
"""Its own words tell a program to which bare address outside it shall speak: tools of the house know names."""
OF_TOOLS = late(
    r"/\.(?:npm|nx|bun|cpanm|chromium|gradle|m2|cargo|rustup|yarn|pnpm|nvm|dotnet|nuget|embedded[\w-]*|wine[\w-]*"
    r"|cache/(?:puppeteer|ms-playwright|bazel|pip|yarn|go-build|uv|pypoetry|pre-commit))/"
)
"""Folders in which known tools keep their programs."""
_WATCHES = late(
    r"falco|tetragon|tracee|sysdig|osquery|wazuh|audit|clam|yara|sensor|crowdstrike|defender|agent|exporter|monitor",
    re.IGNORECASE,
)
"""Programs that tell what others run."""
OFTEN = 5
"""What is told oftener than a refused task is tried again may be how the program works."""


def converted(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield what shows that a converted file ran a shell, and what runs and is taken since; whether it may be meant.

    A colleague puts a tool of his own beside a program as well, where its image is read-only, and asks its database.
    """
    if runs_code(workload):
        return
    ran, fetched = _ran(view, workload)
    strange = _strange(view, workload)
    odd = [each for each in ran if not _of_the_house(each.line)]
    nobodys = [(path, each) for path, each in strange if _is_nobodys(path, each.line)]
    alike = Counter(said_through(each.line) for each in ran)
    child = foreign_children(view, workload, odd)
    meant = child is None and (max(alike.values(), default=0) > OFTEN or not (odd or nobodys))
    for each in sorted(odd or ran, key=lambda each: each.at)[:1]:
        yield 0.35, _told("a file that it converts had a shell run", each), meant
    for each in fetched[:1]:
        files, speaks = _FETCHED.search(each.line) is not None, said_through(each.line)
        fact = "a file is fetched" if files else f"a tool of a shell {'speaks' if speaks else 'complains'}"
        yield 0.3 if files or speaks else 0.15, _told(f"{fact} just then", each), meant
    for path, each in (nobodys or strange)[:1]:
        yield 0.4, _told(f"a program runs from where no image keeps any ({path})", each), meant
    if child is not None:
        yield 0.4, _told("it ends children that nobody of it started, since then and there alone", child), meant
    # Whoever counts his children tells late of a strange one: tables may have been copied out before that.
    first, seen = oldest(each.at for each in ran), oldest(each.at for _, each in strange)
    since = first or (seen - LATELY if seen else None)
    for server, copy in dumped(view, workload, since):
        fact = f"tables are copied out from {workload.name}: {copy.text[:240]}"
        yield 0.3, Evidence("logs", server.ref, fact, copy.at), meant
        return


def _told(fact: str, told: Told) -> Evidence:
    return Evidence("logs", f"Pod/{told.pod}", f"{fact}: {told.line[:240]}", told.at)


def _ran(view: View, workload: Workload) -> tuple[list[Told], list[Told]]:
    """Return what tells that a converted file ran a shell, and what tools of a shell told just then, and else never."""
    ran: list[Told] = []
    fetched: list[Told] = []
    for log in view.logs_of(workload.pods):
        if not speaks_of(log, (*_RUNS, *SIGNS)):
            continue
        own = list(told_by_itself(log))
        piped = _BY_DESIGN.search("\n".join(log.lines)) is not None
        mine = [each for number, each in own if not piped and _runs(each.line) and not _refused(log.lines, number)]
        failed = [(found["tool"], each.at) for _, each in own if (found := _FAILED.search(each.line))]
        said = [(tool, each) for _, each in own if (tool := said_through(each.line))]
        # what the first of them says next is of the same command
        others = [each for tool, each in said if mine or tool != said[0][0]]
        mine += [each for _, each in said]
        tools = [
            each
            for _, each in own
            if (tool := _tool(each.line))
            and all(tool != first for first, _ in said)
            # the delegate that failed tells of itself as well
            and not any(tool == name and abs(each.at - at) <= AT_ONCE for name, at in failed)
        ]
        ran += mine
        tools.sort(key=lambda each: _FETCHED.search(each.line) is None)
        if mine and all(any(timedelta() <= each.at - then.at <= AT_ONCE for then in mine) for each in tools):
            fetched += tools
        fetched += others
    return ran, fetched


def _runs(line: str) -> bool:
    """Tell whether a line tells that a document had a shell run; an address may hold marks and words of one."""
    if _RAN.search(line):
        return True
    failed = _FAILED.search(line)
    if failed is None:
        return False
    called = line[: failed.end() + _DELEGATE]
    return any(is_run(line, each) for each in _MARKED.finditer(called, failed.end()))


def _tool(line: str) -> str:
    """Return the tool of a shell that fetches or complains in a line; "" if none does."""
    found = _FETCHED.search(line)
    return (found.lastgroup or "") if found else complains(line)


def _of_the_house(line: str) -> bool:
    """Tell whether what TeX ran may be of its own documents."""
    _, tex, command = line.partition("runsystem(")
    return bool(tex) and _THEIRS.search(command.partition(")...executed")[0]) is None


def _is_nobodys(path: str, line: str) -> bool:
    """Tell whether a program is hidden where no tool keeps any, is said to be nobody's here, or is led outside."""
    if _HIDDEN.search(path) is None:
        return False
    if path.startswith(_PLACES[0]) or _NOBODYS.search(line) is not None:
        return True
    led = _TOLD_WHERE.match(line, line.find(path) + len(path)) or _BESIDE_QUEUE.search(line)
    return led is not None and OF_TOOLS.search(path) is None


def in_vain(lines: Sequence[str], number: int) -> bool:
    """Tell whether what a line orders was not done: a tool refused the file that held it, or a server the request."""
    line = lines[number]
    return 400 <= status_of(line) < 500 or (any(run in line for run in _RUNS) and _refused(lines, number))


def _refused(lines: Sequence[str], number: int) -> bool:
    return any(_REFUSED.search(line) for line in lines[max(0, number - _NEAR) : number + _NEAR + 1])


def _strange(view: View, workload: Workload) -> list[tuple[str, Told]]:
    """Return the programs that run from where no image keeps any, but for those that the template names itself."""
    if _WATCHES.search(workload.name):
        return []
    named = str(workload.template)
    found: list[tuple[str, Told]] = []
    for log in view.logs_of(workload.pods):
        for _, each in told_by_itself(log) if speaks_of(log, _PLACES) else ():
            told = _STRANGE.search(each.line)
            if told and not _DATA.search(told[1]) and f"{told[1].rpartition('/')[0]}/" not in named:
                found.append((told[1], each))
    return found
