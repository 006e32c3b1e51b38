"""The command line: `python -m helpers --help`."""

from helpers.commands.missing_packages import leave_without_packages

if __name__ == "__main__":
    leave_without_packages()

import click

from helpers.commands.command_group import CommandGroup
from helpers.commands.download import download
from helpers.commands.freeze import freeze
from helpers.commands.inspect import inspect
from helpers.commands.leak import leak
from helpers.commands.predict import predict
from helpers.commands.scan import scan
from helpers.commands.serve import serve
from helpers.commands.train import train
from helpers.commands.verify import verify


@click.group(cls=CommandGroup)
def cli() -> None:
    """Train, freeze, inspect and run TensorFlow networks."""


COMMANDS = (download, train, freeze, inspect, verify, scan, predict, serve, leak)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Entry point of the console script `freeze-serve`."""
    cli(prog_name="freeze-serve")


if __name__ == "__main__":
    cli(prog_name="python -m helpers")
