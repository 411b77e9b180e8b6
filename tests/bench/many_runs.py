"""Many ended runs: the rows of a few real runs, repeated by the database with other dates, data, people and endings.

Each has its experiment, two bills (one where nothing was sent), five entries in the ledger, an outcome, its quantum
and score stages and the last event of its trail; two in three that were sent have their job, one in five a request with
its vote. The newest DETAILED have every stage and every event, with places in the log: what lists draw. They lie evenly in
two years of eight budgets, three projects and six workflows, one of which has the rule of evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from time import perf_counter
from typing import Any

DAYS, DETAILED, SNAPSHOTS, PROJECTS, WORKFLOWS, PERIOD_DAYS = 730, 1_000, 2_000, 3, 6, 100
ENDS = ((25, "accepted"), (65, "not_accepted"), (75, "degraded"), (83, "failed"), (90, "refused"),
        (95, "expired"), (100, "cancelled"))  # fmt: skip
UNSENT = "('refused', 'expired', 'cancelled')"
DEVICES = ("aster", "birch", "cedar", "dahlia")


def fill(world: Any, count: int) -> dict[str, float]:
    """Fills up to `count` runs; returns how many seconds each table took."""
    from django.db import connection

    from hybridops.experiments.models import Run
    from tests.approvals.asking import ask
    from tests.audit.bundles import finished

    like = Run.objects.get(pk=finished(world).envelope["run"])
    ask(world)  # one that waits
    first = Run.objects.latest("pk").pk + 1
    places = _places(world)
    rows = Rows(connection, first, count)
    off = "SET session_replication_role=replica" if rows.postgres else "PRAGMA foreign_keys=OFF"
    rows.run(off)
    _numbers(rows, world, places)
    _runs(rows, like)
    _money(rows, like)
    _answers(rows, world, like)
    _trail(rows, like)
    _close(rows)
    return rows.seconds


def _places(world: Any) -> dict[str, Any]:
    """Other projects, data, and the budgets of the periods before this one."""
    from hybridops.definitions.models import SignedDocument
    from hybridops.domain.actors import SYSTEM
    from hybridops.experiments.models import DataSnapshot
    from hybridops.quotas.models import Budget
    from hybridops.teams import services as teams
    from tests.world import FAKE, publish

    rule = {"delta": 0.01, "bound": 0.1, "pairs": 40, "method": "betting"}
    publish({**FAKE, "version": 2, "schema": "hybridops.workflow/2", "helping": rule}, "workflow")
    projects = [world.project] + [
        teams.add_project(
            team=world.team, slug=f"place-{n}", name=f"Place {n}", home_region="here", actor=SYSTEM
        )
        for n in range(1, PROJECTS)
    ]
    here = DataSnapshot.objects.latest("pk").pk + 1
    like = DataSnapshot.objects.get(pk=world.snapshot.pk)
    for number in range(SNAPSHOTS):
        like.pk, like.digest, like.project = here + number, f"{number:064x}", projects[number % PROJECTS]
        like.save(force_insert=True)
    budget = Budget.objects.get(team=world.team)
    for back in range(1, DAYS // PERIOD_DAYS + 1):
        Budget.objects.create(
            team=world.team, name=f"Routing, {back} before", limit_micro=10**12,
            starts_on=budget.starts_on - timedelta(days=PERIOD_DAYS * back),
            ends_on=budget.starts_on - timedelta(days=PERIOD_DAYS * (back - 1) + 1),
        )  # fmt: skip
    Budget.objects.filter(pk=budget.pk).update(limit_micro=10**12)
    older = Budget.objects.exclude(pk=budget.pk).earliest("pk").pk
    digest = SignedDocument.objects.get(kind="workflow", version=2).digest
    return {
        "snapshot": here, "budget": budget.pk, "older": older, "digest": digest,
        "projects": [one.pk for one in projects],
    }  # fmt: skip


class Rows:
    """Inserts by the database, the same on SQLite and PostgreSQL."""

    def __init__(self, connection: Any, first: int, last: int) -> None:
        self.connection, self.first, self.last = connection, first, last
        self.postgres = connection.vendor == "postgresql"
        self.seconds: dict[str, float] = {}

    def run(self, sql: str, values: list[Any] | None = None) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)

    def repeat(
        self, model: Any, like: str, columns: Mapping[str, str], *, key: str = "id", where: str = "TRUE"
    ) -> int:
        """The rows `like` of a model, for each number; what `columns` do not say they have from the row they repeat.

        In SQL the number's row is `b`, the repeated row `t`, its place among them `t.k`. Returns the first new id.
        """
        begun, meta = perf_counter(), model._meta
        table, names = meta.db_table, [field.column for field in meta.concrete_fields]
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE {like}")
            per = cursor.fetchone()[0]
            cursor.execute(f"SELECT MAX({key}) FROM {table}")
            base = cursor.fetchone()[0]
            base = base + 1 if isinstance(base, int) else 0
        told = {"id": f"{base} + (b.n - {self.first}) * {per} + t.k", **columns}
        picked = ", ".join(told.get(name, f't."{name}"') for name in names)
        quoted = ", ".join(f'"{name}"' for name in names)
        self.run(
            f"INSERT INTO {table} ({quoted}) SELECT {picked} FROM bench_numbers b CROSS JOIN "
            f"(SELECT *, ROW_NUMBER() OVER (ORDER BY {key}) - 1 AS k FROM {table} WHERE {like}) t "
            f"WHERE {where} ORDER BY b.n, t.k"
        )
        self.seconds[table] = self.seconds.get(table, 0) + perf_counter() - begun
        return int(base)

    def moment(self, now: Any, seconds: str) -> str:
        """A moment so many seconds before now."""
        if self.postgres:
            return f"TIMESTAMPTZ '{now.isoformat()}' - ({seconds}) * INTERVAL '1 second'"
        return f"strftime('%Y-%m-%d %H:%M:%f', '{now:%Y-%m-%d %H:%M:%S}', '-' || ({seconds}) || ' seconds')"

    def draw(self, salt: int, among: int) -> str:
        """A number below `among` that follows from n, as good as drawn."""
        return f"((n * 7919 + {salt}) % 1000003 * 2654435761 % 4294967296 / 65536 * 40503 % 65536 * {among} / 65536)"


def _numbers(rows: Rows, world: Any, places: dict[str, Any]) -> None:
    """What each run is, worked out once."""
    from hybridops.domain import clock

    now = clock.now()
    ago = f"({rows.last} - n) * {DAYS * 86400.0 / rows.last}"
    series = (
        f"SELECT n FROM generate_series({rows.first}::bigint, {rows.last}::bigint) AS n"
        if rows.postgres
        else f"WITH RECURSIVE s(n) AS (SELECT {rows.first} UNION ALL SELECT n + 1 FROM s WHERE n < {rows.last})"
        " SELECT n FROM s"
    )
    ends = " ".join(f"WHEN {rows.draw(1, 100)} < {below} THEN '{name}'" for below, name in ENDS)
    devices = " ".join(f"WHEN {at} THEN '{name}'" for at, name in enumerate(DEVICES))
    projects = " ".join(f"WHEN {at} THEN {pk}" for at, pk in enumerate(places["projects"]))
    opened = (now.date() - world_budget(places["budget"]).starts_on).days * 86400
    columns = {
        "n": "n",
        "made": rows.moment(now, f"{ago} + 60"),
        "ended": rows.moment(now, ago),
        "outcome": f"CASE {ends} END",
        "workflow": f"CASE WHEN n % {WORKFLOWS} = 0 THEN 'fake' ELSE 'other-' || (n % {WORKFLOWS}) END",
        "definition": f"CASE WHEN n % {WORKFLOWS} = 0 THEN '{places['digest']}' ELSE 'other-' || (n % {WORKFLOWS}) END",
        "snapshot": f"{places['snapshot']} + {rows.draw(2, SNAPSHOTS)}",
        "project": f"CASE {rows.draw(2, SNAPSHOTS)} % {PROJECTS} {projects} END",
        "backend": f"CASE {rows.draw(3, len(DEVICES))} {devices} END",
        "person": f"CASE {rows.draw(4, 2)} WHEN 0 THEN {world.ines.pk} ELSE {world.tomas.pk} END",
        "budget": f"CASE WHEN {ago} < {opened} THEN {places['budget']} ELSE {places['older']} + "
        f"CAST(FLOOR(({ago} - {opened}) / {PERIOD_DAYS * 86400}) AS INTEGER) END",
        "micro": f"600000 + {rows.draw(5, 600)} * 1000",
        "got": f"90 + {rows.draw(6, 1000)} / 1000.0",
    }
    sql = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    begun = perf_counter()
    rows.run(f"CREATE TEMPORARY TABLE bench_numbers AS SELECT {sql} FROM ({series}) AS numbers")
    rows.run("CREATE UNIQUE INDEX bench_number ON bench_numbers (n)")
    rows.seconds["numbers"] = perf_counter() - begun


def world_budget(pk: int) -> Any:
    from hybridops.quotas.models import Budget

    return Budget.objects.get(pk=pk)


def _runs(rows: Rows, like: Any) -> None:
    from hybridops.experiments.models import Experiment, Run, Stage

    base = rows.repeat(
        Experiment, f"id = {like.experiment_id}",
        {"project_id": "b.project", "owner_id": "b.person", "snapshot_id": "b.snapshot", "workflow": "b.workflow",
         "definition_digest": "b.definition", "title": "'Wave ' || (b.n % 50)", "made_at": "b.made"},
    )  # fmt: skip
    rows.repeat(
        Run, f"id = {like.pk}",
        {"id": "b.n", "experiment_id": f"{base} + b.n - {rows.first}", "requested_by_id": "b.person",
         "submit_key": "'bench-' || b.n", "state": "b.outcome", "outcome": "b.outcome", "made_at": "b.made",
         "ended_at": "b.ended"},
    )  # fmt: skip
    recent = f"b.n > {rows.last - DETAILED}"
    of = {"run_id": "b.n", "started_at": "b.made", "ended_at": "b.ended"}
    rows.repeat(Stage, f"run_id = {like.pk}", of, where=recent)
    kinds = "key IN ('quantum', 'score')"
    rows.repeat(Stage, f"run_id = {like.pk} AND {kinds}", of, where=f"NOT {recent}")


def _money(rows: Rows, like: Any) -> None:
    """The QPU's bill, and its shots, only where something was sent."""
    from hybridops.experiments.models import Submission
    from hybridops.quotas.models import LedgerEntry, Reservation

    qpu = Reservation.objects.filter(run_id=like.pk, key__contains="-qpu-").earliest("pk")
    plain = Reservation.objects.filter(run_id=like.pk).exclude(key__contains="-qpu-").earliest("pk")
    sent = f"b.outcome NOT IN {UNSENT}"
    part = f"CASE WHEN t.id = {qpu.pk} THEN 'qpu-1' ELSE 'classical' END"
    micro = f"CASE WHEN t.id = {qpu.pk} THEN b.micro ELSE 100000 END"
    settled = f"CASE WHEN t.id = {qpu.pk} AND NOT ({sent}) THEN NULL ELSE {micro} END"
    base = rows.repeat(
        Reservation, f"id IN ({qpu.pk}, {plain.pk})",
        {"key": f"'run-' || b.n || '-' || {part}", "run_id": "b.n", "amount_micro": micro, "settled_micro": settled,
         "state": f"CASE WHEN t.id = {qpu.pk} AND NOT ({sent}) THEN 'released' ELSE 'settled' END",
         "made_at": "b.made", "ended_at": "b.ended"},
    )  # fmt: skip
    like_entries = LedgerEntry.objects.filter(reservation__in=[qpu, plain])
    kinds = [("RESERVE", "micro"), ("SETTLE", "micro")]
    chosen = [like_entries.filter(reservation=row, kind=kind, unit=unit).earliest("pk").pk
              for row in (plain, qpu) for kind, unit in kinds]  # fmt: skip
    chosen.append(like_entries.filter(reservation=qpu, kind="SETTLE", unit="shots").earliest("pk").pk)
    first = min(plain.pk, qpu.pk)
    which = f"CASE WHEN t.reservation_id = {first} THEN 0 ELSE 1 END"
    at_qpu = f"t.reservation_id = {qpu.pk}"
    money = f"CASE WHEN {at_qpu} THEN b.micro ELSE 100000 END"
    gone = f"{at_qpu} AND t.kind = 'SETTLE' AND NOT ({sent})"  # given back instead
    one = "t.unit = 'micro'"
    values = {
        "amount": f"CASE WHEN {one} THEN {money} ELSE t.amount END",
        "available": f"CASE WHEN {gone} THEN CASE WHEN {one} THEN {money} ELSE 0 END WHEN NOT ({one}) THEN -t.posted "
        f"WHEN t.kind = 'RESERVE' THEN -({money}) ELSE 0 END",
        "pending": f"CASE WHEN NOT ({one}) THEN 0 WHEN t.kind = 'RESERVE' THEN {money} ELSE -({money}) END",
        "posted": f"CASE WHEN {gone} OR t.kind = 'RESERVE' THEN 0 WHEN {one} THEN {money} ELSE t.posted END",
        "kind": f"CASE WHEN {gone} THEN 'RELEASE' ELSE t.kind END",
        "entry_id": "'run-' || b.n || '-' || t.k",
        "budget_id": "b.budget",
        "reservation_id": f"{base} + (b.n - {rows.first}) * 2 + {which}",
        "at": "CASE WHEN t.kind = 'RESERVE' THEN b.made ELSE b.ended END",
    }
    ids = ", ".join(map(str, chosen))
    rows.repeat(LedgerEntry, f"id IN ({ids})", values)
    job = Submission.objects.filter(run=like).earliest("pk")
    rows.repeat(
        Submission, f"id = {job.pk}",
        {"run_id": "b.n", "key": "'bench-' || b.n", "reservation": "'run-' || b.n || '-qpu-1'", "backend": "b.backend",
         "job_id": "'job-' || b.n", "cost_micro": "b.micro", "made_at": "b.made", "sent_at": "b.made",
         "started_at": "b.made", "ended_at": "b.ended"},
        where=f"{sent} AND b.n % 3 > 0",
    )  # fmt: skip


