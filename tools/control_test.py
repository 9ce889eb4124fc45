"""`veuicc run --control` and `veuicc control`, under a client of PC/SC with a pcscd of its own, and while the process is
killed.

Run: python3 tools/control_test.py, after swift build.
"""

import hashlib
import json
import os
import pathlib
import random
import re
import signal
import stat
import subprocess
import tempfile
import time
import unittest

import card_process
from card_process import TOOLS, VEUICC, WAIT, Cards, Reader

ATR = "3B9F96803FC7828031E073FE219F6756455549434331C8"
READER = "veuicc 00 00"
SELECT_PL = "00A4000C022F05"
READ_PL = "00B0000002"
UPDATE_PL = "00D60000024142"
PL = "656E9000"


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest().upper()


class Control:
    """`veuicc control` with the socket of a process."""

    def __init__(self, socket, directory):
        self.socket, self.directory = str(socket), directory

    def run(self, *words, text=""):
        return subprocess.run([VEUICC, "control", self.socket, *words], input=text, cwd=self.directory,
                              capture_output=True, text=True, timeout=WAIT)

    def __call__(self, words):
        """What a request is answered; it has to be carried out."""
        ended = self.run(*words.split())
        if ended.returncode:
            raise AssertionError(f"{words}: {ended.stderr}")
        return json.loads(ended.stdout)


class ControlTestCase(unittest.TestCase):
    def setUp(self):
        # Short: the name of a socket has room for 107 octets.
        directory = tempfile.TemporaryDirectory(prefix="veuicc-", dir="/tmp")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.image = self.directory / "card.img"
        card_process.new_card(str(self.image), "--size", "131072")
        self.fresh = digest(self.image)
        self.socket = self.directory / "s"
        self.control = Control(self.socket, self.directory)

    def run_cards(self, *options):
        return self.enterContext(Cards("--image", str(self.image), "--control", str(self.socket), *options))


