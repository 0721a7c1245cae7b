"""Loads the parts of apache-airflow-client that are used, and not the 300 modules that its package loads.

That is nine tenths of the time that a command would take before its first request.
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
    """Puts off what the package loads until it is asked for that, which airconn doesn't do.

    A package that is loaded already, or isn't what it was in the versions that are known, is left alone.
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
