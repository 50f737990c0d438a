"""What `archscope` and `python -m archscope` run."""

import sys

from archscope import process


def main() -> None:
    process.end_on_signals()  # before the imports, which take most of the start
    try:
        process.claim_streams()
        from archscope import cache, cli
    except (OSError, ImportError) as error:  # no descriptor is left, say
        print(f"archscope cannot start: {error}", file=sys.stderr)
        sys.exit(1)
    cache.use()
    cli.main()


if __name__ == "__main__":
    main()
