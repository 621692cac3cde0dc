"""An answer's status in, nothing or the right error out.

What each status means is what Qerko's REST documentation says of it; 403, 404, 409 and 410 come
with an empty body. A status that is not documented becomes :class:`UnexpectedResponse`, with the
body kept.
"""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime
from typing import Any, Final

from qerko_recon.api.exchange import Answer
from qerko_recon.errors import (
    ApiError,
    AuthenticationFailed,
    BadRequest,
    CancelWindowClosed,
    ConnectionInUse,
    ForeignPayment,
    PaymentNotFound,
    ServerRestarting,
    UnexpectedResponse,
    shorten,
)
from qerko_recon.model import decode_error

__all__ = ["error_of", "retry_after"]

_OK: Final = 200
_RESTART_WAIT: Final = 120.0
_SERVER: Final = range(500, 600)
_REDIRECT: Final = range(300, 400)

_SIMPLE: Final[dict[int, tuple[type[ApiError], str]]] = {
    400: (BadRequest, "Qerko could not read the request{about}{reason}"),
    401: (
        AuthenticationFailed,
        (
            "Qerko does not accept the API key or the Pos-Id{reason}. "
            "Check both with `qerko-recon doctor`"
        ),
    ),
    403: (
        ForeignPayment,
        "payment {payment} belongs to another restaurant; check that the key is this venue's",
    ),
    404: (PaymentNotFound, "Qerko knows no payment {payment}; check the ID"),
    409: (
        ConnectionInUse,
        (
            "another connection is open for this restaurant, probably its POS; "
            "a restaurant can have one"
        ),
    ),
    410: (
        CancelWindowClosed,
        (
            "payment {payment} can no longer be cancelled: more than three hours have passed "
            "since it was created. Return the money another way"
        ),
    ),
}


def error_of(
    answer: Answer, *, method: str, path: str, payment_id: str | None = None
) -> ApiError | None:
    """Give the error an answer stands for; ``None`` for 200."""
    status = answer.status
    if status == _OK:
        return None
    request: dict[str, Any] = {
        "method": method,
        "path": path,
        "status": status,
        "payment_id": payment_id,
        "body": answer.body,
        "headers": answer.headers,
    }
    if _means_what_it_says(answer, method, payment_id):
        kind, sentence = _SIMPLE[status]
        return kind(
            sentence.format(
                payment=shorten(payment_id),
                about=f" for payment {shorten(payment_id)}" if payment_id else "",
                reason=_reason(answer),
            ),
            **request,
        )
    if status == 503:  # noqa: PLR2004
        wait = retry_after(answer)
        wait = _RESTART_WAIT if wait is None else wait
        return ServerRestarting(
            f"Qerko is restarting (503); try again in {wait:.0f} seconds",
            retry_after=wait,
            **request,
        )
    return UnexpectedResponse(_unexpected(answer, payment_id), **request)


def _means_what_it_says(answer: Answer, method: str, payment_id: str | None) -> bool:
    """Whether a status has the meaning that Qerko's documentation gives it.

    A web page comes from a proxy, a firewall or another site: believing its 404 would report
    payments as missing that are not.
    """
    status = answer.status
    if status not in _SIMPLE or (answer.is_page and status in {403, 404, 409, 410}):
        return False
    if status == 410:  # noqa: PLR2004
        return method == "DELETE"
    if status == 409:  # noqa: PLR2004 - of a payment it may mean anything
        return payment_id is None
    return payment_id is not None or status not in {403, 404}


def retry_after(answer: Answer) -> float | None:
    """Give the seconds an answer asks to wait, as a number or until a date; ``None`` if none."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _reason(answer: Answer) -> str:
    """Quote what Qerko said, where it said something."""
    error = decode_error(answer.body)
    words = (" ".join(word.split()) for word in (error.code, error.message) if word)
    said = " ".join(shorten(word, 200) for word in words if word)
    return f" ({said})" if said else ""


def _unexpected(answer: Answer, payment_id: str | None) -> str:
    about = f" for payment {shorten(payment_id)}" if payment_id else ""
    if answer.status in _REDIRECT:
        return (
            f"Qerko's address answered{about} with a redirect ({answer.status}), which is not "
            "followed, since the key would go elsewhere. Check the base URL"
        )
    if answer.is_page and answer.status < _SERVER.start:
        return (
            f"a web page came{about} with {answer.status} in place of Qerko's answer: a proxy "
            "or a sign-in page may stand between, or the base URL is another site's"
        )
    if answer.status in _SERVER:
        return f"Qerko failed{about} with {answer.status}{_reason(answer)}. Try again later"
    if answer.status == 429:  # noqa: PLR2004
        return (
            f"Qerko asks to slow down{about} (429). Try again later, with fewer requests at once"
        )
    return (
        f"Qerko answered{about} with {answer.status}, which its documentation does not name"
        f"{_reason(answer)}. Check the base URL and the API version"
    )
