"""What a shell offers of a real Airflow at a tab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from airconn.sandbox import Sandbox


def test_ids_of_an_airflow_are_offered(sandbox: Sandbox, tmp_path: Path) -> None:
    own = {
        "AIRCONN_STATE_DIR": str(tmp_path),
        "AIRCONN_COMPLETION_SECONDS": "60",
        "AIRCONN_CONFIG": os.devnull,
        "_AIRCONN_COMPLETE": "bash_complete",
        "COMP_WORDS": "airconn delete pools/default",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-m", "airconn"],
        cwd=tmp_path,
        env={**os.environ, **sandbox.credentials(), **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == (["plain,pools/default_pool"], "")
