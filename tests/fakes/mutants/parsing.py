"""Mutants of how a config is read and registered: lessons 1, 4 and 6."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from tests.fakes.mutants.changes import in_parsed
from tests.fakes.mutants.mutant import Mutant
from tests.fakes.mutants.package import changed, entries, parsed, wrapped
from tests.fakes.mutants.where import by_head, declared

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.checks.subject_model import SubjectModel
    from harness.subjects.models import ParsedConfig
    from tests.fakes.mutants.answering import Patch

_PATTERNS = ("layer_types", "attn_layer_pattern", "hybrid_override_pattern", "compress_ratios")


def in_parameters(change: Callable[[Any], Any], *names: str) -> Patch:
    """Change parameters of a family's own, where the parser made a dataclass of them."""

    def apply(result: dict[str, Any], _: dict[str, Any]) -> dict[str, object]:
        extra = result["extra_params"]
        if not is_dataclass(extra) or isinstance(extra, type):
            return {}
        known = [field.name for field in fields(extra) if field.name in names]
        return {"extra_params": replace(extra, **{name: change(getattr(extra, name)) for name in known})}

    return parsed(apply)


def _exchanged(pattern: Any) -> Any:  # noqa: ANN401 - a string or a tuple
    first, second = pattern[0], next((value for value in pattern if value != pattern[0]), pattern[0])
    swapped = [second if value == first else first if value == second else value for value in pattern]
    return "".join(swapped) if isinstance(pattern, str) else tuple(swapped)


def _rotated(pattern: Any) -> Any:  # noqa: ANN401
    return pattern[1:] + pattern[:1]


