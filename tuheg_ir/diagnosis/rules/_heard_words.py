"""Which of the words that a template gives a container its program follows, where several tell it the same.

A variable for another program is read by nobody, and what the command line tells wins over most variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.programs import image_name
from tuheg_ir.diagnosis.view.reading import items, text

_PROGRAMS = {"java": "java", "node": "node", "nodejs": "node", "npm": "node", "npx": "node", "yarn": "node"}
_IMAGES = {
    "java": late(r"(?<![a-z])(?:java|jdk|jre|openjdk|temurin|corretto|zulu|tomcat|jetty|wildfly)(?![a-z])"),
    "node": late(r"(?<![a-z])node(?:js)?(?![a-z])"),
}
_SPEAKS = {
    "java": late(r"-Xmx\d|-XX:Max(?:HeapSize|RAMPercentage)", 2),
    "node": late(r"max[_-]old[_-]space[_-]size", 2),
    "go": late(r"^GOMEMLIMIT="),
}
"""How each tells what it may take."""
_READ = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "NODE_OPTIONS", "GOMEMLIMIT")
"""Variables that programs read by themselves: the later ones of Java win."""
_LAST = "_JAVA_OPTIONS"
"""The one that wins over the command line."""
_OF_SCRIPTS = late(r"java|jvm|catalina|heap|memory|node", re.IGNORECASE)
_OF_TOOLS = late(r"maven|mvn|gradle|(?<![a-z])(?:ant|sbt)(?![a-z])|build|test", re.IGNORECASE)
"""Variables that a script hands on to the program, and those of tools that only made it."""


def words_in_force(container: Mapping[str, Any]) -> list[str]:
    """Return the words and variables (NAME=value) that the program of a container follows: of two, the last holds.

    None of those of which nobody can tell: where ceilings of several programs are told, and not which of them runs.
    """
    command = [str(word) for field in ("command", "args") for word in (container.get(field) or ())]
    said = {text(entry, "name"): text(entry, "value") for entry in items(container, "env")}
    speak = {name: _spoken(f"{name}={value}") for name, value in said.items()}
    runs = _runs(container, command) or _only({*filter(None, speak.values()), *filter(None, map(_spoken, command))})
    mine = [name for name, of in speak.items() if not of or (of == runs and _is_read(name, of, command))]
    ordered = sorted(mine, key=lambda name: _READ.index(name) if name in _READ else len(_READ))
    first = [f"{name}={said[name]}" for name in ordered if name != _LAST]
    given = [word for word in command if _spoken(word) in ("", runs)]
    return [*first, *given, *(f"{name}={said[name]}" for name in mine if name == _LAST)]


def _spoken(word: str) -> str:
    """Return which kind of program a word tells what it may take; "" if none of these."""
    return next((of for of, pattern in _SPEAKS.items() if pattern.search(word)), "")


def _runs(container: Mapping[str, Any], command: list[str]) -> str:
    """Return which kind of program runs in a container, by its command or its image; "" if neither tells."""
    by_command = next((_PROGRAMS[each] for each in _called(command) if each in _PROGRAMS), "")
    image = image_name(text(container, "image"))
    return by_command or next((of for of, pattern in _IMAGES.items() if pattern.search(image)), "")


def _called(command: list[str]) -> Iterator[str]:
    """Yield the words of a command line, and of what a shell is given, as names of programs without their place."""
    yield from (word.rpartition("/")[2] for word in " ".join(command).split())


def _only(found: set[str]) -> str:
    return next(iter(found)) if len(found) == 1 else ""


def _is_read(name: str, of: str, command: list[str]) -> bool:
    """Tell whether a program, or the script that starts it, reads a variable; a bare `java` reads none of a script."""
    if name in (*_READ, _LAST):
        return True
    if not _OF_SCRIPTS.search(name) or _OF_TOOLS.search(name):
        return False
    direct = any(_PROGRAMS.get(each) == of for each in _called(command))
    return not direct or any(name in word for word in command)
