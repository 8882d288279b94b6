from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Cell, Mode, Status
from harness.errors import DataFileError
from harness.matrix.gaps import Gap, known_gap, load_gaps
from harness.subjects.api import Failure, SystemFacts

if TYPE_CHECKING:
    from pathlib import Path

BY_ID = {gap.id: gap for gap in load_gaps()}

V4, MIMO, K25, GPT = (
    "deepseek-ai/DeepSeek-V4-Pro",
    "XiaomiMiMo/MiMo-V2-Flash",
    "moonshotai/Kimi-K2.5",
    "openai/gpt-oss-20b",
)
RTX = "rtx_pro_6000_server"
V4_MOE = "Unsupported MoE quant mode 'w4a8_mxfp4_mxfp8' for system"


@dataclass(frozen=True)
class Case:
    """One failure."""

    model: str = "any/model"
    system: str = "any_gpu"
    backend: str = "anything"
    version: str = "not-a-version"
    sm: int | None = None
    message: str = ""

    @property
    def cell(self) -> Cell:
        return Cell(self.model, self.system, self.backend, self.version, Mode.AGG)

    @property
    def facts(self) -> SystemFacts:
        return SystemFacts(self.sm, frozenset())

    @property
    def failure(self) -> Failure:
        return Failure("E", (f"E: {self.message}",), missing_data=False, log="")

    def matched_by(self, gap: Gap) -> bool:
        return gap.matches(self.cell, self.facts, self.failure)

    def having(self, coordinate: str, value: object) -> Case:
        return Case(**{**asdict(self), coordinate: value})

    @property
    def gap(self) -> str:
        found = known_gap(self.cell, self.facts, self.failure)
        return found.id if found else ""


