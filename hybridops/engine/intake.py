"""What the doors call before a run exists: check an upload, preview cost, risk and time, submit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from django.db import IntegrityError

from hybridops.artifacts.services import store
from hybridops.backends.services import known
from hybridops.definitions.queries import one_reading, price_book, workflow_named
from hybridops.domain.data import check_class, chosen_regions
from hybridops.domain.errors import BadInput, Conflict, Refused
from hybridops.domain.money import from_micro, to_micro
from hybridops.engine import wiring
from hybridops.engine.preview import Preview, classical_max_micro, preview
from hybridops.experiments import services, snapshots
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.experiments.queries import run_by_key, run_for, runs_for
from hybridops.experiments.replays import check_replayable, wanted_again
from hybridops.experiments.services import Wanted
from hybridops.teams.access import rights_remembered
from hybridops.teams.models import Project, User
from hybridops.trust.canonical import digest
from hybridops.workflows.carshare import TITLE, carshare_montreal
from hybridops.workflows.circuits_builtin import bernstein_vazirani, fourier, ghz
from hybridops.workflows.graphs import KARATE, MISERABLES, karate_club, les_miserables
from hybridops.workflows.kernels_builtin import breast_cancer, digits, iris
from hybridops.workflows.molecules_builtin import (
    helium_hydride,
    hydrogen,
    stretched_hydrogen,
    trihydrogen,
)
from hybridops.workflows.stocks import STOCKS, technology_stocks

UPLOAD_BYTES_MAX = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Builtin:
    """Public data that comes installed, offered beside an upload."""

    key: str
    name: str
    filename: str
    data: Callable[[], bytes]


BUILTINS: Mapping[str, tuple[Builtin, ...]] = {
    "routing": (Builtin("carshare-montreal", TITLE, "montreal-car-share.csv", carshare_montreal),),
    "circuits": (
        Builtin("ghz-5", "GHZ state of 5 qubits", "ghz-5.qasm", ghz),
        Builtin(
            "bernstein-vazirani-6",
            "Bernstein-Vazirani on 6 qubits",
            "bernstein-vazirani-6.qasm",
            bernstein_vazirani,
        ),
        Builtin("qft-4", "Fourier transform of 4 qubits", "qft-4.qasm", fourier),
    ),
    "portfolio": (Builtin("technology-stocks", STOCKS, "technology-stocks.csv", technology_stocks),),
    "maxcut": (
        Builtin("karate-club", KARATE, "karate-club.csv", karate_club),
        Builtin("les-miserables", MISERABLES, "les-miserables.csv", les_miserables),
    ),
    "molecules": (
        Builtin("h2-0.735", "H₂ at 0.735 Å", "h2-0.735.json", hydrogen),
        Builtin("h2-1.5", "H₂ stretched to 1.5 Å", "h2-1.5.json", stretched_hydrogen),
        Builtin("heh+-0.774", "HeH⁺ at 0.774 Å", "heh+-0.774.json", helium_hydride),
        Builtin("h3+-0.873", "H₃⁺, a triangle of side 0.873 Å", "h3+-0.873.json", trihydrogen),
    ),
    "kernels": (
        Builtin("breast-cancer", "Breast cancer, Wisconsin", "breast-cancer.csv", breast_cancer),
        Builtin("iris-two", "Iris versicolor and virginica", "iris-two.csv", iris),
        Builtin("digits-3-8", "Handwritten 3 and 8", "digits-3-8.csv", digits),
    ),
}


def add_snapshot(
    *,
    user: User,
    project_id: int,
    workflow_name: str,
    name: str,
    filename: str,
    data: bytes,
    data_class: str,
    regions: Collection[str] = (),
    why: str = "",
) -> DataSnapshot:
    """Checks an upload and lists it; raises BadInput with line and column, and then nothing was kept."""
    services.check_project(user, project_id)
    check_class(data_class)
    home = Project.objects.get(pk=project_id).home_region
    chosen_regions(data_class, regions, why, home=home)
    if len(data) > UPLOAD_BYTES_MAX:
        raise BadInput("The file is larger than 5 MB. Send a smaller problem.", field="upload")
    definition, _ = workflow_named(workflow_name)
    summary = dict(wiring.workflow(definition.workflow).describe(data, filename))
    return snapshots.add_snapshot(
        user=user,
        project_id=project_id,
        name=name.strip() or str(summary.get("name", filename)),
        filename=filename,
        workflow=definition.workflow,
        digest=store(data, media_type="text/plain"),
        summary=summary,
        data_class=data_class,
        regions=regions,
        why=why,
    )


def accepts(workflow_name: str) -> str:
    """Which files this workflow reads, in words."""
    return wiring.workflow(workflow_named(workflow_name)[0].workflow).accepts


def builtin_snapshots(workflow_name: str) -> tuple[Builtin, ...]:
    """The data that comes installed and that this workflow can read."""
    return BUILTINS.get(workflow_named(workflow_name)[0].workflow, ())


def add_builtin(*, user: User, project_id: int, workflow_name: str, key: str) -> DataSnapshot:
    """Lists installed data in a project; raises BadInput for a key nobody offers."""
    found = next((one for one in builtin_snapshots(workflow_name) if one.key == key), None)
    if found is None:
        raise BadInput("Choose one of the data sets listed here.", field="upload")
    return add_snapshot(
        user=user,
        project_id=project_id,
        workflow_name=workflow_name,
        name=found.name,
        filename=found.filename,
        data=found.data(),
        data_class="public",
    )


def submit(
    *, user: User, workflow_name: str, wanted: Wanted, submit_key: str, replay_of: Run | None = None
) -> Run:
    """Makes the run; raises BadInput with the field, NoRoom, or Unsigned where the workflow may not run.

    What the policy denies, and what nobody could ever approve, is refused here with its reason.
    """
    with one_reading(), rights_remembered(user):
        if not Run.objects.filter(submit_key=submit_key).exists():
            preview(user=user, workflow_name=workflow_name, wanted=wanted)
        return _submit(user, workflow_name, wanted, submit_key, replay_of)


def _submit(
    user: User, workflow_name: str, wanted: Wanted, submit_key: str, replay_of: Run | None = None
) -> Run:
    definition, digest = workflow_named(workflow_name)
    _, book_digest = price_book()
    try:
        return services.submit(
            user=user,
            wanted=wanted,
            definition=definition,
            definition_digest=digest,
            classical_micro=classical_max_micro(definition),
            price_book=book_digest,
            submit_key=submit_key,
            replay_of=replay_of,
        )
    except IntegrityError:  # the same form, sent twice at the same moment: the other one won
        return run_by_key(user, submit_key)


def submit_previewed(
    *,
    user: User,
    workflow_name: str,
    wanted: Wanted,
    submit_key: str,
    digest_shown: str,
    raise_cap: bool = False,
) -> Run:
    """Submits what was shown: raises Conflict where price or wish moved since, BadInput above the cap.

    `raise_cap` takes the cap that the preview suggested. The same key again answers the same run.
    """
    with one_reading(), rights_remembered(user):
        known_run = runs_for(user).filter(submit_key=submit_key).first()
        if known_run is not None:
            return known_run
        seen = preview(user=user, workflow_name=workflow_name, wanted=wanted)
        wanted = _within_cap(seen, wanted, digest_shown, raise_cap=raise_cap)
        return _submit(user, workflow_name, wanted, submit_key)


def _within_cap(seen: Preview, wanted: Wanted, digest_shown: str, *, raise_cap: bool) -> Wanted:
    """What was shown, with a cap that fits; raises as `submit_previewed` says."""
    if digest_shown and digest_shown != seen.digest:
        raise Conflict("This is not what was shown last. Check the price and send it again.")
    if seen.over_cap:
        if not raise_cap:
            raise BadInput(
                f"The QPU may cost ${seen.qpu_high_usd:.2f}, above your cap of "
                f"${from_micro(wanted.cost_max_micro):.2f}. Ask for less, or raise the cap.",
                field="cost_max",
            )
        return replace(wanted, cost_max_micro=to_micro(seen.cap_that_fits))
    return wanted


def key_of_call(user: User, key: str) -> str:
    """The run's own key for a caller's: theirs alone, whoever else may use the same."""
    return digest(f"call {user.pk} {key}".encode())


def replay(*, user: User, run_id: int, submit_key: str) -> Run:
    """A new, linked run of the same question, with its own approval and cost."""
    old = run_for(user, run_id)
    check_replayable(old)
    name = old.experiment.workflow
    wanted = wanted_again(old)
    if wanted.backend and not any(backend.name == wanted.backend for backend in known()):
        raise Refused(f"{wanted.backend} is not known here any more. Submit anew with another backend.")
    return submit(user=user, workflow_name=name, wanted=wanted, submit_key=submit_key, replay_of=old)
