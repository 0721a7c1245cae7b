"""The files for CIs: workflows, the hook of pre-commit, and the examples that find drift.

What they run is tested in tests/integration/test_ci_files.py and with the page `ci` of the guide.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from tests import help_pages

ROOT = Path(__file__).parents[1]
WORKFLOWS = ROOT / ".github/workflows"
DRIFT = ROOT / "examples/drift"
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def validated(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout


def test_github_takes_the_workflows() -> None:
    files = [*sorted(WORKFLOWS.iterdir()), DRIFT / "github.yaml"]
    assert validated("vendor.github-workflows", *files) == ""


def test_gitlab_takes_the_example() -> None:
    assert validated("vendor.gitlab-ci", "--data-transform", "gitlab-ci", DRIFT / "gitlab.yaml") == ""


def test_what_is_wrong_with_a_workflow_is_found(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("on: push\njobs: {a: {runs-on: x, steps: [{run: a, uses: b, with: 1}]}}\n")
    assert "wrong.yaml" in validated("vendor.github-workflows", tmp_path / "wrong.yaml")


def test_the_tests_run_by_the_same_command_everywhere_on_each_python_that_is_supported() -> None:
    assert [step["run"] for step in steps(WORKFLOWS / "tests.yaml") if "run" in step] == [".ci/run"]
    (job,) = yaml.safe_load((WORKFLOWS / "tests.yaml").read_text())["jobs"].values()
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    assert job["strategy"]["matrix"]["python"] == named
    assert job["steps"][1]["with"]["python-version"].split()[-3:] == ["${{", "matrix.python", "}}"]


def test_a_release_is_built_and_attested_and_goes_to_no_index() -> None:
    text = (WORKFLOWS / "release.yaml").read_text()
    jobs = yaml.safe_load(text)["jobs"]
    used = [step["uses"].partition("@")[0] for step in steps(WORKFLOWS / "release.yaml") if "uses" in step]
    assert used.index("actions/attest-build-provenance") < used.index("actions/upload-artifact")
    assert jobs["build"]["permissions"]["attestations"] == "write"
    assert jobs["release"]["permissions"] == {"contents": "write"}
    assert [step["run"] for step in jobs["release"]["steps"] if "run" in step] == [
        'gh release create "$GITHUB_REF_NAME" dist/* --repo "$GITHUB_REPOSITORY" --verify-tag'
    ]
    assert "secrets." not in text
    assert "pypi" not in text.lower()


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        "deploy/.env",
        ".env.prod",
        "prod.env",
        "airflow_settings.yaml",
        "airflow_settings-dev.yml",
        "connections.json",
        "prod-variables.yaml",
        "pools.yml",
        "connections.uri",
        "airflow.k8s.yaml",
    ],
)
def test_the_hook_checks_files_of_this_name(name: str) -> None:
    assert re.search(HOOK["files"], name)


@pytest.mark.parametrize(
    "name", ["package.json", "env.py", "values.yaml", "myconnections.json", "README.md", ".envrc"]
)
def test_the_hook_leaves_files_of_this_name_alone(name: str) -> None:
    assert not re.search(HOOK["files"], name)


def test_the_guide_names_the_hook_and_a_tag_of_this_version() -> None:
    from airconn import __version__

    text = (help_pages.HELP / "ci.md").read_text()
    assert f"- id: {HOOK['id']}\n" in text
    assert f"rev: v{__version__}\n" in text


@pytest.mark.parametrize("name", ["github.yaml", "gitlab.yaml"])
def test_the_guide_shows_the_example_as_it_is(name: str) -> None:
    text = "".join(line for line in (DRIFT / name).read_text().splitlines(True) if not line.startswith("#"))
    blocks = [block.text for block in help_pages.blocks((help_pages.HELP / "ci.md").read_text())]
    assert text in blocks


def test_kubernetes_takes_the_example() -> None:
    manifest = yaml.safe_load((DRIFT / "kubernetes.yaml").read_text())
    assert unknown(manifest, "V1CronJob") == []
    assert unknown({"spec": {"schedule": "* * * * *", "jobTemplat": {}}}, "V1CronJob") == ["spec.jobTemplat"]


def unknown(value: Any, kind: str, path: str = "") -> list[str]:
    """The keys of a manifest that the type of the Kubernetes API doesn't have, and values of another type."""
    if inner := re.fullmatch(r"List\[(.*)\]", kind):
        return [found for n, item in enumerate(value) for found in unknown(item, inner[1], f"{path}[{n}]")]
    if inner := re.fullmatch(r"Dict\[str, (.*)\]", kind):
        return [found for key, item in value.items() for found in unknown(item, inner[1], f"{path}.{key}")]
    if kind in ("str", "int", "bool"):
        return [] if type(value).__name__ == kind else [path]
    if kind == "object":
        return []
    model = getattr(client, kind)
    names = {written: name for name, written in model.attribute_map.items()}
    found = []
    for key, item in value.items():
        inside = f"{path}.{key}".lstrip(".")
        found += unknown(item, model.openapi_types[names[key]], inside) if key in names else [inside]
    return found
