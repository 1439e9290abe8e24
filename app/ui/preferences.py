"""What the window remembers between two starts: the projects opened last, light or dark, and mouse habits.

Kept in the person's settings folder, never in a project; holds folder names only, no study and no patient.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

RECENT = 8
"""How many projects are remembered."""


class Preferences:
    """Settings in one INI file, written at once."""

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            from platformdirs import user_config_path

            path = user_config_path("understudy", appauthor=False) / "window.ini"
        self._store = QSettings(str(path), QSettings.Format.IniFormat)

    def recent(self) -> list[Path]:
        """Projects opened last, newest first; those that are gone are left out."""
        stored = self._store.value("recent", [])
        names = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
        return [Path(name) for name in names if Path(name).is_dir()]

    def remember(self, project: Path) -> None:
        """Put ``project`` first."""
        others = [path for path in self.recent() if path != project]
        self._store.setValue("recent", [str(path) for path in [project, *others][:RECENT]])
        self._store.sync()

    @property
    def theme(self) -> str:
        """ "light", "dark", or "" where the person has not chosen."""
        return str(self._store.value("theme", ""))

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("theme", name)
        self._store.sync()

    @property
    def mouse(self) -> str:
        """Key of the viewer's mouse profile, "" where the person has not chosen."""
        return str(self._store.value("mouse", ""))

    @mouse.setter
    def mouse(self, key: str) -> None:
        self._store.setValue("mouse", key)
        self._store.sync()

    @property
    def geometry(self) -> QByteArray:
        """Place and size of the window as Qt packs it; empty at first."""
        stored = self._store.value("geometry", QByteArray())
        return stored if isinstance(stored, QByteArray) else QByteArray()

    @geometry.setter
    def geometry(self, packed: QByteArray) -> None:
        self._store.setValue("geometry", packed)
        self._store.sync()
