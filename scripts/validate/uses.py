"""The texts that the code uses, as far as its syntax tells."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import homeassistant.const
from homeassistant.const import Platform

from .integration import Integration

type _Function = ast.FunctionDef | ast.AsyncFunctionDef

# Arguments, fields and attributes with these names hold the key of a text.
_ROLES: Final = {"step_id": "step", "error": "error", "reason": "abort"}
_KEY: Final = "translation_key"
# A form's input is always text, so it cannot be a number that YAML has read as one.
_NOT_IN_FORMS: Final = "number_unquoted"
_FLOWS: Final = {"ConfigFlow": "config", "OptionsFlow": "options"}
# Methods of Home Assistant's flows that show a text of their own.
_REASONS: Final = {"_abort_if_unique_id_configured": "already_configured"}


@dataclass
class Uses:
    """The texts that the code uses."""

    texts: set[str] = field(default_factory=set)
    """Paths of texts, or of groups of texts: `exceptions.refused`, `config.step.user`."""
    forms: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By the path of a step, the labels of its form: `data.name`, `sections.more.name`."""
    unclear: set[str] = field(default_factory=set)
    """Lines that use a text without telling which."""


def find_uses(integration: Integration) -> Uses:
    """Return the texts that the code uses."""
    reader = _Reader(integration)
    # A function that hands an argument on is found after some of its callers were read.
    while True:
        before, reader.uses = len(reader.handed_on), Uses()
        for name, module in integration.modules.items():
            flows = [flow for node in module.body if (flow := reader.flow_of(node))]
            reader.read(module, _Scope(name, next(iter(flows), None)))
        if len(reader.handed_on) == before:
            return reader.uses


@dataclass(frozen=True)
class _Scope:
    """Where an expression stands."""

    module: str
    flow: str | None
    """The path of a flow's texts. What is outside of classes belongs to a module's first flow."""
    owner: str = ""
    """The class."""
    function: _Function | None = None

    def assigned(self, name: str) -> list[ast.expr]:
        """Return the values that the function assigns to a name."""
        nodes = ast.walk(self.function) if self.function else ()
        return [value for node in nodes for target, value in _assigned(node) if target == name]

    def is_parameter(self, name: str) -> bool:
        """Return if a name is a parameter that the function does not replace."""
        names = _parameters(self.function) if self.function else []
        return name in names and not self.assigned(name)

    @property
    def callable(self) -> str:
        """Return the name under which the function is called."""
        name = self.function.name if self.function else ""
        return self.owner if name == "__init__" else name


