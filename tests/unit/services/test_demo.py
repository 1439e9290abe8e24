"""The road as a use case: the order of its stages, what it passes on, and how it ends early.

The services are stand-ins here that end at once; the real ones walk it in ``tests/e2e`` and ``tests/contract``.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.errors import Refused, Stopped
from app.domain.export import ExportRequest
from app.jobs.outcome import Outcome
from app.services.demo import STAGES, Road, RoadPlan, recipe_for

RESULTS: dict[str, dict[str, Any]] = {
    "import": {"imported": 4},
    "train": {"run": "run-1"},
    "generate": {"samples": "samples-1"},
    "audit": {"audit": "audit-1", "report": "report.html", "verdicts": []},
    "export": {"out": "out", "files": 3, "per_class": {"a": 1}},
}


class EndedJob:
    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self.stopped = False

    def wait(self, timeout_s: float | None = None) -> Outcome:
        return self._outcome

    def stop(self) -> None:
        self.stopped = True


class Rooms:
    """Every service of the road; remembers what it was asked."""

    def __init__(self, **outcomes: Outcome) -> None:
        self.asked: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        self._outcomes = outcomes
        start = self._starter
        self.intake = SimpleNamespace(start=start("import"), start_sample_project=start("import"))
        self.cohorts = SimpleNamespace(make=self._make, load=lambda name: SimpleNamespace(name=name))
        self.training, self.generation, self.audits, self.exports = (
            SimpleNamespace(start=start(stage)) for stage in STAGES[2:]
        )

    def _make(self, name: str, *arguments: Any, **options: Any) -> SimpleNamespace:
        self.asked["cohort"] = (arguments, options)
        return SimpleNamespace(name=name)

    def _starter(self, stage: str) -> Any:
        def start(*arguments: Any, on_message: Any = None, **options: Any) -> EndedJob:
            self.asked[stage] = (arguments, options)
            return EndedJob(self._outcomes.get(stage, Outcome("done", RESULTS[stage])))

        return start


def road(rooms: Rooms, stages: list[str] | None = None, **plan: Any) -> Road:
    return Road(rooms, RoadPlan(Path("/out"), **plan), on_stage=(stages if stages is not None else []).append)


def test_all_stages_in_order_each_with_the_result_of_the_one_before() -> None:
    rooms, stages = Rooms(), list[str]()
    result = road(rooms, stages, per_class=5).run()
    assert tuple(stages) == STAGES
    assert rooms.asked["generate"] == (("run-1",), {"per_class": 5, "seed": 0})
    assert rooms.asked["audit"][0] == ("samples-1",)
    request = rooms.asked["export"][0][0]
    assert isinstance(request, ExportRequest)
    assert (request.out, request.samples, request.cohort) == ("/out", "samples-1", "demo")
    assert (result.run, result.samples, result.audit, result.files) == ("run-1", "samples-1", "audit-1", 3)


def test_a_folder_is_imported_instead_of_the_sample_project() -> None:
    rooms = Rooms()
    road(rooms, source=Path("/images")).run()
    assert rooms.asked["import"][0] == ([Path("/images")],)


def test_a_cohort_that_is_there_skips_import() -> None:
    rooms, stages = Rooms(), list[str]()
    road(rooms, stages, cohort="mine").run()
    assert tuple(stages) == STAGES[2:]
    assert rooms.asked["export"][0][0].cohort == "mine"


def test_steps_replace_the_time() -> None:
    rooms = Rooms()
    road(rooms, steps=20).run()
    assert (rooms.asked["train"][1]["budget_s"], rooms.asked["train"][1]["steps"]) == (None, 20)


def test_a_stage_that_is_refused_ends_the_road_with_its_reason() -> None:
    rooms = Rooms(audit=Outcome("refused", code="no-pixels"))
    with pytest.raises(Refused) as refused:
        road(rooms).run()
    assert refused.value.code == "no-pixels"
    assert "export" not in rooms.asked


def test_stop_between_stages_begins_no_further_one() -> None:
    rooms = Rooms()

    def stop_after_training(stage: str) -> None:
        if stage == "generate":
            walk.stop()

    walk = Road(rooms, RoadPlan(Path("/out")), on_stage=stop_after_training)
    with pytest.raises(Stopped):
        walk.run()
    assert "train" in rooms.asked
    assert "generate" not in rooms.asked


def test_short_budgets_learn_small_pictures() -> None:
    assert recipe_for(120.0).size < recipe_for(7200.0).size
    assert recipe_for(120.0, 96).size == 96
