"""The same bytes in an S3 bucket, over HTTP: kept once, checked at every read, carried along by a backup."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.test import override_settings

from hybridops.artifacts.models import Artifact
from hybridops.artifacts.removal import clear, remove
from hybridops.artifacts.services import fetch, path_of, store
from hybridops.cli.backup import _bring_artifacts, _copy_artifacts
from hybridops.config import environment
from hybridops.domain.errors import BadInput
from hybridops.engine.inline import drive
from hybridops.experiments.models import Run
from tests.world import World, submit

server = pytest.importorskip("moto.server", reason="moto is not installed")
pytestmark = pytest.mark.slow  # a server of its own


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
        "HYBRIDOPS_ARTIFACTS": f"s3://{tmp_path.name.replace('_', '-')}/runs", "HYBRIDOPS_S3_ENDPOINT": endpoint,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    made = boto3.resource("s3", endpoint_url=endpoint).Bucket(tmp_path.name.replace("_", "-"))
    made.create()
    told = {
        "artifacts": environment.artifacts(tmp_path),
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    with override_settings(
        STORAGES={**told, "staticfiles": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    ):
        yield made


def test_bytes_are_kept_once_and_checked(world: World, bucket: Any) -> None:
    digest = store(b"the answer")
    assert store(b"the answer") == digest
    assert [one.key for one in bucket.objects.all()] == [f"runs/{path_of(digest)}"]
    assert fetch(digest) == b"the answer"
    bucket.put_object(Key=f"runs/{path_of(digest)}", Body=b"another answer")
    with pytest.raises(BadInput, match="altered"):
        fetch(digest)
    assert fetch(store(b"the answer")) == b"the answer"  # what is damaged is mended
    remove([digest], under="a rule")
    assert clear() == 1 and not list(bucket.objects.all())
    with pytest.raises(BadInput, match="removed"):
        fetch(digest)


def test_a_run_keeps_everything_there(world: World, bucket: Any) -> None:
    store(b"wave")
    Artifact.objects.get_or_create(
        digest=world.snapshot.digest, defaults={"size": 1, "media_type": "text/plain"}
    )
    from tests.world import DATA

    store(DATA)
    run = submit(world)
    drive(run.pk)
    assert Run.objects.get(pk=run.pk).state == "awaiting_approval"
    there = {one.key.rsplit("/", 1)[-1] for one in bucket.objects.all()}
    assert world.snapshot.digest in there and len(there) > 2


def test_a_backup_carries_them_to_another_place(world: World, bucket: Any, tmp_path: Path) -> None:
    Artifact.objects.all().delete()
    digest = store(b"kept")
    _copy_artifacts(tmp_path / "copy")
    bucket.objects.all().delete()
    assert not storages["artifacts"].exists(path_of(digest))
    _bring_artifacts(tmp_path / "copy")
    assert fetch(digest) == b"kept"


@pytest.mark.parametrize("told", ["http://bucket", "s3://", "bucket"])
def test_an_address_that_is_none_is_said(told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HYBRIDOPS_ARTIFACTS", told)
    with pytest.raises(ImproperlyConfigured, match="s3://bucket"):
        environment.artifacts(tmp_path)
