"""Who stands between a node and those who call it? A server that counts connections, and one that also lets two framed replies
change places whenever it has two: what if they came in the wrong order?"""
import socket
import socketserver
import struct
import threading

from harness import address


class _Server(socketserver.ThreadingTCPServer):
    address_family = address.FAMILY
    daemon_threads = True


class Proxy:
    """Serves on a free port while its `with` block runs. `connections`: how many there were."""

    def __init__(self, node_port):
        self.connections = 0
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                proxy.connections += 1
                with socket.create_connection((address.HOST, node_port)) as node:
                    threading.Thread(target=pass_on, args=(self.request, node), daemon=True).start()
                    proxy.pass_back(node, self.request)

        self._server = _Server((address.HOST, 0), Handler)
        self.name = address.here(self._server.server_address[1])

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def pass_back(self, node, client):
        pass_on(node, client)


class SwappingProxy(Proxy):
    """`swaps`: how often it did."""

    def __init__(self, node_port):
        super().__init__(node_port)
        self.swaps = 0

    def pass_back(self, node, client):
        pending = b""
        while data := node.recv(65536):
            frames, pending = whole_frames(pending + data)
            if len(frames) > 1:
                frames[0], frames[1] = frames[1], frames[0]
                self.swaps += 1
            try:
                client.sendall(b"".join(frames))
            except OSError:
                return


def pass_on(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # either side is gone


def whole_frames(data):
    """The whole frames at the start, and what is left. An unframed message, with which p2pctl begins, passes as it is."""
    if data.startswith(b"\x80"):
        return [data], b""
    frames = []
    while len(data) >= 4 and len(data) >= 4 + (length := struct.unpack(">I", data[:4])[0]):
        frames.append(data[:4 + length])
        data = data[4 + length:]
    return frames, data
