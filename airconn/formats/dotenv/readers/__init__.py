"""What other programs read in a .env file: one model a program, each of a text alone."""
