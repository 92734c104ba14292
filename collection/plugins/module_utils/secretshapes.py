# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What secrets look like in a text: by the name beside a value, and by the value's own shape.

What a program says of a secret ("token: connection refused", "api_key: no such file") is none and stays, and so do
names of files and of Kubernetes' Secrets. Possessive quantifiers keep every pattern linear on long lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

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
WORD = rf"(?=[\w.-]*?(?:{_WORDS})){_RUN}"
_START = r"(?<![\w.-])"
_QUOTE = r"\\*[\"']"
_IS = rf"(?:{_QUOTE})?[ \t]*(?::=|=>|==?|:)[ \t]*"
_COLON = rf"(?:{_QUOTE})?[ \t]*:[ \t]*"
_VALUE = r"(?:\{[^}\s]*\}|(?:[^\s\"'\\,;&}\]]|\\++(?![\"'nrt])|\](?=\w))++)"
_END = r"(?![^\s\"'\\,;&}\])])"
PLAIN = rf"(?:\*\*\*|yes|no|true|false|null|nil|none|\$\(\w+\)|\$\{{?\w+\}}?){_END}|<set to the key"
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


class _Shape:
    """What a secret looks like, and what is kept of it.

    ``needs``: what it finds holds a text of each of these, in small letters. Where one lacks it is not asked, nor
    compiled before: few shapes may be in what a cluster tells, and compiling all takes longer than reading it.
    """

    def __init__(self, needs: Sequence[Sequence[str]], pattern: str, kept: str, flags: int = re.IGNORECASE) -> None:
        self.needs = needs
        self._source = (pattern, flags)
        self._kept = kept

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What finds it."""
        return re.compile(*self._source)

    def hide(self, text: str) -> str:
        """Return a text without the secrets of this shape."""
        lowered = small(text)
        return self.pattern.sub(self._kept, text) if all(holds(lowered, each) for each in self.needs) else text


def small(text: str) -> str:
    """Return a text in small letters, as a pattern that ignores case reads them: there are others of i and of s.

    A program that runs in Turkish writes AUTHOR\u0130ZAT\u0130ON, or author\u0131zat\u0131on.
    """
    if text.isascii():
        return text.lower()
    return text.replace("\u0130", "i").replace("\u0131", "i").replace("\u017f", "s").lower()


def holds(lowered: str, texts: Sequence[str]) -> bool:
    """Tell whether a text in small letters holds one of some others."""
    for each in texts:  # noqa: SIM110 - this is asked of every text there is, and a generator doubles what it takes
        if each in lowered:
            return True
    return False


_PASSWORD = ("pass", "pwd", "masterauth")
"""One of these is in whatever _PASSWORDS finds, one of the next in what _OTHERS does."""
_OTHER = ("secret", "token", "key", "credential", "authorization", "sharedaccess", "_auth", "-auth")
NAMED = (*_PASSWORD, *_OTHER)
_GIVEN = (":", "=")
_BEHIND = rf"\1{HIDDEN}"
"""What stands before the secret stays."""
OF_MANY_LINES = (
    _Shape(  # whole or cut off
        [["private key"]],
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
        HIDDEN,
        re.IGNORECASE | re.DOTALL,
    ),
    _Shape(  # a log may begin in the middle of one
        [["private key"]],
        r"(?:^[A-Za-z0-9+/=]{8,}[ \t]*\n){1,200}-----END [A-Z ]*PRIVATE KEY-----",
        HIDDEN,
        re.IGNORECASE | re.MULTILINE,
    ),
    _Shape(  # where nothing else stands on the next line: a log's next line is no secret
        [NAMED, _GIVEN, ["\n"]],
        rf"({_START}{WORD}[ \t]*[:=][ \t]*\n[ \t]*)[^\s\"']+(?=[ \t]*(?:\n|\Z))",
        _BEHIND,
    ),
)
OF_ONE_LINE = (
    # Authorization: Bearer abc, in a header or a log; cookies
    _Shape(
        [["authorization"], _GIVEN],
        rf"(authorization(?:{_QUOTE})?\s*[:=]\s*\[?(?:{_QUOTE})?)(?!{_PROSE})"
        rf"(?:(?:{_SCHEMES}):?\s+|[\w-]+\s+(?=\S*\d|\S{{12}}))?[^\s\"'\\,;\]]+",
        _BEHIND,
    ),
    _Shape(
        [["bearer"]],
        r"\b(bearer)\s+(?!(?:auth\w*|token\w*|realm|scheme|error|challenge|header|credential\w*|required|missing)\b)"
        r"[\w.~+/=-]{6,}",
        rf"\1 {HIDDEN}",
    ),
    _Shape([["basic"]], r"\b(basic)\s+(?=\S*[\d=])[\w.~+/=-]{6,}", rf"\1 {HIDDEN}"),
    _Shape(
        [["cookie"], ["="]],
        rf"(\b(?:set-)?cookie(?:{_QUOTE})?\s*[:=]\s*\[?(?:{_QUOTE})?)[\w.-]+=(?:[^\"'\\\n\]]|\"(?=[^\",}}\s]))+",
        _BEHIND,
    ),
    # scheme://user:password@host; scheme://token@host; user:password@tcp(host); jdbc:oracle:thin:user/password@host
    _Shape([["@"], ["://"]], r"(\b[\w+.-]{1,40}://[^\s:/@]*):[^\s/\"'<>]+@", rf"\1:{HIDDEN}@"),
    _Shape([["@"], ["://"]], r"(\b[\w+.-]{1,40}://)(?=[\w.-]*\d)[\w.-]{12,}@", rf"\1{HIDDEN}@"),
    _Shape([["@"], ["://"]], r"(\bhttps?://)[^\s:/@]{8,}:?@", rf"\1{HIDDEN}@"),
    _Shape([["@tcp(", "@unix("]], r"\b([\w.-]{1,80}):[^\s:]+@(tcp|unix)\(", rf"\1:{HIDDEN}@\2("),
    _Shape([["jdbc:oracle:"], ["@"]], r"(\bjdbc:oracle:\w+:[\w.-]+/)[^\s@/]+@", rf"\1{HIDDEN}@"),
    # password="abc", "token": "abc", \"token\": \"abc\": what is quoted stays so, up to its line's end
    _Shape(
        [NAMED, _GIVEN, ['"', "'"]],
        rf"({_START}{WORD}{_IS}[\[({{]?(?:[bu](?=[\"']))?({_QUOTE}))"
        rf"(?!\s*[,}}\]]|\s+\w+=|\2|(?:\*\*\*|\$\(\w+\))\2)(?:(?!\2|\\*\"\s*[,}}\]])(?:\\.|[^\\\n]))+"
        r"(?:\2|(?=\\*\"\s*[,}\]])|$)",
        rf"\1{HIDDEN}\2",
    ),
    # password=abc; password: abc, but for what is said of it
    _Shape(
        [NAMED, ["="]], rf"({_START}{WORD}(?:{_QUOTE})?[ \t]*(?::=|=>|==?)[ \t]*[\[(]?)(?!{PLAIN}){_VALUE}", _BEHIND
    ),
    _Shape(
        [_PASSWORD, [":"]],
        rf"((?<![\w./-])(?=[\w.-]*?(?:{_PASSWORDS})){_RUN}{_COLON}[\[(]?)(?!{PLAIN}|{_DEMAND}){_VALUE}",
        _BEHIND,
    ),
    _Shape([NAMED, [":"], ["/"]], rf"((?<=/){WORD}{_COLON})(?!{PLAIN}|{_PROSE}|{_PLACE}){_VALUE}", _BEHIND),
    _Shape(
        [_OTHER, [":"]],
        rf"({_START}(?=[\w.-]*?(?:{_OTHERS})){_RUN}{_COLON}[\[(]?)(?!{PLAIN}|{_PROSE}|{_PLACE}){_VALUE}",
        _BEHIND,
    ),
    _Shape([NAMED, ["--"]], rf"((?<![\w-])--{WORD}[ \t]+[\"']?)(?!{PLAIN})[^\s\"',;-][^\s\"',;]*", _BEHIND),
    # an entry of an environment, an element, a statement
    _Shape(
        [NAMED, ["name"], ["value"]],
        rf"(\bname\\*\"?\s*:\s*\\*\"?{WORD}\\*\"?,\s*\\*\"?value\\*\"?\s*:\s*\\*\"?)(?!{PLAIN})[^\s\"\\,}}]+",
        _BEHIND,
    ),
    _Shape([NAMED, ["<"]], rf"(<{WORD}>)[^<\n]+", _BEHIND),
    _Shape(
        [["identified", "password"], ["'"]],
        r"(\b(?:identified(?:\s+with\s+\S+)?\s+by|password)\s+)'[^'\n]*'",
        rf"\1'{HIDDEN}'",
    ),
    # signed addresses, and those by which anybody may write to a chat
    _Shape([["sig=", "signature="]], r"([?&](?:sig|signature|x-amz-signature|x-goog-signature)=)[^&\s\"']+", _BEHIND),
    _Shape([["hook"]], rf"(\b(?:{_HOOKS})(?:/|\?key=))[\w/@-]+", _BEHIND),
    # what clients of stores and of HTTP take on their command line
    _Shape(
        [["redis-cli"], ["-a", "--pass"]],
        r"(\bredis-cli\b[^\n]{0,200}? (?:-a|--pass)[ =][\"']?)[^\s\"',]+",
        _BEHIND,
        re.NOFLAG,
    ),
    _Shape(
        [["mysql", "mariadb"], ["-p"]],
        r"((?<![\w-])(?:mysql|mariadb)(?:dump|admin|check|import|show)?\s[^\n]{0,200}? ?-p[\"']?)"
        r"(?!ort|revious|ath|od|\d+:)[^\s\"',]+",
        _BEHIND,
        re.NOFLAG,
    ),
    _Shape(
        [["mongo", "sshpass"], [" -p"]],
        r"(\b(?:mongo(?:sh|dump|restore)?|sshpass)\b[^\n]{0,200}? -p[ =]?[\"']?)[^\s\"',-][^\s\"',]*",
        _BEHIND,
        re.NOFLAG,
    ),
    _Shape(
        [["curl"], [" -u", " --user"]],
        r"(\bcurl\b[^\n]{0,200}? (?:-u|--user)[ =]?[\"']?[^\s:\"']+:)[^\s\"',]+",
        _BEHIND,
        re.NOFLAG,
    ),
    # a JSON web token, and the keys of clouds, forges, registries, payments, mail and chats, anywhere
    _Shape([["eyj"]], r"(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*", HIDDEN, re.NOFLAG),
    _Shape(
        [["akia", "asia", "aiza", "ya29.", "hvs.", "sk-"]],
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bhvs\.[\w-]{20,}|\bsk-[\w-]{20,}",
        HIDDEN,
        re.NOFLAG,
    ),
    _Shape(
        [["npm_", "hf_", "glsa_", "shp", "whsec_"]],
        r"\b(?:npm|hf|glsa|shp(?:at|ss|ca|pa)|whsec)_[A-Za-z0-9]{20,}",
        HIDDEN,
        re.NOFLAG,
    ),
    _Shape(
        [["gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat", "dop_v1_", "dckr_pat", "k_live", "k_test"]],
        r"\b(?:gh[oprsu]|github_pat|dop_v1|dckr_pat|[rs]k_(?:live|test))_[\w-]{10,}",
        HIDDEN,
        re.NOFLAG,
    ),
    _Shape(
        [["glpat-", "xapp-", "xox", "sg.", "bot"]],
        r"\b(?:glpat|xapp|xox[abeprs])-[\w-]{10,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bbot\d{6,}:[\w-]{30,}",
        HIDDEN,
        re.NOFLAG,
    ),
)
# A line that has none of these, in small letters, is searched for no shape: that takes a twentieth.
HINTS = (
    *("passw", "passphrase", "requirepass", "_pass", "-pass", "sshpass", "masterauth", "pwd", "secret", "token"),
    *("credential", "authorization", "bearer", "basic", "sharedaccess", "_auth", "-auth", "cookie", "identified", "@"),
    *("eyj", "akia", "asia", "aiza", "ya29", "hvs.", "sk-", "npm_", "hf_", "glsa_", "shp", "whsec_", "gho_", "ghp_"),
    *("ghr_", "ghs_", "ghu_", "github_pat", "dop_v1_", "dckr_pat", "k_live", "k_test", "glpat", "xapp-", "xox", "sg."),
    *("bot", "sig=", "signature=", "hook", "redis-cli", "curl", " -p"),
    *(f"{whose}{between}key" for whose in _WHOSE_KEYS for between in ("", "_", "-", " ")),
)
