"""What `archscope` and `python -m archscope` run."""

import sys


def main() -> None:
    try:
        from archscope import cli
    except KeyboardInterrupt:  # as early as this: the imports take most of the start
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
