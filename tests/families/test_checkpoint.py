"""Checkpoints: whole, checked, pruned; and training's guards, through the public doors."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models.api import FamilyConfig
from models.config import TrainingPlan, choose_family, preset, training_plan
from models.data.prepared import PreparedImages
from models.sampling.generate import generate
from models.training import checkpoint
from models.training.checkpoint import Checkpoint, CheckpointError
from models.training.ema import WeightAverages
from models.training.events import CheckpointSaved, Ended, Event, PreviewDue, StepDone, Validated
from models.training.loop import DivergedError, train
from models.training.schedule import learning_rate
from tests.helpers.prepared_factory import write_prepared
from tests.helpers.tiny_families import tiny

VAE = FamilyConfig("vae", 16, 1, ("dark", "light"), {"channels": [8, 8], "width": 4, "components": 2})


def plan(family: FamilyConfig = VAE, **settings: Any) -> TrainingPlan:
    chosen = {"batch": 4, "precision": "fp32", "warm_up": 2, "preview_per_class": 2, "preview_steps": 1}
    return training_plan(family, images=12, **{**chosen, **settings})


@pytest.fixture
def data(tmp_path: Path) -> PreparedImages:
    return write_prepared(tmp_path / "prepared", train=12, val=4, test=4)


def described(step: int, loss: float | None = None, **told: Any) -> Checkpoint:
    return Checkpoint(plan(steps=5).to_json(), step, step * 4, 1.0, "fp32", 0.05, loss, **told)


def last(events: Iterator[Event]) -> Ended:
    ended = list(events)[-1]
    assert isinstance(ended, Ended)
    return ended


class Clock:
    """Advances by one second whenever it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_the_last_two_and_the_best_stay(tmp_path: Path) -> None:
    for step, loss in ((1, 0.5), (2, 0.1), (3, 0.4), (4, 0.3), (5, 0.2)):
        checkpoint.write(tmp_path, described(step, loss), {"network/a": torch.ones(3)})
    assert sorted(path.name for path in tmp_path.glob("*.json")) == [f"step-00000{step}.json" for step in (2, 4, 5)]
    assert len(list(tmp_path.iterdir())) == 6
    assert checkpoint.latest(tmp_path) == tmp_path / "step-000005.json"
    assert checkpoint.best(tmp_path) == tmp_path / "step-000002.json"


def test_nothing_saved_is_none(tmp_path: Path) -> None:
    assert checkpoint.latest(tmp_path) is None
    assert checkpoint.best(tmp_path) is None


def test_without_a_held_out_loss_the_last_is_the_best(tmp_path: Path) -> None:
    for step in (1, 2):
        checkpoint.write(tmp_path, described(step), {"network/a": torch.ones(3)})
    assert checkpoint.best(tmp_path) == tmp_path / "step-000002.json"


def test_a_checkpoint_that_copies_is_not_drawn_from_while_there_is_another(tmp_path: Path) -> None:
    for step, loss, copies in ((1, 0.3, 0.0), (2, 0.1, 0.5)):
        checkpoint.write(tmp_path, described(step, loss, copy_rate=copies), {"network/a": torch.ones(3)})
    assert checkpoint.best(tmp_path) == tmp_path / "step-000001.json"
    checkpoint.write(tmp_path, described(3, 0.2, copy_rate=0.1), {"network/a": torch.ones(3)})
    assert checkpoint.best(tmp_path) == tmp_path / "step-000003.json"


def test_only_the_last_stage_is_drawn_from(tmp_path: Path) -> None:
    for step, loss, stage in ((1, 0.1, 0), (2, 0.5, 1)):
        checkpoint.write(tmp_path, described(step, loss, stage=stage), {"network/a": torch.ones(3)})
    assert checkpoint.best(tmp_path) == tmp_path / "step-000002.json"


def test_one_unreadable_description_is_in_nobodys_way(tmp_path: Path) -> None:
    for step in (1, 2):
        checkpoint.write(tmp_path, described(step, 1.0 / step), {"network/a": torch.ones(3)})
    write_nonsense(tmp_path / "step-000001.json")
    checkpoint.write(tmp_path, described(3, 0.4), {"network/a": torch.ones(3)})
    assert checkpoint.best(tmp_path) == tmp_path / "step-000003.json"


