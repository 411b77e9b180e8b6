"""The stage's own door: add a fault, move the time, see the jobs. For rehearsals from another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hybridops.domain.errors import BadInput
from hybridops.providers.fakecloud.cloud import Cloud
from hybridops.providers.fakecloud.faults import Fault


def routes(cloud: Cloud) -> list[Route]:
    async def fault(request: Request) -> Response:
        try:
            cloud.script.add(_fault(await request.json()))
        except (BadInput, TypeError, ValueError) as problem:
            return JSONResponse({"problem": str(problem)}, 400)
        return JSONResponse({}, 201)

    async def advance(request: Request) -> Response:
        try:
            cloud.clock.advance(float((await request.json())["seconds"]))
        except (KeyError, TypeError, ValueError) as problem:
            return JSONResponse({"problem": str(problem)}, 400)
        return JSONResponse({"now": cloud.clock.now()})

    def jobs(request: Request) -> Response:
        found = cloud.jobs.all(request.path_params["vendor"])
        now = cloud.clock.now()
        return JSONResponse(
            [{"id": job.job_id, "phase": job.phase(now), "fault": job.fault} for job in found]
        )

    return [
        Route("/control/faults", fault, methods=["POST"]),
        Route("/control/advance", advance, methods=["POST"]),
        Route("/control/jobs/{vendor}", jobs),
    ]


def _fault(told: Mapping[str, Any]) -> Fault:
    """A fault from JSON; raises BadInput for a field it does not have."""
    known = {field.name for field in fields(Fault)}
    if unknown := set(told) - known:
        raise BadInput(f"A fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}.")
    return Fault(**told)
