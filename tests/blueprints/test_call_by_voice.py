"""Blueprint of the automation that calls a contact by voice."""

from collections.abc import AsyncIterator

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.conversation import async_converse
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from tests.blueprints.common import House
from tests.common import PLACE_CALL
from tests.simulator import Reply, Simulator

pytestmark = pytest.mark.freeze_time(tick=True)

CONTACTS = {
    "Dr. João D'Ávila": "+55 41 99999-0000",
    "Maria": "+55 41 99999-1111",
    "Ana": "+55 41 99999-0201",
    "Zé": "+55 41 99999-2222",
    "ZE!": "+55 41 99999-3333",
}
CALL = {"en": "call {}", "pt-BR": "ligue para {}"}
ANSWERS = {
    "en": {
        "calling": "Calling {}.",
        "unknown": "There is no contact called {}, so nobody was called.",
        "several": "Several contacts are called {}, so nobody was called. Rename one of them.",
        "in progress": "A call to {} is already in progress. No second one was placed.",
        "failed": (
            "{} could not be called, or it is not known whether the call was placed. Check whether"
            " a telephone rings before you try again."
        ),
    },
    "pt-BR": {
        "calling": "Ligando para {}.",
        "unknown": "Não há nenhum contato chamado {}, por isso ninguém foi chamado.",
        "several": (
            "Há vários contatos chamados {}, por isso ninguém foi chamado. Renomeie um deles."
        ),
        "in progress": "Já há uma ligação para {} em andamento. Não foi feita outra.",
        "failed": (
            "Não foi possível ligar para {}, ou não se sabe se a ligação foi feita. Verifique se"
            " algum telefone está tocando antes de tentar de novo."
        ),
    },
}


class Assistant:
    """The assistant of Home Assistant, in a house with the automation."""

    def __init__(self, hass: HomeAssistant, language: str) -> None:
        """Speak a language."""
        self._hass = hass
        self._language = language

    async def hears(self, sentence: str) -> str:
        """Return what the assistant answers."""
        result = await async_converse(self._hass, sentence, None, Context(), self._language)
        speech: str = result.response.speech["plain"]["speech"]
        return speech

    async def is_to_call(self, name: str) -> str:
        """Return what the assistant answers to the sentence with a name."""
        return await self.hears(CALL[self._language].format(name))

    def says(self, answer: str, name: str) -> str:
        """Return an answer with a name."""
        return ANSWERS[self._language][answer].format(name)


@pytest.fixture
def contacts() -> dict[str, str]:
    """Return the names and numbers of the account's contacts."""
    return CONTACTS


@pytest.fixture
async def assistant(
    hass: HomeAssistant, account: MockConfigEntry, freezer: FrozenDateTimeFactory, language: str
) -> AsyncIterator[Assistant]:
    """Return the assistant."""
    await hass.config.async_update(language=language)
    for component in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, component, {})
    house = House(hass, freezer, language)
    await house.make("voice")
    yield Assistant(hass, language)
    await house.tear_down()


@pytest.mark.parametrize("said", ["Maria", "maria.", "MARIA!"])
async def test_calls_a_contact(assistant: Assistant, simulator: Simulator, said: str) -> None:
    """A name calls its contact, and the assistant says so."""
    assert await assistant.is_to_call(said) == assistant.says("calling", "Maria")
    [call] = simulator.calls
    assert call.destination == "5541999991111"


@pytest.mark.parametrize("said", ["Dr. João D'Ávila", "dr joao d avila", "DR JOÃO D'AVILA?"])
async def test_name_as_it_is_heard(assistant: Assistant, simulator: Simulator, said: str) -> None:
    """Accents, case and punctuation make no difference."""
    assert await assistant.is_to_call(said) == assistant.says("calling", "Dr. João D'Ávila")
    assert len(simulator.calls) == 1


@pytest.mark.parametrize("language", ["pt-BR"])
@pytest.mark.parametrize(
    "sentence", ["Liga pra Maria", "ligar para a Maria.", "Ligue para a maria"]
)
async def test_portuguese_sentences(
    assistant: Assistant, simulator: Simulator, sentence: str
) -> None:
    """People use an article, and say it in more than one way."""
    assert await assistant.hears(sentence) == "Ligando para Maria."
    assert len(simulator.calls) == 1


@pytest.mark.parametrize("name", ["Pedro", "Mariana", "Directcall", "190", "41999991111"])
async def test_name_that_nobody_has(assistant: Assistant, simulator: Simulator, name: str) -> None:
    """Nobody is called, not even a number, and the assistant says so."""
    assert await assistant.is_to_call(name) == assistant.says("unknown", name)
    assert simulator.requests[PLACE_CALL] == 0


async def test_contact_without_messages(
    hass: HomeAssistant, assistant: Assistant, simulator: Simulator
) -> None:
    """A contact can be called whose entities for messages are deleted."""
    er.async_get(hass).async_remove("notify.maria_voice_message")
    er.async_get(hass).async_remove("notify.maria_sms")
    assert await assistant.is_to_call("Maria") == assistant.says("calling", "Maria")
    assert len(simulator.calls) == 1


async def test_name_that_several_have(assistant: Assistant, simulator: Simulator) -> None:
    """Nobody is called, because it could be the wrong one."""
    assert await assistant.is_to_call("zé") == assistant.says("several", "zé")
    assert simulator.requests[PLACE_CALL] == 0


async def test_call_in_progress(
    hass: HomeAssistant, assistant: Assistant, simulator: Simulator
) -> None:
    """The sentence said twice rings once, and the assistant says that it rings."""
    await assistant.is_to_call("Maria")
    await hass.async_block_till_done()
    assert await assistant.is_to_call("Maria") == assistant.says("in progress", "Maria")
    assert simulator.requests[PLACE_CALL] == len(simulator.calls) == 1
    # The line may be busy with one, and somebody else may be called.
    name = "Dr. João D'Ávila"
    assert await assistant.is_to_call(name) == assistant.says("calling", name)


async def test_no_credit(assistant: Assistant, simulator: Simulator) -> None:
    """A refusal is said in words."""
    assert await assistant.is_to_call("Ana") == assistant.says("failed", "Ana")
    assert simulator.calls == []


async def test_unknown_outcome(assistant: Assistant, simulator: Simulator) -> None:
    """A call that may ring is not placed again, and the assistant says that it may."""
    simulator.reply(PLACE_CALL, Reply(drop=True))
    assert await assistant.is_to_call("Maria") == assistant.says("failed", "Maria")
    assert simulator.requests[PLACE_CALL] == 1


async def test_run_by_hand(hass: HomeAssistant, assistant: Assistant, simulator: Simulator) -> None:
    """*Run actions* has no sentence, and calls nobody."""
    data = {"entity_id": "automation.made_of_it"}
    await hass.services.async_call("automation", "trigger", data, blocking=True)
    assert simulator.requests[PLACE_CALL] == 0
