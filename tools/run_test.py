"""Runs tools/run as its user does, and `veuicc run` with many cards.

Run: python3 tools/run_test.py, after swift build.
"""

import contextlib
import hashlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import card_process
from card_process import ICCID, PROFILE, TOOLS, VEUICC, WAIT, Cards, Reader

# As it stands in EF.ICCID.
ICCID_OCTETS = "98990901000000000031"
# What a card costs at most, in KiB of memory that it shares with nobody, when it has executed commands and is idle.
LARGEST = 16


def fingerprint(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def processes_with(text):
    """Those whose command line contains `text`."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if text in (process / "cmdline").read_text():
                found.append(process.name)
    return found


def own_memory(pid):
    """What the process shares with no other one and has in no file, in KiB."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous: +(\d+) kB$", rollup, re.MULTILINE)[1])


def threads(pid):
    return int(re.search(r"^Threads:\s+(\d+)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])


class DirectoryTestCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)


class ToolTests(DirectoryTestCase):
    """tools/run, in a directory that is not its own."""

    def start(self, *options):
        """Returns the process, what it has written, and the environment that it asks for."""
        process = subprocess.Popen([str(TOOLS / "run"), *options], cwd=self.directory, stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, "VEUICC": VEUICC}, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(self.end, process)
        shown = ""
        while "Ctrl-C ends it." not in shown:
            line = process.stdout.readline()
            self.assertTrue(line, shown)
            shown += line
        return process, shown, dict(re.findall(r"export (\w+)=(.*)", shown))

    @staticmethod
    def end(process):
        """As Ctrl-C does: the signal is for all processes of the terminal."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        return process.wait(WAIT)

    def opensc(self, environment, *commands):
        arguments = [argument for command in commands for argument in ("-s", command)]
        return subprocess.run(["opensc-tool", "-r", "0", *arguments], env={**os.environ, **environment}, check=True,
                              capture_output=True, text=True, timeout=WAIT).stdout

    def assert_nothing_left(self, environment):
        state = os.path.dirname(environment["PCSCLITE_CSOCK_NAME"])
        self.assertFalse(os.path.exists(state))
        self.assertEqual(processes_with(state), [])

    def test_card_until_interrupt(self):
        process, shown, environment = self.start()
        self.assertTrue(shown.startswith("reader  veuicc 00 00\nATR     3B9F96803FC7828031E073FE219F6756455549434331C8\n"
                                         f"ICCID   {ICCID}\n"), shown)
        self.assertIn("98 99 09 01 00 00 00 00 00 31", self.opensc(environment, "00A40004022FE2", "00B000000A"))
        # Another one does not disturb it.
        other, _, others = self.start()
        self.assertNotEqual(others, environment)
        self.assertEqual(self.end(other), 0)
        self.assert_nothing_left(others)
        self.assertIn("98 99 09 01 00 00 00 00 00 31", self.opensc(environment, "00A40004022FE2", "00B000000A"))
        # A signal for the script alone.
        process.terminate()
        self.assertEqual(process.wait(WAIT), 0)
        self.assert_nothing_left(environment)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_image_is_kept(self):
        process, _, environment = self.start("--image", "card.img", "--profile", PROFILE)
        self.assertIn("SW1=0x90", self.opensc(environment, "00A40004022F05", "00D60000026465"))
        self.assertEqual(self.end(process), 0)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["card.img"])
        process, shown, environment = self.start("--image", "card.img")
        self.assertIn(f"ICCID   {ICCID}\n", shown)
        self.assertIn("64 65 de", self.opensc(environment, "00A40004022F05", "00B0000002"))
        self.assertEqual(self.end(process), 0)
        self.assert_nothing_left(environment)

    def failure(self, *options):
        ended = subprocess.run([str(TOOLS / "run"), *options], cwd=self.directory, capture_output=True, text=True,
                               env={**os.environ, "VEUICC": VEUICC}, timeout=WAIT)
        self.assertEqual(ended.stdout, "")
        self.assertEqual(list(self.directory.iterdir()), [])
        return ended.returncode, ended.stderr

    def test_failures(self):
        status, message = self.failure("--imag", "card.img")
        self.assertEqual((status, message.splitlines()[0]), (64, "tools/run: unknown argument --imag"))
        self.assertEqual(self.failure("--image")[0], 64)
        status, message = self.failure("--profile", "none.der")
        self.assertNotEqual(status, 0)
        self.assertIn("none.der", message)
        status, message = self.failure("--image", "none/card.img")
        self.assertNotEqual(status, 0)
        self.assertIn("none/card.img", message)


class ManyCardsTests(DirectoryTestCase):
    """`veuicc run --count`, with and without --ephemeral; the readers connect to the cards."""

    OWN_PORTS = ("--listen", "--port", "0")

    def image(self, name):
        return str(self.directory / name)

    def test_cards_with_images_of_their_own(self):
        for number in range(3):
            card_process.new_card(self.image(f"{number}.img"))
        before = [fingerprint(self.image(f"{number}.img")) for number in range(3)]
        with Cards("--image", self.image("%.img"), "--count", "3", *self.OWN_PORTS) as cards:
            ports = [card["port"] for card in cards.ready(3)]
            self.assertEqual(len(set(ports)), 3)
            with Reader(ports[0]) as first, Reader(ports[1]) as second:
                self.assertEqual(second.transmit("00A4000C022F05"), "9000")
                self.assertEqual(first.transmit("00B0000002"), "6986")
                self.assertEqual(second.transmit("00D60000026465"), "9000")
            self.assertEqual(cards.stop(), 0)
        after = [fingerprint(self.image(f"{number}.img")) for number in range(3)]
        self.assertEqual([before[0], before[2]], [after[0], after[2]])
        self.assertNotEqual(before[1], after[1])

    def test_ephemeral_cards_forget(self):
        image = self.image("card.img")
        card_process.new_card(image)
        before = fingerprint(image)
        for base in (("--image", image), ("--profile", PROFILE), ()):
            for _ in range(2):
                with Cards("--ephemeral", *base, "--count", "2", *self.OWN_PORTS) as cards:
                    ports = [card["port"] for card in cards.ready(2)]
                    with Reader(ports[0]) as first, Reader(ports[1]) as second:
                        for reader in (first, second):
                            self.assertEqual(reader.transmit("00A4000C022F05"), "9000")
                            self.assertEqual(reader.transmit("00B0000002"), "656E9000")
                        self.assertEqual(first.transmit("00D60000026465"), "9000")
                        self.assertEqual(first.transmit("00B0000002"), "64659000")
                        self.assertEqual(second.transmit("00B0000002"), "656E9000")
                    self.assertEqual(cards.stop(), 0)
        self.assertEqual(fingerprint(image), before)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["card.img"])

    def test_thousand_cards(self):
        def memory(count):
            with Cards("--ephemeral", "--profile", PROFILE, "--count", str(count), *self.OWN_PORTS) as cards:
                cards.ready(count)
                ready = [event for event in cards.events if event["event"] == "ready"]
                with contextlib.ExitStack() as opened:
                    readers = [opened.enter_context(Reader(card["port"])) for card in ready]
                    for reader in readers:
                        self.assertEqual(reader.transmit("00A4000C022FE2"), "9000")
                        self.assertEqual(reader.transmit("00B000000A"), ICCID_OCTETS + "9000")
                    # A card that has nothing to do gives up its thread.
                    while threads(cards.process.pid) > 10:
                        time.sleep(0.01)
                    used = own_memory(cards.process.pid)
                self.assertEqual(cards.stop(), 0)
                return used

        few, many = memory(200), memory(1_000)
        each = (many - few) / 800
        print(f"1000 cards: {each:.1f} KiB of memory each, {many / 1024:.1f} MiB together")
        self.assertLess(each, LARGEST)

    def test_options_that_do_not_fit(self):
        for options, message in (
            ((), "either --image or --ephemeral is needed"),
            (("--image", "card.img", "--count", "2"), "several cards need a % in place of their numbers"),
            (("--image", "card.img", "--profile", PROFILE), "--profile is for --ephemeral"),
            (("--ephemeral", "--image", "card.img", "--profile", PROFILE), "--ephemeral takes either --image or --profile"),
            (("--ephemeral", "--profile", PROFILE, "--count", "20000"), "so many cards have no ports from 35963 on"),
            (("--ephemeral", "--profile", PROFILE, "--count", "0"), "--count 0"),
            (("--ephemeral", "--profile", PROFILE, "--count", str(2**63 - 1), *self.OWN_PORTS), "so many cards"),
            (("--ephemeral", "--profile", PROFILE, "--port", "0"), "--port 0 is for --listen"),
            (("--ephemeral", "--profile", "none.der"), "none.der: cannot read the profile package: No such file"),
            (("--image", self.image("%.img"), "--count", "2"), self.image("0.img") + ": no such file"),
        ):
            with self.subTest(options=options):
                ended = subprocess.run([VEUICC, "run", *options], capture_output=True, text=True, timeout=WAIT)
                self.assertNotEqual(ended.returncode, 0)
                self.assertIn(message, ended.stderr)
                self.assertEqual(ended.stdout, "")


if __name__ == "__main__":
    unittest.main()
