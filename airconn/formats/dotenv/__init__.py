"""The `env` format: .env files, in the dialects of the programs that read them."""
