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
