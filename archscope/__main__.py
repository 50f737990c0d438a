"""What `archscope` and `python -m archscope` run."""

import gc
import sys

from archscope import signals


def main() -> None:
    signals.end_on_signals()  # before the imports, which take most of the start
    try:
        from archscope import process

        process.claim_streams()
        from archscope import cache, cli
    except (OSError, ImportError) as error:  # no descriptor is left, say
        print(f"archscope cannot start: {error}", file=sys.stderr)
        sys.exit(1)
    cache.use()
    try:
        cli.main()
    finally:
        gc.freeze()  # as it ends, Python would look for garbage through all that torch has made, for 0.3 s


if __name__ == "__main__":
    main()
