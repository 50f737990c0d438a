"""What `archscope` and `python -m archscope` run."""

from archscope import process


def main() -> None:
    process.end_on_signals()  # before the imports, which take most of the start
    process.claim_streams()
    from archscope import cache, cli

    cache.use()
    cli.main()


if __name__ == "__main__":
    main()
