"""The score tells engines apart: copying scores low, deleting scores low, each single mistake is seen."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image, PngImagePlugin
from pydicom.dataset import Dataset

from app.deid.planting import dates as planting_dates
from app.deid.planting.demands import answer_key
from app.deid.planting.key import Action, AnswerKey
from app.deid.planting.plant import Planted, plant_all
from app.deid.planting.standard import standard
from app.deid.planting.values import read
from app.deid.scoring import hits as scoring_hits
from app.deid.scoring.run import clean_all
from app.deid.scoring.score import Score, score
from app.deid.scoring.text import hide_text, text_finder
from app.domain.deid import Profile, Protection

RESEARCH = Protection.of(Profile.RESEARCH)
Change = Callable[[Dataset], None]


@dataclass(frozen=True)
class Ground:
    """Planted files, their key, and what the program's own engine made of their headers."""

    planted: list[Planted]
    key: AnswerKey
    cleaned: dict[str, Path]

    @property
    def sources(self) -> dict[str, Path]:
        return {one.path.name: one.path for one in self.planted}

    def score(self, cleaned: dict[str, Path]) -> Score:
        return score(self.key, cleaned, self.sources)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    folder = tmp_path_factory.mktemp("ground")
    planted = plant_all(folder / "planted")
    key = answer_key(planted, standard(RESEARCH), pixels=True)
    return Ground(planted, key, clean_all(planted, RESEARCH, folder / "cleaned", None))


def changed(ground: Ground, folder: Path, change: Change, kinds: tuple[str, ...] = ()) -> dict[str, Path]:
    """The cleaned files with a change made to each, or to those of some modalities."""
    made = {}
    for name, path in ground.cleaned.items():
        dataset = pydicom.dcmread(path)
        if not kinds or dataset.Modality in kinds:
            change(dataset)
        made[name] = folder / path.name
        dataset.save_as(made[name])
    return made


def share(result: Score, action: Action) -> float:
    return result.tallies[action].share


def test_an_engine_that_copies_scores_low(ground, tmp_path):
    copied = {
        name: Path(shutil.copy(path, tmp_path / f"{n}.dcm")) for n, (name, path) in enumerate(ground.sources.items())
    }
    result = ground.score(copied)
    assert result.total.share < 0.5
    low = (Action.DATE_SHIFTED, Action.PATID_CONSISTENT, Action.PIXELS_HIDDEN, Action.UID_CHANGED, Action.TEXT_REMOVED)
    assert all(share(result, action) < 0.02 for action in low)
    assert share(result, Action.TEXT_RETAINED) > 0.99


def test_an_engine_that_writes_nothing_scores_nothing(ground):
    assert ground.score({}).total.correct == 0


def test_an_engine_that_deletes_everything_scores_low(ground, tmp_path):
    def empty(dataset: Dataset) -> None:
        for tag in list(dataset.keys()):
            del dataset[tag]

    result = ground.score(changed(ground, tmp_path, empty))
    assert result.total.share < 0.6
    assert share(result, Action.TEXT_REMOVED) == 1
    kept = (
        Action.TEXT_RETAINED,
        Action.TAG_RETAINED,
        Action.TEXT_NOTNULL,
        Action.PIXELS_RETAINED,
        Action.UID_CONSISTENT,
    )
    assert all(share(result, action) == 0 for action in kept)


def keep_date(dataset: Dataset) -> None:
    dataset.StudyDate = "20191127"


def one_date_for_all(dataset: Dataset) -> None:
    for element in dataset.iterall():
        if element.VR in {"DA", "DT"}:
            element.value = "19000101"


def own_identifier(dataset: Dataset) -> None:
    dataset.PatientID = f"X{dataset.Modality}"


def other_uid(dataset: Dataset) -> None:
    dataset.StudyInstanceUID = f"2.25.{len(dataset.Modality)}{dataset.Columns}"


def name_back(dataset: Dataset) -> None:
    dataset.StudyDescription = "Abdomen contrast GRÜNFELDOVÁ"


def lost_value(dataset: Dataset) -> None:
    del dataset.KVP


def other_value(dataset: Dataset) -> None:
    dataset.KVP = 121


def emptied(dataset: Dataset) -> None:
    dataset.StudyTime = ""


def lost_tag(dataset: Dataset) -> None:
    del dataset.AccessionNumber


def brighter(dataset: Dataset) -> None:
    pixels = dataset.pixel_array.copy()
    pixels[100:160] += 1
    dataset.PixelData = pixels.tobytes()


