from __future__ import annotations

from dataclasses import replace

import pytest

from harness.coordinates import Cell, Mode
from harness.matrix.hardware import incompatibility
from harness.subjects.api import ModelFacts, SystemFacts

BF16 = ModelFacts("LlamaForCausalLM", 8e9, frozenset({"bfloat16"}), "", "", "")
DSA = replace(BF16, architecture="DeepseekV32ForCausalLM")


def reason(
    model: ModelFacts,
    sm: int | None,
    *keys: str,
    system: str = "some_gpu",
    backend: str = "vllm",
    mode: Mode = Mode.AGG,
) -> str:
    return incompatibility(Cell("org/m", system, backend, "1.0", mode), model, SystemFacts(sm, frozenset(keys)))


def quantized(mode: str = "", algo: str = "", kv: str = "", expert: str = "") -> ModelFacts:
    modes = frozenset({"bfloat16", mode} - {""})
    return replace(BF16, quant_modes=modes, quant_algo=algo, kv_cache_quant_algo=kv, expert_dtype=expert)


NEEDS_FP8 = [quantized(mode=each) for each in ("fp8", "fp8_static", "fp8_block", "w4afp8")]
NEEDS_FP8 += [quantized(algo="fp8"), quantized(algo="fp8_block"), quantized(kv="fp8")]
NEEDS_FP4 = [quantized(mode="nvfp4"), quantized(algo="nvfp4"), quantized(expert="fp4")]
NEEDS_NOTHING = [
    BF16,
    quantized(mode="int4_wo"),
    quantized(mode="w4a16_mxfp4"),
    quantized(algo="mxfp4"),
    quantized(algo="compressed-tensors"),
    quantized(kv="nvfp4"),
    quantized(expert="fp8"),
]


@pytest.mark.parametrize("model", NEEDS_FP8)
@pytest.mark.parametrize(
    ("sm", "keys", "offered"),
    [
        (80, (), False),
        (88, (), False),
        (89, (), True),
        (120, (), True),
        (80, ("fp8_tc_flops",), True),
        (80, ("fp4_tc_flops",), False),
        (None, (), False),
        (None, ("fp8_tc_flops",), True),
    ],
)
def test_fp8_needs_ada_or_a_figure_for_it(
    model: ModelFacts, sm: int | None, keys: tuple[str, ...], offered: bool
) -> None:
    assert (reason(model, sm, *keys) == "") is offered


@pytest.mark.parametrize("model", NEEDS_FP4)
@pytest.mark.parametrize(
    ("sm", "keys", "offered"),
    [
        (90, (), False),
        (99, (), False),
        (100, (), True),
        (120, (), True),
        (90, ("fp4_tc_flops",), True),
        (90, ("fp8_tc_flops",), False),
        (None, (), False),
        (None, ("fp4_tc_flops",), True),
    ],
)
def test_fp4_needs_blackwell_or_a_figure_for_it(
    model: ModelFacts, sm: int | None, keys: tuple[str, ...], offered: bool
) -> None:
    assert (reason(model, sm, *keys) == "") is offered


@pytest.mark.parametrize("model", NEEDS_NOTHING)
@pytest.mark.parametrize("sm", [None, 80])
def test_other_datatypes_need_no_hardware(model: ModelFacts, sm: int | None) -> None:
    assert reason(model, sm) == ""


def test_b60_has_fp8_by_software_and_no_fp4() -> None:
    assert reason(quantized(mode="fp8"), None, system="b60") == ""
    assert reason(quantized(mode="fp8"), None, system="b61") != ""
    assert reason(quantized(mode="nvfp4"), None, system="b60") == "b60 lacks FP4, which org/m needs"


@pytest.mark.parametrize("architecture", ["DeepseekV32ForCausalLM", "GlmMoeDsaForCausalLM"])
@pytest.mark.parametrize(("sm", "offered"), [(89, False), (90, True), (120, True), (None, True)])
def test_sparse_attention_of_sglang_needs_hopper(architecture: str, sm: int | None, offered: bool) -> None:
    model = replace(BF16, architecture=architecture)
    assert (reason(model, sm, backend="sglang") == "") is offered


@pytest.mark.parametrize(
    ("architecture", "backend"),
    [("DeepseekV32ForCausalLM", "vllm"), ("DeepseekV32ForCausalLM", "trtllm"), ("DeepseekV3ForCausalLM", "sglang")],
)
def test_sparse_attention_rule_speaks_of_nothing_else(architecture: str, backend: str) -> None:
    assert reason(replace(BF16, architecture=architecture), 89, backend=backend) == ""


def test_reason_names_gpu_everything_missing_and_model() -> None:
    both = quantized(mode="nvfp4", kv="fp8")
    assert reason(both, 80) == "some_gpu (SM80) lacks FP4 and FP8, which org/m needs"
    assert reason(both, 89) == "some_gpu (SM89) lacks FP4, which org/m needs"
    assert reason(both, None) == "some_gpu lacks FP4 and FP8, which org/m needs"
    kernel = "SGLang's sparse-attention (DSA) kernels"
    assert reason(DSA, 89, backend="sglang") == f"some_gpu (SM89) lacks {kernel}, which org/m needs (SM90 or newer)"


def test_both_modes_are_decided_alike() -> None:
    assert reason(NEEDS_FP4[0], 90, mode=Mode.AGG) == reason(NEEDS_FP4[0], 90, mode=Mode.DISAGG) != ""
