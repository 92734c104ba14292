# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take secrets out of what is kept: from texts, and from what has names, as objects and commands do."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .secretshapes import HIDDEN, HINTS, NAMED, OF_MANY_LINES, OF_ONE_LINE, PLAIN, WORD, holds, small

_SECRET_NAME = re.compile(WORD, re.IGNORECASE)
_FLAG = rf"-{WORD}"
_GIVEN_NO_SECRET = re.compile(rf"-.*|{PLAIN}|", re.IGNORECASE)
_TAKES = {
    "redis-cli": ("-a", "--pass"),
    "mongosh": ("-p",),
    "mongo": ("-p",),
    "sshpass": ("-p",),
    "curl": ("-u", "--user"),
}
"""Program -> options of it whose next word is a secret, or holds one."""
_STORES = re.compile(r"(?:mysql|mariadb)(?:dump|admin|check|import|show)?")
_GLUED = re.compile(r"-p(?!ort$|revious$|ath$|od$)\S+")
_COUNT = re.compile(r"\d+")


def is_secret_name(name: str) -> bool:
    """Tell whether a value under this name is to be hidden."""
    return holds(small(name), NAMED) and _SECRET_NAME.fullmatch(name) is not None


def scrub_text(text: str) -> str:
    """Return the text with what looks like a secret replaced by ***."""
    if not holds(small(text), HINTS):
        return text
    return "\n".join(map(_scrub_line, scrub_blocks(text).split("\n")))


def scrub_blocks(text: str) -> str:
    """Return the text with what looks like a secret of many lines replaced by ***; each line alone may hold another."""
    for shape in OF_MANY_LINES:
        text = shape.hide(text)
    return text


def _scrub_line(line: str) -> str:
    if holds(small(line), HINTS):
        for shape in OF_ONE_LINE:
            line = shape.hide(line)
    return line


def words_before(container: Mapping[Any, Any], key: Any) -> Sequence[Any]:
    """Return the words that stand before a field's own: a container's arguments go on where its command ends."""
    command = container.get("command") if key == "args" else None
    return command if isinstance(command, list) else ()


def secret_arguments(words: Sequence[Any], before: Sequence[Any] = ()) -> list[bool]:
    """Tell of each word of a command whether it is a secret; ``before`` are the words that stand before them."""
    if not any(isinstance(each, str) and each.startswith("-") for each in (*before, *words)):
        return [False] * len(words)
    found: list[bool] = []
    programs: set[str] = set()
    flag = ""
    for each in (*before, *words):
        word = each if isinstance(each, str) else ""
        found.append(_is_secret(word, flag, programs))
        program = word.rpartition("/")[2]
        if program in _TAKES or _STORES.fullmatch(program):
            programs.add(program)
        flag = word
    return found[len(before) :]


def _is_secret(word: str, flag: str, programs: Collection[str]) -> bool:
    """Tell whether a word is a secret behind another one, of a command that names some programs that take some."""
    if not word:
        return False
    if _GLUED.fullmatch(word) and any(map(_STORES.fullmatch, programs)):
        return True
    if _GIVEN_NO_SECRET.fullmatch(word):
        return False
    if any(flag in _TAKES.get(program, ()) for program in programs):
        return True
    named = holds(small(flag), NAMED) and re.fullmatch(_FLAG, flag, re.IGNORECASE)
    return bool(named) and not (flag.endswith("tokens") and _COUNT.fullmatch(word))


def scrub(thing: Any) -> Any:
    """Return JSON-like data with secret values replaced.

    An environment entry {name: DB_PASSWORD, value: ...} loses its value, and so does a mapping's
    value under such a name, and a word of a command; every other text is scrubbed by its shape.
    """
    if isinstance(thing, Mapping):
        if "value" in thing and is_secret_name(str(thing.get("name", ""))):
            return {**thing, "value": HIDDEN}
        return {
            key: HIDDEN if _hides(key, value) else _scrub(value, words_before(thing, key))
            for key, value in thing.items()
        }
    return _scrub(thing)


def _scrub(thing: Any, before: Sequence[Any] = ()) -> Any:
    if isinstance(thing, list):
        hidden = secret_arguments(thing, before)
        return [HIDDEN if hides else scrub(each) for each, hides in zip(thing, hidden, strict=True)]
    if isinstance(thing, Mapping):
        return scrub(thing)
    return scrub_text(thing) if isinstance(thing, str) else thing


def _hides(key: Any, value: Any) -> bool:
    return isinstance(value, str) and bool(value) and is_secret_name(str(key))