def test_what_a_killed_writing_left_is_swept_away(tmp_path: Path) -> None:
    for name in (".step-000001.safetensors.abc", "step-000002.safetensors"):
        (tmp_path / name).write_bytes(b"half")
    checkpoint.write(tmp_path, described(3), {"network/a": torch.ones(3)})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000003.json", "step-000003.safetensors"]


def test_a_writing_that_fails_leaves_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = checkpoint.write(tmp_path, described(1), {"network/a": torch.ones(3)})
    genuine = Path.replace

    def full(self: Path, target: Path) -> Path:
        if target.suffix == ".json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return genuine(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.write(tmp_path, described(2), {"network/a": torch.ones(3)})
    assert checkpoint.read(first).step == 1
    assert len(list(tmp_path.iterdir())) == 2


def test_a_run_that_goes_on_from_an_earlier_step_sets_the_later_ones_aside(
    tmp_path: Path, data: PreparedImages
) -> None:
    requests = iter(["checkpoint"])
    path = last(train(plan(steps=3), data, folder=tmp_path, asked=lambda: next(requests, None))).checkpoint
    first = path.with_name("step-000001.json")
    rest = last(train(plan(steps=2), data, folder=tmp_path, resume=first)).checkpoint
    assert checkpoint.latest(tmp_path) == rest == path.with_name("step-000002.json")
    assert path.with_name(f"{path.name}.aside").exists()


@pytest.mark.parametrize(
    ("field", "value"), [("step", "1"), ("plan", []), ("average", None), ("watch", 3), ("held_out_loss", "low")]
)
def test_a_description_of_other_kinds_is_refused(tmp_path: Path, field: str, value: object) -> None:
    path = checkpoint.write(tmp_path, described(1), {"network/a": torch.ones(3)})
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(CheckpointError, match=field):
        checkpoint.read(path)


def test_tensors_of_other_shapes_are_refused(tmp_path: Path, data: PreparedImages) -> None:
    path = last(train(plan(steps=2), data, folder=tmp_path)).checkpoint
    tensors = checkpoint.tensors(path, "")
    for name in (next(n for n in tensors if n.startswith("optimiser/") and tensors[n].dim()), "random/training"):
        stored = checkpoint.read(path)
        checkpoint.write(tmp_path, stored, {**tensors, name: torch.zeros(2, 2, 7)})
        with pytest.raises(CheckpointError, match="does not fit"):
            list(train(plan(steps=4), data, folder=tmp_path, resume=path))


def damage_weights(path: Path) -> None:
    weights = path.with_suffix(".safetensors")
    payload = bytearray(weights.read_bytes())
    payload[-1] ^= 1
    weights.write_bytes(payload)


def lose_weights(path: Path) -> None:
    path.with_suffix(".safetensors").unlink()


def write_nonsense(path: Path) -> None:
    path.write_bytes(b"\x80\x04not json")


def write_a_list(path: Path) -> None:
    path.write_text("[1, 2]")


def write_another_schema(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 99}))


@pytest.mark.parametrize("spoil", [damage_weights, lose_weights, write_nonsense, write_a_list, write_another_schema])
def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path: Path, data: PreparedImages, spoil: Any) -> None:
    path = last(train(plan(steps=2), data, folder=tmp_path / "run")).checkpoint
    spoil(path)
    with pytest.raises(ValueError, match=path.name):
        list(generate(path, [0], [1]))
    with pytest.raises(ValueError, match=path.name):
        list(train(plan(steps=4), data, folder=tmp_path / "run", resume=path))


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path, data: PreparedImages) -> None:
    path = last(train(plan(steps=2), data, folder=tmp_path / "run")).checkpoint
    with pytest.raises(ValueError, match="another run"):
        list(train(plan(steps=4, seed=1), data, folder=tmp_path / "run", resume=path))


