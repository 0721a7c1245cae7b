"""The shapes of files that other tools write or read, so that such a file is refused by its name.

A shape is what its tool always has: a few keys with values of one type. A row that is also a likely set of variables
doesn't belong here, unless it says so with `is_weak`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from airconn.formats.shapes import (
    ANY,
    FLAG,
    LIST,
    MAPPING,
    NUMBER,
    TEXT,
    Test,
    an_entry,
    each,
    every_entry,
    has,
    has_exactly,
    keys_like,
    says,
    some,
    under,
)
from airconn.patterns import pattern

OWN_FILE = "write the connections, variables and pools into a file of their own, such as objects.yaml"


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A file of another tool, which holds no objects."""

    what: str
    """What the file is, in words that follow 'this looks like'."""
    is_one: Test
    hint: str = OWN_FILE
    is_weak: bool = False
    """Whether variables may well have this shape. Then a file whose name says that it holds variables is read."""


_GITLAB_JOB = has(
    (
        "after_script",
        "artifacts",
        "before_script",
        "cache",
        "image",
        "needs",
        "only",
        "rules",
        "stage",
        "tags",
        "when",
    ),
    script=(list, str),
)
_NPM_PARTS = ("dependencies", "devDependencies", "peerDependencies", "scripts")
_ERROR_KEYS = {
    "__type", "code", "detail", "documentation_url", "error", "error_description", "error_uri", "errors", "instance",
    "message", "Message", "path", "requestId", "request_id", "status", "statusCode", "success", "timestamp", "title",
    "type", "warnings",
}  # fmt: skip
_ERROR_MARKS = {"error", "errors", "message", "Message", "detail", "__type"}


def _is_error(found: dict[str, Any]) -> bool:
    return bool(found) and found.keys() <= _ERROR_KEYS and not found.keys().isdisjoint(_ERROR_MARKS)


