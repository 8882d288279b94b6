"""What a contributor adds for a model: it parses, it is right, and its own test would tell if it were not."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.checks.known_issues import KnownIssues
from harness.checks.registry import checks
from harness.errors import UsageError
from harness.guide.labels import labels
from harness.guide.reading import read
from harness.guide.records import Situation
from harness.guide.scaffold.files import scaffold, write
from harness.reference.hf_config import HFConfig
from harness.stored_configs import stored_models
from harness.subjects.installed import load_subject
from tests.conftest import ROOT
from tests.fakes.generated import failures, load
from tests.fakes.guide import FOLDERS, edited, located

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.guide.scaffold.files import Scaffold
    from harness.subjects.models import ModelSubject

pytest.importorskip("aiconfigurator")

STRANGE = tuple(sorted(path.name.removesuffix("_config.json") for folder in FOLDERS for path in folder.glob("*.json")))
ALL = (*stored_models(), *STRANGE)
SAMPLE = (
    "Qwen/Qwen3.5-397B-A17B",
    "XiaomiMiMo/MiMo-V2-Flash",
    "openai/gpt-oss-120b",
    "nvidia/Nemotron-H-56B-Base-8K",
    "deepseek-ai/DeepSeek-V3",
    "moonshotai/Kimi-K3",
    "ai21labs--Jamba-v0.1",
    "Qwen--Qwen3-Next-80B-A3B-Instruct",
)
"""Models whose tests are run by pytest itself; the last is one that no recipe reads."""
PROJECT = str(ROOT / "pyproject.toml")


@cache
def made(model: str) -> Scaffold:
    return scaffold(load_subject(), located(model))


def written(model: str, folder: Path) -> Path:
    write(made(model).files, folder)
    return folder


def of(model: str, name: str) -> str:
    paths = [file for file in made(model).files if Path(file.path).match(name) and not file.path.startswith("test_")]
    found = [file.content.decode() for file in paths]
    assert len(found) == 1
    return found[0]


def has_dataclass(model: str) -> bool:
    return any(file.path.startswith("test_") for file in made(model).files)


# Every config -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ALL)
def test_the_generated_test_passes_and_the_dataclass_reads_what_the_reference_reads(model: str, tmp_path: Path) -> None:
    if not has_dataclass(model):
        paths = {file.path for file in made(model).files}
        assert made(model).situation is Situation.SAME_OPS or not {path for path in paths if path.endswith(".py")}
        return
    folder = written(model, tmp_path)
    assert failures(folder) == []
    module = load(next(path for path in folder.glob("*_config.py") if not path.name.startswith("test_")))
    reading = read(HFConfig.load(located(model)))
    (dataclass,) = (value for name, value in vars(module).items() if name.endswith("Config"))
    found = dataclass.from_config(reading.config.raw())
    for attribute, part in (("layer_mixers", "mixer"), ("layer_ffns", "ffn")):
        kinds = labels(reading.plan, part)  # type: ignore[arg-type]
        assert getattr(found, attribute, kinds) == kinds
        assert hasattr(found, attribute) == (len(set(kinds)) > 1)


@pytest.mark.parametrize(
    ("model", "name", "said"),
    [
        (SAMPLE[0], "attn_output_gate", "True where it is missing"),
        ("nvidia/Nemotron-H-56B-Base-8K", "use_conv_bias", "True where it is missing"),
        ("moonshotai/Kimi-K3", "mla_use_output_gate", "False where it is missing"),
        ("moonshotai/Kimi-K3", "q_lora_rank", "None where it is missing"),
        ("deepseek-ai/DeepSeek-V3", "num_nextn_predict_layers", "0 where it is missing"),
    ],
)
def test_what_a_missing_field_means_is_what_the_reference_takes_it_for(model: str, name: str, said: str) -> None:
    documented = " ".join(of(model, "*_config.py").split())
    _, _, after = documented.partition(f" {name}: From `")
    assert after.partition(". ")[0].endswith(said)


def test_most_configs_have_a_dataclass() -> None:
    assert sum(map(has_dataclass, ALL)) > 70


# Python that others run ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    for model in SAMPLE:
        written(model, folder / model.replace("/", "--"))
    return folder


def test_pytest_runs_the_tests_of_the_sample(samples: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:aic-harness", "."]
    done = subprocess.run(command, cwd=samples, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    for model in SAMPLE:
        assert list((samples / model.replace("/", "--")).glob("test_*.py"))


@pytest.mark.parametrize(
    ("files", "arguments"),
    [
        ("**/*.py", ("check", "--isolated")),
        ("**/[!t]*_config.py", ("check", "--config", PROJECT, "--extend-ignore", "INP001")),
        ("**/test_*.py", ("check", "--config", PROJECT, "--extend-ignore", "INP001,S101,PLR2004,D")),
        ("**/*.*", ("format", "--check", "--config", PROJECT)),
    ],
)
def test_ruff_finds_nothing_in_the_sample(files: str, arguments: tuple[str, ...], samples: Path) -> None:
    pytest.importorskip("ruff", reason="ruff is not installed")
    found = sorted(path for path in samples.glob(files) if path.suffix in (".py", ".md"))
    assert len(found) >= len(SAMPLE)
    command = [sys.executable, "-m", "ruff", *arguments, "--no-cache", *map(str, found)]
    done = subprocess.run(command, cwd=samples, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("model", SAMPLE)
def test_nothing_but_the_standard_library_and_pytest_is_imported(model: str) -> None:
    files = [file for file in made(model).files if file.path.endswith(".py")]
    beside = {Path(file.path).stem for file in files}
    for file in files:
        for node in ast.walk(ast.parse(file.content)):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in sys.stdlib_module_names or (file.path.startswith("test_") and top in {*beside, "pytest"})


# The generated test can fail ----------------------------------------------------------------------------------------


QWEN, MIMO, JAMBA, KIMI = SAMPLE[0], SAMPLE[1], SAMPLE[6], SAMPLE[5]


@pytest.mark.parametrize(
    ("model", "right", "wrong"),
    [
        (QWEN, '"linear_attention": "gdn"', '"linear_attention": "full"'),
        (QWEN, 'if _value(section, "layer_types") is not None:', 'if _value(section, "layer_types") is None:'),
        (QWEN, 'if _value(section, "layer_types") is not None:', "if False:"),
        (QWEN, "interval - 1 if offset is None", "0 if offset is None"),
        (QWEN, '("full", "gdn")', '("gdn", "full")'),
        (QWEN, 'for name in ("text_config",)', 'for name in ("llm_config",)'),
        (QWEN, "if len(values) != layers and", "if False and"),
        (QWEN, '_whole(text, "linear_key_head_dim")', '_whole(text, "linear_value_head_dim")'),
        (QWEN, '_whole(text, "num_hidden_layers", least=1)', 'len(_values(text, "layer_types"))'),
        (MIMO, '"0": "full", "1": "window"', '"0": "window", "1": "full"'),
        (MIMO, '_layer_by_layer(section, "moe_layer_freq"', '_layer_by_layer(section, "hybrid_layer_pattern"'),
        (JAMBA, 'offset=_whole(section, "attn_layer_offset")', "offset=0"),
        (JAMBA, 'offset=_whole(section, "expert_layer_offset")', "offset=None"),
        (KIMI, "first=1", "first=0"),
        (KIMI, '"linear_attn_config.head_dim")', '"head_dim")'),
        ("nvidia/Nemotron-H-56B-Base-8K", '"M": "mamba2", "-": "none"', '"M": "none", "-": "mamba2"'),
        ("deepseek-ai/DeepSeek-V3", "if number > layers:", "if False:"),
        ("deepseek-ai/DeepSeek-V3", '"num_nextn_predict_layers", absent=0', '"num_nextn_predict_layers", absent=1'),
    ],
)
def test_a_dataclass_that_reads_it_wrong_fails_the_test(model: str, right: str, wrong: str, tmp_path: Path) -> None:
    folder = written(model, tmp_path)
    (module,) = (path for path in folder.glob("*_config.py") if not path.name.startswith("test_"))
    source = module.read_text(encoding="utf-8")
    assert right in source
    module.write_text(source.replace(right, wrong), encoding="utf-8")
    assert failures(folder) != []


# The other files ----------------------------------------------------------------------------------------------------


def test_the_config_is_written_as_it_is_under_its_name(tmp_path: Path) -> None:
    source = located("ai21labs--Jamba-v0.1")
    (tmp_path / "config.json").write_bytes(Path(source).read_bytes())
    (tmp_path / "hf_quant_config.json").write_text('{"quantization": {"quant_algo": "FP8"}}')
    found = scaffold(load_subject(), str(tmp_path), "Org/Model")
    by_name = {file.path: file.content for file in found.files}
    assert by_name["model_configs/Org--Model_config.json"] == Path(source).read_bytes()
    assert by_name["model_configs/Org--Model_hf_quant_config.json"] == (tmp_path / "hf_quant_config.json").read_bytes()


def test_a_byte_order_mark_is_taken_out(tmp_path: Path) -> None:
    content = Path(located("ai21labs--Jamba-v0.1")).read_bytes()
    (tmp_path / "Org--Model_config.json").write_bytes(b"\xef\xbb\xbf" + content)
    found = scaffold(load_subject(), str(tmp_path / "Org--Model_config.json"))
    assert (found.model, found.files[0].content) == ("Org/Model", content)


@pytest.mark.parametrize("name", ["config.json", "nested/config.json"])
def test_a_config_that_has_no_id_asks_for_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(Path(located("ai21labs--Jamba-v0.1")).read_bytes())
    monkeypatch.chdir(tmp_path.parent)
    with pytest.raises(UsageError, match=r"--model-id Org/Model"):
        scaffold(load_subject(), str(path.parent.relative_to(tmp_path.parent)))


def test_a_model_that_fits_as_it_is_needs_its_config_and_one_line() -> None:
    assert [file.path for file in made("Qwen/Qwen3-8B").files] == ["model_configs/Qwen--Qwen3-8B_config.json"]
    phi = made("microsoft--phi-4")
    assert [file.path for file in phi.files] == ["model_configs/microsoft--phi-4_config.json", "REGISTRATION.md"]
    assert '"Phi3ForCausalLM": "LLAMA",' in of("microsoft--phi-4", "REGISTRATION.md")
    assert "DefaultHFModels" not in of("microsoft--phi-4", "REGISTRATION.md")


def test_registration_names_each_place_for_a_new_family() -> None:
    said = of("ai21labs--Jamba-v0.1", "REGISTRATION.md")
    for each in (
        '"JambaForCausalLM": "JAMBA",',
        '"JAMBA",',
        '"ai21labs/Jamba-v0.1",',
        "`ARCHITECTURE_TO_MODEL_FAMILY` in `aic-core/src/aiconfigurator_core/sdk/common.py`",
        "`ModelFamily`",
        "`DefaultHFModels`",
        "`check_is_moe`",
        '@register_model("JAMBA")',
        "`extra_params = JambaConfig.from_config(config)`",
        "test_jamba_config.py",
    ):
        assert each in said
    assert "MULTIMODAL_TEXT_CONFIG_KEY" not in said


def test_registration_of_a_nested_mapped_model_says_where_the_decoder_stands() -> None:
    said = of(QWEN, "REGISTRATION.md")
    assert '"Qwen3_5MoeForConditionalGeneration": "text_config",' in said
    assert "is mapped to the family `QWEN35`" in said
    assert "register_model" not in said
    assert "drafted tokens (MTP)" in said


def test_registration_says_what_the_release_never_reads_and_what_its_family_lacks() -> None:
    assert "never reads `text_config.attn_output_gate`, `text_config.mtp_num" in of(QWEN, "REGISTRATION.md")
    # A known issue: the dense layers that the first experts follow are priced as experts.
    assert "`DEEPSEEK`, which has no ops for mla+dense." in of("deepseek-ai/DeepSeek-V3", "REGISTRATION.md")


def test_registration_leaves_out_what_the_release_has(tmp_path: Path) -> None:
    assert "DefaultHFModels" not in of(QWEN, "REGISTRATION.md")
    found = scaffold(load_subject(), edited(QWEN, tmp_path, lambda _: None), "Org/Model")
    registration = next(file.content.decode() for file in found.files if file.path == "REGISTRATION.md")
    assert '"Org/Model",' in registration


def test_a_field_that_repeats_the_pattern_is_no_parameter() -> None:
    assert "kda_layers" not in of(KIMI, "kimik3_config.py")


def test_an_architecture_without_a_decent_name_still_gives_python(installed: ModelSubject, tmp_path: Path) -> None:
    def renamed(raw: dict[str, object]) -> None:
        raw["architectures"] = ["4-D!"]

    found = scaffold(installed, edited("openai/gpt-oss-20b", tmp_path, renamed), "Org/Model")
    write(found.files, tmp_path / "out")
    assert (tmp_path / "out" / "model_4d_config.py").is_file()
    assert failures(tmp_path / "out") == []


def test_what_is_uncertain_is_said_in_the_notes_and_in_the_dataclass() -> None:
    doubt = "Linear attention is read as a gated delta net (GDN), as in Qwen3.5."
    model = "Qwen--Qwen3-Next-80B-A3B-Instruct"
    for name in ("REGISTRATION.md", "OPS.md", "qwen3next_config.py"):
        assert doubt in of(model, name)


def test_the_stub_of_known_issues_loads_and_so_does_its_example(tmp_path: Path) -> None:
    stub, path = of(QWEN, "known_issues.toml"), tmp_path / "known_issues.toml"
    path.write_text(stub)
    assert KnownIssues.load("0.12.0", checks().values(), path).entries == ()
    lines = [line.removeprefix("# ") for line in stub.splitlines()]
    start = lines.index("[[known_issues]]")
    path.write_text("\n".join(lines[start : lines.index("#", start)]))
    (entry,) = KnownIssues.load("0.12.0", checks().values(), path).entries
    assert (entry.models, entry.check) == ((QWEN,), "layer_counts")


def test_a_config_can_hold_no_python(installed: ModelSubject, tmp_path: Path) -> None:
    def hostile(raw: dict[str, object]) -> None:
        raw["architectures"] = ['Evil"""\nimport os  # `|`']
        raw["mtp_x\nimport os"] = 1
        raw["mtp_class"] = 'a"""\\'
        raw["mtp_import"] = 2
        raw["mtp_" + "y" * 90] = 3

    found = scaffold(installed, edited("openai/gpt-oss-20b", tmp_path, hostile), "Org/Model")
    write(found.files, tmp_path / "out")
    assert failures(tmp_path / "out") == []
    (module,) = (file for file in found.files if file.path.endswith("_config.py") and "test" not in file.path)
    names = {
        alias.name
        for node in ast.walk(ast.parse(module.content))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert names == set()
    registration = next(file.content.decode() for file in found.files if file.path == "REGISTRATION.md")
    assert "No parameter holds these fields" in registration


def test_the_same_config_gives_the_same_files() -> None:
    assert scaffold(load_subject(), QWEN) == made(QWEN)


@pytest.fixture
def by_name() -> Callable[[str], dict[str, bytes]]:
    return lambda model: {file.path: file.content for file in made(model).files}


def test_what_is_written_is_what_was_made(by_name: Callable[[str], dict[str, bytes]], tmp_path: Path) -> None:
    folder = written(QWEN, tmp_path / "new" / "folder")
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == by_name(QWEN)
    assert json.loads(found["model_configs/Qwen--Qwen3.5-397B-A17B_config.json"])["architectures"]