def _answers(rows: Rows, world: Any, like: Any) -> None:
    from hybridops.approvals.models import ApprovalRequest, Decision
    from hybridops.experiments.outcome import Outcome

    sent = f"b.outcome NOT IN {UNSENT}"
    answered = f"CASE WHEN {sent} AND b.outcome <> 'failed' THEN b.got END"
    rows.repeat(
        Outcome, f"run_id = {like.pk}",
        {"run_id": "b.n", "project_id": "b.project", "snapshot_id": "b.snapshot", "workflow": "b.workflow", "definition": "b.definition",
         "outcome": "b.outcome", "counts": f"CASE WHEN {sent} THEN 'again' ELSE 'untried' END", "made_at": "b.made",
         "ended_at": "b.ended", "backend": f"CASE WHEN {sent} THEN b.backend ELSE '' END", "quantum": answered,
         "baseline": "90.2 + (b.n % 97) / 100.0", "best": "90.0 + (b.n % 89) / 100.0",
         **dict.fromkeys(("sent", "returned", "whole"), f"CASE WHEN {sent} THEN 1 ELSE 0 END"),
         "cost_micro": f"CASE WHEN {sent} THEN b.micro ELSE 0 END + 100000",
         "qpu_micro": f"CASE WHEN {sent} THEN b.micro ELSE 0 END",
         "replaced_at": "CASE WHEN b.outcome = 'accepted' AND b.n % 5 > 0 THEN b.ended END"},
        key="run_id",
    )  # fmt: skip
    rows.run(
        "UPDATE experiments_outcome SET counts = 'pair' WHERE run_id IN (SELECT MIN(run_id) FROM experiments_outcome "
        f"WHERE sent > 0 AND run_id >= {rows.first} GROUP BY definition, snapshot_id)"
    )
    asked = ApprovalRequest.objects.get(subject=f"run:{like.pk}")
    base = rows.repeat(
        ApprovalRequest, f"id = {asked.pk}",
        {"subject": "'run:' || b.n", "requester_id": "b.person", "asked_at": "b.made", "ended_at": "b.ended"},
        where="b.n % 5 = 0",
    )  # fmt: skip
    rows.repeat(
        Decision, f"request_id = {asked.pk}",
        {"request_id": f"{base} + b.n - {rows.first}", "made_at": "b.ended"}, where="b.n % 5 = 0",
    )  # fmt: skip


