"""A warehouse that reports a broken delivery to the desk, and hears what becomes of it."""

import json
import queue
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

EVENTS = ["ticket.created", "ticket.commented", "ticket.status_changed"]


class Receiver(ThreadingHTTPServer):
    """Takes the desk's messages: each is verified, answered at once, and dealt with once."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.secret = ""
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self.seen: set[str] = set()

    @property
    def url(self) -> str:
        """Where the desk sends to."""
        return f"http://127.0.0.1:{self.server_port}/hooks"


class Handler(BaseHTTPRequestHandler):
    """One message."""

    server: Receiver

    def do_POST(self) -> None:
        """Verify it; what is not the desk's gets nothing but a refusal."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            message = Webhook(self.server.secret).verify(body, dict(self.headers))
        except WebhookVerificationError:
            self.send_error(401)
            return
        self.send_response(204)
        self.end_headers()
        if self.headers["webhook-id"] not in self.server.seen:  # the same message may come twice
            self.server.seen.add(self.headers["webhook-id"])
            self.server.messages.put(message)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def call(desk: httpx.Client, method: str, path: str, **more: Any) -> Any:
    """Call the desk; an unsafe call may be repeated under its key. A problem ends the program with its words."""
    headers = {} if method == "GET" else {"Idempotency-Key": str(uuid.uuid4())}
    answer = desk.request(method, path, headers=headers, **more)
    if answer.is_error:
        problem = answer.json()
        raise SystemExit(f"{problem['code']}: {problem['detail']} {problem.get('errors', '')}")
    return answer.json() if answer.content else None


def main(address: str, token: str) -> None:
    """Report, and wait until the desk has told of everything."""
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{address}/api/v1/", headers=headers, timeout=30) as desk:
        hook = call(desk, "POST", "webhooks", json={"url": receiver.url, "events": EVENTS})
        receiver.secret = hook["secret"]
        ticket = call(
            desk,
            "POST",
            "tickets",
            json={
                "title": "Pallet 7 arrived broken",
                "description": "Three of twelve card readers are cracked.",
                "requester": {"email": "dock@warehouse.example", "full_name": "Loading dock"},
                "tags": ["warehouse"],
            },
        )
        number = ticket["number"]
        call(
            desk,
            "POST",
            f"tickets/{number}/attachments",
            files={"file": ("scan.txt", b"7: 3 of 12", "text/plain")},
        )
        reply = {"content": "Thank you, we send new ones.", "status_after": "resolved"}
        call(desk, "POST", f"tickets/{number}/comments", json=reply)
        found = call(
            desk, "GET", "tickets", params={"tag": "warehouse", "q": "pallet", "fields": "number,status"}
        )
        whole = call(desk, "GET", f"tickets/{number}", params={"include": ["comments", "attachments"]})
        told = [receiver.messages.get(timeout=30) for _ in EVENTS]
        call(desk, "DELETE", f"webhooks/{hook['id']}")
    receiver.shutdown()
    receiver.server_close()
    summary = {
        "number": number,
        "found": [one["number"] for one in found["items"]],
        "status": whole["status"],
        "comments": [one["content"] for one in whole["comments"]],
        "files": [one["file_name"] for one in whole["attachments"]],
        "told": sorted(one["type"] for one in told),
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), sys.argv[2])
