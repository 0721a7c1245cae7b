"""The engines of commands that work on several targets."""
