"""What only a command of the server's own user may do."""

from hmac import compare_digest

from fastapi import HTTPException, Request

from tradeloop.pipelines.serve import Served


def commanded(request: Request, authorization: str) -> Served:
    """Let in who can read the file beside the journal.

    Parameters
    ----------
    request : Request
        What came in.
    authorization : str
        Its head of that name: ``Bearer`` and the token of that file.

    Raises
    ------
    HTTPException
        403: another token, or none.
    """
    served: Served = request.app.state.served
    if not compare_digest(authorization.encode(), f"Bearer {served.token}".encode()):
        raise HTTPException(403, "Only a command of the server's own user may do this.")
    return served
