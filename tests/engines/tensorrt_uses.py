"""What our code uses of TensorRT, read from our code: (class, attribute) pairs, found by following types.

The module comes in as a parameter called ``trt``, or ``rtx`` in functions that are for TensorRT-RTX alone. From there
each expression gets its class: a call of a class makes an instance, a call of a method what its docstring says.
"""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

Classes = dict[str, dict[str, str]]
MODULE = "module"


@dataclass
class Uses:
    """The uses in one file, with the classes of one release to follow types by."""

    classes: Classes
    rtx: bool = False
    found: set[tuple[str, str]] = field(default_factory=set)
    _functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    _entered: set[tuple[str, str]] = field(default_factory=set)

    def read(self, path: Path) -> "Uses":
        """Add what the file uses."""
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self._functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        for function in self._functions.values():
            self._enter(function, {})
        for owner in tree.body:
            if isinstance(owner, ast.ClassDef):
                shared: dict[str, str] = {}  # attributes of self, the same in all methods; __init__ comes first
                for method in owner.body:
                    if isinstance(method, ast.FunctionDef):
                        self._body(method, shared)
        return self

    def _enter(self, function: ast.FunctionDef, arguments: dict[str, str]) -> None:
        key = (function.name, str(sorted(arguments.items())))
        if key not in self._entered and (self.rtx or "rtx" not in _parameters(function)):
            self._entered.add(key)
            self._body(function, dict(arguments))

    def _body(self, function: ast.FunctionDef, names: dict[str, str]) -> None:
        names |= dict.fromkeys(_parameters(function) & {"trt", "rtx"}, MODULE)
        for node in _in_order(function):
            if isinstance(node, ast.Assign):
                kind = self._type(node.value, names)
                for target in node.targets:
                    if isinstance(target, (ast.Name, ast.Attribute)) and kind:
                        names[ast.unparse(target)] = kind
            if isinstance(node, ast.expr):
                self._type(node, names)

    def _type(self, node: ast.expr, names: dict[str, str]) -> str:
        """The class of an expression: a path for instances, "class:…" for classes, "" if it is not TensorRT's."""
        if (text := ast.unparse(node)) in names:
            return names[text]
        if isinstance(node, ast.Attribute):
            return self._attribute(self._type(node.value, names), node.attr)
        if isinstance(node, ast.IfExp):
            return self._type(node.body, names) or self._type(node.orelse, names)
        return self._called(node, names) if isinstance(node, ast.Call) else ""

    def _called(self, node: ast.Call, names: dict[str, str]) -> str:
        if isinstance(node.func, ast.Name) and node.func.id in self._functions:
            function = self._functions[node.func.id]
            given = {a.arg: self._type(v, names) for a, v in zip(function.args.args, node.args, strict=False)}
            self._enter(function, {name: kind for name, kind in given.items() if kind})
            return ""
        kind, _, path = self._type(node.func, names).partition(":")
        return path if kind in ("class", "gives") else ""

    def _attribute(self, owner: str, name: str) -> str:
        if not owner or owner.startswith("gives:"):
            return ""
        path = "" if owner == MODULE else owner.removeprefix("class:")
        if path not in self.classes:
            return ""
        if not name.startswith("__"):
            self.found.add((path, name))
        inner = f"{path}.{name}" if path else name
        if inner in self.classes:
            return f"class:{inner}"
        # "… -> tensorrt_bindings.tensorrt.ITimingCache", or as C++ has it: "… -> nvonnxparser::IParserError"
        returned = re.search(r"->\s*(?:[\w.]*\.tensorrt(?:_rtx)?\.|\w+::)([\w.]+)", self.classes[path].get(name, ""))
        kinds = (returned[1], returned[1].removeprefix("I")) if returned else ()
        return next((f"gives:{kind}" for kind in kinds if kind in self.classes), "")


def _parameters(function: ast.FunctionDef) -> set[str]:
    return {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}


def _in_order(node: ast.AST) -> "list[ast.AST]":
    """The nodes below, in the order of the text."""
    found = []
    for child in ast.iter_child_nodes(node):
        found += [child, *_in_order(child)]
    return found