# For every rule: a failure with nothing but what the rule asks for, and values of each coordinate that it refuses.
RULES: dict[str, tuple[Case, dict[str, tuple[object, ...]]]] = {
    "l40s-fp8-block-and-mxfp4": (
        Case(system="l40s", message="Unsupported GEMM quant mode 'fp8_block' for system='l40s'"),
        {
            "system": ("l4", "l40", "h100_sxm"),
            "message": ("Unsupported gemm quant mode 'fp8'", "Unsupported moe quant mode 'nvfp4'"),
        },
    ),
    "l40s-fp8-attention": (
        Case(system="l40s", message="Unsupported context_attention quant mode 'fp8'"),
        {"system": ("l40", "b200_sxm"), "message": ("Unsupported context_attention quant mode 'fp4'",)},
    ),
    "l40s-dsa": (
        Case(system="l40s", message="No rows in dsa_context_module_perf.parquet"),
        {
            "system": ("h100_sxm",),
            "message": ("No rows in dsa_context_module_perf.txt", "No rows in gemm_perf.parquet"),
        },
    ),
    "mimo-v2-flash-trtllm-attention": (
        Case(model=MIMO, backend="trtllm", message="Failed to query context attention data"),
        {
            "model": ("XiaomiMiMo/MiMo-V2", "other/MiMo-V2-Flash"),
            "system": ("l40s", "a100_sxm"),
            "backend": ("vllm", "sglang"),
            "message": ("Failed to query generation attention data",),
        },
    ),
    "deepseek-v4-vllm-mxfp4-old": (
        Case(model=V4, backend="vllm", version="0.23.1", message=V4_MOE),
        {
            "model": ("deepseek-ai/DeepSeek-V3",),
            "backend": ("sglang", "trtllm"),
            "version": ("0.24.0", "0.24.1", "0.27.0", "0.24.0.post1"),
            "message": ("Unsupported moe quant mode 'nvfp4'",),
        },
    ),
    "deepseek-v4-vllm-mxfp4-older-gpu": (
        Case(model=V4, backend="vllm", version="0.24.0", sm=90, message="DeepSeek-V4 mHC module data not loaded"),
        {
            "model": ("deepseek-ai/DeepSeek-V3",),
            "backend": ("sglang",),
            "sm": (100, 103, 120, None),
            "message": ("module data not loaded",),
        },
    ),
    "deepseek-v4-vllm-mxfp4-other-gpu": (
        Case(model=V4, backend="vllm", version="0.24.0", sm=120, message="No mHC module rows loaded"),
        {
            "model": ("deepseek-ai/DeepSeek-V3",),
            "backend": ("sglang",),
            "sm": (90, 100, 109, None),
            "message": ("no rows loaded",),
        },
    ),
    "deepseek-v4-vllm-mxfp4-no-sm": (
        Case(model=V4, backend="vllm", version="0.24.0", sm=None, message=V4_MOE),
        {
            "model": ("deepseek-ai/DeepSeek-V3",),
            "backend": ("sglang",),
            "sm": (0, 90, 100, 120),
            "message": ("no rows loaded",),
        },
    ),
    "fp8-static-without-overhead-tables": (
        Case(message="Unsupported gemm quant mode 'fp8_static' for system"),
        {"message": ("Unsupported moe quant mode 'fp8_static'", "Unsupported gemm quant mode 'fp8'")},
    ),
    "w4a16-nvfp4-moe-has-no-tables": (
        Case(message="Unsupported moe quant mode 'w4a16_nvfp4'"),
        {"message": ("Unsupported moe quant mode 'nvfp4'", "Unsupported gemm quant mode 'w4a16_nvfp4'")},
    ),
    "rtx-pro-6000-unmeasured": (
        Case(system=RTX, message="Failed to query MoE data"),
        {"system": ("rtx_pro_6000", "b200_sxm"), "message": ("Failed to query gemm data",)},
    ),
    "rtx-pro-6000-sglang-0.5.10": (
        Case(system=RTX, backend="sglang", version="0.5.10", message="Unsupported gemm quant mode 'fp8_block'"),
        {
            "system": ("b200_sxm",),
            "backend": ("vllm",),
            "version": ("0.5.1", "0.5.9", "0.5.11", "0.5.10rc1"),
            "message": ("Unsupported moe quant mode 'fp8_block'",),
        },
    ),
    "rtx-pro-6000-sglang-0.5.10-gpt-oss": (
        Case(GPT, RTX, "sglang", "0.5.10", message="Unsupported moe quant mode 'w4a16_mxfp4'"),
        {
            "model": ("openai/gpt-oss-safeguard-20b",),
            "system": ("b200_sxm",),
            "backend": ("trtllm",),
            "version": ("0.5.14",),
            "message": ("Unsupported moe quant mode 'w4a16'",),
        },
    ),
    "rtx-pro-6000-trtllm-1.3.0rc10": (
        Case(system=RTX, backend="trtllm", version="1.3.0rc10", message="no dsa_context_module_perf.txt"),
        {
            "system": ("b200_sxm",),
            "backend": ("sglang",),
            "version": ("1.3.0", "1.3.0rc1", "1.3.0rc20"),
            "message": ("Unsupported gemm quant mode 'fp8_block'",),
        },
    ),
    "rtx-pro-6000-trtllm-1.3.0rc10-deepseek-v4": (
        Case(V4, RTX, "trtllm", "1.3.0rc10", message=V4_MOE),
        {
            "model": ("deepseek-ai/DeepSeek-V3.2",),
            "system": ("gb200",),
            "backend": ("vllm",),
            "version": ("1.3.0rc20",),
            "message": ("Unsupported moe quant mode 'w4a8_mxfp4'",),
        },
    ),
    "rtx-pro-6000-trtllm-1.3.0rc10-gpt-oss": (
        Case("openai/gpt-oss-120b", RTX, "trtllm", "1.3.0rc10", message="Unsupported moe quant mode 'w4a16_mxfp4'"),
        {
            "model": ("openai/gpt-oss",),
            "system": ("gb200",),
            "backend": ("sglang",),
            "version": ("1.3.0rc11",),
            "message": ("Unsupported gemm quant mode 'w4a16_mxfp4'",),
        },
    ),
    "trtllm-1.3.0rc10-kimi-k2.5-int4": (
        Case(K25, "b200_sxm", "trtllm", "1.3.0rc10", message="Unsupported moe quant mode 'int4_wo'"),
        {
            "model": ("nvidia/Kimi-K2.5-NVFP4",),
            "system": ("b300_sxm",),
            "backend": ("vllm",),
            "version": ("1.3.0rc100",),
            "message": ("Unsupported gemm quant mode 'int4_wo'",),
        },
    ),
    "rtx-pro-6000-vllm-0.19.0": (
        Case(system=RTX, backend="vllm", version="0.19.0", message="Unsupported moe quant mode 'nvfp4'"),
        {
            "system": ("b200_sxm",),
            "backend": ("sglang",),
            "version": ("0.19.1", "0.18.0", "0.24.0"),
            "message": ("Unsupported gemm quant mode 'nvfp4'",),
        },
    ),
}

