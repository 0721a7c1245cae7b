"""The `settings` format: Astro's `airflow_settings.yaml`."""
