"""Kills `veuicc run` with SIGKILL while it executes UPDATE BINARY, and looks at the image that it leaves: what was
answered is there, a command that was not is there as a whole or not at all, and the next card runs on it.

Run: python3 tools/kill_test.py, after swift build. VEUICC_SEED repeats a run, as far as the machine allows.
"""

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import unittest

import card_process
from card_process import VEUICC, Cards, Reader, message

image_reader = card_process.load("image-reader.py")

KILLS = 100
# So many commands are sent at once, so that the kill comes while the card is busy.
UPDATES = 150
# An EF made for it: its UPDATE takes nearly the whole journal and hundreds of program operations.
EF, SIZE = "2F20", 24_000


def content(number):
    """What the update with that number writes."""
    return number.to_bytes(4, "big") * (SIZE // 4)

OK = message(b"\x90\x00")


class KillTests(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.image = str(pathlib.Path(directory.name, "card.img"))
        card_process.new_card(self.image)

    def make_file(self):
        with Cards("--image", self.image, "--listen", "--port", "0") as cards, Reader(cards.ready()["port"]) as reader:
            self.assertEqual(reader.transmit(f"0020000A08{'55555555'.encode().hex()}"), "9000")
            file = f"82024121 8302{EF} 8A0105 8B032F0605 8002{SIZE:04X} 8800"
            self.assertEqual(reader.transmit(f"00E0000018 6216 {file}"), "9000")
            self.assertEqual(cards.stop(), 0)

    def test_kill_during_updates(self):
        seed = int(os.environ.get("VEUICC_SEED") or random.randrange(2**32))
        delays = random.Random(seed)
        self.make_file()
        left, number, updates, interrupted, unanswered = None, 0, 0, 0, 0
        with self.subTest(seed=seed):
            for _ in range(KILLS):
                with Cards("--image", self.image, "--protocol", "t1", "--listen", "--port", "0") as cards:
                    answered, sent = self.update_until_killed(cards, left, number, delays.uniform(0, 0.005))
                updates += answered - number
                with open(self.image, "rb") as file:
                    image = image_reader.Image(file.read())
                self.assertEqual(image.problems, [])
                interrupted += image.journal_state != "closed"
                files = image.find(f"3F00/{EF}")
                self.assertEqual(len(files), 1)
                left, number = image.body(files[0]), sent
                survivor = int.from_bytes(left[:4], "big")
                self.assertEqual(left, content(survivor), "an update is there in part")
                self.assertGreaterEqual(survivor, answered, "an update that was answered is lost")
                self.assertLessEqual(survivor, sent)
                unanswered += survivor > answered
            print(f"seed {seed}: {KILLS} kills, {updates} updates answered; {interrupted} came inside a transaction, "
                  f"{unanswered} before the answer to an update; no update that was answered is lost")
            self.assertGreater(interrupted, 0, "no kill came inside a transaction")

    def update_until_killed(self, cards, left, number, delay):
        """Goes on counting behind `number`, on a card that must begin with `left`. Returns the last update that was
        answered, and the last one that was sent."""
        with Reader(cards.ready()["port"]) as reader:
            self.assertEqual(reader.transmit(f"00A4000C02{EF}"), "9000")
            if left is not None:
                self.assertEqual(reader.transmit(f"00B0000000{SIZE:04X}"), left.hex().upper() + "9000")
            numbers = range(number + 1, number + UPDATES + 1)
            updates = b"".join(message(bytes.fromhex(f"00D6000000{SIZE:04X}") + content(each)) for each in numbers)
            answers = self.send_until_killed(cards, reader.link, updates, delay)
        self.assertEqual(cards.process.wait(), -signal.SIGKILL)
        whole = len(answers) // len(OK)
        self.assertEqual(answers[:whole * len(OK)], OK * whole)
        return number + whole, numbers[-1]

    def send_until_killed(self, cards, link, octets, delay):
        """Returns what was received."""
        def send():
            with contextlib.suppress(OSError):
                link.sendall(octets)

        sender = threading.Thread(target=send)
        sender.start()
        answers = link.recv(65_536)
        killer = threading.Timer(delay, cards.process.kill)
        killer.start()
        with contextlib.suppress(ConnectionResetError):
            while part := link.recv(65_536):
                answers += part
        killer.join()
        sender.join()
        return answers

    def test_image_in_use_is_refused(self):
        with Cards("--image", self.image, "--listen", "--port", "0") as cards:
            cards.ready()
            second = subprocess.run([VEUICC, "run", "--image", self.image], capture_output=True, text=True)
            self.assertNotEqual(second.returncode, 0)
            self.assertEqual(second.stdout, "")
            self.assertEqual(second.stderr,
                             f"Error: {self.image}: the image is in use by another card or by an inspection\n")
            with Reader(cards.ready()["port"]) as reader:
                self.assertTrue(reader.transmit("00A40004022FE2").startswith("61"))
            self.assertEqual(cards.stop(), 0)
        with Cards("--image", self.image, "--listen", "--port", "0") as cards:
            cards.ready()


if __name__ == "__main__":
    unittest.main()
