"""Settings by which a program's cache keeps things for a tiny part of the time that it kept them before.

A number is given in another unit than it is read in, or a unit is mistyped: what is kept is gone before anybody asks
again. Nobody means so much less. Zero is not told of here: it lasts for ever in half of all libraries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.name_words import words_in_name

LESS = 50
"""Units that are mixed up are 60 or 1000 apart; who wants fresher answers seldom goes so far at once."""

NEXT_TO_NONE = 60.0
"""Seconds that are too few for most of what is asked: a day that became an hour is an ordinary choice.

A number without a unit is taken for seconds: most libraries read it so, and those of another unit keep for longer.
"""

_TOLD_APART = late(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
"""The first and the second level of a cache differ by a digit alone."""
_CACHE = late(r"cach(?:es?|ed|ing)", re.IGNORECASE)
_STORES = frozenset(("memcache", "memcached", "redis", "valkey"))
_LASTS = frozenset(
    ("ttl", "ttls", "lifetime", "lifespan", "expire", "expires", "expiry", "expiration", "age", "maxage", "duration")
)
_TOGETHER = ({"time", "live"}, {"life", "time"}, {"life", "span"}, {"default", "timeout"})
"""Words that say it only together: of the timeouts of a cache all but the default one are of connections to it."""
_PLAIN = frozenset((*_STORES, *_LASTS, *("time", "to", "live", "life", "span", "default", "max")))
"""Such a store keeps logins, locks and limits as well: with any other word nobody knows that its things are cached."""
_LASTS_NOT = frozenset(
    (
        *("jitter", "stale", "grace", "idle", "refresh", "reload", "interval", "poll", "health", "check", "retry"),
        *("error", "errors", "failure", "miss", "misses", "missing", "empty", "null", "not", "unknown", "ping"),
        *("preflight", "cors", "warm", "warmup", "min", "minimum", "client", "control", "cdn", "cookie", "key", "keys"),
    )
)
"""What differs beside a lifetime, and what lasts for who has found nothing, or with those who ask from outside."""
_SECONDS = {
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_PIECE = r"(\d{1,12}(?:\.\d{1,9})?)(ms|[smhd])"
_SPAN = late(rf"(?:PT|P(?=\d{{1,9}}DT?))?(?:{_PIECE}T?){{1,5}}", re.IGNORECASE)
"""1m30s, 500ms, PT5M, P1DT2H: a month of ISO 8601 is none of them."""
_EACH = late(_PIECE, re.IGNORECASE)
_NUMBER = late(r"\d{1,3}(?:_\d{3}){1,4}|\d{1,15}(?:\.\d{1,9})?")


def kept_shorter(was: Mapping[str, str], now: Mapping[str, str], *, missed: bool = False) -> Iterator[str]:
    """Yield the settings of a program by which its cache keeps for far less long than by those before.

    Next to no time, unless it is counted that the cache has less than before: ``missed``. One that is called after its
    unit may have another name since. Where only one of both tells its unit, nobody knows how far they are apart.
    """
    for name, value in now.items():
        if not _is_lifetime(name) or (former := _former(name, was, now)) is None:
            continue
        lasted, lasts = lasting(former, was[former]), lasting(name, value)
        if not (lasted and lasts) or lasted[1] != lasts[1] or not 0 < lasts[0] * LESS <= lasted[0]:
            continue
        if missed or lasts[0] <= NEXT_TO_NONE:
            yield name


def _former(name: str, was: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Return what a setting was called before: as it is, or the only one of its kind that went as the only one came."""
    if name in was:
        return name
    gone = [each for each in was if each not in now and _what(each) == _what(name)]
    came = [each for each in now if each not in was and _what(each) == _what(name)]
    return gone[0] if len(gone) == len(came) == 1 and _is_lifetime(gone[0]) else None


def _is_lifetime(name: str) -> bool:
    """Tell whether a setting says for how long a cache keeps what it is given."""
    words = set(words_in_name(name)) - set(_unit(name))
    lasts = bool(words & _LASTS) or any(each <= words for each in _TOGETHER)
    kept = any(map(_CACHE.fullmatch, words)) or (bool(words & _STORES) and words <= _PLAIN)
    return lasts and kept and not words & _LASTS_NOT


def _what(name: str) -> str:
    """Return what a setting is about, without the unit by which its name ends."""
    words, unit = [part.lower() for part in _TOLD_APART.findall(name)], _unit(name)
    return " ".join(words[: len(words) - len(unit)])


def _unit(name: str) -> list[str]:
    """Return the unit by which the name of a setting ends; nothing if it tells none."""
    words = words_in_name(name)
    return words[-1:] if len(words) > 1 and words[-1] in _SECONDS else []


def lasting(name: str, value: str) -> tuple[float, bool] | None:
    """Return how long a setting says, and whether in seconds or in a unit that only the program knows."""
    if _SPAN.fullmatch(value):
        return sum(float(each[1]) * _SECONDS[each[2].lower()] for each in _EACH.finditer(value)), True
    if not _NUMBER.fullmatch(value):
        return None
    number, unit = float(value.replace("_", "")), _unit(name)
    return (number * _SECONDS[unit[0]], True) if unit else (number, False)
