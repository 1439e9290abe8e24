"""The quantiser, the codec and the decoding of hidden codes, each against what is known of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from models.codecs.space_to_depth import SpaceToDepth
from models.codecs.vector_quantised import FiniteScalarQuantiser, QuantisedCodec, reconstruction_loss
from models.nets.token_transformer import HIDDEN, CodeShape
from models.objectives.masked_tokens import AHEAD, masked_loss
from models.sampling.masked_decoding import decode_masked, revealed

SHAPE = CodeShape(grid=3, numbers=2, levels=5)
CPU = torch.device("cpu")


@pytest.mark.parametrize("levels", [2, 5, 8])
def test_every_code_is_reached_and_comes_back(levels: int) -> None:
    quantiser = FiniteScalarQuantiser(levels)
    values = quantiser.quantise(torch.linspace(-4, 4, 1001))
    codes = quantiser.codes(values)
    assert codes.unique().tolist() == list(range(levels))
    assert bool((codes.diff() >= 0).all())
    assert torch.allclose(quantiser.values(codes), values)
    every = torch.arange(levels)
    assert quantiser.codes(quantiser.values(every)).tolist() == every.tolist()
    assert float(values.min()) == -1.0
    assert float(values.max()) == 1.0


def test_levels_are_used_evenly_by_what_is_even() -> None:
    quantiser = FiniteScalarQuantiser(4)
    raw = torch.atanh(torch.linspace(-0.999, 0.999, 4001))
    shares = torch.bincount(quantiser.codes(quantiser.quantise(raw))) / 4001
    assert torch.allclose(shares, torch.tensor([1, 2, 2, 1]) / 6, atol=0.01)


@pytest.mark.parametrize("levels", [4, 5])
def test_the_gradient_passes_straight_through(levels: int) -> None:
    raw = torch.linspace(-2, 2, 21, requires_grad=True)
    FiniteScalarQuantiser(levels).quantise(raw).sum().backward()  # type: ignore[no-untyped-call]
    assert raw.grad is not None
    assert torch.allclose(raw.grad, 1 - torch.tanh(raw.detach()) ** 2, atol=1e-5)


def test_one_level_is_refused() -> None:
    with pytest.raises(ValueError, match="2 levels"):
        FiniteScalarQuantiser(1)


def codec() -> QuantisedCodec:
    torch.manual_seed(0)
    return QuantisedCodec(SpaceToDepth(2, -0.5, 0.4), (3, 16), (16, 32), (4, 5))


def test_codes_of_an_image_have_their_grid_and_places_in_reading_order() -> None:
    one = codec()
    images = torch.rand(2, 3, 16, 16) * 2 - 1
    codes = one.encode(images)
    assert codes.shape == (2, 16, 4)
    assert int(codes.min()) >= 0
    assert int(codes.max()) <= 4
    values = one.quantiser.values(codes)[:, 7]
    assert torch.allclose(values, one.quantiser.quantise(one.raw(images))[:, :, 1, 3], atol=1e-6)
    decoded = one.decode(codes)
    assert decoded.shape == images.shape
    assert torch.allclose(one.decode(codes[1:]), decoded[1:], atol=1e-5)


def test_the_reconstruction_loss_is_zero_for_a_perfect_codec_and_counts_edges() -> None:
    one = codec()
    images = torch.rand(2, 3, 16, 16) - 0.5
    random = torch.Generator()
    wanted = one.fold.encode(images)
    one.folded = lambda values: wanted  # type: ignore[method-assign]
    assert float(reconstruction_loss(one, images, 0.0, random)) == pytest.approx(0.0, abs=1e-6)
    one.folded = lambda values: wanted + 0.1  # type: ignore[method-assign]
    even = float(reconstruction_loss(one, images, 0.0, random))
    checked = 0.1 * (-1.0) ** torch.arange(16)
    stripes = torch.nn.functional.pixel_unshuffle(checked.expand(2, 3, 16, 16), 2)
    one.folded = lambda values: wanted + stripes  # type: ignore[method-assign]
    assert even == pytest.approx(0.1, abs=1e-5)
    assert float(reconstruction_loss(one, images, 0.0, random)) == pytest.approx(0.2, abs=1e-5)


def test_a_guess_that_knows_costs_nothing_and_one_that_does_not_costs_the_logarithm_of_the_levels() -> None:
    codes = torch.randint(0, 5, (8, 9, 2), generator=torch.Generator().manual_seed(0))
    seen: list[Tensor] = []

    def knows(shown: Tensor) -> Tensor:
        seen.append(shown)
        return torch.nn.functional.one_hot(codes, 5) * 50.0

    assert float(masked_loss(knows, codes, 0.0, torch.Generator().manual_seed(1))) < 1e-6
    blind = masked_loss(lambda shown: torch.zeros(8, 9, 2, 5), codes, 0.0, torch.Generator().manual_seed(1))
    assert float(blind) == pytest.approx(torch.tensor(5.0).log().item())
    (shown,) = seen
    hidden = shown == HIDDEN
    assert torch.equal(shown[~hidden], codes[~hidden])
    assert 0.4 < float(hidden.float().mean()) < 0.85


def test_only_what_is_hidden_is_asked_and_what_is_seen_may_be_wrong() -> None:
    codes = torch.randint(0, 5, (64, 9, 2), generator=torch.Generator().manual_seed(0))
    shown: list[Tensor] = []

    def right_where_hidden(seen: Tensor) -> Tensor:
        shown.append(seen)
        answer = torch.where(seen == HIDDEN, codes, (codes + 1) % 5)
        return torch.nn.functional.one_hot(answer, 5) * 50.0

    assert float(masked_loss(right_where_hidden, codes, 0.5, torch.Generator().manual_seed(1))) < 1e-6
    open_ = shown[0] != HIDDEN
    wrong = float((shown[0][open_] != codes[open_]).float().mean())
    assert 0.3 < wrong < 0.5


def test_numbers_far_ahead_are_not_asked_for() -> None:
    """A guess that knows the first two numbers only is as good as one that knows all, until the first is known."""
    codes = torch.randint(0, 5, (256, 9, 6), generator=torch.Generator().manual_seed(0))
    shown: list[Tensor] = []

    def knows_what_is_near(seen: Tensor) -> Tensor:
        shown.append(seen)
        known = (seen != HIDDEN).sum(dim=(1, 2)) / 9
        near = torch.arange(6) < known[:, None] + AHEAD + 1
        return torch.nn.functional.one_hot(codes, 5) * near[:, None, :, None] * 50.0

    assert float(masked_loss(knows_what_is_near, codes, 0.0, torch.Generator().manual_seed(1))) < 1e-6
    hidden = shown[0] == HIDDEN
    assert bool(hidden[:, :, 5].float().mean() > hidden[:, :, 0].float().mean() + 0.5)


def test_half_of_the_images_are_decoded_from_their_first_numbers() -> None:
    one = codec()
    seen: list[Tensor] = []
    images = torch.rand(400, 3, 16, 16) - 0.5
    wanted = one.fold.encode(images)
    one.folded = lambda values: seen.append(values) or wanted  # type: ignore[method-assign, func-returns-value]
    reconstruction_loss(one, images, 0.0, torch.Generator().manual_seed(0))
    lost = (seen[0] == 0).all(dim=3).all(dim=2)
    assert not bool(lost[:, 0].any())
    assert bool((lost[:, 1:].int() >= lost[:, :-1].int()).all())
    assert 0.25 < float(lost[:, -1].float().mean()) < 0.5


@pytest.mark.parametrize(("total", "steps"), [(512, 8), (512, 1), (18, 18), (10, 40), (384, 383)])
def test_every_step_reveals_something_and_the_last_the_rest(total: int, steps: int) -> None:
    counts = revealed(total, steps)
    assert len(counts) == min(steps, total)
    assert counts[-1] == total
    assert all(after > before for before, after in pairwise([0, *counts]))


def test_few_are_revealed_at_first() -> None:
    counts = revealed(1000, 8)
    gains = [after - before for before, after in pairwise([0, *counts])]
    assert gains == sorted(gains)


def remembering(seen: list[Tensor]) -> object:
    """A guess that depends on what is known, and keeps what it was shown."""

    def guess(codes: Tensor) -> Tensor:
        seen.append(codes.clone())
        known = (codes != HIDDEN).double().mean(dim=(1, 2))
        place = torch.arange(SHAPE.places * SHAPE.numbers * SHAPE.levels).double()
        odds = torch.sin(place).view(1, SHAPE.places, SHAPE.numbers, SHAPE.levels)
        return odds * (1 + known.view(-1, 1, 1, 1))

    return guess


@pytest.mark.parametrize("steps", [1, 4, 18])
def test_decoding_reveals_all_numbers_in_exactly_its_steps(steps: int) -> None:
    seen: list[Tensor] = []
    told: list[tuple[int, int]] = []
    codes = decode_masked(
        remembering(seen),  # type: ignore[arg-type]
        [1, 2, 3],
        SHAPE,
        CPU,
        steps=steps,
        on_step=lambda done, total: told.append((done, total)),
    )
    assert told == [(number, steps) for number in range(1, steps + 1)]
    assert codes.shape == (3, SHAPE.places, SHAPE.numbers)
    assert int(codes.min()) >= 0
    assert int(codes.max()) < SHAPE.levels
    hidden = [(state == HIDDEN).sum(dim=(1, 2)).tolist() for state in seen]
    wanted = [SHAPE.places * SHAPE.numbers - count for count in [0, *revealed(18, steps)[:-1]]]
    assert hidden == [[count] * 3 for count in wanted]
    for before, after in pairwise([*seen, codes]):
        kept = before != HIDDEN
        assert torch.equal(after[kept], before[kept])
        begun, full = kept.any(dim=1), kept.all(dim=1)
        assert bool((full[:, 0] | ~begun[:, 1]).all()), "the second number of a place came before the first of another"


def test_decoding_depends_on_the_seed_and_not_on_the_batch() -> None:
    def drawn(seeds: list[int]) -> Tensor:
        return decode_masked(remembering([]), seeds, SHAPE, CPU, steps=5, on_step=lambda done, total: None)  # type: ignore[arg-type]

    together = drawn([7, 8, 9])
    assert torch.equal(together, drawn([7, 8, 9]))
    assert torch.equal(together, torch.cat([drawn([seed]) for seed in (7, 8, 9)]))
    assert not torch.equal(together[0], together[1])


def test_levels_are_drawn_as_often_as_the_guess_says() -> None:
    shares = torch.tensor([0.1, 0.2, 0.4, 0.05, 0.25], dtype=torch.float64)
    odds = shares.log().expand(400, SHAPE.places, SHAPE.numbers, SHAPE.levels)
    codes = decode_masked(lambda codes: odds, list(range(400)), SHAPE, CPU, steps=1, on_step=lambda done, total: None)
    found = torch.bincount(codes.flatten(), minlength=5) / codes.numel()
    assert torch.allclose(found.double(), shares, atol=0.02)


def test_the_surest_comes_first_unless_chance_overrules_it() -> None:
    odds = torch.zeros(60, SHAPE.places, SHAPE.numbers, SHAPE.levels, dtype=torch.float64)
    odds[:, 4, 0, 2] = 30.0
    seen: list[Tensor] = []

    def guess(codes: Tensor) -> Tensor:
        seen.append(codes)
        return odds

    for wander in (0.0, 20.0):
        decode_masked(guess, list(range(60)), SHAPE, CPU, steps=18, on_step=lambda done, total: None, wander=wander)
    surest, overruled = ((seen[at][:, 4, 0] != HIDDEN).float().mean() for at in (1, 19))
    assert float(surest) == 1.0
    assert 0.05 < float(overruled) < 0.5
