"""Which texts the code uses, as far as one can tell without running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, override

import homeassistant.const

from .integration import Integration

type _Function = ast.FunctionDef | ast.AsyncFunctionDef

# Arguments, fields and attributes of these names say which text is shown, in flows and elsewhere.
_ROLES_IN_FLOWS: Final = {"step_id": "step", "error": "error", "reason": "abort"}
_KEY: Final = "translation_key"
_ROLES: Final = {*_ROLES_IN_FLOWS, _KEY}
# Attributes that are of one of the integration's enumerations, and say which text is shown.
_ENUMERATED: Final = {"issue": "Billed", "problem": "NumberProblem"}
# What is typed into a form is text, and cannot have lost its quotes.
_NEVER_TYPED: Final = {"number_unquoted"}
_FLOWS: Final = {"ConfigFlow": "config", "OptionsFlow": "options"}
_SUBENTRY_FLOWS: Final = "async_get_supported_subentry_types"
_RECONFIGURE: Final = "async_step_reconfigure"
_MARKERS: Final = {"Optional", "Required"}
# Home Assistant's own helpers of a flow that show a text by themselves.
_REASONS: Final = {"_abort_if_unique_id_configured": "already_configured"}


@dataclass
class Uses:
    """What the code uses of the translations."""

    texts: set[str] = field(default_factory=set)
    """Paths of texts, or of what holds them: `exceptions.refused`, `config.step.user`."""
    fields: set[str] = field(default_factory=set)
    """Fields and sections of the forms."""
    riddles: set[str] = field(default_factory=set)
    """Places where the text that is shown cannot be told."""


def resolve_constant(integration: Integration, node: ast.expr) -> str | None:
    """Return the text that a constant, or the name of one, stands for."""
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.Name(id=name):
            return integration.constants.get(name, getattr(homeassistant.const, name, None))
    return None


def find_uses(integration: Integration) -> Uses:
    """Return what the code uses of the translations."""
    uses = Uses()
    for name, module in integration.modules.items():
        _Reader(integration, name, uses).visit(module)
    return uses


class _Reader(ast.NodeVisitor):
    """Read a module, and take note of the texts that it uses."""

    def __init__(self, integration: Integration, module: str, uses: Uses) -> None:
        """Start at the top of a module."""
        self._integration = integration
        self._module = module
        self._uses = uses
        self._flow = "config"
        self._functions: list[_Function] = []
        self._parameters = dict(_parameters_of(integration.modules[module]))
        self._subentry_flows = dict(_subentry_flows_of(integration, module))

    @override
    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Enter a class, which may be a flow."""
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in _FLOWS:
                self._flow = _FLOWS[base.id]
        if subentry := self._subentry_flows.get(node.name):
            self._flow = f"config_subentries.{subentry}"
            self._uses.texts |= {f"{self._flow}.entry_type", f"{self._flow}.initiate_flow.user"}
            if any(
                isinstance(f, ast.AsyncFunctionDef) and f.name == _RECONFIGURE for f in node.body
            ):
                self._uses.texts.add(f"{self._flow}.initiate_flow.reconfigure")
        self.generic_visit(node)
        self._flow = "config"

    @override
    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Enter a function."""
        self._visit_function(node)

    @override
    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Enter a function."""
        self._visit_function(node)

    def _visit_function(self, node: _Function) -> None:
        """Read what is in a function."""
        self._functions.append(node)
        if self._module == "system_health":
            for returned in ast.walk(node):
                if isinstance(returned, ast.Return) and isinstance(returned.value, ast.Dict):
                    self._use("system_health.info", *filter(None, returned.value.keys))
        self.generic_visit(node)
        self._functions.pop()

    @override
    def visit_Assign(self, node: ast.Assign) -> None:
        """Look at an error that a form is given."""
        if ast.unparse(node.targets[0]).startswith("errors["):
            self._use(f"{self._flow}.error", node.value)
            self._uses.texts -= {f"{self._flow}.error.{name}" for name in _NEVER_TYPED}
        self.generic_visit(node)

    @override
    def visit_Call(self, node: ast.Call) -> None:
        """Look at what a function is given."""
        function = ast.unparse(node.func).rpartition(".")[2]
        given = dict(zip(self._parameters.get(function, []), node.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        if _KEY in given:
            self._use(self._owner_of_key(function, given), given[_KEY])
        if self._module == "config_flow":
            for role, owner in _ROLES_IN_FLOWS.items():
                if role in given:
                    self._use(f"{self._flow}.{owner}", given[role])
            for shown in ast.walk(given["errors"]) if "errors" in given else ():
                if isinstance(shown, ast.Dict):
                    self._use(f"{self._flow}.error", *shown.values)
            if function in _REASONS:
                self._uses.texts.add(f"{self._flow}.abort.{_REASONS[function]}")
            if function in _MARKERS:
                self._uses.fields.add(str(resolve_constant(self._integration, node.args[0])))
        self.generic_visit(node)

    def _owner_of_key(self, function: str, given: dict[str, ast.expr]) -> str:
        """Return where the text of a translation key stands."""
        if function == "async_create_issue":
            return "issues"
        if "translation_domain" in given:
            return "exceptions"
        if self._module == "config_flow":
            return "selector"
        return f"entity.{self._module}"

    def _use(self, owner: str, *nodes: ast.expr) -> None:
        """Take note of the texts that expressions may stand for."""
        for node in nodes:
            values = self._values(node)
            if values is None:
                self._uses.riddles.add(f"{self._module}.py: line {node.lineno}")
            else:
                self._uses.texts |= {f"{owner}.{value}" for value in values}

    def _values(self, node: ast.expr) -> set[str] | None:
        """Return what an expression may stand for; nothing where it hands on what it was given."""
        match node:
            case ast.IfExp(body=body, orelse=other):
                values = [self._values(body), self._values(other)]
            case ast.Attribute(attr=attribute) if attribute in _ENUMERATED:
                return self._members_of(_ENUMERATED[attribute])
            case ast.Attribute(attr=attribute) if attribute in _ROLES:
                return set()
            case ast.Name(id=name) if name in _ROLES and name in _names_of(self._functions[-1]):
                return set()
            case ast.Name(id=name) if assigned := list(self._assigned_to(name)):
                values = [self._values(value) for value in assigned]
            case _:
                value = resolve_constant(self._integration, node)
                return None if value is None else {value}
        known = [value for value in values if value is not None]
        return set().union(*known) if len(known) == len(values) else None

    def _assigned_to(self, name: str) -> Iterator[ast.expr]:
        """Yield what the present function assigns to a name."""
        for function in self._functions[-1:]:
            for node in ast.walk(function):
                match node:
                    case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                        yield value

    def _members_of(self, enumeration: str) -> set[str]:
        """Return the values of one of the integration's enumerations."""
        return {
            str(member.value.value)
            for module in self._integration.modules.values()
            for node in module.body
            if isinstance(node, ast.ClassDef) and node.name == enumeration
            for member in node.body
            if isinstance(member, ast.Assign) and isinstance(member.value, ast.Constant)
        }


def _subentry_flows_of(integration: Integration, module: str) -> Iterator[tuple[str, str]]:
    """Yield the classes of a module that are flows of subentries, with the subentries' types."""
    for node in ast.walk(integration.modules[module]):
        if isinstance(node, ast.FunctionDef) and node.name == _SUBENTRY_FLOWS:
            for returned in ast.walk(node):
                if isinstance(returned, ast.Dict):
                    for key, value in zip(returned.keys, returned.values, strict=True):
                        if key and (name := resolve_constant(integration, key)):
                            yield ast.unparse(value), name


def _names_of(function: _Function) -> list[str]:
    """Return the names of a function's parameters, but for the object that a method is of."""
    names = [argument.arg for argument in function.args.args + function.args.kwonlyargs]
    return names[1:] if names[:1] == ["self"] else names


def _parameters_of(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Yield the functions and classes of a module with the names of what they take."""
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, _names_of(node)
            case ast.ClassDef(name=name):
                yield (
                    name,
                    [
                        line.target.id
                        for line in node.body
                        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
                    ],
                )
