"""The parts of the GAN alone: penalties, pairs and the views that a critic is shown."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from models.objectives.relativistic import gradient_penalty, ranking_loss
from models.training.diffaugment import CriticView


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_penalty_is_the_squared_gradient_of_a_linear_critic() -> None:
    weight = torch.randn(2, 3, 3, generator=random())
    inputs = torch.randn(5, 2, 3, 3, generator=random(1))
    found = gradient_penalty(lambda images: (images * weight).flatten(1).sum(1), inputs)
    assert float(found) == pytest.approx(float(weight.square().sum()), rel=1e-5)


def test_the_penalty_and_its_own_gradient_are_those_of_a_quadratic_critic() -> None:
    """Of ``a |x|^2`` the gradient is ``2 a x``: the penalty is ``4 a^2 |x|^2`` and its slope ``8 a |x|^2``."""
    factor = nn.Parameter(torch.tensor(0.3))
    inputs = torch.randn(4, 1, 2, 2, generator=random())
    length = float(inputs.square().flatten(1).sum(1).mean())
    found = gradient_penalty(lambda images: factor * images.square().flatten(1).sum(1), inputs)
    found.backward()  # type: ignore[no-untyped-call]
    assert float(found.detach()) == pytest.approx(4 * 0.09 * length, rel=1e-5)
    assert factor.grad is not None
    assert float(factor.grad) == pytest.approx(8 * 0.3 * length, rel=1e-5)


def test_the_penalty_is_the_same_under_autocast() -> None:
    layers = nn.Sequential(nn.Conv2d(1, 8, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(8 * 36, 1))
    inputs = torch.randn(4, 1, 8, 8, generator=random())

    def critic(images: Tensor) -> Tensor:
        scores: Tensor = layers(images)[:, 0]
        return scores

    plain = gradient_penalty(critic, inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = gradient_penalty(critic, inputs.bfloat16().float())
        exact = gradient_penalty(critic, inputs)
    assert exact.dtype == torch.float32
    assert float(exact.detach()) == float(plain.detach())
    assert float(cast.detach()) == pytest.approx(float(plain.detach()), rel=1e-2)


def test_ranking_looks_at_each_pair_alone() -> None:
    above, below = torch.tensor([1.0, -50.0]), torch.tensor([0.0, -52.0])
    assert float(ranking_loss(above, below)) == pytest.approx(
        (math.log1p(math.exp(-1.0)) + math.log1p(math.exp(-2.0))) / 2, rel=1e-5
    )
    assert float(ranking_loss(below, above)) > float(ranking_loss(above, below))


def test_views_come_from_the_generator_alone_and_differ_from_image_to_image() -> None:
    images = torch.rand(1, 1, 16, 16, generator=random()).repeat(6, 1, 1, 1)
    first, again, other = (CriticView(1.0).of(images, random(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len({float(view.sum()) for view in first}) == len(first)


def test_gradients_pass_through_a_view() -> None:
    images = torch.rand(8, 3, 16, 16, generator=random()).requires_grad_()
    CriticView(1.0).of(images, random(1)).square().sum().backward()  # type: ignore[no-untyped-call]
    assert images.grad is not None
    assert torch.isfinite(images.grad).all()
    reached = (images.grad != 0).flatten(1).float().mean(dim=1)
    assert float(reached.min()) > 0.3  # all but what was covered or moved out
    assert float(reached.mean()) < 1.0


def test_no_share_leaves_images_alone() -> None:
    images = torch.rand(4, 1, 16, 16, generator=random())
    assert torch.equal(CriticView(0.0).of(images, random(1)), images)


def test_a_share_of_the_images_is_left_alone() -> None:
    """Without untouched images a generator could draw what views look like (Karras et al. 2020, section 2.2)."""
    images = torch.rand(400, 1, 8, 8, generator=random())
    untouched = (CriticView(0.5).of(images, random(1)) == images).flatten(1).all(dim=1)
    assert 0.05 < float(untouched.float().mean()) < 0.25
