"""Writing files that may hold secrets."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from airconn.errors import TargetError
from airconn.stores import saving
from airconn.stores.saving import write_atomically

KILLED = """
import os, signal, sys
from pathlib import Path
from airconn.stores.saving import write_atomically
if sys.argv[2] == "named":
    del os.O_TMPFILE
def kill(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os if sys.argv[3] == "fsync" else Path, sys.argv[3], kill)
write_atomically(Path(sys.argv[1]), "secret")
"""


def killed(path: Path, how: str, moment: str) -> None:
    """Runs a process that is killed at some moment of a write."""
    done = subprocess.run([sys.executable, "-c", KILLED, path, how, moment], check=False)
    assert done.returncode == -signal.SIGKILL


def test_nothing_is_left_of_a_process_that_is_killed_while_it_writes(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("old")
    killed(tmp_path / "f", "nameless", "fsync")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").read_text() == "old"


@pytest.mark.parametrize(("how", "moment"), [("nameless", "replace"), ("named", "fsync"), ("named", "replace")])
def test_the_next_write_removes_what_is_left(tmp_path: Path, how: str, moment: str) -> None:
    killed(tmp_path / "f", how, moment)
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "secret"
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    write_atomically(tmp_path / "other", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    import fcntl

    name = f".airconn-{'0' * 16}"
    with (tmp_path / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        write_atomically(tmp_path / "f", "new")
        assert sorted(path.name for path in tmp_path.iterdir()) == [name, "f"]
    write_atomically(tmp_path / "f", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_only_files_of_ours_are_removed(tmp_path: Path) -> None:
    names = [".airconn-x", f".airconn-{'0' * 15}", f"airconn-{'0' * 16}", f".airconn-{'0' * 16}.json"]
    for name in names:
        (tmp_path / name).write_text("x")
    (tmp_path / f".airconn-{'1' * 16}").symlink_to(tmp_path / names[0])
    (tmp_path / f".airconn-{'2' * 16}").mkdir()
    write_atomically(tmp_path / "f", "new")
    assert len(list(tmp_path.iterdir())) == len(names) + 3


@pytest.mark.parametrize("how", ["nameless", "named"])
class TestWhoseFileItIs:
    @pytest.fixture(autouse=True)
    def _how(self, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
        if how == "named":
            monkeypatch.setattr(saving.os, "O_TMPFILE", None)

    def test_an_update_keeps_the_mode(self, tmp_path: Path) -> None:
        for mode in (0o640, 0o664, 0o600, 0o400):
            path = tmp_path / oct(mode)
            path.write_text("old")
            path.chmod(mode)
            write_atomically(path, "new", keep_mode=True)
            assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)

    def test_the_owner_and_the_group_stay(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "f"
        path.write_text("old")
        ours = path.stat()
        theirs = os.stat_result((*ours[:4], ours.st_uid + 1, ours.st_gid + 2, *ours[6:]))
        asked: list[tuple[int, int]] = []
        monkeypatch.setattr(Path, "stat", lambda self, **options: theirs)
        monkeypatch.setattr(os, "fchown", lambda number, uid, gid: asked.append((uid, gid)))
        write_atomically(path, "new")
        assert asked == [(ours.st_uid + 1, ours.st_gid + 2)]

    def test_a_file_whose_owner_can_not_be_kept_is_not_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "f"
        path.write_text("old")
        ours = path.stat()
        theirs = os.stat_result((*ours[:4], ours.st_uid + 1, *ours[5:]))

        def refuse(number: int, uid: int, gid: int) -> None:
            raise PermissionError

        with monkeypatch.context() as patched:
            patched.setattr(Path, "stat", lambda self, **options: theirs)
            patched.setattr(os, "fchown", refuse)
            with pytest.raises(TargetError, match="belongs to another user or group"):
                write_atomically(path, "new")
        assert [found.name for found in tmp_path.iterdir()] == ["f"]
        assert path.read_text() == "old"


def test_an_update_by_root_leaves_a_file_to_its_user(airconn, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("AIRFLOW_VAR_X=1\n")
    uid, gid = (4321, 4322) if os.geteuid() == 0 else (os.geteuid(), os.getgroups()[-1])
    os.chown(path, uid, gid)
    path.chmod(0o640)
    (tmp_path / "variables.json").write_text('{"x": "2"}')
    for args in (("export", "--from"), ("convert",)):
        path.write_text("AIRFLOW_VAR_X=1\n")
        assert airconn(*args, tmp_path / "variables.json", "-o", path).code == 0
        status = path.stat()
        assert (path.read_text(), status.st_uid, status.st_gid) == ("AIRFLOW_VAR_X=2\n", uid, gid)
        assert stat.S_IMODE(status.st_mode) == 0o640
    assert airconn("convert", tmp_path / "variables.json", "-o", path, "--replace").code == 0
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (uid, 0o600)
