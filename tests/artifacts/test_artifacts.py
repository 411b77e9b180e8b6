"""Bytes by their digest: what comes out is what went in, or a refusal."""

from __future__ import annotations

from os import urandom
from pathlib import Path

import pytest
from django.conf import settings

from hybridops.artifacts import services
from hybridops.artifacts.models import Artifact
from hybridops.domain.errors import BadInput
from hybridops.trust.canonical import digest

pytestmark = pytest.mark.django_db


@pytest.fixture
def data() -> bytes:
    return urandom(64)


def path(name: str) -> Path:
    return Path(settings.HOME) / "artifacts" / name[:2] / name[2:4] / name


def test_the_same_bytes_are_one_artifact(data: bytes) -> None:
    name = services.store(data, media_type="text/plain")
    assert name == digest(data) == services.store(data)
    assert services.fetch(name) == data
    row = Artifact.objects.get(pk=name)
    assert (row.size, row.media_type) == (64, "text/plain")
    assert path(name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"x", b"y" * 64])
def test_damage_is_noticed_and_mended_by_storing_again(data: bytes, damage: bytes) -> None:
    name = services.store(data)
    path(name).write_bytes(damage)
    with pytest.raises(BadInput, match="altered"):
        services.fetch(name)
    assert services.store(data) == name
    assert services.fetch(name) == data


def test_what_is_missing_is_said(data: bytes) -> None:
    name = services.store(data)
    path(name).unlink()
    for wanted in (name, "0" * 64):
        with pytest.raises(BadInput, match="missing"):
            services.fetch(wanted)


def test_too_much_is_refused_before_it_is_written(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SIZE_MAX", 63)
    with pytest.raises(BadInput, match="at most"):
        services.store(data)
    assert not path(digest(data)).exists()
    assert not Artifact.objects.filter(pk=digest(data)).exists()


def test_a_digest_is_no_way_out_of_the_folder() -> None:
    from django.core.exceptions import SuspiciousFileOperation

    with pytest.raises((BadInput, SuspiciousFileOperation)):
        services.fetch("../../../../../../etc/passwd")