def _trail(rows: Rows, like: Any) -> None:
    """The last event of each run, and of the newest all of them, which get their places in the log."""
    from hybridops.audit.models import AuditEvent
    from hybridops.audit.services import seal, sequence

    mine = f"stream = 'run:{like.pk}'"
    last = AuditEvent.objects.filter(stream=f"run:{like.pk}").latest("seq").pk
    columns = {"stream": "'run:' || b.n", "at": "b.ended"}
    rows.repeat(AuditEvent, f"id = {last}", columns, where=f"b.n <= {rows.last - DETAILED}")
    rows.repeat(AuditEvent, mine, columns, where=f"b.n > {rows.last - DETAILED}")
    begun = perf_counter()
    detailed = DETAILED * AuditEvent.objects.filter(stream=f"run:{like.pk}").count()
    newest = AuditEvent.objects.latest("pk").pk
    while (
        sequence()
        and AuditEvent.objects.filter(leaf__isnull=False, pk__gt=newest - detailed).count() < detailed
    ):
        pass
    seal()
    rows.seconds["log"] = perf_counter() - begun


def _close(rows: Rows) -> None:
    """Budgets say what their entries say, outcomes are added up, the database knows its tables."""
    from django.apps import apps
    from django.core.management.color import no_style

    begun = perf_counter()
    for account in ("posted", "pending"):
        for unit in ("micro", "shots"):
            rows.run(
                f"UPDATE quotas_budget SET {account}_{unit} = (SELECT COALESCE(SUM({account}), 0) FROM "
                f"quotas_ledgerentry e WHERE e.budget_id = quotas_budget.id AND e.unit = '{unit}')"
            )
    rows.run("DELETE FROM experiments_tally")
    kind = "definition, team_id, snapshot_id, counts, outcome"
    rows.run(
        f"INSERT INTO experiments_tally ({kind}, runs, cost_micro, qpu_micro, best) SELECT {kind}, COUNT(*), "
        f"SUM(cost_micro), SUM(qpu_micro), MIN(best) FROM experiments_outcome GROUP BY {kind}"
    )
    models = [one for one in apps.get_models() if one._meta.managed]
    for sql in rows.connection.ops.sequence_reset_sql(no_style(), models):
        rows.run(sql)
    rows.run("SET session_replication_role=DEFAULT" if rows.postgres else "PRAGMA foreign_keys=ON")
    if rows.postgres:
        rows.run("ANALYZE")
    rows.seconds["closing"] = perf_counter() - begun
