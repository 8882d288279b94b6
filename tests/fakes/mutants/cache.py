"""Mutants of what a sequence keeps: keys and values on the wrong layers, windows, state, datatypes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.mutants.changes import in_cache
from tests.fakes.mutants.mutant import Mutant
from tests.fakes.mutants.package import module, replaced, together
from tests.fakes.mutants.where import by_head, declared, with_mixer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from harness.checks.subject_model import SubjectModel
    from harness.subjects.models import BuildRequest, BuiltModel

_CAPPED = ("GptOssForCausalLM", "Gemma4ForConditionalGeneration", "Step3p7FlashForCausalLM")
_QWEN = ("Qwen3_5ForConditionalGeneration", "Qwen3_5MoeForConditionalGeneration")
_LATENT = ("DeepseekV3ForCausalLM", "KimiK25ForConditionalGeneration")
_NAS = "nvidia/Llama-3_3-Nemotron-Super-49B-v1"
_DSA = ("DeepseekV32ForCausalLM", "GlmMoeDsaForCausalLM")


_MASKED = "every rank keeps the keys of its indexer whole, and layers divided in several ways are not judged"


def _kv_everywhere() -> AbstractContextManager[object]:
    base = module("models.base").BaseModel.get_kvcache_elements_per_token
    return replaced("models.qwen35:Qwen35Model", "get_kvcache_elements_per_token", base)()


def _each(change: Callable[[int, float, BuildRequest], float]) -> Callable[..., dict[int, float]]:
    return lambda known, request: {length: change(length, size, request) for length, size in known.items()}


def _other_width(built: BuiltModel, request: BuildRequest) -> BuiltModel:
    if request.precision != "checkpoint":
        return built
    wide = built.datatypes.kv_cache_bytes == 2
    datatypes = replace(built.datatypes, kv_cache="fp8" if wide else "bfloat16", kv_cache_bytes=1.0 if wide else 2.0)
    factor = datatypes.kv_cache_bytes / built.datatypes.kv_cache_bytes
    return replace(
        built, datatypes=datatypes, cache_bytes={length: size * factor for length, size in built.cache_bytes.items()}
    )


def _right_width(model: SubjectModel) -> bool:
    found = model.build(model.request(precision="checkpoint")).datatypes.kv_cache_bytes
    return found == model.quantization.kv_bytes


MUTANTS = (
    Mutant(
        id="cache-on-every-layer",
        mistake="Keys and values are charged on all layers, though recurrent ones keep none.",
        check="cache",
        lesson=2,
        patch=_kv_everywhere,
        concerns=declared(*_QWEN),
    ),
    Mutant(
        id="cache-without-state",
        mistake="Recurrent layers are thought to keep nothing, for they have no keys and values.",
        check="cache",
        patch=together(
            replaced("models.qwen35:Qwen35Model", "_gdn_state_bytes_per_request", lambda _: 0.0),
            replaced("models.kimi_k3:KimiK3Model", "_kda_state_bytes_per_request", lambda _: 0.0),
        ),
        concerns=with_mixer("gdn", "kda"),
    ),
    Mutant(
        id="cache-window-ignored",
        mistake="Layers with a window are charged every token of the sequence.",
        check="cache",
        answers=in_cache(lambda known, _: {length: known[1] * length for length in known}),
        concerns=declared(*_CAPPED),
    ),
    Mutant(
        id="cache-window-off-by-one",
        mistake="A window keeps one token less than it is wide.",
        check="cache",
        patch=replaced("models.moe:MOEModel", "_GPTOSS_WINDOW_SIZE", 127),
        concerns=declared("GptOssForCausalLM"),
    ),
    Mutant(
        id="cache-window-everywhere",
        mistake="Every layer is given the window, also the ones with full attention.",
        check="cache",
        patch=replaced("models.moe:MOEModel", "_GPTOSS_ATTN_SCALE_FACTOR", 1),
        concerns=declared("GptOssForCausalLM"),
    ),
    Mutant(
        id="cache-keys-only",
        mistake="The factor 2 for keys and values is missing.",
        check="cache",
        answers=in_cache(_each(lambda _, size, __: size / 2)),
        besides={_NAS: "the release charges it no cache at all"},
    ),
    Mutant(
        id="cache-not-divided",
        mistake="Every tensor-parallel rank keeps the keys and values of all heads.",
        check="cache_sharding",
        answers=in_cache(_each(lambda _, size, request: size * request.layout.tp)),
        concerns=by_head,
        besides={_NAS: "the release charges it no cache at all"},
        survives={"*/MiniMax-M3*": _MASKED},
    ),
    Mutant(
        id="cache-latents-divided",
        mistake="The latents of MLA are divided among the tensor-parallel ranks, though each needs them whole.",
        check="cache_sharding",
        answers=in_cache(_each(lambda _, size, request: size / request.layout.tp)),
        concerns=declared(*_LATENT, *_DSA),
    ),
    Mutant(
        id="cache-without-indexer",
        mistake="The keys of the indexer are left out.",
        check="cache",
        patch=replaced("common", "indexer_cache_entry_bytes", lambda _: 0),
        concerns=declared(*_DSA),
    ),
    Mutant(
        id="cache-constant-extra",
        mistake="A fixed reserve is added to what a sequence keeps.",
        check="cache",
        answers=in_cache(_each(lambda _, size, __: size + (1 << 20))),
    ),
    Mutant(
        id="cache-other-width",
        mistake="The cache is taken to be fp8 where it has 16 bits, and the other way round.",
        check="cache_datatype",
        answers={"build": _other_width},
        concerns=_right_width,
    ),
)
