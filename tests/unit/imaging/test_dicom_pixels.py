"""What stored bits mean: every way in which the standard lets a grey value be written."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import (
    HTJ2K,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from app.domain.errors import Failed
from app.imaging import dicom_reader, reader, series, stack
from tests.helpers.dicom_factory import ramp, write_series
from tests.helpers.real_data import real_data


def _one(folder: Path, **changes: Any) -> tuple[Path, FileDataset]:
    path = write_series(folder, positions=[0.0], **{"intercept": None, "window": None, **changes})[0]
    return path, dcmread(path)


def _saved(path: Path, dataset: Dataset) -> Path:
    dataset.save_as(path)
    return path


def _shown(path: Path, frame: int = 0) -> NDArray[np.float32]:
    reader.check(reader.look(path))
    return dicom_reader.load(path, frame).pixels


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (12, False), (12, True), (16, False), (16, True)])
def test_lossless_codings_keep_every_value(tmp_path: Path, syntax: str, bits: int, signed: bool) -> None:
    lowest = -(2 ** (bits - 1)) if signed else 0
    pixels = lowest + np.random.default_rng(0).integers(0, 2**bits, (64, 96))
    path, dataset = _one(tmp_path, bits=bits, signed=signed, pixels=[pixels], modality="MR")
    dataset.compress(syntax, generate_instance_uid=False)
    np.testing.assert_array_equal(_shown(_saved(path, dataset)), pixels)


HTJ2K_FRAME = (
    "|4;u>04YEK0000W0000O00000000000000W0000O0000000000009pH0sl|{2mk^A000XAQUDA90ssL31q1{@0smY86Cj9?kdTm&kdTm&kdTmwh=~"
    "7W02crOPjF>!N>E53R%LP^FfKASE;BCwkN^q*00000t^fi5lfVEb$M^*YbO68r62Jfx0PFyVbO74?0|#^fzyK3K022V#{s01W0PXewA~XQN029Cf6="
    "16Rqa(s~0BWnPw%Wi#0lu~XzyK9c00pEZN&e@6r>8=90IpqKU0q#WUHS}Qd-gGb?79HJ04rbs7eoL60QvqY>FMd|;(7qSKA+F$^Z9%}pU>y>`TqZLfP"
    "@FXVh|qvh(LSxApz{O0sq+"
)
"""A ramp in High-throughput JPEG 2000; nothing that is installed here writes it."""


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K])
def test_high_throughput_jpeg_2000(tmp_path: Path, syntax: str) -> None:
    path, dataset = _one(tmp_path, modality="MR")
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([base64.b85decode(HTJ2K_FRAME)])
    np.testing.assert_array_equal(_shown(_saved(path, dataset)), 3 * ramp(24, 32, 0) + 100)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_plain_codings_keep_every_value(tmp_path: Path, syntax: str) -> None:
    path, dataset = _one(tmp_path, modality="MR")
    expected = dataset.pixel_array
    dataset.file_meta.TransferSyntaxUID = syntax
    is_little = syntax != ExplicitVRBigEndian
    if not is_little:
        dataset.PixelData = expected.astype(">u2").tobytes()
        dataset["PixelData"].VR = "OW"
    stream = io.BytesIO()
    dcmwrite(
        stream, dataset, force_encoding=True, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=is_little
    )
    path.write_bytes(stream.getvalue())
    np.testing.assert_array_equal(_shown(path), expected)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("above", [0, 2, 4])
def test_bits_around_the_value_are_not_its_own(tmp_path: Path, signed: bool, above: int) -> None:
    """12 bits that end at any High Bit, with overlays and other rests in the bits around them."""
    values = np.arange(-384, 384).reshape(24, 32) if signed else np.arange(768).reshape(24, 32)
    path, dataset = _one(tmp_path, bits=12, modality="MR", signed=signed)
    rest = np.random.default_rng(0).integers(0, 2**16, values.shape)
    kept = 0xFFF << (4 - above)
    raw = ((values << (4 - above)) & kept) | (rest & ~kept & 0xFFFF)
    dataset.HighBit = 15 - above
    dataset.PixelData = raw.astype("<u2").tobytes()
    np.testing.assert_array_equal(_shown(_saved(path, dataset)), values)


def test_one_bit_a_pixel(tmp_path: Path) -> None:
    path, dataset = _one(tmp_path, modality="OT", bits=8)
    frames = np.random.default_rng(0).integers(0, 2, (3, 24, 32))
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit, dataset.NumberOfFrames = 0, 3
    dataset.PixelData = np.packbits(frames.reshape(-1).astype("u1"), bitorder="little").tobytes()
    _saved(path, dataset)
    for number in range(3):
        np.testing.assert_array_equal(_shown(path, number), frames[number])


@pytest.mark.parametrize(
    ("keyword", "kind", "vr"), [("FloatPixelData", "<f4", "OF"), ("DoubleFloatPixelData", "<f8", "OD")]
)
def test_floating_point_pixels(tmp_path: Path, keyword: str, kind: str, vr: str) -> None:
    path, dataset = _one(tmp_path, modality="MR")
    values = np.linspace(-2, 3, 24 * 32).reshape(24, 32)
    values[0, 0], values[0, 1] = np.nan, np.inf
    for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        del dataset[name]
    dataset.BitsAllocated = int(kind[2]) * 8
    dataset.add_new(keyword, vr, values.astype(kind).tobytes())
    shown = _shown(_saved(path, dataset))
    np.testing.assert_allclose(shown[1:], values[1:], rtol=1e-6)
    assert shown[0, 0] == shown.min()
    assert shown[0, 1] == shown.max() == pytest.approx(3)


def test_thirty_two_bits(tmp_path: Path) -> None:
    path, dataset = _one(tmp_path, modality="MR")
    values = np.arange(768).reshape(24, 32) * 5000
    dataset.BitsAllocated = dataset.BitsStored = 32
    dataset.HighBit = 31
    dataset.PixelData = values.astype("<u4").tobytes()
    np.testing.assert_array_equal(_shown(_saved(path, dataset)), values)


def test_padding_of_a_turned_image_is_dark(tmp_path: Path) -> None:
    """MONOCHROME1 with padding 0, as mammographs write it: turned as it stands, the rim would be dazzling."""
    pixels = np.full((24, 32), 1000)
    pixels[4:20, 4:28] = ramp(16, 24)
    pixels[:, :3] = 0
    path, _ = _one(
        tmp_path, modality="MG", bits=12, photometric="MONOCHROME1", pixels=[pixels], extra=(("PixelPaddingValue", 0),)
    )
    shown = _shown(path)
    assert shown[:, :3].max() == shown[:, 3:].min()
    np.testing.assert_array_equal(shown[:, 3:], 4095 - pixels[:, 3:])
    assert dicom_reader.load(path, 0).default_window[0] >= shown[:, 3:].min()


def test_dark_padding_stays_the_number_that_it_is(tmp_path: Path) -> None:
    pixels = np.full((24, 32), -2000)
    pixels[4:20, 4:28] = ramp(16, 24, start=-100)
    path, _ = _one(
        tmp_path, signed=True, intercept=-1024.0, slope=1.0, pixels=[pixels], extra=(("PixelPaddingValue", -2000),)
    )
    np.testing.assert_array_equal(_shown(path), pixels - 1024)
    assert dicom_reader.load(path, 0).default_window[0] > -1200  # what is shown is not stretched to the padding


def test_each_frame_is_rescaled_as_it_says(tmp_path: Path) -> None:
    path, dataset = _one(tmp_path, modality="MR")
    frames = np.stack([ramp(24, 32), ramp(24, 32)])
    dataset.NumberOfFrames, dataset.PixelData = 2, frames.astype("<u2").tobytes()
    groups = []
    for slope in (1.5, 3.0):
        inner, group = Dataset(), Dataset()
        inner.RescaleSlope, inner.RescaleIntercept = slope, 10
        group.PixelValueTransformationSequence = Sequence([inner])
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    _saved(path, dataset)
    np.testing.assert_allclose(_shown(path, 0), frames[0] * 1.5 + 10)
    np.testing.assert_allclose(_shown(path, 1), frames[1] * 3.0 + 10)


def test_a_modality_table_gives_the_values(tmp_path: Path) -> None:
    path, dataset = _one(tmp_path, modality="CR", bits=8, pixels=[np.arange(256).reshape(16, 16)])
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType = [256, 0, 16], "OD"
    table.LUTData = [int(v) for v in np.arange(256)[::-1] * 100]
    table["LUTData"].VR = "US"
    table["LUTDescriptor"].VR = "US"
    dataset.ModalityLUTSequence = Sequence([table])
    np.testing.assert_array_equal(_shown(_saved(path, dataset)).ravel(), np.arange(256)[::-1] * 100)


def test_all_windows_of_a_file_are_offered(tmp_path: Path) -> None:
    extra = (
        ("WindowCenter", [40, -600]),
        ("WindowWidth", [400, 1600]),
        ("WindowCenterWidthExplanation", ["SOFT", "LUNG"]),
    )
    path, dataset = _one(tmp_path, intercept=-1024.0, extra=extra)
    image = dicom_reader.load(path, 0)
    assert image.windows == (("SOFT", -160.0, 239.0), ("LUNG", -1400.0, 199.0))
    assert image.default_window == image.windows[0][1:]
    dataset.VOILUTFunction = "LINEAR_EXACT"
    del dataset.WindowCenterWidthExplanation
    table = Dataset()
    table.LUTDescriptor, table.LUTExplanation = [5, 100, 8], "BONE"
    table.LUTData = [0, 0, 50, 255, 255]
    table["LUTData"].VR = table["LUTDescriptor"].VR = "US"
    dataset.VOILUTSequence = Sequence([table])
    windows = dicom_reader.load(_saved(path, dataset), 0).windows
    assert windows == (("Window 1", -160.0, 240.0), ("Window 2", -1400.0, 200.0), ("BONE", 101.0, 103.0))


def test_windows_turn_with_the_image(tmp_path: Path) -> None:
    extra = (("WindowCenter", [100, 50]), ("WindowWidth", [51, 11]))
    path, _ = _one(tmp_path, modality="DX", bits=8, photometric="MONOCHROME1", extra=extra, pixels=[ramp(12, 20, 0)])
    assert dicom_reader.load(path, 0).windows[1][1:] == (255 - 54.5, 255 - 44.5)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_colour_in_any_order_is_one_grey(tmp_path: Path, planar: int, photometric: str) -> None:
    path, dataset = _one(tmp_path, modality="US", bits=8, photometric=photometric, pixels=[np.zeros((4, 6, 3))])
    colour = np.zeros((4, 6, 3), np.uint8)
    colour[...] = (90, 128, 128) if photometric == "YBR_FULL" else (90, 90, 90)
    dataset.PlanarConfiguration = planar
    dataset.PixelData = (colour if planar == 0 else np.moveaxis(colour, -1, 0)).tobytes()
    np.testing.assert_allclose(_shown(_saved(path, dataset)), 90, atol=0.6)


@pytest.mark.real
def test_frames_of_twelve_bit_jpeg_are_decoded_each(tmp_path: Path) -> None:
    folder = real_data("dicom_robustness/cornerstoneWADOImageLoader")
    source = next(path for path in folder.iterdir() if path.name.endswith("4.51.dcm"))
    single = dicom_reader.load(source, 0).pixels
    dataset = dcmread(source)
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData, dataset.NumberOfFrames = encapsulate([frame, frame]), 2
    path = _saved(tmp_path / "two.dcm", dataset)
    np.testing.assert_array_equal(_shown(path, 1), single)


def test_pixels_packed_without_gaps_are_named(tmp_path: Path) -> None:
    path, dataset = _one(tmp_path, modality="MR")
    dataset.BitsAllocated = dataset.BitsStored = 12
    dataset.PixelData = bytes(24 * 32 * 3 // 2)
    with pytest.raises(Failed) as failed:
        reader.check(reader.look(_saved(path, dataset)))
    assert failed.value.code == "unsupported-coding"
    assert "12 bits" in str(failed.value)


@pytest.mark.parametrize("signed", [False, True])
def test_volumes_have_the_values_of_their_slices(tmp_path: Path, signed: bool) -> None:
    """A plain series is stacked without a decoder; bits that are not the value's own are cut off there too."""
    rest = np.random.default_rng(0).integers(0, 16, (24, 32)) << 12
    values = [np.arange(768).reshape(24, 32) + 3 * n - 384 * signed for n in range(3)]
    raw = [((one & 0xFFF) | rest).astype("<u2").view("<i2" if signed else "<u2") for one in values]
    paths = write_series(
        tmp_path, positions=[0, 5, 10], pixels=[one.astype(int) for one in raw], bits=16, signed=signed
    )
    for path in paths:
        dataset = dcmread(path)
        dataset.BitsStored, dataset.HighBit = 12, 11
        del dataset.WindowCenter
        dataset.save_as(path)
    (one,) = series.group(map(reader.read, paths), b"secret")[0].series
    stacked = stack.load(one)
    for number, value in enumerate(values):
        np.testing.assert_array_equal(stacked.voxels[number] * stacked.slope + stacked.intercept, value - 1024)
        np.testing.assert_array_equal(dicom_reader.load(paths[number], 0).pixels, value - 1024)


