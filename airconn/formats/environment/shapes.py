"""The shapes of documents that hold environment variables, by the tools that read them."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from airconn.formats import tree
from airconn.formats.environment.entries import Program, Scope

EVIDENT_KEYS = frozenset(
    """
    Env Environment environment envVariables env_variables environmentVariables environment_variables
    EnvironmentVariables appSettings app_settings appsettings siteConfig extraEnv extraEnvVars stringData
    encryptedData literals containerEnv remoteEnv envVars env_vars
    """.split()  # noqa: SIM905 - a list of so many strings helps no reader
)
"""Keys whose values are environment variables, and hardly anything else."""
LIKELY_KEYS = frozenset(("config", "data", "env", "secret", "secrets", "settings", "variables", "vars"))
"""Keys whose values are environment variables in some tools, and may be a part of a variable's value as well."""
_CHART_SECTIONS = {
    "connections": frozenset(("id", "type")),
    "variables": frozenset(("key", "value")),
    "pools": frozenset(("name", "slots")),
}
"""The sections of the community's Helm chart, with keys that all of their entries have."""
_TERRAFORM = frozenset(("resource", "module", "variable", "terraform", "provider", "locals", "data", "output"))
_CHART = frozenset(
    """
    airflowHome airflowVersion defaultAirflowRepository defaultAirflowTag executor extraEnvFrom fernetKey
    fernetKeySecretName webserverSecretKeySecretName images ingress rbac workers scheduler webserver dags airflow
    extraManifests triggerer flower postgresql pgbouncer redis env secret
    """.split()  # noqa: SIM905 - a list of so many strings helps no reader
)
"""Top-level keys of the values of Airflow's Helm charts."""
_TOP_LEVEL = frozenset(("env", "secret", "secrets"))
_TYPES_IN_CHART: dict[str, type] = {"executor": str, "env": list, "secret": list}
"""The types of the values that ordinary words among them have in a chart."""
_DOCUMENTS_OF_TOOLS = (
    frozenset(("containerDefinitions",)),
    frozenset(("ContainerDefinitions",)),
    frozenset(("taskDefinition",)),
    frozenset(("softwareConfig",)),
    frozenset(("jobs", "on")),
    frozenset(("stages",)),
    frozenset(("steps",)),
    frozenset(("trigger",)),
    frozenset(("script",)),
    frozenset(("configMapGenerator",)),
    frozenset(("secretGenerator",)),
)
"""Keys of documents that can be told by them."""


def scope_of_root(document: Any, place: tuple[int | None, int | None]) -> Scope:
    """The scope of a whole document, with the program that its shape tells."""
    if not isinstance(document, dict):
        return Scope(place=place, is_known=isinstance(document, list))
    return Scope(place=place, program=_program(document), is_known=_is_known(document))


def _program(document: dict[str, Any]) -> Program:
    if _is_compose(document):
        return Program.COMPOSE
    if "resource" in document and set(document) <= _TERRAFORM:
        return Program.TERRAFORM
    schema = document.get("$schema")
    if isinstance(schema, str) and "eploymentTemplate.json" in schema:
        return Program.ARM
    return Program.PLAIN


def _is_known(document: dict[str, Any]) -> bool:
    keys = {key for key, value in document.items() if isinstance(value, _TYPES_IN_CHART.get(key, object))}
    return (
        _program(document) is not Program.PLAIN
        or bool(manifest_name(document))
        or len(keys & _CHART) > 1
        or str(document.get("executor", "")).endswith("Executor")
        or any(wanted <= keys for wanted in _DOCUMENTS_OF_TOOLS)
        or any(isinstance(value, dict) and "script" in value for value in document.values())
        or (isinstance(config := document.get("config"), dict) and "softwareConfig" in config)
    )


def _is_compose(document: dict[str, Any]) -> bool:
    """Whether a document is a file of Docker Compose: services that have what no other tool's have."""
    services = document.get("services")
    if not isinstance(services, dict):
        return False
    marks = {"image", "build", "environment", "env_file", "command", "extends", "depends_on"}
    return any(isinstance(service, dict) and not marks.isdisjoint(service) for service in services.values())


def may_be_configuration(document: Any, holders: Collection[str]) -> bool:
    """Whether a document of no known tool is rather its configuration than a file of variables.

    A document with texts at its top may be variables, one of which has an environment in its value. `holders` are the
    places of the environment variables.
    """
    if not isinstance(document, dict) or all(isinstance(value, dict | list) for value in document.values()):
        return True
    return not _CHART.isdisjoint(document) or not _TOP_LEVEL.isdisjoint(holders)


def manifest_name(node: dict[str, Any]) -> str:
    """What a manifest of Kubernetes is about: `Deployment/airflow`. Empty for what isn't a manifest."""
    version, kind = node.get("apiVersion"), node.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str) or not re.fullmatch(r"[A-Z][A-Za-z]{0,60}", kind):
        return ""
    metadata = node.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    is_name = isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9.-]{1,253}", name)
    return f"{kind}/{name}" if is_name else kind


def chart_sections(node: dict[str, Any], scope: Scope) -> frozenset[str]:
    """The keys of a mapping that are sections of the community's Helm chart. Empty for other mappings."""
    found = community_sections(node) if scope.key == "airflow" or not scope.path else frozenset()
    # A whole document is the values below `airflow` only with connections: no other file has them in this form.
    is_of_airflow = scope.key == "airflow" or ("connections" in found and "total_entries" not in node)
    return found if is_of_airflow else frozenset()


def community_sections(airflow: dict[str, Any]) -> frozenset[str]:
    """The keys of the values under `airflow` that have entries in the form of the community's Helm chart."""
    return frozenset(
        name
        for name, wanted in _CHART_SECTIONS.items()
        if isinstance(section := airflow.get(name), tree.Sequence)
        and section
        and any(isinstance(entry, dict) and wanted <= entry.keys() for entry in section)
        and not any(isinstance(entry, dict) and "conn_id" in entry for entry in section)
    )
