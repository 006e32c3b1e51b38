"""CommandGroup: reports the errors and warnings of click commands on one line each."""

import warnings

import click

from helpers.foreign.texts import printable


class CommandGroup(click.Group):
    """Prints invalid input as one line on standard error and exits with status 2."""

    def invoke(self, ctx: click.Context):
        warnings.showwarning = _show_warning
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # output into `| head`: click exits quietly
            raise
        except (ValueError, LookupError, OSError, ImportError) as error:
            text = str(error)
            if isinstance(error, OSError) and error.filename:
                text = f"{error.filename}: {error.strerror}"
            lines = map(printable, text.split("\n"))
            click.echo(f"{ctx.invoked_subcommand}: " + "\n".join(lines), err=True)
            ctx.exit(2)


def _show_warning(message, *args, **kwargs) -> None:
    click.echo(f"warning: {message}", err=True)
