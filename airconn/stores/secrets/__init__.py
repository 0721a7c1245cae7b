"""Airflow's secrets backends as places: one module a service, and what they share."""
