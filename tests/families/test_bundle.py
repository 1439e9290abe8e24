"""Beginning from a MONAI bundle: its network goes on in ours, and nothing of the bundle ever runs."""

from __future__ import annotations

import collections
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from monai.networks.nets import DiffusionModelUNet
from safetensors.torch import save_file

from models import registry
from models.api import FamilyConfig
from models.start import bundle, parcel, state_dict_file
from models.start.bundle import BundleStart
from models.start.opening import opened
from tests.helpers.hostile import Payload
from tests.helpers.tiny_families import tiny

SETTINGS: dict[str, Any] = {
    "_target_": "DiffusionModelUNet",
    "spatial_dims": 2,
    "in_channels": 1,
    "out_channels": 1,
    "channels": [16, 32],
    "attention_levels": [False, True],
    "num_res_blocks": 1,
    "num_head_channels": [0, 16],
    "norm_num_groups": 8,
}
NETWORK = "configs/network.json"
INFERENCE = "configs/inference.json"
WEIGHTS = "models/model.safetensors"
HEADER = b'{"a":{"dtype":"F32","shape":[9999999],"data_offsets":[0,39999996]}}'
DECLARES_MUCH = len(HEADER).to_bytes(8, "little") + HEADER


def network(**settings: Any) -> DiffusionModelUNet:
    torch.manual_seed(3)
    arguments = {name: value for name, value in {**SETTINGS, **settings}.items() if name != "_target_"}
    return DiffusionModelUNet(**arguments)


def write_bundle(folder: Path, **settings: Any) -> Path:
    """A bundle as a person would save it: plain settings, and weights in safetensors."""
    for name in ("configs", "models"):
        (folder / name).mkdir(parents=True)
    (folder / "configs/metadata.json").write_text(json.dumps({"version": "0.1", "monai_version": "1.6.1"}))
    (folder / INFERENCE).write_text(json.dumps({"image_size": 64, "network_def": {**SETTINGS, **settings}}))
    save_file({name: value.contiguous() for name, value in network(**settings).state_dict().items()}, folder / WEIGHTS)
    return folder


def zipped(folder: Path, top: str = "", extra: dict[str, bytes] | None = None) -> Path:
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, top + path.relative_to(folder).as_posix())
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return target


def change(folder: Path, **changes: Any) -> None:
    """Settings of the network in the bundle, changed."""
    path = folder / INFERENCE
    document = json.loads(path.read_text())
    document["network_def"] |= changes
    path.write_text(json.dumps(document))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle")


def wanted(**changes: Any) -> FamilyConfig:
    return tiny("diffusion", **changes)


@pytest.mark.parametrize("form", ["folder", "zip", "zip with a folder in it"])
def test_the_network_of_a_bundle_goes_on_in_ours(folder: Path, form: str) -> None:
    path = folder if form == "folder" else zipped(folder, "bundle/" if "in it" in form else "")
    start = opened(path)
    config = start.config(wanted())
    assert (start.family, config.options["unshuffle"], config.options["channels"]) == ("diffusion", 1, [16, 32])
    begun, taken = start.weights(config)
    assert (taken.kind, taken.new) == ("bundle", ("dark", "light"))
    assert taken.share > 0.9
    ours = registry.build(config).network
    ours.load_state_dict(begun, strict=False)
    (unet,) = [module for module in ours.modules() if isinstance(module, DiffusionModelUNet)][:1]
    images, time = torch.randn(2, 1, 16, 16), torch.tensor([3.0, 500.0])
    unmoved = torch.zeros(2, unet.conv_in.conv.weight.shape[1] - 1, 16, 16)
    silent = torch.zeros(2, 64)
    theirs = network()(images, time)
    assert torch.allclose(unet(torch.cat([images, unmoved], 1), time, class_labels=silent), theirs, atol=1e-5)


def test_a_network_for_folded_pictures_takes_folded_pictures(tmp_path: Path) -> None:
    start = opened(write_bundle(tmp_path / "b", in_channels=4, out_channels=4))
    assert start.config(wanted()).options["unshuffle"] == 2
    with pytest.raises(ValueError, match="takes 4 channels, the pictures here have 3"):
        start.config(wanted(channels=3))
    with pytest.raises(ValueError, match="vae was asked for"):
        start.config(tiny("vae"))