@pytest.mark.parametrize(
    ("change", "action"),
    [
        (keep_date, Action.DATE_SHIFTED),
        (one_date_for_all, Action.DATE_SHIFTED),
        (own_identifier, Action.PATID_CONSISTENT),
        (other_uid, Action.UID_CONSISTENT),
        (name_back, Action.TEXT_REMOVED),
        (lost_value, Action.TEXT_RETAINED),
        (other_value, Action.TEXT_RETAINED),
        (emptied, Action.TEXT_NOTNULL),
        (lost_tag, Action.TAG_RETAINED),
        (brighter, Action.PIXELS_RETAINED),
    ],
)
def test_a_single_mistake_is_seen(ground, tmp_path, change: Change, action: Action):
    before = ground.score(ground.cleaned)
    after = ground.score(changed(ground, tmp_path, change, kinds=("CT",)))
    assert after.tallies[action].correct < before.tallies[action].correct
    assert after.tallies[action].required == before.tallies[action].required
    assert any(what is action for _, _, what in after.misses)


def test_the_same_uid_for_two_originals_is_not_consistent(ground, tmp_path):
    def all_one(dataset: Dataset) -> None:
        dataset.SOPInstanceUID = "2.25.1"

    result = ground.score(changed(ground, tmp_path, all_one))
    assert (
        result.tallies[Action.UID_CONSISTENT].correct
        == ground.score(ground.cleaned).tallies[Action.UID_CONSISTENT].correct - 8
    )


def test_misses_hold_places_and_no_values(ground):
    told = repr(ground.score({}).misses)
    assert "PatientName" in told
    assert not any(one.person.facts[fact] in told for one in ground.planted for fact in ("id", "phone", "accession"))


def test_letters_are_hidden_only_when_they_are_gone(ground, tmp_path):
    """Black boxes exactly over the text satisfy both pixel actions; a margin too thin does not."""
    boxes = {one.path.name: one.letters for one in ground.planted if one.letters}

    def boxed(shrink: int) -> Score:
        made = dict(ground.cleaned)
        for name, letters in boxes.items():
            dataset = read(ground.cleaned[name])
            pixels = dataset.pixel_array.copy()
            for box in letters:
                pixels[box.top : box.bottom, box.left : box.right - shrink] = pixels.min()
            dataset.PixelData = pixels.tobytes()
            made[name] = tmp_path / f"{shrink}-{ground.cleaned[name].name}"
            dataset.save_as(made[name])
        return ground.score(made)

    exact, thin = boxed(0), boxed(60)
    assert (share(exact, Action.PIXELS_HIDDEN), share(exact, Action.PIXELS_RETAINED)) == (1, 1)
    assert share(thin, Action.PIXELS_HIDDEN) == 0


@pytest.mark.skipif(text_finder() is None, reason="no reader of letters in this installation")
def test_burned_in_text_is_hidden_by_the_finder_itself(ground, tmp_path):
    name = next(name for name in ground.cleaned if "_OT" in name)
    dataset = pydicom.dcmread(ground.cleaned[name])
    finder = text_finder()
    assert finder is not None
    assert hide_text(dataset, finder).text == "redacted"
    dataset.save_as(tmp_path / "hidden.dcm")
    result = ground.score({**ground.cleaned, name: tmp_path / "hidden.dcm"})
    missed = {action for file, _, action in result.misses if file == name}
    assert not missed & {Action.PIXELS_HIDDEN, Action.PIXELS_RETAINED}


@pytest.mark.parametrize(
    ("before", "after", "seconds"),
    [
        ("20200301", "20200229", -86_400),
        ("20200301120000.5+0100", "20200301110000+0100", -3600),
        ("202003011200", "20200302", 86_400),
        ("20200301", "", None),
        ("20200301", "20201399", None),
        ("20200301", None, None),
    ],
)
def test_spans_between_dates(before, after, seconds):
    assert planting_dates.moved_s(before, after) == seconds


def test_hits_are_found_in_every_encoding_and_packing(tmp_path):
    name = "Wéndelinová"
    text = PngImagePlugin.PngInfo()
    text.add_itxt("note", f"for {name.upper()}", zip=True)
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png", pnginfo=text)
    (tmp_path / "a.txt").write_bytes(name.encode("utf-16-le") + b" " + name.upper().encode("latin-1"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = name.encode()
        archive.write(tmp_path / "a.png", f"{name}.png")
    assert scoring_hits.count(tmp_path / "a.png", [name]) == {name: 1}
    assert scoring_hits.count(tmp_path / "a.txt", [name]) == {name: 2}
    assert scoring_hits.count(tmp_path / "a.zip", [name])[name] >= 3  # comment, member's name, text in the member
    assert scoring_hits.count(tmp_path / "a.zip", ["Wendelin"]) == {}


def test_hits_in_japanese_and_cyrillic_sets(tmp_path):
    (tmp_path / "a").write_bytes("黒沢原田".encode("iso2022_jp") + b"\0" + "Никодимий".encode("iso8859-5"))
    assert scoring_hits.count(tmp_path / "a", ["黒沢原田", "НИКОДИМИЙ", "花雪小路"]) == {"黒沢原田": 1, "НИКОДИМИЙ": 1}
