"""The command line, run in the process of the test."""

from click.testing import CliRunner, Result

from pangolin.cli import main


def run(*words: str) -> Result:
    """Run `pangolin` with these words."""
    return CliRunner().invoke(main, words)
