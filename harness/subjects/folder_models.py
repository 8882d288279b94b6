"""The model half for releases that take a folder with a config for a model (0.7 and newer).

Private names that it relies on, because no release offers a public way: `utils._load_local_config` and
`utils._load_local_quant_config`.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiconfigurator.sdk import common, models, utils

from harness.subjects.models import BACKENDS, BuildRequest
from harness.subjects.recording import Recorder
from harness.subjects.sdk_models import SdkModels, calm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class FolderModels(SdkModels):
    """Models are named by folder or by id."""

    def default_models(self) -> frozenset[str]:
        """Model ids that it lists as usable by name."""
        return frozenset(common.DefaultHFModels)

    def reference(self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None) -> str:
        """Write the config into a folder of its own; the subject caches by path, so equal configs share one."""
        text = json.dumps(config), json.dumps(quantization) if quantization is not None else ""
        folder = Path(self._folder.name) / hashlib.sha256("\0".join(text).encode()).hexdigest()[:16]
        if not folder.is_dir():
            folder.mkdir()
            (folder / "config.json").write_text(text[0], encoding="utf-8")
            if quantization is not None:
                (folder / "hf_quant_config.json").write_text(text[1], encoding="utf-8")
        return str(folder)

    def fields_read(
        self, config: Mapping[str, object], quantization: Mapping[str, object] | None = None
    ) -> frozenset[str]:
        """Fields of a config that it reads to parse and build the model, nested ones with dots."""
        recorder = Recorder()
        recorded = recorder.mapping(config)
        with tempfile.TemporaryDirectory() as folder, calm(), _loading(recorded, quantization):
            models.check_is_moe(folder)
            for backend in BACKENDS:
                models.get_model(folder, self._model_config(BuildRequest(folder, backend)), backend)
        return recorder.read

    def _reading(self, ref: str) -> Mapping[str, Any]:
        info: Mapping[str, Any] = utils.get_model_config_from_model_path(ref)
        return info

    @functools.cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="aic-harness-models-")


@contextlib.contextmanager
def _loading(config: dict[str, Any], quantization: Mapping[str, object] | None) -> Iterator[None]:
    """Let the subject's loader of local folders return these objects instead of a file's."""
    real = utils._load_local_config, utils._load_local_quant_config
    utils._load_local_config = lambda _path: config
    utils._load_local_quant_config = lambda _path: dict(quantization) if quantization is not None else None
    try:
        yield
    finally:
        utils._load_local_config, utils._load_local_quant_config = real
