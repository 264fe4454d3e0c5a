"""Uses: the texts that the code uses, as far as its syntax tells."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, TypeIs

from homeassistant import const

from .integration import Integration

type _Function = ast.FunctionDef | ast.AsyncFunctionDef

# Arguments, fields and attributes with these names hold the key of a text.
_ROLES: Final = {"step_id": "step", "error": "error", "reason": "abort"}
_KEY: Final = "translation_key"
_FLOWS: Final = {"ConfigFlow": "config", "OptionsFlow": "options"}


@dataclass
class Uses:
    """The texts that the code uses."""

    texts: set[str] = field(default_factory=set)
    """Paths of texts, or of groups of texts: `exceptions.refused`, `config.step.user`."""
    forms: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By the path of a step, the labels of its form: `data.name`, `sections.more.name`."""
    unclear: set[str] = field(default_factory=set)
    """Lines that use a text without telling which."""


@dataclass(frozen=True)
class _Scope:
    module: str
    flow: str | None = None
    """The path of a flow's texts. What is outside of classes belongs to a module's first flow."""
    function: _Function | None = None

    def assigned(self, name: str) -> list[ast.expr]:
        """Return the values that the function assigns to a name."""
        nodes = ast.walk(self.function) if self.function else ()
        return [value for node in nodes for target, value in _assigned(node) if target == name]


def find_uses(integration: Integration) -> Uses:
    """Return the texts that the code uses."""
    reader = _Reader(integration)
    # A function that hands an argument on may be found after its callers were read.
    while True:
        before, reader.uses = len(reader.handed_on), Uses()
        for name, module in integration.modules.items():
            flows = [flow for node in module.body if (flow := reader.flow_of(node))]
            reader.read(module, _Scope(name, next(iter(flows), None)))
        if len(reader.handed_on) == before:
            return reader.uses


