"""TCP servers of text lines."""

import socketserver
import threading
from collections.abc import Callable

Answer = Callable[[str], str | None]
LONGEST = 1 << 20


class LineServer:
    """Listens on a free port of this machine. `answer(line)` gives the reply, None for silence."""

    def __init__(self, answer: Answer, terminator: str = "\n") -> None:
        server = self

        class Connection(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                server.connections.append(self)
                try:
                    while line := self.rfile.readline(LONGEST):
                        reply = answer(line.decode("ascii", "replace").strip())
                        if reply is not None:
                            self.wfile.write((reply + terminator).encode())
                except OSError:
                    pass
                finally:
                    server.connections.remove(self)

        self.connections: list[socketserver.StreamRequestHandler] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def tell(self, line: str) -> int:
        """Send a line to everybody connected; returns to how many."""
        for connection in list(self.connections):
            connection.wfile.write((line + "\r\n").encode())
        return len(self.connections)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
