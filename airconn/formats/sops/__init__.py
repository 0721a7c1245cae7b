"""Texts that SOPS has encrypted: told by their content, read with the lines that the user sees, and compared."""
