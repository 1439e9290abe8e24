"""The learned codec and what it descends, alone and as the first stage of a family."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from models import registry
from models.api import Batch, Condition, Family, FamilyConfig, LossTerms, Stage, Staged
from models.codecs.autoencoder import AUTOENCODE, CRITICISE, Autoencoder, CodecShape, CodecWeights
from models.codecs.space_to_depth import TARGET_STD
from models.config import TrainingPlan
from models.objectives.adversarial import PatchCritic, grown
from models.objectives.perceptual import structure_loss
from models.sampling.generate import generate
from models.training.events import CheckpointSaved, Ended, Notice, StepDone
from models.training.loop import train
from models.training.seeds import noise
from tests.helpers.prepared_factory import pictures, write_prepared

SIZE = 16
SMALL = CodecShape(channels=(8, 16), critic=8)


def codec(channels: int = 1, **weights: Any) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(channels, SMALL, CodecWeights(**weights))


def images(count: int = 16) -> Tensor:
    return torch.from_numpy(pictures(count, SIZE, seed=3)[0])


def trained(coder: Autoencoder, steps: int) -> list[float]:
    """Mean absolute errors along the way."""
    random = torch.Generator().manual_seed(0)
    optimisers = {phase: torch.optim.Adam(coder.phase_parameters(phase), 3e-3) for phase in coder.phases}
    errors = []
    for step in range(steps):
        for phase in coder.phases:
            terms = coder.loss(images(), phase, step, random)
            coder.zero_grad(set_to_none=True)
            terms.total.backward()
            optimisers[phase].step()
            errors += [terms.named["error"]] if phase == AUTOENCODE else []
    return errors


@pytest.mark.parametrize("channels", [1, 3])
def test_latents_are_as_small_as_promised_and_decode_to_images(channels: int) -> None:
    coder, given = codec(channels), images(2).repeat(1, channels, 1, 1)
    latents = coder.encode(given)
    assert latents.shape[1:] == coder.latent_shape(channels, SIZE) == (4, 4, 4)
    back = coder.decode(latents * 100)
    assert back.shape == given.shape
    assert float(back.detach().abs().max()) <= 1.0


def test_a_size_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="divide"):
        codec().latent_shape(1, 18)


def test_settled_latents_are_standardised_channel_by_channel() -> None:
    coder = codec()
    before = coder.encode(images(40))
    coder.settle(images(40))
    spread, mean = torch.std_mean(coder.encode(images(40)), dim=(0, 2, 3))
    assert torch.allclose(mean, torch.zeros(4), atol=1e-4)
    assert torch.allclose(spread, torch.full((4,), TARGET_STD), atol=1e-4)
    assert not torch.allclose(before.std(dim=(0, 2, 3)), spread, atol=1e-2)


def test_settling_does_not_change_what_is_decoded() -> None:
    coder = codec()
    before = coder.decode(coder.encode(images(8))).detach()
    coder.settle(images(8))
    assert torch.allclose(coder.decode(coder.encode(images(8))), before, atol=1e-5)


def test_an_image_does_not_depend_on_its_batch() -> None:
    coder = codec()
    together = coder.decode(coder.encode(images(8))).detach()
    alone = coder.decode(coder.encode(images(8)[5:6])).detach()
    assert torch.allclose(together[5:6], alone, atol=1e-5)


def test_training_brings_images_back_with_the_critic_listened_to() -> None:
    errors = trained(codec(warm_up=20), 60)
    assert sum(errors[-5:]) < 0.5 * sum(errors[:5])


def test_the_coder_listens_to_the_critic_after_its_warm_up_alone() -> None:
    coder = codec(warm_up=10)
    opinions = []
    for step in (0, 10, 15, 40):
        terms = coder.loss(images(4), AUTOENCODE, step, torch.Generator().manual_seed(0))
        weights = coder.weights
        own = terms.named["error"] + weights.structure * terms.named["structure"] + weights.pull * terms.named["pull"]
        opinions.append(terms.total.item() - own)
    assert opinions[:2] == pytest.approx([0, 0], abs=1e-6)
    assert opinions[3] == pytest.approx(2 * opinions[2], rel=1e-3)
    assert opinions[3] > 1e-3
    assert grown(10, 10) == 0.0


def test_criticism_reaches_the_critic_and_nothing_else() -> None:
    coder = codec()
    coder.loss(images(4), CRITICISE, 0, torch.Generator().manual_seed(0)).total.backward()
    assert all(value.grad is not None and value.grad.any() for value in coder.phase_parameters(CRITICISE))
    assert all(value.grad is None for value in coder.phase_parameters(AUTOENCODE))
    assert not coder.phase_parameters("denoise")


def test_a_critic_learns_to_tell_images_apart() -> None:
    torch.manual_seed(0)
    critic, real = PatchCritic(1, 8), images(8)
    drawn = functional.avg_pool2d(real, 3, 1, 1)
    optimiser = torch.optim.Adam(critic.parameters(), 3e-3)
    first = critic.criticism(drawn, real).item()
    for _ in range(100):
        optimiser.zero_grad()
        critic.criticism(drawn, real).backward()
        optimiser.step()
    assert critic.criticism(drawn, real).item() < 0.5 * first
    assert critic.disbelief(drawn).item() > critic.disbelief(real).item() + 0.3


def test_nothing_of_the_criticism_flows_back_into_what_was_drawn() -> None:
    critic, drawn = PatchCritic(1, 8), images(2).requires_grad_()
    critic.criticism(drawn, images(2)).backward()
    assert drawn.grad is None
    critic.disbelief(drawn).backward()
    assert drawn.grad is not None


def test_structure_is_nothing_between_equal_images_and_pulls_apart_ones_together() -> None:
    real = images(4)
    assert structure_loss(real, real).item() == 0.0
    drawn = torch.zeros_like(real, requires_grad=True)
    before = structure_loss(drawn, real)
    before.backward()
    assert drawn.grad is not None
    assert torch.isfinite(drawn.grad).all()
    assert structure_loss(drawn - 20 * drawn.grad, real).item() < before.item()


def test_structure_minds_a_blur_more_than_a_change_of_light() -> None:
    """At the same squared error."""
    real = images(8)
    blurred = functional.avg_pool2d(functional.pad(real, (2, 2, 2, 2), mode="replicate"), 5, 1)
    lighter = real + (blurred - real).square().mean().sqrt()
    assert structure_loss(blurred, real).item() > 3 * structure_loss(lighter, real).item()


class LatentFamily:
    """As little as a family can be that learns in latents: one mean and deviation for every latent number."""

    stages = (Stage("encode", Autoencoder.phases, 0.5, watched=False), Stage("fit", ("fit",), 0.5))

    def __init__(self, config: FamilyConfig) -> None:
        self.config = config
        self.codec = Autoencoder(config.channels, SMALL, CodecWeights(warm_up=2))
        self.shape = self.codec.latent_shape(config.channels, config.size)
        self.mean = nn.Linear(1, self.shape[0] * self.shape[1] * self.shape[2], bias=False)
        self.net = nn.ModuleDict({"codec": self.codec, "mean": self.mean})

    @property
    def network(self) -> nn.Module:
        return self.net

    def parameters(self, phase: str) -> list[nn.Parameter]:
        return [self.mean.weight] if phase == "fit" else list(self.codec.phase_parameters(phase))

    def enter(self, stage: str, examples: Batch) -> None:
        self.codec.settle(examples.images)

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        if phase != "fit":
            return self.codec.loss(batch.images, phase, step, generator)
        latents = self.codec.encode(batch.images)
        noisy = latents + 0.1 * torch.randn(latents.shape, generator=generator)
        total = (self.mean.weight.view(1, *self.shape) - noisy).square().mean()
        return LossTerms(total, {"fit": float(total.detach())})

    @torch.no_grad()
    def sample(self, condition: Condition, seeds: Sequence[int], **settings: Any) -> Tensor:
        return self.codec.decode(self.mean.weight.view(1, *self.shape) + noise(seeds, self.shape))


def test_it_is_a_family_that_looks_at_the_images_between_its_stages() -> None:
    family = LatentFamily(FamilyConfig("latent", SIZE, 1, ("dark", "light"), {}))
    assert isinstance(family, Family)
    assert isinstance(family, Staged)


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> TrainingPlan:
    monkeypatch.setitem(registry.FAMILIES, "latent", f"{__name__}:LatentFamily")
    config = FamilyConfig("latent", SIZE, 1, ("dark", "light"), {})
    return TrainingPlan(config, steps=8, batch=4, precision="fp32", warm_up=2, preview_per_class=1, preview_steps=1)


@pytest.mark.parametrize("stopped_at", [2, 6])
def test_as_a_first_stage_it_trains_and_resumes_to_the_bit(plan: TrainingPlan, stopped_at: int, tmp_path: Path) -> None:
    data = write_prepared(tmp_path / "data", size=SIZE, train=20, val=6)
    whole = list(train(plan, data, folder=tmp_path / "whole"))
    requests = iter([*[None] * (stopped_at - 1), "stop"])
    half = list(train(plan, data, folder=tmp_path / "half", asked=lambda: next(requests, None)))
    rest = list(train(plan, data, folder=tmp_path / "half", resume=ended(half).checkpoint))
    assert [event.facts["name"] for event in whole if isinstance(event, Notice) and event.code == "stage"] == ["fit"]
    losses = [event.loss for event in whole if isinstance(event, StepDone)]
    assert [event.loss for event in [*half, *rest] if isinstance(event, StepDone)] == losses
    first, second = (ended(run).checkpoint.with_suffix(".safetensors").read_bytes() for run in (whole, rest))
    assert first == second


def test_in_the_second_stage_the_codec_is_settled_and_frozen(plan: TrainingPlan, tmp_path: Path) -> None:
    data = write_prepared(tmp_path / "data", size=SIZE, train=20, val=6)
    requests = iter([*[None] * 4, "checkpoint", None, "checkpoint"])
    events = train(plan, data, folder=tmp_path / "run", asked=lambda: next(requests, None))
    saved = [event.path for event in events if isinstance(event, CheckpointSaved)]
    before, after = (load_file(path.with_suffix(".safetensors")) for path in saved[-2:])
    codec = [name for name in before if name.startswith("network/codec.")]
    assert codec
    assert all(torch.equal(before[name], after[name]) for name in codec)
    assert not torch.equal(before["network/mean.weight"], after["network/mean.weight"])
    assert not torch.equal(after["network/codec.latent_std"], torch.full((1, 4, 1, 1), TARGET_STD))


def test_diffusion_works_in_latents_where_asked(tmp_path: Path) -> None:
    """Through the whole loop, stopped in the codec's stage; the codec stays as it is while the network learns."""
    data = write_prepared(tmp_path / "data", size=SIZE, train=20, val=6)
    options = {"latent": True, "codec_channels": [8, 16], "unshuffle": 2, "norm_groups": 8, "guidance": 1.5}
    small = {"channels": [16, 32], "attention": [False, False], "res_blocks": 1, "jump_share": 0.0, "guide": "dropped"}
    config = FamilyConfig("diffusion", SIZE, 1, ("dark", "light"), {**options, **small})
    told = {"batch": 4, "precision": "fp32", "warm_up": 2, "preview_per_class": 1, "preview_steps": 2}
    plan = TrainingPlan(config, steps=8, **told)
    whole = list(train(plan, data, folder=tmp_path / "whole"))
    requests = iter(["checkpoint", "stop"])
    half = list(train(plan, data, folder=tmp_path / "half", asked=lambda: next(requests, None)))
    rest = list(train(plan, data, folder=tmp_path / "half", resume=ended(half).checkpoint))
    assert [event.facts["name"] for event in whole if isinstance(event, Notice) and event.code == "stage"] == [
        "denoise"
    ]
    first, second = (ended(run).checkpoint.with_suffix(".safetensors") for run in (whole, rest))
    assert first.read_bytes() == second.read_bytes()
    kept = load_file(second)
    assert not torch.equal(kept["network/codec.latent_mean"], torch.zeros(1, 4, 1, 1))
    (drawn,) = generate(ended(rest).checkpoint, [0, 1], [1, 2])
    assert drawn.shape == (2, 1, SIZE, SIZE)


@pytest.mark.parametrize(("size", "fits"), [(32, True), (24, True), (28, False)])
def test_a_latent_diffusion_counts_the_halvings_of_both(size: int, fits: bool) -> None:
    options = {"latent": True, "channels": [32, 32], "attention": [False, False], "norm_groups": 8}
    config = FamilyConfig("diffusion", size, 1, ("dark", "light"), options)
    if fits:
        assert registry.build(config).network
    else:
        with pytest.raises(ValueError, match="divide"):
            registry.build(config)


def ended(events: Sequence[object]) -> Ended:
    last = events[-1]
    assert isinstance(last, Ended)
    return last
