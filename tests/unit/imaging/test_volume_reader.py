"""NRRD and MetaImage: the header read in Python agrees with SimpleITK, whatever way it is written in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from app.domain.errors import Failed
from app.domain.recipe import Plane
from app.domain.study import SourceKind
from app.imaging import reader, series, slices, volume_reader
from tests.helpers.real_data import real_data

ENDINGS = ("mha", "mhd", "nrrd", "nhdr")
TURN = np.array([[0.0, -0.6, 0.8], [1.0, 0.0, 0.0], [0.0, 0.8, 0.6]])


def _image(kind: Any = np.int16, turn: NDArray[np.float64] = TURN) -> Any:
    image = SimpleITK.GetImageFromArray(np.arange(3 * 4 * 5).reshape(3, 4, 5).astype(kind))
    image.SetSpacing((1.5, 2.0, 2.5))
    image.SetOrigin((10.0, -20.0, 30.0))
    image.SetDirection(turn.ravel().tolist())
    return image


def _written(image: Any, path: Path, packed: bool = False) -> Path:
    SimpleITK.WriteImage(image, str(path), packed)
    return path


def _refused(path: Path) -> Failed:
    with pytest.raises(Failed) as failed:
        reader.check(reader.look(path))
    assert str(failed.value).endswith(".")
    return failed.value


def _assert_is(path: Path, image: Any) -> None:
    """Every voxel that is shown lies where SimpleITK has a voxel of the same value."""
    content = reader.look(path)
    assert content.kind is SourceKind.VOLUME
    assert len(reader.check(content).sha256) == 64
    seen = 0
    for frame in content.frames:
        pixels = volume_reader.load(path, frame.index).pixels
        assert pixels.shape == (frame.rows, frame.columns)
        assert frame.position is not None
        assert frame.spacing_mm is not None
        for row, column in np.ndindex(pixels.shape):
            along, down = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
            place = frame.position + column * frame.spacing_mm[1] * along + row * frame.spacing_mm[0] * down
            index = image.TransformPhysicalPointToIndex(place.tolist())
            assert image.GetPixel(*index) == pixels[row, column]
            seen += 1
    assert seen == np.prod(image.GetSize())


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("packed", [False, True])
def test_voxels_lie_where_simpleitk_has_them(tmp_path: Path, ending: str, packed: bool) -> None:
    image = _image()
    _assert_is(_written(image, tmp_path / f"x.{ending}", packed), image)


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
@pytest.mark.parametrize("ending", ["mha", "nrrd"])
def test_every_number(tmp_path: Path, ending: str, kind: str) -> None:
    image = _image(kind, np.eye(3))
    path = _written(image, tmp_path / f"x.{ending}")
    np.testing.assert_array_equal(volume_reader.load(path, 1).pixels, SimpleITK.GetArrayFromImage(image)[1])
    assert reader.look(path).bits >= 8 * min(np.dtype(kind).itemsize, 4)


@pytest.mark.parametrize("ending", ["mha", "nrrd"])
def test_time_points_and_components_repeat_the_slices(tmp_path: Path, ending: str) -> None:
    plain = _image(turn=np.eye(3))
    times = _written(SimpleITK.JoinSeries([plain, plain + 100]), tmp_path / f"t.{ending}")
    vectors = _written(SimpleITK.Compose([plain, plain + 100, plain + 200]), tmp_path / f"v.{ending}")
    array = SimpleITK.GetArrayFromImage(plain)
    for path, count, name in ((times, 2, "time point"), (vectors, 3, "component")):
        content = reader.look(path)
        assert len(content.frames) == 3 * count
        assert content.frames[-1].moments == ((name, str(count - 1)),)
        np.testing.assert_array_equal(volume_reader.load(path, 4).pixels, array[1] + 100)
        assert len(series.group([reader.read(path)], b"s")[0].series) == count


@pytest.mark.parametrize("ending", ["mha", "nrrd"])
def test_colour_becomes_grey(tmp_path: Path, ending: str) -> None:
    channels = [SimpleITK.GetImageFromArray(np.full((3, 4, 5), value, np.uint8)) for value in (100, 0, 50)]
    path = _written(SimpleITK.Compose(channels), tmp_path / f"x.{ending}")
    np.testing.assert_allclose(volume_reader.load(path, 2).pixels, 29.9 + 5.7, rtol=1e-5)
    assert len(reader.look(path).frames) == 3


def test_other_spaces_are_turned(tmp_path: Path) -> None:
    """The same voxels written in the three spaces of the format lie at the same place."""
    path = _written(_image(turn=np.eye(3)), tmp_path / "x.nrrd")
    data = path.read_bytes()
    expected = reader.look(path).frames
    for space, signs in (("right-anterior-superior", (-1, -1)), ("LAS", (1, -1))):
        x, y = signs
        header = (
            data.replace(b"left-posterior-superior", space.encode())
            .replace(b"(1.5,0,0) (0,2,0)", f"({1.5 * x},0,0) (0,{2 * y},0)".encode())
            .replace(b"(10,-20,30)", f"({10 * x},{-20 * y},30)".encode())
        )
        assert header != data
        path.write_bytes(header)
        assert reader.look(path).frames == expected


def test_a_header_without_directions_has_its_spacing(tmp_path: Path) -> None:
    voxels = np.arange(60, dtype="<i2").reshape(3, 4, 5)
    path = tmp_path / "x.nrrd"
    path.write_bytes(
        b"NRRD0001\n# by hand\ntype: int16_t\ndimension: 3\nsizes: 5 4 3\nspacings: 1.5 2 2.5\n"
        b"endian: little\nencoding: raw\nmodality:=MR\n\n" + voxels.tobytes()
    )
    content = reader.look(path)
    assert (content.modality, content.frames[0].spacing_mm) == ("MR", (2.0, 1.5))
    np.testing.assert_array_equal(volume_reader.load(path, 2).pixels, voxels[2])
    reader.check(content)


def test_the_data_file_beside_a_header_is_part_of_it(tmp_path: Path) -> None:
    path = _written(_image(), tmp_path / "x.mhd")
    first = reader.check(reader.look(path)).sha256
    voxels = tmp_path / "x.raw"
    assert _refused(voxels).code == "part-of-volume"
    data = bytearray(voxels.read_bytes())
    data[0] += 1
    voxels.write_bytes(data)
    assert reader.check(reader.look(path)).sha256 != first
    voxels.write_bytes(data[:40])
    assert _refused(path).code == "damaged-file"
    voxels.unlink()
    assert _refused(path).code == "volume-data-missing"


@pytest.mark.parametrize("name", ["../secret.raw", "/etc/passwd", "C:\\x.raw", "a%03d.raw 1 3 1", "LIST"])
def test_a_header_reaches_no_file_elsewhere(tmp_path: Path, name: str) -> None:
    path = _written(_image(), tmp_path / "x.mhd")
    (tmp_path.parent / "secret.raw").write_bytes(bytes(1000))
    path.write_text(path.read_text().replace("= x.raw", f"= {name}"))
    assert _refused(path).code == "volume-layout"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("sizes: 5 4 3", "sizes: 5 4 0", "nifti-shape"),
        ("sizes: 5 4 3", "sizes: 5 4", "damaged-file"),
        ("sizes: 5 4 3", "sizes: 50000 40000 30000", "damaged-file"),
        ("type: short", "type: block", "damaged-file"),
        ("encoding: raw", "encoding: bzip2", "volume-layout"),
        ("kinds: domain domain domain", "kinds: complex domain domain", "nifti-voxels"),
        ("kinds: domain domain domain", "kinds: list list domain", "volume-layout"),
        ("dimension: 3", "dimension: three", "damaged-file"),
    ],
)
def test_headers_that_make_no_sense_say_so(tmp_path: Path, old: str, new: str, code: str) -> None:
    path = _written(_image(), tmp_path / "x.nrrd")
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
    assert _refused(path).code == code


@pytest.mark.real
def test_a_real_volume_is_the_same_in_both_formats() -> None:
    """FLAIR as NRRD and as NIfTI is one head: every plane shows the same."""
    folder = real_data("nifti")
    cuts = []
    for name in ("FLAIR.nrrd", "FLAIR.nii.gz"):
        (one,) = series.group([reader.read(folder / name)], b"secret")[0].series
        cuts.append([slices.load_slice(one, 60, plane) for plane in (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)])
    for first, second in zip(*cuts, strict=True):
        np.testing.assert_array_equal(first.pixels, second.pixels)
        assert first.spacing_mm == pytest.approx(second.spacing_mm, rel=1e-4)
