"""The `output` format: what tools print about objects. Each module reads what one tool prints."""
