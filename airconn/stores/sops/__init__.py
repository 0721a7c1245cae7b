"""Reads and writes files that SOPS encrypts, by the user's own `sops`."""
