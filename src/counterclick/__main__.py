"""``python -m counterclick``."""

from counterclick.cli import main

if __name__ == "__main__":
    main()
