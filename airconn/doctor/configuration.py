"""Checks the configuration: which files there are, where each setting and the credentials come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from airconn import config_files
from airconn.addresses import is_file, runs_command
from airconn.config import PROJECT_FILE, Address, Config
from airconn.errors import AirconnError
from airconn.quoting import shown_address
from airconn.stores.health import Health, HealthCheck, failed
from airconn.targets import target_of
from airconn.trust import is_airflow

AREA = "Configuration"
_SERVICES = {
    "vault": ("VAULT_",),
    "aws-secretsmanager aws-ssm mwaa": ("AWS_",),
    "gcp-secretmanager composer": ("GOOGLE_", "CLOUDSDK_"),
    "azure-keyvault": ("AZURE_",),
    "k8s": ("KUBECONFIG", "KUBERNETES_"),
    "astro-airflow astro-env astro-vars": ("ASTRO_",),
    "metadb airflow-config": (
        "AIRCONN_METADB_PASSWORD",
        "AIRFLOW_HOME",
        "AIRFLOW_CONFIG",
        "AIRFLOW__",
        "PG",
    ),
}
"""How the variables begin from which places take their credentials, by the schemes of their addresses."""
_SETTINGS = ("timeout", "retries", "deadline", "ca_bundle", "client_cert", "client_key", "allow_redirect", "strict")
_OF_TLS = ("ca_bundle", "client_cert", "client_key")


def of_files(config: Config | AirconnError, directory: Path, from_env_files: frozenset[str]) -> Iterator[HealthCheck]:
    """The checks of the files and of the variables. `config` is the error if they can't be read.

    `from_env_files` are the variables that the option `--env-file` has set.
    """
    if isinstance(config, AirconnError):
        fault = failed(AREA, "files", config)
        yield HealthCheck(AREA, "files", fault.health, str(config), fault.hint, fault.exit_code)
        return
    yield _file(PROJECT_FILE, directory / PROJECT_FILE, config.project)
    yield _file("config.toml", config_files.user_file(config.environ), config.user)
    own = [name for name in _variables(config) if name in from_env_files]
    if own:
        yield HealthCheck(AREA, "--env-file", Health.FINE, ", ".join(own))
    if names := [name for name in _variables(config) if name not in from_env_files]:
        yield HealthCheck(AREA, "environment", Health.FINE, f"{', '.join(names)}")
    else:
        yield HealthCheck(AREA, "environment", Health.UNUSED, "no AIRCONN_* is set")
    yield from _sops(config, directory)


def _sops(config: Config, directory: Path) -> Iterator[HealthCheck]:
    """The check of SOPS, where the user names it or a project has rules for it."""
    from airconn.stores.sops import program, rules

    if (
        "AIRCONN_SOPS" not in config.environ
        and "sops" not in config.user
        and rules.above(directory.absolute()) is None
    ):
        return
    sops = program.SopsProgram(config.sops, config.environ)
    version = sops.version()
    if version is None:
        yield HealthCheck(AREA, "sops", Health.WARNING, f"{config.sops!r} can't be run", program.INSTALL)
        return
    has, needs = (".".join(map(str, one)) for one in (version, program.OLDEST))
    if version < program.OLDEST:
        hint = f"install {needs} or newer: https://github.com/getsops/sops/releases"
        yield HealthCheck(AREA, "sops", Health.WARNING, f"version {has} can only read encrypted files", hint)
    else:
        yield HealthCheck(AREA, "sops", Health.FINE, f"version {has}")


def _file(name: str, path: Path, values: object) -> HealthCheck:
    shown = path.absolute()
    if not path.exists():
        return HealthCheck(AREA, name, Health.UNUSED, f"not there: {shown}")
    keys = ", ".join(values) if isinstance(values, dict) and values else "no settings"
    return HealthCheck(AREA, name, Health.FINE, f"{shown}: {keys}")


def _variables(config: Config) -> list[str]:
    """The names of the variables that are set for airconn, or for credentials of configured addresses."""
    named = config.credential_names()
    return sorted(
        name for name, value in config.environ.items() if value and (name.startswith("AIRCONN_") or name in named)
    )


def of_address(config: Config, address: Address, written: str) -> Iterator[HealthCheck]:
    """The checks of the address that is examined, and of its credentials. `written` is as the user wrote it."""
    settings = address.settings
    named = f"{shown_address(written)} is " if written.startswith("@") else ""
    is_default = settings.named_by.startswith("no setting")
    by = "the default, since no setting names one" if is_default else f"from {settings.named_by}"
    yield HealthCheck(AREA, "address", Health.FINE, f"{named}{_shown(address.text)}, {by}")
    known = settings.credentials
    if not is_airflow(address.text) and not known.of_address:
        yield from _of_service(address.text, config.environ)
        return
    if known.login is not None and known.login.is_due:
        text = "a login that airconn login has stored"
        if known.login_name:
            text = f"the user of {known.source}, whose password is stored or asked for"
        yield HealthCheck(AREA, "credentials", Health.FINE, text)
    elif known.sources:
        kind = "a login" if known.username or known.client_id else "a command" if known.token_command else "a token"
        kind = "headers alone" if not known.source else kind
        yield HealthCheck(AREA, "credentials", Health.FINE, f"{kind}, from {known.sources}")
    else:
        looked = ", ".join(known.looked_at)
        text = f"none; looked at {looked}" if looked else "none"
        yield HealthCheck(AREA, "credentials", Health.UNKNOWN, text, "airconn help login has all ways to log in")


def _of_service(address: str, environ: Mapping[str, str]) -> Iterator[HealthCheck]:
    """Which variables of a service are set that its library or its address takes credentials from."""
    scheme = address.lower().partition(":")[0].partition("+")[0]
    begins = next((begins for schemes, begins in _SERVICES.items() if scheme in schemes.split()), ())
    if not begins:
        return
    if names := sorted(name for name, value in environ.items() if value and name.startswith(begins)):
        yield HealthCheck(AREA, "credentials", Health.FINE, f"variables that are set: {', '.join(names)}")
    else:
        variables = ", ".join(f"{begin}*" if begin.endswith("_") or begin == "PG" else begin for begin in begins)
        which = variables if len(begins) == 1 else f"of {variables}"
        text = f"no variable {which} is set; a login, a profile or an identity of this machine may be used"
        yield HealthCheck(AREA, "credentials", Health.UNUSED, text)


def of_settings(config: Config, address: Address, written: str, options: frozenset[str]) -> Iterator[HealthCheck]:
    """Where the settings for an address come from, but for defaults.

    `written` is the address as the user wrote it, and `options` are those of the command line.
    """
    found = []
    target = config.places.target(written[1:]) if written.startswith("@") else None
    for key in _SETTINGS:
        variable = f"AIRCONN_{key.upper()}"
        in_project = key in config.project and (key not in _OF_TLS or is_airflow(address.text))
        if key in options:
            found.append(f"--{key.replace('_', '-')} from the command line")
        elif config.environ.get(variable):
            found.append(f"{key} from {variable}")
        elif target is not None and key in target.settings:
            found.append(f"{key} from {written} in {target.files[key]}")
        elif in_project or key in config.user:
            found.append(f"{key} from {PROJECT_FILE if in_project else 'config.toml'}")
    if found:
        yield HealthCheck(AREA, "settings", Health.FINE, ", ".join(found))
    if target is not None and (said := target_of(config, written).said):
        yield HealthCheck(AREA, "target", Health.FINE, f"{written} imports {said}")


def _shown(address: str) -> str:
    """An address without all that could be secret, such as the command of `airflow-cli:`."""
    if runs_command(address):
        scheme, _, command = address.partition(":")
        return f"{scheme}:…" if command.strip() else address
    return address if is_file(address) else shown_address(address)
