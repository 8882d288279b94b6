"""The subject's own package, broken in one place for as long as an answer takes."""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from tests.fakes.mutants.answering import Patch

SDK = "aiconfigurator_core.sdk"


def module(name: str) -> ModuleType:
    """A module of the package, such as `models.helpers`."""
    return importlib.import_module(f"{SDK}.{name}")


def replaced(where: str, name: str, value: object) -> Patch:
    """Put another value under a name.

    Args:
        where: Module, and below it a class after a colon: `models.moe:MOEModel`.
        name: Attribute.
        value: What stands there meanwhile.
    """
    return lambda: mock.patch.object(_found(where), name, value)


def changed(where: str, name: str, change: Callable[[Any], object]) -> Patch:
    """Put under a name what a function makes of its value."""
    return lambda: mock.patch.object(_found(where), name, change(getattr(_found(where), name)))


def wrapped(where: str, name: str, change: Callable[..., object]) -> Patch:
    """Put a function around another: it takes the function, and then what that takes."""

    @contextmanager
    def patch() -> Iterator[None]:
        owner = _found(where)
        real = getattr(owner, name)

        def stand_in(*args: object, **options: object) -> object:
            return change(real, *args, **options)

        with mock.patch.object(owner, name, stand_in):
            yield

    return patch


def everywhere(name: str, value: object) -> Patch:
    """Put another value under a name in every module of `models` that has imported it."""

    @contextmanager
    def patch() -> Iterator[None]:
        package = module("models")
        names = [f"models.{found.name}" for found in pkgutil.iter_modules(package.__path__)]
        with ExitStack() as stack:
            for owner in [package, *map(module, names)]:
                if hasattr(owner, name):
                    stack.enter_context(mock.patch.object(owner, name, value))
            yield

    return patch


def entries(where: str, name: str, change: Callable[[dict[Any, Any]], Mapping[Any, Any]]) -> Patch:
    """Change the entries of a dictionary in place, for other modules hold it too."""

    @contextmanager
    def patch() -> Iterator[None]:
        table = getattr(_found(where), name)
        with mock.patch.dict(table, change(dict(table)), clear=True):
            yield

    return patch


def parsed(change: Callable[[dict[str, Any], dict[str, Any]], Mapping[str, object]]) -> Patch:
    """Change fields of what the parser makes of a config: from the result and the config to the fields."""

    def parse(real: Callable[..., dict[str, Any]], config: dict[str, Any]) -> dict[str, Any]:
        result = real(config)
        return {**result, **change(result, config)}

    return wrapped("utils", "_parse_hf_config_json", parse)


def together(*patches: Patch) -> Patch:
    """Several patches at once."""

    @contextmanager
    def patch() -> Iterator[None]:
        with ExitStack() as stack:
            for single in patches:
                stack.enter_context(single())
            yield

    return patch


def _found(where: str) -> Any:  # noqa: ANN401 - a module or a class of the subject
    name, _, inside = where.partition(":")
    owner: Any = module(name)
    for part in filter(None, inside.split(".")):
        owner = getattr(owner, part)
    return owner
