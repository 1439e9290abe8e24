"""When a run has learnt enough: the signs of the turn, what becomes of the budget, and which checkpoint stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.api import FamilyConfig, Stage
from models.config import TrainingPlan, training_plan
from models.data.feeding import Feed
from models.data.prepared import PreparedImages
from models.evaluate.neighbours import CopyCheck
from models.families.gan import CRITICISE, GENERATE, Gan
from models.training import checkpoint, turn
from models.training.ema import EVERY_STEP_UNTIL, WeightAverages, mixture
from models.training.events import Ended, Event, Notice, StepDone, Validated
from models.training.loop import train
from models.training.schedule import Budget
from models.training.state import RunState
from models.training.turn import COPYING, Watch
from tests.helpers.prepared_factory import write_prepared
from tests.helpers.tiny_families import tiny

RISING = [1.0, 0.7, 0.5, 0.4, *(0.41 + 0.02 * number for number in range(8))]
FALLING = [1.0 / number for number in range(1, 13)]


def watched(losses: Sequence[float], copies: Sequence[float] = (), every: int = 200) -> Watch:
    def looks(values: Sequence[float]) -> list[tuple[int, float]]:
        return [(every * number, value) for number, value in enumerate(values, start=1)]

    return Watch(looks(losses), looks(copies))


def test_a_held_out_loss_that_rises_for_long_enough_is_a_turn() -> None:
    assert watched(RISING).turned(2400, 0.5) == "held-out"
    assert watched(RISING).best == 800


@pytest.mark.parametrize(
    ("losses", "step", "patience"),
    [
        (FALLING, 2400, 0.5),
        (RISING[:7], 1400, 0.5),  # it has risen for 600 of 1,400 steps
        (RISING, 2400, 0.8),
        (RISING, 2400, None),
        (RISING, turn.LEAST_STEPS - 1, 0.1),
        ([1.0, 0.5, 0.4, 0.41, 0.39, 0.41, 0.4, 0.42, 0.4, 0.41, 0.4, 0.41], 2400, 0.5),  # it only wavers
        ([], 2400, 0.5),
    ],
)
def test_what_is_no_turn(losses: list[float], step: int, patience: float | None) -> None:
    assert watched(losses).turned(step, patience) is None


def test_copies_that_persist_are_a_turn_unless_the_held_out_loss_still_falls() -> None:
    copying = [0.0] * 8 + [COPYING] * 4
    assert watched([], copying).turned(2400, 0.5) == "copies"
    assert watched([], [*copying[:-1], 0.0]).turned(2400, 0.5) is None
    assert watched([], [0.0] * 11 + [COPYING]).turned(2400, 0.5) is None, "one preview is no evidence"
    assert watched(FALLING, copying).turned(2400, 0.5) is None


def test_what_was_seen_survives_json() -> None:
    seen = watched(RISING, [0.0, 0.5])
    assert Watch.from_json(seen.to_json()) == seen
    assert Watch.from_json({"losses": "nonsense", "copies": [[1]]}) == Watch()


def budget(**settings: Any) -> Budget:
    return Budget(plan(**settings), lambda: 0.0)


def plan(family: str = "flow", **settings: Any) -> TrainingPlan:
    chosen = {"batch": 4, "precision": "fp32", "warm_up": 2, "preview_per_class": 1, "preview_from": 0.9}
    return training_plan(tiny(family), images=12, **{**chosen, **settings})


def staged_plan(**settings: Any) -> TrainingPlan:
    """Of a family with a second stage."""
    settings = {"batch": 4, "precision": "fp32", "warm_up": 2, "preview_per_class": 1, "preview_from": 0.9, **settings}
    return training_plan(tiny("vae", critic=0.1, critic_width=8), images=12, **settings)


def test_a_turn_shortens_what_follows_alike() -> None:
    one = budget(steps=100)
    one.turn(40, 0.8)
    assert [round(one.fraction(step), 3) for step in (40, 45, 50)] == [0.8, 0.9, 1.0]
    assert one.over(49) is None
    assert one.over(50) == "turned"


@pytest.fixture
def data(tmp_path: Path) -> PreparedImages:
    return write_prepared(tmp_path / "prepared", train=12, val=8, test=4)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "LEAST_STEPS", 10)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], float]], None]:
    """Makes up the held-out loss of every step."""

    def tell(loss: Callable[[int], float]) -> None:
        monkeypatch.setattr(RunState, "held_out_loss", lambda self, batch, **_: loss(self.step))

    return tell


def asking(requests: dict[int, str]) -> Callable[[], Any]:
    step = iter(range(1, 1000))
    return lambda: requests.get(next(step))


def last(events: list[Event]) -> Ended:
    ended = events[-1]
    assert isinstance(ended, Ended)
    return ended


def rising_after(low: int) -> Callable[[int], float]:
    return lambda step: 1.0 / step if step <= low else 1.0 / low + 0.05 * (step - low)


def test_a_run_ends_at_its_turn_and_its_best_checkpoint_is_named(
    data: PreparedImages, tmp_path: Path, soon: None, told: Any
) -> None:
    told(rising_after(8))
    chosen = plan(steps=100, validate_every=1)
    events = list(train(chosen, data, folder=tmp_path / "run", asked=asking({8: "checkpoint", 14: "checkpoint"})))
    ended = last(events)
    assert (ended.reason, ended.step) == ("turned", 16)
    assert ended.best.name == "step-000008.json"
    assert checkpoint.best(tmp_path / "run") == ended.best
    facts = [dict(event.facts) for event in events if isinstance(event, Notice) and event.code == "turned"]
    assert [(fact["step"], fact["best"]) for fact in facts] == [(16, 8)]


def test_more_steps_go_on_after_a_turn(data: PreparedImages, tmp_path: Path, soon: None, told: Any) -> None:
    told(rising_after(8))
    ended = last(list(train(plan(steps=100, validate_every=1), data, folder=tmp_path / "run")))
    again = plan(steps=ended.step + 3, validate_every=1, patience=None)
    rest = last(list(train(again, data, folder=tmp_path / "run", resume=ended.checkpoint)))
    assert (rest.reason, rest.step) == ("steps", ended.step + 3)


def test_a_first_stage_that_turns_hands_its_best_weights_to_the_next(
    data: PreparedImages, tmp_path: Path, soon: None, told: Any
) -> None:
    told(rising_after(8))
    chosen = staged_plan(steps=100, validate_every=1)
    events = list(train(chosen, data, folder=tmp_path / "run", asked=asking({8: "checkpoint"})))
    codes = [(event.code, event.facts.get("step")) for event in events if isinstance(event, Notice)]
    assert codes == [("started", 0), ("turned", 16), ("stage", None)]
    steps = [event for event in events if isinstance(event, StepDone)]
    assert last(events).reason == "turned"
    assert 25 <= steps[-1].step <= 28, "the second stage is as much shorter as the first was"
    assert steps[-1].fraction == pytest.approx(1.0, abs=0.05)


def test_the_next_stage_begins_from_the_best_checkpoint(
    data: PreparedImages, tmp_path: Path, soon: None, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[dict[str, torch.Tensor]] = []
    genuine = RunState.enter

    def enter(self: RunState, number: int) -> None:
        begun.append({name: value.clone() for name, value in self.averages.state(self.average).items()})
        genuine(self, number)

    monkeypatch.setattr(RunState, "enter", enter)
    told(rising_after(8))
    kept: list[dict[str, torch.Tensor]] = []
    chosen = staged_plan(steps=100, validate_every=1)
    for event in train(chosen, data, folder=tmp_path / "run", asked=asking({8: "checkpoint"})):
        if isinstance(event, Notice) and event.code == "turned":
            kept.append(checkpoint.tensors(tmp_path / "run" / "step-000008.json", f"average/{chosen.average}/"))
    assert begun[0].keys() == kept[0].keys()
    assert all(torch.equal(begun[0][name], kept[0][name]) for name in kept[0])


def test_copies_end_a_run_without_held_out_images(tmp_path: Path, soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    lone = write_prepared(tmp_path / "lone", train=12)
    monkeypatch.setattr(CopyCheck, "suspects", lambda _, found: np.ones(len(found.index), dtype=bool))
    chosen = plan(steps=200, preview_from=0.05, preview_growth=1.2)
    events = list(train(chosen, lone, folder=tmp_path / "run", asked=asking({5: "checkpoint"})))
    assert last(events).reason == "turned"
    assert last(events).step < 30
    assert last(events).best.name == "step-000005.json", "what was saved before anything was copied"
    assert [event.code for event in events if isinstance(event, Notice)] == ["started", "turned-copies"]


def test_a_stage_that_is_not_watched_never_turns(
    data: PreparedImages, tmp_path: Path, soon: None, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(rising_after(2))
    monkeypatch.setattr(CopyCheck, "suspects", lambda _, found: np.ones(len(found.index), dtype=bool))
    genuine = Gan.__init__

    def rivals_alone(family: Gan, config: FamilyConfig) -> None:
        genuine(family, config)
        family.stages = (Stage("compete", (CRITICISE, GENERATE), watched=False),)

    monkeypatch.setattr(Gan, "__init__", rivals_alone)
    chosen = plan("gan", steps=16, validate_every=1, preview_from=0.1, preview_growth=1.2)
    events = list(train(chosen, data, folder=tmp_path / "run"))
    assert last(events).reason == "steps"
    assert not [event for event in events if isinstance(event, Validated)]
    assert checkpoint.read(last(events).checkpoint).average == chosen.average


@pytest.mark.parametrize("wanted", [0.025, 0.04, 0.08, 0.2, 0.3])
def test_any_length_in_between_is_a_mixture_of_those_followed(wanted: float) -> None:
    """Weights that grow evenly, wave and jump: the mixture is what following that length gives."""
    followed = (0.02, 0.05, 0.12, 0.3)
    network = torch.nn.Linear(3, 1, bias=False)
    torch.nn.init.zeros_(network.weight)
    several, one = WeightAverages(network, followed), WeightAverages(network, (wanted,))
    for step in range(1, 2001):
        share = step / 2000
        with torch.no_grad():
            network.weight.copy_(torch.tensor([[share, np.sin(20 * share), float(share > 0.8)]]))
        several.update(step)
        one.update(step)
    mixed, followed_itself = several.state(wanted)["weight"], one.state(wanted)["weight"]
    assert torch.allclose(mixed, followed_itself, atol=0.03)
    assert sum(mixture(followed, wanted)) == pytest.approx(1.0)
    nearest = several.state(min(followed, key=lambda length: abs(length - wanted)))["weight"]
    if wanted not in followed:
        assert (mixed - followed_itself).abs().max() < (nearest - followed_itself).abs().max()


def test_an_average_has_the_profile_that_its_length_says() -> None:
    """A power of the time: mean time of the weights is 1 / (1 + length), as of Karras et al. (2024)."""
    network = torch.nn.Linear(1, 1, bias=False)
    averages = WeightAverages(network, (0.1,))
    steps = 40 * EVERY_STEP_UNTIL
    for step in range(1, steps + 1):
        torch.nn.init.constant_(network.weight, step / steps)
        averages.update(step)
    assert float(averages.state(0.1)["weight"]) == pytest.approx(1 / 1.1, abs=2e-3)


def test_the_length_between_is_chosen_at_the_end_and_drawn_with(data: PreparedImages, tmp_path: Path) -> None:
    chosen = plan(steps=30, learning_rate=3e-3)
    ended = last(list(train(chosen, data, folder=tmp_path / "run")))
    stored = checkpoint.read(ended.checkpoint)
    assert 0 < stored.average < 1
    weights = checkpoint.tensors(ended.checkpoint, f"average/{stored.average}/")
    assert weights
    between = WeightAverages(torch.nn.Linear(1, 1), chosen.averages).between(0.05)
    assert len(between) == 4
    assert all(0.02 < length < 0.12 for length in between)


def test_the_held_out_loss_does_not_know_the_step(data: PreparedImages) -> None:
    """A term that grows over the first steps would make the untrained model the best of all."""
    chosen = plan("vae", steps=10)
    state = RunState(chosen, Feed(data, "train"))
    held = Feed(data, "val").plain(8)
    early = state.held_out_loss(held)
    state.step = 500
    assert state.held_out_loss(held) == early
