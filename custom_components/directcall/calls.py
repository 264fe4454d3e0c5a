"""Place calls, once each, and hang them up."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ulid import ulid_now

from .api import (
    CallRequest,
    EndedCall,
    NotActiveError,
    NumberPair,
    OutcomeUnknownError,
    PlacedCall,
    RequestScope,
    Token,
)
from .billing import DEADLINE, BilledRequest, async_execute_billed
from .const import CONF_RECORD, CONF_RING_DESTINATION_FIRST, CONF_SHOW_CALLER_ID, DOMAIN
from .coordinator import DirectcallCoordinator
from .credit import Billed, async_clear_no_credit
from .following import FollowedCalls
from .progress import Call

_LOGGER = logging.getLogger(__name__)

# Seconds that an alarm waits to hear whether its pair is live. If that cannot be had, it rings.
_PATIENCE: Final = 5
# Seconds until a call that may not be up yet is asked to be ended again.
_UNTIL_UP: Final = 2


@dataclass(eq=False)
class Placing:
    """A call that was asked for, and what came of that."""

    call: Call
    placed: PlacedCall | None = None
    """The provider's word that it accepted the call."""
    doubt: HomeAssistantError | None = None
    """Why it is not known whether it was placed."""

    async def async_wait(self, seconds: float) -> None:
        """Wait until the destination answers or can no longer, at most for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.call.decided.wait()

    def check(self) -> None:
        """Raise HomeAssistantError as long as it is not known whether the call was placed."""
        if self.doubt and not self.call.is_accepted:
            raise self.doubt


class Calls:
    """What places and ends the calls of an account."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Start without a call."""
        self._hass = hass
        self.followed: Final = FollowedCalls(hass, entry_id)
        self._requests: dict[NumberPair, BilledRequest[None]] = {}
        self._hang_ups: dict[
            tuple[NumberPair, Call | None], asyncio.Task[EndedCall | HomeAssistantError]
        ] = {}

    async def async_place(
        self, coordinator: DirectcallCoordinator, request: CallRequest, contact: str | None
    ) -> Placing:
        """Place a call to a contact or somebody else, and follow it.

        It is also followed where it is not known whether it was placed.

        Raise ServiceValidationError if there is a call between the two telephones already, and
        HomeAssistantError if this one surely was not placed.
        """
        await self._async_guard(coordinator, request.pair)
        call = Call(
            request.pair, request.record, request.ring_destination_first, ulid_now(), contact
        )
        placing = Placing(call)
        billed = BilledRequest(
            self._hass,
            self.followed.entry_id,
            partial(self._async_request, coordinator, request, placing),
        )
        self._requests[request.pair] = billed
        billed.add_done_callback(lambda: self._requests.pop(request.pair))
        await billed.async_wait()
        return placing

    async def _async_guard(self, coordinator: DirectcallCoordinator, pair: NumberPair) -> None:
        """Raise if there surely is a call between two telephones. When in doubt, ring."""
        looked_at: Call | None = None
        waited_for: asyncio.Task[EndedCall | HomeAssistantError] | None = None
        while True:
            await self._async_wait_for_request(pair)
            call = self.followed.get(pair)
            hang_up = self._hang_ups.get((pair, call))
            if hang_up and hang_up is not waited_for:
                await asyncio.wait([hang_up], timeout=_PATIENCE)
                waited_for = hang_up
                continue
            # A call that is being hung up may be over any moment: it is none that surely is there.
            if hang_up or call is None or call is looked_at:
                return
            if call.is_new or await self._async_is_live(coordinator, call):
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="call_in_progress",
                    translation_placeholders={"number": str(pair.destination)},
                )
            looked_at = call

    async def _async_wait_for_request(self, pair: NumberPair) -> None:
        """Wait until no request for a call between two telephones is under way."""
        while under_way := self._requests.get(pair):
            await under_way.async_wait_for_end()

    async def _async_is_live(self, coordinator: DirectcallCoordinator, call: Call) -> bool:
        """Look now whether a call is live."""
        try:
            async with asyncio.timeout(_PATIENCE):
                status = await self.followed.async_look(coordinator, call)
        except HomeAssistantError, TimeoutError:
            return False
        except Exception:
            # A fault of ours must not hold back an alarm.
            _LOGGER.exception("Unexpected error while looking at a call")
            return False
        # A telephone may linger in a call that the look showed to be over.
        return status is not None and status.is_live and not call.is_over

    async def _async_request(
        self,
        coordinator: DirectcallCoordinator,
        request: CallRequest,
        placing: Placing,
        scope: RequestScope,
    ) -> None:
        """Request a call, and record the answer.

        Raise HomeAssistantError if it surely was not placed.
        """

        async def operation(token: Token) -> PlacedCall:
            self.followed.async_expect(placing.call)
            return await coordinator.client.place_call(token, request, scope)

        try:
            placing.placed = await async_execute_billed(coordinator, Billed.CALLS, scope, operation)
        except HomeAssistantError as err:
            if not isinstance(err.__cause__, OutcomeUnknownError):
                self.followed.async_give_up(placing.call)
                raise
            placing.doubt = err
        except Exception:
            # A fault of ours: it may ring.
            self.followed.async_follow(placing.call, accepted=False)
            raise
        else:
            placing.call.provider_id = placing.placed.provider_id
        self.followed.async_follow(placing.call, accepted=placing.placed is not None)

    async def async_hang_up(
        self, coordinator: DirectcallCoordinator, pair: NumberPair
    ) -> EndedCall:
        """Hang up the call between two telephones, whoever placed it.

        Raise ServiceValidationError if there is none, HomeAssistantError if it fails.
        """
        await self._async_wait_for_request(pair)
        key = pair, self.followed.get(pair)
        if key not in self._hang_ups:
            task = self._hass.async_create_background_task(
                self._async_hang_up(coordinator, *key), f"{DOMAIN} hang up", eager_start=False
            )
            self._hang_ups[key] = task
            task.add_done_callback(lambda _: self._hang_ups.pop(key))
        task = self._hang_ups[key]
        await asyncio.wait([task])
        result = task.result()
        if isinstance(result, HomeAssistantError):
            raise result
        return result

    async def _async_hang_up(
        self, coordinator: DirectcallCoordinator, pair: NumberPair, call: Call | None
    ) -> EndedCall | HomeAssistantError:
        """Hang up, and take note of what came.

        An error is returned, not raised: nobody may be there any more to take it.
        """
        scope = RequestScope(DEADLINE)
        while True:
            try:
                ended = await coordinator.async_execute(
                    lambda token: coordinator.client.end_call(token, pair, scope), scope
                )
            except HomeAssistantError as err:
                if not isinstance(err.__cause__, NotActiveError):
                    return err
            else:
                if call:
                    self.followed.async_hung_up(call)
                return ended
            if call:
                self.followed.async_observe(call, None)
            if call and not call.is_over:
                # It may not be up yet, and would ring though somebody hung up.
                await asyncio.sleep(_UNTIL_UP)
            # What would be hung up now may be another call, which somebody wants.
            if call is None or call.is_over or pair in self._requests:
                return _no_active_call()

    async def async_hang_up_all(self, coordinator: DirectcallCoordinator) -> None:
        """Hang up every call that was placed here and is not over, or may have been placed.

        Raise ServiceValidationError if there is none, HomeAssistantError if one fails.
        """
        pairs = {*self.followed.pairs, *self._requests}
        if not pairs:
            raise _no_active_call()
        results = await asyncio.gather(
            *(self.async_hang_up(coordinator, pair) for pair in pairs), return_exceptions=True
        )
        errors = [result for result in results if isinstance(result, BaseException)]
        # What was over before it could be hung up is no matter, unless all of it was.
        if serious := [err for err in errors if not isinstance(err, ServiceValidationError)]:
            raise serious[0]
        if len(errors) == len(pairs):
            raise errors[0]


