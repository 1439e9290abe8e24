"""The flow against what must hold of any normalizing flow, and against cases whose density is known."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from models.api import DROPPED, Batch, Condition, FamilyConfig, Likelihood
from models.families.flow import Flow, build
from models.nets.autoregressive_flow import AutoregressiveBlock, AutoregressiveFlow, Known, Sequences
from models.nets.flow_attention import CausalLayer, Memory
from models.nets.flow_tokens import PatchTokens, cosine_basis
from models.training.augment import PARAMETERS
from models.training.seeds import noise
from tests.helpers.prepared_factory import pictures

TOKENS, WIDTH = 6, 3


def moved(module: torch.nn.Module, by: float = 0.15) -> None:
    """Weights away from the identity that a flow begins as."""
    random = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for value in module.parameters():
            value.add_(by * torch.randn(value.shape, generator=random))


@pytest.fixture
def flow() -> AutoregressiveFlow:
    torch.manual_seed(0)
    made = AutoregressiveFlow(Sequences(TOKENS, WIDTH, 2, (), PARAMETERS), width=16, layers=(1, 2, 1), heads=2)
    moved(made)
    return made


def known(count: int, label: int = 0) -> Known:
    return Known(Condition(torch.full((count,), label)), torch.zeros(count, PARAMETERS))


def family(size: int, *, moved_by: float = 0.0, channels: int = 1, **options: object) -> Flow:
    torch.manual_seed(0)
    chosen = {"width": 16, "layers": [1, 1], "heads": 2, "patch": 2, "pixel_mean": -0.2, "pixel_std": 0.4}
    made = build(FamilyConfig("flow", size, channels, ("a", "b"), {**chosen, **options}))
    moved(made.network, moved_by)
    return made


def noise_like(*shape: int, seed: int = 3) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_the_way_back_undoes_the_way_there(flow: AutoregressiveFlow) -> None:
    tokens = noise_like(5, TOKENS, WIDTH)
    there, _ = flow(tokens, known(5))
    assert float((there - tokens).abs().max()) > 0.5
    assert torch.allclose(flow.inverse(there, known(5)), tokens, atol=1e-4)


def test_the_determinant_is_that_of_the_jacobian(flow: AutoregressiveFlow) -> None:
    tokens = noise_like(1, TOKENS, WIDTH)
    jacobian = torch.autograd.functional.jacobian(lambda x: flow(x, known(1))[0].flatten(), tokens)
    expected = torch.linalg.slogdet(jacobian.reshape(TOKENS * WIDTH, TOKENS * WIDTH)).logabsdet
    told = flow(tokens, known(1))[1].detach()
    assert abs(float(expected)) > 0.1
    assert float(told) == pytest.approx(float(expected), abs=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_likelihood_is_the_change_of_variables_in_pixels(channels: int) -> None:
    made = family(4, moved_by=0.1, channels=channels)
    image, condition = 0.3 * noise_like(1, channels, 4, 4), Condition(torch.tensor([1]))

    def latents(pixels: Tensor) -> Tensor:
        noisy = pixels + 0.05 * noise([0], pixels.shape[1:])
        return made.flow(made.tokens(made.codec.encode(noisy)), known(1, 1))[0].flatten()

    jacobian = torch.autograd.functional.jacobian(latents, image).reshape(16 * channels, 16 * channels)
    normal = Normal(0.0, 1.0).log_prob(latents(image).detach()).sum()
    expected = normal + torch.linalg.slogdet(jacobian).logabsdet
    assert float(made.log_likelihood(image, condition)) == pytest.approx(float(expected), abs=1e-2)


def test_the_density_integrates_to_one() -> None:
    """Over four tokens of one pixel, each dependent on those before it, by importance sampling."""
    made = family(2, moved_by=0.1, patch=1)
    spread = Normal(-0.2, 1.6)
    images = spread.icdf(torch.quasirandom.SobolEngine(4, scramble=True, seed=1).draw(2**13).clamp(1e-6, 1 - 1e-6))
    images = images.view(-1, 1, 2, 2)
    given = made.log_likelihood(images, Condition(torch.zeros(len(images), dtype=torch.long)))
    share = torch.exp(given - spread.log_prob(images).sum(dim=(1, 2, 3)))
    assert float(share.std()) > 0.3  # the two densities are not the same one
    assert float(share.mean()) == pytest.approx(1.0, abs=0.03)


def test_an_untrained_flow_is_the_gaussian_of_the_codec() -> None:
    images = noise_like(3, 1, 4, 4)
    given = family(4).log_likelihood(images, Condition(torch.tensor([0, 1, DROPPED])))
    noisy = images + 0.05 * noise([0], (1, 4, 4))
    expected = Normal(-0.2, 2 * 0.4).log_prob(noisy).sum(dim=(1, 2, 3))
    assert torch.allclose(given, expected, atol=1e-4)
    assert isinstance(family(4), Likelihood)


def test_a_gaussian_is_learnt_to_its_entropy() -> None:
    """Neighbouring pixels that share a part: independent Gaussians of the same deviations would miss the entropy."""
    made = family(4, noise=0.05)
    images = gaussian_images(2048, seed=1)
    fitted(made, images, steps=150)
    with torch.no_grad():
        found = made.loss(batch(gaussian_images(2048, seed=2)), "likelihood", 0, torch.Generator().manual_seed(1)).total
    covariance = 0.3**2 * torch.ones(16, 16) + (0.1**2 + 0.05**2) * torch.eye(16)
    entropy = 0.5 * (math.log(2 * math.pi * math.e) + float(torch.logdet(covariance)) / 16)
    assert float(found) == pytest.approx(entropy, abs=0.06)


def gaussian_images(count: int, seed: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    shared = 0.3 * torch.randn((count, 1, 1, 1), generator=random)
    return shared + 0.1 * torch.randn((count, 1, 4, 4), generator=random)


def batch(images: Tensor, labels: Tensor | None = None) -> Batch:
    labels = torch.zeros(len(images), dtype=torch.long) if labels is None else labels
    return Batch(images, Condition(labels), torch.zeros(len(images), PARAMETERS))


def fitted(made: Flow, images: Tensor, *, steps: int, labels: Tensor | None = None) -> None:
    random = torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(made.parameters("likelihood"), 5e-3)
    whole = batch(images, labels)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 5e-3 * (1 - step / steps)
        hand = torch.randint(len(images), (32,), generator=random)
        part = Batch(whole.images[hand], whole.condition[hand], whole.augmentation[hand])
        total = made.loss(part, "likelihood", step, random).total
        made.network.zero_grad(set_to_none=True)
        total.backward()
        optimiser.step()


@torch.no_grad()
def test_a_token_is_told_by_those_before_it_alone(flow: AutoregressiveFlow) -> None:
    (block, *_), tokens = flow.blocks, noise_like(1, TOKENS, WIDTH)
    assert isinstance(block, AutoregressiveBlock)
    changed = tokens.clone()
    changed[:, 3] += 1.0
    for before, after in zip(block.affine(tokens, known(1)), block.affine(changed, known(1)), strict=True):
        assert torch.equal(before[:, :4], after[:, :4])
        assert all(not torch.allclose(before[:, index], after[:, index], atol=1e-4) for index in (4, 5))


@torch.no_grad()
def test_every_value_depends_on_every_token_through_two_blocks(flow: AutoregressiveFlow) -> None:
    tokens = noise_like(1, TOKENS, WIDTH)
    changed = tokens.clone()
    changed[:, -1] += 1.0
    first, second = flow(tokens, known(1))[0], flow(changed, known(1))[0]
    assert not torch.isclose(first, second, atol=1e-5).any()


@torch.no_grad()
def test_a_layer_with_a_memory_gives_what_it_gives_without() -> None:
    torch.manual_seed(0)
    layer, x = CausalLayer(16, 4), noise_like(2, 7, 16)
    memory = Memory(7)
    stepped = torch.cat([layer(x[:, index : index + 1], memory) for index in range(7)], dim=1)
    assert memory.length == 7
    assert torch.allclose(stepped, layer(x), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("weight", [1.0, 2.5])
def test_drawing_with_a_memory_equals_drawing_without(flow: AutoregressiveFlow, weight: float) -> None:
    (block, *_), start = flow.blocks, noise_like(2, TOKENS, WIDTH)
    assert isinstance(block, AutoregressiveBlock)
    tokens = torch.zeros_like(start)
    for index in range(TOKENS):
        here = 1 + (weight - 1) * index / (TOKENS - 1)
        sides = zip(block.affine(tokens, known(2, 1)), block.affine(tokens, known(2, DROPPED)), strict=True)
        shift, log_scale = (free + here * (asked - free) for asked, free in sides)
        tokens[:, index] = start[:, index] * torch.exp(log_scale[:, index]) + shift[:, index]
    assert torch.allclose(block.inverse(start, known(2, 1), weight, lambda: None), tokens, atol=1e-5)


@torch.no_grad()
def test_scales_are_bounded_and_exact_under_autocast(flow: AutoregressiveFlow) -> None:
    block = flow.blocks[0]
    assert isinstance(block, AutoregressiveBlock)
    block.head.weight *= 1000
    with torch.autocast("cpu", torch.bfloat16):
        shift, log_scale = block.affine(100 * noise_like(2, TOKENS, WIDTH), known(2))
        mapped, determinant = flow(noise_like(2, TOKENS, WIDTH), known(2))
    assert {entry.dtype for entry in (shift, log_scale, mapped, determinant)} == {torch.float32}
    assert 3.0 < float(log_scale.abs().max()) <= 4.0


def test_denoising_is_the_posterior_mean_of_a_gaussian() -> None:
    made = family(4, noise=0.3)
    noisy = noise_like(2, 4, 4)
    deviation = 0.3 * 0.5 / 0.4  # of the noise, as tokens; the untrained flow knows tokens of deviation 1
    clean = made._denoised(noisy, known(2))
    assert torch.allclose(clean, noisy * (1 - deviation**2), atol=1e-5)


def test_every_row_of_every_block_is_told() -> None:
    told: list[tuple[int, int]] = []
    family(8).sample(Condition(torch.tensor([0])), [1], on_step=lambda done, total: told.append((done, total)))
    assert told == [(number + 1, 9) for number in range(9)]


def test_augmentation_is_told_to_the_flow_and_not_drawn() -> None:
    made = family(8, moved_by=0.1)
    images, random = 0.2 * noise_like(2, 1, 8, 8), torch.Generator()
    plain = batch(images)
    moved_batch = Batch(images, plain.condition, torch.ones(2, PARAMETERS))
    first, second = (
        made.loss(one, "likelihood", 0, random.manual_seed(1)).total.item() for one in (plain, moved_batch)
    )
    assert abs(first - second) > 1e-3


def test_guidance_moves_away_from_the_open_condition() -> None:
    made = family(8, moved_by=0.1)
    condition = Condition(torch.tensor([1, 1]))
    plain, same, guided = (made.sample(condition, [1, 2], guidance=weight) for weight in (None, 1.0, 3.0))
    assert torch.equal(plain, same)
    assert not torch.allclose(plain, guided, atol=1e-3)


@pytest.mark.parametrize(("channels", "fold"), [(1, 4), (3, 2)])
def test_tokens_are_a_rotation_of_the_pixels(channels: int, fold: int) -> None:
    tokens = PatchTokens(channels, fold, 3)
    folded = noise_like(2, channels * fold**2, 3, 3)
    read = tokens(folded)
    assert torch.allclose(tokens.inverse(read), folded, atol=1e-5)
    assert torch.allclose(read.square().sum(), folded.square().sum(), rtol=1e-5)
    assert torch.allclose(tokens(torch.ones_like(folded))[..., 1:], torch.zeros(1), atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(tokens(folded), read)
    assert torch.allclose(cosine_basis(5) @ cosine_basis(5).T, torch.eye(5, dtype=torch.float64))


def test_too_many_patches_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        family(64, patch=2)


@pytest.fixture(scope="module")
def trained() -> Flow:
    """A flow that has seen 400 noisy blobs."""
    images, labels = pictures(400, 16, seed=5)
    made = family(16, patch=4, width=32, layers=[1, 1, 1], pixel_mean=float(images.mean()), pixel_std=0.4)
    fitted(made, torch.from_numpy(images), steps=150, labels=torch.from_numpy(labels))
    return made


def test_unusual_images_get_lower_likelihoods(trained: Flow) -> None:
    """Of unseen pictures of the kind: inverted, noisy, shuffled, or of the other class."""
    images, labels = (torch.from_numpy(one) for one in pictures(60, 16, seed=6))
    patches = images.view(60, 4, 4, 4, 4).permute(0, 1, 3, 2, 4).reshape(60, 16, 4, 4)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(2))
    shuffled = patches[:, order].view(60, 4, 4, 4, 4).permute(0, 1, 3, 2, 4).reshape(images.shape)
    usual = trained.log_likelihood(images, Condition(labels))
    assert torch.equal(usual, trained.log_likelihood(images, Condition(labels)))
    unusual = {
        "inverted": trained.log_likelihood(-images, Condition(labels)),
        "noisy": trained.log_likelihood(images + 0.15 * noise_like(*images.shape), Condition(labels)),
        "shuffled": trained.log_likelihood(shuffled, Condition(labels)),
    }
    shares = {name: float((usual[:, None] > found).float().mean()) for name, found in unusual.items()}
    assert {name for name, share in shares.items() if share < 0.9} == set()
    other = trained.log_likelihood(images, Condition(1 - labels))
    assert float((usual > other).float().mean()) > 0.8


def test_images_with_less_in_them_leave_the_range_at_its_other_end(trained: Flow) -> None:
    images, labels = (torch.from_numpy(one) for one in pictures(60, 16, seed=6))
    usual = trained.log_likelihood(images, Condition(labels))
    blank = trained.log_likelihood(torch.full_like(images, -0.9), Condition(labels))
    assert float((blank > usual.max()).float().mean()) > 0.9


def test_samples_of_a_class_are_likely_in_it(trained: Flow) -> None:
    labels = torch.tensor([0] * 16 + [1] * 16)
    drawn = trained.sample(Condition(labels), list(range(32)))
    brightness = drawn.mean(dim=(1, 2, 3))
    assert float(brightness[16:].mean() - brightness[:16].mean()) > 0.1
    right, wrong = (trained.log_likelihood(drawn, Condition(one)) for one in (labels, 1 - labels))
    assert float((right > wrong).float().mean()) > 0.9


def test_progress_never_falls_back() -> None:
    told: list[int] = []
    family(8).sample(Condition(torch.tensor([0])), [1], guidance=2.0, on_step=lambda done, total: told.append(done))
    assert all(later == earlier + 1 for earlier, later in pairwise(told))
