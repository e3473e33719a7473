"""`python -m wiki` is the `wiki` command."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