def test_studio_luminance_is_stretched(tmp_path: Path) -> None:
    path, dataset = _one(tmp_path, modality="US", bits=8, photometric="YBR_PARTIAL_420", pixels=[np.zeros((4, 6, 3))])
    colour = np.full((4, 6, 3), 128, np.uint8)
    colour[:2, :, 0], colour[2:, :, 0] = 16, 235
    dataset.PixelData = colour.tobytes()
    shown = _shown(_saved(path, dataset))
    np.testing.assert_allclose(shown[:2], 0)
    np.testing.assert_allclose(shown[2:], 255)


@pytest.mark.parametrize(
    ("tail", "code"), [("92", "unsupported-coding"), ("110", "unsupported-coding"), ("102", "not-a-picture")]
)
def test_codings_that_nothing_here_decodes_are_named_by_the_header(tmp_path: Path, tail: str, code: str) -> None:
    path, dataset = _one(tmp_path, modality="MR")
    dataset.file_meta.TransferSyntaxUID = f"1.2.840.10008.1.2.4.{'102' if tail == '110' else tail}"
    dataset.PixelData = encapsulate([bytes(20)])
    _saved(path, dataset)
    if tail == "110":  # JPEG XL: pydicom does not know it, and does not write it
        path.write_bytes(path.read_bytes().replace(b"1.2.4.102", b"1.2.4.110"))
    with pytest.raises(Failed) as failed:
        reader.look(path)
    assert failed.value.code == code
