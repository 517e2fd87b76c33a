"""``gazeline teach …``: names for the wearer's own things."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gazeline.runtime.options import Bus, Plain


class _NameOrCommand(TyperGroup):
    """``gazeline teach "my mug"`` is ``gazeline teach this "my mug"``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # click's types, or those that newer typers bring
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["this", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=_NameOrCommand, rich_markup_mode="rich", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")]
Object = Annotated[
    int | None, typer.Option("--object", metavar="ID", help="An object's id.", show_default="the gazed one")
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A gallery's file.")]


@app.callback()
def teach() -> None:
    """Teach it a name: it recognises the thing from then on.

    Look at the thing while gazeline run (or demo) is running. A few looks from different sides make it better. What was
    taught is kept in one file, without pictures, and never leaves this machine by itself.

    [bold]Examples[/bold]

    \b
      gazeline teach "my mug"                look at it meanwhile
      gazeline teach "my mug" --object 7
      gazeline teach not "my mug"            it was taken for another thing
      gazeline teach list
      gazeline teach forget "my mug"
    """


@app.command("this")
def this(name: Name, object_id: Object = None, bus: Bus = "gazeline", insecure_plain_tcp: Plain = False) -> None:
    """The thing that is looked at is called NAME. ("this" may be left out, where NAME is none of the commands here.)"""
    _tell(name, object_id, bus, insecure_plain_tcp, is_it=True)


@app.command("not")
def not_(name: Name, object_id: Object = None, bus: Bus = "gazeline", insecure_plain_tcp: Plain = False) -> None:
    """The thing that is looked at is not NAME, though it may look like it."""
    _tell(name, object_id, bus, insecure_plain_tcp, is_it=False)


@app.command("list")
def list_() -> None:
    """What has been taught, and where that is kept."""
    from gazeline.runtime.naming import teach

    teach.print_list()


@app.command()
def forget(name: Name) -> None:
    """Forget one name and all looks at it; a running runtime does so, too."""
    from gazeline.runtime.naming import teach

    print(f"forgot {teach.forget(name)} looks at {name}")


@app.command()
def export(file: File) -> None:
    """Write everything that was taught into one file, for another machine. It is personal data."""
    from gazeline.runtime.naming import teach

    print(f"{teach.export(file)} looks: {file}")


@app.command("import")
def import_(file: File) -> None:
    """Add what was taught elsewhere. It is of use where the same model runs with the same weights."""
    from gazeline.runtime.naming import teach

    print(f"{teach.import_(file)} new looks")


@app.command()
def delete(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete everything that was taught."""
    from gazeline.runtime.naming import teach

    if not yes:
        typer.confirm("Delete everything that was taught?", abort=True)
    print("deleted" if teach.delete() else "nothing had been taught")


def _tell(name: str, object_id: int | None, bus: str, plain: bool, *, is_it: bool) -> None:
    from gazeline.runtime.bus import BusAddress
    from gazeline.runtime.naming import teach

    print(teach.tell(BusAddress.parse(bus, insecure_plain_tcp=plain), name, object_id, is_it=is_it))
