"""The engine: a request goes in, events and a result come out. No terminal here."""
