"""Phase 1: the config file itself: its name, its fields, and the file beside it that says how weights are stored."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.config_edits import value_at
from harness.checks.records import Mismatch, SkipCheck
from harness.checks.registry import check
from harness.data_files import Record, data_path, load_toml
from harness.reference.architectures import plan_for
from harness.reference.counting.checkpoint import quantization_of
from harness.reference.hf_config import HFConfig
from harness.subjects.api import Capability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.checks.subject_model import SubjectModel
    from harness.reference.layers import LayerPlan

_REQUIRED = (
    ("hidden_size", "n_embd", "d_model"),
    ("num_attention_heads",),
    ("vocab_size",),
    ("max_position_embeddings", "max_sequence_length", "n_positions"),
)
"""What every decoder's config says, by the names that are in use."""
_ASIDE = ("vision_config", "audio_config", "quantization_config")
"""Sections of towers, and of storage, whose inner fields other checks judge by what follows from them."""


class _Group(Record):
    reason: str
    fields: tuple[str, ...]


class _Groups(Record):
    groups: tuple[_Group, ...]


@cache
def _irrelevant() -> tuple[str, ...]:
    stored = load_toml(data_path("fixtures", "irrelevant_fields.toml"), _Groups)
    return tuple(field for group in stored.groups for field in group.fields)


@check("config_name", phase=1, suite="config_files")
def check_config_name(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:  # noqa: ARG001 - as all checks
    """The config is stored as `<Org>--<Model>_config.json`, after the HuggingFace id."""
    name = Path(model.config.source).name
    if name == "config.json":
        raise SkipCheck("a config.json of its own folder has no name to judge")
    organisation, _, rest = name.removesuffix("_config.json").partition("--")
    if not (name.endswith("_config.json") and organisation and rest):
        yield Mismatch("name", "<Org>--<Model>_config.json", name, "the subject finds configs by that name")


@check("config_fields", phase=1, suite="config_files")
def check_config_fields(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:
    """Every decoder's fields are there, and as many layers are described as `num_hidden_layers` says."""
    text = model.config.text()
    for names in _REQUIRED:
        if not any(text.has(name) for name in names):
            yield Mismatch(names[0], f"a value of {' or '.join(names)}", "nothing", "every decoder has one")
    stated = text.get("num_hidden_layers")
    if isinstance(stated, int) and stated != len(plan.layers):
        yield Mismatch("num_hidden_layers", str(len(plan.layers)), str(stated), f"the layers are {plan}")


@check("quantization_file", phase=1, suite="config_files")
def check_quantization_file(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:  # noqa: ARG001 - as all checks
    """A ModelOpt checkpoint says how its weights are stored, in the config or in `hf_quant_config.json` beside it."""
    section = model.config.section("quantization_config")
    if section is None or section.word("", "quant_method") != "modelopt":
        return
    if not section.has("quant_algo") and not section.has("config_groups") and model.config.quantization is None:
        yield Mismatch(
            "hf_quant_config",
            "quant_algo or config_groups in quantization_config, or the file hf_quant_config.json",
            "none of them",
            "quant_method is modelopt",
        )


@check("unread_fields", phase=1, suite="config_files", needs=[Capability.FIELDS_READ])
def check_unread_fields(model: SubjectModel, plan: LayerPlan) -> Iterator[Mismatch]:  # noqa: ARG001 - as all checks
    """No field is left that neither the reference nor the subject reads and that nobody declared irrelevant."""
    # A config of its own, for what other checks have asked it would count as read.
    raw = model.config.raw()
    fresh = HFConfig(model.config.source, raw, model.config.model, model.config.quantization)
    plan_for(fresh)
    quantization_of(fresh)
    read = model.subject.fields_read(raw, model.config.quantization)
    for dotted in fresh.unread():
        *sections, name = dotted.split(".")
        value = value_at(raw, dotted)
        if not {*sections, name}.isdisjoint(_ASIDE) or dotted in read or not value:
            continue
        if not any(fnmatchcase(name, pattern) for pattern in _irrelevant()):
            yield Mismatch(
                dotted,
                "somebody who reads it, or a reason in fixtures/irrelevant_fields.toml why nobody needs to",
                f"{value!r}"[:100],
                "neither the recipe nor the subject asks for it",
                model.parse_snippet(),
            )
