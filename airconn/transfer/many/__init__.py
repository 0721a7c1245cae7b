"""The engines of commands over several targets."""
