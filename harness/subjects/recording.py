"""A mapping that remembers which of its fields were asked for, however often it is copied or merged on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


class Recorder:
    """Collects the names of fields that are looked up, nested ones with dots, as in `text_config.hidden_size`.

    A field that is not there cannot be read, so that asking for it is not noted.
    """

    def __init__(self) -> None:
        self._read: set[str] = set()

    @property
    def read(self) -> frozenset[str]:
        """Every field that was read so far, with the sections around it."""
        return frozenset(self._read)

    def note(self, name: str) -> None:
        """Remember a field and what it lies in."""
        while name and name not in self._read:
            self._read.add(name)
            name = name.rpartition(".")[0]

    def mapping(self, source: Mapping[str, object], prefix: str = "") -> dict[str, Any]:
        """A plain dictionary with the same content, nested ones included, whose keys report a look-up."""
        paths = {key: f"{prefix}{key}" for key in source}
        return {_Key(key, path, self): self._value(source[key], path) for key, path in paths.items()}

    def _value(self, value: object, path: str) -> object:
        if isinstance(value, dict):
            return self.mapping(value, f"{path}.")
        if isinstance(value, list):
            return [self._value(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return value


class _Key(str):
    """A key that notes when a dictionary compares it with the name that somebody asks for.

    Dictionaries hand on the very key objects when they are copied, merged or iterated over, and compare an equal
    string of another object by `__eq__`: reads are noticed through any number of copies, and copying is none.
    """

    __slots__ = ("_path", "_recorder")

    _path: str
    _recorder: Recorder

    def __new__(cls, text: str, path: str, recorder: Recorder) -> Self:
        key = super().__new__(cls, text)
        key._path, key._recorder = path, recorder
        return key

    def __eq__(self, other: object) -> bool:
        equal = str.__eq__(self, other) is True
        if equal:
            self._recorder.note(self._path)
        return equal

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __deepcopy__(self, _memo: dict[int, object]) -> Self:
        return self