class PCSCTests(ControlTestCase):
    """A card under a client of PC/SC."""

    def setUp(self):
        super().setUp()
        service = [str(TOOLS / "pcscd-private"), "--dir", str(self.directory / "pcscd")]
        started = subprocess.run([*service, "--port", "0", "start"], check=True, capture_output=True, text=True)
        self.addCleanup(subprocess.run, [*service, "stop"], check=True)
        environment = dict(re.findall(r"export (\w+)='(.*)'", started.stdout))
        self.cards = self.run_cards("--port", environment["VPCD_PORT"], "--json")
        subprocess.run([*service, "--timeout", str(WAIT), "wait-card"], check=True, stdout=subprocess.DEVNULL)
        # The Python that Debian's pyscard is for, whatever else is called python3.
        self.client = subprocess.Popen(["/usr/bin/python3", str(TOOLS / "pcsc_session.py"), READER],
                                       env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.client.communicate, timeout=WAIT)
        self.assert_client("connect", "")

    def ask(self, line):
        self.client.stdin.write(line + "\n")
        self.client.stdin.flush()
        code, _, octets = self.client.stdout.readline().rstrip("\n").partition(" ")
        return code.removeprefix("SCARD_"), octets

    def assert_client(self, line, octets, code="S_SUCCESS"):
        self.assertEqual(self.ask(line), (code, octets), line)

    def comes_back(self):
        """The client sees that the card has gone, and that it is there again."""
        self.assert_client("wait present", "")
        self.assert_client("reconnect", "")
        self.assert_client("status", ATR)

    def test_remove_and_insert(self):
        self.assert_client(SELECT_PL, "9000")
        self.assertEqual(self.control("remove"), {"ok": True, "card": 0})
        self.assert_client("wait absent", "")
        self.assert_client(READ_PL, "", "W_REMOVED_CARD")
        self.assert_client("connect", "", "E_NO_SMARTCARD")
        status = self.control("status")
        self.assertEqual((status["removed"], status["powered"], status["channels"]), (True, False, []))
        self.control("insert")
        self.assert_client("wait present", "")
        self.assert_client("connect", "")
        # Its volatile state is lost.
        self.assert_client(READ_PL, "6986")

    def test_power_cut(self):
        # What the client sees of it, and what has become of the update in each program operation.
        contents = []
        self.control("snapshot begin")
        while True:
            self.assert_client(SELECT_PL, "9000")
            self.control(f"power-cut {len(contents) + 1} subset {len(contents)}")
            code, response = self.ask(UPDATE_PL)
            if response:
                break
            self.assertEqual(code, "S_SUCCESS")
            self.assert_client(READ_PL, "", "W_REMOVED_CARD")
            self.comes_back()
            self.assert_client(SELECT_PL, "9000")
            contents.append(self.ask(READ_PL)[1])
            self.control("restore begin")
            self.assertEqual(digest(self.image), self.fresh)
        self.assertEqual(response, "9000")
        self.assertGreaterEqual(len(contents), 3)
        self.assertLessEqual(set(contents), {PL, "41429000"})
        self.assertEqual(contents[0], PL)

    def test_mute(self):
        self.assert_client(SELECT_PL, "9000")
        self.control("mute 1")
        begin = time.monotonic()
        self.assert_client(UPDATE_PL, "")
        self.assertGreater(time.monotonic() - begin, 0.7)
        self.comes_back()
        self.assert_client(SELECT_PL, "9000")
        self.assert_client(READ_PL, PL)

    def test_rewind(self):
        self.assert_client(SELECT_PL, "9000")
        taken = self.control("snapshot before.img")
        self.assertEqual((taken["octets"], taken["sha256"]), (131072, self.fresh))
        self.assertEqual(digest(self.directory / "before.img"), self.fresh)
        self.assert_client(UPDATE_PL, "9000")
        self.assertNotEqual(digest(self.image), self.fresh)
        self.assertEqual(self.control("restore before.img")["sha256"], self.fresh)
        self.assertEqual(digest(self.image), self.fresh)
        # The client has noticed nothing, but that no file is selected.
        self.assert_client("status", ATR)
        self.assert_client(READ_PL, "6986")
        self.assert_client(SELECT_PL, "9000")
        self.assert_client(READ_PL, PL)

    def test_reset(self):
        for kind in ("cold", "warm"):
            self.assert_client(SELECT_PL, "9000")
            self.control(f"reset {kind}")
            self.assert_client("status", ATR)
            self.assert_client(READ_PL, "6986")

    def test_answer_to_reset(self):
        self.control("atr 3B00")
        # It is asked for at the next power-on.
        self.assert_client("status", ATR)
        self.assert_client("reconnect unpower", "")
        self.assert_client("status", "3B00")
        self.control("atr FF")
        self.assert_client("reconnect unpower", "", "E_PROTO_MISMATCH")
        self.control("atr default")
        self.assert_client("reconnect unpower", "")
        self.assert_client("status", ATR)

    def test_delay(self):
        self.control("delay 300")
        begin = time.monotonic()
        self.assert_client(SELECT_PL, "9000")
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)
        self.control("delay off")


