"""``python -m sersync``."""

from sersync.cli.main import main

if __name__ == "__main__":
    main()
