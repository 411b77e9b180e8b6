"""Public graphs that come installed with networkx, written as a CSV of edges."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

KARATE, MISERABLES = "Zachary's karate club", "Les Misérables, who appears with whom"


def karate_club() -> bytes:
    """34 members and 78 friendships, the number of places where they met as weights (Zachary 1977)."""
    return _edges(KARATE, "karate_club_graph", lambda member: f"Member {member + 1}")


def les_miserables() -> bytes:
    """77 characters and 254 pairs, the number of chapters they share as weights (Knuth 1993)."""
    return _edges(MISERABLES, "les_miserables_graph", str)


def _edges(title: str, name: str, called: Callable[[Any], str]) -> bytes:
    graph = getattr(import_module("networkx"), name)()
    lines = [f"# {title}", "from,to,weight"]
    lines += [f"{called(i)},{called(j)},{weight}" for i, j, weight in graph.edges(data="weight")]
    return ("\n".join(lines) + "\n").encode()
