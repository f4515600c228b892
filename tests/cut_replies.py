"""Replies that end too early, for local servers that misbehave."""

from __future__ import annotations

import http.server


def send_half(handler: http.server.BaseHTTPRequestHandler, content: bytes, how: str, kind: str) -> None:
    """Half of a body: short of its length ("cut"), in an unfinished chunk ("cut-chunked"), or with nothing
    to tell it by."""
    half = content[: len(content) // 2]
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Connection", "close")
    if how == "cut":
        handler.send_header("Content-Length", str(len(content)))
    elif how == "cut-chunked":
        handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(f"{len(content):x}\r\n".encode() + half if how == "cut-chunked" else half)
    handler.close_connection = True
