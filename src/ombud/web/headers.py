"""Response headers that every page carries. The policy names no inline script or style, so none can run."""

from __future__ import annotations

from ombud.web.place import at

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri "
)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cache-Control": "no-store",
    # One address answers with a page or with a part of it, by who asks.
    "Vary": "Cookie, HX-Request, HX-Target, HX-History-Restore-Request",
}


def page_headers() -> dict[str, str]:
    """Return the headers of this request's answer."""
    return {"Content-Security-Policy": _POLICY + at("/csp-report"), **_HEADERS}
