from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from hybridops.config import environment
from hybridops.config.sqlite import SAFE


def test_without_an_address_the_database_is_a_file_in_the_data_folder(tmp_path: Path) -> None:
    settings = environment.database("", tmp_path)
    assert settings["NAME"] == str(tmp_path / "hybridops.sqlite3")
    assert settings["OPTIONS"] == environment.SQLITE_OPTIONS


@pytest.mark.parametrize(
    ("url", "name"),
    [("sqlite:////srv/a.db", "/srv/a.db"), ("sqlite:///a.db", "a.db"), ("sqlite://:memory:", ":memory:")],
)
def test_sqlite_addresses(url: str, name: str, tmp_path: Path) -> None:
    assert environment.database(url, tmp_path)["NAME"] == name


def test_postgres_addresses_are_unquoted(tmp_path: Path) -> None:
    settings = environment.database("postgres://ann:p%40ss@db:5433/lab?sslmode=require", tmp_path)
    parts = [settings[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")]
    assert parts == ["lab", "ann", "p@ss", "db", "5433", {"sslmode": "require"}]


def test_another_kind_of_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"sqlite:// or postgres://"):
        environment.database("mysql://a/b", tmp_path)


def test_the_secret_is_made_once_and_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HYBRIDOPS_SECRET_KEY")
    found: list[str] = []
    starts = [
        threading.Thread(target=lambda: found.append(environment.secret_key(tmp_path))) for _ in range(8)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(set(found)) == 1
    assert len(found[0]) >= 50
    assert stat.S_IMODE((tmp_path / "keys" / "django-secret").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["django-secret"]


def test_a_folder_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("HYBRIDOPS_SECRET_KEY")
    monkeypatch.setenv("HYBRIDOPS_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(ImproperlyConfigured, match="set HYBRIDOPS_HOME"):
        environment.home()
    with pytest.raises(ImproperlyConfigured, match="HYBRIDOPS_SECRET_KEY"):
        environment.secret_key(tmp_path / "file")


def test_the_sqlite_that_runs_has_no_known_corruption() -> None:
    import sqlite3.dbapi2

    assert sqlite3.sqlite_version_info >= SAFE
    assert sqlite3.dbapi2.connect(":memory:").getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) > 0


def test_retention_is_days_by_class_or_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.retention()["internal"] == 730
    monkeypatch.setenv("HYBRIDOPS_RETENTION", "internal=30, public=10,restricted=forever")
    told = environment.retention()
    assert (told["internal"], told["public"], told["restricted"], told["sensitive"]) == (30, 10, None, 365)
    for wrong in ("secret=3", "internal", "internal=-1", "internal=soon"):
        monkeypatch.setenv("HYBRIDOPS_RETENTION", wrong)
        with pytest.raises(ImproperlyConfigured):
            environment.retention()
