"""The programs that findings publish are run as a reader would run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.coordinates import Database
from harness.subjects import snippets
from harness.subjects.api import Layout
from harness.subjects.models import BuildRequest, EstimateRequest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

pytest.importorskip("aiconfigurator")

NEWEST = snippets.Dialect()
DENSE, WRAPPED = "Qwen/Qwen3-32B", "deepseek-ai/DeepSeek-V3"


@pytest.fixture
def run(run_python: Run, tmp_path: Path) -> Callable[[str], str]:
    def printed(program: str) -> str:
        done = run_python("-c", program, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return printed


def test_a_reading_is_printed(run: Callable[[str], str]) -> None:
    assert "'layers': 61" in run(snippets.parse(WRAPPED, NEWEST))


def test_ops_within_wrappers_are_printed(run: Callable[[str], str]) -> None:
    said = run(snippets.build(BuildRequest(WRAPPED, precision="bf16"), WRAPPED, (), NEWEST))
    for name in ("context_embedding", "context_mla_module", "context_q_b_proj_gemm", "generation_moe"):
        assert f"\n{name} " in f"\n{said}"


def test_only_the_named_ops_are_printed(run: Callable[[str], str]) -> None:
    request = BuildRequest(WRAPPED, layout=Layout(8, 1, 1, 1, 8, 1))
    said = run(snippets.build(request, WRAPPED, ("context_moe",), NEWEST))
    assert [line.split()[0] for line in said.splitlines()] == ["context_moe", "cache"]


def test_a_named_datatype_is_that_of_weights_alone(run: Callable[[str], str]) -> None:
    told = [
        snippets.build(BuildRequest(DENSE, precision=name), DENSE, ("context_qkv_gemm",), NEWEST)
        for name in ("nvfp4", "bf16")
    ]
    assert '"moe_quant_mode": common.MoEQuantMode.nvfp4' in told[0]
    assert '"fmha_quant_mode": common.FMHAQuantMode.bfloat16' in told[0]
    named, wide = (float(run(each).split()[2]) for each in told)
    assert named / wide == 4.5 / 16


def test_an_estimate_of_mixed_steps_is_printed(run: Callable[[str], str]) -> None:
    build = BuildRequest(DENSE, layout=Layout(4, 1, 1, 4, 1, 1))
    asked = EstimateRequest(build, Database("b60", "vllm", "0.26.0"), batch=1, osl=1, mixed=True)
    said = run(snippets.estimate(asked, DENSE, NEWEST))
    assert "'tpot': 0" in said
    assert "context_qkv_gemm" not in said


def test_an_estimate_is_printed(run: Callable[[str], str]) -> None:
    build = BuildRequest(DENSE, layout=Layout(4, 1, 1, 4, 1, 1))
    said = run(snippets.estimate(EstimateRequest(build, Database("b60", "vllm", "0.26.0")), DENSE, NEWEST))
    assert "'ttft'" in said
    assert "context_qkv_gemm" in said


OLDER = snippets.Dialect(
    sixteen_bit="float16",
    reading="get_model_config_from_hf_id",
    shown="info",
    views=False,
    resolve="",
    cache=False,
    memory="summary._memory",
    accepted=True,
)


def test_programs_for_an_older_generation_use_its_words() -> None:
    request = BuildRequest(DENSE, precision="bf16", nextn=1)
    assert snippets.parse(DENSE, OLDER).splitlines()[2:4] == [
        f"info = utils.get_model_config_from_hf_id({DENSE!r})",
        "print(info)",
    ]
    built = snippets.build(request, DENSE, (), OLDER)
    assert "common.GEMMQuantMode.float16" in built
    assert "nextn=1, nextn_accept_rates=[0.0, 0.0, 0.0, 0.0, 0.0], **half" in built
    assert "get_kvcache_bytes_per_sequence" not in built
    said = snippets.estimate(EstimateRequest(request, Database("b60", "vllm", "0.26.0")), DENSE, OLDER)
    assert (
        "tables = perf_database.get_database('b60', 'vllm', '0.26.0')\n"
        "tables.set_default_database_mode(common.DatabaseMode.SILICON)\n"
        f"model = models.get_model({DENSE!r}"
    ) in said
    assert "print(summary._memory)\n" in said
