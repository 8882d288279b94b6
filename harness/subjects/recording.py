"""A mapping that remembers which of its fields were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Recorder:
    """Collects the names of fields that are read, nested ones with dots."""

    def __init__(self) -> None:
        self._read: set[str] = set()

    @property
    def read(self) -> frozenset[str]:
        """Every field that was read so far."""
        return frozenset(self._read)

    def note(self, name: str) -> None:
        """Remember a field."""
        self._read.add(name)

    def mapping(self, source: Mapping[str, object], prefix: str = "") -> dict[str, Any]:
        """A dictionary with the same content, nested ones included, that reports what is read of it."""
        return _Recording(self, source, prefix)


class _Recording(dict[str, Any]):
    def __init__(self, recorder: Recorder, source: Mapping[str, object], prefix: str) -> None:
        nested = (
            (key, recorder.mapping(value, f"{prefix}{key}.") if isinstance(value, dict) else value)
            for key, value in source.items()
        )
        super().__init__(nested)
        self._recorder, self._prefix = recorder, prefix

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - as in a dictionary
        self._recorder.note(f"{self._prefix}{key}")
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401
        self._recorder.note(f"{self._prefix}{key}")
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._recorder.note(f"{self._prefix}{key}")
        return super().__contains__(key)

    def copy(self) -> dict[str, Any]:
        """A copy that reports to the same recorder; copying reads nothing."""
        return _Recording(self._recorder, dict(self.items()), self._prefix)
