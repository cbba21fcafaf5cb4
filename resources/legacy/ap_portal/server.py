"""The portal over HTTP: sessions, frames, the entry pop-up with its wait page, and the search."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from . import pages
from .postings import Postings

LONGEST_BODY = 64 * 1024
SESSION_COOKIE = "APSESSION"


class Portal:
    """A running portal on a free port of 127.0.0.1, or on ``port``. ``delay``: the seconds a user waits for a
    posting.
    """

    def __init__(
        self,
        postings: Postings,
        user: str,
        password: str,
        *,
        delay: float = 0.3,
        port: int = 0,
        release: str = "4.2",
    ) -> None:
        self.postings = postings
        self.release = release
        self.delay = delay
        self._user, self._password = user, password
        self._sessions: dict[str, str] = {}
        self._results: dict[str, tuple[float, str, str]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_for(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def serve(self) -> None:
        """Answer requests until ``stop``."""
        self._server.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """End ``serve``; returns at once and may be called from a signal handler."""
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    def log_in(self, user: str, password: str) -> str | None:
        """A new session, or none if user or password is wrong."""
        same_user = hmac.compare_digest(user.encode(), self._user.encode())
        same_password = hmac.compare_digest(password.encode(), self._password.encode())
        if not (same_user and same_password):
            return None
        session = secrets.token_urlsafe(24)
        with self._lock:
            self._sessions[session] = user
        return session

    def log_out(self, session: str) -> None:
        with self._lock:
            self._sessions.pop(session, None)

    def user_of(self, session: str) -> str | None:
        with self._lock:
            return self._sessions.get(session)

    def post(self, form: Mapping[str, str], user: str) -> str:
        """Post an entry and return the token under which the result can be had after the delay."""
        confirmation = self.postings.post(form, user)
        token = secrets.token_urlsafe(12)
        with self._lock:
            self._results[token] = (time.monotonic() + self.delay, confirmation, form["invoice"])
        return token

    def result(self, token: str) -> tuple[bool, str, str] | None:
        """Whether the result is ready, its confirmation number and invoice; none for an unknown token."""
        with self._lock:
            found = self._results.get(token)
        if found is None:
            return None
        ready_at, confirmation, invoice = found
        return time.monotonic() >= ready_at, confirmation, invoice


def _handler_for(portal: Portal) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "AP-Portal/4.2", ""
        timeout = 30
        # Header and page are two writes; without this the second waits for the browser's delayed
        # acknowledgement.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            self._respond(address.path, query, {})

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > LONGEST_BODY:
                self.close_connection = True
                self._page(pages.message("Request not accepted"), status=413)
                return
            body = self.rfile.read(int(length)).decode("utf-8", errors="replace")
            form = {
                name: values[0].strip() for name, values in parse_qs(body, keep_blank_values=True).items()
            }
            self._respond(urlsplit(self.path).path, {}, form)

        def _respond(self, path: str, query: Mapping[str, str], form: Mapping[str, str]) -> None:
            session = self._session()
            user = portal.user_of(session)
            posting = self.command == "POST"
            if path == "/login" and posting:
                new = portal.log_in(form.get("user", ""), form.get("password", ""))
                if new is None:
                    self._page(pages.login("E900 Logon failed: user or password incorrect"), status=403)
                else:
                    self._redirect("/", cookie=f"{SESSION_COOKIE}={new}; Path=/; HttpOnly; SameSite=Strict")
            elif path == "/favicon.ico":
                self._page("", status=404)
            elif user is None:
                self._page(pages.login("E901 Session expired, please log on" if session else ""))
            elif path == "/":
                self._page(pages.frameset())
            elif path == "/header":
                self._page(pages.header(user))
            elif path == "/menu":
                self._page(pages.menu())
            elif path == "/welcome":
                self._page(pages.message("Select a function from the menu on the left."))
            elif path == "/entry" and posting:
                self._enter(form, user)
            elif path == "/entry":
                self._page(pages.entry({}, [], portal.release))
            elif path == "/wait":
                self._wait(query.get("job", ""))
            elif path == "/search" and posting:
                found = portal.postings.search(form.get("invoice", ""), form.get("vendor", ""))
                self._page(pages.search(form, found))
            elif path == "/search":
                self._page(pages.search({}, None))
            elif path == "/logout":
                portal.log_out(session)
                self._page(pages.login("You have logged off"))
            else:
                self._page(pages.message("E404 Function not available"), status=404)

        def _enter(self, form: Mapping[str, str], user: str) -> None:
            refusals = portal.postings.refusals(form)
            if refusals:
                self._page(pages.entry(form, refusals, portal.release))
            else:
                self._redirect(f"/wait?job={portal.post(form, user)}")

        def _wait(self, token: str) -> None:
            result = portal.result(token)
            if result is None:
                self._page(pages.message("E405 Job not known"), status=404)
                return
            ready, confirmation, invoice = result
            self._page(pages.confirmation(confirmation, invoice) if ready else pages.wait())

        def _session(self) -> str:
            try:
                cookies = SimpleCookie(self.headers.get("Cookie", ""))
            except CookieError:
                return ""
            return cookies[SESSION_COOKIE].value if SESSION_COOKIE in cookies else ""

        def _page(self, html: str, *, status: int = 200) -> None:
            body = html.encode("utf-8")
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def _redirect(self, path: str, *, cookie: str = "") -> None:
            self.send_response(303)
            self.send_header("Location", path)
            self.send_header("Content-Length", "0")
            if cookie:
                self.send_header("Set-Cookie", cookie)
            self.end_headers()

    return Handler
