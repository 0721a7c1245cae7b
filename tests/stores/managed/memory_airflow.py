"""An Airflow that keeps its objects in memory: its REST API, as far as the tests need it."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import unquote

from tests.stores.site import Answer, Received

ID = {"connections": "connection_id", "variables": "key", "pools": "name"}
FIELDS = {
    "connections": ("conn_type", "description", "host", "login", "schema", "port", "password", "extra"),
    "variables": ("value", "description"),
    "pools": ("slots", "description", "include_deferred"),
}


class MemoryAirflow:
    """Answers for `/api/v1` of Airflow 2 or `/api/v2` of Airflow 3. `log` has the writes that it carried out."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.is_v1 = version.startswith("2")
        self.held: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in ID}
        self.log: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, received: Received) -> Answer:
        prefix = "/api/v1/" if self.is_v1 else "/api/v2/"
        kind, _, rest = received.path.removeprefix(prefix).partition("/")
        if not received.path.startswith(prefix) or (kind not in ID and kind != "version"):
            return Answer(404, "<html>Airflow 404</html>")
        if kind == "version":
            return Answer(body={"version": self.version, "git_version": None})
        with self._lock:
            if received.method == "GET":
                return self._shown(kind, unquote(rest)) if rest else self._listed(kind, dict(received.query))
            if received.method == "PATCH" and not rest:
                return Answer(body=dict(map(lambda one: self._bulk(kind, one), received.body["actions"])))
            return self._one(kind, unquote(rest), received)

    def _listed(self, kind: str, query: dict[str, str]) -> Answer:
        every = sorted(self.held[kind])
        start, size = int(query.get("offset", 0)), min(int(query.get("limit", 100)), 100)
        items = [self._item(kind, id_, in_list=True) for id_ in every[start : start + size]]
        return Answer(body={kind: items, "total_entries": len(every)})

    def _shown(self, kind: str, id_: str) -> Answer:
        if id_ not in self.held[kind]:
            title = f"{kind} not found"
            return Answer(404, {"title": title, "detail": f"The {kind} with id `{id_}` was not found", "status": 404})
        return Answer(body=self._item(kind, id_))

    def _item(self, kind: str, id_: str, *, in_list: bool = False) -> dict[str, Any]:
        found = {ID[kind]: id_, **self.held[kind][id_]}
        if kind == "connections":
            password = found.pop("password")
            if not self.is_v1:
                found["password"] = "***" if password else None
            elif in_list:
                del found["extra"]
        return found

    def _one(self, kind: str, id_: str, received: Received) -> Answer:
        body = received.body
        if received.method == "POST":
            id_ = body[ID[kind]]
            if id_ in self.held[kind] and not (self.is_v1 and kind == "variables"):
                return Answer(409, {"title": "Conflict", "detail": "it exists", "status": 409})
            self._write(kind, id_, body, "POST")
            return Answer(200 if self.is_v1 else 201, self._item(kind, id_))
        if id_ not in self.held[kind]:
            return self._shown(kind, id_)
        if received.method == "DELETE":
            del self.held[kind][id_]
            self.log.append(f"DELETE {kind}/{id_}")
            return Answer(204, "")
        masks = [value for name, value in received.query if name == "update_mask"]
        if self.is_v1:
            masks = masks[0].split(",") if masks else []
        known = {*FIELDS[kind], "pool", "name", ID[kind], "team_name"}
        if any(mask not in known for mask in masks):
            # A real one ignores it, and writes nothing: this is the worse way to find out.
            raise AssertionError(f"a mask of {masks}")
        names = masks or [name for name in body if name in FIELDS[kind]]
        self._write(kind, id_, {name: body.get(name) for name in names}, "PATCH")
        return Answer(body=self._item(kind, id_))

    def _bulk(self, kind: str, action: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        done: list[str] = []
        errors: list[dict[str, Any]] = []
        what = action["action"]
        ids = [one if isinstance(one, str) else one[ID[kind]] for one in action["entities"]]
        exist = [id_ in self.held[kind] for id_ in ids]
        if (what == "create" and any(exist)) or (
            what == "update" and not all(exist) and action["action_on_non_existence"] == "fail"
        ):
            return what, {"success": [], "errors": [{"error": "conflict", "status_code": 409}]}
        for entity, id_, exists in zip(action["entities"], ids, exist, strict=True):
            if what == "delete":
                self.held[kind].pop(id_, None)
                self.log.append(f"DELETE {kind}/{id_}")
            elif what == "create" or exists:
                mask = action.get("update_mask")
                body = {name: value for name, value in entity.items() if mask is None or name in mask}
                self._write(kind, id_, body, what)
            else:
                continue
            done.append(id_)
        return what, {"success": done, "errors": errors}

    def _write(self, kind: str, id_: str, body: dict[str, Any], how: str) -> None:
        held = self.held[kind].setdefault(id_, dict.fromkeys(FIELDS[kind]))
        held |= {name: value for name, value in body.items() if name in FIELDS[kind]}
        if kind == "pools":
            held["include_deferred"] = bool(held["include_deferred"])
        self.log.append(f"{how} {kind}/{id_}")
