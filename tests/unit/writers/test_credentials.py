"""Content credentials, judged by c2pa's own reader, which never asks a network here."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from app.imaging import cbor, marking, png_writer, tiff_writer
from app.imaging.credentials import Signer
from tests.helpers.pages import SYNTHETIC, colour_page, ct_page, real

WRITERS = {"image/png": png_writer.write, "image/tiff": tiff_writer.write}
OFFLINE = {"version": 1, "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
SIGNER = Signer(b"a project's secret")


def signed(folder, kind, page=None, signer=SIGNER):
    path = folder / "a"
    WRITERS[kind](path, page or ct_page())
    signer.sign(path, SYNTHETIC)
    return path.read_bytes()


def judged(kind, content):
    """(state, codes of what failed, active manifest) in the words of c2pa's reader."""
    c2pa = pytest.importorskip("c2pa", reason="c2pa-python is in the test extra")
    context = c2pa.Context(settings=c2pa.Settings.from_dict(OFFLINE))
    with c2pa.Reader(kind, io.BytesIO(content), context=context) as reader:
        failures = {one["code"] for one in reader.get_validation_results()["activeManifest"]["failure"]}
        return reader.get_validation_state(), failures, reader.get_active_manifest()


@pytest.mark.judge
@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("page", [ct_page(), colour_page()], ids=["grey", "colour"])
def test_the_reader_finds_a_valid_signature_of_somebody_unknown(tmp_path, kind, page):
    state, failures, manifest = judged(kind, signed(tmp_path, kind, page))
    assert state == "Valid"
    assert failures == {"signingCredential.untrusted"}
    (actions,) = manifest["assertions"]
    (made,) = actions["data"]["actions"]
    assert made["action"] == "c2pa.created"
    assert made["digitalSourceType"] == marking.TRAINED_MEDIA
    assert made["softwareAgent"] == {"name": "Understudy", "version": "0.1.0"}
    assert "run-1" in made["description"]
    assert "thumbnail" not in manifest
    assert "time" not in manifest["signature_info"]


@pytest.mark.judge
@pytest.mark.parametrize("kind", WRITERS)
def test_the_reader_sees_a_changed_pixel(tmp_path, kind):
    content = signed(tmp_path, kind)
    plain = tmp_path / "plain"
    WRITERS[kind](plain, ct_page())
    at = content.index(plain.read_bytes()[-40:-20]) if kind == "image/png" else 12
    state, failures, _ = judged(kind, content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    assert state == "Invalid"
    assert "assertion.dataHash.mismatch" in failures


@pytest.mark.judge
def test_the_reader_sees_a_changed_statement(tmp_path):
    content = signed(tmp_path, "image/tiff").replace(b"trainedAlgorithmicMedia", b"trainedAlgorithmicMedib")
    state, failures, _ = judged("image/tiff", content)
    assert state == "Invalid"
    assert "assertion.hashedURI.mismatch" in failures


@pytest.mark.parametrize("kind", WRITERS)
def test_the_picture_and_its_other_marks_stay(tmp_path, kind):
    with Image.open(io.BytesIO(signed(tmp_path, kind))) as image:
        pixels = np.asarray(image)
        marks = image.text["Synthetic"] if kind == "image/png" else image.tag_v2[305]
    plain = tmp_path / "plain"
    WRITERS[kind](plain, ct_page())
    with Image.open(plain) as image:
        np.testing.assert_array_equal(pixels, np.asarray(image))
    assert marks in ("yes", "Understudy 0.1.0")


@pytest.mark.parametrize("kind", WRITERS)
def test_signed_twice_is_the_same_file_and_another_secret_shares_no_key_or_identifier(tmp_path, kind):
    first = signed(tmp_path, kind, signer=Signer(b"one"))
    assert first == signed(tmp_path, kind, signer=Signer(b"one"))
    other = signed(tmp_path, kind, signer=Signer(b"two"))
    for mark in (b"urn:c2pa:", b"xmp:iid:"):
        at = first.index(mark) + len(mark)
        assert first[at : at + 36] not in other


@pytest.mark.parametrize("kind", WRITERS)
def test_a_signer_confirms_its_own_files_and_no_others(tmp_path, kind):
    content, path = signed(tmp_path, kind), tmp_path / "a"
    assert SIGNER.confirms(path, SYNTHETIC)
    assert not Signer(b"another").confirms(path, SYNTHETIC)
    assert not SIGNER.confirms(path, replace(SYNTHETIC, seed=8))
    for at in (9, 12, 40, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert not SIGNER.confirms(path, SYNTHETIC), at
    for end in (0, 4, 30, 44, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:end])
        assert not SIGNER.confirms(path, SYNTHETIC), end
    WRITERS[kind](path, ct_page())
    assert not SIGNER.confirms(path, SYNTHETIC)


@pytest.mark.parametrize("kind", WRITERS)
def test_signed_again_it_stays_the_same_file_and_another_project_replaces_the_credential(tmp_path, kind):
    content = signed(tmp_path, kind)
    SIGNER.sign(tmp_path / "a", SYNTHETIC)
    assert (tmp_path / "a").read_bytes() == content
    other = Signer(b"another")
    other.sign(tmp_path / "a", SYNTHETIC)
    assert other.confirms(tmp_path / "a", SYNTHETIC)
    assert (tmp_path / "a").read_bytes() == signed(tmp_path, kind, signer=other)


def test_two_pictures_have_two_identifiers(tmp_path):
    one, two = (signed(tmp_path, "image/png", ct_page(label=label)) for label in ("a", "b"))
    at = one.index(b"urn:c2pa:")
    assert one[at : at + 45] not in two


def test_the_tags_of_a_tiff_stay_in_order_and_others_stay(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(path, tiffinfo={65000: "of another program"})
    SIGNER.sign(path, SYNTHETIC)
    with Image.open(path) as image:
        tags = list(image.tag_v2)
        assert image.tag_v2[65000] == "of another program"
    content = path.read_bytes()
    start = int.from_bytes(content[4:8], "little")
    written = [int.from_bytes(content[start + 2 + 12 * n :][:2], "little") for n in range(len(tags))]
    assert written == sorted(tags), "TIFF 6.0, section 2: entries in ascending order"
    assert SIGNER.confirms(path, SYNTHETIC)


def test_a_real_picture_is_not_signed_as_made_here(tmp_path):
    png_writer.write(tmp_path / "a.png", real(ct_page()))
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(ValueError, match="synthetic"):
        SIGNER.sign(tmp_path / "a.png", replace(SYNTHETIC, synthetic=False))
    assert (tmp_path / "a.png").read_bytes() == before


def test_another_kind_of_file_is_not_touched(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"GIF89a")
    with pytest.raises(ValueError, match="PNG and TIFF"):
        SIGNER.sign(tmp_path / "a.gif", SYNTHETIC)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"), (23, "17"), (24, "1818"), (255, "18ff"), (256, "190100"), (65536, "1a00010000"),
        (1_000_000_000_000, "1b000000e8d4a51000"), (-1, "20"), (-500, "3901f3"), (None, "f6"), (b"\1\2", "420102"),
        ("ü", "62c3bc"), ([1, [2, 3]], "8201820203"), ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
        (cbor.Tagged(18, []), "d280"),
    ],
)  # fmt: skip
def test_values_are_encoded_as_the_examples_of_rfc_8949_say(value, encoded):
    assert cbor.encode(value).hex() == encoded


def test_a_value_without_encoding_is_refused():
    with pytest.raises(TypeError, match="float"):
        cbor.encode(1.5)