class _Reader:
    """Reader of all modules, with their definitions by name."""

    def __init__(self, integration: Integration) -> None:
        """Read the definitions."""
        self.uses = Uses()
        self.handed_on: set[tuple[str, str, str]] = set()
        """Functions and their parameters that are keys of texts, each with those texts' path."""
        self._values: defaultdict[str, list[ast.expr]] = defaultdict(list)
        self._returned: defaultdict[str, list[ast.expr]] = defaultdict(list)
        self._parameters: dict[str, list[str]] = {}
        self._enums: dict[str, list[ast.expr]] = {}
        self._types: defaultdict[str, set[str]] = defaultdict(set)
        self._subentry_flows: dict[str, str] = {}
        for module in integration.modules.values():
            for name, value in (pair for node in module.body for pair in _assigned(node)):
                self._values[name].append(value)
            for node in ast.walk(module):
                self._define(node)
        for returned in self._returned["async_get_supported_subentry_types"]:
            for key, flow in _items(returned):
                for subentry in self._texts(key, _Scope("", None)) or ():
                    self._subentry_flows[ast.unparse(flow)] = f"config_subentries.{subentry}"

    def _define(self, node: ast.AST) -> None:
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                self._types[name].add(ast.unparse(annotation))
            case ast.ClassDef():
                fields = [line.target for line in node.body if isinstance(line, ast.AnnAssign)]
                names = [target.id for target in fields if isinstance(target, ast.Name)]
                self._parameters[node.name] = names
                if any(ast.unparse(base).endswith("Enum") for base in node.bases):
                    pairs = [pair for line in node.body for pair in _assigned(line)]
                    self._enums[node.name] = [value for _, value in pairs]
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                        self._parameters[node.name] = _parameters(method)
                    elif isinstance(method, ast.FunctionDef):
                        self._types[method.name].add(node.name)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._parameters.setdefault(node.name, _parameters(node))
                self._returned[node.name] += [
                    part.value
                    for part in ast.walk(node)
                    if isinstance(part, ast.Return) and part.value
                ]

    def flow_of(self, node: ast.AST) -> str | None:
        """Return the path of a flow's texts, if this is the class of one."""
        if not isinstance(node, ast.ClassDef):
            return None
        names = [_FLOWS[name] for base in node.bases if (name := ast.unparse(base)) in _FLOWS]
        return self._subentry_flows.get(node.name) or next(iter(names), None)

    def read(self, node: ast.AST, scope: _Scope) -> None:
        """Note the texts that code uses."""
        match node:
            case ast.ClassDef(name=name, body=body):
                scope = replace(scope, owner=name, flow=self.flow_of(node) or scope.flow)
                if name in self._subentry_flows:
                    steps = {f.name for f in body if isinstance(f, ast.AsyncFunctionDef)}
                    sources = {"user", "reconfigure"} & {
                        s.removeprefix("async_step_") for s in steps
                    }
                    self.uses.texts |= {f"{scope.flow}.initiate_flow.{s}" for s in sources}
                    self.uses.texts.add(f"{scope.flow}.entry_type")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                scope = replace(scope, function=node)
            case ast.Return(value=ast.Dict() as info) if scope.module == "system_health":
                self._use("system_health.info", (key for key, _ in _items(info)), scope)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="errors"))], value=error):
                self._use(f"{scope.flow}.error", [error], scope)
            case ast.Call():
                self._read_call(node, scope)
        for child in ast.iter_child_nodes(node):
            self.read(child, scope)

    def _read_call(self, node: ast.Call, scope: _Scope) -> None:
        function, given = _name_of(node), dict[str, ast.expr]()
        given |= zip(self._parameters.get(function, []), node.args, strict=False)
        given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        for handler, name, path in self.handed_on.copy():
            if handler == function and name in given:
                self._use(path, [given[name]], scope)
        if _KEY in given and _KEY not in self._parameters.get(function, []):
            group = f"entity.{scope.module}" if scope.module in {*Platform} else "selector"
            group = "exceptions" if "translation_domain" in given else group
            group = "issues" if function == "async_create_issue" else group
            self._use(group, [given[_KEY]], scope)
        if scope.flow:
            self._read_flow_call(scope.flow, function, given, scope)

    def _read_flow_call(
        self, flow: str, function: str, given: dict[str, ast.expr], scope: _Scope
    ) -> None:
        for role in _ROLES.keys() & given.keys():
            self._use(f"{flow}.{_ROLES[role]}", [given[role]], scope)
        if errors := given.get("errors"):
            values = [error for part in ast.walk(errors) for _, error in _items(part)]
            self._use(f"{flow}.error", values, scope)
        if function in _REASONS:
            self.uses.texts.add(f"{flow}.abort.{_REASONS[function]}")
        for step in (self._texts(given["step_id"], scope) or ()) if "step_id" in given else ():
            labels = self.uses.forms[f"{flow}.step.{step}"]
            if schema := given.get("data_schema", given.get("schema")):
                labels.update(self._labels(schema, "", scope, set()))

    def _use(self, path: str, nodes: Iterable[ast.expr], scope: _Scope) -> None:
        for node in nodes:
            texts = self._texts(node, scope, path)
            if texts is None:
                self.uses.unclear.add(f"{scope.module}.py: line {node.lineno}")
            hidden = {_NOT_IN_FORMS} if path.endswith(".error") else set[str]()
            self.uses.texts |= {f"{path}.{text}" for text in (texts or set[str]()) - hidden}

    def _texts(self, node: ast.expr, scope: _Scope, path: str = "") -> set[str] | None:
        """Return the texts that an expression may stand for, or None if that is not clear.

        A parameter stands for none by itself: the callers of its function are read instead.
        """
        match node:
            case ast.Constant(value=str() as text):
                return {text}
            case ast.Attribute(attr=name) if name in {*_ROLES, _KEY}:
                return set()
            case ast.Name(id=name) if scope.is_parameter(name):
                self.handed_on |= {(scope.callable, name, path)} if path else set()
                return set()
        texts = [self._texts(value, scope, path) for value in self._values_of(node, scope)]
        known = [text for text in texts if text is not None]
        return set[str]().union(*known) if known and len(known) == len(texts) else None

    def _values_of(self, node: ast.expr, scope: _Scope) -> Iterator[ast.expr]:
        match node:
            case ast.IfExp(body=body, orelse=other):
                yield from (body, other)
            case ast.BoolOp(values=values) | ast.Dict(values=values):
                yield from values
            case ast.Subscript(value=value) | ast.Attribute(value=value, attr="value"):
                yield value
            case ast.Attribute(attr=name):
                # One of the members of the enumeration that the attribute is annotated with.
                for annotation in self._types[name]:
                    yield from self._enums.get(annotation, ())
            case ast.Call():
                yield from self._returned[_name_of(node)]
            case ast.Name(id=name):
                constant = ast.Constant(getattr(homeassistant.const, name, None))
                yield from scope.assigned(name) or self._values[name] or [constant]

    def _labels(self, node: ast.AST, prefix: str, scope: _Scope, seen: set[str]) -> Iterator[str]:
        """Yield the labels of the fields in a schema."""
        parts: list[ast.AST] = []
        match node:
            case ast.Name(id=name) if name not in seen:
                seen.add(name)
                parts += scope.assigned(name) or self._values[name]
            case ast.Call() if (called := _name_of(node)) not in seen:
                seen.add(called)
                parts += [*ast.iter_child_nodes(node), *self._returned[called]]
            case ast.Dict():
                for key, value in _items(node):
                    if isinstance(key, ast.Call) and _name_of(key) in {"Optional", "Required"}:
                        yield from self._labels_of(key.args[0], value, prefix, scope)
                parts += [v for k, v in zip(node.keys, node.values, strict=True) if k is None]
            case _:
                parts += ast.iter_child_nodes(node)
        for part in parts:
            yield from self._labels(part, prefix, scope, seen)

    def _labels_of(
        self, key: ast.expr, value: ast.expr, prefix: str, scope: _Scope
    ) -> Iterator[str]:
        """Yield the labels of a field, or of a section and its fields."""
        names = self._texts(key, scope)
        if not names:
            self.uses.unclear.add(f"{scope.module}.py: line {key.lineno}")
        for name in names or ():
            if isinstance(value, ast.Call) and _name_of(value) == "section":
                yield f"sections.{name}.name"
                yield from self._labels(value.args[0], f"sections.{name}.", scope, set())
            else:
                yield from (f"{prefix}data.{name}", f"{prefix}data_description.{name}")


def _name_of(call: ast.Call) -> str:
    """Return the name of a called function, without what it belongs to."""
    return ast.unparse(call.func).rpartition(".")[2]


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the name and the value of an assignment."""
    match node:
        case (
            ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            | ast.Assign(targets=[ast.Name(id=name)], value=value)
        ):
            yield name, value


def _items(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the keys and values of a dictionary, without dictionaries that it includes."""
    if isinstance(node, ast.Dict):
        yield from ((k, v) for k, v in zip(node.keys, node.values, strict=True) if k)


def _parameters(function: _Function) -> list[str]:
    names = [argument.arg for argument in function.args.args + function.args.kwonlyargs]
    return [name for name in names if name not in {"self", "cls"}]
