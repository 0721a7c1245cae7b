"""Old names, for modules that still use them: see `airconn.stores.airflow_api.error_texts`."""

from airconn.stores.airflow_api.error_texts import reason
from airconn.stores.http.echoes import quotes

__all__ = ["quotes", "reason"]
