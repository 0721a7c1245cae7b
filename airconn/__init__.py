"""airconn moves Apache Airflow connections, variables and pools between every place they can live."""

__version__ = "0.2.0"
