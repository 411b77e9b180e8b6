from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hybridops.domain.errors import BadInput, Refused
from hybridops.solvers.device import choose, run


class Pool:
    """As CuPy's: what was freed stays in it until it is emptied."""

    held = 700

    def free_all_blocks(self) -> None:
        self.held = 100

    def total_bytes(self) -> int:
        return self.held


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A CuPy with one device, as far as `device` and `arrays` ask it."""
    pool, synchronized = Pool(), []
    fake = SimpleNamespace(
        __name__="cupy", is_available=lambda: True, get_default_memory_pool=lambda: pool, pool=pool,
        synchronized=synchronized,
        cuda=SimpleNamespace(
            runtime=SimpleNamespace(getDeviceProperties=lambda number: {"name": b"H100"}),
            get_current_stream=lambda: SimpleNamespace(synchronize=lambda: synchronized.append(True)),
        ),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "cupy", fake)
    return fake


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)


@pytest.mark.usefixtures("no_gpu")
def test_a_required_gpu_is_not_replaced():
    """Refused, with the reason; preferred runs on NumPy and says why, no does not ask."""
    with pytest.raises(Refused, match=r"needs a GPU and would run on CPU \(CuPy is not installed\)"):
        choose("required")
    assert choose("preferred") == (np, "CPU (CuPy is not installed)")
    assert choose("no") == (np, "CPU")


@pytest.mark.usefixtures("no_gpu")
def test_a_run_on_the_cpu_tells_what_the_kernel_states():
    """The kernel gets NumPy; nothing is run where the GPU was required."""
    result, ran = run(lambda xp: xp.zeros(3).sum(), gpu="preferred", nbytes=24)
    assert (result, ran.device, ran.peak_bytes) == (0.0, "CPU (CuPy is not installed)", 24)
    assert ran.seconds > 0
    with pytest.raises(Refused):
        run(lambda xp: pytest.fail("it ran"), gpu="required", nbytes=0)


@pytest.mark.parametrize("wish", ["required", "preferred"])
def test_a_run_on_the_gpu_tells_what_its_pool_grew_by(gpu: SimpleNamespace, wish: Any):
    """Emptied before, waited for after: neither an older kernel's memory nor work still to do is left out."""

    def kernel(xp: Any) -> str:
        assert xp is gpu
        assert gpu.synchronized == []
        gpu.pool.held += 5_000
        return "done"

    result, ran = run(kernel, gpu=wish, nbytes=24)
    assert (result, ran.device, ran.peak_bytes) == ("done", "GPU H100", 5_000)
    assert gpu.synchronized == [True]


def test_no_gpu_is_asked_for_nothing(gpu: SimpleNamespace):
    """With "no" a GPU that is there stays idle; other words are refused."""
    assert choose("no") == (np, "CPU")
    wrong: Any = "maybe"
    with pytest.raises(BadInput):
        choose(wrong)
