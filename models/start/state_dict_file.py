"""A network's weights from a file of ``torch.save``, without unpickling it.

The file is a ZIP with a pickle, which is a program, and the numbers beside it. Here that program is read, not run: of
its instructions those that can put names, shapes and tensors into a dictionary are followed, and any other thing that
it asks for is refused by name. It knows bytes and tensors, not networks.
"""

from __future__ import annotations

import io
import math
import pickletools
import zipfile
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

DTYPES = {
    "torch FloatStorage": torch.float32,
    "torch HalfStorage": torch.float16,
    "torch BFloat16Storage": torch.bfloat16,
    "torch DoubleStorage": torch.float64,
    "torch LongStorage": torch.int64,
    "torch IntStorage": torch.int32,
    "torch BoolStorage": torch.bool,
}
DICTIONARY, TENSOR, PARAMETER = (
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
)
KNOWN = {*DTYPES, DICTIONARY, TENSOR, PARAMETER}
MOST_INSTRUCTIONS = 2_000_000
MOST_AXES = 8
_MARK = object()
_WRONG = (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError, OverflowError)


def tensors(content: bytes, name: str) -> dict[str, Tensor]:
    """The tensors of the network in ``content`` by their names.

    Args:
        content: the whole file.
        name: what to call it.

    Raises:
        ValueError: it is another kind of file, would run a program, or is damaged; one line that says why.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = archive.namelist()
        (program,) = (entry for entry in names if entry.count("/") == 1 and entry.endswith("/data.pkl"))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ValueError(f"{name} is no weights file that can be read safely; save it as safetensors") from error
    top = program.partition("/")[0]
    if f"{top}/constants.pkl" in names or any(entry.startswith(f"{top}/code/") for entry in names):
        raise ValueError(f"{name} is a program (TorchScript), which is never run; save its weights as safetensors")
    if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
        raise ValueError(f"{name} is packed in a way that torch does not write")
    try:
        found = _Reader(lambda key: archive.read(f"{top}/data/{key}")).read(archive.read(program))
    except _Forbidden as forbidden:
        raise ValueError(f"{name} would run a program ({forbidden}), which is never done") from forbidden
    except (*_WRONG, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{name} is damaged, or holds more than weights; save them as safetensors") from error
    return _state(found, name)


def _state(found: Any, name: str) -> dict[str, Tensor]:
    """``found``, or the one mapping of tensors in it (checkpoints of MONAI put the network beside an optimiser)."""
    inner = found.values() if isinstance(found, dict) else ()
    for one in (found, *inner):
        if isinstance(one, dict) and one and all(isinstance(value, Tensor) for value in one.values()):
            return {str(key): value for key, value in one.items()}
    raise ValueError(f"{name} holds no weights of a network")


class _Forbidden(Exception):
    """Something that is not needed to describe tensors."""


class _Name(str):
    """One of ``KNOWN``, told from text that only reads like it."""


def _known(name: str) -> _Name:
    if name not in KNOWN:
        raise _Forbidden(name.replace(" ", ".")[:60])
    return _Name(name)


class _Reader:
    """The stack of a pickle, for the few instructions that ``torch.save`` needs for a state dictionary."""

    def __init__(self, record: Callable[[str], bytes]) -> None:
        self._record = record
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._storages: dict[str, Tensor] = {}

    def read(self, program: bytes) -> Any:
        """What the pickle ``program`` describes."""
        for number, (instruction, argument, _) in enumerate(pickletools.genops(program)):
            if number > MOST_INSTRUCTIONS:
                raise ValueError("too long")
            if instruction.name == "STOP":
                return self._stack.pop()
            self._follow(instruction.name, argument)
        raise ValueError("cut short")

    def _follow(self, name: str, argument: Any) -> None:
        stack = self._stack
        match name:
            case "PROTO" | "FRAME":
                pass
            case "BINUNICODE" | "SHORT_BINUNICODE" | "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT":
                stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "MARK":
                stack.append(_MARK)
            case "EMPTY_TUPLE" | "EMPTY_DICT" | "EMPTY_LIST":
                stack.append({"EMPTY_TUPLE": (), "EMPTY_DICT": {}, "EMPTY_LIST": []}[name])
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case _:
                self._combine(name, argument)

    def _combine(self, name: str, argument: Any) -> None:
        stack = self._stack
        match name:
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(self._last(int(name[-1]))))
            case "TUPLE":
                stack.append(tuple(self._marked()))
            case "APPENDS":
                values = self._marked()
                stack[-1].extend(values)
            case "APPEND":
                (value,) = self._last(1)
                stack[-1].append(value)
            case "SETITEM":
                key, value = self._last(2)
                stack[-1].update({key: value})
            case "SETITEMS":
                pairs = self._marked()
                stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))
            case "GLOBAL":
                stack.append(_known(argument))
            case "STACK_GLOBAL":
                stack.append(_known(" ".join(self._last(2))))
            case "REDUCE":
                function, arguments = self._last(2)
                stack.append(self._made(function, arguments))
            case "BINPERSID":
                stack.append(self._storage(*stack.pop()))
            case "BUILD":
                stack.pop()  # what an ordered dictionary says of itself besides its entries
            case _:
                raise _Forbidden(f"instruction {name}")

    def _last(self, count: int) -> list[Any]:
        """The topmost ``count`` entries, taken off."""
        taken = self._stack[-count:]
        if len(taken) < count:
            raise ValueError("the stack is empty")
        del self._stack[-count:]
        return taken

    def _marked(self) -> list[Any]:
        """All entries above the last mark, taken off with it."""
        at = max(place for place, entry in enumerate(self._stack) if entry is _MARK)
        taken = self._stack[at + 1 :]
        del self._stack[at:]
        return taken

    def _storage(self, kind: str, number_format: _Name, key: str, *_: Any) -> Tensor:
        """All numbers of one record, in a row."""
        if kind != "storage" or not isinstance(number_format, _Name) or not key.isdecimal():
            raise ValueError("not a storage")
        if key not in self._storages:
            record = bytearray(self._record(key))
            dtype = DTYPES[number_format]
            self._storages[key] = torch.frombuffer(record, dtype=dtype) if record else torch.empty(0, dtype=dtype)
        return self._storages[key]

    def _made(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        """What one of the three known functions would return."""
        if not isinstance(function, _Name) or function in DTYPES:
            raise ValueError("not a function")
        if function == DICTIONARY:
            return dict(*arguments)
        if function == PARAMETER:
            return arguments[0]
        storage, offset, size, stride = arguments[:4]
        if len(size) > MOST_AXES or math.prod(size) > len(storage):
            raise ValueError("a tensor is larger than its numbers")
        return storage.as_strided(size, stride, offset)