def test_generate_refuses_labels_without_a_class(tmp_path: Path, data: PreparedImages) -> None:
    path = last(train(plan(steps=2), data, folder=tmp_path / "run")).checkpoint
    with pytest.raises(ValueError, match="below 2"):
        list(generate(path, [2], [1]))
    with pytest.raises(ValueError, match="1 labels for 2 seeds"):
        list(generate(path, [0], [1, 2]))
    told: list[tuple[int, int]] = []
    list(generate(path, [0, 1, 0], [1, 2, 3], batch=2, on_step=lambda done, total: told.append((done, total))))
    assert told == [(1, 2), (2, 2)]


def test_a_time_budget_adds_up_over_resumes(tmp_path: Path, data: PreparedImages) -> None:
    requests = iter([None] * 3 + ["stop"])
    first = list(train(plan(budget_s=200.0), data, folder=tmp_path, asked=lambda: next(requests, None), clock=Clock()))
    ended = first[-1]
    assert isinstance(ended, Ended)
    assert ended.reason == "stopped"
    used = checkpoint.read(ended.checkpoint).seconds
    assert 4 < used < 200
    rest = list(train(plan(budget_s=200.0), data, folder=tmp_path, resume=ended.checkpoint, clock=Clock()))
    steps = [event for event in rest if isinstance(event, StepDone)]
    assert steps[0].seconds > used
    assert steps[0].fraction > used / 200
    assert isinstance(rest[-1], Ended)
    assert rest[-1].reason == "budget"
    assert 200 <= checkpoint.read(rest[-1].checkpoint).seconds < 230


def test_a_handful_of_images_ends_at_the_step_cap(tmp_path: Path, data: PreparedImages) -> None:
    ended = last(train(plan(steps=50, step_cap=5), data, folder=tmp_path))
    assert (ended.reason, ended.step) == ("step_cap", 5)


def test_previews_are_due_at_growing_distances_on_fixed_seeds(tmp_path: Path, data: PreparedImages) -> None:
    chosen = plan(tiny("flow"), steps=40, preview_from=0.1, preview_growth=2.0)
    events = list(train(chosen, data, folder=tmp_path))
    seen = [event for event in events if isinstance(event, PreviewDue)]
    assert [event.step for event in seen] == [4, 8, 16, 32, 40]
    assert seen[0].images.shape == (4, 1, 16, 16)
    assert seen[0].labels.tolist() == [0, 0, 1, 1]
    assert all(event.copy_rate is not None and 0 <= event.copy_rate <= 1 for event in seen)
    assert [event.step for event in events if isinstance(event, Validated)] == [4, 8, 16, 32, 40]


def test_a_family_that_learns_to_encode_shows_held_out_images_first(tmp_path: Path, data: PreparedImages) -> None:
    staged = replace(VAE, options={**VAE.options, "critic": 0.1, "critic_width": 8})
    events = list(train(plan(staged, steps=40, preview_from=0.1, preview_growth=2.0), data, folder=tmp_path))
    seen = [event for event in events if isinstance(event, PreviewDue)]
    assert [event.copy_rate is None for event in seen] == [True, True, True, False, False]


def test_a_preview_does_not_change_the_run(tmp_path: Path, data: PreparedImages) -> None:
    def losses(folder: str, **settings: Any) -> list[Any]:
        events = train(plan(steps=8, **settings), data, folder=tmp_path / folder)
        return [event.loss for event in events if isinstance(event, StepDone)]

    assert losses("often", preview_from=0.1, preview_growth=1.1, validate_every=1) == losses("never", preview_from=0.99)


def test_checkpoints_come_by_the_clock(tmp_path: Path, data: PreparedImages) -> None:
    events = list(train(plan(steps=6, checkpoint_every_s=1.0), data, folder=tmp_path, clock=Clock()))
    assert [event.step for event in events if isinstance(event, CheckpointSaved)] == [1, 2, 3, 4, 5, 6, 6]


def test_a_stop_saves_before_it_looks(tmp_path: Path, data: PreparedImages) -> None:
    """Whoever stops waits; looking may take longer than the program waits before it ends the worker."""
    requests = iter([None, "stop"])
    events = list(train(plan(steps=9, preview_from=0.9), data, folder=tmp_path, asked=lambda: next(requests, None)))
    kinds = [type(event) for event in events[3:]]
    assert kinds[0] is CheckpointSaved
    assert kinds[-2:] == [CheckpointSaved, Ended]
    assert PreviewDue in kinds


