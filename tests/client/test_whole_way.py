"""From a sign-in to an accepted run over real HTTP, as two people; and what a lost answer does in between."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from hybridops.approvals.models import ApprovalRequest, Decision
from hybridops.client import Client, NoAnswer, NotSignedIn, Problem
from hybridops.client.store import Pair, Store
from hybridops.experiments.models import DataSnapshot, Run
from hybridops.teams.tokens import command_lines
from tests.api.calling import confirm
from tests.client.conftest import HASTE, Served, worker
from tests.presence import code_of

WISH: dict[str, Any] = {"seed": 7, "cost_max_usd": "50"}


def submitted(client: Client, served: Served, **more: Any) -> Any:
    data = served.world.snapshot.pk
    return client.submit(
        "fake", project=served.world.project.pk, snapshot=data, title="Wave 14", **WISH, **more
    )


@pytest.mark.slow
def test_submit_watch_approve_accepted(served: Served) -> None:
    ines, mikkel = served.as_("ines"), served.as_("mikkel")
    (project,) = ines.me().projects
    quote = ines.quote("fake", project=project.id, snapshot=served.world.snapshot.pk, **WISH)
    run = submitted(ines, served, quote=quote)
    assert run.state == "queued" and not run.ended
    states = []
    with worker():
        for seen in ines.watch(run):
            states.append(seen.state)
            if seen.state == "awaiting_approval" and "approved" not in states:
                (short,) = mikkel.approvals(state="pending")
                request = mikkel.approval(short)
                assert request.mine and request.envelope["run"] == run.id
                done = mikkel.approve(request, code=code_of(served.world.mikkel), reason="as planned")
                assert done.state in ("approved", "consumed")
    assert states[-1] == "accepted" and "awaiting_approval" in states
    ended = ines.run(run)
    assert ended.progress == 1 and ended.arms["quantum"] == 90 and ended.spent_usd is not None
    assert ended.answer.startswith("Accepted: 90 is no more than")
    assert zipfile.ZipFile(io.BytesIO(ines.bundle(ended))).namelist()
    assert [one.action for one in ines.events(run)][-1] == "run.moved"
    assert served.as_("farah").costs(by="workflow").total.accepted == 1
    assert [one.free_usd > 0 for one in served.as_("farah").budgets()] == [True]
    assert ines.replay(ended).replay_of == run.id


class Losing(httpx.HTTPTransport):
    """The server does it, and the answer is lost: the first `times` writes."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times, self.sent = times, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if request.method == "POST":
            self.sent += 1
            if self.sent <= self.times:
                answer.read()
                raise httpx.RemoteProtocolError("the relay fell over")
        return answer


@pytest.mark.slow
def test_a_lost_answer_never_makes_a_second_one(served: Served) -> None:
    lossy = Losing(3)
    ines = served.as_("ines", transport=lossy)
    run = submitted(ines, served)
    assert lossy.sent == 4 and [run.id] == list(Run.objects.values_list("pk", flat=True))
    lossy.sent, before = 0, DataSnapshot.objects.count()
    ines.upload(b"a,b\n1,2\n", project=served.world.project.pk, workflow="fake", filename="wave15.csv")
    assert DataSnapshot.objects.count() == before + 1
    lossy.sent = 0
    ines.cancel(run)
    lossy.sent = 0
    replayed = ines.replay(run)
    assert Run.objects.count() == 2 and replayed.replay_of == run.id
    assert submitted(ines, served, key="tuesday").id == submitted(ines, served, key="tuesday").id


@pytest.mark.slow
def test_a_lost_vote_is_told_and_not_repeated(served: Served) -> None:
    from hybridops.engine.inline import drive

    drive(submitted(served.as_("ines"), served).id)
    lossy = Losing(1)
    mikkel = served.as_("mikkel", transport=lossy)
    request = mikkel.approval(ApprovalRequest.objects.get().pk)
    with pytest.raises(NoAnswer) as said:
        mikkel.approve(request, code=code_of(served.world.mikkel))
    assert said.value.maybe_done and lossy.sent == 1 and Decision.objects.count() == 1
    assert mikkel.approval(request).state == "approved"


