"""Makes well-formed files of every format, as tools and people write them: 200 that all readers read alike.

Nothing here uses airconn: the files are those of `airflow connections export`, of Astro's CLI, of `kubectl` and of
people who quote what has to be quoted. The same seed makes the same files.
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import yaml

from tests.formats.well_formed_objects import CONNECTIONS, PASSWORDS, POOLS, VARIABLES
from tests.formats.well_formed_outputs import ENVIRONMENTS, OUTPUTS

NUMBER = 200
_FIELDS = ("conn_type", "description", "login", "password", "host", "port", "schema", "extra")


class _Dumper(yaml.SafeDumper):
    """Quotes what starts like a number, as people do to whom a reader has once given 83 for 0123."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if re.match(r"[-+.\d]", text) and "\n" not in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted)


def dumped(value: Any, **options: Any) -> str:
    """The value as YAML that all readers read alike."""
    return yaml.dump(value, Dumper=_Dumper, **options)


@dataclass(frozen=True)
class WellFormed:
    """A file, and the options that read it."""

    name: str
    text: str
    options: tuple[str, ...] = ()


class Chooser:
    """Chooses the objects of one file."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def of(self, pool: dict[str, Any], least: int = 3) -> dict[str, Any]:
        chosen = self.random.sample(sorted(pool), self.random.randint(least, min(len(pool), 25)))
        return {name: pool[name] for name in chosen}

    def connections(self) -> dict[str, dict[str, Any]]:
        return {name: self.with_password(fields) for name, fields in self.of(CONNECTIONS).items()}

    def with_password(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "password": self.random.choice(PASSWORDS)} if fields.get("password") is True else fields

    def variables(self) -> dict[str, Any]:
        return self.of(VARIABLES, 8)

    def pools(self) -> dict[str, tuple[int, str]]:
        return self.of(POOLS)

    def entries(self) -> dict[str, str]:
        """Environment variables: connections as JSON or URIs, and variables."""
        return _entries(self, uris=self.one(True, False))

    def one(self, *values: Any) -> Any:
        return self.random.choice(values)


def files() -> Iterator[WellFormed]:
    """All files, each of the makers in turn."""
    for number in range(NUMBER):
        make = MAKERS[number % len(MAKERS)]
        yield make(Chooser(number))


def _exported(fields: dict[str, Any]) -> dict[str, Any]:
    """A connection as `airflow connections export` writes it: all fields, the extra as text."""
    extra = fields.get("extra")
    return {**dict.fromkeys(_FIELDS), **fields, "extra": None if extra is None else json.dumps(extra)}


def text_of(value: Any) -> str:
    """A variable's value as Airflow stores it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def connections_2_json(choose: Chooser) -> WellFormed:
    found = {name: _exported(fields) for name, fields in choose.connections().items()}
    return WellFormed("connections.json", json.dumps(found, indent=choose.one(2, 4)))


def connections_3_json(choose: Chooser) -> WellFormed:
    found = {name: {**_exported(fields), "team_name": None} for name, fields in choose.connections().items()}
    for fields in found.values():
        fields["extra"] = fields["extra"] or "{}"
    return WellFormed("connections.json", json.dumps(found, indent=2, ensure_ascii=choose.one(True, False)))


def connections_by_hand(choose: Chooser) -> WellFormed:
    return WellFormed("connections.json", json.dumps(choose.connections(), indent=2, ensure_ascii=False) + "\n")


def connections_as_uris(choose: Chooser) -> WellFormed:
    found = {name: uri_of(fields) for name, fields in choose.connections().items()}
    return WellFormed("connections.json", json.dumps(found, indent=2))


def connections_yaml(choose: Chooser) -> WellFormed:
    found = {name: _exported(fields) for name, fields in choose.connections().items()}
    return WellFormed("connections.yaml", dumped(found, allow_unicode=choose.one(True, False)))


def connections_yaml_by_hand(choose: Chooser) -> WellFormed:
    text = "# connections of the data platform\n---\n" + dumped(
        choose.connections(), allow_unicode=True, sort_keys=False
    )
    return WellFormed("connections.yml", text)


def connections_uri(choose: Chooser) -> WellFormed:
    lines = [f"{name}={uri_of(fields)}" for name, fields in choose.connections().items()]
    return WellFormed("connections.uri", "\n".join(lines) + "\n")


def variables_json(choose: Chooser) -> WellFormed:
    return WellFormed("variables.json", json.dumps(choose.variables(), indent=choose.one(None, 2, 4)))


def variables_as_texts(choose: Chooser) -> WellFormed:
    found = {name: text_of(value) for name, value in choose.variables().items()}
    return WellFormed("variables.json", json.dumps(found, indent=4, ensure_ascii=False))


