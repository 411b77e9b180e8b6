"""What the conformance checks work on: one provider, the other side of it, and circuits whose answer is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from hybridops.domain.ports import Backend, Program, Provider, RemoteJob

# One bit set and one not, on qubits that the order of bits tells apart.
CIRCUIT = """OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
bit[3] c;
x q[0];
rx(0.4) q[1];
cx q[0], q[1];
c[0] = measure q[0];
c[1] = measure q[1];
c[2] = measure q[2];
"""
# Its first bit is as certain as `theta` says: 0 or 1.
TEMPLATE = CIRCUIT.replace("bit[3] c;", "bit[3] c;\ninput float[64] theta;").replace(
    "x q[0];", "rx(3.141592653589793*theta) q[0];"
)
SHOTS = 200


@dataclass(frozen=True, slots=True)
class Bench:
    """`work` returns when every job so far has ended. `secrets` are texts no message may contain.

    `circuit` is what is compiled: three bits, of which the first is nearly always 1 and the last 0. A job takes
    `job_seconds` of the machine beside its shots.
    """

    provider: Provider
    work: Callable[[], None]
    backend: str = ""
    secrets: Sequence[str] = ()
    circuit: str = CIRCUIT
    job_seconds: float = 0.0

    def target(self) -> Backend:
        listed = self.provider.backends()
        return next((one for one in listed if one.name == self.backend), listed[0])

    def program(self) -> Program:
        return self.provider.compile(self.circuit, self.target(), seed=11)

    def submit(self, key: str = "", *, shots: int = SHOTS) -> str:
        return self.provider.submit(self.program(), shots=shots, seed=5, key=key or str(uuid4()))

    def look(self, job_id: str) -> RemoteJob:
        (found,) = self.provider.poll([job_id])
        return found
