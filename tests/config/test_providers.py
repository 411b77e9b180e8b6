"""Providers and secrets from the environment: what is meant is found, what is not known is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from hybridops.config.providers import VENDORS, providers, scheduling, secrets


def test_built_in_ones_by_name(tmp_path: Path) -> None:
    assert list(providers(["local", "flaky"], "", tmp_path)) == ["local", "flaky"]
    with pytest.raises(ImproperlyConfigured, match="names ibm; it knows local, flaky"):
        providers(["ibm"], "", tmp_path)


def told(tmp_path: Path, text: str) -> dict:
    file = tmp_path / "providers.toml"
    file.write_text(text)
    return providers(["local"], str(file), tmp_path)


def test_vendors_from_a_file(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        """
        [ibm]
        instance = "crn:1"
        [braket-eu]
        kind = "braket"
        region = "eu-north-1"
        bucket = "b"
        secret = "aws-eu"
        [ionq]
        on = false
        [dwave]
        """,
    )
    assert list(found) == ["local", "ibm", "braket-eu", "dwave"]
    assert found["ibm"] == (VENDORS["ibm"], {"instance": "crn:1", "folder": tmp_path / "providers" / "ibm"})
    assert found["braket-eu"][1] == {"region": "eu-north-1", "bucket": "b", "secret": "aws-eu"}
    assert found["dwave"][1] == {"folder": tmp_path / "providers" / "dwave"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ibm = 3", "ibm must be a table"),
        ("[IBM]", "small letters"),
        ("[acme]", "of kind acme; known are ibm"),
        ("[ibm]\nkind = 3", "of kind 3"),
        ("[local]\nkind = 'ibm'", "another name"),
        ("[ibm", "is not TOML"),
    ],
)
def test_what_is_not_known_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=why):
        told(tmp_path, text)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        providers(["local"], str(tmp_path / "none.toml"), tmp_path)


def test_where_secrets_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secrets("", tmp_path)[1] == {"folder": str(tmp_path / "secrets")}
    assert secrets("files:/run/secrets", tmp_path)[1] == {"folder": "/run/secrets"}
    assert secrets("environment", tmp_path)[0].endswith(":Environment")
    with pytest.raises(ImproperlyConfigured, match="TOKEN_FILE"):
        secrets("vault:https://vault:8200", tmp_path)
    monkeypatch.setenv("HYBRIDOPS_VAULT_TOKEN_FILE", "/run/token")
    path, options = secrets("vault:https://vault:8200/kv", tmp_path)
    assert path.endswith(":Vault")
    assert (options["address"], options["mount"], options["token_file"]) == (
        "https://vault:8200",
        "kv",
        "/run/token",
    )


@pytest.mark.parametrize("text", ["files:", "vault:", "vault:nowhere", "environment:x", "etcd:a"])
def test_other_places_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="HYBRIDOPS_SECRETS is"):
        secrets(text, tmp_path)


def test_rules_of_sharing_from_a_file(tmp_path: Path) -> None:
    assert scheduling("") == {}
    file = tmp_path / "scheduling.toml"
    file.write_text("wait_max_seconds = 60\n[weights]\nrouting = 2.0\n")
    assert scheduling(str(file)) == {"wait_max_seconds": 60, "weights": {"routing": 2.0}}
    for wrong, says in (
        ("half_live = 1", "no 'half_live'"),
        ("[weights]\na = 0", "above zero"),
        ("[classes.research]\nspeed = 1", "speed"),
        ("= 1", "not TOML"),
    ):
        file.write_text(wrong)
        with pytest.raises(ImproperlyConfigured, match=says):
            scheduling(str(file))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        scheduling(str(tmp_path / "absent.toml"))
