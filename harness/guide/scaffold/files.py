"""The files that a contributor adds for a model, all or none of them."""

from __future__ import annotations

import codecs
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.subject_model import SubjectModel
from harness.errors import ConfigError, OutputError, UsageError
from harness.guide.naming import config_file
from harness.guide.reading import read
from harness.guide.records import Situation
from harness.guide.scaffold.blueprint import blueprint
from harness.guide.scaffold.config_module import config_module
from harness.guide.scaffold.config_test import config_test
from harness.guide.scaffold.notes import known_issues_stub, ops_table
from harness.guide.scaffold.registration import registration
from harness.guide.scaffold.words import places
from harness.guide.situation import situation_of
from harness.matrix.publish import publish
from harness.reference.find_config import find_config, is_model_id
from harness.reference.hf_config import HFConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.guide.reading import Reading
    from harness.guide.records import Evidence
    from harness.guide.scaffold.blueprint import Blueprint
    from harness.subjects.models import ModelSubject

_CONFIGS = "model_configs"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a scaffold.

    Attributes:
        path: Below the folder, with slashes.
        content: What stands in it.
        todo: What to do with it.
    """

    path: str
    content: bytes
    todo: str


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What is to be written for a model.

    Attributes:
        model: HuggingFace id.
        situation: Its situation.
        reasons: Why, in sentences.
        files: The files, in the order they are dealt with.
    """

    model: str
    situation: Situation
    reasons: tuple[str, ...]
    files: tuple[File, ...]


def scaffold(subject: ModelSubject, target: str, model_id: str = "", folder: Path | None = None) -> Scaffold:
    """Make up the files of a model; nothing is written.

    Args:
        subject: The subject.
        target: A config file, a folder with one, or the id of a stored config.
        model_id: HuggingFace id of the model, where no name says it.
        folder: Where stored configs are looked up; the harness's own by default.

    Raises:
        ConfigError: The config cannot be read.
        UsageError: Nothing says the id of the model.
    """
    model = model_id or _id_of(target, folder)
    config = HFConfig.load(target, folder)
    config.model = model
    reading = read(config)
    situation, reasons, evidence = _situation(subject, reading, folder)
    drawn = blueprint(model, reading, situation, evidence, listed=model in subject.default_models())
    return Scaffold(
        model, situation, reasons, (*_configs(target, model, folder), *_written(drawn, subject.info.version))
    )


def write(files: tuple[File, ...], out: Path, *, force: bool = False) -> None:
    """Write all files into a folder, or none.

    Raises:
        OutputError: The folder cannot be written, or has some of the files already and `force` does not allow to
            overwrite them.
    """
    contents = {out / each.path: each.content for each in files}
    try:
        there = [each.path for each in files if (out / each.path).is_symlink() or (out / each.path).exists()]
        made = [path for path in _folders(out, contents) if not path.exists()]
    except OSError as error:
        raise OutputError(str(out), error.strerror or str(error), "a folder that can be written") from error
    if there and not force:
        todo = "Give another folder, or --force to overwrite them."
        raise OutputError(str(out), f"{', '.join(there)} there already", "a folder without these files", todo)
    try:
        publish(contents, within=out)
    except BaseException:
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def _folders(out: Path, contents: Mapping[Path, bytes]) -> list[Path]:
    """Every folder that has to be there, outer ones first."""
    return sorted({*out.parents, out, *(path.parent for path in contents)})


def _id_of(target: str, folder: Path | None) -> str:
    """The id that a name tells: that of a stored config, or of a file that is named like one.

    Raises:
        UsageError: No name tells it.
    """
    found = find_config(target, folder).model
    # A path that happens to look like an id is given back as it is.
    if not is_model_id(found) or (found == target and Path(target).exists()):
        todo = "Give --model-id Org/Model."
        raise UsageError(target, "no HuggingFace id in its name", f"a file named {config_file('')}, or the id", todo)
    return found


def _situation(
    subject: ModelSubject, reading: Reading, folder: Path | None
) -> tuple[Situation, tuple[str, ...], Evidence]:
    model = SubjectModel(subject, reading.config, reading.plan if reading.is_guess else None)
    return situation_of(model, reading.uncertain, folder)


def _configs(target: str, model: str, folder: Path | None) -> Iterator[File]:
    found, name = find_config(target, folder), f"{_CONFIGS}/{config_file(model)}"
    where = f"goes into upstream's {places().configs.file}"
    yield File(name, _bytes(found.config), where)
    if found.quantization.is_file():
        yield File(f"{name.removesuffix('_config.json')}_hf_quant_config.json", _bytes(found.quantization), where)


def _bytes(path: Path) -> bytes:
    """A file as it is, but for the byte-order mark that upstream's reader would stumble over."""
    try:
        return path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error), "a readable JSON file") from error


def _written(drawn: Blueprint, release: str) -> Iterator[File]:
    is_simple, where = drawn.situation is Situation.SAME_OPS, places()
    if not is_simple or not drawn.evidence.mapped:
        todo = "the line to add" if is_simple else "what to add where; follow it step by step"
        yield File("REGISTRATION.md", registration(drawn).encode(), todo)
    if is_simple:
        return
    if drawn.dataclass:
        todo = f"its dataclass {drawn.dataclass} goes into upstream's {where.dataclass.file}"
        yield File(f"{drawn.module}.py", config_module(drawn).encode(), todo)
        source = config_test(drawn, f"{_CONFIGS}/{config_file(drawn.model)}")
        todo = f"run it with pytest as it is; it goes into upstream's {where.tests.file}"
        yield File(f"test_{drawn.module}.py", source.encode(), todo)
    yield File("OPS.md", ops_table(drawn).encode(), "scale the model's ops by these counts")
    yield File(
        "known_issues.toml",
        known_issues_stub(drawn, release).encode(),
        "name here what stays wrong, for --known-issues",
    )
