"""The contract of ``models.api``, asked of every family in the registry."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models import registry
from models.api import DROPPED, Attribute, Batch, Condition, Family, Reconstructs, Staged, phases_of
from models.config import preset, training_plan
from models.data.prepared import PreparedImages
from models.sampling.generate import generate
from models.training.augment import PARAMETERS, Augmentation
from models.training.events import CheckpointSaved, Ended, StepDone
from models.training.loop import train
from tests.helpers.prepared_factory import four_pictures, write_prepared
from tests.helpers.tiny_families import ATTRIBUTES, OPTIONS, SIZE, tiny


def built(family: str, **options: Any) -> Family:
    torch.manual_seed(0)
    return registry.build(tiny(family, **options))


def batch_of_four() -> Batch:
    images, labels = four_pictures(SIZE)
    return Batch(torch.from_numpy(images), Condition(torch.from_numpy(labels)), torch.zeros(4, PARAMETERS))


def told_batch() -> Batch:
    """The four pictures in three channels: the class of all is known of none, the scanner and the age tell them."""
    plain = batch_of_four()
    scanner = plain.condition.labels.float() * 2
    age = plain.condition.labels.float()
    condition = Condition(torch.full((4,), DROPPED), torch.stack([scanner, age], dim=1))
    return Batch(plain.images.repeat(1, 3, 1, 1), condition, plain.augmentation)


def fitted(family: Family, steps: int, rate: float = 3e-3, batch: Batch | None = None) -> list[float]:
    random = torch.Generator().manual_seed(0)
    batch = batch or batch_of_four()
    betas = import_module(f"models.presets.{family.config.family}").TRAINING.get("betas", (0.9, 0.999))
    optimisers = {phase: torch.optim.Adam(family.parameters(phase), rate, betas) for phase in phases_of(family)}
    losses = []
    for number, stage in enumerate(family.stages):
        if number and isinstance(family, Staged):
            family.enter(stage.name, batch)
        for step in range(steps):
            for phase in stage.phases:
                terms = family.loss(batch, phase, step, random)
                family.network.zero_grad(set_to_none=True)
                terms.total.backward()
                optimisers[phase].step()
                losses.append(terms.total.item())
    return losses


@pytest.fixture(scope="module", params=registry.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def overfitted(name: str) -> Family:
    """One family per name that has seen four pictures very often."""
    family = built(name)
    fitted(family, 600)
    return family


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedImages:
    return write_prepared(tmp_path_factory.mktemp("data") / "prepared", size=SIZE, train=20, val=6, test=6)


def test_every_family_has_tiny_options_here() -> None:
    assert set(OPTIONS) == set(registry.names())


def test_it_is_a_family(name: str) -> None:
    family = built(name)
    assert isinstance(family, Family)
    assert sum(stage.share for stage in family.stages) == pytest.approx(1.0)
    assert len(set(phases_of(family))) == len(phases_of(family)) > 0


def test_a_config_spells_out_every_option(name: str) -> None:
    """So that a checkpoint draws the same after a default has changed."""
    asked, told = tiny(name), built(name).config
    assert replace(told, options={}) == replace(asked, options={})
    assert told.options.items() >= asked.options.items()
    assert len(told.options) > len(asked.options)
    assert registry.build(told).config == told
    assert json.loads(json.dumps(told.options)) == told.options


def test_loss_is_finite_with_and_without_a_condition(name: str) -> None:
    family, batch = built(name), batch_of_four()
    for condition in (batch.condition, batch.condition.dropped()):
        for phase in phases_of(family):
            asked = Batch(batch.images, condition, batch.augmentation)
            terms = family.loss(asked, phase, 0, torch.Generator().manual_seed(1))
            assert torch.isfinite(terms.total)
            assert terms.named


def test_loss_depends_on_nothing_but_its_generator(name: str) -> None:
    family, batch = built(name), batch_of_four()
    phase = phases_of(family)[0]
    first, again, other = (
        family.loss(batch, phase, 0, torch.Generator().manual_seed(seed)).total.item() for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_every_parameter_of_a_phase_gets_a_gradient(name: str) -> None:
    family = built(name, label_dropout=0.5)
    fitted(family, 3)
    batch, random = batch_of_four(), torch.Generator().manual_seed(3)
    named = {id(value): key for key, value in family.network.named_parameters()}
    for phase in phases_of(family):
        family.network.zero_grad(set_to_none=True)
        sum(family.loss(batch, phase, 0, random).total for _ in range(4)).backward()
        without = [named[id(value)] for value in family.parameters(phase) if value.grad is None or not value.grad.any()]
        assert without == []


def test_overfits_four_images(name: str, overfitted: Family) -> None:
    """At least six of eight samples are one of the two pictures of their class."""
    images, labels = four_pictures(SIZE)
    wanted = np.tile(labels, 2)
    drawn = overfitted.sample(Condition(torch.from_numpy(wanted)), list(range(8)), guidance=1.0).numpy()
    distances = [
        min(float(np.abs(image - known).mean()) for known in images[labels == label])
        for image, label in zip(drawn, wanted, strict=True)
    ]
    assert sorted(distances)[5] < 0.2


def test_shape_range_and_dtype(name: str, overfitted: Family) -> None:
    drawn = overfitted.sample(Condition(torch.tensor([0, 1, DROPPED])), [1, 2, 3], steps=3)
    assert drawn.shape == (3, 1, SIZE, SIZE)
    assert drawn.dtype == torch.float32
    assert float(drawn.abs().max()) <= 1.0


def test_same_seed_same_sample_in_any_batch(name: str, overfitted: Family) -> None:
    labels, seeds = torch.tensor([0, 1, 1, 0, DROPPED]), [11, 12, 13, 14, 15]
    together = overfitted.sample(Condition(labels), seeds, steps=5)
    alone = torch.cat([overfitted.sample(Condition(labels[i : i + 1]), seeds[i : i + 1], steps=5) for i in range(5)])
    assert torch.allclose(together, alone, atol=1e-4)


def test_another_seed_is_another_sample(name: str, overfitted: Family) -> None:
    drawn = built(name).sample(Condition(torch.tensor([0, 0])), [1, 2], steps=3)
    assert not torch.allclose(drawn[0], drawn[1], atol=1e-3)


def test_the_condition_matters(name: str, overfitted: Family) -> None:
    drawn = overfitted.sample(Condition(torch.tensor([0] * 6 + [1] * 6)), list(range(6)) * 2)
    assert float(drawn[6:].mean() - drawn[:6].mean()) > 0.3


def test_sampling_can_be_cancelled(name: str, overfitted: Family) -> None:
    def enough(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        overfitted.sample(Condition(torch.tensor([0])), [1], steps=4, on_step=enough)


def test_reconstruction_is_near_the_image(name: str, overfitted: Family) -> None:
    if not isinstance(overfitted, Reconstructs):
        pytest.skip("this family does not reconstruct")
    batch = batch_of_four()
    back = overfitted.reconstruct(batch.images, batch.condition)
    assert float((back - batch.images).abs().mean()) < 0.15


@pytest.fixture(scope="module")
def told(name: str) -> Family:
    """One family per name that has seen the four pictures in colour, told by their attributes alone."""
    family = built(name, channels=3, attributes=ATTRIBUTES)
    fitted(family, 400, batch=told_batch())
    return family


def test_an_attribute_matters_and_so_does_its_absence(told: Family) -> None:
    nothing = torch.full((12,), DROPPED)
    rows = torch.tensor([[0.0, 0.0]] * 6 + [[2.0, 1.0]] * 6)
    drawn = told.sample(Condition(nothing, rows), list(range(6)) * 2)
    assert drawn.shape == (12, 3, SIZE, SIZE)
    assert float(drawn[6:].mean() - drawn[:6].mean()) > 0.3
    open_ = told.sample(Condition(nothing, torch.full((12, 2), torch.nan)), list(range(12)), steps=4)
    assert torch.isfinite(open_).all()


def test_every_part_of_a_rich_condition_gets_a_gradient(name: str) -> None:
    family = built(name, channels=3, attributes=ATTRIBUTES, label_dropout=0.3)
    fitted(family, 3, batch=told_batch())
    plain, random = told_batch(), torch.Generator().manual_seed(3)
    condition = Condition(
        torch.tensor([0, 1, DROPPED, 0]), torch.tensor([[0.0, 0.1], [1.0, 0.7], [2.0, 0.4], [torch.nan, torch.nan]])
    )
    batch = Batch(plain.images, condition, plain.augmentation)
    named = {id(value): key for key, value in family.network.named_parameters()}
    for phase in phases_of(family):
        family.network.zero_grad(set_to_none=True)
        sum(family.loss(batch, phase, 0, random).total for _ in range(8)).backward()
        without = [named[id(value)] for value in family.parameters(phase) if value.grad is None or not value.grad.any()]
        assert without == []


def test_colour_is_drawn_and_resumed(name: str, tmp_path: Path) -> None:
    """Three channels and attributes through the whole loop, stopped and taken up again."""
    rich = write_prepared(tmp_path / "rich", size=SIZE, train=20, val=6, test=6, channels=3, attributes=True)
    config = tiny(name, channels=3, attributes=tuple(Attribute(*one) for one in rich.facts.attributes))
    plan = small_plan(name, family=config)
    whole = list(train(plan, rich, folder=tmp_path / "whole"))
    requests = iter([None, None, "stop"])
    half = list(train(plan, rich, folder=tmp_path / "half", asked=lambda: next(requests, None)))
    rest = list(train(plan, rich, folder=tmp_path / "half", resume=half[-1].checkpoint))
    first, second = (event.checkpoint.with_suffix(".safetensors").read_bytes() for event in (whole[-1], rest[-1]))
    assert first == second
    asked = np.array([[1.0, 0.5], [np.nan, np.nan]], np.float32)
    (drawn,) = generate(rest[-1].checkpoint, [0, DROPPED], [1, 2], attributes=asked)
    assert drawn.shape == (2, 3, SIZE, SIZE)


def test_unknown_options_and_sizes_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="unknown options"):
        built(name, colour="blue")
    with pytest.raises(ValueError, match="divide"):
        registry.build(tiny(name, size=18))


@pytest.mark.parametrize("size", [32, 48, 64, 96, 128])
def test_presets_build_at_every_size(name: str, size: int) -> None:
    config = preset(name, size=size, channels=1, classes=("a", "b"), images=100)
    drawn = registry.build(config).sample(Condition(torch.tensor([1])), [5], steps=1)
    assert drawn.shape == (1, 1, size, size)


def small_plan(name: str, **settings: Any) -> Any:
    chosen = {"steps": 6, "batch": 4, "precision": "fp32", "warm_up": 2, "preview_per_class": 1, "preview_steps": 2}
    config = settings.pop("family", None) or tiny(name)
    return training_plan(config, images=20, **{**chosen, "augmentation": Augmentation(), **settings})


def test_stop_and_resume_equals_uninterrupted_to_the_bit(name: str, data: PreparedImages, tmp_path: Path) -> None:
    plan = small_plan(name)
    whole = list(train(plan, data, folder=tmp_path / "whole"))
    requests = iter([None, None, "stop"])
    half = list(train(plan, data, folder=tmp_path / "half", asked=lambda: next(requests, None)))
    assert isinstance(half[-1], Ended)
    assert (half[-1].reason, half[-1].step) == ("stopped", 3)
    rest = list(train(plan, data, folder=tmp_path / "half", resume=half[-1].checkpoint))
    losses = [event.loss for event in whole if isinstance(event, StepDone)]
    parts = [event.loss for event in [*half, *rest] if isinstance(event, StepDone)]
    assert parts == losses
    assert isinstance(whole[-1], Ended)
    assert isinstance(rest[-1], Ended)
    first, second = (event.checkpoint.with_suffix(".safetensors").read_bytes() for event in (whole[-1], rest[-1]))
    assert first == second


def test_a_saved_family_draws_what_it_drew_before(name: str, data: PreparedImages, tmp_path: Path) -> None:
    ended = list(train(small_plan(name), data, folder=tmp_path))[-1]
    assert isinstance(ended, Ended)
    first, second = (np.concatenate(list(generate(ended.checkpoint, [0, 1, 1], [7, 8, 9], batch=b))) for b in (1, 3))
    assert np.allclose(first, second, atol=1e-4)
    assert first.shape == (3, 1, SIZE, SIZE)


def test_checkpoints_are_saved_when_asked(name: str, data: PreparedImages, tmp_path: Path) -> None:
    requests = iter(["checkpoint", None, "checkpoint"])
    events = list(train(small_plan(name), data, folder=tmp_path, asked=lambda: next(requests, None)))
    saved = [event.step for event in events if isinstance(event, CheckpointSaved)]
    assert saved == [1, 3, 6]
