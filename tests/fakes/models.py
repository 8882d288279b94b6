"""Descriptions of models that tests make up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.coordinates import Database
from harness.results.model_records import (
    Bound,
    Breakdown,
    Cache,
    Component,
    Description,
    NeedCoverage,
    OpTime,
    PricedPart,
    Strip,
)
from harness.results.models_file import header_of, write_models
from harness.subjects.models import OpTable
from tests.fakes.results import STARTED, VERSIONS

if TYPE_CHECKING:
    from pathlib import Path

DATABASES = (Database("b200_sxm", "trtllm", "2.0"), Database("h200_sxm", "vllm", "1.0"))
TABLES = (
    OpTable(DATABASES[0], "gemm", "gemm_perf", ""),
    OpTable(DATABASES[1], "gemm", "gemm_perf", "0.9"),
    OpTable(DATABASES[1], "moe", "moe_perf", "trtllm 2.0"),
)


def described(text: str = "text", *, refusal: str = "") -> Description:
    """A description of a model of two layers; `text` stands where the words of files do."""
    strip = Strip(labels=(text, "window"), kinds=("full", "window"), sizes=(text, ""), codes=(0, 1))
    breakdown = Breakdown(
        database=1,
        layout=text,
        gpus=8,
        data_mode="SILICON",
        batch=8,
        isl=1024,
        osl=128,
        ttft_ms=10.123456789,
        tpot_ms=2.5,
        prefill=(OpTime(name=text, kind="gemm", ms=1 / 3),),
        decode=(OpTime(name=text, kind="moe", ms=0.25),),
        prefill_bound=Bound(compute=1.0, memory=2.0, links=0.0),
        decode_bound=None,
        memory_gib=((text, 3.5),),
        reproduce=f"print({text!r})\n",
    )
    return Description(
        family=text,
        refusal=refusal,
        layers=2,
        plan=text,
        mixers=strip,
        ffns=strip,
        priced=(PricedPart(phase="decode", part="mixer", kind="full", expected=1, actual=2.0),),
        total=123_456_789,
        active=23_456_789,
        outside=(("mtp", 7),),
        components=(Component(name=text, reference=123_456_789, oracle=None, subject=123_456_780.0),),
        oracle="equal",
        oracle_reason=text,
        stored_as=text,
        weight_bytes=246_913_578,
        cache=Cache(lengths=(1, 128), reference=(1234567.0, 7654321.0), subject=()),
        breakdown=None if refusal else breakdown,
        no_breakdown=refusal,
        needs=(NeedCoverage(kind="full", sizes=text, known=True, databases=(1,)),),
        explain=f"aic-harness explain {text}",
        count=f"aic-harness plan {text}",
    )


def models_written(path: Path, *models: str, release: str = "1.0.0", text: str = "text") -> Path:
    """Write descriptions of models to a file."""
    versions: dict[str, str | None] = {**VERSIONS, "subject": f"aiconfigurator {release}"}
    write_models(
        path, lambda _: header_of(DATABASES, TABLES, versions, STARTED), [(model, described(text)) for model in models]
    )
    return path