class _Reader:
    def __init__(self, integration: Integration) -> None:
        self.uses = Uses()
        self.handed_on: set[tuple[str, str, str]] = set()
        """Functions and their parameters that are keys of texts, each with those texts' path."""
        self._values: defaultdict[str, list[ast.expr]] = defaultdict(list)
        self._returned: defaultdict[str, list[ast.expr]] = defaultdict(list)
        self._functions: dict[str, _Function] = {}
        """Some of them return the errors of a form, for the flows that call them."""
        self._parameters: dict[str, list[str]] = {}
        self._enums: dict[str, list[ast.expr]] = {}
        self._types: defaultdict[str, set[str]] = defaultdict(set)
        for module in integration.modules.values():
            for name, value in (pair for node in module.body for pair in _assigned(node)):
                self._values[name].append(value)
            for node in ast.walk(module):
                self._define(node)
        self._subentry_flows = {
            ast.unparse(flow): f"config_subentries.{subentry}"
            for returned in self._returned["async_get_supported_subentry_types"]
            for key, flow in _items(returned)
            for subentry in self._texts(key, _Scope(""))
        }

    def _define(self, node: ast.AST) -> None:
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                self._types[name].add(ast.unparse(annotation))
            case ast.ClassDef(name=name, body=body):
                fields = [line for line in body if isinstance(line, ast.AnnAssign)]
                self._parameters[name] = [ast.unparse(line.target) for line in fields]
                for line in fields:
                    self._types[ast.unparse(line.target)].add(ast.unparse(line.annotation))
                if any(ast.unparse(base).endswith("Enum") for base in node.bases):
                    self._enums[name] = [value for line in body for _, value in _assigned(line)]
                for method in body:
                    if isinstance(method, ast.FunctionDef):
                        self._types[method.name].add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self._parameters.setdefault(name, _parameters(node))
                returns = [part for part in ast.walk(node) if isinstance(part, ast.Return)]
                self._returned[name] += [part.value for part in returns if part.value]
                self._functions[name] = node

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
                scope = replace(scope, flow=self.flow_of(node) or scope.flow)
                if name in self._subentry_flows:
                    steps = {f.name[11:] for f in body if isinstance(f, ast.AsyncFunctionDef)}
                    sources = {f"initiate_flow.{step}" for step in {"user", "reconfigure"} & steps}
                    texts = {"entry_type", "create_entry.default"} | sources
                    self.uses.texts |= {f"{scope.flow}.{text}" for text in texts}
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                scope = replace(scope, function=node)
            case ast.Return(value=ast.Dict() as info) if scope.module == "system_health":
                for key, _ in _items(info):
                    self._use("system_health.info", key, scope)
            case ast.Assign(value=error) if _is_error(node):
                self._use(f"{scope.flow}.error", error, scope)
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
                self._use(path, given[name], scope)
        if _KEY in given and _KEY not in self._parameters.get(function, []):
            group = f"entity.{scope.module}" if scope.module in {*const.Platform} else "selector"
            group = "exceptions" if "translation_domain" in given else group
            group = "issues" if function == "async_create_issue" else group
            self._use(group, given[_KEY], scope)
        if function == "async_get_common_text":
            self._use("common", given["name"], scope)
        if scope.flow:
            self._read_flow(function, given, scope)

    def _read_flow(self, function: str, given: dict[str, ast.expr], scope: _Scope) -> None:
        flow = scope.flow
        for role in _ROLES.keys() & given.keys():
            self._use(f"{flow}.{_ROLES[role]}", given[role], scope)
        for part in ast.walk(given["errors"]) if "errors" in given else ():
            for _, error in _items(part):
                self._use(f"{flow}.error", error, scope)
        if (check := self._functions.get(function)) and check is not scope.function:
            scope = replace(scope, function=check)
            for line in filter(_is_error, ast.walk(check)):
                self._use(f"{flow}.error", line.value, scope)
        if function == "_abort_if_unique_id_configured":
            self.uses.texts.add(f"{flow}.abort.already_configured")
        if "step_id" in given and (schema := given.get("data_schema", given.get("schema"))):
            for step in self._texts(given["step_id"], scope):
                self.uses.forms[f"{flow}.step.{step}"] |= set(self._labels(schema, "", scope))

    def _use(self, path: str, node: ast.expr, scope: _Scope) -> None:
        # A form's input is always text, so it cannot be a number that YAML has read as one.
        hidden = {"number_unquoted"} if path.endswith(".error") else set[str]()
        self.uses.texts |= {f"{path}.{t}" for t in self._texts(node, scope, path) - hidden}

    def _texts(self, node: ast.expr, scope: _Scope, path: str = "") -> set[str]:
        """Return the texts that an expression may stand for.

        A parameter stands for none by itself: the callers of its function are read instead.
        """
        texts, is_handed_on = set[str](), False
        for part in self._reach(node, scope, set()):
            match part:
                case ast.Constant(value=str() as text):
                    texts.add(text)
                case ast.Attribute(attr=name) if name in {*_ROLES, _KEY}:
                    is_handed_on = True
                case ast.Name(id=name) if _is_parameter(name, scope):
                    is_handed_on = True
                    function = scope.function.name if scope.function else ""
                    self.handed_on |= {(function, name, path)} if path else set()
        if not texts and not is_handed_on:
            self.uses.unclear.add(f"{scope.module}.py: line {node.lineno}")
        return texts

    def _reach(self, node: ast.AST, scope: _Scope, seen: set[str]) -> Iterator[ast.AST]:
        """Yield the parts of an expression, and of the definitions that it names."""
        yield node
        parts = list(ast.iter_child_nodes(node))
        match node:
            case ast.IfExp(body=body, orelse=other):
                parts = [body, other]
            case ast.Attribute(attr=name) if name in {*_ROLES, _KEY}:
                parts = []
            case ast.Attribute(attr=name):
                # One of the members of the enumeration that the attribute is annotated with.
                enums = [self._enums[a] for a in self._types[name] if a in self._enums]
                parts = [member for enum in enums for member in enum] or parts
            case ast.Call() if _name_of(node) == "section":
                parts = []
            case ast.Call() if (name := _name_of(node)) not in seen:
                seen.add(name)
                # The arguments of a function of ours are not what it returns.
                parts = [*self._returned[name]] or parts
            case ast.Name(id=name) if name not in seen and not _is_parameter(name, scope):
                seen.add(name)
                constant = ast.Constant(getattr(const, name, None))
                parts += scope.assigned(name) or self._values[name] or [constant]
        for part in parts:
            yield from self._reach(part, scope, seen)

    def _labels(self, schema: ast.expr, prefix: str, scope: _Scope) -> Iterator[str]:
        for node in self._reach(schema, scope, set()):
            for key, value in _items(node):
                if not isinstance(key, ast.Call) or _name_of(key) not in {"Optional", "Required"}:
                    continue
                for name in self._texts(key.args[0], scope):
                    if isinstance(value, ast.Call) and _name_of(value) == "section":
                        yield f"sections.{name}.name"
                        yield from self._labels(value.args[0], f"sections.{name}.", scope)
                    else:
                        yield from (f"{prefix}data.{name}", f"{prefix}data_description.{name}")


def _name_of(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
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


def _is_error(node: ast.AST) -> TypeIs[ast.Assign]:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("errors[")


def _parameters(function: _Function) -> list[str]:
    names = [argument.arg for argument in function.args.args + function.args.kwonlyargs]
    return [name for name in names if name not in {"self", "cls"}]


def _is_parameter(name: str, scope: _Scope) -> bool:
    names = _parameters(scope.function) if scope.function else []
    return name in names and not scope.assigned(name)
