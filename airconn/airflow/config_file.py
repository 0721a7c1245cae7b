"""Reads an Airflow's configuration without Airflow: `AIRFLOW__*` variables, and its airflow.cfg.

Mirrors airflow 2.11 configuration.py and 3.3 `_shared/configuration/parser.py`, which agree about all that is here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from configparser import ConfigParser, DuplicateOptionError, DuplicateSectionError, InterpolationError, ParsingError
from configparser import Error as ConfigError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from airconn.errors import UsageError

DEFAULT_HOME = "~/airflow"
DEFAULT = "Airflow's default"
"""The origin of a value that isn't set anywhere."""

# What has `sensitive: true` in the config_templates/config.yml of any of 2.7 to 3.3, and the older place of one.
_SENSITIVE = frozenset(
    {
        ("api", "secret_key"),
        ("api_auth", "jwt_secret"),
        ("core", "asset_manager_kwargs"),
        ("core", "dataset_manager_kwargs"),
        ("core", "fernet_key"),
        ("core", "internal_api_secret_key"),
        ("core", "sql_alchemy_conn"),
        ("database", "sql_alchemy_conn"),
        ("database", "sql_alchemy_conn_async"),
        ("database", "sql_alchemy_engine_args"),
        ("logging", "remote_task_handler_kwargs"),
        ("secrets", "backend_kwargs"),
        ("sentry", "sentry_dsn"),
        ("smtp", "smtp_password"),
        ("webserver", "secret_key"),
        ("workers", "secrets_backend_kwargs"),
    }
)
_OLDER_SECTION = {
    ("database", "sql_alchemy_conn"): "core",
    ("database", "sql_alchemy_schema"): "core",
    ("database", "sql_alchemy_connect_args"): "core",
}
"""The earlier places of options (`deprecated_options`), which are looked at second."""

_REFERENCE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)
_ROUNDS = 50
_LONGEST = 1_000_000
_COMMAND_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """The value of an option as Airflow gets it. The output of a command keeps its line end, as in Airflow."""

    text: str = field(repr=False)
    where: str
    """`AIRFLOW__CORE__FERNET_KEY`, or `/path/airflow.cfg [core] fernet_key`."""


@dataclass(frozen=True, slots=True)
class AirflowConfig:
    """The environment and airflow.cfg. A command runs only when its option is asked for."""

    environ: Mapping[str, str] = field(repr=False)
    home: str
    file: Path
    """The path of airflow.cfg, which may not exist."""
    parser: ConfigParser = field(repr=False)

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> AirflowConfig:
        """Reads airflow.cfg if it exists: `AIRFLOW_CONFIG`, else the one in `AIRFLOW_HOME`, else in ~/airflow.

        Raises `UsageError` for a file that can't be read or doesn't parse.
        """
        home = expand(environ.get("AIRFLOW_HOME", DEFAULT_HOME), environ, "AIRFLOW_HOME")
        named = environ.get("AIRFLOW_CONFIG")
        file = Path(expand(named, environ, "AIRFLOW_CONFIG")) if named is not None else Path(home) / "airflow.cfg"
        return cls(environ, home, file, _parsed(file))

    def get(self, section: str, key: str, *, default: str | None = None) -> ConfigValue | None:
        """The value of an option, else `default`, which has to be Airflow's own default.

        Raises `UsageError` for what can't be found out: a command that fails, a value in Airflow's secrets backend,
        a reference that leads nowhere.
        """
        places = [section]
        if (section, key) in _OLDER_SECTION:
            places.append(_OLDER_SECTION[section, key])
        for look in (self._in_environment, self._in_file, self._from_command, self._from_secret):
            for place in places:
                if (value := look(place, key)) is not None:
                    return value
        return None if default is None else ConfigValue(default, DEFAULT)

    def places(self, section: str, key: str) -> str:
        """The places where an option can be set, for a message that it isn't."""
        return f"{_variable(section, key)} or {self.file} [{section}] {key}"

    def _in_environment(self, section: str, key: str) -> ConfigValue | None:
        name = _variable(section, key)
        if name in self.environ:
            return ConfigValue(expand(self.environ[name], self.environ, name), name)
        if (section, key) not in _SENSITIVE:
            return None
        if (command := self.environ.get(f"{name}_CMD")) is not None:
            return self._run(command, f"{name}_CMD")
        if f"{name}_SECRET" in self.environ:
            raise _in_backend(section, key, f"{name}_SECRET")
        return None

    def _in_file(self, section: str, key: str) -> ConfigValue | None:
        if not self.parser.has_option(section, key):
            return None
        where = self._where(section, key)
        return ConfigValue(expand(self._text(section, key), self.environ, where), where)

    def _from_command(self, section: str, key: str) -> ConfigValue | None:
        if (section, key) not in _SENSITIVE or not self.parser.has_option(section, f"{key}_cmd"):
            return None
        value = self._run(self._text(section, f"{key}_cmd"), self._where(section, f"{key}_cmd"))
        return value if value.text else None  # Airflow looks on where it printed nothing, but not in the environment

    def _from_secret(self, section: str, key: str) -> ConfigValue | None:
        if (section, key) in _SENSITIVE and self.parser.has_option(section, f"{key}_secret"):
            raise _in_backend(section, key, self._where(section, f"{key}_secret"))
        return None

    def _where(self, section: str, key: str) -> str:
        return f"{self.file} [{section}] {key}"

    def _text(self, section: str, key: str) -> str:
        """A value of airflow.cfg, in which `%%` is a `%` and `%(other)s` is another option."""
        try:
            return self.parser.get(section, key)
        except InterpolationError:
            raise UsageError(
                "the value has a '%' that Airflow fails on",
                where=self._where(section, key),
                hint="in airflow.cfg a % is written %%",
            ) from None

    def _run(self, command: str, where: str) -> ConfigValue:
        """The output of a command (`run_command`). Errors show neither its words nor its output."""
        import shlex
        import subprocess

        hint = "run it by itself to see what it says; Airflow runs it without a shell"
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command, run as Airflow runs it
                shlex.split(command),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_COMMAND_SECONDS,
                check=False,
                env=dict(self.environ),
            )
        except subprocess.TimeoutExpired:
            raise UsageError(f"the command printed nothing within {_COMMAND_SECONDS} s", where=where) from None
        except OSError as error:
            reason = error.strerror or "the system refuses"
            raise UsageError(f"the command can't be run: {reason}", where=where, hint=hint) from None
        except (ValueError, IndexError):  # a quote that isn't closed, or no words at all
            raise UsageError("not a command", where=where, hint=hint) from None
        if done.returncode:
            raise UsageError(f"the command failed with exit code {done.returncode}", where=where, hint=hint)
        return ConfigValue(done.stdout.decode("utf-8", "ignore"), where)


