"""How Stripe refuses: an HTTP status and one JSON object that says what kind of mistake it was. Pure."""

from typing import Any


class StripeError(Exception):
    """A request that is refused. `kind` and `code` are Stripe's words, `param` the field that is wrong."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", code: str = "", param: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param

    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        error = {"message": self.message, "type": self.kind}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


def missing(kind: str, object_id: str) -> StripeError:
    """There is no such object."""
    return StripeError(404, f"No such {kind}: '{object_id}'", code="resource_missing", param="id")