NEAR_MISSES = [
    (rule, coordinate, value)
    for rule, (_, refused) in RULES.items()
    for coordinate, values in refused.items()
    for value in values
]
ANYTHING: dict[str, object] = {
    "model": "other/model",
    "system": "other_gpu",
    "backend": "other",
    "version": "unreleased",
    "sm": None,
}


def test_every_rule_of_the_file_is_shown_here() -> None:
    assert list(RULES) == list(BY_ID)


@pytest.mark.parametrize("rule", RULES)
def test_rule_matches_its_failure_and_is_the_one_found(rule: str) -> None:
    case = RULES[rule][0]
    assert case.matched_by(BY_ID[rule])
    assert case.gap == rule
    assert BY_ID[rule].status == ("HW_INCOMPATIBLE" if rule.startswith("l40s") else "FRAMEWORK_INCOMPATIBLE")


@pytest.mark.parametrize(("rule", "coordinate", "value"), NEAR_MISSES)
def test_rule_does_not_match_a_near_miss(rule: str, coordinate: str, value: object) -> None:
    assert not RULES[rule][0].having(coordinate, value).matched_by(BY_ID[rule])


@pytest.mark.parametrize(
    ("rule", "coordinate"),
    [(rule, each) for rule, (_, refused) in RULES.items() for each in ANYTHING if each not in refused],
)
def test_rule_asks_for_no_other_coordinate(rule: str, coordinate: str) -> None:
    assert RULES[rule][0].having(coordinate, ANYTHING[coordinate]).matched_by(BY_ID[rule])


@pytest.mark.parametrize("version", ["0.24.0rc1", "0.24.0.dev3", "nightly"])
def test_a_pre_release_and_an_unreadable_version_are_below_a_bound_as_upstream_has_it(version: str) -> None:
    rule = "deepseek-v4-vllm-mxfp4-old"
    assert RULES[rule][0].having("version", version).matched_by(BY_ID[rule])


@pytest.mark.parametrize(("rule", "message"), [(gap.id, message) for gap in BY_ID.values() for message in gap.messages])
def test_every_message_of_a_rule_counts_in_any_case_and_in_any_cause(rule: str, message: str) -> None:
    case = RULES[rule][0]
    failure = Failure("E", ("E: no results", f"Cause: {message.upper()} here"), missing_data=True, log="")
    assert BY_ID[rule].matches(case.cell, case.facts, failure)


def test_message_in_the_log_alone_does_not_count() -> None:
    case = RULES["fp8-static-without-overhead-tables"][0]
    failure = replace(case.failure, messages=("E: something else",), log=case.message)
    assert known_gap(case.cell, case.facts, failure) is None


def test_models_of_both_names_of_deepseek_v4_are_meant() -> None:
    case = RULES["deepseek-v4-vllm-mxfp4-old"][0]
    for model in ("sgl-project/DeepSeek-V4-Flash-FP8", "nvidia/DeepSeek-V4-Pro-NVFP4", "deepseek-ai/DeepSeek-V4-Flash"):
        assert replace(case, model=model).gap == "deepseek-v4-vllm-mxfp4-old"


