"""Text burned into pixels: found in every form of frame, blacked out, nowhere told on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from app.deid.burned_in.blackout import blackout
from app.deid.burned_in.boxes import Box
from app.deid.burned_in.finder import TextFinder
from app.deid.burned_in.judge import is_anatomy
from app.deid.burned_in.models import Reading
from app.deid.burned_in.report import Finding, TextReport
from app.deid.burned_in.sheet import contact_sheet
from app.deid.burned_in.source import display_of
from app.deid.burned_in.views import Display
from app.domain.errors import Refused
from app.imaging import phantom
from app.services.offline import NETWORK_EVENTS
from tests.helpers.burned_text import FORMS, burned, flat
from tests.helpers.command import environment
from tests.helpers.real_data import real_data

SIDE = 192


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def textured(seed: int = 0) -> NDArray[np.uint8]:
    """A bright disc with noise on a dark ground: something to lose, and no text."""
    noise = generator(seed).normal(0, 6, (SIDE, SIDE))
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    return np.clip(60 + 80 * (np.hypot(rows, columns) < 70) + noise, 0, 255).astype(np.uint8)


def report_of(*boxes: Box, shape: tuple[int, int] = (32, 48), display: Display | None = None) -> TextReport:
    findings = tuple(Finding(box, (0,), "words", 0.9, known=False) for box in boxes)
    return TextReport(shape, 1, findings, display or Display())


@pytest.mark.parametrize(("form", "turned"), [*((form, False) for form in FORMS), ("16-bit signed", True)])
def test_text_of_ten_pixels_is_gone_in_every_form(form: str, turned: bool) -> None:
    sample = burned(textured(), generator(3), size=10, turned=turned, form=form)
    painted, report = TextFinder().redact(sample.frame[None], display=sample.display)
    assert sample.hidden(report.mask())
    assert report.mask().mean() < 0.25
    untouched = ~report.mask()
    assert (painted[0][untouched] == sample.frame[untouched]).all()
    assert not TextFinder().examine(painted, display=sample.display).found


@pytest.mark.parametrize("contrast", [1.0, 0.25])
@pytest.mark.parametrize(("level", "noise"), [(0, 0), (255, 0), (120, 0), (100, 10)])
def test_text_is_found_on_light_dark_and_noisy_grounds(level: int, noise: float, contrast: float) -> None:
    sample = burned(flat(generator(1), level, noise, SIDE), generator(4), size=14, contrast=contrast)
    assert sample.hidden(TextFinder().examine([sample.frame]).mask())


def test_nothing_is_found_where_there_is_no_text() -> None:
    frames = [textured(1), textured(2)]
    report = TextFinder().examine(frames)
    assert (report.found, report.count, report.shape) == (False, 2, (SIDE, SIDE))
    assert not report.mask().any()
    assert (blackout(frames, report) == np.array(frames)).all()


def sample_slices(folder: Path, size: int) -> list[Dataset]:
    """Slices of the sample project, one of each class; none shows text."""
    return [dcmread(path) for path in phantom.make(folder, patients=3, slices=1, size=size)]


@pytest.mark.parametrize("size", [96, 128])
def test_no_organ_of_the_sample_project_is_taken_for_a_letter(tmp_path: Path, size: int) -> None:
    for dataset in sample_slices(tmp_path, size):
        assert not TextFinder().examine([dataset.pixel_array], display=display_of(dataset)).findings


@pytest.mark.parametrize(("size", "turned"), [(10, True), (14, False), (20, False)])
def test_text_over_the_sample_project_is_gone(tmp_path: Path, size: int, turned: bool) -> None:
    dataset = sample_slices(tmp_path, 160)[0]
    (low, high), *_ = display_of(dataset).windows
    levels = np.clip((dataset.pixel_array - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    sample = burned(levels, generator(9), size=size, turned=turned)
    _, report = TextFinder().redact(sample.frame[None])
    assert sample.hidden(report.mask())


@pytest.mark.parametrize(
    ("text", "confidence", "side", "anatomy"),
    [
        ("0", 0.998, 40, True),
        ("0", 0.998, 14, False),
        ("68", 0.96, 35, True),
        ("680", 0.75, 41, True),
        ("680", 0.95, 41, False),
        ("CC.", 0.99, 36, True),
        ("AB", 0.95, 36, False),
        ("0698", 0.7, 36, False),
        ("Li", 0.85, 14, False),
    ],
)
def test_only_large_boxes_with_hardly_a_word_in_them_are_anatomy(
    text: str, confidence: float, side: int, anatomy: bool
) -> None:
    assert is_anatomy(Reading(text, confidence), Box(5, 5, 5 + side, 5 + 2 * side)) is anatomy


@pytest.mark.parametrize("frame", [np.zeros((64, 64), np.int16), np.full((40, 40, 3), 9, np.uint8), np.eye(12)])
def test_frames_that_can_hold_no_text_need_no_models(frame: NDArray[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.deid.burned_in.look.detector", None)
    assert not TextFinder().examine([frame, frame]).found


def test_identities_of_the_header_are_recognised_and_kept_out_of_representations() -> None:
    sample = burned(flat(generator(), 0, side=SIDE), generator(2), size=16)
    report = TextFinder().examine([sample.frame], known=[sample.text])
    assert [finding.known for finding in report.findings] == [True]
    assert report.findings[0].text.split()[0] not in repr(report)
    stranger = TextFinder().examine([sample.frame], known=["QWXVKJ", "19010101"])
    assert [finding.known for finding in stranger.findings] == [False]
    assert stranger.found


def test_harmless_marks_may_stay_where_the_policy_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.helpers.burned_text.TEXTS", ("25 mm",))
    sample = burned(flat(generator(), 0, side=SIDE), generator(5), size=24)
    kept = TextFinder(keep_marks=True).examine([sample.frame])
    assert [finding.kept for finding in kept.findings] == [True]
    assert not kept.found
    assert TextFinder(keep_marks=True).examine([sample.frame], known=["25mm"]).found
    assert TextFinder().examine([sample.frame]).found


def test_what_one_frame_shows_is_blacked_out_in_all() -> None:
    plain = textured()
    sample = burned(plain, generator(6), size=16)
    frames = np.array([plain, sample.frame, plain])
    painted, report = TextFinder().redact(frames)
    assert {finding.frames for finding in report.findings} == {(1,)}
    assert (painted[:, report.mask()] == frames.min()).all()
    assert sample.hidden(report.mask())


def test_only_the_regions_stay_where_that_is_wanted_and_text_in_them_goes() -> None:
    sample = burned(textured(), generator(7), size=16)
    region = Box(20, 10, 180, 190)
    painted, report = TextFinder(outside_regions=True).redact(sample.frame[None], regions=[region])
    outside = np.ones((SIDE, SIDE), bool)
    outside[region.slices] = False
    assert (painted[0][outside] == sample.frame.min()).all()
    assert sample.hidden(report.mask())
    assert TextFinder().examine([textured()], regions=[region]).found is False


def test_a_frame_whose_text_does_not_go_is_refused() -> None:
    class Stubborn(TextFinder):
        def examine(self, frames: Any, **options: Any) -> TextReport:
            return report_of(Box(4, 4, 12, 40))

    with pytest.raises(Refused) as refusal:
        Stubborn().redact(np.ones((1, 32, 48), np.uint8))
    assert refusal.value.code == "text-remains"


BOX = Box(10, 10, 20, 30)


@pytest.mark.parametrize(
    ("display", "frame", "black"),
    [
        (Display(), np.array([[5, 90]], np.uint8), 5),
        (Display(windows=((-160.0, 240.0),)), np.array([[-100, 900]], np.int16), -160),
        (Display(windows=((-160.0, 240.0),), limits=(0, 4095)), np.array([[3, 900]], np.uint16), 0),
        (Display("MONOCHROME1", windows=((0.0, 240.5),), limits=(0, 1023)), np.array([[3, 200]], np.uint16), 241),
        (Display("MONOCHROME1"), np.array([[3, 200]], np.uint8), 200),
        (Display(), np.array([[-0.5, 1.5]], np.float32), -0.5),
        (Display("PALETTE COLOR", palette=(90.0, 200.0, 3.0)), np.array([[0, 1]], np.uint8), 2),
        (Display("RGB"), np.full((1, 2, 3), 7, np.uint8), 0),
    ],
)
def test_black_is_the_darkest_value_shown(display: Display, frame: NDArray[Any], black: float) -> None:
    frames = np.tile(frame, (1, 32, 24, *[1] * (frame.ndim - 2)))
    report = report_of(BOX, display=display)
    painted = blackout(frames, report)
    assert painted.dtype == frames.dtype
    assert (painted[:, report.mask()] == black).all()
    assert (painted[:, ~report.mask()] == frames[:, ~report.mask()]).all()
    assert report.mask()[BOX.slices].all()
    assert report.mask()[9, 10]


@pytest.mark.parametrize(("box", "grown"), [(BOX, Box(7, 2, 23, 38)), (Box(20, 30, 60, 40), Box(12, 27, 68, 43))])
def test_more_is_blacked_out_before_and_behind_a_line_than_across_it(box: Box, grown: Box) -> None:
    assert box.with_margin((80, 80)) == grown
    assert box.with_margin((60, 40)) == Box(grown.top, grown.left, min(60, grown.bottom), min(40, grown.right))


@pytest.mark.parametrize(("photometric", "samples"), [("YBR_FULL_422", (3,)), ("PALETTE COLOR", ())])
def test_frames_whose_black_is_not_known_are_refused(photometric: str, samples: tuple[int, ...]) -> None:
    frames = np.ones((1, 32, 48, *samples), np.uint8)
    with pytest.raises(Refused) as refusal:
        blackout(frames, report_of(BOX, display=Display(photometric)))
    assert refusal.value.code == "text-colours"


def test_the_contact_sheet_shows_every_frame_with_text_outlined() -> None:
    frames = np.full((50, 32, 48), 100, np.uint8)
    frames[:, 0, 0], frames[:, -1, -1] = 0, 255
    report = TextReport((32, 48), 50, (Finding(BOX, (17, 31), "words", 0.9, known=False),))
    sheet = contact_sheet(frames, report, side=96, most=3)
    outline = (sheet == (255, 96, 0)).all(axis=2)
    pairs = 5  # frames 0, 17, 31, 49 and the middle one
    assert sheet.dtype == np.uint8
    assert sheet.shape[0] // 64 == -(-pairs // 4)
    assert outline.any(axis=1).sum() >= 2 * 2
    before, after = sheet[4:68, 4:100], sheet[4:68, 101:197]
    inside = (slice(24, 36), slice(24, 56))
    assert before[inside].min() > 90
    assert after[inside].max() < 10


def test_text_larger_than_a_tile_shows_is_found_in_a_large_frame() -> None:
    sample = burned(flat(generator(), 30, side=1024), generator(8), size=110)
    assert sample.hidden(TextFinder().examine([sample.frame]).mask())


@pytest.mark.real
def test_the_names_in_a_real_file_are_blacked_out() -> None:
    dataset = dcmread(real_data("deid_burned_in/2_ORIGINAL.dcm"))
    frame = dataset.pixel_array
    known = [str(dataset.PatientName), str(dataset.PatientBirthDate)]
    display = Display("RGB" if frame.ndim == 3 else "MONOCHROME2")
    _, report = TextFinder().redact(frame[None], known=known, display=display)
    for rows, columns in ((slice(2, 17), slice(2, 230)), (slice(15, 27), slice(5, 115))):
        assert report.mask()[rows, columns].mean() > 0.95
    assert any(finding.known for finding in report.findings)


def test_reading_text_reaches_for_no_network_and_no_foreign_package() -> None:
    program = f"""
import sys
import numpy as np
calls = []
sys.addaudithook(lambda event, arguments: calls.append(event) if event in {set(NETWORK_EVENTS)!r} else None)
from app.deid.burned_in.finder import TextFinder
from tests.helpers.burned_text import burned, flat
generator = np.random.default_rng(0)
sample = burned(flat(generator, 0, side=128), generator, size=12)
assert TextFinder().examine([sample.frame]).found
print(calls, sorted({{"rapidocr", "requests", "urllib3", "cv2"}} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[] []", done.stderr[-500:]