_STATE_HINT = "write an output that is a map of variables into a file: terraform output -json NAME > variables.json"
_CREDENTIALS_HINT = "such a key belongs in the fields of a connection: see the documentation of its provider"
MAPPINGS: tuple[ForeignFile, ...] = (
    ForeignFile(
        "the key file of a Google service account",
        each(says("type", "service_account"), has(("client_email", "private_key", "private_key_id"))),
        "it goes into the extra of a google_cloud_platform connection, as keyfile_dict",
    ),
    ForeignFile(
        "Google's credentials of a user or a workload",
        some(
            each(
                says("type", "authorized_user", "external_account", "impersonated_service_account"),
                has(("client_id", "audience", "source_credentials")),
            ),
            under("installed", has(("client_secret",), client_id=TEXT)),
            under("web", each(has(("client_secret",)), has(("auth_uri", "token_uri")))),
        ),
        _CREDENTIALS_HINT,
    ),
    ForeignFile(
        "credentials of AWS",
        some(
            has(AccessKeyId=TEXT, SecretAccessKey=TEXT),
            under("Credentials", has(AccessKeyId=TEXT, SecretAccessKey=TEXT)),
            under("AccessKey", has(AccessKeyId=TEXT, SecretAccessKey=TEXT)),
        ),
        "they go into the login and the password of a connection of type aws",
    ),
    ForeignFile(
        "credentials of Azure",
        has_exactly("displayName", "name", appId=TEXT, password=TEXT, tenant=TEXT),
        _CREDENTIALS_HINT,
    ),
    ForeignFile(
        "a state file of Terraform",
        has(("resources", "lineage", "modules", "values", "planned_values", "format_version"), terraform_version=ANY),
        _STATE_HINT,
    ),
    ForeignFile(
        "the output of terraform output -json",
        every_entry(has_exactly("value", "type", sensitive=FLAG, value=ANY)),
        _STATE_HINT,
    ),
    ForeignFile(
        "a configuration of Terraform",
        some(
            under("terraform", has(("required_providers", "backend", "required_version"))),
            has(resource=MAPPING, provider=MAPPING),
        ),
        _STATE_HINT,
    ),
    ForeignFile("a lock file of npm", has(("packages", "dependencies"), lockfileVersion=ANY)),
    ForeignFile(
        "a package.json of npm",
        each(
            lambda found: any(isinstance(found.get(part), dict) for part in _NPM_PARTS),
            has(("name", "version", "private", "license", "main", "engines", "type", "description", "author")),
        ),
    ),
    ForeignFile("a tsconfig.json of TypeScript", has(compilerOptions=MAPPING)),
    ForeignFile(
        "a composer.json of PHP",
        some(
            has(("name", "type", "autoload", "minimum-stability"), require=MAPPING),
            has(("packages-dev",), packages=LIST),
        ),
    ),
    ForeignFile("a lock file of Pipenv", each(under("_meta", has(("hash", "sources"))), has(default=MAPPING))),
    ForeignFile(
        "a pyproject file",
        some(under("build-system", has(requires=LIST)), under("tool", has(("poetry", "ruff", "uv")))),
    ),
    ForeignFile("an environment of conda", has(("channels", "name", "prefix"), dependencies=LIST)),
    ForeignFile(
        "a Chart.yaml of Helm",
        each(
            says("apiVersion", "v1", "v2"),
            has(name=TEXT, version=ANY),
            lambda found: "kind" not in found,
        ),
    ),
    ForeignFile(
        "a kubeconfig",
        has(("current-context", "users", "contexts"), clusters=LIST, apiVersion=TEXT),
        "the cluster itself is read with k8s: as the source",
    ),
    ForeignFile(
        "an error of Kubernetes, without objects",
        each(says("kind", "Status"), has(("message", "reason", "status"), apiVersion=TEXT)),
        "run the command again when it succeeds",
    ),
    ForeignFile(
        "a Kubernetes manifest without AIRFLOW_CONN_… or AIRFLOW_VAR_… in it", has(apiVersion=TEXT, kind=TEXT)
    ),
    ForeignFile(
        "a kustomization of Kubernetes",
        has(
            ("namespace", "patches", "commonLabels", "configMapGenerator", "secretGenerator", "images"),
            resources=LIST,
        ),
    ),
    ForeignFile(
        "a workflow of GitHub Actions", each(has(jobs=MAPPING), under("jobs", an_entry(has(("runs-on", "uses")))))
    ),
    ForeignFile(
        "a configuration of CircleCI",
        each(has(("workflows", "orbs", "version"), jobs=MAPPING), under("jobs", an_entry(has(("steps", "docker"))))),
    ),
    ForeignFile(
        "a configuration of GitLab CI",
        some(an_entry(_GITLAB_JOB), each(has(stages=LIST), an_entry(has(("script",))))),
    ),
    ForeignFile("a pipeline of Azure DevOps", has(("trigger", "pool", "variables", "resources"), steps=LIST)),
    ForeignFile(
        "a pipeline of Bitbucket", under("pipelines", has(("default", "branches", "pull-requests", "custom")))
    ),
    ForeignFile(
        "an inventory of Ansible",
        some(under("all", has(("hosts", "children", "vars"))), under("_meta", has(hostvars=MAPPING))),
    ),
    ForeignFile("requirements of Ansible", each(has(collections=LIST), under("collections", has(name=TEXT)))),
    ForeignFile("the configuration of Docker's login", some(has(auths=MAPPING), has(credHelpers=MAPPING))),
    ForeignFile(
        "a profiles.yml of dbt",
        an_entry(has(outputs=MAPPING, target=TEXT)),
        "write its outputs as connections into a file of their own, such as connections.yaml",
    ),
    ForeignFile(
        "a dbt_project.yml of dbt",
        some(
            has(("profile", "model-paths", "models"), **{"config-version": ANY}),
            has(("models", "seeds"), profile=TEXT, **{"model-paths": LIST}),
        ),
    ),
    ForeignFile(
        "an API description (OpenAPI)",
        some(
            has(openapi=NUMBER, info=MAPPING),
            has(swagger=NUMBER, info=MAPPING),
        ),
    ),
    ForeignFile("a Jupyter notebook", has(("metadata", "nbformat_minor"), cells=LIST, nbformat=ANY)),
    ForeignFile(
        "a template of CloudFormation",
        some(
            has(AWSTemplateFormatVersion=ANY),
            has(Transform=TEXT, Resources=MAPPING),
            under("Resources", an_entry(lambda found: str(found.get("Type")).startswith("AWS::"))),
        ),
    ),
    ForeignFile("a policy of AWS", has(("Version", "Id"), Statement=(list, dict))),
    ForeignFile(
        "a serverless.yml", has(("functions", "plugins", "resources"), service=(str, dict), provider=MAPPING)
    ),
    ForeignFile(
        "a configuration of Renovate",
        has(
            ("packageRules", "schedule", "labels", "automerge", "prHourlyLimit", "dependencyDashboard"), extends=LIST
        ),
    ),
    ForeignFile(
        "settings of an editor",
        keys_like(r"(?:editor|files|workbench|python|terminal|window|git|search|\[\w+\])(?:\..+)?"),
    ),
    ForeignFile(
        "a launch.json or tasks.json of an editor",
        some(has(version=ANY, configurations=LIST), has(version=ANY, tasks=LIST)),
    ),
    ForeignFile(
        "a mkdocs.yml of MkDocs",
        has(("nav", "theme", "docs_dir", "plugins", "repo_url", "markdown_extensions"), site_name=TEXT),
    ),
    ForeignFile("a dependabot.yml of GitHub", under("updates", has(**{"package-ecosystem": TEXT}))),
    ForeignFile("a configuration of pre-commit", under("repos", has(repo=TEXT, hooks=LIST))),
    ForeignFile(
        "a provider.yaml of Airflow",
        has(("versions", "operators", "hooks", "connection-types", "integrations"), **{"package-name": TEXT}),
    ),
    ForeignFile("a serialized DAG of Airflow", under("dag", has(("tasks", "_task_group", "task_dict")))),
    ForeignFile("a configuration of Prometheus", has(("global", "rule_files", "alerting"), scrape_configs=LIST)),
    ForeignFile("a dashboard of Grafana", has(("schemaVersion", "templating", "uid"), panels=LIST)),
    ForeignFile("a collection of Postman", each(has(item=LIST), under("info", has(("schema", "_postman_id"))))),
    ForeignFile(
        "a configuration of ESLint", has(("extends", "env", "parserOptions", "parser", "plugins"), rules=MAPPING)
    ),
    ForeignFile("GeoJSON", each(says("type", "FeatureCollection"), has(features=LIST))),
    ForeignFile("a list of components (CycloneDX)", has(bomFormat=TEXT)),
    ForeignFile("an export of Bitwarden", has(("folders", "collections"), encrypted=FLAG, items=LIST)),
    ForeignFile(
        "an item of 1Password",
        has(("vault", "category"), fields=LIST, id=TEXT),
        "op read and op inject give its values, for a file of connections",
    ),
    ForeignFile(
        "a Docker Compose file without AIRFLOW_CONN_… or AIRFLOW_VAR_… in it",
        under(
            "services", an_entry(has(("image", "build", "environment", "env_file", "command", "volumes", "ports")))
        ),
    ),
    ForeignFile(
        "an answer of Airflow's REST API with no connections, variables or pools in it",
        lambda found: "total_entries" in found and any(isinstance(value, list) for value in found.values()),
        "airconn export --from URL -o FILE reads them",
    ),
    ForeignFile("a file with a schema of another tool ($schema)", has(**{"$schema": TEXT})),
    ForeignFile("an error of a server, without objects", _is_error, "look at the message in it", is_weak=True),
)
"""Files whose document is a mapping. The first one that matches names the file."""

