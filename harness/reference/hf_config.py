"""A HuggingFace model config, asked for its fields by type.

A recipe reads fields through `HFConfig`, never from the raw dictionary. That gives every wrong value one clear error,
and it records what was read, so that a field that nobody looked at can be listed.
"""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, NoReturn, TypeVar

from harness.errors import ConfigError
from harness.reference.find_config import find_config
from harness.reference.json_file import read_object
from harness.reference.other_files import refuse_other
from harness.stored_configs import stored_models

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.reference.json_file import JsonObject

_TEXT_SECTIONS = ("text_config", "llm_config", "language_config", "thinker_config")
_MAX_INTEGER = 2**40
"""Larger than any dimension or vocabulary; what exceeds it is a slip that would otherwise become a giant count."""

_ONE_CLASS = "a list with the name of one model class, such as ['LlamaForCausalLM']"

__all__ = ["HFConfig", "stored_models"]

_ABSENT = object()
DefaultT = TypeVar("DefaultT")


class HFConfig:
    """One object of a config: the whole file or a nested section, with the file and the path to it.

    Args:
        source: The file, as errors name it.
        raw: The JSON object.
        model: HuggingFace id where it is known, else the path that the user gave.
        quantization: The object of `hf_quant_config.json`, if there is one.
    """

    def __init__(
        self, source: str, raw: Mapping[str, object], model: str = "", quantization: JsonObject | None = None
    ) -> None:
        self.source, self.model, self.quantization = source, model or source, quantization
        self._raw, self._path = raw, ""
        self._read: set[str] = set()

    # Finding and loading ---------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, model_or_path: str | Path, folder: Path | None = None) -> HFConfig:
        """Load a config file, the config of a folder, or a stored model by its HuggingFace id.

        A `hf_quant_config.json` beside the config is read with it.

        Args:
            model_or_path: What to load. A path that exists comes before an id of the same spelling.
            folder: Where the stored configs are; the harness's own by default.

        Raises:
            ConfigError: There is no such file or id, a folder has none or several, a file cannot be read, or it is
                no model's config.
        """
        files = find_config(model_or_path, folder)
        content = read_object(files.config)
        refuse_other(files.config, content)
        there = os.path.lexists(files.quantization)
        return cls(str(files.config), content, files.model, read_object(files.quantization) if there else None)

    # Structure -------------------------------------------------------------------------------------------------------

    def raw(self) -> dict[str, object]:
        """A copy of the whole object, for handing it to somebody else; nothing counts as read."""
        return copy.deepcopy(dict(self._raw))

    @property
    def architecture(self) -> str:
        """The class that the config declares.

        Raises:
            ConfigError: `architectures` is missing, or no list with one name.
        """
        self._read.add(self._dotted("architectures"))
        return self.declared or self.fail("architectures", self._raw.get("architectures", _ABSENT), _ONE_CLASS)

    @property
    def declared(self) -> str:
        """The class that the object declares, empty if it is silent; does not count as reading the field.

        Raises:
            ConfigError: `architectures` is no list with one name.
        """
        names = self._raw.get("architectures")
        if names is None:
            return ""
        if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
            self.fail("architectures", names, _ONE_CLASS)
        if len(names) > 1:
            self.reject("architectures", f"{len(names)} names, {_short(names)}", _ONE_CLASS)
        return str(names[0])

    def has(self, field: str) -> bool:
        """Whether a field is there and not null."""
        return self.get(field) is not None

    def get(self, field: str) -> object:
        """The raw value of a field, None if it is missing; counts as read."""
        self._read.add(self._dotted(field))
        return self._raw.get(field)

    def section(self, field: str) -> HFConfig | None:
        """A nested object, None if it is missing or null.

        Raises:
            ConfigError: It is something else.
        """
        value = self.get(field)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fail(field, value, "an object")
        return self._inner(field, value)

    def required_section(self, field: str) -> HFConfig:
        """A nested object that must be there.

        Raises:
            ConfigError: It is missing or something else.
        """
        return self.section(field) or self.fail(field, self._raw.get(field, _ABSENT), "an object")

    def text(self) -> HFConfig:
        """The part that describes the text decoder: a nested section, however deep, or the object itself."""
        return (self, *self.nested())[-1]

    def nested(self) -> tuple[HFConfig, ...]:
        """Sections that lead to the text decoder, from the outermost inwards; none where it is the object itself."""
        part: HFConfig = self
        parts: list[HFConfig] = []
        while True:
            inner = next((part.section(field) for field in _TEXT_SECTIONS if part._raw.get(field) is not None), None)
            if inner is None:
                return tuple(parts)
            parts.append(inner)
            part = inner

    def beside(self) -> HFConfig | None:
        """The `hf_quant_config.json` that came with the config."""
        return HFConfig(f"{self.source} (hf_quant_config.json)", self.quantization) if self.quantization else None

    def fields(self) -> tuple[str, ...]:
        """Names of the object's fields, in the file's order."""
        return tuple(self._raw)

    def unread(self) -> tuple[str, ...]:
        """Fields that nobody read so far, dotted and sorted; a section that was never entered is one field."""
        return tuple(sorted(_unread(self._raw, "", self._read)))

    def read_fields(self) -> frozenset[str]:
        """Names of this object's fields that somebody read so far."""
        return frozenset(field for field in self._raw if self._dotted(field) in self._read)

    @property
    def path(self) -> str:
        """Where the object stands in the file, dotted; empty for the file itself."""
        return self._path

    def _inner(self, field: str, value: Mapping[str, object]) -> HFConfig:
        inner = HFConfig(self.source, value, self.model, self.quantization)
        inner._path, inner._read = self._dotted(field), self._read
        return inner

    def _dotted(self, field: str) -> str:
        return f"{self._path}.{field}" if self._path else field

    # Typed fields ----------------------------------------------------------------------------------------------------

    def fail(self, field: str, found: object, expected: str) -> NoReturn:
        """Raise the one error for a field.

        Raises:
            ConfigError: Always.
        """
        self.reject(field, "nothing" if found is _ABSENT else "null" if found is None else _short(found), expected)

    def reject(self, field: str, found: str, expected: str) -> NoReturn:
        """Raise the one error for a field, with what was found put into words.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(f"{self.source}, field {self._dotted(field)}", found, expected)

    def _pick(self, fields: tuple[str, ...]) -> tuple[str, object]:
        """The first field that is there; all that are there must agree, for two readers must see one model."""
        there = [(field, self.get(field)) for field in fields if self.get(field) is not None]
        if not there:
            first = next((field for field in fields if field in self._raw), fields[0])
            return first, self._raw.get(first, _ABSENT)
        for field, value in there[1:]:
            if value != there[0][1] or type(value) is not type(there[0][1]):
                self.fail(field, value, f"the same as {there[0][0]}, which is {_short(there[0][1])}")
        return there[0]

    def integer(self, *fields: str, least: int = 1) -> int:
        """A whole number; several names are aliases of one field.

        Raises:
            ConfigError: It is missing, null, no whole number, too small or absurdly large, or the aliases disagree.
        """
        field, value = self._pick(fields)
        return self._checked(field, value, least)

    def integer_or(self, default: DefaultT, *fields: str, least: int = 1) -> int | DefaultT:
        """A whole number, or the default where every alias is missing or null."""
        field, value = self._pick(fields)
        return default if value is None or value is _ABSENT else self._checked(field, value, least)

    def _checked(self, field: str, value: object, least: int) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MAX_INTEGER:
            self.fail(field, value, f"a whole number from {least} to {_MAX_INTEGER}")
        return value

    def ratio(self, *fields: str) -> float:
        """A positive number that need not be whole, such as an expansion factor."""
        field, value = self._pick(fields)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= _MAX_INTEGER:
            self.fail(field, value, "a positive number")
        return float(value)

    def flag(self, default: bool, *fields: str) -> bool:
        """True or false, or the default where every alias is missing or null.

        Raises:
            ConfigError: It is something else.
        """
        field, value = self._pick(fields)
        if value is None or value is _ABSENT:
            return default
        if not isinstance(value, bool):
            self.fail(field, value, "true or false")
        return value

    def word(self, default: str, field: str) -> str:
        """A string, or the default where it is missing or null."""
        value = self.get(field)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fail(field, value, "a string")
        return value

    def words(self, field: str) -> tuple[str, ...]:
        """A list of strings, empty where it is missing or null.

        Raises:
            ConfigError: It is something else.
        """
        value = self.get(field)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(field, value, "a list of strings")
        return tuple(value)

    def integers(self, field: str, length: int | None = None, *, least: int = 0) -> tuple[int, ...]:
        """A list of whole numbers, of one length if that is given."""
        value = self.get(field)
        if not isinstance(value, list):
            self.fail(field, value if field in self._raw else _ABSENT, "a list of whole numbers")
        if length is not None and len(value) != length:
            self.reject(field, f"{len(value)} values", f"{length} values")
        return tuple(self._checked(f"{field}[{index}]", item, least) for index, item in enumerate(value))

    def letters(self, field: str, kinds: Mapping[str, str]) -> tuple[str, ...]:
        """Kinds that a string of letters or a list names, of any length; empty where it is missing or null."""
        value = self.get(field)
        return self.pattern(field, len(value) if isinstance(value, list | str) else 0, kinds) if self.has(field) else ()

    def objects(self, field: str, length: int) -> tuple[HFConfig, ...]:
        """A list of objects, one for each of `length` layers.

        Raises:
            ConfigError: It is missing, has another length, or holds something else.
        """
        value = self.get(field)
        if not isinstance(value, list):
            self.fail(field, value if field in self._raw else _ABSENT, "a list of objects")
        if len(value) != length:
            self.reject(field, f"{len(value)} values", f"one object for each of the {length} layers")
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                self.fail(f"{field}[{index}]", item, "an object")
        return tuple(self._inner(f"{field}[{index}]", item) for index, item in enumerate(value))

    def pattern(self, field: str, layers: int, kinds: Mapping[str, str], *, longer: bool = False) -> tuple[str, ...]:
        """A value for every decoder layer, written as a list or as a string of letters.

        Args:
            field: The field.
            layers: Number of decoder layers, which the length must equal.
            kinds: What each written value means. Numbers and booleans are looked up as they print: `0`, `True`.
            longer: Whether further values may follow, as they do where prediction blocks are counted on.

        Raises:
            ConfigError: It is missing, no list or string, has another length, or holds a value that `kinds` lacks.
        """
        value = self.get(field)
        if not isinstance(value, list | str):
            self.fail(field, value if field in self._raw else _ABSENT, "a list or string with one value for each layer")
        if len(value) != layers and not (longer and len(value) > layers):
            self.reject(field, f"{len(value)} values", f"one value for each of the {layers} layers (num_hidden_layers)")
        result = []
        for index, item in enumerate(value[:layers]):
            kind = kinds.get(item if isinstance(item, str) else str(item)) if isinstance(item, str | int) else None
            if kind is None:
                self.fail(f"{field}[{index}]", item, f"one of {', '.join(kinds)}")
            result.append(kind)
        return tuple(result)


def _short(value: object) -> str:
    text = repr(value)
    limit = 100
    return text if len(text) <= limit else f"{text[:limit]}..."


def _unread(value: Mapping[str, object], path: str, read: set[str]) -> Iterator[str]:
    for key, item in value.items():
        dotted = f"{path}.{key}" if path else key
        if dotted not in read:
            yield dotted
        elif isinstance(item, dict) and any(name.startswith(f"{dotted}.") for name in read):
            yield from _unread(item, dotted, read)
