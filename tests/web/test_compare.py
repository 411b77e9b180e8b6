"""Runs beside each other: what differed, whether it mattered, and when a comparison would mislead."""

from __future__ import annotations

import csv
import io

from django.utils.html import strip_tags

from tests.engine import fake
from tests.experiments.test_outcomes import other_data
from tests.web.test_decision import ask, use
from tests.web.test_evidence import get
from tests.web.words import within_forty
from tests.world import World, submit


def two(world: World, **changed: object) -> tuple[int, int]:
    fake.ANSWER["quantum"] = 90.0
    first = use(world, ask(world))
    fake.ANSWER["quantum"] = 81.0
    return first.pk, use(world, ask(world, **changed)).pk


def test_what_differs_stands_out_and_the_rest_is_folded(world: World) -> None:
    first, second = two(world, parameters={"shots": 200}, seed=0)
    shown = get(world.ines, f"/compare/?r={first}&r=R-{second}")
    told = shown.context
    assert [name for name, _ in told["shown"]] == ["Seed", "shots"]
    assert [dict(row.inputs) for row in told["rows"]] == [
        {"Seed": "7", "shots": "100"},
        {"Seed": "0", "shots": "200"},
    ]
    assert ("Finish by", "not set") in told["same"]
    assert [row.change for row in told["rows"]] == [None, -0.1]
    words = strip_tags(told["answer"])
    assert "on the same data" in words and "10.00" in words and "lower" in words
    within_forty(told["answer"])
    muted = get(world.ines, f"/compare/?r={first}&r={second}&mute=Seed&ref={second}").context
    assert [name for name, _ in muted["shown"]] == ["shots"]
    assert muted["reference"].run.pk == second


def test_other_data_is_not_compared(world: World) -> None:
    first, second = two(world, snapshot_id=other_data(world))
    shown = get(world.ines, f"/compare/?r={first}&r={second}")
    assert shown.context["alike"] is False
    assert "used other data" in strip_tags(shown.content.decode())
    assert {(row.change, row.gap) for row in shown.context["rows"]} == {(None, None)}
    assert shown.context["scatter"] is None


def test_a_run_that_goes_on_has_its_row(world: World) -> None:
    first = use(world, ask(world)).pk
    going = submit(world).pk
    shown = get(world.ines, f"/compare/?r={first}&r={going}")
    assert shown.status_code == 200
    assert "not ended" in shown.content.decode()


def test_one_run_or_none_is_a_choice(world: World) -> None:
    pk = use(world, ask(world)).pk
    html = get(world.ines, f"/compare/?r={pk}").content.decode()
    assert "Pick two or more runs" in html
    assert f'value="{pk}" checked' in html


def test_what_is_no_run_of_ours_or_too_many(world: World) -> None:
    pk = use(world, ask(world)).pk
    assert get(world.ines, f"/compare/?r={pk}&r=4711").status_code == 403
    assert get(world.zoe, f"/compare/?r={pk}&r={pk + 1}").status_code == 403
    assert get(world.ines, "/compare/?r=wave").status_code == 422
    many = "&".join(f"r={number}" for number in range(1, 52))
    assert get(world.ines, f"/compare/?{many}").status_code == 422


def test_the_csv_has_every_input_and_result(world: World) -> None:
    first, second = two(world, title="=cmd()")
    answer = get(world.ines, f"/compare/table.csv?r={first}&r={second}").content.decode()
    rows = list(csv.DictReader(io.StringIO(answer)))
    assert [row["run"] for row in rows] == [f"R-{first}", f"R-{second}"]
    assert [row["quantum"] for row in rows] == ["90.0", "81.0"]
    assert rows[1]["name"] == "'=cmd()"
    assert rows[0]["shots"] == "100"
