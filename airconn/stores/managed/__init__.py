"""Airflows that others run, found by their names and opened with the credentials of their vendor."""
