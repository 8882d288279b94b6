"""What the reference may cost: no heavy imports, all stored configs in two seconds, one plan in 0.6.

Processor time is measured: the time on the wall would be that of whatever else the machine does.
"""

from __future__ import annotations

import resource
import subprocess
import sys

COUNT_ALL = """
import sys
from harness.reference.architectures import plan_for
from harness.reference.counting.memory import kv_cache_bytes
from harness.reference.counting.parameters import count_parameters
from harness.reference.hf_config import HFConfig, stored_models
models = stored_models()
for model in models:
    plan = plan_for(HFConfig.load(model))
    count_parameters(plan)
    kv_cache_bytes(plan.layers, 32768)
heavy = {"torch", "transformers", "aiconfigurator", "aiconfigurator_core", "pandas", "pyarrow"} & set(sys.modules)
print(len(models), sorted(heavy))
"""
PLAN = """
import typer
from harness.cli import plan
app = typer.Typer()
plan.register(app)
app(["deepseek-ai/DeepSeek-V4-Pro", "--json"])
"""


def run(code: str) -> tuple[str, float]:
    """Output and processor time of a fresh interpreter, the shortest of three."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return done.stdout, min(times)


def test_all_stored_configs_are_counted_in_two_seconds_without_heavy_imports() -> None:
    out, seconds = run(COUNT_ALL)
    models, heavy = out.split(maxsplit=1)
    assert (models, heavy.strip()) == ("89", "[]")
    assert seconds < 2


def test_one_plan_takes_less_than_six_tenths_of_a_second() -> None:
    out, seconds = run(PLAN)
    assert '"oracle": "equal"' in out
    assert seconds < 0.6
