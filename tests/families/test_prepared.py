"""The prepared-array folder through its writer and reader."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from models.data.feeding import Feed
from models.data.prepared import PreparedFacts, PreparedImages
from models.training.augment import PARAMETERS, Augmentation
from models.training.deck import Deck
from models.training.seeds import generator
from tests.helpers.prepared_factory import pictures, write_prepared


def blobs() -> Tensor:
    return torch.from_numpy(pictures(64, 16, seed=2)[0])


def test_what_was_written_is_read_to_sixteen_bits(tmp_path: Path) -> None:
    images, labels = pictures(6, 16, seed=3)
    facts = PreparedFacts(
        classes=("a", "b"),
        labels=tuple(labels.tolist()),
        split=("train",) * 3 + ("val", "test", "train"),
        groups=(0, 0, 1, 2, 3, 4),
        sources=tuple("uvwxyz"),
        recipe={"plane": "axial"},
        pixel_spacing_mm=((0.5, 0.7), None, None, None, None, None),
        windows=((-160.0, 240.0),) * 6,
    )
    written = PreparedImages.write(tmp_path / "prepared", images, facts)
    opened = PreparedImages.open(tmp_path / "prepared")
    assert opened.facts == facts == written.facts
    assert (opened.size, opened.channels, len(opened)) == (16, 1, 6)
    assert np.abs(opened.images(range(6)) - images).max() <= 1 / 65535
    assert opened.subset("train").tolist() == [0, 1, 2, 5]
    assert opened.class_counts() == {"a": 3, "b": 3}
    assert opened.class_counts("test") == {"a": 1, "b": 0}
    assert opened.statistics()[0] == pytest.approx(float(images[[0, 1, 2, 5]].mean()), abs=1e-4)


def test_writing_again_replaces_the_folder_whole(tmp_path: Path) -> None:
    write_prepared(tmp_path / "p", train=8)
    again = write_prepared(tmp_path / "p", train=4)
    assert len(again) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_refused_write_leaves_nothing_behind(tmp_path: Path) -> None:
    images, _ = pictures(2, 16, seed=0)
    facts = write_prepared(tmp_path / "p", train=3).facts
    with pytest.raises(ValueError, match="3 entries for 2 images"):
        PreparedImages.write(tmp_path / "q", images, facts)
    with pytest.raises(ValueError, match="no class name"):
        PreparedImages.write(tmp_path / "q", pictures(3, 16, 0)[0], replace(facts, labels=(0, 1, 2)))
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


@pytest.mark.parametrize(("key", "value"), [("schema", 2), ("labels", [0]), ("classes", None)])
def test_a_foreign_document_is_refused(tmp_path: Path, key: str, value: object) -> None:
    write_prepared(tmp_path / "p", train=4)
    path = tmp_path / "p" / "prepared.json"
    document = json.loads(path.read_text())
    if value is None:
        del document[key]
    else:
        document[key] = value
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="prepared data"):
        PreparedImages.open(tmp_path / "p")


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PreparedImages.open(tmp_path / "nowhere")


def test_the_deck_deals_every_image_once_a_round_and_can_be_put_down() -> None:
    random = generator(0, "deck")
    deck = Deck(10)
    dealt = torch.cat([deck.deal(4, random) for _ in range(5)]).tolist()
    assert sorted(dealt[:10]) == sorted(dealt[10:]) == list(range(10))
    assert dealt[:10] != dealt[10:]
    assert len(Deck(3).deal(8, random)) == 8
    with pytest.raises(ValueError, match="no training images"):
        Deck(0)


def test_augmentation_tells_what_it_did_and_leaves_the_rest_alone() -> None:
    images = blobs()
    moved, told = Augmentation(share=0.5).apply(images, generator(1, "augment"))
    untouched = (told == 0).all(dim=1)
    assert told.shape == (64, PARAMETERS)
    assert 10 < int(untouched.sum()) < 54
    assert bool((moved[untouched] == images[untouched]).all())
    assert bool((moved[~untouched] != images[~untouched]).flatten(1).any(dim=1).all())
    assert float(moved.min()) >= -1.0001
    assert float(told.abs().max()) <= 1.0


def test_a_pure_flip_mirrors_the_image() -> None:
    images = blobs()
    still = Augmentation(share=1.0, flip=1.0, degrees=0.0, scale=0.0, shift=0.0)
    moved, told = still.apply(images, generator(1, "augment"))
    assert bool((told[:, 0] == 1).all())
    assert float((moved - images.flip(3)).abs().max()) < 1e-5


def test_a_feed_of_an_empty_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no training images"):
        Feed(write_prepared(tmp_path / "p", train=4), "val")