def _text(config: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", config.get("text_config") or config)


def _top_first(real: Callable[..., object], config: dict[str, Any]) -> object:
    text = config.get("text_config")
    if not isinstance(text, dict):
        return real(config)
    numbers = {name: value for name, value in config.items() if name in text and isinstance(value, int)}
    return real({**config, "text_config": {**text, **numbers}})


def _nested(model: SubjectModel) -> bool:
    return "text_config" in model.config.raw()


def _has_pattern(model: SubjectModel) -> bool:
    return any(name in _PATTERNS for name, _ in model.parsed.extra) and len(set(model.plan.kinds)) > 1


def _field(*names: str) -> Callable[[SubjectModel], bool]:
    """Models whose text config has one of these fields."""
    return lambda model: any(_text(model.config.raw()).get(name) is not None for name in names)


def _without_pattern(config: ParsedConfig) -> ParsedConfig:
    return replace(config, extra_frozen=False if config.extra_frozen else config.extra_frozen)


_MIMO = "XiaomiMiMo/MiMo-V2-Flash"
_QWEN = "Qwen3_5MoeForConditionalGeneration"

_UNJUDGED = "the check says of this family's heads that they are not judged"

MUTANTS = (
    Mutant(
        id="parse-text-config-ignored",
        mistake="The nested text_config is not entered, so that a VLM has no layers.",
        check="nested_config",
        lesson=4,
        patch=entries("common", "MULTIMODAL_TEXT_CONFIG_KEY", lambda _: {}),
        concerns=_nested,
        crashes=True,
    ),
    Mutant(
        id="parse-top-level-first",
        mistake="The text section is laid under the top level, so that a field at the top hides the decoder's own.",
        check="nested_config",
        lesson=4,
        patch=wrapped("utils", "_parse_hf_config_json", _top_first),
        concerns=_nested,
    ),
    Mutant(
        id="parse-layers-with-mtp",
        mistake="The prediction blocks are counted among the decoder layers.",
        check="parsed_dimensions",
        patch=parsed(
            lambda result, config: {"layers": result["layers"] + (_text(config).get("num_nextn_predict_layers") or 0)}
        ),
        concerns=lambda model: bool(_text(model.config.raw()).get("num_nextn_predict_layers")),
    ),
    Mutant(
        id="parse-head-dim-derived",
        mistake="head_dim is always hidden_size / num_attention_heads, though the config gives one.",
        check="parsed_dimensions",
        patch=parsed(lambda result, _: {"d": result["hidden_size"] // result["n"] if result["n"] else 0}),
        concerns=lambda model: (
            (by_head(model) or "V4" in model.plan.architecture)
            and bool(model.parsed.heads)
            and model.parsed.head_dim != (model.parsed.hidden or 0) // (model.parsed.heads or 1)
        ),
        survives={"*DeepSeek-V4-Pro*": _UNJUDGED},
    ),
    Mutant(
        id="parse-kv-heads-default",
        mistake="num_key_value_heads is not read: every query head has keys and values of its own.",
        check="parsed_dimensions",
        patch=parsed(lambda result, _: {"n_kv": result["n"]}),
        concerns=lambda model: 0 != model.parsed.kv_heads != model.parsed.heads,
        survives={"*DeepSeek-V4*": _UNJUDGED},
    ),
    Mutant(
        id="parse-expert-width-zero",
        mistake="The experts' width is read from moe_intermediate_size only; some configs spell it intermediate_size.",
        check="parsed_dimensions",
        patch=parsed(lambda _, config: {"moe_inter_size": _text(config).get("moe_intermediate_size", 0)}),
        concerns=lambda model: model.plan.is_moe and not _field("moe_intermediate_size")(model),
    ),
    Mutant(
        id="parse-top-alias",
        mistake="The number of experts of a token is read under its most frequent name only.",
        check="parsed_dimensions",
        patch=parsed(lambda _, config: {"topk": _text(config).get("num_experts_per_tok") or 0}),
        concerns=lambda model: bool(model.parsed.top) and not _field("num_experts_per_tok")(model),
    ),
    Mutant(
        id="parse-experts-with-shared",
        mistake="Shared experts are added to the routed ones.",
        check="parsed_dimensions",
        patch=parsed(
            lambda result, config: {"num_experts": result["num_experts"] + (_text(config).get("n_shared_experts") or 0)}
        ),
        concerns=lambda model: bool(_text(model.config.raw()).get("n_shared_experts")),
    ),
    Mutant(
        id="parse-vocab-rounded",
        mistake="The vocabulary is rounded down to a multiple of 1000.",
        check="parsed_dimensions",
        answers=in_parsed(lambda config: replace(config, vocab=(config.vocab or 0) // 1000 * 1000)),
        concerns=lambda model: bool(model.plan.vocab % 1000),
    ),
    Mutant(
        id="parse-pattern-inverted",
        mistake="0 and 1 of the pattern, or the names of its two kinds, are taken for each other.",
        check="parsed_parameters",
        lesson=6,
        patch=in_parameters(_exchanged, *_PATTERNS),
        concerns=_has_pattern,
        besides={_MIMO: "the release reads the pattern inverted today, so that the bug mends it"},
    ),
    Mutant(
        id="parse-interval-off-by-one",
        mistake="(i + 1) % interval is written as i % interval, so that the pattern starts one layer early.",
        check="parsed_parameters",
        lesson=6,
        patch=in_parameters(_rotated, *_PATTERNS),
        concerns=_has_pattern,
    ),
    Mutant(
        id="parse-moe-step-off-by-one",
        mistake="The first dense layers are counted from 1, so that experts begin one layer late.",
        check="parsed_parameters",
        lesson=6,
        patch=in_parameters(lambda pattern: (0, *pattern[:-1]), "moe_layer_freq"),
        concerns=lambda model: any(
            name == "moe_layer_freq" and isinstance(value, tuple) and len(set(value)) > 1
            for name, value in model.parsed.extra
        ),
    ),
    Mutant(
        id="parse-scalar-pattern",
        mistake="A pattern given as a list is replaced by what its first value says of every layer.",
        check="parsed_parameters",
        lesson=6,
        patch=in_parameters(lambda pattern: pattern[:1] * len(pattern), *_PATTERNS),
        concerns=_has_pattern,
        besides={_MIMO: "the release reads the pattern inverted today, which gives the same finding at layer 0"},
    ),
    Mutant(
        id="parse-window-zero",
        mistake="The window is read under a name that the config does not have, and comes out as 0.",
        check="parsed_parameters",
        patch=in_parameters(lambda _: 0, "sliding_window_size", "sliding_window"),
        concerns=lambda model: any(
            name in {"sliding_window_size", "sliding_window"} and value for name, value in model.parsed.extra
        ),
    ),
    Mutant(
        id="parse-latent-none",
        mistake="The narrower space of the experts is taken for a field of another family and left at 0.",
        check="parsed_parameters",
        patch=in_parameters(lambda _: 0, "moe_latent_size", "routed_expert_hidden_size"),
        concerns=lambda model: "latent_moe" in {ffn for _, ffn in model.plan.kinds},
    ),
    Mutant(
        id="parameters-changeable",
        mistake="The dataclass of a family's parameters is not frozen, and one model changes it for the next.",
        check="parameters_frozen",
        lesson=1,
        answers=in_parsed(_without_pattern),
        concerns=lambda model: bool(model.parsed.extra_frozen),
    ),
    Mutant(
        id="architecture-unregistered",
        mistake="The model class is there, but its architecture was not added to the table.",
        check="registered",
        patch=entries(
            "common", "ARCHITECTURE_TO_MODEL_FAMILY", lambda table: {k: v for k, v in table.items() if k != _QWEN}
        ),
        concerns=declared(_QWEN),
    ),
    Mutant(
        id="family-without-class",
        mistake="No model class registers itself for the family.",
        check="registered",
        patch=entries("models.base", "_MODEL_REGISTRY", lambda table: {k: v for k, v in table.items() if k != "LLAMA"}),
        concerns=lambda model: model.parsed.family == "LLAMA",
    ),
    Mutant(
        id="family-undeclared",
        mistake="An architecture maps to a family that is missing from the set of families.",
        check="families_complete",
        patch=changed("common", "ModelFamily", lambda known: frozenset(known) - {"QWEN35"}),
    ),
    Mutant(
        id="family-without-architecture",
        mistake="A family is declared that no architecture maps to.",
        check="families_complete",
        answers={"families": lambda known: known | {"NEWFAMILY"}},
    ),
    Mutant(
        id="model-not-listed",
        mistake="The config was added, but the model id was not added to the list.",
        check="usable_by_name",
        answers={"default_models": lambda known: frozenset(name for name in known if not name.startswith("Qwen/"))},
        concerns=lambda model: model.name.startswith("Qwen/") and model.name in model.subject.default_models(),
    ),
    Mutant(
        id="model-without-config",
        mistake="The model id was listed, but its config was not shipped.",
        check="model_lists",
        answers={"bundled_models": lambda known: known[1:]},
    ),
    Mutant(
        id="config-of-another-model",
        mistake="The shipped config was copied from a sibling and not changed.",
        check="usable_by_name",
        answers={
            "parse": lambda parsed, ref: parsed if ref.startswith("/") else replace(parsed, layers=parsed.layers + 1)
        },
        concerns=lambda model: model.name in model.subject.default_models(),
    ),
)