@pytest.mark.parametrize("nested", [False, True])
def test_weights_of_torch_save_are_read_without_unpickling(folder: Path, nested: bool) -> None:
    (folder / WEIGHTS).unlink()
    state = network().state_dict()
    saved = {"network": state, "epoch": 3, "best": 0.5, "optimizer": {"state": {0: {"step": 1}}, "lr": [1e-3]}}
    torch.save(saved if nested else state, folder / "models/model.pt")
    found = opened(folder)
    assert isinstance(found, BundleStart)
    assert found.tensors.keys() == state.keys()
    assert all(torch.equal(found.tensors[name], value) for name, value in state.items())


def test_parameters_halves_and_views_are_read_as_torch_reads_them() -> None:
    whole = torch.randn(6, 4)
    state = collections.OrderedDict(
        view=whole[2:, 1:], turned=whole.t(), half=whole.half(), brain=whole.bfloat16(), own=torch.nn.Parameter(whole),
        none=torch.empty(0, 3), one=torch.tensor(3.5), count=torch.tensor([1, 2]), yes=torch.tensor([True, False]),
    )  # fmt: skip
    buffer = io.BytesIO()
    torch.save(state, buffer)
    found = state_dict_file.tensors(buffer.getvalue(), "model.pt")
    expected = torch.load(io.BytesIO(buffer.getvalue()), weights_only=True)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value.detach()), name
        assert (found[name].dtype, found[name].shape) == (value.dtype, value.shape)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"in_channels": "$__import__('os').system('touch ran')"}, "program code .*never run"),
        ({"in_channels": " $1 + 1"}, "program code"),
        ({"channels": ["$16", 32]}, "program code"),
        ({"$x": 1}, "program code"),
        ({"_target_": "os.system"}, "'os.system', which is never built"),
        ({"_target_": ["os.system"]}, "never built"),
        ({"_target_": 5}, "describe no DiffusionModelUNet"),
        ({"extra": {"_target_": "monai.bundle.ConfigParser"}}, "never built"),
        ({"in_channels": "@channels"}, "refers to another place"),
        ({"channels": "%other.json#x"}, "refers to another place"),
        ({"spatial_dims": 3}, "spatial_dims 3, ours 2"),
        ({"with_conditioning": True}, "with_conditioning True"),
        ({"channels": []}, "no sensible channels"),
        ({"channels": [16, 10**9]}, "no sensible channels"),
        ({"channels": [16] * 9, "attention_levels": [False] * 9}, "no sensible channels"),
        ({"channels": [True, 16]}, "no sensible channels"),
        ({"num_res_blocks": 10**9}, "num_res_blocks"),
        ({"num_res_blocks": [1, 2]}, "num_res_blocks"),
        ({"in_channels": 1.5}, "other channels"),
        ({"out_channels": 2}, "other channels"),
        ({"deep": json.loads("[" * 60 + "]" * 60)}, "nested too deeply"),
        ({"codec": {"_target_": "AutoencoderKL"}}, "latents of an AutoencoderKL"),
        ({"second": {"_target_": "DiffusionModelUNet"}}, "describes 2 networks"),
    ],
    ids=str,
)
def test_settings_that_are_not_plain_or_not_ours_are_refused(folder: Path, changes: dict[str, Any], said: str) -> None:
    change(folder, **changes)
    with pytest.raises(ValueError, match=said) as refused:
        opened(folder).config(wanted())
    assert "\n" not in str(refused.value)


def test_code_anywhere_in_a_settings_file_is_refused_unless_the_network_stands_alone(folder: Path) -> None:
    plain = (folder / INFERENCE).read_text()
    (folder / INFERENCE).write_text(json.dumps({"imports": ["$import os"], **json.loads(plain)}))
    with pytest.raises(ValueError, match=r"inference.json holds program code \(imports: '\$import os'\).*network.json"):
        opened(folder)
    (folder / NETWORK).write_text(json.dumps(SETTINGS))
    assert opened(folder).family == "diffusion"


def test_weights_of_another_network_are_refused_with_their_share(folder: Path) -> None:
    save_file(network(channels=[32, 64]).state_dict(), folder / WEIGHTS)
    start = opened(folder)
    with pytest.raises(ValueError, match=r"only \d+% of the network"):
        start.weights(start.config(wanted()))


