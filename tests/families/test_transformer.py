"""What the transformer family does beyond the contract: two stages, a codec kept still, drawing alone or in a batch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from models import registry
from models.api import DROPPED, Batch, Condition, FamilyConfig
from models.config import training_plan
from models.families.transformer import ENCODE, PREDICT, Transformer
from models.presets import transformer as preset
from models.presets.task import Task
from models.training.augment import PARAMETERS, Augmentation
from models.training.checkpoint import tensors
from models.training.events import Ended, Notice, StepDone
from models.training.loop import train
from tests.helpers.prepared_factory import write_prepared
from tests.helpers.tiny_families import ATTRIBUTES, SIZE, tiny


def built(**options: object) -> Transformer:
    torch.manual_seed(0)
    family = registry.build(tiny("transformer", **options))  # type: ignore[arg-type]
    assert isinstance(family, Transformer)
    return family


def batch(count: int = 8) -> Batch:
    random = torch.Generator().manual_seed(0)
    images = torch.rand((count, 1, SIZE, SIZE), generator=random) * 2 - 1
    return Batch(images, Condition(torch.arange(count) % 2), torch.zeros(count, PARAMETERS))


def stepped(family: Transformer, phase: str, steps: int) -> None:
    random = torch.Generator().manual_seed(0)
    optimiser = torch.optim.AdamW(family.parameters(phase), 3e-3)
    for step in range(steps):
        family.network.zero_grad(set_to_none=True)
        family.loss(batch(), phase, step, random).total.backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def test_the_codec_stays_still_while_the_transformer_learns() -> None:
    family = built()
    stepped(family, ENCODE, 2)
    before = {name: value.clone() for name, value in family.codec.state_dict().items()}
    family.enter(PREDICT, batch())
    stepped(family, PREDICT, 3)
    assert all(torch.equal(value, before[name]) for name, value in family.codec.state_dict().items())
    assert all(value.grad is None for value in family.codec.parameters())
    owned = {id(value) for phase in (ENCODE, PREDICT) for value in family.parameters(phase)}
    assert owned == {id(value) for value in family.network.parameters()}
    assert len(owned) == sum(len(family.parameters(phase)) for phase in (ENCODE, PREDICT))


def test_the_transformer_starts_from_how_often_codes_stand_where() -> None:
    family = built()
    codes = family.codec.encode(batch().images)
    family.enter(PREDICT, batch())
    shares = family.predictor.usual.exp()
    assert torch.allclose(shares.sum(dim=2), torch.ones(family.shape.places, family.shape.numbers))
    at = torch.bincount(codes[:, 3, 1], minlength=family.shape.levels) + 1.0
    assert torch.allclose(shares[3, 1], at / at.sum())


def test_drawing_gives_back_what_the_codec_can_write_and_has_no_use_for_a_batch() -> None:
    family = built(attributes=ATTRIBUTES)
    labels = torch.tensor([0, 1, 1, DROPPED, 0, 1])
    rows = torch.tensor(
        [[0.0, 0.1], [2.0, torch.nan], [torch.nan, 0.5], [torch.nan, torch.nan], [1.0, 1.0], [1.0, 0.0]]
    )
    seeds = [5, 6, 7, 8, 9, 10]
    for guidance in (1.0, 2.5):
        together = family.sample(Condition(labels, rows), seeds, guidance=guidance)
        alone = [
            family.sample(Condition(labels[at : at + 1], rows[at : at + 1]), seeds[at : at + 1], guidance=guidance)
            for at in range(6)
        ]
        assert torch.allclose(together, torch.cat(alone), atol=1e-5)
    assert not torch.allclose(together[0], together[4], atol=1e-3)


def test_guidance_goes_from_nothing_asked_towards_what_is_asked() -> None:
    family = built()
    stepped(family, PREDICT, 5)
    asked = Condition(torch.tensor([0, 1]))
    hidden = torch.full((2, family.shape.places, family.shape.numbers), -1)

    def odds(condition: Condition, weight: float) -> Tensor:
        with torch.no_grad():
            return family._guess(condition, weight)(hidden)

    plain, free = odds(asked, 1.0), odds(asked.dropped(), 1.0)
    assert torch.allclose(odds(asked, 3.0), free + 3.0 * (plain - free), atol=1e-4)
    assert not torch.allclose(plain, free, atol=1e-4)


def test_what_was_done_to_an_image_is_told() -> None:
    family = built()
    stepped(family, PREDICT, 3)
    codes = family.codec.encode(batch().images)
    plain = family.predictor(codes, batch().condition, torch.zeros(8, PARAMETERS))
    moved = family.predictor(codes, batch().condition, torch.ones(8, PARAMETERS))
    assert not torch.allclose(plain, moved, atol=1e-4)


def test_steps_are_told_and_are_at_least_one() -> None:
    family = built()
    told: list[tuple[int, int]] = []
    family.sample(Condition(torch.tensor([0])), [1], steps=5, on_step=lambda done, total: told.append((done, total)))
    assert told == [(number, 5) for number in range(1, 6)]
    told.clear()
    family.sample(Condition(torch.tensor([0])), [1], steps=0, on_step=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]


@pytest.mark.parametrize("stop", [2, 3, 4])
def test_resuming_on_either_side_of_the_stage_change_equals_an_uninterrupted_run(stop: int, tmp_path: Path) -> None:
    data = write_prepared(tmp_path / "data", size=SIZE, train=20, val=6)
    settings = {"steps": 8, "batch": 4, "precision": "fp32", "warm_up": 2, "preview_per_class": 1, "preview_steps": 2}
    plan = training_plan(tiny("transformer"), images=20, **settings, augmentation=Augmentation())
    whole = list(train(plan, data, folder=tmp_path / "whole"))
    changes = [number for number, event in enumerate(whole) if isinstance(event, Notice) and event.code == "stage"]
    assert next(event.step for event in whole[changes[0] :] if isinstance(event, StepDone)) == 4
    requests = iter([None] * (stop - 1) + ["stop"])
    half = list(train(plan, data, folder=tmp_path / "half", asked=lambda: next(requests, None)))
    assert isinstance(half[-1], Ended)
    rest = list(train(plan, data, folder=tmp_path / "half", resume=half[-1].checkpoint))
    first, second = (events[-1] for events in (whole, rest))
    assert isinstance(first, Ended)
    assert isinstance(second, Ended)
    assert first.step == second.step == 8
    assert first.checkpoint.with_suffix(".safetensors").read_bytes() == (
        second.checkpoint.with_suffix(".safetensors").read_bytes()
    )
    assert float(tensors(second.checkpoint, "network/")["predictor.usual"].abs().sum()) > 0


@pytest.mark.parametrize("size", [16, 32, 48, 64, 80, 96, 112, 128, 160, 208, 256])
@pytest.mark.parametrize("on_cpu", [True, False])
def test_presets_never_write_more_than_256_places(size: int, on_cpu: bool) -> None:
    options = preset.options(Task(size, 1, 200, on_cpu))
    small = {**options, "channels": [8] * len(options["channels"]), "width": 8, "depth": 1, "heads": 1}
    family = registry.build(FamilyConfig("transformer", size, 1, ("a",), small))
    assert isinstance(family, Transformer)
    assert 4 <= family.shape.grid <= 16
    assert family.reconstruct(torch.zeros(1, 1, size, size), Condition(torch.tensor([0]))).shape == (1, 1, size, size)
