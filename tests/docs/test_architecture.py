"""Architecture: the diagrams and the layers in the documentation are those of the code."""

from collections.abc import Iterator
from itertools import pairwise, product
import re
import tomllib
from typing import Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant

from custom_components.directcall.alerts import AlertStatus
from custom_components.directcall.api import (
    AcceptedRequest,
    CallLeg,
    CallStatus,
    LegState,
    NumberPair,
    PhoneNumber,
    RedactedText,
)
from custom_components.directcall.calls import Call, CallState, state_machine
from tests.alerts.common import ALERT, NAMES, Watch, raise_alert, watch_for
from tests.common import ROOT, alert_data, make_account, perform, set_up
from tests.proxy import Proxy
from tests.simulator import Simulator

ARCHITECTURE: Final = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
INTEGRATION: Final = ROOT / "custom_components" / "directcall"
ACTIVE: Final = {status for status in AlertStatus if status.is_active}
OUTSIDE: Final = "[*]"
PLATFORMS: Final = {"binary_sensor", "button", "event", "notify", "sensor"}

type Edge = tuple[str, str]


def arrows_of(title: str) -> set[Edge]:
    """Return the arrows of the diagram below a title."""
    section = ARCHITECTURE.partition(f"\n## {title}\n")[2]
    diagram = section.partition("```mermaid\n")[2].partition("```")[0]
    return set(re.findall(r"^ *(\S+) --> ([^\s:]+)(?::.*)?$", diagram, re.MULTILINE))


def between(states: set[str], arrows: set[Edge]) -> set[Edge]:
    """Return the arrows between states, also those by way of a node that is none."""

    def ends(start: str) -> Iterator[str]:
        for source, target in arrows:
            if source == start and target in states:
                yield target
            elif source == start:
                yield from ends(target)

    return {(start, end) for start in states for end in ends(start)}


CALL_ARROWS: Final = arrows_of("The life of a call")
ALERT_ARROWS: Final = arrows_of("The life of an alert")


@pytest.mark.parametrize(
    ("arrows", "states", "last"),
    [
        (CALL_ARROWS, {*CallState}, {state for state in CallState if state.is_over}),
        (
            ALERT_ARROWS,
            {*AlertStatus},
            {*AlertStatus} - ACTIVE - {AlertStatus.IDLE},
        ),
    ],
    ids=["call", "alert"],
)
def test_diagram_has_each_state(arrows: set[Edge], states: set[str], last: set[str]) -> None:
    """A diagram has the states of the code, and ends in its final ones."""
    # A node that is no state has a name of its own, and leads somewhere.
    nodes = {node for arrow in arrows for node in arrow} - {OUTSIDE, "over", "unclear"}
    assert nodes == set(map(str, states))
    assert {start for start, end in arrows if end == OUTSIDE} == set(map(str, last))
    assert {start for start, end in arrows if start in last and end != OUTSIDE} == set()


def statuses() -> Iterator[CallStatus | None]:
    """Yield the statuses that a poll may bring."""
    yield None
    for origin, destination in product([None, *LegState], repeat=2):
        legs = [CallLeg("word", leg) if leg else None for leg in (origin, destination)]
        yield CallStatus(tuple(leg for leg in legs if leg), *legs)


def calls() -> Iterator[Call]:
    """Yield calls whose request was accepted, or whose response was lost."""
    pair = NumberPair(PhoneNumber("554130600300"), PhoneNumber("5541999990000"))
    reply = AcceptedRequest("id", "000", RedactedText(""))
    for is_reversed, answer in product([False, True], [reply, None]):
        call = Call(call_id="1", pair=pair, recorded=False, ring_destination_first=is_reversed)
        call = state_machine.send_request(call, 0, 0)
        yield state_machine.end_request(
            call, answer, 1, 1, replaces_another=False, may_show_another=False
        )[0]


