"""Functions that a scaffold's modules contain as they stand here, so that they are checked like any other code."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def source(name: str) -> list[str]:
    """Lines of one of the functions below."""
    return inspect.getsource(globals()[name]).splitlines()


def repeated(times: int, *runs: tuple[int, Any]) -> tuple[Any, ...]:
    """Runs of equal layers, all of them so many times."""
    return times * tuple(kind for count, kind in runs for _ in range(count))


def _optional(read: Callable[[Mapping[str, object], str], T], section: Mapping[str, object], path: str) -> T | None:
    return None if _value(section, path) is None else read(section, path)


def _layer_by_layer(
    section: Mapping[str, object], path: str, layers: int, meanings: Mapping[str, str], *, longer: bool = False
) -> tuple[str, ...]:
    """A value for each layer, in a list or a string; further ones are those of prediction blocks."""
    values = _values(section, path)
    if len(values) != layers and not (longer and len(values) > layers):
        raise ValueError(f"{path}: found {len(values)} values; expected one for each of the {layers} layers")
    unknown = [value for value in values[:layers] if str(value) not in meanings]
    if unknown:
        raise ValueError(f"{path}: found {unknown[0]!r}; expected one of {', '.join(meanings)}")
    return tuple(meanings[str(value)] for value in values[:layers])


def _by_number(
    section: Mapping[str, object], path: str, layers: int, kinds: tuple[str, str], *, first: int = 0
) -> tuple[str, ...]:
    """Numbers of the layers that are special, in a list or joined by commas."""
    value = _value(section, path)
    listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    numbers = {int(each) - first for each in map(str, listed) if each.strip().isdecimal()}
    if not numbers or len(numbers) != len(listed) or not numbers.issubset(range(layers)):
        raise ValueError(f"{path}: found {value!r}; expected numbers of layers, the first {first}")
    special, plain = kinds
    return tuple(special if index in numbers else plain for index in range(layers))


def _every(
    section: Mapping[str, object], path: str, layers: int, kinds: tuple[str, str], *, offset: int | None = None
) -> tuple[str, ...]:
    """Every n-th layer is special, the last of each n unless an offset says another."""
    interval = _whole(section, path, least=1)
    place = interval - 1 if offset is None else offset
    special, plain = kinds
    return tuple(special if index % interval == place else plain for index in range(layers))


def _leading(section: Mapping[str, object], path: str, layers: int, kinds: tuple[str, str]) -> tuple[str, ...]:
    """The first n layers are special."""
    number = _whole(section, path)
    if number > layers:
        raise ValueError(f"{path}: found {number}; expected at most {layers}, the number of layers")
    special, plain = kinds
    return (special,) * number + (plain,) * (layers - number)


def _values(
    section: Mapping[str, object], path: str, layers: int = 0, *, absent: tuple[Any, ...] | None = None
) -> tuple[Any, ...]:
    """A list, or the letters of a string; of one length if that is given."""
    value = _value(section, path)
    if value is None and absent is not None:
        return absent
    values = tuple(value) if isinstance(value, list | str) else ()
    if not values or len(values) != (layers or len(values)):
        raise ValueError(f"{path}: found {len(values) or value!r} values; expected {layers or 'some'}")
    return values


def _whole(section: Mapping[str, object], path: str, *, least: int = 0, absent: int | None = None) -> int:
    value = _value(section, path)
    if value is None and absent is not None:
        return absent
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return value
    raise ValueError(f"{path}: found {value!r}; expected a whole number from {least} on")


def _number(section: Mapping[str, object], path: str) -> float:
    value = _value(section, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError(f"{path}: found {value!r}; expected a number")


def _word(section: Mapping[str, object], path: str) -> str:
    value = _value(section, path)
    if isinstance(value, str):
        return value
    raise ValueError(f"{path}: found {value!r}; expected a string")


def _flag(section: Mapping[str, object], path: str, *, absent: bool = False) -> bool:
    value = _value(section, path)
    if value is None or isinstance(value, bool):
        return absent if value is None else value
    raise ValueError(f"{path}: found {value!r}; expected true or false")


def _value(section: Mapping[str, object], path: str) -> object:
    """The value of a field, None where it is missing; the path into a section has dots."""
    value: object = section
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
