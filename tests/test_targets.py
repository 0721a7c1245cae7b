"""Named targets and groups of the configuration: what they mean, what wins, and what a wrong one is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airconn.config import Config
from airconn.errors import UsageError
from airconn.model import AirflowVersion
from airconn.targets import Target, targets_of
from airconn.toml_lines import line_of
from tests.test_config import config

EU = '[targets.eu]\naddress = "https://eu.example.com"\n'
US = '[targets.us]\naddress = "https://us.example.com"\n'
GROUPS = '[groups]\nprod = ["@eu", "@us"]\nevery = ["@prod", "@dev"]\n[addresses]\ndev = "https://dev.example.com"\n'


def names(found: Config, *addresses: str | None) -> list[str]:
    return [target.name for target in targets_of(found, addresses)]


def error_of(tmp_path: Path, project: str = "", user: str = "") -> UsageError:
    with pytest.raises(UsageError) as caught:
        config(tmp_path, project, user)
    return caught.value


def test_a_target_has_settings_of_its_own(tmp_path: Path) -> None:
    text = EU + (
        'airflow = "3.3"\noverlay = ["overlays/all.yaml", "overlays/eu.yaml"]\ninclude = "aws_*"\n'
        'exclude = ["pools/*"]\nrename = { "connections/old" = "new", "variables/a" = "b" }\ntimeout = 7\n'
    )
    found = config(tmp_path, text)
    assert targets_of(found, ["@eu"]) == (
        Target(
            "@eu",
            AirflowVersion(3, 3),
            (str(tmp_path / "overlays/all.yaml"), str(tmp_path / "overlays/eu.yaml")),
            ("connections/old=new", "variables/a=b"),
            ("aws_*",),
            ("pools/*",),
            has_overlays_of_project=True,
        ),
    )
    address = found.resolve("@eu")
    assert (address.text, address.settings.timeout) == ("https://eu.example.com", 7)
    assert address.settings.named_by == "@eu in airconn.toml"


def test_the_timeout_of_a_target_is_weaker_than_the_variable(tmp_path: Path) -> None:
    found = config(tmp_path, f"timeout = 5\n{EU}timeout = 7\n{US}", AIRCONN_TIMEOUT="3")
    assert found.resolve("@eu").settings.timeout == 3
    found = config(tmp_path, f"timeout = 5\n{EU}timeout = 7\n{US}")
    assert [found.resolve(name).settings.timeout for name in ("@eu", "@us")] == [7, 5]


def test_url_is_another_word_for_the_address(tmp_path: Path) -> None:
    assert config(tmp_path, '[targets.eu]\nurl = "https://eu"\n').resolve("@eu").text == "https://eu"


def test_a_target_may_have_the_name_of_an_address(tmp_path: Path) -> None:
    user = '[addresses.prod]\nurl = "https://prod"\ntoken_env = "P"\n'
    found = config(tmp_path, '[targets.eu]\naddress = "@prod"\noverlay = "eu.yaml"\n', user, P="t")
    address = found.resolve("@eu")
    assert (address.text, address.settings.credentials.token) == ("https://prod", "t")
    assert found.location("@eu") == "https://prod"


def test_groups_may_have_groups_and_each_target_comes_once(tmp_path: Path) -> None:
    found = config(tmp_path, EU + US + GROUPS)
    assert names(found, "@prod") == ["eu", "us"]
    assert names(found, "@us", "@every") == ["us", "eu", "dev"]
    assert names(found, "@all") == ["eu", "us"]
    assert names(found, "@dev", None) == ["dev", "http://localhost:8080"]


def test_a_group_may_be_called_all(tmp_path: Path) -> None:
    assert names(config(tmp_path, EU + US + '[groups]\nall = ["@us"]\n'), "@all") == ["us"]


def test_all_without_any_target_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="@all is every target, and the configuration has none"):
        targets_of(config(tmp_path), ["@all"])


def test_a_group_where_one_place_is_possible_names_its_members(tmp_path: Path) -> None:
    found = config(tmp_path, EU + US + GROUPS)
    for use in (found.resolve, found.location, found.target):
        with pytest.raises(UsageError, match="@prod is a group, and this takes one address") as caught:
            use("@prod")
        assert caught.value.hint == "name one of its members: @eu, @us (airconn help targets)"


def test_the_same_place_under_two_names_is_refused(tmp_path: Path) -> None:
    again = '[targets.eu2]\naddress = "https://EU.example.com:443/home"\n'
    found = config(tmp_path, EU + US + again)
    with pytest.raises(UsageError, match="@eu and @eu2 are the same place"):
        targets_of(found, ["@all"])
    with pytest.raises(UsageError, match=r"@us and https://us\.example\.com are the same place"):
        targets_of(found, ["@us", "https://us.example.com"])
    assert names(found, "@eu", "@us", "@eu") == ["eu", "us"]


@pytest.mark.parametrize(
    ("groups", "message", "hint"),
    [
        ('prod = ["@eu", "@uss"]', "group 'prod' has @uss, and no target, address or group has that name", "@us?"),
        ('prod = ["@dev2"]', "no target, address or group has that name", "[targets.dev2]"),
        ('prod = ["@b"]\nb = ["@c", "@eu"]\nc = ["@b"]', "group 'b' contains itself: @b > @c > @b", "take one"),
        ('prod = ["@prod"]', "group 'prod' contains itself: @prod > @prod", "take one"),
    ],
)
def test_a_wrong_group_is_told_when_it_is_used(tmp_path: Path, groups: str, message: str, hint: str) -> None:
    found = config(tmp_path, f"{EU}{US}[groups]\n{groups}\n")
    assert names(found, "@eu") == ["eu"]
    with pytest.raises(UsageError) as caught:
        targets_of(found, ["@prod"])
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.where == "airconn.toml"


def test_a_group_may_not_have_the_name_of_a_place_in_another_file(tmp_path: Path) -> None:
    found = config(tmp_path, EU + '[addresses]\nprod = "https://p"\n', '[groups]\nprod = ["@eu"]\n')
    for use in (found.resolve, lambda name: targets_of(found, [name])):
        with pytest.raises(UsageError, match="@prod is a group, and also an address in airconn") as caught:
            use("@prod")
        assert caught.value.where == str(tmp_path / "user.toml")


WRONG = [
    (
        '[targets.eu]\naddress = "https://e"\noverlays = "x.yaml"',
        3,
        "has an unknown setting 'overlays'",
        "'overlay'?",
    ),
    ('[targets.eu]\naddress = "https://e"\nzzz = 1', 3, "has an unknown setting 'zzz'", "a target has address"),
    ("[targets]\neu = 3", 2, "is not a table", "[targets.eu]"),
    ('[targets]\neu = "https://e"', 2, "is not a table", "[targets.eu]"),
    ('[targets."a b"]\naddress = "https://e"', 1, "has a name that can't be used as @NAME", "letters"),
    ("[targets.eu]\naddress = 3", 2, "has 'address', which has to be a text in quotes", ""),
    ('[targets.eu]\naddress = ""', 2, "has an empty 'address'", ""),
    ('[targets.eu]\naddress = "-"', 2, "can't be standard input", ""),
    ('[targets.eu]\nurl = "https://e"\naddress = "https://e"', 2, "has both 'address' and 'url'", "keep 'address'"),
    ("[targets.eu]\nairflow = 3.3", 2, "has 'airflow', which has to be a version in quotes", ""),
    ('[targets.eu]\nairflow = "three"', 2, "has 'airflow', and 'three' is not a version of Airflow", "write it like"),
    ('[targets.eu]\nairflow = "1.10"', 2, "is for Airflow 1.10.0, and", ""),
    ("[targets.eu]\noverlay = [1]", 2, "has 'overlay', which has to be a list of texts", ""),
    ('[targets.eu]\noverlay = "vault://x"', 2, "has the overlay 'vault://x', which is not a file", ""),
    ('[targets.eu]\noverlay = "-"', 2, "has the overlay '-', which is not a file", ""),
    ("[targets.eu]\ninclude = 1", 2, "has 'include', which has to be a list of texts", ""),
    ('[targets.eu]\nexclude = [""]', 2, "has 'exclude', which has to be a list of texts", ""),
    ('[targets.eu]\ntimeout = "9"', 2, "has 'timeout', which has to be a number of seconds", ""),
    ("[targets.eu]\ntimeout = 0", 2, "has 'timeout', which has to be a number of seconds", ""),
    ('[targets.eu]\nconfirm = "yes"', 2, "has 'confirm', which has to be true or false", ""),
    ('[targets.eu]\nrename = ["a"]', 2, "has 'rename', which has to be a table of ids", ""),
    ('[targets.eu]\nrename = { "conections/a" = "b" }', 2, "renames 'conections/a', which is", "connections/a?"),
    ('[targets.eu]\nrename = { "pools/a" = "pools/b" }', 2, "to an id with a kind", "'b'"),
    ('[targets.eu]\ntoken_env = "AIRCONN_T"', 1, "has credentials and no address", "add the address"),
    ('[targets.eu]\naddress = "@x"\ntoken_env = "AIRCONN_T"', 2, "its address is the name @x", "[addresses.x]"),
    ("[groups]\nprod = []", 2, "has to be a list of names", 'prod = ["@eu", "@us"]'),
    ('[groups]\nprod = "@eu"', 2, "has to be a list of names", 'prod = ["@eu", "@us"]'),
    ('[groups]\nprod = ["eu"]', 2, "has the member 'eu', which is not a name", '["@eu", "@us"]'),
    ('[targets.eu]\naddress="https://e"\n[groups]\neu = ["@x"]', 4, "has the name of a target", "another name"),
]


@pytest.mark.parametrize(("text", "line", "message", "hint"), WRONG)
def test_a_wrong_table_is_told_with_its_line(tmp_path: Path, text: str, line: int, message: str, hint: str) -> None:
    found = error_of(tmp_path, text)
    assert message in found.message
    assert hint in (found.hint or "")
    assert found.where == f"airconn.toml:{line}"
    assert error_of(tmp_path, user=text).where == f"{tmp_path / 'user.toml'}:{line}"


def test_the_user_wins_setting_by_setting(tmp_path: Path) -> None:
    project = EU + 'overlay = "overlays/eu.yaml"\ninclude = "a_*"\n'
    found = config(tmp_path, project, '[targets.eu]\ninclude = "b_*"\ntimeout = 9\n')
    (target,) = targets_of(found, ["@eu"])
    assert (target.include, target.overlays) == (("b_*",), (str(tmp_path / "overlays/eu.yaml"),))
    assert found.resolve("@eu").settings.timeout == 9
    assert found.resolve("@eu").text == "https://eu.example.com"


def test_the_overlays_of_the_user_are_relative_to_the_users_file(tmp_path: Path) -> None:
    project = EU + 'overlay = "overlays/eu.yaml"\n'
    (target,) = targets_of(config(tmp_path, project, '[targets.eu]\noverlay = ["o.yaml", "~/x.yaml"]\n'), ["@eu"])
    assert target.overlays == (str(tmp_path / "o.yaml"), os.path.expanduser("~/x.yaml"))  # noqa: PTH111
    assert not target.has_overlays_of_project


def test_the_credentials_of_a_target_come_from_the_file_with_its_address(tmp_path: Path) -> None:
    project = EU + 'token_env = "AIRCONN_EU_TOKEN"\n'
    user = '[targets.eu]\naddress = "https://mine.example.com"\nusername = "ann"\npassword_env = "MINE"\n'
    environ = {"AIRCONN_EU_TOKEN": "theirs", "MINE": "secret", "AIRCONN_TOKEN": "general"}
    assert config(tmp_path, project, **environ).resolve("@eu").settings.credentials.token == "theirs"
    found = config(tmp_path, project, user, **environ).resolve("@eu")
    assert (found.text, found.settings.credentials.token) == ("https://mine.example.com", None)
    assert found.settings.credentials.username == "ann"
    # The address alone is enough: the variable that the project names isn't sent there.
    only = config(tmp_path, project, '[targets.eu]\naddress = "https://mine.example.com"\n', **environ)
    assert only.resolve("@eu").settings.credentials.token == "general"


def test_a_project_can_not_take_over_the_address_of_the_user(tmp_path: Path) -> None:
    user = '[addresses.eu]\nurl = "https://mine.example.com"\ntoken_env = "MINE"\n'
    found = config(tmp_path, EU + 'overlay = "o.yaml"\n', user, MINE="secret").resolve("@eu")
    assert (found.text, found.settings.credentials.token) == ("https://mine.example.com", "secret")


def test_a_target_without_an_address_takes_that_of_its_name(tmp_path: Path) -> None:
    text = '[addresses]\neu = "https://eu.example.com"\n[targets.eu]\noverlay = "o.yaml"\n'
    assert config(tmp_path, text).resolve("@eu").text == "https://eu.example.com"


def test_a_target_without_any_address_is_told_when_it_is_used(tmp_path: Path) -> None:
    found = config(tmp_path, user="[targets.eu]\ntimeout = 3\n")
    with pytest.raises(UsageError, match="target 'eu' has no address") as caught:
        found.resolve("@eu")
    assert caught.value.where == str(tmp_path / "user.toml")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('address = "vault://attacker.example.com/secret"', "decides where your credentials are sent"),
        ('url = "airflow-cli:ssh attacker"', "runs a command"),
        ('address = "https://e"\ntoken_command = ["cat"]', "has 'token_command'"),
        ('address = "https://e"\ntoken_file = "t"', "has 'token_file'"),
        ('address = "https://e"\nusername = "ann"', "has 'username'"),
        ('address = "https://e"\ntoken_env = "VAULT_TOKEN"', "has token_env = 'VAULT_TOKEN'"),
        ('address = "https://e"\ntoken_env = "AIRCONN_MINE"', "has token_env = 'AIRCONN_MINE'"),
        ('address = "https://e"\noverlay = "../x.yaml"', "has the overlay '../x.yaml' outside of this directory"),
        ('address = "https://e"\noverlay = ["a.yaml", "/etc/x.yaml"]', "has the overlay '/etc/x.yaml' outside"),
        ('address = "https://e"\noverlay = "~/x.yaml"', "has the overlay '~/x.yaml' outside"),
    ],
)
def test_the_target_of_a_project_can_not_choose_where_secrets_go(tmp_path: Path, lines: str, message: str) -> None:
    user = '[targets.mine]\naddress = "https://mine"\ntoken_env = "AIRCONN_MINE"\n'
    found = error_of(tmp_path, f"[targets.eu]\n{lines}\n", user)
    assert f"target 'eu' {message}" in found.message
    assert "and a project's file may not do that" in found.message
    assert "address 'eu'" not in found.message
    if "AIRCONN_MINE" not in lines:
        config(tmp_path, user=f"[targets.eu]\n{lines}\n")


def test_the_variables_of_targets_are_credentials(tmp_path: Path) -> None:
    found = config(tmp_path, EU + 'token_env = "AIRCONN_EU"\n', US + 'password_env = "MINE"\nusername = "u"\n')
    assert {"AIRCONN_EU", "MINE"} <= found.credential_names()


@pytest.mark.parametrize("file", ["project", "user"])
def test_any_file_confirms_the_writes_to_a_target(tmp_path: Path, file: str) -> None:
    yes, no = "confirm = true\n", "confirm = false\n"
    assert not config(tmp_path, EU, f"[targets.eu]\n{no}").confirms("@eu")
    said = (yes, no) if file == "project" else (no, yes)
    found = config(tmp_path, EU + said[0], f"[targets.eu]\n{said[1]}")
    assert found.confirms("@eu")
    assert found.confirms("https://eu.example.com/home")
    assert not found.confirms("https://us.example.com")


def test_an_unknown_name_is_told_with_a_near_one_of_any_table(tmp_path: Path) -> None:
    found = config(tmp_path, EU + US + GROUPS)
    for unknown, near in (("@eux", "@eu"), ("@prodd", "@prod"), ("@devv", "@dev")):
        with pytest.raises(UsageError) as caught:
            targets_of(found, [unknown])
        assert caught.value.hint == f"did you mean {near}?"


def test_the_line_of_a_setting_is_found_in_any_spelling() -> None:
    text = (
        'url = "x"\n'
        'note = """\n[targets.eu]\nairflow = "no"\n"""\n'
        "[targets]\n"
        'us.airflow = "3.3"\n'
        "[targets.'eu']  # here\n"
        "overlay = [\n  'a',\n]\n"
        'airflow="2.11"\n'
        "[targets.eu.rename]\n"
        '"connections/a" = "b"\n'
    )
    found = {
        ("url",): 1,
        ("targets", "us", "airflow"): 7,
        ("targets", "eu"): 8,
        ("targets", "eu", "overlay"): 9,
        ("targets", "eu", "airflow"): 12,
        ("targets", "eu", "rename"): 13,
        ("targets", "eu", "rename", "connections/a"): 14,
        ("targets", "eu", "missing"): 8,
        ("nothing",): None,
    }
    assert {path: line_of(text, path) for path in found} == found
