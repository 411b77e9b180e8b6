"""A layout is looked for once a structure, depends on nothing else, and keeps what the circuit computes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from hybridops.domain.errors import BadInput
from hybridops.providers import layouts, qasm
from hybridops.providers.angles import Linear
from hybridops.providers.compiling import for_device
from hybridops.providers.qasm import Circuit, Gate
from tests.providers.test_templates import TEMPLATE, chances

pytestmark = pytest.mark.slow  # twenty transpilations each
DEVICE = "heron-torino"


def qaoa(seed: int, qubits: int = 4) -> Circuit:
    """A ring of rz between cx, with coefficients of its own."""
    rng = np.random.default_rng(seed)
    gates = [Gate("h", (q,)) for q in range(qubits)]
    for q in range(qubits):
        pair = (q, (q + 1) % qubits)
        gates += [Gate("cx", pair), Gate("rz", pair[1:], float(rng.normal())), Gate("cx", pair)]
    gates += [Gate("rx", (q,), float(rng.normal())) for q in range(qubits)]
    return Circuit(tuple(range(qubits)), tuple(gates), tuple(range(qubits)))


def test_one_structure_is_laid_out_once(tmp_path: Path) -> None:
    first = for_device(qaoa(1), "local", DEVICE, kept=tmp_path)
    (file,) = tmp_path.glob("*.qasm")
    made_at = file.stat().st_mtime_ns
    second = for_device(qaoa(2), "local", DEVICE, kept=tmp_path)
    assert file.stat().st_mtime_ns == made_at
    assert len(list(tmp_path.iterdir())) == 1
    assert first.digest != second.digest
    for_device(qaoa(2, 5), "local", DEVICE, kept=tmp_path)
    assert len(list(tmp_path.glob("*.qasm"))) == 2


def test_who_asks_first_changes_nothing(tmp_path: Path) -> None:
    """A rerun on another machine has to give the same program, to the byte."""
    for_device(qaoa(7), "local", DEVICE, kept=tmp_path / "a")
    kept = for_device(qaoa(1), "local", DEVICE, kept=tmp_path / "a")
    assert (
        kept
        == for_device(qaoa(1), "local", DEVICE, kept=tmp_path / "b")
        == for_device(qaoa(1), "local", DEVICE)
    )


def test_what_is_kept_computes_what_was_asked(tmp_path: Path) -> None:
    for_device(qaoa(1), "local", DEVICE, kept=tmp_path)
    for seed in range(2, 6):
        found = qasm.parse(for_device(qaoa(seed), "local", DEVICE, kept=tmp_path).text)
        assert np.allclose(chances(found), chances(qaoa(seed)), atol=1e-9)


@pytest.mark.parametrize("spoiled", [b"", b"OPENQASM 3.0; wobble;", b"\xff\xfe", None])
def test_a_spoiled_file_is_made_again(tmp_path: Path, spoiled: bytes | None) -> None:
    wanted = for_device(qaoa(1), "local", DEVICE, kept=tmp_path)
    (file,) = tmp_path.glob("*.qasm")
    if spoiled is None:
        file.unlink()
        (tmp_path / file.name).mkdir()
        (tmp_path / file.name).rmdir()
    else:
        file.write_bytes(spoiled)
    assert for_device(qaoa(1), "local", DEVICE, kept=tmp_path) == wanted
    assert qasm.parse(file.read_text())


def test_the_oldest_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "KEPT_MAX", 2)
    monkeypatch.setattr(layouts, "TRIES", 1)
    for qubits in (2, 3, 4, 5):
        for_device(qaoa(1, qubits), "local", DEVICE, kept=tmp_path)
    assert len(list(tmp_path.glob("*.qasm"))) == 2


def test_angles_that_let_gates_be_left_out_stay_in_the_structure() -> None:
    quarter = Circuit((0,), (Gate("rz", (0,), math.pi / 4), Gate("rx", (0,), 0.2)), (0,))
    structure, angles = layouts.structure_of(quarter)
    assert structure.gates[0].angle == math.pi / 4
    assert angles == {"p0": 0.2}


def test_a_template_s_own_inputs_come_through() -> None:
    structure, angles = layouts.structure_of(qasm.parse(TEMPLATE))
    assert Linear(math.pi / 2, (("a", 2.0),)) in angles.values()
    put = layouts.with_angles(structure, angles, ("a", "b"))
    assert put.gates == qasm.parse(TEMPLATE).gates


def test_what_does_not_fit_is_refused() -> None:
    wide = Circuit(tuple(range(15)), (Gate("h", (0,)),), (0,))
    with pytest.raises(BadInput, match="too many"):
        for_device(wide, "local", DEVICE)
