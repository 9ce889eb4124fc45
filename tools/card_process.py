"""For the tests beside this file: cards in processes of `veuicc run`, and the reader's side of their connections.

The program is that of the environment variable VEUICC, or what `swift build` has made.
"""

import contextlib
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import time

TOOLS = pathlib.Path(__file__).resolve().parent
ROOT = TOOLS.parent
VEUICC = os.environ.get("VEUICC") or str(ROOT / ".build/debug/veuicc")
PROFILE = str(ROOT / "vectors/profiles/veuicc-default.der")
EXPECTED_FILES = ROOT / "vectors/profiles/veuicc-default.expected-files.tsv"
ICCID = "89999010000000000013"
USIM = "A0000000871002F999FFFF8900000100"
WAIT = 30  # seconds, for what takes far less


def load(name):
    """A tool as a module."""
    loader = importlib.machinery.SourceFileLoader(name.partition(".")[0].replace("-", "_"), str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def new_card(path, *options):
    subprocess.run([VEUICC, "card", "new", path, "--profile", PROFILE, *options], check=True, stdout=subprocess.DEVNULL)


class Cards:
    """`veuicc run` with these options, killed at the end of the block."""

    def __init__(self, *options):
        # A file: what has been written is there, and nobody has to empty it.
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([VEUICC, "run", *options], stdout=self.output)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.output.close()

    @property
    def events(self):
        """The lines that it has written: the cards that are ready, and with --json what happened to them. The event of
        a command is there before its response."""
        size = os.fstat(self.output.fileno()).st_size
        text = os.pread(self.output.fileno(), size, 0).decode()
        return [self.parse(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    @staticmethod
    def parse(line):
        if line.startswith("{"):
            return json.loads(line)
        place, _, atr, _, iccid = line.split()
        return {"event": "ready", "port": int(place.rpartition(":")[2]), "atr": atr, "iccid": iccid}

    def ready(self, count=1):
        """Waits until `count` cards are there; returns what is to be known of them, or of the only one."""
        end = time.monotonic() + WAIT
        while True:
            ended = self.process.poll() is not None
            cards = [event for event in self.events if event["event"] == "ready"]
            if len(cards) >= count:
                return cards if count > 1 else cards[0]
            if ended or time.monotonic() > end:
                raise RuntimeError(f"veuicc run has only {len(cards)} cards")
            time.sleep(0.005)

    def stop(self, number=signal.SIGTERM):
        """Ends it with this signal; returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(WAIT)


def message(octets):
    """A message of vpcd."""
    return struct.pack(">H", len(octets)) + octets


class Reader:
    """A reader of vpcd that connects to a card that listens."""

    def __init__(self, port):
        self.link = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.link.close()

    def send(self, octets):
        self.link.sendall(message(octets))

    def receive(self):
        """The next response; EOFError where the card has gone, what it had begun to say included."""
        return self.exactly(struct.unpack(">H", self.exactly(2))[0])

    def exactly(self, count):
        octets = b""
        while len(octets) < count:
            part = b""
            with contextlib.suppress(ConnectionResetError):
                part = self.link.recv(count - len(octets))
            if not part:
                raise EOFError("the card has closed the connection")
            octets += part
        return octets

    def transmit(self, command):
        self.send(bytes.fromhex(command))
        return self.receive().hex().upper()
