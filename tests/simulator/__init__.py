"""Simulator of Directcall: the documented API over real HTTP on loopback, with its traps.

Run it alone, after scripts/setup, with `.venv/bin/python -m tests.simulator --port 8124`. The
account is `demo@example.com` with the secret `012345`:

    curl http://127.0.0.1:8124/request_token -d client_id=demo@example.com -d client_secret=012345
    curl http://127.0.0.1:8124/voz/call -d access_token=TOKEN \
        -d origem=554130600300 -d destino=5541999990000 -d gravar=s

How a call goes is up to the last four digits of its destination:

    0 and a return code   the provider refuses with that code: 0201 no credit left, 0102 none
                          left of this kind, 0100 a problem with billing, 0002 the request failed,
                          0006 the token is not accepted, 0200 no such user, and so on
    9001                  the call is placed, and the connection drops before the answer
    9002                  the call is placed, and the answer is HTTP 500 without a readable word
    9003                  the call is placed, and the answer never comes
    9004                  the call is placed, and the answer has no id of the call
    9005                  the call is placed, and its status is not available in its first 40 s
    9006                  the call is placed, and cannot be ended through the provider
    anything else         the call is placed

Then the telephones ring in turn, and what each does is up to its own last four digits, the origin's
as well as the destination's:

    7001                  is busy
    7002                  rings for 30 s, and nobody answers
    7003                  rings, and somebody declines
    7004                  is answered after 5 s, and hangs up 10 s later
    7005                  rings for 30 s while the provider says a word that nobody documented
    7006                  cannot be reached
    anything else         is answered after 5 s, and talks until somebody else hangs up

`/sms/send` speaks to up to ten telephones (`tipo=voz`, a text or an MP3) or writes to them. The
first row of codes above counts for each of them, 9001 to 9004 for the first one. `/sms/status` and
`/sms/remove` know a message by its id; what they say is invented. Only what is scheduled (`cron`)
can be cancelled.

`/extrato/list-recordings` lists the recordings of calls that were to be recorded (`gravar=s`), are
over, and on which somebody talked: a tone in a WAV file. What is wrong with one is up to the last
four digits of the destination:

    8001                  it has no link
    8002                  its link points into a home's network
    8003                  its link leads to a redirect that points there
    8004                  its link is not valid any more
    8005                  the page on which it stands cannot be had

`/voz/status` tells of a call while it lasts, with the provider's blanks in the numbers, and the
destination's without country code. Before the first telephone rings (1 s), and once the call is
over, it answers that no call is active; so does `/voz/end`.

It is as strict as the real one is known to be: forms and POST only (of several parts where there is
audio), but for what asks for a call or a message or ends it, which is GET only; digits with country
and area code or `ip` numbers only; a text of 700 characters or an MP3 of 4 MB at most; credentials
and tokens checked. Where nobody knows what the real one does, it can do each thing that clients
met: see `Quirks`.
"""

from .messages import Message
from .models import ACCOUNT, NetworkCall, Quirks, Rejection, Reply, TokenShape
from .recordings import Recording
from .server import Simulator

__all__ = [
    "ACCOUNT",
    "Message",
    "NetworkCall",
    "Quirks",
    "Recording",
    "Rejection",
    "Reply",
    "Simulator",
    "TokenShape",
]
