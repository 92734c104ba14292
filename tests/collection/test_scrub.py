"""Secrets do not reach what is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.project import find_project

scrub = find_project().module_utils("scrub").scrub


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("connecting to postgres://app:hunter2@db:5432/x", "connecting to postgres://app:***@db:5432/x"),
        ("password=hunter2 user=app", "password=*** user=app"),
        ('{"api_key": "hunter2", "path": "/"}', '{"api_key": ***, "path": "/"}'),
        ("DB_PASSWORD: 'hunter2'", "DB_PASSWORD: ***"),
        ("sent Bearer abcdef123456", "sent Bearer ***"),
        ("jwt eyJhbGciOiJI.eyJzdWIiOiIx.c2ln end", "jwt *** end"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "***"),
        ("cut -----BEGIN PRIVATE KEY-----\nMIIEow", "cut ***"),
        ("amqp://app:p@ss@mq:5672/", "amqp://app:***@mq:5672/"),
        ("https://0123456789abcdef0123@errors.example/7", "https://***@errors.example/7"),
        ("app:hunter2@tcp(mysql:3306)/shop", "app:***@tcp(mysql:3306)/shop"),
        ("run --api-key hunter2 --n 1", "run --api-key *** --n 1"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key *** used"),
        ("Basic authentication failed", "Basic authentication failed"),
        ('secret "db" not found', 'secret "db" not found'),
        ("https://gateway.example:8080/users/lin@example.com", "https://gateway.example:8080/users/lin@example.com"),
        ("GET /orders 200 in 3 ms", "GET /orders 200 in 3 ms"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_the_rest_stays(text: str, kept: str) -> None:
    assert scrub.scrub_text(text) == kept


def test_an_environment_entry_loses_its_value_by_its_name() -> None:
    env = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "GATEWAY_VERSION", "value": "1.1.0"}]
    assert scrub.scrub({"env": env}) == {
        "env": [{"name": "DB_PASSWORD", "value": "***"}, {"name": "GATEWAY_VERSION", "value": "1.1.0"}]
    }


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
