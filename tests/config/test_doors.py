from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from hybridops.web import health


def test_signing_in_and_out_have_our_addresses() -> None:
    assert reverse("account_login") == settings.LOGIN_URL == "/sign-in/"
    assert reverse("account_logout") == "/sign-out/"


@pytest.mark.parametrize(
    "name",
    [
        "account_change_password", "account_email", "account_email_verification_sent", "account_inactive",
        "account_reauthenticate", "account_reset_password", "account_set_password", "account_signup",
        "mfa_authenticate", "mfa_index", "mfa_reauthenticate", "mfa_view_recovery_codes",
    ],
)  # fmt: skip
def test_every_name_allauth_reverses_resolves(name: str) -> None:
    assert reverse(name).startswith("/account/")


@pytest.mark.django_db
@pytest.mark.parametrize(("broker", "status"), [(True, 200), (False, 503)])
def test_health_says_who_answers(
    client: Client, monkeypatch: pytest.MonkeyPatch, broker: bool, status: int
) -> None:
    monkeypatch.setattr(health, "_broker_answers", lambda: broker)
    answer = client.get("/healthz")
    assert answer.status_code == status
    assert json.loads(answer.content) == {"database": True, "broker": broker}


def test_a_broker_that_is_not_there_is_noticed_at_once() -> None:
    assert health._broker_answers() is False


@pytest.mark.django_db
def test_pages_carry_a_strict_policy(client: Client) -> None:
    headers = client.get("/healthz").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db
def test_sqlite_runs_with_the_settings_that_lose_nothing() -> None:
    if connection.vendor != "sqlite":
        return
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
    with connection.cursor() as cursor:
        assert {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted} == wanted
