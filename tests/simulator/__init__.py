"""Simulator of Directcall: the documented API over real HTTP on loopback, with its traps.

Run it alone, after scripts/setup, with `.venv/bin/python -m tests.simulator --port 8124`. The
account is `demo@example.com` with the secret `012345`:

    curl http://127.0.0.1:8124/request_token -d client_id=demo@example.com -d client_secret=012345
    curl http://127.0.0.1:8124/voz/call -d access_token=TOKEN \
        -d origem=554130600300 -d destino=5541999990000 -d gravar=s

The last four digits of the destination decide the provider's behaviour:

    0 and a return code   the provider refuses with that code: 0201 no credit left, 0102 none
                          left of this kind, 0100 a problem with billing, 0002 the request failed,
                          0006 the token is not accepted, 0200 no such user, and so on
    9001                  the call is placed, and the connection drops before the response
    9002                  the call is placed, and the response is HTTP 500 without a readable word
    9003                  the call is placed, and the response never comes
    9004                  the call is placed, and the response has no id of the call
    9005                  the call is placed, and its status is not available in its first 40 s
    9006                  the call is placed, and cannot be ended through the provider
    anything else         the call is placed

Then the telephones ring in turn. The last four digits of each number, also of the origin, decide
the telephone's behaviour:

    7001                  is busy
    7002                  rings for 30 s, and is not answered
    7003                  rings, and is declined
    7004                  is answered after 5 s, and hangs up 10 s later
    7005                  rings for 30 s with an undocumented word as its status
    7006                  cannot be reached
    anything else         is answered after 5 s, and talks until the other one hangs up

`/sms/send` speaks to up to ten telephones (`tipo=voz`, a text or an MP3) or writes to them. The
first row of codes above counts for each of them, 9001 to 9004 for the first one. `/sms/status` and
`/sms/remove` know a message by its id, and their texts are invented. Only a scheduled message
(`cron`) can be cancelled.

`/extrato/list-recordings` lists the recordings of calls that were to be recorded (`gravar=s`), are
over, and had a conversation: a tone in a WAV file. The last four digits of the destination decide
its fault:

    8001                  it has no link
    8002                  its link points into a home's network
    8003                  its link leads to a redirect that points there
    8004                  its link has expired
    8005                  its page of the list is not available

`/voz/status` has the status of a call while it lasts, with the provider's blanks in the numbers,
and the destination's without country code. Before the first telephone rings (1 s), and once the
call is over, its response is that no call is active, as that of `/voz/end`.

`/extrato/saldo` is an unknown method, unless `--balance` chooses the shape of its response.
`/extrato/list` (calls) and `/sms/recebimento` (received SMS) are unknown methods, too, unless a
test chooses that they exist. Lists and the balance are XML for a request that wants it.

It is as strict as the real one is known to be: POST and forms only (multipart with audio), except
GET only to query a call or a message or end it; digits with country and area code or `ip` numbers
only; a text of 700 characters or an MP3 of 4 MB at most; credentials and tokens checked. `Quirks`
has the choices where the behaviour of the real one is unknown.
"""

from .messages import Message
from .models import ACCOUNT, BalanceShape, NetworkCall, Quirks, Rejection, Reply, TokenShape
from .recordings import Recording
from .server import Simulator

__all__ = [
    "ACCOUNT",
    "BalanceShape",
    "Message",
    "NetworkCall",
    "Quirks",
    "Recording",
    "Rejection",
    "Reply",
    "Simulator",
    "TokenShape",
]
