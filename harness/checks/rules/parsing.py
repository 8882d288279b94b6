"""Phase 3: whether the subject reads every dimension as the config means it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.checks.config_edits import without
from harness.checks.quantities import ABSENT, Quantities, meanings
from harness.checks.records import Mismatch, SkipCheck
from harness.checks.registry import check
from harness.checks.subject_model import unlike
from harness.errors import ConfigError
from harness.reference.architectures import plan_for
from harness.reference.hf_config import HFConfig
from harness.subjects.api import Capability

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.checks.quantities import Meaning
    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan
    from harness.subjects.models import ModelSubject, ParsedConfig

_RUN_LENGTH = "num_inst"


@check("parsed_dimensions", phase=3, suite="parsing", needs=[Capability.PARSE])
def check_parsed_dimensions(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Every dimension that each model has is read as the config gives it."""
    parsed, quantities, table = model.parsed, Quantities(model.config, plan), meanings()
    for name, meaning in table.dimensions.items():
        quantity = table.dimension(name, parsed.extra_type)
        if quantity:
            found = _scalar(quantities(quantity), getattr(parsed, name), meaning.absent)
            yield from _wrong(model, name, quantity, found)


@check("parsed_parameters", phase=3, suite="parsing", needs=[Capability.PARSE])
def check_parsed_parameters(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Every parameter of the family's own, patterns layer by layer, is read as the config gives it."""
    parsed, quantities = model.parsed, Quantities(model.config, plan)
    if not parsed.extra_type:
        raise SkipCheck(f"{parsed.architecture} is read without parameters of its own")
    known = meanings().types.get(parsed.extra_type, {})
    for name, value in _laid_out(parsed):
        meaning = known.get(name)
        if meaning is None:
            expected = f"a meaning of {parsed.extra_type}.{name} in fixtures/extra_params.toml"
            yield Mismatch(f"unknown.{name}", expected, repr(value), "nobody has said what it stands for")
        elif not meaning.ignored:
            wanted = quantities(meaning.quantity)
            if isinstance(wanted, tuple) and isinstance(value, tuple | str):
                yield from _wrong(model, name, meaning.quantity, _pattern(wanted, tuple(value), meaning))
            else:
                fallback = getattr(parsed, meaning.zero) if meaning.zero and not value else value
                yield from _wrong(model, name, meaning.quantity, _scalar(wanted, fallback, meaning.absent))


@check("nested_config", phase=3, lesson=4, suite="parsing", needs=[Capability.PARSE])
def check_nested_config(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """A nested text decoder is read from its own section, whatever the same fields say at the top."""
    raw, text = model.config.raw(), model.config.text()
    if not text.path:
        raise SkipCheck("the config has no nested text decoder")
    inner, own = text.raw(), _parsed(model.subject, raw, model.config.quantization)
    numbers = {name: value for name, value in inner.items() if isinstance(value, int) and not isinstance(value, bool)}
    for about, edited in (
        ("lifted", {**without(raw, text.path), **inner, "architectures": raw["architectures"]}),
        ("decoys", {**raw, **{name: value + 1 for name, value in numbers.items() if value > 0}}),
    ):
        if not _same_plan(model, edited, plan):
            continue
        found = _parsed(model.subject, edited, model.config.quantization)
        if isinstance(found, Exception) or isinstance(own, Exception):
            if isinstance(found, Exception) and isinstance(own, Exception):
                raise own
            refusal = found if isinstance(found, Exception) else own
            yield Mismatch(about, "the same reading", f"{type(refusal).__name__}: {refusal}", _NESTED[about])
            continue
        for name, expected, actual in unlike(own, found):
            snippet = model.parse_snippet()
            yield Mismatch(f"{about}.{name}", repr(expected)[:200], repr(actual)[:200], _NESTED[about], snippet)


def _parsed(
    subject: ModelSubject, raw: Mapping[str, object], quantization: Mapping[str, object] | None
) -> ParsedConfig | Exception:
    """A reading, or what the subject raises: one of two forms that is refused is the finding."""
    try:
        return subject.parse(subject.reference(raw, quantization))
    except Exception as error:  # noqa: BLE001 - whatever it raises
        return error


_NESTED = {
    "lifted": "the fields of the text section stand at the top instead of in the section",
    "decoys": "every number of the text section stands at the top too, one larger",
}


def _same_plan(model: SubjectModel, raw: Mapping[str, object], plan: LayerPlan) -> bool:
    try:
        found = plan_for(HFConfig(model.config.source, raw, model.name, model.config.quantization))
    except ConfigError:
        return False
    return (found.layers, found.hidden, found.vocab) == (plan.layers, plan.hidden, plan.vocab)


def _laid_out(parsed: ParsedConfig) -> Iterator[tuple[str, object]]:
    """The family's parameters; of runs of equal blocks, each with a value for every layer."""
    for name, value in parsed.extra:
        if name != "blocks" or not isinstance(value, tuple):
            yield name, value
            continue
        blocks = [dict(block) for block in value]
        for field in blocks[0] if blocks else ():
            yield field, tuple(block[field] for block in blocks for _ in range(int(block.get(_RUN_LENGTH, 1))))


def _scalar(expected: object, actual: object, absent: int | None) -> tuple[str, str, str] | None:
    if expected is ABSENT:
        wrong = absent is not None and (actual or 0) != absent
        return (str(absent), repr(actual), "the model has none") if wrong else None
    return None if actual == expected else (repr(expected), repr(actual), "")


def _pattern(expected: Sequence[object], actual: Sequence[object], meaning: Meaning) -> tuple[str, str, str] | None:
    if len(expected) != len(actual):
        return f"{len(expected)} values", f"{len(actual)} values", "one for each layer"
    fits = [_fits(want, value, meaning) for want, value in zip(expected, actual, strict=True)]
    if all(fits):
        return None
    first = fits.index(False)
    means = meaning.values.get(str(actual[first]))
    said = f"{actual[first]!r}" + (f", which means {' or '.join(means)}," if means else "")
    counts = f"{fits.count(False)} of {len(fits)} layers differ; in all: {_counts(expected)}, not {_counts(actual)}"
    return f"layer {first}: {expected[first]}", f"layer {first}: {said} there", counts


def _fits(expected: object, actual: object, meaning: Meaning) -> bool:
    if expected is ABSENT:
        return True
    return expected in meaning.values.get(str(actual), ()) if meaning.values else expected == actual


def _counts(values: Sequence[object]) -> str:
    return ", ".join(f"{values.count(value)} {value}" for value in sorted({*values} - {ABSENT}, key=str))


def _wrong(model: SubjectModel, about: str, quantity: str, found: tuple[str, str, str] | None) -> Iterator[Mismatch]:
    if found:
        expected, actual, why = found
        arithmetic = f"{quantity} of the reference's plan" + (f": {why}" if why else f" is {expected}")
        yield Mismatch(about, expected, actual, arithmetic, model.parse_snippet())
