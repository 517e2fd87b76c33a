"""What the documents say is so: the wire tables, the commands and the example of the README."""

import re
from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from gazeline.runtime import messages
from gazeline.runtime.topics import TOPICS

REPOSITORY = Path(__file__).resolve().parents[1]
WIRE = (REPOSITORY / "docs" / "wire.md").read_text(encoding="utf-8")
NS = f" ≥ 0 ≤ {2**63 - 1}"
STRUCTS = [
    struct
    for struct in vars(messages).values()
    if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and struct.__module__ == messages.__name__
]


PLAIN = {
    inspect.IntType: "int",
    inspect.FloatType: "float",
    inspect.StrType: "str",
    inspect.BoolType: "bool",
    inspect.AnyType: "any",
    inspect.NoneType: "nil",
}


def described(kind: inspect.Type) -> str:
    """A field's type as docs/wire.md writes it."""
    match kind:
        case inspect.LiteralType(values=values):
            text = " or ".join(str(value) for value in values)
        case inspect.UnionType(types=types):
            text = " or ".join(described(item) for item in types)
        case inspect.ListType(item_type=item):
            text = f"list of {described(item)}"
        case inspect.TupleType(item_types=items):
            names = [described(item) for item in items]
            alike = len(set(names)) == 1
            text = f"[{names[0]} × {len(names)}]" if alike else f"[{', '.join(names)}]"  # noqa: RUF001
        case inspect.DictType(key_type=key, value_type=value):
            text = f"map of {described(key)} to {described(value)}"
        case inspect.StructType(cls=cls):
            text = cls.__name__
        case _:
            text = PLAIN[type(kind)] + bounds(kind)
    return text


def bounds(kind: inspect.Type) -> str:
    found = {sign: getattr(kind, name, None) for name, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))}
    return "".join(f" {sign} {value}" for sign, value in found.items() if value is not None).replace(".0", "")


def table_rows(heading: str) -> list[list[str]]:
    section = WIRE.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_wire_tables_are_the_messages(struct: type[msgspec.Struct]) -> None:
    inherited = set() if struct is messages.Message else {"topic", "capture_ns", "timestamp"}
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    expected = [
        [f"`{field.name}`", described(field.type).replace(f"int{NS}", "ns"), "yes" if field.required else ""]
        for field in info.fields
        if not (issubclass(struct, messages.Message) and field.name in inherited)
    ]
    assert [row[:3] for row in table_rows(f"### {struct.__name__}")] == expected


def test_wire_topics_are_the_topics() -> None:
    expected = [[f"`{topic.name}`", topic.message.__name__, str(topic.waiting)] for topic in TOPICS.values()]
    assert [row[:3] for row in table_rows("## Topics")] == expected


def test_wire_has_no_message_of_the_past() -> None:
    headings = re.findall(r"^### (\w+)$", WIRE, re.MULTILINE)
    assert sorted(headings) == sorted(struct.__name__ for struct in STRUCTS)
