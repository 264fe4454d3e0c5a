"""What a person reads on the screen, in each language."""

from dataclasses import dataclass
import json
from typing import Any, Final

from scripts.house import ROOT


@dataclass(frozen=True)
class Words:
    """What Home Assistant itself says."""

    add_integration: str
    submit: str
    finish: str
    close: str
    save: str
    reconfigure: str
    choose_device: str
    run: str
    response: str
    add_trigger: str
    services: str
    event_received: str
    add_action: str
    diagnostics: str
    delete: str


WORDS: Final = {
    "en": Words(
        add_integration="Add integration",
        submit="Submit",
        finish="Finish",
        close="Close",
        save="Save",
        reconfigure="Reconfigure",
        choose_device="Select a device",
        run="Perform action",
        response="Response",
        add_trigger="Add trigger",
        services="Services",
        event_received="Event received",
        add_action="Add action",
        diagnostics="Download diagnostics",
        delete="Delete",
    ),
    "pt-BR": Words(
        add_integration="Adicionar integração",
        submit="Enviar",
        finish="Concluir",
        close="Fechar",
        save="Salvar",
        reconfigure="Reconfigurar",
        choose_device="Selecionar um dispositivo",
        run="Executar ação",
        response="Resposta",
        add_trigger="Adicionar gatilho",
        services="Serviços",
        event_received="Event received",
        add_action="Adicionar ação",
        diagnostics="Fazer download dos diagnósticos",
        delete="Excluir",
    ),
}


@dataclass(frozen=True)
class Texts:
    """What the integration says, from its translations."""

    texts: dict[str, Any]

    @classmethod
    def load(cls, language: str) -> Texts:
        """Read the texts of a language."""
        file = ROOT / "custom_components" / "directcall" / "translations" / f"{language}.json"
        return cls(json.loads(file.read_text(encoding="utf-8")))

    def __getitem__(self, path: str) -> str:
        """Return a text by its path, as in `config.step.user.title`."""
        found: Any = self.texts
        for key in path.split("."):
            found = found[key]
        return str(found)

    def action(self, name: str) -> str:
        """Return the name of an action."""
        return self[f"services.{name}.name"]

    def field(self, action: str, name: str) -> str:
        """Return the name of an action's field."""
        return self[f"services.{action}.fields.{name}.name"]
