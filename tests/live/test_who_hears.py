"""The matrix of the sockets: each kind of group × every role × own team, other team, no team."""

from __future__ import annotations

from asgiref.sync import sync_to_async

from hybridops.domain.actors import SYSTEM
from hybridops.experiments.models import Run
from hybridops.teams.models import Team, User
from hybridops.teams.permissions import ROLE_PERMISSIONS, Permission, Role
from hybridops.teams.services import join
from hybridops.web.live.hub import Hub
from tests.live.conftest import Open
from tests.world import World


def _people(world: World) -> dict[tuple[str, str], User]:
    made = {("no team", ""): User.objects.create(username="nobody")}
    for team in (world.team, Team.objects.get(slug="other")):
        for role in Role:
            user = made[team.slug, role.value] = User.objects.create(username=f"{team.slug} {role.value}")
            join(user=user, team=team, role=role, actor=SYSTEM)
    return made


async def test_nobody_hears_of_what_they_may_not_see(world: World, run: Run, opened: Open, live: Hub) -> None:
    """Of oneself and of the spending stop everybody hears, of the queues who sees runs; these say nothing about anybody's work."""
    other = await Team.objects.aget(slug="other")
    for (place, role), user in (await sync_to_async(_people)(world)).items():
        socket = await opened(user)
        told = await socket.watch(
            ["run", run.pk, 0], ["run", run.pk + 1, 0], ["inbox", 0, 0], ["queues", 0, 0]
        )
        sees = bool(role) and Permission.SEE_RUNS in ROLE_PERMISSIONS[Role(role)]
        own = (
            {f"run:{run.pk}", f"inbox:{world.team.pk}"} if place == world.team.slug else {f"inbox:{other.pk}"}
        )
        own.add("queues:0")
        assert set(live.watchers) == {"spending", f"person:{user.pk}"} | (own if sees else set()), (
            place,
            role,
        )
        assert [message["object"] for message in told] == (
            [f"run:{run.pk}"] if place == world.team.slug and sees else []
        )
        await socket.disconnect()
