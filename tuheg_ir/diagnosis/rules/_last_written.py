"""Which settings of a ConfigMap were written last, and the words of which they are made."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.name_words import words_in_name
from tuheg_ir.diagnosis.view.reading import last_write, mapping, moment, writers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.writers import fields

_LONGEST = 20_000
_SETTING = late(r"[\w.-]+(?: [\w.-]+)*")


def last_written(view: View, ref: str) -> Iterator[str]:
    """Yield the settings of a ConfigMap (Kind/name) that were written last, with their values.

    All of them where nobody tells which.
    """
    obj = view.objects("ConfigMap").get(ref.rpartition("/")[2]) or {}
    wrote = {
        path.removeprefix("data.")
        for each in writers(obj)
        if moment(each, "time") == last_write(obj)
        for path in fields(each)
    }
    held = mapping(obj, "data")
    for key in sorted(wrote & held.keys() or held.keys()):
        lines = str(held[key])[:_LONGEST].splitlines()
        yield from (key, *(each for each in lines if not each.lstrip().startswith(("#", "//"))))


def in_words(setting: str) -> Iterator[str]:
    """Yield the names, and values, that a line of settings holds, each in small words: `accessTokenTtl` has three."""
    for each in _SETTING.findall(setting):
        yield " ".join(words_in_name(each))
