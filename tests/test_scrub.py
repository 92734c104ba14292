"""Secrets are hidden by name, by shape and by value; everything else stays."""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.journal.test_chain import JSON
from tuheg_ir.scrub import environment_secrets, scrub

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        # by name
        ({"password": "hunter2"}, {"password": "***"}),
        ({"PGPASSWORD": "hunter2"}, {"PGPASSWORD": "***"}),
        ({"K8S_AUTH_API_KEY": "abc"}, {"K8S_AUTH_API_KEY": "***"}),
        ({"api_key": 12345}, {"api_key": "***"}),
        ({"apiKey": "abc"}, {"apiKey": "***"}),
        ({"token": ["a", "b"]}, {"token": ["***", "***"]}),
        ({"credentials": {"user": "x", "n": 1}}, {"credentials": {"user": "***", "n": "***"}}),
        ({"Authorization": "Basic abc"}, {"Authorization": "***"}),
        ({"client_key_data": "abc"}, {"client_key_data": "***"}),
        ({"a": [{"b": {"secret": "x"}}]}, {"a": [{"b": {"secret": "***"}}]}),
        # Kubernetes idioms
        ({"name": "PGPASSWORD", "value": "hunter2"}, {"name": "PGPASSWORD", "value": "***"}),
        (
            {"kind": "Secret", "data": {"x": "aGk="}, "stringData": {"y": "hi"}},
            {"kind": "Secret", "data": {"x": "***"}, "stringData": {"y": "***"}},
        ),
        # by shape
        ("postgres://app:hunter2@db:5432/x", "postgres://app:***@db:5432/x"),
        ("https://ghost-0123456789@host/", "https://***@host/"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("header 'Bearer abcdef123'", "header 'Bearer ***'"),
        ("Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"),
        ("Basic dXNlcjpwYXNzMQ==", "Basic ***"),
        (f"it said {JWT}!", "it said ***!"),
        (f"key: {KEY} end", "key: *** end"),
        ("cut -----BEGIN PRIVATE KEY-----\nMIIEow", "cut ***"),
        ("MIIEowIB\nAAKCAQEA+/=\n-----END RSA PRIVATE KEY-----\nstarted", "***\nstarted"),
        ("MIIEowIB\nstarted\n-----END CERTIFICATE-----", "MIIEowIB\nstarted\n-----END CERTIFICATE-----"),
        ("host=db password=hunter2 user=x", "host=db password=*** user=x"),
        ("host=db password='hunter 2' user=x", "host=db password='***' user=x"),
        ('{"access_token": "abc", "n": 1}', '{"access_token": "***", "n": 1}'),
        ("https://x/?token=abc&n=1", "https://x/?token=***&n=1"),
        ("run --api-key abc --n 1", "run --api-key *** --n 1"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("ghp_0123456789abcdefghij", "***"),
        ("xoxb-123456789012-abc", "***"),
        # among the words of a command
        (["redis-server", "--requirepass", "hunter2"], ["redis-server", "--requirepass", "***"]),
        # in the keys of mappings as well
        ({"postgres://app:hunter2@db": 1}, {"postgres://app:***@db": 1}),
    ],
)
def test_secrets_are_hidden(value: Any, clean: Any) -> None:
    assert scrub(value) == clean


@pytest.mark.parametrize(
    "value",
    [
        {"password": None, "token": "", "secret": False},
        {"key": "INC-20251105-001/1/restart"},
        {"secretKeyRef": {"name": "db", "key": "password"}},
        {"secretName": "tls"},
        {"secret": {"secretName": "tls", "defaultMode": 420}},
        {"imagePullSecrets": [{"name": "pull"}]},
        {"name": "PGUSER", "value": "app"},
        {"kind": "ConfigMap", "data": {"x": "y"}},
        "the token expired",
        "https://gateway.example/api/orders",
        "mail lin@example.com",
        "Basic authentication failed",
        "数据库连接池耗尽",
        [1, 2.5, True, None],
    ],
)
def test_what_is_no_secret_stays(value: Any) -> None:
    assert scrub(value) == value


def test_known_values_are_hidden_wherever_they_stand() -> None:
    value = {"a": "xhunter2-longx", "b": ["hunter2"]}
    assert scrub(value, ["hunter2", "hunter2-long"]) == {"a": "x***x", "b": ["***"]}


def test_the_environment_tells_which_values_are_secret() -> None:
    environ = {"K8S_AUTH_API_KEY": "0123456789", "PATH": "/usr/local/bin", "API_TOKEN": "1"}
    assert environment_secrets(environ) == {"0123456789"}


def test_the_working_directory_is_no_secret() -> None:
    assert environment_secrets({"PWD": "/home/kim/tuheg-ir", "OLDPWD": "/home/kim", "DB_PWD": "0123456789"}) == {
        "0123456789"
    }


@settings(deadline=None)
@given(JSON)
def test_scrubbing_twice_changes_nothing_more(value: Any) -> None:
    assert scrub(scrub(value)) == scrub(value)


SECRET = st.text(st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"), min_size=12, max_size=40)


@settings(deadline=None)
@given(
    secret=SECRET,
    around=st.text(max_size=20),
    form=st.sampled_from(
        ["postgres://u:{}@h/d", "Bearer {}", "password={}", '"api_key": "{}"', "authorization: Bearer {}"]
    ),
)
def test_a_secret_in_a_known_form_never_survives(secret: str, around: str, form: str) -> None:
    assume(secret not in around)
    text = f"{around} {form.format(secret)} {around}"
    assert secret not in scrub(text)
    assert secret not in str(scrub({"x": [text]}))
