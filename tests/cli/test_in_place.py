"""Exporting one changed password onto a long file with comments is one changed line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ENTRY_OF_ENV = """\
# connection {n}, of team {t}
export AIRFLOW_CONN_C{n}="postgres://u:secret-{n}@h{n}.example.com:5432/db?x=1"  # since 20{n:02}

OTHER_{n}='$left ${{alone}}'
"""
ENTRY_OF_SETTINGS = """\
    # connection {n}, of team {t}
    - conn_id: c{n}
      conn_type: postgres
      conn_host: "h{n}.example.com"   # since 20{n:02}
      conn_password: secret-{n}
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "".join(ENTRY_OF_ENV.format(n=n, t=n % 3) for n in range(50))),
        (
            "airflow_settings.yaml",
            "airflow:\n  connections:\n" + "".join(ENTRY_OF_SETTINGS.format(n=n, t=n % 3) for n in range(40)),
        ),
    ],
)
def test_git_diff_shows_one_line(airconn, tmp_path: Path, name: str, text: str) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    path = tmp_path / name
    path.write_text(text)
    assert len(text.splitlines()) >= 200
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", name], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    assert airconn("convert", path, "-o", tmp_path / "all.json").code == 0
    changed = (tmp_path / "all.json").read_text().replace('"secret-17"', '"a new one"')
    (tmp_path / "all.json").write_text(changed)
    assert airconn("convert", tmp_path / "all.json", "-o", path).code == 0
    numbers = subprocess.run(
        [*git, "diff", "--numstat", "--", name], capture_output=True, text=True, check=True
    ).stdout
    assert numbers.split() == ["1", "1", name]


def test_a_fix_is_made_by_the_rules_of_the_dialect(airconn, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("AIRFLOW_CONN_A= http://u:it's@h \nAIRFLOW_VAR_B='quotes are text'\n")
    path.chmod(0o600)
    airconn("check", path, "--fix", "--from-env-dialect", "docker")
    assert path.read_text() == (
        "# airconn: env-dialect docker\nAIRFLOW_CONN_A=http://u:it%27s@h/\nAIRFLOW_VAR_B='quotes are text'\n"
    )


def test_the_dialect_of_the_sources_is_not_that_of_the_target(airconn, tmp_path: Path) -> None:
    (tmp_path / "source.env").write_text("AIRFLOW_VAR_A='x'\n")
    (tmp_path / "target.env").write_text("AIRFLOW_VAR_B='y'\n")
    done = airconn(
        "import", tmp_path / "source.env", "--from-env-dialect", "docker", "--to", tmp_path / "target.env", "--yes"
    )
    assert done.code == 0, done.err
    assert (tmp_path / "target.env").read_text() == "AIRFLOW_VAR_B='y'\nAIRFLOW_VAR_A=\"'x'\"\n"


@pytest.mark.parametrize("name", [".env", "airflow_settings.yaml"])
def test_a_byte_order_mark_and_odd_line_ends_stay(airconn, tmp_path: Path, name: str) -> None:
    texts = {
        ".env": "\ufeff# one\r\n\r\nAIRFLOW_VAR_A=old\r\n# two\r\n",
        "airflow_settings.yaml": (
            "\ufeffairflow:\r\n  variables:\r\n    - variable_name: a\r\n      variable_value: old\r\n"
        ),
    }
    (tmp_path / name).write_bytes(texts[name].encode())
    (tmp_path / "new.json").write_text('{"variables": {"a": "new"}}')
    assert airconn("import", tmp_path / "new.json", "--to", tmp_path / name).code == 0
    assert (tmp_path / name).read_bytes() == texts[name].replace("old", "new").encode()


def test_a_mark_that_has_no_effect_stops_everything(airconn, tmp_path: Path) -> None:
    text = "# mine\n# airconn: env-dialect sh\nAIRFLOW_VAR_A=old\n"
    (tmp_path / ".env").write_text(text)
    (tmp_path / "new.json").write_text('{"variables": {"a": "new"}}')
    done = airconn("import", tmp_path / "new.json", "--to", tmp_path / ".env")
    assert (done.code, ".env:2: " in done.err, (tmp_path / ".env").read_text()) == (3, True, text)
    assert airconn("check", tmp_path / ".env").code == 3
