"""``python -m carflow`` is the command ``carflow``."""

import sys

from carflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
