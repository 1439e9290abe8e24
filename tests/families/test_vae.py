"""The VAE's prior and its two stages, beyond what the contract asks of every family."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from models import registry
from models.api import DROPPED, Attribute, Batch, Condition
from models.families.vae import CRITICISE, SHARPEN, Vae
from models.nets.mixture_prior import MixturePrior
from models.training.augment import PARAMETERS
from tests.helpers.prepared_factory import four_pictures
from tests.helpers.tiny_families import SIZE, tiny

TOLD = (2, (Attribute("scanner", ("A", "B", "C")), Attribute("age", low=20.0, high=80.0)))
NAN = math.nan
CONDITIONS = [(0, NAN, NAN), (1, 2.0, 0.3), (DROPPED, NAN, 0.9), (DROPPED, NAN, NAN)]


def bent_prior(width: int = 1) -> MixturePrior:
    """A prior whose conditions have moved its components somewhere."""
    torch.manual_seed(0)
    prior = MixturePrior(TOLD, 3, width)
    last = prior.bend[-1]
    torch.nn.init.normal_(last.weight, std=0.3)
    torch.nn.init.normal_(last.bias, std=0.5)
    return prior


def asked(row: tuple[int, float, float], count: int) -> Condition:
    return Condition(torch.full((count,), row[0]), torch.tensor([row[1:]] * count))


@pytest.mark.parametrize("row", CONDITIONS)
def test_the_density_of_the_prior_integrates_to_one(row: tuple[int, float, float]) -> None:
    places = torch.linspace(-30, 30, 60_001)
    with torch.no_grad():
        densities = bent_prior().log_density(places[:, None], asked(row, len(places))).double().exp()
    assert float(torch.trapezoid(densities, places)) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("row", CONDITIONS)
def test_codes_lie_where_the_density_says(row: tuple[int, float, float]) -> None:
    """The shares of drawn codes below some places are the density's integrals up to there."""
    prior, count = bent_prior(), 20_000
    random = torch.Generator().manual_seed(1)
    uniform, normal = torch.rand(count, generator=random), torch.randn((count, 1), generator=random)
    grid = torch.linspace(-30, 30, 6001)
    with torch.no_grad():
        codes = prior.place(asked(row, count), uniform, normal)[:, 0]
        below = prior.log_density(grid[:, None], asked(row, len(grid))).exp().cumsum(0) * (grid[1] - grid[0])
    for place in codes.quantile(torch.tensor([0.1, 0.4, 0.7, 0.95])):
        share = float((codes <= place).float().mean())
        assert float(below[(grid <= place).sum() - 1]) == pytest.approx(share, abs=0.02)


def test_an_untrained_prior_is_the_same_for_every_condition() -> None:
    """So that a rare class starts where all images lie."""
    prior, codes = MixturePrior(TOLD, 3, 4), torch.randn(5, 4)
    densities = [prior.log_density(codes, asked(row, 5)) for row in CONDITIONS]
    assert all(torch.equal(one, densities[0]) for one in densities)


def fitted_prior(codes: Tensor, labels: Tensor) -> MixturePrior:
    torch.manual_seed(0)
    prior = MixturePrior((2, ()), 2, 4)
    optimiser = torch.optim.Adam(prior.parameters(), 1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        (-prior.log_density(codes, Condition(labels)).mean()).backward()
        optimiser.step()
    return prior


def test_a_rare_class_borrows_from_the_common_one() -> None:
    """Four codes of a rare class: beside a common one, its unseen codes are likelier than from those four alone."""
    random = torch.Generator().manual_seed(0)
    spread = torch.tensor([2.0, 0.5, 1.0, 0.2])
    common, rare, unseen = (torch.randn((count, 4), generator=random) * spread for count in (200, 4, 200))
    few, many = torch.ones(4, dtype=torch.int64), torch.zeros(200, dtype=torch.int64)
    alone = fitted_prior(rare, few)
    borrowing = fitted_prior(torch.cat([common, rare]), torch.cat([many, few]))
    with torch.no_grad():
        asked_for = Condition(torch.ones(200, dtype=torch.int64))
        gain = borrowing.log_density(unseen, asked_for) - alone.log_density(unseen, asked_for)
    assert float(gain.mean()) > 1.0


def family(**options: object) -> Vae:
    torch.manual_seed(0)
    built = registry.build(tiny("vae", **options))
    assert isinstance(built, Vae)
    return built


def batch(augmentation: Tensor | None = None) -> Batch:
    images, labels = four_pictures(SIZE)
    told = torch.zeros(4, PARAMETERS) if augmentation is None else augmentation
    return Batch(torch.from_numpy(images), Condition(torch.from_numpy(labels)), told)


def test_a_critic_brings_a_stage_of_its_own() -> None:
    plain, sharpened = family(), family(critic=0.1)
    assert [stage.name for stage in plain.stages] == ["autoencode"]
    assert [stage.name for stage in sharpened.stages] == ["autoencode", "sharpen"]
    assert set(sharpened.network.state_dict()) > set(plain.network.state_dict())


def test_the_second_stage_leaves_the_encoder_alone() -> None:
    vae = family(critic=0.1)
    for phase in (SHARPEN, CRITICISE):
        vae.network.zero_grad(set_to_none=True)
        vae.loss(batch(), phase, 0, torch.Generator().manual_seed(0)).total.backward()
        assert all(value.grad is None for value in vae.encoder.parameters())
        moved = {id(value) for value in vae.parameters(phase)}
        assert not moved & {id(value) for value in vae.encoder.parameters()}
    assert all(value.grad is None for value in vae.decoder.parameters())


def test_the_weight_of_the_critic_is_an_option() -> None:
    losses = [
        family(critic=weight).loss(batch(), SHARPEN, 0, torch.Generator().manual_seed(0)) for weight in (0.1, 0.2, 0.3)
    ]
    totals = [one.total.item() for one in losses]
    assert totals[2] - totals[0] == pytest.approx(2 * (totals[1] - totals[0]), rel=1e-3)
    assert totals[1] - totals[0] == pytest.approx(0.1 * losses[0].named["disbelief"], rel=1e-3)


def test_the_network_is_told_the_augmentation() -> None:
    moved = torch.zeros(4, PARAMETERS)
    moved[:, 1] = 1.0
    plain, told = (
        family().loss(batch(one), "autoencode", 0, torch.Generator().manual_seed(0)) for one in (None, moved)
    )
    assert plain.total.item() != told.total.item()
