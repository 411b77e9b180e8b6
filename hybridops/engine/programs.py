"""From a circuit to what would be sent: guards, compilation for each possible backend, quote, placement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from math import isfinite
from typing import Any

from hybridops.artifacts.services import store
from hybridops.backends.services import known
from hybridops.definitions.queries import policy, price_book
from hybridops.domain import clock, work
from hybridops.domain.data import Reach
from hybridops.domain.envelope import VALUES_MAX, Listed
from hybridops.domain.errors import BadInput, ProviderError, Refused
from hybridops.domain.placement import Option, Placement, place
from hybridops.domain.ports import Backend, Capability, Program
from hybridops.domain.pricebook import PriceBook
from hybridops.domain.quotes import Quote, quote
from hybridops.domain.rules import too_long
from hybridops.domain.work import Work
from hybridops.domain.workflow import Definition
from hybridops.engine import wiring
from hybridops.engine.candidates import Candidates
from hybridops.engine.context import Context
from hybridops.engine.proposals import Done
from hybridops.engine.reach import reach_of, snapshot_of
from hybridops.providers import qasm

NOISY_QUBITS_MAX = 14
SOURCES = ("circuit", "cost")
ANNEALER = "annealer"  # the kind of backend that takes a quadratic cost instead of a circuit


def source(kind: str) -> str:
    """The artifact of the encoding stage that a backend of this kind compiles."""
    return "cost" if kind == ANNEALER else "circuit"


def guard(
    backend: Backend,
    definition: Definition,
    book: PriceBook,
    where: Reach,
    *,
    qubits: int,
    shots: int,
    encoded: Collection[str] = ("circuit",),
) -> str:
    """Why this backend cannot take the work, or nothing. `encoded` names what the workflow encodes it as."""
    if backend.provider not in definition.providers:
        return f"{definition.title} is not signed for {backend.provider}"
    if outside := where.why_not(backend.region):
        return outside
    if source(backend.kind) not in encoded:
        return f"it takes a {source(backend.kind)}, which {definition.title} does not make"
    if not backend.available:
        return "not open now"
    if backend.kind == "noisy simulator" and qubits > NOISY_QUBITS_MAX:
        return f"{qubits} qubits are too many under noise, at most {NOISY_QUBITS_MAX}"
    if qubits > backend.qubits:
        return f"{qubits} qubits do not fit its {backend.qubits}"
    if shots > backend.shots_max:
        return f"at most {backend.shots_max} shots a job"
    try:
        book.rule_on(clock.now().date(), backend.provider, backend.name)
    except Refused as problem:
        return str(problem).rstrip(".")
    return ""


def quoted(
    book: PriceBook, body: Mapping[str, Any], definition: Definition, asked: Work, *, submissions: int
) -> tuple[Quote, str]:
    """The price of a compiled program, and why its backend cannot take it all the same, or nothing.

    `asked` is one submission, `submissions` how many the work usually takes.
    """
    rule = book.rule_for(body["provider"], body["backend"])
    likely, most = min(submissions, definition.submissions_max), definition.submissions_max
    price = quote(book, rule, asked, submissions_max=most, submissions_likely=likely)
    return price, too_long(rule, asked)


def compile_programs(ctx: Context) -> Done:
    """Compiles the circuit for every backend that can take it and chooses where it goes."""
    definition = ctx.definition()
    book, book_digest = price_book()
    encoded = ctx.summary_with("circuit")
    texts = {name: ctx.fetch(of).decode() for name, of in encoded["artifacts"].items() if name in SOURCES}
    told = encoded["circuit"]
    shots, qubits, circuits = int(ctx.run.parameters["shots"]), int(told["qubits"]), circuits_of(told)
    check_inputs(told, texts["circuit"])
    rules, _ = policy()
    where = reach_of(snapshot_of(ctx.run.experiment.snapshot_id), rules)
    compiled: dict[tuple[str, str], dict[str, Any]] = {}
    options, candidates = [], Candidates(ctx)
    for backend in known():
        blocked = guard(
            backend, definition, book, where, qubits=qubits, shots=shots, encoded=texts
        ) or _unbound(backend, told)
        if blocked:
            options.append(Option(backend.provider, backend.name, Decimal(0), None, blocked=blocked))
            continue
        text = texts[source(backend.kind)]
        try:
            program = wiring.provider(backend.provider).compile(text, backend, seed=ctx.run.plan["seed"])
        except (BadInput, ProviderError) as problem:  # of this backend: another may well take it
            blocked = str(problem).rstrip(".")
            options.append(Option(backend.provider, backend.name, Decimal(0), None, blocked=blocked))
            continue
        body = _described(program, backend)
        asked = work.compiled(body, shots=shots * circuits, circuits=circuits)
        price, blocked = quoted(book, body, definition, asked, submissions=int(told.get("submissions", 1)))
        compiled[backend.provider, backend.name] = {**body, "quote": price.document()}
        options.append(candidates.option(backend, program, asked, price, blocked))
    placement = place(
        options,
        asked=ctx.run.plan["backend"],
        delta=rules.fidelity_given_up,
        seconds_left=candidates.seconds_left,
    )
    passed = {(option.provider, option.backend) for option in options if not option.blocked}
    ways = {pair: body for pair, body in compiled.items() if pair in passed}
    return _done(placement, ways, encoded, book_digest)


def _unbound(backend: Backend, told: Mapping[str, Any]) -> str:
    takes = Capability.BINDINGS in wiring.provider(backend.provider).capabilities
    return "" if takes or not told.get("inputs") else "it does not take a template with sets of values"


def check_inputs(told: Mapping[str, Any], circuit: str) -> None:
    """Raises BadInput unless what a step says of its template's inputs is what the template has."""
    domains, most = told.get("inputs", {}), circuits_of(told)
    if not domains and "input" not in circuit:
        return
    if set(qasm.parse(circuit).inputs) != set(domains):
        raise BadInput("The template has other inputs than the step tells.")
    if not all(isfinite(low) and isfinite(high) and low <= high for low, high in domains.values()):
        raise BadInput("An input of the template has no finite domain.")
    if most < 1 or most * max(1, len(domains)) > VALUES_MAX:
        raise BadInput(
            f"A submission may bind at most {VALUES_MAX:,} values; this template may ask for more."
        )


