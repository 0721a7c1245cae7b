"""Files of well-known tools are refused by that name, whatever they are called, and never become variables."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from airconn.formats import foreign_files, foreign_texts

SECRET = "s3cret-canary"
GCP_KEY = {
    "type": "service_account",
    "project_id": "p",
    "private_key_id": "1",
    "private_key": SECRET,
    "client_email": "a@p.iam",
}
STATE = {
    "version": 4,
    "terraform_version": "1.9.5",
    "serial": 3,
    "lineage": "x",
    "outputs": {"pw": {"value": SECRET, "type": "string", "sensitive": True}},
    "resources": [],
}

DOCUMENTS: dict[str, tuple[str, Any]] = {
    "package.json": ("a package.json", {"name": "x", "version": "1.0.0", "scripts": {"start": SECRET}}),
    "package.json with a list of files": (
        "a package.json",
        {"name": "x", "private": True, "devDependencies": {"a": "^1"}, "files": ["dist"]},
    ),
    "package-lock.json": ("a lock file of npm", {"name": "x", "lockfileVersion": 3, "packages": {"": {}}}),
    "tsconfig.json": ("a tsconfig.json", {"compilerOptions": {"strict": True}, "include": ["src"]}),
    "composer.json": ("a composer.json", {"name": "a/b", "require": {"php": ">=8"}}),
    "Pipfile.lock": ("a lock file of Pipenv", {"_meta": {"hash": {}}, "default": {}, "develop": {}}),
    "Chart.yaml with only what Helm asks for": ("a Chart.yaml", "apiVersion: v2\nname: airflow\nversion: 1.0.0\n"),
    "Chart.yaml": ("a Chart.yaml", "apiVersion: v2\nname: airflow\nversion: 1.15.0\nappVersion: 2.9.3\n"),
    "environment.yml of conda": ("an environment of conda", "name: x\nchannels: [a]\ndependencies: [python=3.11]\n"),
    "compose.yaml": (
        "a Docker Compose file without",
        f"services:\n  db:\n    image: postgres\n    environment:\n      POSTGRES_PASSWORD: {SECRET}\n",
    ),
    "docker-compose.override.yml": ("a Docker Compose file without", "services:\n  web:\n    ports: ['80:80']\n"),
    "terraform.tfstate": ("a state file of Terraform", STATE),
    "terraform show -json": (
        "a state file of Terraform",
        {"format_version": "1.0", "terraform_version": "1.9.5", "values": {"outputs": {"pw": {"value": SECRET}}}},
    ),
    "terraform output -json": (
        "the output of terraform output",
        {"pw": {"sensitive": True, "type": "string", "value": SECRET}, "b": {"sensitive": False, "value": 1}},
    ),
    "workflow": (
        "a workflow of GitHub Actions",
        "name: ci\non:\n  push:\n    branches: [main]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: []\n",
    ),
    "CircleCI": (
        "a configuration of CircleCI",
        "version: 2.1\njobs:\n  build:\n    docker: [{image: x}]\n    steps: [checkout]\n",
    ),
    "gitlab-ci": (
        "a configuration of GitLab CI",
        f"stages: [test]\nvariables:\n  PW: {SECRET}\ntest:\n  stage: test\n  script: [pytest]\n",
    ),
    "gitlab-ci without stages": (
        "a configuration of GitLab CI",
        "image: python\ntest:\n  script: pytest\n  tags: [a]\n",
    ),
    "azure-pipelines": ("a pipeline of Azure DevOps", "trigger: [main]\npool: {vmImage: x}\nsteps: [{script: x}]\n"),
    "playbook": ("a playbook of Ansible", f"- hosts: all\n  vars: {{pw: {SECRET}}}\n  tasks: []\n"),
    "tasks": ("tasks of Ansible", "- name: install\n  ansible.builtin.apt: {name: x}\n  become: true\n"),
    "inventory": ("an inventory of Ansible", f"all:\n  hosts:\n    a:\n      ansible_password: {SECRET}\n"),
    "requirements of Ansible": ("requirements of Ansible", "collections:\n  - name: community.general\n"),
    "deployment": (
        "a Kubernetes manifest without",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: 1}\n",
    ),
    "deployment, JSON": (
        "a Kubernetes manifest without",
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}},
    ),
    "status": (
        "an error of Kubernetes",
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "x", "code": 403},
    ),
    "kubeconfig": (
        "a kubeconfig",
        f"apiVersion: v1\nkind: Config\nclusters: []\nusers: [{{name: a, user: {{token: {SECRET}}}}}]\n",
    ),
    "kustomization": ("a kustomization", "resources: [a.yaml]\nnamespace: x\n"),
    "docker config": ("the configuration of Docker's login", {"auths": {"ghcr.io": {"auth": SECRET}}}),
    "profiles.yml": (
        "a profiles.yml of dbt",
        f"shop:\n  target: dev\n  outputs:\n    dev: {{type: postgres, password: {SECRET}}}\n",
    ),
    "dbt_project.yml": ("a dbt_project.yml", "name: shop\nconfig-version: 2\nprofile: shop\nmodel-paths: [models]\n"),
    "openapi": ("an API description", {"openapi": "3.1.0", "info": {"title": "x"}, "paths": {}}),
    "swagger": ("an API description", "swagger: '2.0'\ninfo: {title: x}\npaths: {}\n"),
    "notebook": ("a Jupyter notebook", {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
    "CloudFormation": (
        "a template of CloudFormation",
        "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\nParameters:\n  Pw: {Type: String}\n",
    ),
    "aws sts": (
        "credentials of AWS",
        {"Credentials": {"AccessKeyId": "A", "SecretAccessKey": SECRET, "SessionToken": SECRET}},
    ),
    "aws iam": (
        "credentials of AWS",
        {"AccessKey": {"UserName": "x", "AccessKeyId": "A", "SecretAccessKey": SECRET}},
    ),
    "service account": ("the key file of a Google service account", GCP_KEY),
    "authorized user": (
        "Google's credentials",
        {"type": "authorized_user", "client_id": "x", "client_secret": SECRET, "refresh_token": SECRET},
    ),
    "service principal": (
        "credentials of Azure",
        {"appId": "x", "displayName": "y", "password": SECRET, "tenant": "z"},
    ),
    "renovate.json": ("a configuration of Renovate", {"extends": ["config:base"], "packageRules": []}),
    "schema": ("a file with a schema of another tool", {"$schema": "https://x/y.json", "password": SECRET}),
    "settings.json": ("settings of an editor", {"editor.tabSize": 2, "files.eol": "\n", "[python]": {}}),
    "launch.json": ("a launch.json", {"version": "0.2.0", "configurations": []}),
    "mkdocs.yml": ("a mkdocs.yml", "site_name: x\nnav: [index.md]\n"),
    "dependabot.yml": ("a dependabot.yml", "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n"),
    "pre-commit": ("a configuration of pre-commit", "repos:\n  - repo: local\n    hooks: [{id: x}]\n"),
    "provider.yaml": (
        "a provider.yaml of Airflow",
        "package-name: apache-airflow-providers-ssh\nname: SSH\nversions: [1.0.0]\nconnection-types: []\n",
    ),
    "dags list": ("a list of DAGs", [{"dag_id": "x", "fileloc": "/x.py", "owners": "a", "is_paused": "True"}]),
    "docker inspect": ("the output of docker inspect", [{"Id": "x", "Created": "y", "Config": {"Env": ["A=b"]}}]),
    "an error, OAuth": ("an error of a server", {"error": "invalid_grant", "error_description": SECRET}),
    "an error, Google": ("an error of a server", {"error": {"code": 403, "message": SECRET}}),
    "an error, Vault": ("an error of a server", {"errors": ["permission denied"]}),
    "an error, AWS": ("an error of a server", {"__type": "AccessDenied", "message": SECRET}),
    "an error, gateway": ("an error of a server", {"message": "Unauthorized"}),
    "Bitwarden": (
        "an export of Bitwarden",
        {"encrypted": False, "folders": [], "items": [{"login": {"password": SECRET}}]},
    ),
    "deployments": (
        "Kubernetes manifests without",
        "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n---\napiVersion: apps/v1\nkind: Deployment\n",
    ),
    "a policy": ("a policy of AWS", {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}),
    "dags": ("an answer of Airflow's REST API with no", {"dags": [{"dag_id": "x"}], "total_entries": 1}),
    "main.tf.json": ("a configuration of Terraform", {"terraform": {"required_version": ">=1"}, "output": {}}),
    "pyproject as YAML": ("a pyproject file", {"build-system": {"requires": ["x"]}, "project": {"name": "x"}}),
    "bitbucket-pipelines.yml": (
        "a pipeline of Bitbucket",
        "image: x\npipelines:\n  default: [{step: {script: [x]}}]\n",
    ),
    "serverless.yml": ("a serverless.yml", f"service: x\nprovider: {{name: aws}}\nfunctions: {{a: {SECRET}}}\n"),
    "serialized DAG": ("a serialized DAG", {"__version": 1, "dag": {"_dag_id": "x", "tasks": []}}),
    "prometheus.yml": ("a configuration of Prometheus", "global: {scrape_interval: 15s}\nscrape_configs: []\n"),
    "Grafana": ("a dashboard of Grafana", {"panels": [], "title": "x", "schemaVersion": 39}),
    "Postman": ("a collection of Postman", {"info": {"_postman_id": "x", "name": "y"}, "item": []}),
    ".eslintrc.json": ("a configuration of ESLint", {"extends": "x", "rules": {"semi": 2}}),
    "GeoJSON": ("GeoJSON", {"type": "FeatureCollection", "features": []}),
    "SBOM": ("a list of components", {"bomFormat": "CycloneDX", "components": []}),
    "1Password": ("an item of 1Password", {"id": "x", "vault": {"id": "y"}, "category": "LOGIN", "fields": []}),
    "1Password, list": ("items of 1Password", [{"id": "x", "title": "y", "vault": {"id": "z"}, "category": "LOGIN"}]),
    "pre-commit-hooks": ("hooks of pre-commit", "- id: x\n  name: x\n  entry: x\n  language: python\n"),
}
TEXTS: dict[str, tuple[str, str]] = {
    "login page": ("an HTML page", f"<!DOCTYPE html>\n<html><body>token: {SECRET}</body></html>"),
    "page with a comment": ("an HTML page", f"<!-- x -->\n<html lang=en><!-- {SECRET} -->\nkey: a\n</html>"),
    "XML": ("XML", f"<?xml version='1.0'?>\n<a>{SECRET}</a>\n"),
    "airflow.cfg": ("an airflow.cfg", f"# comment\n\n[core]\n# x\ndags_folder = /x\nfernet_key = {SECRET}\n"),
    "airflow.cfg of secrets": ("an airflow.cfg", f"[secrets]\nbackend_kwargs = {{'token': '{SECRET}'}}\n"),
    "aws": ("credentials of AWS", f"[default]\naws_access_key_id = A\naws_secret_access_key = {SECRET}\n"),
    "pyproject.toml": ("a pyproject.toml", '[build-system]\nrequires = ["x"]\n'),
    "hcl": ("a configuration of Terraform", f'variable "pw" {{\n  default = "{SECRET}"\n}}\n'),
    "key": ("a key or a certificate", f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----\n"),
    "ansible-vault": ("a file that ansible-vault has encrypted", "$ANSIBLE_VAULT;1.1;AES256\n3132\n"),
    "age": ("a file that age has encrypted", "age-encryption.org/v1\n-> X25519 x\n"),
    "SSH": ("a public key of SSH", "ssh-ed25519 AAAAC3Nza a@b\n"),
    "PGP": ("an encrypted file", "-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----\n"),
}
UNTOLD: dict[str, tuple[str, str]] = {
    "INI": ("an INI or TOML file", f"[postgres]\npassword = {SECRET}\nhost: x\n"),
    "TOML": ("an INI or TOML file", f'[[connections]]\npassword = "{SECRET}"\n'),
    "tfvars": ("assignments of TOML or Terraform", f'# mine\nregion = "x"\npassword = "{SECRET}"\n'),
    "Dockerfile": ("a Dockerfile", f"# syntax=docker/dockerfile:1\nFROM python:3.11 AS base\nENV PW={SECRET}\n"),
    "DAG": (
        "a Python file",
        f'"""A DAG."""\nfrom airflow import DAG\n\nPW = "{SECRET}"\ntry:\n    pass\nexcept E:\n    x\n',
    ),
    "Python script": ("a Python file", f"#!/usr/bin/env python3\nPW = '{SECRET}'\n"),
    "shell script": ("a shell script", f"#!/bin/bash\nset -e\nexport PW={SECRET}\nif true; then echo; fi\n"),
    "exports": ("a shell script", f"# mine\nexport DB_PASSWORD={SECRET}\nexport A=b\n"),
    "SQL": ("statements of SQL", f"-- dump\nINSERT INTO connection (password) VALUES ('{SECRET}');\n"),
    "CSV": ("a table of comma-separated values", f"conn_id,conn_type,password\ncrm,http,{SECRET}\n"),
    "TSV": ("a table of tab-separated values", f"key\tvalue\nzone\t{SECRET}\n"),
}


def write(path: Path, content: Any) -> None:
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def refused(airconn, path: Path, what: str) -> None:
    for command, more in (("convert", ["--format", "json"]), ("check", []), ("import", ["--to", "t.yaml", "--yes"])):
        result = airconn(command, path, *more)
        said = result.out + result.err
        assert (command, result.code) == (command, 3), said
        assert f"this looks like {what}" in said, said
        assert path.name in said
        assert command == "check" or "hint:" in result.err
        assert SECRET not in said
    assert not (path.parent / "t.yaml").exists()


@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_document_of_another_tool_is_refused_by_its_name(airconn, tmp_path: Path, case: str) -> None:
    what, content = DOCUMENTS[case]
    path = tmp_path / f"file.{'yaml' if isinstance(content, str) else 'json'}"
    write(path, content)
    refused(airconn, path, what)


@pytest.mark.parametrize("case", sorted(set(DOCUMENTS) - {name for name in DOCUMENTS if name.startswith("an error")}))
def test_a_name_that_says_variables_makes_it_none_and_kind_does(airconn, tmp_path: Path, case: str) -> None:
    what, content = DOCUMENTS[case]
    path = tmp_path / f"variables.{'yaml' if isinstance(content, str) else 'json'}"
    write(path, content)
    refused(airconn, path, what)
    if isinstance(content, list) or (isinstance(content, str) and (content.startswith("- ") or "\n---" in content)):
        return
    result = airconn("convert", path, "--format", "json", "--variables")
    assert "or add --kind variables if these are variables\n" in result.err
    if "\non:" in content:
        return  # a key that is `true` in YAML 1.1, which no variable can be called
    result = airconn("convert", path, "--format", "json", "--kind", "variables", "--airflow", "2.11")
    assert result.code in (0, 4), result.err


@pytest.mark.parametrize("name", ["file", "file.json", "file.yaml", "variables.json", "-"])
@pytest.mark.parametrize("case", TEXTS)
def test_a_text_of_another_tool_is_refused_by_its_name(airconn, tmp_path: Path, case: str, name: str) -> None:
    what, text = TEXTS[case]
    if name == "-":
        result = airconn("convert", "-", stdin=text)
        assert (result.code, f"<stdin>: this looks like {what}" in result.err) == (3, True), result.err
        return
    write(tmp_path / name, text)
    refused(airconn, tmp_path / name, what)


@pytest.mark.parametrize("name", ["file", "setup.cfg", "table.csv"])
@pytest.mark.parametrize("case", UNTOLD)
def test_a_text_is_refused_by_its_name_if_nothing_says_that_it_is_a_format(
    airconn, tmp_path: Path, case: str, name: str
) -> None:
    what, text = UNTOLD[case]
    write(tmp_path / name, text)
    refused(airconn, tmp_path / name, what)


def test_a_database_and_an_archive_are_named(airconn, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "airflow.db") as database:
        database.execute("create table connection (id)")
    with zipfile.ZipFile(tmp_path / "dags.zip", "w") as archive:
        archive.writestr("a", SECRET)
    result = airconn("import", tmp_path / "airflow.db", "--to", "t.yaml", "--yes")
    assert result.code == 3
    assert "airflow.db: this is a database of SQLite\nhint:  if it is Airflow's, its address is metadb" in result.err
    result = airconn("check", tmp_path / "dags.zip")
    assert (result.code, "this is a zip archive" in result.out + result.err) == (3, True)


# What a careful reader must not take for a file of another tool.
@pytest.mark.parametrize(
    "variables",
    [
        {"name": "x", "version": "1", "description": "y"},
        {"dependencies": "a,b", "name": "x"},
        {"message": "hello"},
        {"error": "x", "code": 1},
        {"jobs": {"nightly": {"cron": "0 0 * * *"}}},
        {"stages": ["a", "b"], "load": {"table": "x"}},
        {"load": {"script": "x.sql", "table": "y"}},
        {"repos": ["a", "b"], "site_name": "x"},
        {"type": "service_account", "name": "x"},
        {"resources": {"cpu": 1}, "kind": "x"},
        {"all": {"a": 1}, "default": {"b": 2}},
        {"rules": {"a": "b"}, "features": ["x"]},
        {"cells": [1, 2], "metadata": {}},
        {"config": {"value": "x", "type": "y"}},
        {"dev": {"outputs": ["a"], "target": "x"}},
        {"tasks": ["x"], "hosts": "y"},
        {"editor.name": "x", "owner": "y", "zone": "z"},
        {"version": "1", "updates": ["x"]},
        {"executor": "CeleryExecutor", "secret": "x"},
    ],
)
def test_variables_of_any_name_are_read_where_the_name_says_that_they_are(
    airconn, tmp_path: Path, variables: dict[str, Any]
) -> None:
    write(tmp_path / "variables.json", variables)
    result = airconn("convert", tmp_path / "variables.json", "--format", "json", "--variables", "--airflow", "2.11")
    assert result.code == 0, result.err
    assert set(json.loads(result.out)) == set(variables)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ({"zone": "x", "limit": 5, "list": [1]}, "add --kind variables, or name it variables.*"),
        ({"api": "https://x"}, "add --kind connections or --kind variables, or name it connections.* or"),
        ({"a": {"host": "x", "login": "y"}}, "add --kind connections or --kind variables"),
        ({"a": {"conn_type": "http"}, "b": "x"}, "use the sections connections, variables and pools"),
        ({"a": {"conn_id": "x", "conn_type": "http", "odd": 1}}, "use the sections connections"),
        ({"Variables": {"a": "x"}, "pools": {}}, "did you mean 'variables'?"),
        ({"vars": {"a": "x"}}, "did you mean 'variables'?"),
        ({"key": "zone", "value": "x"}, "use the sections connections"),
        ([{"a": "b"}], "connections and variables are written as"),
    ],
)
def test_only_a_kind_that_the_content_can_be_is_suggested(airconn, tmp_path: Path, content: Any, hint: str) -> None:
    write(tmp_path / "file.json", content)
    for args, more in ((["convert", tmp_path / "file.json"], {}), (["convert", "-"], {"stdin": json.dumps(content)})):
        result = airconn(*args, **more)
        assert (result.code, result.out) == (3, "")
        assert hint in result.err, result.err
        assert ("--kind variables" in result.err) == ("--kind variables" in hint)


def test_standard_input_is_read_as_what_kind_says_or_its_shape_proves(airconn) -> None:
    plain, wrapped = '{"zone": "x"}', '{"zone": {"value": "x", "description": null}}'
    assert airconn("convert", "-", "--format", "json", stdin=plain).code == 3
    assert json.loads(airconn("convert", "-", "--format", "json", stdin=wrapped).out)["variables"] == {"zone": "x"}
    result = airconn("convert", "-", "--format", "json", "--kind", "variables", stdin=plain)
    assert json.loads(result.out)["variables"] == {"zone": "x"}


def test_each_shape_has_a_case() -> None:
    shapes = [*foreign_files.MAPPINGS, *foreign_files.LISTS]
    missing = [
        shape.what for shape in shapes if not any(shape.what.startswith(what) for what, _ in DOCUMENTS.values())
    ]
    assert missing == []
    texts = [what for what, _ in (*TEXTS.values(), *UNTOLD.values())]
    assert [text.what for text in foreign_texts.TEXTS if not any(map(text.what.startswith, texts))] == []
