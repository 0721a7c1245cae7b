"""Airflow's secrets backends as places: a folder for each service, and the modules that they share."""
