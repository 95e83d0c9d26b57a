"""Serves this folder at the port that the Dockerfile exposes."""

from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

ThreadingHTTPServer(("", 5000), SimpleHTTPRequestHandler).serve_forever()
