"""The file of tokens: private from its first byte, whole, and one writer at a time."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridops.client.errors import ClientError
from hybridops.client.store import Pair, Store

PAIR = Pair("access", "refresh", 1.0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_reads_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store(tmp_path / "config")
        with store.alone():
            store.keep("https://a.example", PAIR)
    finally:
        os.umask(before)
    assert (mode(store.file), mode(store.folder), mode(store.folder / "lock")) == (0o600, 0o700, 0o600)
    assert (store.pair("https://a.example"), store.last) == (PAIR, "https://a.example")


def test_a_file_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep("https://a.example", PAIR)
    store.file.chmod(0o644)
    with pytest.raises(ClientError, match="Others can read"):
        store.pair("https://a.example")


def test_a_link_that_somebody_left_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / f"tokens.{os.getpid()}").symlink_to(tmp_path / "elsewhere")
    Store(tmp_path).keep("https://a.example", PAIR)
    assert not (tmp_path / "elsewhere").exists()


@given(st.binary(max_size=60))
def test_any_file_is_tokens_or_a_clear_no(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.file.touch(mode=0o600)
        store.file.write_bytes(data)
        try:
            assert store.pair("https://a.example") is None
        except ClientError as said:
            assert "tokens.json" in str(said)  # noqa: PT017  either is right, and both are looked at


def test_sites_are_kept_beside_each_other_and_forgotten_one_by_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("a", "b"):
        store.keep(f"https://{name}.example", PAIR)
    store.keep("https://b.example", None)
    assert (store.pair("https://b.example"), store.last) == (None, "https://a.example")


def test_writers_take_turns(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def more(name: int) -> None:
        own = Store(tmp_path)
        with own.alone():
            own.keep(f"https://{name}.example", PAIR)

    threads = [Thread(target=more, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert all(store.pair(f"https://{n}.example") == PAIR for n in range(8))
