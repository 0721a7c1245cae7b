"""Ways to log in to an Airflow."""
