"""Which checks are run on what: the one way from a user's wishes to pairs, behind every door."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.engine import pairs
from harness.checks.estimating import newest_databases
from harness.checks.records import Scope
from harness.checks.registry import checks
from harness.checks.subject_model import SubjectModel
from harness.errors import ConfigError, UsageError
from harness.globs import passes, require_matches, some
from harness.stored_configs import stored_models

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.checks.records import Check, Pair
    from harness.coordinates import Database
    from harness.subjects.models import ModelSubject


@dataclass(frozen=True, slots=True)
class Choice:
    """What a user asks for; empty stands for everything.

    Attributes:
        models: Ids of stored configs, globs over them, or paths. Named models leave out what is no model's check.
        checks: Ids of checks, or globs.
        phases: Phases of the seed.
        systems, backends, versions: Exact values or globs. Each of them asks for estimates.
        estimates: Run checks of estimates, on the newest version of every system and backend unless told otherwise.
        folder: Where stored configs are looked up; the harness's own by default.
    """

    models: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    phases: tuple[int, ...] = ()
    systems: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    estimates: bool = False
    folder: Path | None = None

    @property
    def everything(self) -> bool:
        """Nothing is left out but, perhaps, estimates."""
        narrowed = self.models, self.checks, self.phases, self.systems, self.backends, self.versions
        return not any(narrowed)

    @property
    def asks_for_estimates(self) -> bool:
        """Whether checks of estimates are to be run."""
        return self.estimates or self.names_databases

    @property
    def names_databases(self) -> bool:
        """Whether it says which databases."""
        return any((self.systems, self.backends, self.versions))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a choice comes to for one subject.

    Attributes:
        pairs: What to run.
        unreadable: Models that the user named and that cannot be read.
        left_out: Ids of the chosen checks that judge estimates, where nobody asked for estimates.
    """

    pairs: tuple[Pair, ...]
    unreadable: tuple[ConfigError, ...]
    left_out: tuple[str, ...]


def choose(choice: Choice, subject: ModelSubject, known: Mapping[str, Check] | None = None) -> Chosen:
    """The pairs of a choice.

    Args:
        choice: What the user asks for.
        subject: Whose databases and systems there are.
        known: Checks to choose from; all of them by default.

    Raises:
        FilterError: A pattern matches nothing that exists.
        UsageError: Nothing is left to run.
    """
    wanted = _checks(choice, checks() if known is None else known)
    models, unreadable = _models(choice, subject)
    databases = databases_of(choice, subject) if choice.asks_for_estimates else ()
    systems = () if choice.models else _systems(choice, subject)
    whole = not choice.models
    found = pairs(
        (check for check in wanted if whole or check.scope is not Scope.RELEASE),
        models,
        databases,
        systems,
    )
    left_out = () if choice.asks_for_estimates else tuple(each.id for each in wanted if each.scope is Scope.ESTIMATE)
    chosen = Chosen(tuple(found), unreadable, left_out)
    if not chosen.pairs and not unreadable:
        raise UsageError("check", "nothing to run: no target for the chosen checks", _advice(wanted, choice))
    return chosen


def databases_of(choice: Choice, subject: ModelSubject) -> tuple[Database, ...]:
    """Databases that a choice asks for estimates on: of each system and backend the newest unless versions are named.

    Raises:
        FilterError: A pattern matches nothing that exists.
    """
    existing = subject.databases()
    require_matches("--backend", choice.backends, (each.backend for each in existing))
    require_matches("--version", choice.versions, (each.version for each in existing))
    require_matches("--system", choice.systems, {each.system for each in existing} | set(subject.system_names()))
    return tuple(
        each
        for each in (existing if choice.versions else newest_databases(subject))
        if passes(each.system, choice.systems)
        and passes(each.backend, choice.backends)
        and passes(each.version, choice.versions)
    )


def sample(models: Sequence[str], databases: Sequence[Database]) -> frozenset[tuple[str, Database]]:
    """Models dealt over databases, so that each model and each database occurs at least once."""
    if not models or not databases:
        return frozenset()
    places = range(max(len(models), len(databases)))
    return frozenset((models[place % len(models)], databases[place % len(databases)]) for place in places)


def _checks(choice: Choice, known: Mapping[str, Check]) -> list[Check]:
    require_matches("--check", choice.checks, known)
    require_matches("--phase", [str(phase) for phase in choice.phases], {str(each.phase) for each in known.values()})
    wanted = [
        each
        for each in known.values()
        if passes(each.id, choice.checks) and (not choice.phases or each.phase in choice.phases)
    ]
    if not wanted:
        raise UsageError("--check and --phase", "no check that passes both", f"checks such as {some(sorted(known))}")
    return wanted


def _models(choice: Choice, subject: ModelSubject) -> tuple[tuple[str, ...], tuple[ConfigError, ...]]:
    """The models that can be read, each once, and the errors of the others."""
    stored = stored_models(choice.folder)
    if not choice.models and not stored:
        raise UsageError(
            "--config-dir", f"no stored config in {choice.folder}", "files named <Org>--<Model>_config.json"
        )
    named: dict[str, None] = {}
    for name in choice.models:
        is_glob = any(sign in name for sign in "*?[") and not Path(name).exists()
        if is_glob:
            require_matches("model", [name], stored)
        named |= dict.fromkeys(model for model in stored if passes(model, [name])) if is_glob else {name: None}
    readable, unreadable = [], []
    for name in named or stored:
        try:
            # A config that no recipe reads would give one and the same error for every check.
            _ = SubjectModel.load(subject, name, choice.folder).plan
        except ConfigError as error:
            unreadable.append(error)
        else:
            readable.append(name)
    return tuple(readable), tuple(unreadable)


def _systems(choice: Choice, subject: ModelSubject) -> tuple[str, ...]:
    return tuple(system for system in subject.system_names() if passes(system, choice.systems))


def _advice(wanted: Iterable[Check], choice: Choice) -> str:
    scopes = {each.scope for each in wanted}
    if Scope.ESTIMATE in scopes and not choice.asks_for_estimates:
        return "--estimates, or a database by --system, --backend and --version, for checks of estimates"
    if choice.models and scopes <= {Scope.SYSTEM, Scope.RELEASE}:
        return "no model, for these checks judge a system or the release"
    return "a system, backend and version that exist together"
