"""Stacks of plain files hold the values that single slices have; what is not plain is decoded, what is damaged said."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

from app.domain.errors import Failed
from app.domain.study import Series
from app.imaging import native, plain_slices, reader, series, stack
from tests.helpers.dicom_factory import ramp, write_series
from tests.helpers.nifti_factory import write_volume
from tests.helpers.real_data import real_data


def _series(paths: list[Path]) -> Series:
    (study,) = series.group(map(reader.look, paths), b"secret")
    (one,) = study.series
    return one


def _is_right(one: Series) -> stack.Stack:
    """The stack, after each slice was compared with what a single slice gives."""
    read = stack.load(one)
    for index in range(len(one.instances)):
        expected = native.load(one, index).pixels
        values = (read.voxels[index] * read.slope + read.intercept).astype(np.float32)
        np.testing.assert_array_equal(values, expected)
    assert read.window == pytest.approx(native.load(one, len(one.instances) // 2).default_window)
    return read


def _changed(paths: list[Path], **attributes: Any) -> list[Path]:
    for path in paths:
        dataset = dcmread(path)
        for keyword, value in attributes.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    return paths


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"signed": True, "slope": 0.5, "intercept": 3.25},
        {"bits": 12, "window": None},
        {"bits": 8, "pixels": [ramp(12, 20, 1), ramp(12, 20, 2)], "positions": [0.0, 3.0]},
        {"intercept": None, "modality": "MR", "window": None},
    ],
    ids=["CT", "signed", "12 bits", "8 bits", "no rescale"],
)
def test_plain_files_are_read_as_they_are(tmp_path: Path, plan: dict[str, Any]) -> None:
    one = _series(write_series(tmp_path, **plan))
    assert plain_slices.plan(one) is not None
    read = _is_right(one)
    assert read.voxels.dtype.kind == ("i" if plan.get("signed") else "u")
    assert read.voxels.dtype.itemsize == (1 if plan.get("bits") == 8 else 2)


def test_slices_that_differ_in_slope_become_values(tmp_path: Path) -> None:
    paths = write_series(tmp_path, modality="MR")
    for number, path in enumerate(paths):
        _changed([path], RescaleSlope=1.5 + number)
    read = _is_right(_series(paths))
    assert read.voxels.dtype == np.float32
    assert (read.slope, read.intercept) == (1.0, 0.0)


@pytest.mark.parametrize("padding", [0, 65535, 901])
def test_padding_is_as_dark_as_in_single_slices(tmp_path: Path, padding: int) -> None:
    pixels = ramp(24, 32)
    pixels[:4] = padding
    paths = write_series(tmp_path, positions=[0.0, 5.0], pixels=[pixels, pixels], window=None)
    for path in paths:
        dataset = dcmread(path)
        dataset.add_new("PixelPaddingValue", "US", padding)
        dataset.save_as(path)
    _is_right(_series(paths))


def _implicit(dataset: FileDataset) -> None:
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def _packed(dataset: FileDataset) -> None:
    dataset.compress(RLELossless, generate_instance_uid=False)


def _turned(dataset: FileDataset) -> None:
    dataset.PhotometricInterpretation = "MONOCHROME1"


def _with_table(dataset: FileDataset) -> None:
    dataset.ModalityLUTSequence = []


@pytest.mark.parametrize("change", [_implicit, _packed, _turned, _with_table])
def test_what_is_not_plain_is_decoded(tmp_path: Path, change: Any) -> None:
    paths = write_series(tmp_path)
    dataset = dcmread(paths[2])  # one of five is enough
    change(dataset)
    dataset.save_as(paths[2])
    _is_right(_series(paths))


def test_slices_come_from_a_decoder_several_at_a_time(tmp_path: Path) -> None:
    one = _series(write_volume_series(tmp_path))
    met = threading.Barrier(2, timeout=20)

    def slice_of(index: int) -> Any:
        if index < 2:
            met.wait()  # passes only where two are asked for at once
        return native.load(one, index)

    read = stack.load(one, slice_of=slice_of)
    assert read.voxels.shape[0] == len(one.instances)


def write_volume_series(folder: Path) -> list[Path]:
    return [write_volume(folder / "x.nii", np.arange(60, dtype=np.int16).reshape(3, 4, 5))]


def test_volumes_of_other_formats_are_stacked_in_the_smallest_exact_type(tmp_path: Path) -> None:
    whole = _is_right(_series(write_volume_series(tmp_path / "a")))
    assert whole.voxels.dtype == np.uint8
    (tmp_path / "b").mkdir()
    fractions = np.linspace(-1, 1, 60, dtype=np.float32).reshape(3, 4, 5)
    assert _is_right(_series([write_volume(tmp_path / "b" / "y.nii", fractions)])).voxels.dtype == np.float32


def test_progress_is_told_in_the_callers_thread(tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    one = _series(write_series(tmp_path, positions=[float(z) for z in range(20)]))
    stack.load(one, on_slice=lambda done, total: told.append((done, total, threading.get_ident())))
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
    assert told[-1][:2] == (20, 20)
    assert {thread for _, _, thread in told} == {threading.get_ident()}


def test_reading_ends_where_the_caller_has_enough(tmp_path: Path) -> None:
    one = _series(write_series(tmp_path, positions=[float(z) for z in range(20)]))

    def enough(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stack.load(one, on_slice=enough)
    assert threading.active_count() == 1 or all("ThreadPool" not in t.name for t in threading.enumerate())


@pytest.mark.parametrize("harm", ["gone", "cut", "moved", "other"])
def test_a_file_that_is_not_what_was_imported_is_named(tmp_path: Path, harm: str) -> None:
    paths = write_series(tmp_path)
    one = _series(paths)
    if harm == "gone":
        paths[3].unlink()
    elif harm == "cut":
        paths[3].write_bytes(paths[3].read_bytes()[:-40])
    elif harm == "moved":
        _changed([paths[3]], ImagePositionPatient=[0, 0, 77])
    else:
        _changed([paths[3]], SOPInstanceUID="1.2.3.4")
    with pytest.raises(Failed) as failed:
        stack.load(one)
    assert failed.value.code == ("source-missing" if harm == "gone" else "source-damaged")
    assert failed.value.facts["path"] == str(paths[3])


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["ct_abdomen_C3L-00189", "mr_brain_fse_pd_oblique", "mr_t1w_studyforrest_excerpt", "mr_fmri_ge_4d"]
)
def test_stacks_of_real_series_hold_what_their_slices_hold(name: str) -> None:
    folder = real_data(f"dicom_series/{name}")
    (study,) = series.group(map(reader.look, sorted(path for path in folder.iterdir() if path.is_file())), b"secret")
    _is_right(study.series[0])
