"""Secrets do not reach what is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.project import find_project

scrub = find_project().module_utils("scrub").scrub
shapes = find_project().module_utils("secretshapes").secretshapes


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("connecting to postgres://app:hunter2@db:5432/x", "connecting to postgres://app:***@db:5432/x"),
        ("password=hunter2 user=app", "password=*** user=app"),
        ('{"api_key": "hunter2", "path": "/"}', '{"api_key": "***", "path": "/"}'),
        ("DB_PASSWORD: 'hunter2'", "DB_PASSWORD: '***'"),
        (r'{"msg": "{\"password\": \"hunter2\", \"n\": 1}"}', r'{"msg": "{\"password\": \"***\", \"n\": 1}"}'),
        ("token='hunter2 cut here\nnext line", "token='***'\nnext line"),
        ("Server=db;User Id=app;Pwd=hunter2;Database=x", "Server=db;User Id=app;Pwd=***;Database=x"),
        ("AccountName=a;AccountKey=aHVudGVyMg==;Suffix=x", "AccountName=a;AccountKey=***;Suffix=x"),
        ("Authorization: ApiKey hunter2", "Authorization: ***"),
        ("authorization='Basic aHVudGVyMg=='", "authorization='***'"),
        ("Cookie: JSESSIONID=hunter2; theme=dark", "Cookie: ***"),
        ("> Set-Cookie: sid=hunter2; Path=/", "> Set-Cookie: ***"),
        ("redis://:hunter2@redis:6379/0", "redis://:***@redis:6379/0"),
        ("redis-cli -h redis -a hunter2 ping", "redis-cli -h redis -a *** ping"),
        ("mysqladmin ping -u root -phunter2", "mysqladmin ping -u root -p***"),
        ("curl -s -u app:hunter2 http://api/", "curl -s -u app:*** http://api/"),
        ("GET https://files.example/a?se=1&sig=hunter2&sp=r", "GET https://files.example/a?se=1&sig=***&sp=r"),
        ("key AIzaSyA-0123456789-0123456789-0123456 used", "key *** used"),
        ("charged by sk_live_0123456789abcdef", "charged by ***"),
        ("posts to https://hooks.slack.com/services/T01/B02/hunter2", "posts to https://hooks.slack.com/services/***"),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/hunter2", "https://open.feishu.cn/open-apis/bot/v2/hook/***"),
        ("https://api.telegram.org/bot123456789:AAE0123456789-0123456789-012345/x", "https://api.telegram.org/***/x"),
        ("sent Bearer abcdef123456", "sent Bearer ***"),
        ("jwt eyJhbGciOiJI.eyJzdWIiOiIx.c2ln end", "jwt *** end"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "***"),
        ("cut -----BEGIN PRIVATE KEY-----\nMIIEow", "cut ***"),
        ("MIIEowIB\nAAKCAQEA+/=\n-----END RSA PRIVATE KEY-----\nstarted", "***\nstarted"),
        ("MIIEowIB\nstarted\n-----END CERTIFICATE-----", "MIIEowIB\nstarted\n-----END CERTIFICATE-----"),
        ("amqp://app:p@ss@mq:5672/", "amqp://app:***@mq:5672/"),
        ("https://0123456789abcdef0123@errors.example/7", "https://***@errors.example/7"),
        ("app:hunter2@tcp(mysql:3306)/shop", "app:***@tcp(mysql:3306)/shop"),
        ("run --api-key hunter2 --n 1", "run --api-key *** --n 1"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key *** used"),
        ("Basic authentication failed", "Basic authentication failed"),
        ("open /etc/keys/api_key: no such file or directory", "open /etc/keys/api_key: no such file or directory"),
        (
            "POST https://idp.example/token: AADSTS7000222: expired",
            "POST https://idp.example/token: AADSTS7000222: expired",
        ),
        ("cannot fetch token: 401 Unauthorized", "cannot fetch token: 401 Unauthorized"),
        ('InvalidPasswordError: "app" was refused', 'InvalidPasswordError: "app" was refused'),
        ("x.InvalidPasswordException: no such user", "x.InvalidPasswordException: no such user"),
        ("failed to fetch token: dial tcp: i/o timeout", "failed to fetch token: dial tcp: i/o timeout"),
        ("bad credentials: Connection refused (os error 111)", "bad credentials: Connection refused (os error 111)"),
        (
            "Access denied for 'app'@'10.1.0.4' (using password: YES)",
            "Access denied for 'app'@'10.1.0.4' (using password: YES)",
        ),
        ("a Bearer authentication is wanted", "a Bearer authentication is wanted"),
        ("password: swordfish was tried", "password: *** was tried"),
        ("token: swordfish", "token: ***"),
        ("password:\n  hunter2\nuser: app", "password:\n  ***\nuser: app"),
        ("token:\n2025-11-05T10:00:00Z ERROR no", "token:\n2025-11-05T10:00:00Z ERROR no"),
        ("client_secret: swordfish for shop", "client_secret: *** for shop"),
        ("password=no-Way-1234 token=true/xyz", "password=*** token=***"),
        ("DB_PASSWORD: null.secret9", "DB_PASSWORD: ***"),
        ("kv/shop/db_password: hunter2", "kv/shop/db_password: ***"),
        ("kv/shop/api_key: hunter2", "kv/shop/api_key: ***"),
        ("open /run/db-password: no such file or directory", "open /run/db-password: no such file or directory"),
        ("api_key: a1b2c3 was used", "api_key: *** was used"),
        ("mysql -h db -P 3306 -u app -p", "mysql -h db -P 3306 -u app -p"),
        ("no cookie: sign in first", "no cookie: sign in first"),
        ("cd $OLDPWD=/app", "cd $OLDPWD=/app"),
        ("postgres://app@db/x", "postgres://app@db/x"),
        ('secret "db" not found', 'secret "db" not found'),
        ("https://gateway.example:8080/users/lin@example.com", "https://gateway.example:8080/users/lin@example.com"),
        ("GET /orders 200 in 3 ms", "GET /orders 200 in 3 ms"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_the_rest_stays(text: str, kept: str) -> None:
    assert scrub.scrub_text(text) == kept


HIDDEN = (
    "map[Authorization:[Bearer hunter2abc] X:y]",
    "Authorization: GenieKey hunter2",
    "Authorization: SharedKey acct:hunter2",
    "Authorization: GoogleLogin auth=hunter2",
    '-H "Authorization: Foo hunter2"',
    "password=\\hunter2",
    "password=DOM\\hunter2",
    "PASSWORD=ab\\u0026hunter2",
    "password=hun]ter2",
    "password=none-hunter2",
    "password=true-hunter2",
    "password=yes.hunter2",
    "password: no-hunter2",
    "password=***hunter2",
    "db/password: hunter2",
    "/etc/app/password: hunter2",
    "spring/token: hunter2",
    "secret/token: hunter2",
    "map[password:hunter2 token:swordfish user:x]",
    "client_secret: swordfish for",
    "API_TOKEN:   swordfish is",
    "secret: swordfish, next",
    "Bearer abcdefghijklmnop",
    "https://hunter2abc:@api.stripe.com",
    "https://abc123token@github.com/x.git",
    "https://hunter2abc.def.ghi@host",
    "--db.password hunter2",
    '{"password":"hun\\"ter2","n":1}',
    "redis-cli -a 'hunter2'",
    "redis-cli --pass=hunter2",
    "mysql -uroot -p'hunter2'",
    '--password "hunter2"',
    "sshpass -p hunter2 ssh x",
    "DB_PASS=hunter2",
    "SMTP_PASS: hunter2",
    "userPwd=hunter2",
    "dbpwd=hunter2",
    "ENCRYPTION_KEY=hunter2",
    "MASTER_KEY=hunter2",
    "JWT_KEY=hunter2",
    "APP_KEY=hunter2",
    "X-Auth-Key: hunter2",
    "REDISCLI_AUTH=hunter2",
    "SharedAccessSignature=hunter2",
    'Cookie: sid="hunter2"',
    "Cookie:[sid=hunter2]",
    'password => "hunter2"',
    'password := "hunter2"',
    '"password": ["hunter2"]',
    "{'password': b'hunter2'}",
    '{"name":"DB_PASSWORD","value":"hunter2"}',
    "EnvVar{Name:DB_PASSWORD,Value:hunter2,}",
    "IDENTIFIED BY 'hunter2'",
    "ALTER ROLE a PASSWORD 'hunter2'",
    "<password>hunter2</password>",
    "jdbc:oracle:thin:app/hunter2@//db:1521/x",
    "root:p@hunter2@tcp(db:3306)/x",
    "password={hun;ter2}",
    "sk-proj-0123456789hunter2abcdef",
    "xapp-1-A0123-hunter2",
    "ghr_0123456789hunter2",
    "https://discord.com/api/v10/webhooks/123/hunter2",
    "https://outlook.office.com/webhook/hunter2",
    "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hunter2",
    "mongosh -u a -p hunter2 x",
    "Server=db;Pwd=hunter2;",
    "token: hunter2",
    "password: hunter2 was tried",
    "AUTHOR\u0130ZAT\u0130ON: ApiKey hunter2",
    "author\u0131zat\u0131on: Hawk hunter2",
    "CL\u0130ENT_KEY=hunter2",
    "user@host MAST\u0395R pa\u017f\u017fword: hunter2",
    "mongodb+srv://a@x \u212aEY api_\u212aey=hunter2",
)
"""Texts with a secret: hunter2, swordfish, or the key itself."""
KEPT = (
    'MountVolume.SetUp failed for volume "tls-secret" : secret "tls" not found',
    'MountVolume.SetUp failed for volume "vault-token" : configmap "x" not found',
    'MountVolume.SetUp failed for volume "db-password" : references non-existent secret key: a',
    "docker run --name mysql -p3306:3306 x",
    "kubectl logs mysql-0 -n prod -previous",
    "mysqldump -h x -port 3",
    "pwd: /app is not writable",
    "PWD=/app",
    "token-service:8080: connection refused",
    'pulling image "token-api:2.1"',
    "caller=token.go:33 msg=x",
    "token: x509: certificate signed by unknown authority",
    "token: HTTP 401 from idp",
    "password: must not be empty",
    'msg="token=" level=error',
    '{"msg":"no token:","err":"connection refused"}',
    '{"msg":"user\'s token=\\"","err":"connection refused"}',
    '"token": ""',
    "/x/token: EOF",
    "--password-file /run/x",
    "--service-account-key-file=/etc/kubernetes/pki/sa.pub",
    "SecretName: tls-cert",
    "DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false",
    "password=$(DB_PASSWORD)",
    '"password": "$(DB_PASSWORD)"',
    "postgres://orders_service_user@db/x",
    "TOKEN_TTL=30",
    "passed: 3 failed: 0",
    "first pass: 3",
    'secret "db" not found',
    "could not get token: dial tcp 10.0.0.1:443: connect: connection refused",
    "Access denied for user 'app'@'10.0.0.1' (using password: YES)",
)


@pytest.mark.parametrize("text", HIDDEN)
def test_nothing_of_a_secret_stays(text: str) -> None:
    clean = scrub.scrub_text(text)
    assert clean != text
    assert not any(each in clean for each in ("hunter", "ter2", "swordfish", "abcdefgh", "abc123"))


@pytest.mark.parametrize("text", KEPT)
def test_what_is_said_of_a_secret_stays(text: str) -> None:
    assert scrub.scrub_text(text) == text


def test_a_line_of_json_is_one_afterwards() -> None:
    line = json.dumps({"msg": "bad token: 'abc", "err": "connection refused", "password": 'hun"ter2'})
    assert json.loads(scrub.scrub_text(line)) == {
        "msg": "bad token: '***'",
        "err": "connection refused",
        "password": "***",
    }


@pytest.mark.parametrize(
    "shape", ["token-", "token.", "passwordpassword", "a.b-c", "\\", '"', "eyJ-", "key=", "token: no ", "mysql -"]
)
def test_long_lines_of_any_shape_are_read(shape: str) -> None:
    text = "token " + shape * 20_000
    assert "token" in scrub.scrub_text(text)


def test_an_environment_entry_loses_its_value_by_its_name() -> None:
    env = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "GATEWAY_VERSION", "value": "1.1.0"}]
    assert scrub.scrub({"env": env}) == {
        "env": [{"name": "DB_PASSWORD", "value": "***"}, {"name": "GATEWAY_VERSION", "value": "1.1.0"}]
    }


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        (["redis-server", "--requirepass", "hunter2", "--port", "6379"], [0, 0, 1, 0, 0]),
        (["/usr/bin/redis-cli", "-a", "hunter2", "ping"], [0, 0, 1, 0]),
        (["mysqladmin", "ping", "-u", "root", "-phunter2"], [0, 0, 0, 0, 1]),
        (["app", "--api-key", "hunter2", "--token=hunter2"], [0, 0, 1, 1]),
        (["redis-cli", "--pass", "hunter2"], [0, 0, 1]),
        (["timeout", "5", "redis-cli", "-a", "hunter2"], [0, 0, 0, 0, 1]),
        (["env", "mysql", "-phunter2"], [0, 0, 1]),
        (["curl", "-u", "app:hunter2", "x"], [0, 0, 1, 0]),
        (["mongosh", "-u", "a", "-p", "hunter2"], [0, 0, 0, 0, 1]),
        (["app", "--password-file", "/run/x", "--secret-name", "db", "--max-tokens", "4096"], [0] * 7),
        (["app", "--password", "$(DB_PASSWORD)", "--authorization-mode", "Node,RBAC"], [0] * 5),
        (["mysql", "-port", "3306"], [0, 0, 0]),
        (["tar", "-a", "hunter2"], [0, 0, 0]),
        (["app", "-port", "80", "-p80"], [0, 0, 0, 0]),
        (["app", "--token", "--verbose", "x"], [0, 0, 0, 0]),
        (["app", "--\u017fecret", "hunter2", "--AUTHOR\u0130ZAT\u0130ON", "hunter2"], [0, 0, 1, 0, 1]),
        ([], []),
    ],
)
def test_a_command_loses_the_secrets_among_its_words(command: list[str], kept: list[int]) -> None:
    clean = scrub.scrub({"args": command})["args"]
    assert [int(one != other) for one, other in zip(clean, command, strict=True)] == kept
    assert "hunter2" not in str([each for each, hidden in zip(clean, kept, strict=True) if hidden])


def test_the_arguments_of_a_container_go_on_where_its_command_ends() -> None:
    clean = scrub.scrub({"command": ["redis-cli"], "args": ["-a", "hunter2", "ping"]})
    assert clean == {"command": ["redis-cli"], "args": ["-a", "***", "ping"]}


def test_a_name_is_a_secret_s_in_letters_of_other_languages() -> None:
    assert scrub.scrub({"author\u0131zat\u0131on": "hunter2"}) == {"author\u0131zat\u0131on": "***"}


def test_a_reference_to_a_secret_is_no_secret() -> None:
    reference: dict[str, Any] = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pw"}}}
    assert scrub.scrub(reference) == reference


NAMES = st.sampled_from(["password", "DB_PASSWORD", "api-key", "clientSecret", "auth_token", "Authorization"])
VALUES = st.text(alphabet="abcdefXYZ0123456789", min_size=8)


@given(name=NAMES, value=VALUES)
def test_no_value_survives_under_a_secret_name(name: str, value: str) -> None:
    hidden = f"s3-{value}"
    data = {name: hidden, "list": [{"name": name, "value": hidden}, f"{name}={hidden}"]}
    assert hidden not in json.dumps(scrub.scrub(data))


PIECES = st.sampled_from([piece for text in (*HIDDEN, *KEPT) for piece in text.split(" ")])


@given(pieces=st.lists(PIECES | st.sampled_from(HIDDEN), min_size=1, max_size=4), between=st.sampled_from(" =:\n\t"))
def test_no_shape_is_passed_over_where_it_would_find_something(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    for shape in (*shapes.OF_MANY_LINES, *shapes.OF_ONE_LINE):
        for cased in (text, text.upper(), text.upper().replace("I", "\u0130"), text.replace("i", "\u0131")):
            found = shape.pattern.search(cased)
            assert found is None or shape.hide(cased) != cased or shapes.HIDDEN in found[0]
