"""An app that shows what reaches it and misbehaves when asked to. `mode` says how it starts, `version` who it is."""

import base64
import hashlib
import json
import os
import socket
import socketserver
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

VERSION = open("version").read().strip()
MODE = open("mode").read().strip()
PORT = int(os.environ["PORT"])
PIECE = 65536


class Visitor(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlparse(self.path)
        name = url.path.strip("/").replace("-", "_").replace("/", "_") or "home"
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        getattr(self, "get_" + name, self.missing)(query)

    def do_POST(self):
        """Says what was sent, reading it as it comes."""
        digest, length = hashlib.sha256(), 0
        for piece in self.pieces():
            digest.update(piece)
            length += len(piece)
        self.answer(json.dumps({"bytes": length, "sha256": digest.hexdigest()}))

    def pieces(self):
        if "Content-Length" in self.headers:
            left = int(self.headers["Content-Length"])
            while left and (piece := self.rfile.read(min(left, PIECE))):
                left -= len(piece)
                yield piece
            return
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def answer(self, text, status=200):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def missing(self, _):
        self.answer("nothing here", 404)

    def get_home(self, _):
        self.answer(VERSION)

    def get_api_version(self, _):
        self.answer(f"{VERSION} at {self.path}")

    def get_env(self, _):
        self.answer(json.dumps(dict(os.environ)))

    def get_headers(self, _):
        self.answer(json.dumps({key.lower(): value for key, value in self.headers.items()}))

    def get_who(self, _):
        self.answer(json.dumps({"uid": os.getuid(), "writable": os.access("/srv", os.W_OK)}))

    def get_exit(self, _):
        """Ends as a bug would: at once, in the middle of a request."""
        print("asked to end", flush=True)
        os._exit(3)

    def get_count(self, query):
        """Prints so many numbered lines."""
        first, lines = int(query["from"]), int(query["lines"])
        for number in range(first, first + lines):
            print(f"counted {number}", flush=True)
        self.answer("done")

    def get_download(self, query):
        """So many bytes, without a length."""
        left = int(query["bytes"])
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while left:
            piece = bytes(min(left, PIECE))
            left -= len(piece)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def get_events(self, query):
        """Server-Sent Events, the next one when `/next` was asked."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(int(query["events"])):
            TURNS.acquire()
            self.wfile.write(f"id: {number}\ndata: event {number}\n\n".encode())
            self.wfile.flush()

    def get_next(self, _):
        TURNS.release()
        self.answer("sent")

    def get_socket(self, _):
        """A WebSocket that echoes short messages."""
        accept = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(accept.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while len(head := self.rfile.read(2)) == 2:
            length = head[1] & 127
            if length == 126:
                (length,) = struct.unpack(">H", self.rfile.read(2))
            mask = self.rfile.read(4)
            text = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.rfile.read(length)))
            size = bytes([length]) if length < 126 else b"\x7e" + struct.pack(">H", length)
            self.wfile.write(head[:1] + size + text)
            if head[0] & 15 == 8:
                return

    def log_message(self, *_):
        pass


class Echo(socketserver.BaseRequestHandler):
    """Raw TCP: says back what it hears until the other side has said all, then says goodbye."""

    def handle(self):
        while piece := self.request.recv(PIECE):
            self.request.sendall(piece)
        self.request.sendall(b"goodbye")


class Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


TURNS = threading.Semaphore(0)
ThreadingHTTPServer.request_queue_size = 128
print(f"this is {VERSION}", flush=True)
if MODE == "broken":
    for number in range(300):
        print(f"line {number} before the end", flush=True)
    sys.exit(1)
if MODE == "echo":
    Listener(("", PORT), Echo).serve_forever()
ThreadingHTTPServer(("", PORT), Visitor).serve_forever()
