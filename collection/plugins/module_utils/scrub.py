# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take secrets out of what is kept: by the name beside a value, and by the value's own shape.

What a program says of a secret ("token: connection refused", "api_key: no such file") is none and stays, and so do
names of files and of Kubernetes' Secrets. Possessive quantifiers keep every pattern linear on long lines.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

HIDDEN = "***"
_PASSWORDS = r"passw(?:or)?d|passphrase|requirepass|masterauth|(?<=[a-z0-9][_-])pass(?![a-z])|pwd(?![a-z]|\W{1,3}/)"
_WHOSE_KEYS = ("api", "access", "account", "client", "private", "signing", "encryption", "master", "jwt", "app", "auth")
_OTHERS = (
    r"secret|token|credential|authorization|sharedaccesssignature|(?:redis|rediscli)[_-]auth"
    rf"|(?:{'|'.join(_WHOSE_KEYS)})[_-]?key"
)
_WORDS = f"{_PASSWORDS}|{_OTHERS}"
_NOT_ITSELF = "".join(
    f"(?<!{each})" for each in ("error", "exception", "failure", "file", "path", "name", "namespace", "mode", "ttl")
)
"""How the name of something ends that is about a secret and holds none."""
_RUN = rf"[\w.-]++{_NOT_ITSELF}"
_WORD = rf"(?=[\w.-]*?(?:{_WORDS})){_RUN}"
_SECRET_NAME = re.compile(_WORD, re.IGNORECASE)
_START = r"(?<![\w.-])"
_QUOTE = r"\\*[\"']"
_IS = rf"(?:{_QUOTE})?[ \t]*(?::=|=>|==?|:)[ \t]*"
_COLON = rf"(?:{_QUOTE})?[ \t]*:[ \t]*"
_VALUE = r"(?:\{[^}\s]*\}|(?:[^\s\"'\\,;&}\]]|\\++(?![\"'nrt])|\](?=\w))++)"
_END = r"(?![^\s\"'\\,;&}\])])"
_PLAIN = rf"(?:\*\*\*|yes|no|true|false|null|nil|none|\$\(\w+\)|\$\{{?\w+\}}?){_END}|<set to the key"
_OF_KUBERNETES = r"(?:secrets?|configmaps?) \\*[\"']|references "
_FAULTS = (
    "access|an?|bad|can|cannot|certificate|connection|context|could|denied|dial|did|does|error|exceeded|expected|expired"
    "|failed|failure|field|file|forbidden|get|got|has|http|internal|invalid|is|lookup|malformed|missing|must|net|no|not"
    "|oauth2|open|permission|post|rate|read|refused|rejected|remote|request|required|response|revoked|rpc|server|should"
    "|status|stream|the|timed|timeout|tls|too|unable|unauthorized|unexpected|unknown|unsupported|was|write|wrong|x509"
)
_PROSE = rf"{_OF_KUBERNETES}|(?<=[ \t])(?:(?:(?:{_FAULTS})|\d{{3}})[:,]? [\w(\"'/]|(?-i:[A-Z]{{3,}}\d*): \S|eof{_END})"
_DEMAND = rf"{_OF_KUBERNETES}|(?<=[ \t])(?:must|should|cannot|field|is|was) [a-z]"
_PLACE = r"(?<=:)(?:\d{1,5}(?![\w.])|v?\d+\.\d)"
"""A line of a file, a port, a tag of an image: token.go:33, token-service:8080."""
_SCHEMES = "basic|bearer|digest|negotiate|ntlm|token|api-?key|key|hawk|oauth"
_HOOKS = (
    r"hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/(?:v\d+/)?webhooks|webhook\.office\.com"
    r"|outlook\.office\.com/webhook|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook"
    r"|qyapi\.weixin\.qq\.com/cgi-bin/webhook/send"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.IGNORECASE | re.DOTALL
)
"""Whole or cut off; the one that has many lines."""
_ON_THE_NEXT_LINE = re.compile(rf"({_START}{_WORD}[ \t]*[:=][ \t]*\n[ \t]*)[^\s\"']+(?=[ \t]*(?:\n|\Z))", re.IGNORECASE)
"""Where nothing else stands on it: a log's next line is no secret."""
_BEHIND = rf"\1{HIDDEN}"
"""What stands before the secret stays."""
_IN_ANY_CASE = (
    # Authorization: Bearer abc, in a header or a log; cookies
    (
        rf"(authorization(?:{_QUOTE})?\s*[:=]\s*\[?(?:{_QUOTE})?)(?!{_PROSE})"
        rf"(?:(?:{_SCHEMES}):?\s+|[\w-]+\s+(?=\S*\d|\S{{12}}))?[^\s\"'\\,;\]]+",
        _BEHIND,
    ),
    (
        r"\b(bearer)\s+(?!(?:auth\w*|token\w*|realm|scheme|error|challenge|header|credential\w*|required|missing)\b)"
        r"[\w.~+/=-]{6,}",
        rf"\1 {HIDDEN}",
    ),
    (r"\b(basic)\s+(?=\S*[\d=])[\w.~+/=-]{6,}", rf"\1 {HIDDEN}"),
    (
        rf"(\b(?:set-)?cookie(?:{_QUOTE})?\s*[:=]\s*\[?(?:{_QUOTE})?)[\w.-]+=(?:[^\"'\\\n\]]|\"(?=[^\",}}\s]))+",
        _BEHIND,
    ),
    # scheme://user:password@host; scheme://token@host; user:password@tcp(host); jdbc:oracle:thin:user/password@host
    (r"(\b[\w+.-]{1,40}://[^\s:/@]*):[^\s/\"'<>]+@", rf"\1:{HIDDEN}@"),
    (r"(\b[\w+.-]{1,40}://)(?=[\w.-]*\d)[\w.-]{12,}@", rf"\1{HIDDEN}@"),
    (r"(\bhttps?://)[^\s:/@]{8,}:?@", rf"\1{HIDDEN}@"),
    (r"\b([\w.-]{1,80}):[^\s:]+@(tcp|unix)\(", rf"\1:{HIDDEN}@\2("),
    (r"(\bjdbc:oracle:\w+:[\w.-]+/)[^\s@/]+@", rf"\1{HIDDEN}@"),
    # password="abc", "token": "abc", \"token\": \"abc\": what is quoted stays so, up to its line's end
    (
        rf"({_START}{_WORD}{_IS}[\[({{]?(?:[bu](?=[\"']))?({_QUOTE}))"
        rf"(?!\s*[,}}\]]|\s+\w+=|\2|(?:\*\*\*|\$\(\w+\))\2)(?:(?!\2|\\*\"\s*[,}}\]])(?:\\.|[^\\\n]))+"
        r"(?:\2|(?=\\*\"\s*[,}\]])|$)",
        rf"\1{HIDDEN}\2",
    ),
    # password=abc; password: abc, but for what is said of it
    (rf"({_START}{_WORD}(?:{_QUOTE})?[ \t]*(?::=|=>|==?)[ \t]*[\[(]?)(?!{_PLAIN}){_VALUE}", _BEHIND),
    (
        rf"((?<![\w./-])(?=[\w.-]*?(?:{_PASSWORDS})){_RUN}{_COLON}[\[(]?)(?!{_PLAIN}|{_DEMAND}){_VALUE}",
        _BEHIND,
    ),
    (rf"((?<=/){_WORD}{_COLON})(?!{_PLAIN}|{_PROSE}|{_PLACE}){_VALUE}", _BEHIND),
    (
        rf"({_START}(?=[\w.-]*?(?:{_OTHERS})){_RUN}{_COLON}[\[(]?)(?!{_PLAIN}|{_PROSE}|{_PLACE}){_VALUE}",
        _BEHIND,
    ),
    (rf"((?<![\w-])--{_WORD}[ \t]+[\"']?)(?!{_PLAIN})[^\s\"',;-][^\s\"',;]*", _BEHIND),
    # an entry of an environment, an element, a statement
    (
        rf"(\bname\\*\"?\s*:\s*\\*\"?{_WORD}\\*\"?,\s*\\*\"?value\\*\"?\s*:\s*\\*\"?)(?!{_PLAIN})[^\s\"\\,}}]+",
        _BEHIND,
    ),
    (rf"(<{_WORD}>)[^<\n]+", _BEHIND),
    (r"(\b(?:identified(?:\s+with\s+\S+)?\s+by|password)\s+)'[^'\n]*'", rf"\1'{HIDDEN}'"),
    # signed addresses, and those by which anybody may write to a chat
    (r"([?&](?:sig|signature|x-amz-signature|x-goog-signature)=)[^&\s\"']+", _BEHIND),
    (rf"(\b(?:{_HOOKS})(?:/|\?key=))[\w/@-]+", _BEHIND),
)
_AS_WRITTEN = (
    # what clients of stores and of HTTP take on their command line
    (r"(\bredis-cli\b[^\n]{0,200}? (?:-a|--pass)[ =][\"']?)[^\s\"',]+", _BEHIND),
    (
        r"((?<![\w-])(?:mysql|mariadb)(?:dump|admin|check|import|show)?\s[^\n]{0,200}? ?-p[\"']?)"
        r"(?!ort|revious|ath|od|\d+:)[^\s\"',]+",
        _BEHIND,
    ),
    (r"(\b(?:mongo(?:sh|dump|restore)?|sshpass)\b[^\n]{0,200}? -p[ =]?[\"']?)[^\s\"',-][^\s\"',]*", _BEHIND),
    (r"(\bcurl\b[^\n]{0,200}? (?:-u|--user)[ =]?[\"']?[^\s:\"']+:)[^\s\"',]+", _BEHIND),
    # a JSON web token, and the keys of clouds, forges, registries, payments, mail and chats, anywhere
    (r"(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*", HIDDEN),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bhvs\.[\w-]{20,}|\bsk-[\w-]{20,}", HIDDEN),
    (r"\b(?:npm|hf|glsa|shp(?:at|ss|ca|pa)|whsec)_[A-Za-z0-9]{20,}", HIDDEN),
    (r"\b(?:gh[oprsu]|github_pat|dop_v1|dckr_pat|[rs]k_(?:live|test))_[\w-]{10,}", HIDDEN),
    (r"\b(?:glpat|xapp|xox[abeprs])-[\w-]{10,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bbot\d{6,}:[\w-]{30,}", HIDDEN),
)
_SHAPES = tuple(
    (re.compile(pattern, case), kept)
    for shapes, case in ((_IN_ANY_CASE, re.IGNORECASE), (_AS_WRITTEN, re.NOFLAG))
    for pattern, kept in shapes
)
# What any of them needs, in small letters; a line that has none of it is not searched: that takes a twentieth.
_HINTS = (
    *("passw", "passphrase", "requirepass", "_pass", "-pass", "sshpass", "masterauth", "pwd", "secret", "token"),
    *("credential", "authorization", "bearer", "basic", "sharedaccess", "_auth", "-auth", "cookie", "identified", "@"),
    *("eyj", "akia", "asia", "aiza", "ya29", "hvs.", "sk-", "npm_", "hf_", "glsa_", "shp", "whsec_", "gho_", "ghp_"),
    *("ghr_", "ghs_", "ghu_", "github_pat", "dop_v1_", "dckr_pat", "k_live", "k_test", "glpat", "xapp-", "xox", "sg."),
    *("bot", "sig=", "signature=", "hook", "redis-cli", "curl", " -p"),
    *(f"{whose}{between}key" for whose in _WHOSE_KEYS for between in ("", "_", "-", " ")),
)
_FLAG = re.compile(rf"-{_WORD}", re.IGNORECASE)
_GIVEN_NO_SECRET = re.compile(rf"-.*|{_PLAIN}|", re.IGNORECASE)
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
    return _SECRET_NAME.fullmatch(name) is not None


def scrub_text(text: str) -> str:
    """Return the text with what looks like a secret replaced by ***."""
    if not _may_hold_one(text):
        return text
    whole = _ON_THE_NEXT_LINE.sub(_BEHIND, _PRIVATE_KEY.sub(HIDDEN, text))
    return "\n".join(map(_scrub_line, whole.split("\n")))


def _may_hold_one(text: str) -> bool:
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)


def _scrub_line(line: str) -> str:
    if _may_hold_one(line):
        for pattern, kept in _SHAPES:
            line = pattern.sub(kept, line)
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
    return _FLAG.fullmatch(flag) is not None and not (flag.endswith("tokens") and _COUNT.fullmatch(word))


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
