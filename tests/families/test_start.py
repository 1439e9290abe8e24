"""Beginning from another run's weights: what has the same name goes on, what is new begins as "any of them"."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models import registry
from models.api import DROPPED, Attribute, Condition, Family, FamilyConfig
from models.config import training_plan
from models.data.feeding import Feed
from models.start import checkpoint_start
from models.start.checkpoint_start import CheckpointStart
from models.start.opening import opened
from models.start.skeleton import skeleton
from models.training import checkpoint
from models.training.seeds import noise
from models.training.state import RunState
from tests.helpers.prepared_factory import write_prepared
from tests.helpers.tiny_families import ATTRIBUTES, OPTIONS, tiny

OTHER_ATTRIBUTES = (
    Attribute("age", low=20.0, high=80.0),
    Attribute("sex", ("f", "m")),
    Attribute("scanner", ("C", "new", "A", "B")),
    Attribute("dose", low=0.0, high=9.0),
)


@pytest.fixture(params=registry.names())
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def disturbed(config: FamilyConfig, seed: int = 0) -> Family:
    """A family in which no weight is left at zero, so that whatever is carried over wrongly shows."""
    torch.manual_seed(seed)
    family = registry.build(config)
    with torch.no_grad():
        for number, value in enumerate(family.network.parameters()):
            value.add_(noise([number], tuple(value.shape))[0], alpha=0.05)
    family.network.eval()
    return family


def start_of(family: Family) -> CheckpointStart:
    return CheckpointStart(family.config, dict(family.network.state_dict()), 7, "")


def worn(start: CheckpointStart, wanted: FamilyConfig) -> Family:
    config = start.config(wanted)
    torch.manual_seed(99)
    family = registry.build(config)
    weights, _ = start.weights(config)
    family.network.load_state_dict(weights, strict=False)
    family.network.eval()
    return family


def drawn(family: Family, label: int, *told: float) -> Tensor:
    columns = len(family.config.attributes)
    row = torch.tensor([told or (torch.nan,) * columns]).reshape(1, columns)
    return family.sample(Condition(torch.tensor([label]), row), [5], steps=2, guidance=1.0)


def wanted(
    name: str, classes: tuple[str, ...], attributes: tuple[Attribute, ...] = (), **changes: object
) -> FamilyConfig:
    greys = {"pixel_mean": 0.0, "pixel_std": 0.5}
    return replace(tiny(name, attributes=attributes), classes=classes, options={**OPTIONS[name], **greys}, **changes)


def test_old_classes_are_drawn_as_before_wherever_they_stand_now(name: str) -> None:
    before = disturbed(tiny(name))
    after = worn(start_of(before), wanted(name, ("light", "new", "dark")))
    assert torch.equal(drawn(after, 0), drawn(before, 1))
    assert torch.equal(drawn(after, 2), drawn(before, 0))
    assert torch.equal(drawn(after, DROPPED), drawn(before, DROPPED))
    assert torch.equal(drawn(after, 1), drawn(before, DROPPED)), "a new class begins as any of the old ones"


def test_attributes_keep_their_meaning_and_new_ones_are_silent(name: str) -> None:
    before = disturbed(tiny(name, attributes=ATTRIBUTES))  # scanner of A, B, C; age
    after = worn(start_of(before), wanted(name, ("dark", "light"), OTHER_ATTRIBUTES))
    told = drawn(before, 0, 1.0, 0.3)
    near = {"rtol": 0.0, "atol": 1e-4}  # the attributes are summed in another order
    assert torch.allclose(drawn(after, 0, 0.3, torch.nan, 3.0, torch.nan), told, **near)
    assert torch.allclose(drawn(after, 0, 0.3, 1.0, 3.0, 0.8), told, **near)
    new_value = drawn(after, 0, 0.3, torch.nan, 1.0, torch.nan)
    assert torch.allclose(new_value, drawn(before, 0, torch.nan, 0.3), **near)
    assert not torch.allclose(drawn(after, 0, 0.9, torch.nan, 3.0, torch.nan), told, **near)


def test_attributes_that_are_gone_count_as_not_asked(name: str) -> None:
    before = disturbed(tiny(name, attributes=ATTRIBUTES))
    after = worn(start_of(before), wanted(name, ("dark", "light")))
    assert torch.allclose(drawn(after, 1), drawn(before, 1), atol=1e-4)


def test_what_was_taken_over_is_told(name: str) -> None:
    start = start_of(disturbed(tiny(name, attributes=ATTRIBUTES[:1])))
    config = start.config(wanted(name, ("light", "third"), ATTRIBUTES[1:]))
    _, taken = start.weights(config)
    assert (taken.kept, taken.new, taken.lost) == (("light",), ("third",), ("dark",))
    assert (taken.attributes_kept, taken.attributes_new, taken.attributes_lost) == ((), ("age",), ("scanner",))
    assert 0.3 < taken.share < 1.0
    assert (taken.kind, taken.step, taken.size, taken.own_greys) == ("checkpoint", 7, 16, False)
    _, whole = start.weights(start.source)
    assert whole.share == 1.0
    assert json.loads(json.dumps(taken.to_json()))["new"] == ["third"]


def test_everything_that_is_not_taken_over_is_trained_on(name: str, tmp_path: Path) -> None:
    """The new network steps, and its first averages are the weights that it began with."""
    start = start_of(disturbed(tiny(name)))
    data = write_prepared(tmp_path / "three", classes=("light", "third", "dark"), train=12)
    config = start.config(wanted(name, data.classes))
    plan = training_plan(config, images=12, steps=2, batch=4, precision="fp32", warm_up=1)
    state = RunState(plan, Feed(data, "train"))
    state.family.network.load_state_dict(start.weights(config)[0], strict=False)
    assert all(torch.isfinite(torch.tensor(list(state.train_step(1e-4).values()))))


def test_another_size_where_the_network_takes_it() -> None:
    start = start_of(disturbed(tiny("diffusion")))
    larger = start.config(wanted("diffusion", ("dark", "light"), size=32))
    weights, taken = start.weights(larger)
    assert (taken.share, taken.size) == (1.0, 16)
    family = registry.build(larger)
    family.network.load_state_dict(weights)
    assert drawn(family, 0).shape == (1, 1, 32, 32)


def test_another_size_where_the_network_does_not_take_it() -> None:
    start = start_of(disturbed(tiny("vae")))
    larger = start.config(wanted("vae", ("dark", "light"), size=32))
    with pytest.raises(ValueError, match="fit pictures of 16 pixels only, not of 32"):
        start.weights(larger)


def test_other_colours_and_other_families_are_refused() -> None:
    start = start_of(disturbed(tiny("vae")))
    with pytest.raises(ValueError, match="it draws grey pictures, those here are colour"):
        start.config(tiny("vae", channels=3))
    with pytest.raises(ValueError, match="of the family vae, and diffusion was asked for"):
        start.config(tiny("diffusion"))


@pytest.mark.parametrize(
    ("mean", "std", "own"), [(0.0, 0.5, False), (0.2, 0.4, False), (0.3, 0.5, True), (0.0, 0.8, True), (0.0, 0.3, True)]
)
def test_grey_levels_are_the_sources_unless_they_differ_much(mean: float, std: float, own: bool) -> None:
    start = start_of(disturbed(tiny("diffusion", pixel_mean=0.0, pixel_std=0.5)))
    asked = wanted("diffusion", ("dark", "light"))
    config = start.config(replace(asked, options={**asked.options, "pixel_mean": mean, "pixel_std": std}))
    assert (config.options["pixel_std"] == std) is (own or std == 0.5)
    assert (config.options["pixel_mean"] == mean) is (own or mean == 0.0)


def saved(folder: Path, family: str = "vae") -> Path:
    data = write_prepared(folder / "data", train=8)
    plan = training_plan(tiny(family), images=8, steps=1, batch=4, precision="fp32")
    state = RunState(plan, Feed(data, "train"))
    return state.save(folder / "run" / "checkpoints", seconds=0.0, held_out_loss=None)


def test_a_checkpoint_is_found_by_either_file_and_by_its_folders(tmp_path: Path) -> None:
    path = saved(tmp_path)
    for place in (path, path.with_suffix(".safetensors"), path.parent, path.parent.parent):
        start = opened(place)
        assert (start.family, start.config(tiny("vae")).size) == ("vae", 16)


def rewritten(path: Path, **changes: object) -> None:
    """Another description, and other tensors, that fit one another by their checksum."""
    described = checkpoint.read(path)
    plan = json.loads(json.dumps(described.plan))
    options = changes.pop("options", {})
    plan["family"] |= changes
    plan["family"]["options"] |= options
    tensors = checkpoint.tensors(path, "")
    checkpoint.write(path.parent, replace(described, plan=plan), tensors)


@pytest.mark.parametrize(
    "changes",
    [
        {"family": "diffusion", "options": {}},
        {"family": "../../evil"},
        {"classes": ["dark", "light", "third"]},
        {"size": 10**9},
        {"size": "large"},
        {"channels": -1},
        {"options": {"width": 10**7}},
        {"options": {"channels": [10**6, 10**6]}},
        {"options": {"channels": [1] * 10**5}},
        {"options": {"unheard": 1}},
        {"options": {"channels": "x"}},
        {"attributes": [{"name": "a", "values": ["b"] * 3}]},
        {"attributes": 3},
    ],
    ids=str,
)
def test_a_description_that_its_tensors_do_not_bear_out_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    path = saved(tmp_path)
    rewritten(path, **changes)
    with pytest.raises(ValueError, match=r"^.{10,300}$"):
        opened(path)


def test_tensors_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    tensors = checkpoint.tensors(path, "")
    average = f"average/{checkpoint.read(path).average}/prior.means"
    tensors[average][0] = torch.inf
    checkpoint.write(path.parent, checkpoint.read(path), tensors)
    with pytest.raises(ValueError, match="not numbers"):
        opened(path)


def test_a_huge_network_is_given_up_before_it_takes_memory() -> None:
    giant = {"channels": [4096] * 5, "attention": [True] * 5, "res_blocks": 10**6, "unshuffle": 1}
    config = replace(tiny("diffusion"), options=giant)
    with pytest.raises(ValueError, match="far larger than the weights"):
        skeleton(config, tensors=100, numbers=10**5)


def test_a_description_of_any_length_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path)
    monkeypatch.setattr(checkpoint_start, "LONGEST_DESCRIPTION", 100)
    with pytest.raises(ValueError, match="far too long"):
        opened(path)
