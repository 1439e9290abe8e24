"""The lines of the Set-aside list: reasons with their counts, and the files inside each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from app.domain.set_aside import ReasonGroup, grouped
from app.domain.study import Quarantined
from app.ui.phrases import count


@dataclass(frozen=True, slots=True)
class AsideNode:
    """A reason, or a file under it.

    Attributes:
        key, title, detail, tip: as every line of a list.
        children: the files of a reason.
        inputs: what it stands for: one file, or all of its reason.
    """

    key: str
    title: str
    detail: str
    tip: str
    inputs: tuple[Quarantined, ...]
    children: tuple[AsideNode, ...] = ()


@dataclass(frozen=True, slots=True)
class AsideShelf:
    """What was set aside, as the tab shows it.

    Attributes:
        failed: reasons for which files were not read.
        kept: objects that are kept for later, by what they are.
    """

    failed: Sequence[AsideNode] = ()
    kept: Sequence[AsideNode] = ()

    @property
    def failures(self) -> int:
        """Files that were not read."""
        return sum(len(node.inputs) for node in self.failed)

    @property
    def objects(self) -> int:
        """Objects kept."""
        return sum(len(node.inputs) for node in self.kept)


def aside_shelf(inputs: Sequence[Quarantined]) -> AsideShelf:
    """Sorted for the tab."""
    groups = grouped(inputs)
    return AsideShelf(
        [_group_node(group) for group in groups if not group.kept],
        [_group_node(group) for group in groups if group.kept],
    )


def _group_node(group: ReasonGroup) -> AsideNode:
    reasons = {one.reason for one in group.inputs}
    same = reasons.pop() if len(reasons) == 1 else ""
    files = count(len(group.inputs), "file")
    detail = f"{files} · {same}" if same and same.rstrip(".") != group.title else files
    children = tuple(_file_node(one) for one in group.inputs)
    return AsideNode(f"{group.code}/{group.title}", group.title, detail, same or group.title, group.inputs, children)


def _file_node(one: Quarantined) -> AsideNode:
    return AsideNode(one.path, PurePath(one.path).name, one.reason, f"{one.path}\n{one.reason}", (one,))
