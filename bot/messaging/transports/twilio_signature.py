"""Whether a webhook is Twilio's: its signature over address and form. Pure.

The configured public address is tried first; the one with or without its default port only when that does not match,
since computing both always would cost twice (measured).
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qs, urlsplit, urlunsplit

from bot.messaging.transports.twilio_form import fields

SIGNATURE = "X-Twilio-Signature"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
"""Comes with a signature made by a shared key: `key=…,algorithm=HMAC_SHA256`."""
_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_genuine(headers: Mapping[str, str], url: str, body: bytes, secrets: Sequence[bytes]) -> bool:
    """Whether one of the secrets signed this request to `url` (public address, path and query). Never raises."""
    given = headers.get(SIGNATURE)
    algorithm = _ALGORITHMS.get(_algorithm(headers.get(SETTINGS, "")))
    if not given or algorithm is None:
        return False
    try:
        tail = _signed_tail(url, body)
        wanted = given.encode("ascii")
    except ValueError:
        return False
    for address in _spellings(url):
        message = address.encode() + tail
        for secret in secrets:
            if hmac.compare_digest(base64.b64encode(hmac.digest(secret, message, algorithm)), wanted):
                return True
    return False


def _signed_tail(url: str, body: bytes) -> bytes:
    """What is signed after the address: the sorted form, or nothing for a JSON body whose hash is in the address."""
    if "bodySHA256=" in url:
        expected = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
        if not hmac.compare_digest(hashlib.sha256(body).hexdigest(), expected):
            raise ValueError("the body is not the one that was signed")
        return b""
    pairs = set(fields(body))
    return "".join(name + value for name, value in sorted(pairs)).encode()


def _algorithm(settings: str) -> str:
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _spellings(url: str) -> Iterator[str]:
    """The address as configured, then with its port left out or its default port named."""
    yield url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.port is not None:
        yield urlunsplit(parts._replace(netloc=host.rpartition(":")[0]))
    elif parts.scheme in _DEFAULT_PORTS:
        yield urlunsplit(parts._replace(netloc=f"{host}:{_DEFAULT_PORTS[parts.scheme]}"))