@pytest.mark.slow
def test_a_no_has_its_code_its_words_and_its_field(served: Served) -> None:
    ines = served.as_("ines")
    with pytest.raises(Problem) as said:
        submitted(ines, served, quote="0" * 64)
    assert (said.value.status, said.value.code) == (409, "conflict") and said.value.detail
    with pytest.raises(Problem) as said:
        ines.quote("fake", project=served.world.project.pk, snapshot=999, **WISH)
    assert (said.value.code, said.value.field) == ("bad_input", "snapshot")
    with pytest.raises(Problem) as said:
        ines.quote("fake", project=-1, snapshot=1)
    assert said.value.code == "invalid" and said.value.errors[0]["at"].endswith("project")
    with pytest.raises(Problem) as said:
        ines.run(999)
    assert said.value.code == "not_found"
    with pytest.raises(NotSignedIn):
        served.with_token("x" * 40).me()


@pytest.mark.slow
def test_a_person_signs_in_once_and_is_renewed(served: Served, own_config: Path) -> None:
    shown: list[str] = []

    def show(address: str, code: str) -> None:
        shown.append(address)
        assert "Confirmed" in confirm(served.world.ines, code).content.decode()

    client = Client.login(served.url, show=show, patience=HASTE, sleep=lambda _: None)
    assert shown == [f"{served.url}/account/device/"] and client.me().name == "ines"
    assert Client.login(served.url, show=show).me().name == "ines" and len(shown) == 1
    store = Store()
    assert stat.S_IMODE(store.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(own_config.stat().st_mode) == 0o700
    first = store.pair(served.url)
    assert first is not None
    store.keep(served.url, Pair("spoiled", first.refresh, first.ends_at))  # as if it had been ended there
    assert client.me().name == "ines"
    second = store.pair(served.url)
    assert second is not None and second.refresh != first.refresh
    store.keep(
        served.url, Pair(second.access, second.refresh, 0.0)
    )  # past its end: renewed before it is used
    assert client.me().name == "ines"
    assert store.pair(served.url) != second and command_lines(served.world.ines) == 1
    from hybridops.client import sign_in

    assert sign_in.end(client.wire, store) and command_lines(served.world.ines) == 0
    with pytest.raises(NotSignedIn):
        client.me()


@pytest.mark.slow
def test_who_denies_or_is_ended_is_signed_in_no_more(served: Served, own_config: Path) -> None:
    from hybridops.teams.tokens import end_command_lines

    def login(action: str) -> Client:
        def show(address: str, code: str) -> None:
            confirm(served.world.ines, code, action)

        return Client.login(served.url, show=show, patience=HASTE, sleep=lambda _: None)

    with pytest.raises(NotSignedIn, match="denied"):
        login("deny")
    client = login("confirm")
    assert end_command_lines(user=served.world.ines) == 1
    with pytest.raises(NotSignedIn, match="Sign in again"):
        client.me()
    assert Store().pair(served.url) is None


@pytest.mark.slow
def test_a_service_gets_its_own_tokens(served: Served) -> None:
    from hybridops.domain.actors import SYSTEM
    from hybridops.teams import machines

    _, made = machines.add_service(
        username="robot", name="Robot", kind="service", sponsor=served.world.mikkel, team=served.world.team, actor=SYSTEM
    )  # fmt: skip
    scopes = "runs:read runs:submit"
    robot = Client.service(served.url, made.client_id, made.secret, scopes=scopes, patience=HASTE)
    assert (robot.me().kind, submitted(robot, served).requested_by) == ("service", "Robot")
    titles = [submitted(robot, served, key=str(n)).id for n in range(3)]
    assert [one.id for one in robot.runs(workflow="fake")][:3] == titles[::-1]
    with pytest.raises(NotSignedIn):
        Client.service(served.url, made.client_id, "wrong", patience=HASTE).me()
