"""What each place keeps of a hundred nasty objects that come from each other place.

`python -m tests.round_trips` goes through all pairs, for which it starts an Airflow of four releases each, an OpenBao
and moto, prints what comes of each, and fails if anything was lost without a word. It takes about half an hour.
With `--write` the tables of the page `round-trips` are renewed.
"""