class CommandTests(ControlTestCase):
    """The subcommand."""

    def test_requests_on_stdin(self):
        self.run_cards("--listen", "--port", "0").ready()
        ended = self.control.run(text="mute 3\n# a comment\n\ndelay 5\nnonsense\nstatus\n")
        answers = [json.loads(line) for line in ended.stdout.splitlines()]
        self.assertEqual([answer["ok"] for answer in answers], [True, True, False, True])
        self.assertEqual((answers[3]["mute"], answers[3]["delay"]), (3, 5))
        self.assertEqual(ended.returncode, 64)
        self.assertEqual(ended.stderr, f"Error: {answers[2]['error']}\n")

    def test_exit_status(self):
        self.assertEqual(self.control.run("status").returncode, 69)
        self.run_cards("--listen", "--port", "0").ready()
        (self.directory / "text.img").write_text("no image")
        for words, status in (("status", 0), ("nonsense", 64), ("power-cut 0", 64), ("restore none", 66),
                              ("restore none.img", 66), ("restore text.img", 65), ("snapshot card.img", 73),
                              ("7 status", 66)):
            ended = self.control.run(*words.split())
            self.assertEqual(ended.returncode, status, words)
            self.assertEqual(ended.stderr != "", status != 0, words)

    def test_socket(self):
        cards = self.run_cards("--listen", "--port", "0")
        cards.ready()
        self.assertEqual(stat.S_IMODE(self.socket.lstat().st_mode), 0o600)
        other = subprocess.run([VEUICC, "run", "--ephemeral", "--listen", "--port", "0", "--control", str(self.socket)],
                               capture_output=True, text=True, timeout=WAIT)
        self.assertEqual((other.returncode, other.stdout), (75, ""))
        self.assertIn("somebody listens there already", other.stderr)
        self.control("status")
        self.assertEqual(cards.stop(), 0)
        self.assertFalse(self.socket.exists())

    def test_a_killed_process_leaves_a_socket_that_is_replaced(self):
        cards = self.run_cards("--listen", "--port", "0")
        cards.ready()
        cards.stop(signal.SIGKILL)
        self.assertTrue(self.socket.exists())
        self.run_cards("--listen", "--port", "0").ready()
        self.control("status")

    def test_several_cards(self):
        with Cards("--ephemeral", "--count", "20", "--listen", "--port", "0", "--json", "--control",
                   str(self.socket)) as cards:
            ready = cards.ready(20)
            self.assertEqual(self.control.run("status").returncode, 64)
            with Reader(ready[7]["port"]) as reader:
                self.assertEqual(reader.transmit(SELECT_PL), "9000")
                selected = [self.control(f"{card} status")["channels"] for card in range(20)]
                self.assertEqual([card for card, channels in enumerate(selected) if channels], [7])
                self.control("7 snapshot before")
                self.assertEqual(reader.transmit(UPDATE_PL), "9000")
                self.control("7 restore before")
                self.assertEqual(reader.transmit(SELECT_PL), "9000")
                self.assertEqual(reader.transmit(READ_PL), PL)

    def test_a_session_repeats(self):
        """The same image, seed and commands: the same responses, and the same image."""
        transcript = ["0084000010", "0020000A083535353535353535", SELECT_PL, UPDATE_PL, "0084000010"]
        with self.run_cards("--listen", "--port", "0", "--seed", "5A" * 48) as cards:
            port = cards.ready()["port"]
            with Reader(port) as reader:
                self.control("snapshot begin")
                runs = set()
                for _ in range(3):
                    self.control("restore begin")
                    runs.add((*map(reader.transmit, transcript), self.control("status")["image_sha256"]))
                self.assertEqual(len(runs), 1)


class KillTests(ControlTestCase):
    """A restore is all or nothing, whenever the process ends."""

    def test_killed_while_it_restores(self):
        other = self.directory / "other.img"
        other.write_bytes(self.image.read_bytes())
        subprocess.run([VEUICC, "apdu", SELECT_PL, UPDATE_PL, "--image", str(other)], check=True,
                       stdout=subprocess.DEVNULL)
        fresh = self.directory / "fresh.img"
        fresh.write_bytes(self.image.read_bytes())
        wanted = {digest(fresh), digest(other)}
        self.assertEqual(len(wanted), 2)
        seen = set()
        chance = random.Random(1)
        for _ in range(40):
            with Cards("--image", str(self.image), "--control", str(self.socket), "--listen", "--port", "0") as cards:
                cards.ready()
                client = subprocess.Popen([VEUICC, "control", str(self.socket)], cwd=self.directory, text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                client.stdin.write("restore other.img\nrestore fresh.img\n" * 500)
                client.stdin.close()
                client.stdout.readline()
                time.sleep(chance.uniform(0, 0.05))
                cards.stop(signal.SIGKILL)
                client.stdout.close()
                client.wait(WAIT)
            seen.add(digest(self.image))
            self.assertLessEqual(seen, wanted)
        self.assertEqual(seen, wanted)


if __name__ == "__main__":
    unittest.main()