def test_a_diverged_loss_names_its_step_and_leaves_the_last_checkpoint(tmp_path: Path, data: PreparedImages) -> None:
    requests = iter(["checkpoint"])
    steep = plan(steps=400, learning_rate=1e18, warm_up=0, clip=1e30)
    with pytest.raises(DivergedError, match="not a finite number at step") as caught:
        list(train(steep, data, folder=tmp_path, asked=lambda: next(requests, None)))
    assert caught.value.step >= 2
    kept = checkpoint.latest(tmp_path)
    assert kept is not None
    assert checkpoint.read(kept).step == 1


def test_training_without_held_out_images_works(tmp_path: Path) -> None:
    lone = write_prepared(tmp_path / "p", train=3, patients=1)
    events = list(train(plan(steps=3), lone, folder=tmp_path / "run"))
    assert not [event for event in events if isinstance(event, Validated)]
    assert [event.copy_rate is not None for event in events if isinstance(event, PreviewDue)][-1]
    with pytest.raises(ValueError, match="no training images"):
        list(train(plan(steps=3), write_prepared(tmp_path / "q", train=0, test=3), folder=tmp_path / "run2"))


def test_the_learning_rate_rises_holds_and_falls_to_nothing() -> None:
    chosen = plan(steps=100, learning_rate=1.0, warm_up=10, decay_from=0.5)
    rates = [learning_rate(chosen, step, step / 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[10] == rates[50] == 1.0
    assert rates[75] == pytest.approx(0.5)
    assert rates[100] == 0.0


def test_a_stage_of_few_steps_does_not_spend_itself_on_warming_up() -> None:
    chosen = plan(steps=100, learning_rate=1.0, warm_up=1000, decay_from=0.5)
    rates = [learning_rate(chosen, step, step / 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.001)
    assert rates[5] == pytest.approx(0.5)
    assert rates[10] == 1.0


def test_plans_survive_json_and_refuse_nonsense() -> None:
    chosen = plan(budget_s=60.0)
    assert TrainingPlan.from_json(json.loads(json.dumps(chosen.to_json()))) == chosen
    with pytest.raises(ValueError, match="not a training plan"):
        TrainingPlan.from_json({"family": {}})
    with pytest.raises(ValueError, match="either a time budget or a step budget"):
        plan()
    with pytest.raises(ValueError, match="either a time budget or a step budget"):
        plan(steps=1, budget_s=1.0)
    with pytest.raises(ValueError, match="above zero"):
        plan(steps=-1)


def test_presets_refuse_what_they_cannot_build() -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        preset("vae", size=33, channels=1, classes=("a",), images=5)
    with pytest.raises(ValueError, match="no preset"):
        preset("nothing", size=32, channels=1, classes=("a",), images=5)


def test_more_images_earn_more_steps() -> None:
    few, many = (training_plan(VAE, images=count, steps=1).step_cap or 0 for count in (5, 5000))
    assert 0 < few < many


def test_auto_takes_the_vae_only_when_time_is_very_short() -> None:
    assert choose_family(images=100, size=32, budget_s=300, device="cpu")[0] == "diffusion"
    assert choose_family(images=100, size=32, budget_s=300, device="cpu")[1].endswith(".")
    assert choose_family(images=100, size=128, budget_s=30, device="cpu")[0] == "vae"


def test_averages_follow_the_weights_and_give_the_network_back() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(network.weight)
    averages = WeightAverages(network, (0.1, 0.5))
    for step in range(1, 101):
        torch.nn.init.constant_(network.weight, float(step))
        averages.update(step)
    short, long = (float(averages.state(length)["weight"]) for length in (0.1, 0.5))
    assert 80 < short < 100
    assert 40 < long < short
    with averages.worn(0.5):
        assert float(network.weight.detach()) == long
    assert float(network.weight.detach()) == 100.0
    with pytest.raises(ValueError, match="shares of the training"):
        WeightAverages(network, (2.0,))