def variables_3_json(choose: Chooser) -> WellFormed:
    found: dict[str, Any] = {}
    for name, value in choose.variables().items():
        text = choose.one("", "See the wiki", "50% ☁️")
        found[name] = {"value": value, "description": text} if text else value
    return WellFormed("variables.json", json.dumps(found, indent=4), ("--from-variables-shape", "wrapped"))


def variables_yaml(choose: Chooser) -> WellFormed:
    found = {name: text_of(value) for name, value in choose.variables().items()}
    return WellFormed("variables.yaml", dumped(found, allow_unicode=True, default_style=choose.one(None, "'", '"')))


def _pools(choose: Chooser) -> dict[str, Any]:
    found = {name: {"slots": slots, "description": text} for name, (slots, text) in choose.pools().items()}
    return choose.one(found, {name: {**each, "include_deferred": False} for name, each in found.items()})  # type: ignore[no-any-return]


def pools_json(choose: Chooser) -> WellFormed:
    return WellFormed("pools.json", json.dumps(_pools(choose), indent=4))


def pools_yaml(choose: Chooser) -> WellFormed:
    return WellFormed("pools.yaml", dumped(_pools(choose), allow_unicode=True))


def _all(choose: Chooser) -> dict[str, Any]:
    variables = {name: text_of(value) for name, value in choose.variables().items()}
    return {"connections": choose.connections(), "variables": variables, "pools": _pools(choose)}


def three_json(choose: Chooser) -> WellFormed:
    return WellFormed(
        choose.one("airflow.json", "objects.json"), json.dumps(_all(choose), indent=2, ensure_ascii=False)
    )


def three_yaml(choose: Chooser) -> WellFormed:
    return WellFormed("objects.yaml", dumped(_all(choose), allow_unicode=True, sort_keys=False))


def settings_yaml(choose: Chooser) -> WellFormed:
    """Astro's file, with the extra as a mapping or as JSON text. It has no descriptions of connections."""
    rows = []
    for name, fields in choose.connections().items():
        row = {"conn_id": name, **{f"conn_{key.removeprefix('conn_')}": value for key, value in fields.items()}}
        row.pop("conn_description", None)
        if "conn_extra" in row:
            row["conn_extra"] = choose.one(row["conn_extra"], json.dumps(row["conn_extra"]))
        rows.append(row)
    variables = [
        {"variable_name": name, "variable_value": text_of(value)} for name, value in choose.variables().items()
    ]
    pools = [{"pool_name": name, "pool_slot": slots, "pool_description": text}
             for name, (slots, text) in choose.pools().items()]  # fmt: skip
    found = {"airflow": {"connections": rows, "pools": pools, "variables": variables}}
    return WellFormed("airflow_settings.yaml", dumped(found, allow_unicode=True, sort_keys=False))


def uri_of(fields: dict[str, Any]) -> str:
    """The URI as `Connection.get_uri` writes it, with the extra under `__extra__`."""

    def encoded(value: object) -> str:
        return quote(str(value), safe="")

    uri = fields["conn_type"].replace("_", "-") + "://"
    if "login" in fields or "password" in fields:
        uri += encoded(fields.get("login", ""))
        uri += (":" + encoded(fields["password"]) if "password" in fields else "") + "@"
    uri += encoded(fields.get("host", ""))
    uri += f":{fields['port']}" if "port" in fields else ""
    uri += f"/{encoded(fields.get('schema', ''))}"
    return uri + (f"?__extra__={encoded(json.dumps(fields['extra']))}" if fields.get("extra") else "")


def _entries(choose: Chooser, *, uris: bool) -> dict[str, str]:
    """Environment variables: connections as JSON or URIs, and variables."""
    found = {}
    for name, fields in choose.connections().items():
        text = uri_of(fields) if uris else json.dumps(fields, ensure_ascii=False)
        found[f"AIRFLOW_CONN_{name.upper()}"] = text
    for name, value in choose.variables().items():
        found[f"AIRFLOW_VAR_{name.upper()}"] = text_of(value)
    return found


_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,-]+")


def _has_one_reading(value: str) -> bool:
    """Whether all readers of a .env read the value alike between single quotes."""
    return not re.search(r"['\\\r\n]|\$\{", value) and value == value.strip()


def _env(choose: Chooser, *, uris: bool) -> WellFormed:
    lines = ["# Airflow", "AIRFLOW__CORE__LOAD_EXAMPLES=False", "AIRFLOW_UID=50000", ""]
    for name, value in _entries(choose, uris=uris).items():
        if not _has_one_reading(value):
            continue
        if _PLAIN.fullmatch(value) and choose.one(True, False):
            lines.append(f"{name}={value}")
        elif not re.search(r'["$`\\!]', value) and choose.one(True, False):
            lines.append(f'{name}="{value}"')
        else:
            lines.append(f"{name}='{value}'")
    return WellFormed(choose.one(".env", "prod.env", ".env.local"), "\n".join(lines) + "\n")


