"""Airflow's REST API as a place: `/api/v1` of Airflow 2.7 to 2.11 and `/api/v2` of Airflow 3."""
