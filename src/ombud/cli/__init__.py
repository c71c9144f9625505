"""The command line. A command is a few lines that call actions; `main` is what `ombud` runs."""


def main() -> None:
    """Run the command line."""
    try:
        from ombud.cli.app import run
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        raise SystemExit("ombud: The command comes with ombud[server], which is not installed.") from None
    run()