def env_json(choose: Chooser) -> WellFormed:
    return _env(choose, uris=False)


def env_uris(choose: Chooser) -> WellFormed:
    return _env(choose, uris=True)


def env_docker(choose: Chooser) -> WellFormed:
    """For `docker run --env-file`, which takes each line as it is."""
    entries = _entries(choose, uris=choose.one(True, False))
    lines = [f"{name}={value}" for name, value in entries.items() if "\n" not in value and "\r" not in value]
    return WellFormed("docker.env", "\n".join(["# airconn: env-dialect docker", *lines]) + "\n")


def env_sh(choose: Chooser) -> WellFormed:
    """For a shell: single quotes, and `'\\''` for one of them."""
    entries = _entries(choose, uris=choose.one(True, False))
    lines = [
        f"{choose.one('', 'export ')}{name}='" + value.replace("'", "'\\''") + "'" for name, value in entries.items()
    ]
    return WellFormed("sh.env", "\n".join(["# airconn: env-dialect sh", *lines]) + "\n")


def env_compose(choose: Chooser) -> WellFormed:
    """For `env_file` of Compose, which takes the text between single quotes as it is."""
    entries = {name: value for name, value in _entries(choose, uris=False).items() if "'" not in value}
    lines = [f"{name}='{value}'" for name, value in entries.items() if _has_one_reading(value)]
    return WellFormed("compose.env", "\n".join(["# airconn: env-dialect compose", *lines]) + "\n")


def env_python_dotenv(choose: Chooser) -> WellFormed:
    """For python-dotenv: double quotes with the escapes that it knows."""
    lines = []
    for name, value in _entries(choose, uris=False).items():
        if "${" in value:
            continue
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
        lines.append(f'{name}="{escaped}"')
    return WellFormed("dotenv.env", "\n".join(["# airconn: env-dialect python-dotenv", *lines]) + "\n")


def _secret(choose: Chooser, name: str) -> dict[str, Any]:
    entries = _entries(choose, uris=choose.one(True, False))
    head = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "airflow"},
        "type": "Opaque",
    }
    if choose.one(True, False):
        return {**head, "stringData": entries}
    return {**head, "data": {key: base64.b64encode(value.encode()).decode() for key, value in entries.items()}}


def k8s_secret(choose: Chooser) -> WellFormed:
    return WellFormed("airflow.k8s.yaml", dumped(_secret(choose, "airflow-env"), sort_keys=False))


def settings_of_a_new_project(choose: Chooser) -> WellFormed:
    """The file of `astro dev init`, with one connection filled in."""
    name, fields = next(iter(choose.connections().items()))
    row = {"conn_id": name, "conn_type": fields["conn_type"], "conn_host": fields.get("host"), "conn_schema": "",
           "conn_password": None, "conn_port": fields.get("port"), "conn_extra": fields.get("extra")}  # fmt: skip
    empty = dict.fromkeys(
        ("conn_id", "conn_type", "conn_host", "conn_schema", "conn_login", "conn_password", "conn_extra")
    )
    pools = [dict.fromkeys(("pool_name", "pool_slot", "pool_description"))]
    variables = [dict.fromkeys(("variable_name", "variable_value"))]
    found = {"airflow": {"connections": [row, empty], "pools": pools, "variables": variables}}
    return WellFormed("airflow_settings.yaml", "# NOTE: see the docs\n" + dumped(found, sort_keys=False))


def connections_with_empty_texts(choose: Chooser) -> WellFormed:
    found = {
        name: {**dict.fromkeys(_FIELDS, ""), **_exported(fields)} for name, fields in choose.connections().items()
    }
    for fields in found.values():
        fields.update({key: "" for key in ("description", "login", "host", "schema", "extra") if fields[key] is None})
    return WellFormed("connections.json", json.dumps(found, indent=2))


MAKERS: tuple[Callable[[Chooser], WellFormed], ...] = (
    connections_2_json, connections_3_json, connections_by_hand, connections_as_uris, connections_yaml,
    connections_yaml_by_hand, connections_uri, variables_json, variables_as_texts, variables_3_json, variables_yaml,
    pools_json, pools_yaml, three_json, three_yaml, settings_yaml, env_json, env_uris, env_docker, env_sh,
    env_compose, env_python_dotenv, k8s_secret, settings_of_a_new_project, connections_with_empty_texts, *OUTPUTS,
    *ENVIRONMENTS,
)  # fmt: skip