def ways(call: Call, seconds: float, polls: int) -> Iterator[Edge]:
    """Yield the changes of a call's state, whatever the next polls bring, and until it is lost."""
    lost, states = state_machine.finish(call, CallState.UNKNOWN, seconds)
    yield from steps(call, states)
    if not polls or lost is call:
        return
    # Polls are missed, too.
    for status, pause in product(statuses(), [3, 30]):
        now = seconds + pause
        after, states = state_machine.observe(call, status, now, now)
        yield from steps(call, states)
        if after.state is not call.state:
            yield from ways(after, now, polls - 1)


def steps(call: Call, states: tuple[CallState, ...]) -> Iterator[Edge]:
    """Yield the changes from one state to the next."""
    way = [call.state or OUTSIDE, *states]
    yield from zip(map(str, way), map(str, states), strict=False)


def test_diagram_of_a_call_has_each_way() -> None:
    """An arrow of the diagram is a change that the rules make, and each change has an arrow."""
    taken = {edge for call in calls() for edge in ways(call, 1, 3)}
    # A call is accepted before its first poll.
    taken.add((OUTSIDE, CallState.PLACED))
    drawn = between({OUTSIDE, *CallState}, CALL_ARROWS)
    assert {edge for edge in drawn if edge[1] != OUTSIDE} == taken


@pytest.mark.usefixtures("no_pauses")
async def test_diagram_of_an_alert_has_each_way(
    home: HomeAssistant, simulator: Simulator, line: Proxy, freezer: FrozenDateTimeFactory
) -> None:
    """An arrow of the diagram is a change that an alert makes, and each change has an arrow."""
    minute = {"minutes": 1}
    alerts = {ALERT: alert_data(how={"rounds": 2, "pause": minute}, keep_trying=minute)}
    account = make_account(simulator, data={CONF_URL: line.url}, contacts=NAMES, alerts=alerts)
    await set_up(home, account)
    watch = Watch(home, simulator)

    async def wait_for(status: AlertStatus) -> None:
        for _ in range(60):
            if watch.statuses[-1][1] == status:
                return
            await watch_for(home, freezer, 10, step=5)
        pytest.fail(f"The alert is never {status}: {watch.statuses}")

    await raise_alert(home)
    await wait_for(AlertStatus.UNACKNOWLEDGED)
    await line.stop()
    await raise_alert(home)
    await wait_for(AlertStatus.WAITING_FOR_CONNECTION)
    await line.start()
    await wait_for(AlertStatus.PAUSING)
    await perform(home, "acknowledge_alert", {})
    await line.stop()
    await raise_alert(home)
    await wait_for(AlertStatus.PAUSING)
    await perform(home, "cancel_alert", {})

    entered = [status for _, status in watch.statuses]
    # The diagram does not show that an alert that has ended is raised again.
    taken = {edge for edge in pairwise(entered) if edge[0] in ACTIVE} | {("idle", entered[0])}
    arrows = between({OUTSIDE, *AlertStatus}, ALERT_ARROWS)
    drawn = {edge for edge in arrows if OUTSIDE not in edge}
    # Each active alert may end in each way.
    ends = set(product(ACTIVE, {*AlertStatus} - ACTIVE - {AlertStatus.IDLE}))
    assert drawn - ends == taken - ends
    assert drawn >= ends


def test_layers_are_those_that_are_checked() -> None:
    """The layers in the text are those that import-linter checks."""
    [text] = re.findall(r"^```text\n(.*?)^```", ARCHITECTURE, re.MULTILINE | re.DOTALL)
    named = [set(re.findall(r"\w+", layer)) for layer in reversed(text.split("<-"))]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [checked] = [
        [set(layer.split(" | ")) for layer in contract["layers"]]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["custom_components.directcall"]
    ]
    named[0] -= {"__init__"}
    named[1] = named[1] - {"platforms"} | PLATFORMS
    assert named == checked


def test_every_module_is_named() -> None:
    """CONTRIBUTING.md says what each module and package of the integration is for."""
    paths = {f"{file.parent.name}/" for file in INTEGRATION.glob("*/__init__.py")}
    paths |= {file.name for file in INTEGRATION.glob("[a-z]*.py")}
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = "\n".join(re.findall(r"^\| `.*$", text.partition("| Path |")[2], re.MULTILINE))
    assert paths - set(re.findall(r"`([\w/.]+)`", table)) == set()
