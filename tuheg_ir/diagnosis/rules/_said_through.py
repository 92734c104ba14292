"""What tools of a shell say where a tool that converts files speaks: it calls none of them, so a file had them run.

The programs that call it repeat what it writes to its streams, and whatever runs in its stead writes to the same.
"""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC

_CONVERTER = (
    r"(?<![\w.-])(?:gs|ghostscript|ps2pdf\w*|convert|magick|mogrify|identify|gm|inkscape|rsvg-convert|s?office(?:\.bin)?"
    r"|libreoffice|unoconv|ffmpeg|ffprobe|exiftool|mutool|pdf(?:toppm|tocairo|totext|info)|wkhtmlto(?:pdf|image)"
    r"|tesseract|dvips|djvu\w{1,12})(?![\w.-])"
)
"""TeX is none of them: documents of the house have it run scripts as well."""
_STREAM = r"\b(?:std(?:err|out)|output)"
_SPEAKS = (
    rf"(?:{_CONVERTER}[^\n]{{0,160}}?{_STREAM}[\"'\])]{{0,2}}\s?[:=|>]"
    rf"|{_STREAM}(?: (?:of|from) |[\[(]){_CONVERTER}(?:[/:\[( ]\d{{1,9}})?[\])]{{0,2}}:?"
    rf"|(?:(?<=/)|(?!(?:identify|convert|gm|gs|office)(?![\w.-]))){_CONVERTER}(?:[\[(]\d{{1,9}}[\])])?:)[\s\"'\[|>]{{0,4}}"
)
"""How programs tell what a tool wrote to its streams: its name and the stream, the other way round, or its name.

A step or a part of any program may be called as some are: those need a stream or a path.
"""
_NO_DATA = r"[\w./-]{0,200}?(?:/|/[\w-]{0,60}(?:\.(?:sh|py|pl|elf|bin))?)(?=[\s\"'\\?]|$)"
"""What is fetched from a bare address may be a picture that a document names, but for what has no such ending.

Whatever it is, no tool that converts keeps it hidden where programs write.
"""
_SAID = late(
    rf"{_SPEAKS}(?:"
    r"(?P<id>uid=\d{1,9}\([\w.-]{1,40}\) gid=\d{1,9}\()"
    r"|(?P<uname>Linux [\w.-]{1,63} \d{1,2}\.\d{1,3}\.\d[\w.+~-]{0,60} #\d)"
    r"|(?P<kubectl>Error from server \(\w{1,40}\): )"
    rf"|(?P<wget>--\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d--\s{{1,9}}(?:https?|ftp)://(?:{PUBLIC}(?::\d{{1,5}})?{_NO_DATA}"
    r"|(?:[\w-]{1,63}\.){1,8}(?!local|intern|svc|lan\b|corp)[a-z]{2,20}(?::\d{1,5})?/[\w./-]{0,200}?\.(?:sh|py|pl|elf)(?![\w.-])))"
    rf"|(?P<kept>--\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d--\s{{1,9}}(?:https?|ftp)://{PUBLIC}(?::\d{{1,5}})?/[^\n]{{1,600}}?"
    r"(?:\\n|\b)Saving to: ?\\?[\"'`\u2018](?:/dev/shm/|/(?:var/)?tmp/\.)))"
)
SIGNS = ("uid=", ": linux ", "error from server (", "--  http", "--  ftp")
"""One of these is in each log in which they say such things, in lower case."""


def said_through(line: str) -> str:
    """Return the tool of a shell that speaks in a line as a tool that converts would; "" if none does."""
    found = _SAID.search(line)
    said = (found.lastgroup or "") if found else ""
    return "wget" if said == "kept" else said
