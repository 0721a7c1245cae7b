"""Old names, for modules that still use them: see `airconn.stores.airflow_api.error_texts`."""

from airconn.stores.airflow_api.error_texts import quotes, reason

__all__ = ["quotes", "reason"]
