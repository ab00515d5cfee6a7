"""The name under which a request carries its correlation id."""

from aiohttp.web import RequestKey

REQUEST_ID = RequestKey("request_id", str)