@dataclass(frozen=True, slots=True)
class Backend:
    """The secrets backend that an Airflow is configured with."""

    class_path: str
    kwargs: dict[str, Any] = field(repr=False)
    where: str
    """The place where the class is named."""
    kwargs_where: str
    """The place of its options, even if none are set."""


def secrets_backend(config: AirflowConfig, section: Literal["secrets", "workers"] = "secrets") -> Backend | None:
    """The custom secrets backend, or None. A worker of Airflow 3 has its own or, if that isn't set, the common one.

    Options in variables of their own, which Airflow takes since 3.2, come before those of the JSON, and are texts.

    Raises `UsageError` for options that aren't a JSON object: Airflow only warns of them, and uses none.
    """
    key, kwargs_key = ("backend", "backend_kwargs")
    if section == "workers":
        key, kwargs_key = ("secrets_backend", "secrets_backend_kwargs")
    named = config.get(section, key)
    if named is None or not named.text:
        return secrets_backend(config) if section == "workers" else None
    given = config.get(section, kwargs_key)
    kwargs = _kwargs(given) if given is not None else {}
    prefix = f"{_variable(section, kwargs_key.removesuffix('s'))}__"
    single = [name for name in config.environ if name.startswith(prefix) and name != prefix]
    kwargs.update((name.removeprefix(prefix).lower(), config.environ[name]) for name in single)
    places = [given.where] if given is not None and given.text else []
    places += [f"{prefix}*"] if single else []
    return Backend(named.text, kwargs, named.where, " and ".join(places) or config.places(section, kwargs_key))


def expand(text: str, environ: Mapping[str, str], where: str) -> str:
    """A value with `$NAME`, `${NAME}` and a leading `~` replaced until nothing changes (`expand_env_var`).

    Raises `UsageError` where that would never end, in which Airflow hangs.
    """
    for _ in range(_ROUNDS):
        expanded = _REFERENCE.sub(lambda match: environ.get(match[1] or match[2], match[0]), text)
        if expanded.startswith("~"):
            expanded = _at_home(expanded, environ)
        if expanded == text:
            return text
        text = expanded
        if len(text) > _LONGEST:
            break
    raise UsageError("the value refers to itself through $NAME", where=where)


def _at_home(text: str, environ: Mapping[str, str]) -> str:
    if text.partition("/")[0] == "~" and "HOME" in environ:
        return (environ["HOME"].rstrip("/") + text[1:]) or "/"
    return os.path.expanduser(text)  # noqa: PTH111 - a Path would lose what isn't one


def _variable(section: str, key: str) -> str:
    return f"AIRFLOW__{section.replace('.', '_').upper()}__{key.upper()}"


def _in_backend(section: str, key: str, where: str) -> UsageError:
    return UsageError(
        f"{key} is kept in Airflow's secrets backend, where airconn doesn't look for Airflow's own settings",
        where=where,
        hint=f"set {_variable(section, key)} to it",
    )


def _kwargs(value: ConfigValue) -> dict[str, Any]:
    if not value.text:
        return {}
    try:
        found = json.loads(value.text)
    except (ValueError, RecursionError):
        found = value
    if not found:
        return {}
    if not isinstance(found, dict):
        raise UsageError(
            "the options of the secrets backend are not a JSON object",
            where=value.where,
            hint="Airflow only warns of it in its log, and uses no options at all",
        )
    return found


def _parsed(file: Path) -> ConfigParser:
    parser = ConfigParser()
    parser.optionxform = str  # type: ignore[method-assign, assignment]  # Airflow looks for small letters only
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return parser
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = (error.strerror or "unreadable") if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"can't be read: {reason}", where=str(file)) from None
    try:
        parser.read_string(text)
    except (DuplicateOptionError, DuplicateSectionError) as error:
        where = f"{file}:{error.lineno}" if error.lineno else str(file)
        what = "an option" if isinstance(error, DuplicateOptionError) else "a section"
        raise UsageError(f"{what} is set twice, and Airflow fails on that", where=where) from None
    except ParsingError as error:
        line = getattr(error, "lineno", None) or (error.errors[0][0] if error.errors else None)
        raise UsageError("not a line of an airflow.cfg", where=f"{file}:{line}" if line else str(file)) from None
    except ConfigError:
        raise UsageError("not an airflow.cfg", where=str(file)) from None
    return parser
