"""The MaxCut family's steps as the engine runs them, and small graphs to run them on."""

from __future__ import annotations

from hybridops.workflows.graphs import karate_club, les_miserables
from hybridops.workflows.maxcut import MaxCut
from tests.solvers.public import public
from tests.workflows.chain import Chain

MAXCUT = MaxCut()
BUILTIN = {"karate": karate_club, "miserables": les_miserables}

SQUARE = b"4 5\n1 2 3\n2 3 1\n3 4 3\n4 1 1\n1 3 2\n"
FLOATS = b"from,to,weight\na,b,0.1\nb,c,0.2\nc,a,0.7\nc,d,-0.3\nd,e,1.5\ne,a,0.25\n"


class CutChain(Chain):
    family = MAXCUT
    before = ("check", "reduce", "heuristic", "baseline", "narrow", "encode", "control")


def problem(name: str) -> bytes:
    return BUILTIN[name]() if name in BUILTIN else public(name)