@pytest.mark.parametrize(
    ("version", "sm", "rule"),
    [
        ("0.24.0", 100, ""),
        ("0.27.0", 103, ""),
        ("0.24.0", 90, "deepseek-v4-vllm-mxfp4-older-gpu"),
        ("0.24.0", 110, "deepseek-v4-vllm-mxfp4-other-gpu"),
        ("0.24.0", None, "deepseek-v4-vllm-mxfp4-no-sm"),
        ("0.19.0", 90, "deepseek-v4-vllm-mxfp4-old"),
        ("0.19.0", 100, "deepseek-v4-vllm-mxfp4-old"),
        ("0.19.0", None, "deepseek-v4-vllm-mxfp4-old"),
    ],
)
def test_first_of_several_rules_is_found(version: str, sm: int | None, rule: str) -> None:
    assert Case(model=V4, backend="vllm", version=version, sm=sm, message=V4_MOE).gap == rule


def test_hardware_gap_is_found_before_a_framework_gap() -> None:
    message = "unsupported gemm quant mode 'fp8_static'; unsupported gemm quant mode 'fp8_block'"
    assert Case(message=message).gap == "fp8-static-without-overhead-tables"
    assert Case(system="l40s", message=message).gap == "l40s-fp8-block-and-mxfp4"


def test_hardware_rule_need_not_stand_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hardware = RULE.replace("a-gap", "hw").replace("FRAMEWORK", "HW")
    gaps = load_gaps(written(tmp_path, RULE + hardware))
    monkeypatch.setattr("harness.matrix.gaps.load_gaps", lambda: gaps)
    found = known_gap(Case().cell, Case().facts, Case(message="boom").failure)
    assert found is not None
    assert (found.id, found.status) == ("hw", Status.HW_INCOMPATIBLE)


RULE = """
[[gaps]]
id = "a-gap"
status = "FRAMEWORK_INCOMPATIBLE"
messages = ["boom"]
reason = "Because it goes boom."
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "gaps.toml"
    path.write_text(text)
    return path


def test_smallest_rule_is_read(tmp_path: Path) -> None:
    (gap,) = load_gaps(written(tmp_path, RULE))
    assert (gap.id, gap.models, gap.systems, gap.backends, gap.versions) == ("a-gap", ("*",), ("*",), ("*",), "")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("reason = ", "sistems = ['l40s']\nreason = ", "gaps.0.sistems"),
        ("reason = ", "versions = '>>1'\nreason = ", "gaps.0.versions"),
        ("reason = ", "versions = '1.0'\nreason = ", "gaps.0.versions"),
        ("reason = ", "models = 'x'\nreason = ", "gaps.0.models"),
        ("reason = ", "below_sm = '90'\nreason = ", "gaps.0.below_sm"),
        ('reason = "Because it goes boom."', "", "gaps.0.reason"),
        ("Because it goes boom.", "why not", "gaps.0.reason"),
        ('id = "a-gap"', "", "gaps.0.id"),
        ('"a-gap"', '"A gap"', "gaps.0.id"),
        ('"boom"', '"Boom"', "gaps.0.messages"),
        ('"boom"', '""', "gaps.0.messages"),
        ('"boom"', "", "gaps.0.messages"),
        ('messages = ["boom"]', "", "gaps.0.messages"),
        ("FRAMEWORK_INCOMPATIBLE", "FAIL", "gaps.0.status"),
        ("[[gaps]]", "[[gap]]", "gaps"),
    ],
)
def test_bad_file_is_refused_with_file_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    assert old in RULE
    path = written(tmp_path, RULE.replace(old, new))
    with pytest.raises(DataFileError) as caught:
        load_gaps(path)
    assert caught.value.where == f"{path}, field {field}"


def test_flaw_of_a_later_rule_names_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, RULE + RULE.replace("a-gap", "b-gap").replace('"boom"', '"Boom"'))
    with pytest.raises(DataFileError, match=r"gaps\.toml, field gaps\.1\.messages: found .*lower-case"):
        load_gaps(path)


def test_duplicate_id_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, RULE + RULE.replace("boom", "bang"))
    with pytest.raises(DataFileError, match=r"gaps\.toml, field id: found 'a-gap' twice"):
        load_gaps(path)
