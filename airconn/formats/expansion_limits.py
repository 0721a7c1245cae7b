"""How far references in the values of files are followed, so that no file takes all memory or time."""

from __future__ import annotations

MOST = 100
"""The most names that one value may lead to, and the deepest that references may be within each other."""
LONGEST = 1 << 20
"""The most characters that an expanded value may have, if it isn't as long before."""
LONGEST_OF_ALL = 1 << 24
"""The most characters that all values of a file may gain by expansion."""
