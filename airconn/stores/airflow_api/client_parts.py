"""Loads the parts of apache-airflow-client that are used, instead of the 300 modules that its package loads.

Loading them would be nine tenths of a command's time before its first request.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

_PACKAGE = "airflow_client.client"
_lock = threading.Lock()


def prepare(name: str = _PACKAGE) -> None:
    """Delays what the package loads until it is used, which airconn doesn't do.

    A package that is loaded already, or differs from the known versions, isn't touched.
    """
    with _lock:
        if name not in sys.modules:
            _put_off(name)


def _put_off(name: str) -> None:
    spec = find_spec(name)
    loader = spec.loader if spec else None
    if spec is None or loader is None or not spec.submodule_search_locations:
        return
    module = module_from_spec(spec)

    def load(attribute: str) -> Any:
        if attribute.startswith("__") and attribute != "__all__":
            raise AttributeError(attribute)
        if find_spec(f"{name}.{attribute}"):
            return import_module(f"{name}.{attribute}")
        module.__dict__.pop("__getattr__", None)
        loader.exec_module(module)
        return getattr(module, attribute)

    module.__dict__["__getattr__"] = load
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)
