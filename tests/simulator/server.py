"""The simulated provider: accounts, tokens, and what reached the telephone network."""

import asyncio
import base64
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
import json
import math
import re
import secrets
import ssl
import time
from typing import Final
import uuid

from aiohttp import web
from aiohttp.typedefs import Handler

from .balance import balance_response
from .http import json_response, read_form, read_parts, send_reply, with_blanks, xml_response
from .messages import Message, read_message
from .models import ACCOUNT, BalanceShape, NetworkCall, Quirks, Rejection, Reply, TokenShape
from .recordings import Oddity, Recording, find
from .telephones import OUTAGE, RETURN_CODES, Behaviour, Line, behaviour, refusal

# A country code, an area code and a number; or a number in the provider's SIP network.
_NUMBER: Final = re.compile(r"[1-9][0-9]{9,14}|ip[1-9][0-9]{9,10}")
_MOMENT: Final = re.compile(r"20[0-9]{2}(-[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}")
_OK: Final = {"api": "voz", "status": "ok", "codigo": "000"}
# More than the audio that it takes, so that it can say no to it.
_LONGEST_REQUEST: Final = 8_000_000
_YES_OR_NO: Final = ("gravar", "cli", "inverter_discagem")


@dataclass
class Simulator:
    """A provider on loopback."""

    quirks: Quirks = field(default_factory=Quirks)
    secrets: dict[str, str] = field(default_factory=lambda: dict([ACCOUNT]))
    """The secret of each client id."""
    calls: list[NetworkCall] = field(default_factory=list)
    """The calls that reached the telephone network."""
    requests: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Number of requests for each endpoint."""
    messages: list[Message] = field(default_factory=list)
    """The messages that were accepted."""
    recordings: list[Recording] = field(default_factory=list)
    """The recordings of calls, including calls in progress."""
    searches: list[dict[str, str]] = field(default_factory=list)
    """The fields of each form that asked for recordings, without the token."""
    queries: list[dict[str, str]] = field(default_factory=list)
    """The fields of each URL that asked for a call or a message, or ended it."""
    tokens: list[str] = field(default_factory=list)
    """The tokens that it gave."""
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    """Events for which the finished responses of an endpoint wait."""
    on_call: Callable[[NetworkCall], None] | None = None
    on_message: Callable[[Message], None] | None = None
    port: int = 0
    ssl_context: ssl.SSLContext | None = None
    """None for plain HTTP."""

    def __post_init__(self) -> None:
        """Start with no tokens, no connection and nothing scripted."""
        self._tokens: dict[str, float] = {}
        self._script: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self._runner: web.AppRunner | None = None
        self._stopping = asyncio.Event()

    async def _wait(self, seconds: float) -> None:
        """Wait, but not beyond the end of the simulator."""
        if seconds:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stopping.wait()

    @property
    def url(self) -> str:
        """Return the address of the API."""
        return f"{'https' if self.ssl_context else 'http'}://127.0.0.1:{self.port}"

    def reply(self, endpoint: str, *replies: Reply) -> None:
        """Use this response for the next requests to an endpoint."""
        self._script[endpoint].extend(replies)

    def hold(self, endpoint: str) -> asyncio.Event:
        """Hold back the answers of an endpoint, each made at once, until the event is set."""
        self.held[endpoint] = asyncio.Event()
        return self.held[endpoint]

    @property
    def connections(self) -> int:
        """Return how many connections are open."""
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    def forget_replies(self, endpoint: str) -> None:
        """Answer an endpoint's requests as the provider again."""
        self._script[endpoint].clear()

    def accept(self, token: str) -> None:
        """Accept a token that was not given."""
        self._tokens[token] = time.monotonic() + self.quirks.token_lifetime

    def end_tokens(self) -> None:
        """Accept no token given so far."""
        self._tokens.clear()

    async def start(self) -> None:
        """Listen on loopback, on a free port if none is set."""
        self._stopping.clear()
        app = web.Application(middlewares=[self._middleware], client_max_size=_LONGEST_REQUEST)
        app.router.add_route("*", "/request_token", self._request_token)
        app.router.add_route("*", "/voz/call", self._place_call)
        app.router.add_route("*", "/voz/status", self._call_status)
        app.router.add_route("*", "/voz/end", self._end_call)
        app.router.add_route("*", "/sms/send", self._send_message)
        app.router.add_route("*", "/sms/status", self._message_status)
        app.router.add_route("*", "/sms/remove", self._cancel_message)
        app.router.add_route("*", "/extrato/list-recordings", self._list_recordings)
        app.router.add_route("*", "/extrato/list", self._list_recordings)
        app.router.add_route("*", "/sms/recebimento", self._list_replies)
        app.router.add_route("*", "/extrato/saldo", self._tell_balance)
        app.router.add_route("GET", "/extrato/gravacao/id/{key}", self._play_recording)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.ssl_context)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening, and close all connections."""
        self._stopping.set()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count a request, and answer as a test or the telephone wants it."""
        endpoint = request.path.removeprefix("/")
        self.requests[endpoint] += 1
        reply = self._script[endpoint].popleft() if self._script[endpoint] else None
        response = None if reply else await handler(request)
        await request.read()
        if isinstance(response, web.Response) and await self._is_for_xml(request):
            response = xml_response(response)
        if held := self.held.get(endpoint):
            await held.wait()
        return response or await send_reply(request, reply or Reply())

    async def _is_for_xml(self, request: web.Request) -> bool:
        """Return if a list or the balance is to be XML instead of JSON."""
        form = await read_form(request) if request.path.startswith("/extrato/") else {}
        return any(form.get(name) == "XML" for name in self.quirks.format_names)

    async def _request_token(self, request: web.Request) -> web.StreamResponse:
        """Give a token for the right credentials."""
        form = await read_form(request)
        await self._wait(self.quirks.token_delay)
        client_id = form.get("client_id", "")
        if not client_id or self.secrets.get(client_id) != form.get("client_secret"):
            return self._reject_credentials()
        token = self._new_token(client_id)
        self.tokens.append(token)
        if self.quirks.ends_older_tokens:
            self.end_tokens()
        self.accept(token)
        answer: dict[str, object] = {"access_token": token}
        if self.quirks.expires_in:
            answer["expires_in"] = self.quirks.token_lifetime
        return json_response(answer)

    def _new_token(self, client_id: str) -> str:
        """Return a token that was never used before."""
        if self.quirks.token_shape is TokenShape.OPAQUE:
            return secrets.token_hex(20)
        # The provider's clock is its own: it must not be compared with another.
        issued = 1_500_000_000
        parts = (
            {"typ": "JWT", "alg": "HS256"},
            {
                "iat": issued,
                "nbf": issued,
                "exp": issued + self.quirks.token_lifetime,
                "iss": "simulator",
                "aud": client_id,
            },
        )
        encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()) for p in parts]
        return ".".join([*(e.decode().rstrip("=") for e in encoded), secrets.token_urlsafe(32)])

    def _reject_credentials(self) -> web.StreamResponse:
        """Answer that the credentials are wrong."""
        answer = json_response({"access_token": False, "msg": "Client Secret incorreto"})
        return self._reject(answer, 400, "invalid_client", "The client credentials are invalid")

    def _reject_token(self) -> web.StreamResponse:
        """Answer that the token is not accepted."""
        answer = self._refuse("006")
        return self._reject(answer, 401, "invalid_token", "The access token has expired")

    def _reject(
        self, by_code: web.StreamResponse, status: int, error: str, description: str
    ) -> web.StreamResponse:
        """Answer as clients met it: in the provider's own way, in OAuth's, or with HTTP alone."""
        match self.quirks.rejection:
            case Rejection.CODE:
                return by_code
            case Rejection.OAUTH:
                return json_response({"error": error, "error_description": description}, status)
            case Rejection.HTTP_401:
                return web.Response(status=401, text="<h1>Unauthorized</h1>")

    def _refuse(
        self, code: str, message: str | None = None, module: str = "chamar", api: str = "voz"
    ) -> web.StreamResponse:
        """Refuse with a code and its documented text, unless another one is given."""
        return json_response(
            {
                "api": api,
                "modulo": module,
                "status": "erro",
                "codigo": code,
                "msg": message or RETURN_CODES[code],
            },
            self.quirks.error_status,
        )

    async def _place_call(self, request: web.Request) -> web.StreamResponse:
        """Join two telephones, if all is as the documentation wants it."""
        form = await read_form(request)
        if rejection := await self._check_token(form):
            return rejection
        origin, destination = form.get("origem", ""), form.get("destino", "")
        if (
            not _NUMBER.fullmatch(origin)
            or not _NUMBER.fullmatch(destination)
            or any(form.get(name, "n") not in {"s", "n"} for name in _YES_OR_NO)
        ):
            return self._refuse("001")
        if code := refusal(destination):
            await self._wait(self.quirks.call_delay)
            return self._refuse(code)
        first, second = origin, destination
        if form.get("inverter_discagem") == "s":
            first, second = destination, origin
        line = Line(first, second, time.monotonic(), self.quirks.haste)
        recorded = form.get("gravar") == "s"
        call = NetworkCall(origin, destination, first, recorded, form, line, str(uuid.uuid4()))
        self.calls.append(call)
        if recorded:
            recording = Recording(origin, destination, call.call_id, line=line)
            if self.quirks.links_by_call_id:
                recording.key = base64.b64encode(call.call_id.encode()).decode()
            self.recordings.append(recording)
        if self.on_call:
            self.on_call(call)
        await self._wait(self.quirks.call_delay)
        return await self._answer_call(request, call)

    def _query(self, request: web.Request) -> dict[str, str]:
        """Return the fields of a URL, which are read for GET alone, and without a form."""
        is_get = request.method == "GET" and not request.can_read_body
        fields = dict(request.query) if is_get else {}
        self.queries.append(fields)
        return fields

    async def _check_token(self, fields: Mapping[str, str]) -> web.StreamResponse | None:
        """Return a refusal if the token is invalid, or None."""
        token = fields.get("access_token")
        if not token:
            return self._refuse("001", "token não informado")
        if self._tokens.get(token, 0) > time.monotonic():
            return None
        if self.quirks.rejection_delays:
            await self._wait(self.quirks.rejection_delays.popleft())
        return self._reject_token()

    def _active_call(self, fields: Mapping[str, str]) -> NetworkCall | None:
        """Return the newest call in progress between two numbers."""
        pair = fields.get("origem"), fields.get("destino")
        for call in reversed(self.calls):
            if (call.origin, call.destination) == pair and call.line.legs():
                return call
        return None

    async def _call_status(self, request: web.Request) -> web.StreamResponse:
        """Return the status of a call in progress."""
        fields = self._query(request)
        if rejection := await self._check_token(fields):
            return rejection
        await self._wait(self.quirks.status_delay)
        call = self._active_call(fields)
        legs = call.line.legs() if call else None
        if call is None or legs is None:
            return self._refuse("003", module="status")
        outage = behaviour(call.destination) is Behaviour.WITHOUT_STATUS
        if outage and time.monotonic() - call.line.started < OUTAGE:
            return web.Response(status=503, text="<h1>Service Unavailable</h1>")
        entries = [
            {
                "telefone": written,
                "status": legs[number],
                "inicio": "2013-02-21 18:28:14",
                "duracao": "00:00:00",
            }
            for number, written in (
                (call.origin, with_blanks(call.origin)),
                (call.destination, with_blanks(call.destination.removeprefix("55"))),
            )
            if number in legs
        ]
        return json_response({**_OK, "modulo": "status", "msg": entries})

    async def _end_call(self, request: web.Request) -> web.StreamResponse:
        """Hang up a call in progress."""
        fields = self._query(request)
        if rejection := await self._check_token(fields):
            return rejection
        await self._wait(self.quirks.end_delay)
        call = self._active_call(fields)
        if call is None:
            return self._refuse("003", module="end")
        if behaviour(call.destination) is Behaviour.CANNOT_BE_ENDED:
            return self._refuse("004", module="end")
        call.line.ended = True
        return json_response({**_OK, "modulo": "end", "msg": "Chamada finalizada."})

    async def _send_message(self, request: web.Request) -> web.StreamResponse:
        """Speak to telephones or write to them, if all is as the documentation wants it."""
        form, audio = await read_form(request), None
        if request.method == "POST" and request.content_type == "multipart/form-data":
            form, audio = await read_parts(request)
        if rejection := await self._check_token(form):
            return rejection
        message = read_message(form, audio)
        if message is None:
            return self._refuse("001", module="enviar", api="sms")
        for number in message.destinations:
            if code := refusal(number):
                return self._refuse(code, module="enviar", api="sms")
        self.messages.append(message)
        if self.on_message:
            self.on_message(message)
        await self._wait(self.quirks.call_delay)
        telephone = behaviour(message.destinations[0])
        if failure := await self._fail_to_answer(request, telephone):
            return failure
        # As it was seen in 2018, with a number where text is to be expected, and a misleading code.
        answer = {
            **_OK,
            "api": "sms",
            "modulo": "enviar",
            "msg": f"001 - Mensagem enviada com sucessso - CALLER-ID: {message.message_id}",
            "destino": message.destinations,
            "callerid": message.message_id,
            "detalhe": [
                {"destino": number, "id_mensagem": int(message.message_id)}
                for number in message.destinations
            ],
        }
        if telephone is Behaviour.WITHOUT_ID:
            del answer["callerid"]
        return json_response(answer)

    def _message(self, fields: Mapping[str, str]) -> Message | None:
        """Return the message with an id."""
        return next((m for m in self.messages if m.message_id == fields.get("code")), None)

    async def _message_status(self, request: web.Request) -> web.StreamResponse:
        """Return the status of a message, in invented words."""
        fields = self._query(request)
        if rejection := await self._check_token(fields):
            return rejection
        message = self._message(fields)
        if message is None:
            return self._refuse("009", module="status", api="sms")
        waits = "cron" in message.form
        text = "Cancelada" if message.cancelled else "Agendada" if waits else "Entregue"
        return json_response({**_OK, "api": "sms", "modulo": "status", "msg": text})

    async def _cancel_message(self, request: web.Request) -> web.StreamResponse:
        """Cancel a message that is scheduled."""
        fields = self._query(request)
        if rejection := await self._check_token(fields):
            return rejection
        message = self._message(fields)
        if message is None or message.cancelled or "cron" not in message.form:
            return self._refuse("010", module="remove", api="sms")
        message.cancelled = True
        return json_response(
            {**_OK, "api": "sms", "modulo": "remove", "msg": "Mensagem cancelada."}
        )

    async def _list_recordings(self, request: web.Request) -> web.StreamResponse:
        """List the recordings of calls that are over, a page of them."""
        is_of_calls = request.path == "/extrato/list"
        if is_of_calls and not self.quirks.lists_calls:
            raise web.HTTPNotFound
        form = await read_form(request)
        if rejection := await self._check_token(form):
            return rejection
        await self._wait(self.quirks.list_delay)
        self.searches.append({k: v for k, v in form.items() if k != "access_token"})
        if self.quirks.ignores_call_id:
            form.pop("callerid", None)
        found = find(self.recordings, form, by_end=self.quirks.searches_by_end)
        page = form.get("pagina", "1")
        if found is None or not page.isdecimal():
            return self._refuse("001", module="list-recordings", api="extrato")
        size = self.quirks.page_size
        start = (int(page) - 1) * size
        entries = found[start : start + size]
        if any(recording.oddity is Oddity.ON_FAILING_PAGE for recording in entries):
            return web.Response(status=502, text="<h1>Bad Gateway</h1>")
        answer: dict[str, object] = {
            **_OK,
            "api": "extrato",
            "modulo": "list-recordings",
            "msg": [recording.entry(self.url, with_id=is_of_calls) for recording in entries],
        }
        if self.quirks.says_pages:
            answer["paginas"] = max(1, math.ceil(len(found) / size))
        return json_response(answer)

    async def _list_replies(self, request: web.Request) -> web.StreamResponse:
        """List the SMS that were received: one."""
        form = await read_form(request)
        if not self.quirks.lists_calls:
            raise web.HTTPNotFound
        if rejection := await self._check_token(form):
            return rejection
        if not all(_MOMENT.fullmatch(form.get(name, "")) for name in ("data_inicio", "data_fim")):
            return self._refuse("001", module="recebimento", api="sms")
        reply = {
            "origem": "5541987654321",
            "destino": "5541912348765",
            "texto": "Maria: já vi",
            "dataHora": "2026-01-31 08:30:00",
        }
        return json_response({**_OK, "api": "sms", "modulo": "recebimento", "msg": [reply]})

    async def _tell_balance(self, request: web.Request) -> web.StreamResponse:
        """Tell what is left on the account, if it is told at all."""
        form = await read_form(request)
        if self.quirks.balance_shape is not BalanceShape.UNKNOWN_METHOD and (
            rejection := await self._check_token(form)
        ):
            return rejection
        return balance_response(self.quirks.balance_shape, self.quirks.balance)

    async def _play_recording(self, request: web.Request) -> web.StreamResponse:
        """Send the audio of a recording for its link, without a token."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.quirks.audio_delay):
                await self._stopping.wait()
        key = request.match_info["key"]
        recording = next((r for r in self.recordings if r.key == key), None)
        if recording is None or recording.oddity is Oddity.EXPIRED:
            return web.Response(status=404, text="<h1>Not Found</h1>", content_type="text/html")
        if recording.oddity is Oddity.REDIRECTS_INTO_THE_HOME:
            return web.Response(status=302, headers={"Location": "http://192.168.0.1/"})
        headers = {"Content-Type": self.quirks.audio_type} if self.quirks.audio_type else {}
        if not self.quirks.knows_length or self.quirks.packs_audio:
            return await self._stream(request, recording, headers)
        start, stop = 0, recording.size
        wanted = request.http_range if self.quirks.knows_ranges else slice(None)
        if self.quirks.knows_ranges:
            headers["Accept-Ranges"] = "bytes"
        if (wanted.start, wanted.stop) != (None, None):
            start, stop, _ = wanted.indices(recording.size)
            total = f"/{recording.size}"
            if start >= stop:
                return web.Response(status=416, headers={"Content-Range": f"bytes *{total}"})
            headers["Content-Range"] = f"bytes {start}-{stop - 1}{total}"
        response = web.StreamResponse(
            status=206 if "Content-Range" in headers else 200, headers=headers
        )
        response.content_length = stop - start
        await response.prepare(request)
        for block in recording.blocks(start, stop):
            await response.write(block)
        return response

    async def _stream(
        self, request: web.Request, recording: Recording, headers: dict[str, str]
    ) -> web.StreamResponse:
        """Send audio without saying how long it is."""
        response = web.StreamResponse(headers=headers)
        response.enable_chunked_encoding()
        if self.quirks.packs_audio:
            response.enable_compression(web.ContentCoding.gzip)
        await response.prepare(request)
        for block in recording.blocks(0, recording.size):
            await response.write(block)
        return response

    async def _fail_to_answer(
        self, request: web.Request, telephone: Behaviour
    ) -> web.StreamResponse | None:
        """Fail to report the result, if the telephone is configured so."""
        match telephone:
            case Behaviour.DROPS_CONNECTION:
                return await send_reply(request, Reply(drop=True))
            case Behaviour.SERVER_ERROR:
                return await send_reply(
                    request, Reply(b"<h1>Internal Server Error</h1>", 500, "text/html")
                )
            case Behaviour.NEVER_ANSWERS:
                await self._stopping.wait()
                return await send_reply(request, Reply(drop=True))
        return None

    async def _answer_call(self, request: web.Request, call: NetworkCall) -> web.StreamResponse:
        """Report a placed call, or fail to."""
        telephone = behaviour(call.destination)
        if failure := await self._fail_to_answer(request, telephone):
            return failure
        answer = {
            **_OK,
            "modulo": "chamar",
            "msg": "Completando a sua ligação, por favor aguarde!",
            "callerid": call.call_id,
        }
        if telephone is Behaviour.WITHOUT_ID:
            del answer["callerid"]
        return json_response(answer)