DATA_CALLS: Final[HassKey[dict[str, Calls]]] = HassKey(f"{DOMAIN}_calls")


@callback
def async_get_calls(hass: HomeAssistant, entry_id: str) -> Calls:
    """Return the calls of an account, which outlive its reloads."""
    accounts = hass.data.setdefault(DATA_CALLS, {})
    if entry_id not in accounts:
        accounts[entry_id] = Calls(hass, entry_id)
    return accounts[entry_id]


async def async_remove_calls(hass: HomeAssistant, entry_id: str) -> None:
    """Forget the calls of an account that is gone."""
    followed = async_get_calls(hass, entry_id).followed
    del hass.data[DATA_CALLS][entry_id]
    for billed in Billed:
        async_clear_no_credit(hass, entry_id, billed)
    await followed.async_remove()


def request_call(pair: NumberPair, preferences: Mapping[str, Any]) -> CallRequest:
    """Return a request for a call between two telephones, with an account's options or others."""
    return CallRequest(
        pair=pair,
        record=preferences[CONF_RECORD],
        show_caller_id=preferences[CONF_SHOW_CALLER_ID],
        ring_destination_first=preferences[CONF_RING_DESTINATION_FIRST],
    )


def _no_active_call() -> ServiceValidationError:
    """Return the error that there is nothing to hang up."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="no_active_call")