LISTS: tuple[ForeignFile, ...] = (
    ForeignFile(
        "a playbook of Ansible", has(("tasks", "roles", "vars", "become", "gather_facts", "pre_tasks"), hosts=ANY)
    ),
    ForeignFile(
        "tasks of Ansible",
        each(has(name=TEXT), keys_like(r"name|when|tags|register|become|(?:ansible|community)\..+")),
    ),
    ForeignFile("hooks of pre-commit", has(("language", "files", "types"), id=TEXT, entry=TEXT)),
    ForeignFile(
        "a list of DAGs or of their runs",
        has(("fileloc", "filepath", "is_paused", "run_id", "owners", "state"), dag_id=TEXT),
    ),
    ForeignFile(
        "the output of docker inspect without AIRFLOW_CONN_… or AIRFLOW_VAR_… in it",
        has(("Created", "State", "RootFS"), Id=TEXT),
    ),
    ForeignFile("items of 1Password", has(("category",), id=TEXT, title=TEXT, vault=MAPPING)),
)
"""Files whose document is a list, by the first of its entries."""

_BY_NAME = (
    (pattern(r".*\.tfvars(\.json)?"), "input variables of Terraform"),
    (pattern(r"\.?terraform\.lock.*|.*\.tfstate(\.backup)?"), "a state file of Terraform"),
)


def of_mapping(document: dict[str, Any], source: str, *, says_variables: bool) -> ForeignFile | None:
    """The foreign file that a mapping is. None for other mappings."""
    name = PurePath(source).name.lower()
    named = (
        ForeignFile(what, lambda found: True, is_weak=True) for likely, what in _BY_NAME if likely.fullmatch(name)
    )
    shaped = (found for found in MAPPINGS if not (found.is_weak and says_variables) and found.is_one(document))
    return next(shaped, None) or next(named, None)


def of_list(document: list[Any]) -> ForeignFile | None:
    """The foreign file that a list is. None for other lists."""
    if not document or not isinstance(document[0], dict):
        return None
    return next((found for found in LISTS if found.is_one(document[0])), None)
