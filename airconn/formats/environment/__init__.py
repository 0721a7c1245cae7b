"""The `environment` format: Airflow's environment variables in the files of other tools, which are only read."""
