"""Mutants that only show when the layers of a config are changed: counts that do not follow the pattern."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.fakes.mutants.changes import counted, in_ops
from tests.fakes.mutants.layers import COUNTED, COUNTING, counting
from tests.fakes.mutants.mutant import Mutant
from tests.fakes.mutants.package import parsed, together, wrapped
from tests.fakes.mutants.where import both, by_head, declared, with_op

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.checks.subject_model import SubjectModel
    from harness.subjects.models import BuildRequest, BuiltModel
    from tests.fakes.mutants.answering import Answers, Patch

_LONGEST = 60
_ONE_ORDER = ("Llama4ForConditionalGeneration", "Step3p7FlashForCausalLM", "KimiK3ForConditionalGeneration")
"""Architectures whose pattern is read from no list, or whose fields can express no order with another first layer."""


_NEIGHBOURS = "its three kinds are exchanged with their neighbours in a list only, never a Mamba layer with attention"


def _pattern(model: Any) -> Any:  # noqa: ANN401 - the subject's own
    """The pattern of a model of the subject; its classes keep their parameters under several names."""
    for holder in ("extra_params", "_hybrid_config", "_gemma4_config"):
        for name in ("layer_types", "attn_layer_pattern", "hybrid_override_pattern"):
            found = getattr(getattr(model, holder, None), name, None)
            if found is not None:
                return found
    raise AttributeError(f"{type(model).__name__} has no pattern")


def _by_first_layer() -> Patch:
    """Count the kind of the first layer once more, at the cost of the other kind."""

    def single(where: str, first: str, second: str) -> Patch:
        def change(real: Any, model: Any) -> dict[str, int]:  # noqa: ANN401 - the subject's own
            counts: dict[str, int] = real(model)
            starts = str(_pattern(model)[0]) in {"linear_attention", "sliding_attention", "0", "M"}
            return counts | {first: counts[first] + starts, second: counts[second] - starts}

        return wrapped(where, "_count_layer_types", change)

    return together(*(single(where, *kinds) for where, kinds in COUNTING.items()))


def _list_inverted(real: Callable[..., str], config: dict[str, Any]) -> str:
    return real(config) if "hybrid_override_pattern" in config else real(config).translate(str.maketrans("M*", "*M"))


def _without_prefix(result: dict[str, Any], config: dict[str, Any]) -> dict[str, object]:
    text = config.get("text_config") or config
    if result["architecture"] != "Step3p7FlashForCausalLM" or text.get("moe_layers_enum"):
        return {}
    return {"extra_params": replace(result["extra_params"], moe_layer_freq=(1,) * result["layers"])}


def _nested_head_dim(model: SubjectModel) -> bool:
    text = model.config.raw().get("text_config")
    derived = (model.parsed.hidden or 0) // (model.parsed.heads or 1)
    return isinstance(text, dict) and text.get("head_dim") not in {None, derived}


def _drifting() -> Answers:
    """Every build of a model after its first has one layer less of experts or feed-forwards."""
    asked: Counter[str] = Counter()

    def build(built: BuiltModel, request: BuildRequest) -> BuiltModel:
        asked[repr(request)] += 1
        if asked[repr(request)] == 1:
            return built
        return replace(built, prefill=tuple(counted(op, op.count - 1) if op.count > 1 else op for op in built.prefill))

    return {"build": build}


def _shared(layers: int, first: str, second: str) -> dict[str, Any]:
    return {first: layers * 0.75, second: layers * 0.25}


MUTANTS = (
    Mutant(
        id="layers-in-pairs",
        mistake="Layers are grouped two by two, and a single one at the end is dropped.",
        check="appended_layer",
        lesson=2,
        answers=in_ops(lambda ops, _: tuple(counted(op, op.count // 2 * 2) if op.count > 1 else op for op in ops)),
    ),
    Mutant(
        id="layers-as-fraction",
        mistake="Layers of a kind are a fixed fraction of all layers instead of what the pattern says.",
        check="appended_layer",
        lesson=2,
        patch=counting(lambda counts, first, second: counts | _shared(counts[first] + counts[second], first, second)),
        concerns=COUNTED,
    ),
    Mutant(
        id="layers-pattern-unread",
        mistake="The pattern is taken to be the usual one, whatever the config says of single layers.",
        check="exchanged_layer",
        lesson=2,
        patch=counting(lambda counts, first, second: counts | _shared(counts[first] + counts[second], first, second)),
        concerns=COUNTED,
        besides={"meta-llama/Llama-4-Scout-17B-16E-Instruct": "the release reads no pattern of it today"},
        survives={"nvidia/*Nemotron-*": _NEIGHBOURS},
    ),
    Mutant(
        id="layers-first-decides",
        mistake="A branch on the first layer of the pattern counts one layer of its kind too many.",
        check="reordered_layers",
        lesson=2,
        patch=_by_first_layer(),
        concerns=both(COUNTED, lambda model: model.plan.architecture not in _ONE_ORDER),
    ),
    Mutant(
        id="spelling-read-wrongly",
        mistake="Words of the list of layer kinds are mapped to the wrong letters; the string is right.",
        check="layer_spellings",
        lesson=6,
        patch=wrapped("utils", "_derive_nemotronh_hybrid_pattern", _list_inverted),
        concerns=declared("NemotronHForCausalLM"),
    ),
    Mutant(
        id="form-read-wrongly",
        mistake="A list of layer kinds takes another path than a string, and its kinds are exchanged.",
        check="pattern_forms",
        lesson=6,
        patch=wrapped("utils", "_derive_nemotronh_hybrid_pattern", _list_inverted),
        concerns=declared("NemotronHForCausalLM"),
    ),
    Mutant(
        id="spelling-number-ignored",
        mistake="Leading dense layers are read from the list of numbers only, not from first_k_dense_replace.",
        check="layer_spellings",
        lesson=6,
        patch=parsed(_without_prefix),
        concerns=declared("Step3p7FlashForCausalLM"),
    ),
    Mutant(
        id="nested-head-dim-lost",
        mistake="head_dim is looked for at the top level only, and derived where it is not there.",
        check="nested_equals_flat",
        lesson=4,
        patch=parsed(lambda result, config: {"d": config.get("head_dim") or result["hidden_size"] // result["n"]}),
        # Gemma-4 takes the widths of its heads from parameters of its own.
        concerns=both(by_head, _nested_head_dim, lambda model: "Gemma4" not in model.plan.architecture),
    ),
    Mutant(
        id="vlm-one-layer-more",
        mistake="The projector of a vision model is counted as one more decoder layer.",
        check="vlm_equals_text_sibling",
        lesson=4,
        patch=parsed(lambda result, config: {"layers": result["layers"] + ("vision_config" in config)}),
        concerns=declared("Qwen3VLForConditionalGeneration", "Qwen3VLMoeForConditionalGeneration"),
    ),
    Mutant(
        id="answer-drifts",
        mistake="Building a model changes the dictionary that the next build of it is made from.",
        check="history_independence",
        lesson=1,
        drifts=_drifting,
    ),
    Mutant(
        id="id-of-another-size",
        mistake="The id leads to the config of the next larger model.",
        check="id_equals_folder",
        answers={
            "parse": lambda parsed, ref: parsed if ref.startswith("/") else replace(parsed, layers=parsed.layers + 1)
        },
        concerns=lambda model: model.name in model.subject.default_models(),
    ),
    Mutant(
        id="field-vocab-fixed",
        mistake="The vocabulary is a constant of the class.",
        check="field_sensitivity",
        patch=parsed(lambda *_: {"vocab": 128000}),
    ),
    Mutant(
        id="field-kv-heads-fixed",
        mistake="The number of key and value heads is a constant of the class.",
        check="field_sensitivity",
        patch=parsed(lambda *_: {"n_kv": 8}),
        concerns=lambda model: (
            model.plan.architecture in {"LlamaForCausalLM", "Qwen3ForCausalLM", "Qwen3MoeForCausalLM"}
        ),
    ),
    Mutant(
        id="layers-at-most",
        mistake="Ops are built for at most as many layers as the largest model had.",
        check="doubled_layers",
        lesson=2,
        answers=in_ops(lambda ops, _: tuple(counted(op, min(op.count, _LONGEST)) for op in ops)),
        concerns=with_op(lambda op: _LONGEST / 2 < op.count < _LONGEST),
    ),
)
