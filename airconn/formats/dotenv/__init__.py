"""The `env` format: .env files, in the dialects of those who read one."""