def _described(program: Program, backend: Backend) -> dict[str, Any]:
    """A compiled program as JSON; its text becomes an artifact with the program's digest."""
    body = asdict(replace(program, bindings=()))
    del body["bindings"]
    media = "application/json" if backend.kind == ANNEALER else "text/x-openqasm"
    if store(body.pop("text").encode(), media_type=media) != program.digest:
        raise BadInput(f"{backend.provider} compiled a program that does not give its digest.")
    return {
        **body,
        "snapshot": backend.digest,
        "region": backend.region,
        "kind": backend.kind,
        "calibrated_at": backend.calibrated_at and backend.calibrated_at.isoformat(),
        "shot_seconds": backend.rep_delay_seconds + program.duration_seconds,
        "versions": _versions(),
    }


@cache
def _versions() -> dict[str, str]:
    """What this process compiles with; a process keeps the code it started with."""
    found = {}
    for name in ("qiskit", "qiskit-aer", "hybridops"):
        with suppress(ImportError):
            found[name] = version(name)
    return found


def _done(
    placement: Placement,
    compiled: Mapping[tuple[str, str], dict[str, Any]],
    encoded: Mapping[str, Any],
    book_digest: str,
) -> Done:
    """The chosen program first, then the others that passed, as ways out inside the envelope."""
    first = (placement.provider, placement.chosen)
    rest = [body for pair, body in compiled.items() if pair != first]
    summary = {
        "programs": [compiled[first], *rest],
        "template": encoded["circuit"]["template_digest"],
        "circuits": circuits_of(encoded["circuit"]),
        "price_book": book_digest,
    }
    return Done(summary, placement=placement)


def program_of(ctx: Context, listed: Listed) -> dict[str, Any]:
    """The compiled program of an approved pair, as the compile stage described it."""
    for body in ctx.summary_with("programs").get("programs", []):
        if (body["provider"], body["backend"], body["digest"]) == (
            listed.provider,
            listed.backend,
            listed.program,
        ):
            return dict(body)
    raise Refused(f"{listed.backend} with program {listed.program[:16]} was not compiled for this run.")


def circuits_of(circuit: Mapping[str, Any]) -> int:
    """The most sets of values that one submission of an encoded circuit runs."""
    return int(circuit.get("bindings_max", 1))
