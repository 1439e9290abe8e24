"""The GAN family beyond the contract: who moves in which phase, who is paired with whom, and what never leaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models.api import DROPPED, Batch, Condition
from models.config import training_plan
from models.families import gan
from models.families.gan import CRITICISE, GENERATE, OUTLINE, Gan
from models.training.augment import PARAMETERS, Augmentation
from models.training.checkpoint import tensors
from models.training.events import Ended
from models.training.loop import train
from models.training.seeds import noise
from tests.helpers.prepared_factory import four_pictures, write_prepared
from tests.helpers.tiny_families import ATTRIBUTES, SIZE, tiny


def built(**options: Any) -> Gan:
    torch.manual_seed(0)
    family = Gan(tiny("gan", **options))
    with torch.no_grad():  # last layers begin at zero: as after some training, every part has a say
        for weight in family.network.parameters():
            weight.add_(0.2 * torch.randn(weight.shape))
    return family


def batch_of_four() -> Batch:
    images, labels = four_pictures(SIZE)
    return Batch(torch.from_numpy(images), Condition(torch.from_numpy(labels)), torch.zeros(4, PARAMETERS))


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("phase", [OUTLINE, CRITICISE, GENERATE])
def test_a_phase_reaches_its_own_weights_alone(phase: str) -> None:
    family = built()
    family.loss(batch_of_four(), phase, 0, random()).total.backward()  # type: ignore[no-untyped-call]
    own = {id(weight) for weight in family.parameters(phase)}
    reached = {id(weight) for weight in family.network.parameters() if weight.grad is not None}
    assert reached == own
    assert all(weight.requires_grad for weight in family.network.parameters())


def test_rivals_share_no_weights_and_outlines_are_learnt_without_the_critic() -> None:
    family = built()
    by_phase = {phase: {id(weight) for weight in family.parameters(phase)} for phase in (OUTLINE, CRITICISE, GENERATE)}
    assert not by_phase[CRITICISE] & (by_phase[GENERATE] | by_phase[OUTLINE])
    assert by_phase[GENERATE] < by_phase[OUTLINE]
    assert by_phase[CRITICISE] | by_phase[OUTLINE] == {id(weight) for weight in family.network.parameters()}


def test_what_is_drawn_from_codes_has_to_stay_true_to_its_image() -> None:
    family, batch = built(coded=0.5, anchor=3.0), batch_of_four()
    free = built(coded=0.0)
    assert "reconstruction" not in free.loss(batch, GENERATE, 0, random()).named
    named = family.loss(batch, GENERATE, 0, random()).named
    assert {"generator", "reconstruction", "structure"} == set(named)
    other = replace(batch, images=torch.cat([batch.images[:2], -batch.images[2:]]))
    assert family.loss(other, GENERATE, 0, random()).named["reconstruction"] == pytest.approx(named["reconstruction"])
    other = replace(batch, images=torch.cat([-batch.images[:2], batch.images[2:]]))
    assert family.loss(other, GENERATE, 0, random()).named["reconstruction"] != pytest.approx(named["reconstruction"])


def test_the_divergence_of_codes_gains_its_weight_step_by_step() -> None:
    family, batch = built(warm_up=10), batch_of_four()
    losses = [family.loss(batch, OUTLINE, step, random()) for step in (0, 9, 100)]
    divergence = losses[0].named["divergence"]
    totals = [float(terms.total.detach()) for terms in losses]
    assert totals[1] - totals[0] == pytest.approx(0.9 * divergence, rel=1e-3)
    assert totals[1] == totals[2]


def test_the_critic_scores_each_image_alone() -> None:
    family, batch = built(), batch_of_four()
    latents = family.codec.encode(batch.images)
    together = family.critic(latents, batch.condition, batch.augmentation)
    alone = [family.critic(latents[i : i + 1], batch.condition[i : i + 1], batch.augmentation[:1]) for i in range(4)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)


def test_real_and_generated_images_are_judged_as_answers_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    family, batch = built(label_dropout=0.5, penalised=0.5), batch_of_four()
    heard: list[tuple[Condition, Tensor]] = []
    score = type(family.critic).forward

    def listening(critic: Any, images: Tensor, condition: Condition, augmentation: Tensor) -> Tensor:
        heard.append((condition, augmentation))
        return score(critic, images, condition, augmentation)

    monkeypatch.setattr(type(family.critic), "forward", listening)
    moved = replace(batch, augmentation=torch.rand(4, PARAMETERS, generator=random(5)))
    family.loss(moved, CRITICISE, 0, random())
    assert [len(condition) for condition, _ in heard] == [8, 4]
    for condition, augmentation in heard:
        half = len(condition) // 2
        assert torch.equal(condition.labels[:half], condition.labels[half:])
        assert torch.equal(augmentation[:half], augmentation[half:])
        assert torch.equal(augmentation[:half], moved.augmentation[:half])


def test_samples_are_of_images_that_were_never_moved() -> None:
    family = built()
    seeds, condition = [3, 4], Condition(torch.tensor([0, 1]))
    latents = noise(seeds, (family.options.latent,))
    with torch.no_grad():
        still, moved = (
            family.generator(latents, condition, torch.full((2, PARAMETERS), value)) for value in (0.0, 1.0)
        )
    drawn = family.sample(condition, seeds)
    assert torch.allclose(drawn, _pixels(family, still), atol=1e-5)
    assert not torch.allclose(drawn, _pixels(family, moved), atol=1e-2)


def _pixels(family: Gan, drawn: Tensor) -> Tensor:
    return (drawn * family.options.pixel_std + family.options.pixel_mean).clamp(-1.0, 1.0)


def test_the_generator_is_told_how_its_rival_was_moved() -> None:
    """A generator that is not would have to draw moved images under zeros as well."""
    family, batch = built(), batch_of_four()
    losses = [
        float(family.loss(replace(batch, augmentation=told), GENERATE, 0, random()).total.detach())
        for told in (torch.zeros(4, PARAMETERS), torch.ones(4, PARAMETERS))
    ]
    assert losses[0] != losses[1]


def test_guidance_draws_closer_to_the_typical_image_whatever_the_batch() -> None:
    family = built()
    condition, seeds = Condition(torch.tensor([0] * 12)), list(range(12))
    spreads = [float(family.sample(condition, seeds, guidance=weight).std(dim=0).mean()) for weight in (1.0, 2.0, 8.0)]
    assert spreads[0] > spreads[1] > spreads[2]
    two = family.sample(condition[:2], seeds[:2], guidance=2.0)
    assert torch.allclose(two, family.sample(condition, seeds, guidance=2.0)[:2], atol=1e-4)


def test_sampling_is_one_step_that_is_told() -> None:
    told: list[tuple[int, int]] = []
    built().sample(Condition(torch.tensor([0])), [1], steps=50, on_step=lambda *step: told.append(step))
    assert told == [(1, 1)]


@pytest.mark.parametrize("phase", [OUTLINE, CRITICISE, GENERATE])
def test_losses_stay_finite_and_whole_under_autocast(phase: str) -> None:
    family = built()
    plain = family.loss(batch_of_four(), phase, 0, random()).total
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = family.loss(batch_of_four(), phase, 0, random()).total
    assert cast.dtype == torch.float32
    assert float(cast.detach()) == pytest.approx(float(plain.detach()), rel=0.05, abs=0.05)
    cast.backward()  # type: ignore[no-untyped-call]
    assert all(torch.isfinite(weight.grad).all() for weight in family.parameters(phase) if weight.grad is not None)


def test_images_of_which_nothing_is_known_train_too() -> None:
    family = built(channels=3, attributes=ATTRIBUTES)
    plain = batch_of_four()
    unknown = Condition(torch.full((4,), DROPPED), torch.full((4, len(ATTRIBUTES)), torch.nan))
    batch = Batch(plain.images.repeat(1, 3, 1, 1), unknown, plain.augmentation)
    for phase in (OUTLINE, CRITICISE, GENERATE):
        assert torch.isfinite(family.loss(batch, phase, 0, random()).total)


@pytest.mark.parametrize(("calm", "moves"), [(0.0, False), (0.5, True)])
def test_rivals_learn_at_the_rate_of_their_stage(
    calm: float, moves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gan, "CALM", calm)
    data = write_prepared(tmp_path / "data", size=SIZE, train=8)
    settings = {"steps": 6, "batch": 4, "precision": "fp32", "preview_per_class": 1, "augmentation": Augmentation()}
    plan = training_plan(tiny("gan"), images=8, **settings)
    requests = iter([None, "stop"])
    begun = list(train(plan, data, folder=tmp_path / "run", asked=lambda: next(requests, None)))[-1]
    assert isinstance(begun, Ended)
    before = tensors(begun.checkpoint, "network/")
    ended = list(train(plan, data, folder=tmp_path / "run", resume=begun.checkpoint))[-1]
    assert isinstance(ended, Ended)
    after = tensors(ended.checkpoint, "network/")
    critic = [name for name in before if name.startswith("critic")]
    assert any(not torch.equal(before[name], after[name]) for name in critic) == moves
