"""The command line. A command is a few lines that call actions; `main` is what `ombud` runs."""


def main() -> None:
    """Run the command line."""
    from ombud.cli.app import run

    run()
