"""What a scaffold says of upstream's tree and of ops: data."""

from __future__ import annotations

import re
from functools import cache

from harness.data_files import Record, data_path, load_toml


class Place(Record):
    """Where something is registered.

    Attributes:
        file: File or folder in upstream's repository.
        name: What it is called there; empty where the file alone says it.
    """

    file: str
    name: str

    def __str__(self) -> str:
        return f"`{self.name}` in `{self.file}`" if self.name else f"`{self.file}`"


class Places(Record):
    """The places, by what is registered there."""

    configs: Place
    mapping: Place
    families: Place
    defaults: Place
    dataclass: Place
    nesting: Place
    parsing: Place
    moe: Place
    models: Place
    tests: Place


class Matrix(Record):
    """The op that matrices belong to.

    Attributes:
        component: Pattern over the matrix's component.
        name: Pattern that is found in its name.
        op: The op.
        last: The op runs behind the kernels.
        group: Where the op belongs; empty where the component says it.
    """

    component: str
    name: str
    op: str
    last: bool = False
    group: str = ""


class _File(Record):
    places: Places
    matrices: tuple[Matrix, ...]
    kernels: dict[str, tuple[str, ...]]
    indexers: dict[str, str]


@cache
def _file() -> _File:
    return load_toml(data_path("fixtures", "scaffold.toml"), _File)


def places() -> Places:
    """Where upstream registers what."""
    return _file().places


@cache
def op_of(component: str, name: str) -> Matrix:
    """The op of a matrix; its own name where no entry fits."""
    fitting = (each for each in _file().matrices if re.fullmatch(each.component, component))
    found = next((each for each in fitting if re.search(each.name, name)), None)
    return found or Matrix(component=component, name=name, op=f"`{name}`")


def kernels(kind: str) -> tuple[str, ...]:
    """What a mixer of a kind runs besides its matrices; one kernel named after the kind where nobody has said it."""
    return _file().kernels.get(kind, (f"{kind} kernel",))


def indexer(kind: str) -> str:
    """What a layer of a kind that owns an indexer runs before its kernels."""
    return _file().indexers.get(kind, "scores of the indexer")