def lose(*names: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return spoil


def put(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def not_a_number(folder: Path) -> None:
    state = network().state_dict()
    state["out.0.weight"][0] = torch.nan
    save_file(state, folder / WEIGHTS)


def scripted(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    with zipfile.ZipFile(folder / "models/model.pt", "w") as archive:
        for name in ("m/data.pkl", "m/constants.pkl", "m/code/__torch__.py"):
            archive.writestr(name, b"\x80\x02}.")


def only_script(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "models/model.ts")


def link_out(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lose("configs/metadata.json"), "no MONAI bundle"),
        (lose(INFERENCE), "describe no DiffusionModelUNet"),
        (lose(WEIGHTS), "no weights that can be read safely"),
        (put("configs/metadata.json", b"[" * 100_000), "metadata.json is not JSON"),
        (put(INFERENCE, b"\xff\xfe"), "inference.json is not JSON"),
        (put(INFERENCE, b"[]"), "not a JSON object"),
        (put(WEIGHTS, b"\x80\x02}."), "not a sound safetensors file"),
        (put(WEIGHTS, (2**62).to_bytes(8, "little") + b"{}"), "not a sound safetensors file"),
        (put(WEIGHTS, DECLARES_MUCH), "not a sound safetensors file"),
        (not_a_number, "not numbers"),
        (scripted, "TorchScript"),
        (only_script, "no weights that can be read safely"),
        (link_out, "link out of its folder"),
    ],
)  # fmt: skip
def test_bundles_that_are_damaged_or_dishonest_are_refused(
    folder: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(folder)
    with pytest.raises(ValueError, match=said):
        opened(folder)


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_that_would_run_something_is_read_and_not_run(folder: Path, protocol: int) -> None:
    (folder / WEIGHTS).unlink()
    trace = folder / "it ran"
    torch.save({"a": Payload(trace)}, folder / "models/model.pt", pickle_protocol=protocol)
    with pytest.raises(ValueError, match="would run a program"):
        opened(folder)
    assert not trace.exists()
    torch.load(folder / "models/model.pt", weights_only=False)
    assert trace.exists(), "the payload is none"


@pytest.mark.parametrize(
    "program", [b"", b"\x80\x02", b"\x80\x02.", b"\x80\x02}u.", b"\x80\x02Q.", b"\x80\x02}b.", b"\xff"]
)
def test_a_damaged_pickle_is_refused(program: bytes) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("m/data.pkl", program)
    with pytest.raises(ValueError, match=r"damaged|no weights"):
        state_dict_file.tensors(buffer.getvalue(), "model.pt")


def test_a_tensor_larger_than_its_numbers_is_refused() -> None:
    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(1).expand(10**12)}, buffer)
    with pytest.raises(ValueError, match="damaged"):
        state_dict_file.tensors(buffer.getvalue(), "model.pt")


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "..\\evil", "\\\\host\\evil"])
def test_an_archive_that_points_outside_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="points outside of it"):
        opened(zipped(folder, extra={name: b"x"}))


def test_an_archive_with_a_link_is_refused(folder: Path) -> None:
    path = zipped(folder)
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("models/link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ValueError, match="is a link"):
        opened(path)


def test_an_archive_that_would_fill_the_memory_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "HARMLESS_BYTES", 1 << 20)
    (folder / WEIGHTS).write_bytes(bytes(4 << 20))
    path = zipped(folder)
    with pytest.raises(ValueError, match="far more than it holds"):
        opened(path)
    monkeypatch.setattr(parcel, "MOST_BYTES", 1 << 20)
    with pytest.raises(ValueError, match="more than a bundle can hold"):
        opened(path)


def test_an_entry_that_lies_about_its_size_is_not_unpacked_further(folder: Path) -> None:
    path = zipped(folder)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(WEIGHTS)
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(WEIGHTS.encode()))
    content[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    assert entry.file_size > 1000
    with pytest.raises(ValueError, match="damaged"):
        opened(path)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + bytes(10)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="neither a folder nor a ZIP"):
        opened(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({}, path)
    with pytest.raises(ValueError, match="neither a checkpoint of Understudy nor a MONAI bundle"):
        opened(path)


def test_too_large_a_file_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_WEIGHTS", 1000)
    for path in (folder, zipped(folder)):
        with pytest.raises(ValueError, match="too large"):
            opened(path)
