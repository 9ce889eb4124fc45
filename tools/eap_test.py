"""EAP-SIM, EAP-AKA and EAP-AKA' with the card: real clients against each other over the loopback interface.

eapol_test (package eapoltest) is the terminal and reaches the card through PC/SC, in a pcscd of the test's own; hostapd
is the EAP server; osmo-auc-gen (package libosmocore-utils) is the authentication centre, which computes MILENAGE, the
test algorithm XOR and the conversions without any code of this project.

Run: python3 tools/eap_test.py, after swift build. A client that is missing is a failure. No root is needed.
"""

import contextlib
import os
import pathlib
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import card_process
from card_process import ROOT, TOOLS, VEUICC, WAIT, Cards

SECRET = "veuicc"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
PIN = "0000"
# Beyond the numbers of a centre that has lost its own, below the limit of 2^28 of the profile.
AHEAD = 1_000 * 32 + 3


def program(name):
    path = shutil.which(name, path=PATH)
    if not path:
        raise FileNotFoundError(f"{name} is not installed: tools/setup eapoltest hostapd libosmocore-utils")
    return path


class Subscriber:
    """What the authentication centre knows of a card."""

    def __init__(self, algorithm, key, opc):
        self.algorithm, self.key, self.opc = algorithm, key, opc
        self.number = 0
        # The other way round: a network that is not the card's.
        self.stranger = key[::-1]

    def vector(self, key, *options):
        """What osmo-auc-gen prints for a challenge."""
        shown = subprocess.run([program("osmo-auc-gen"), "-3", "-a", self.algorithm, "-k", key, "-o", self.opc,
                                "-f", "8000", *options], capture_output=True, text=True, check=True, timeout=WAIT).stdout
        found = dict(re.findall(r"^(\S[^:\n]*):\s+(\w+)$", shown, re.MULTILINE))
        if "AUTN" not in found:
            raise RuntimeError(shown)
        return found

    def next_vector(self, is_stranger=False):
        """A challenge with the next sequence number: the next SEQ, with the same IND."""
        self.number += 32
        # Of the version in Debian 12, XOR takes 32 off the number that it is given.
        given = self.number + (32 if self.algorithm == "XOR" else 0)
        found = self.vector(self.stranger if is_stranger else self.key, "-s", str(given), "-r", secrets.token_hex(16))
        if int(found["SQN"]) != self.number:
            raise RuntimeError(f"osmo-auc-gen has taken {found['SQN']} for {self.number}")
        return found

    def resynchronise(self, auts, rand):
        """Takes the number of the card over from a token, whose MAC osmo-auc-gen checks."""
        found = self.vector(self.key, "-A", auts, "-r", rand)
        self.number = int(found["SQN.MS"])


class AuthenticationCentre:
    """The socket at which hostapd asks for challenges: README of hlr_auc_gw in hostap."""

    def __init__(self, path):
        self.subscriber = None
        self.is_stranger = False
        self.requests = []
        self.failure = None
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(WAIT)
        self.socket.close()

    def serve(self):
        while True:
            message, sender = self.socket.recvfrom(4_096)
            if not message:
                return
            try:
                answer = self.answer(message.decode().split())
            except Exception as failure:  # Told to the test, which asks at its end.
                self.failure = failure
                answer = None
            if answer:
                self.socket.sendto(answer.encode(), sender)

    def answer(self, words):
        self.requests.append(words[0])
        if words[0] == "AKA-REQ-AUTH":
            found = self.subscriber.next_vector(self.is_stranger)
            return f"AKA-RESP-AUTH {words[1]} " + " ".join(found[name] for name in ("RAND", "AUTN", "IK", "CK", "RES"))
        if words[0] == "AKA-AUTS":
            self.subscriber.resynchronise(words[2], words[3])
            return None
        if words[0] == "SIM-REQ-AUTH":
            found = [self.subscriber.next_vector() for _ in range(int(words[2]))]
            return f"SIM-RESP-AUTH {words[1]} " + " ".join(f"{one['Kc']}:{one['SRES']}:{one['RAND']}" for one in found)
        raise RuntimeError(f"an unknown request: {words}")


class EAPTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Short: the name of a socket has room for 107 octets.
        directory = tempfile.TemporaryDirectory(prefix="veuicc-", dir="/tmp")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        service = [str(TOOLS / "pcscd-private"), "--dir", directory.name]
        started = subprocess.run([*service, "--port", "0", "start"], check=True, capture_output=True, text=True)
        cls.addClassCleanup(subprocess.run, [*service, "stop"], check=True)
        environment = dict(re.findall(r"export (\w+)='(.*)'", started.stdout))
        cls.environment = {**os.environ, **environment, "LC_ALL": "C"}
        cls.reader_port = environment["VPCD_PORT"]
        cls.service = service
        cls.centre = AuthenticationCentre(cls.directory / "hlr")
        cls.addClassCleanup(cls.centre.close)
        cls.start_hostapd()

    @classmethod
    def start_hostapd(cls):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            cls.radius_port = probe.getsockname()[1]
        (cls.directory / "clients").write_text(f"127.0.0.1/32 {SECRET}\n")
        # The first character of a permanent identity says the method.
        (cls.directory / "users").write_text('"0"* AKA\n"1"* SIM\n"6"* AKA\'\n')
        (cls.directory / "hostapd").write_text(
            f"interface=lo\ndriver=none\neap_server=1\neap_user_file={cls.directory}/users\n"
            f"eap_sim_db=unix:{cls.directory}/hlr\nradius_server_clients={cls.directory}/clients\n"
            f"radius_server_auth_port={cls.radius_port}\n")
        log = cls.directory / "hostapd.log"
        with open(log, "w") as output:
            server = subprocess.Popen([program("hostapd"), str(cls.directory / "hostapd")], stdout=output, stderr=output)

        def stop():
            server.kill()
            server.wait(WAIT)

        cls.addClassCleanup(stop)
        end = time.monotonic() + WAIT
        while "AP-ENABLED" not in log.read_text():
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"hostapd does not start:\n{log.read_text()}")
            time.sleep(0.02)

    def setUp(self):
        self.centre.requests.clear()
        self.centre.failure = None
        self.centre.is_stranger = False

    def tearDown(self):
        self.assertIsNone(self.centre.failure)

    @contextlib.contextmanager
    def card(self, subscriber, profile, *commands):
        """A fresh card in the reader, which has had these commands before."""
        self.centre.subscriber = subscriber
        image = self.directory / "card.img"
        card_process.new_card(str(image), "--force", *(["--profile", str(profile)] if profile else []))
        if commands:
            shown = subprocess.run([VEUICC, "apdu", *commands, "--image", str(image)], check=True, capture_output=True,
                                   text=True, timeout=WAIT).stdout
            self.assertEqual(shown.count("< 9000"), len(commands), shown)
        with Cards("--image", str(image), "--port", self.reader_port, "--json") as self.cards:
            subprocess.run([*self.service, "--timeout", str(WAIT), "wait-card"], check=True, stdout=subprocess.DEVNULL)
            yield
        # The next card comes when the reader has seen that this one has gone.
        end = time.monotonic() + WAIT
        while "no card" not in self.reader_status():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def reader_status(self):
        return subprocess.run([*self.service, "status"], check=True, capture_output=True, text=True).stdout.splitlines()[0]

    def authenticate(self, method, is_success=True):
        """One authentication; returns what the card has executed for it."""
        seen = len(self.cards.events)
        configuration = self.directory / "network"
        configuration.write_text(
            f'network={{\n ssid="veuicc"\n key_mgmt=WPA-EAP\n eap={method}\n pcsc=""\n pin="{PIN}"\n}}\n')
        ended = subprocess.run(
            [program("eapol_test"), "-c", str(configuration), "-a", "127.0.0.1", "-p", str(self.radius_port),
             "-s", SECRET, "-t", str(WAIT), "-r", "0"],
            env=self.environment, capture_output=True, text=True, errors="replace", timeout=2 * WAIT)
        shown = ended.stdout + ended.stderr
        self.assertEqual(ended.returncode == 0, is_success, shown)
        self.assertEqual(ended.stdout.split()[-1], "SUCCESS" if is_success else "FAILURE")
        # Both ends have the same keys.
        self.assertEqual("MPPE keys OK: 1  mismatch: 0" in shown, is_success, shown)
        # It leaves the card without power; the next one is to find it so.
        end = time.monotonic() + WAIT
        while self.cards.events[-1]["event"] != "powerOff":
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        return [(event["command"], event["response"]) for event in self.cards.events[seen:]
                if event["event"] == "command"]

    def responses(self, commands, start):
        """What GET RESPONSE has given, or the status word, for the commands that begin so."""
        answers = []
        for (command, response), (_, following) in zip(commands, [*commands[1:], ("", "")]):
            if command.startswith(start):
                answers.append(following if response.startswith("61") else response)
        return answers

    # What follows runs for each of the algorithms.

    def sim(self, subscriber, profile):
        with self.card(subscriber, profile):
            answers = self.responses(self.authenticate("SIM"), "00880080")
            self.assertIn(len(answers), (2, 3))
            for answer in answers:
                self.assertRegex(answer, "^04.{8}08.{16}9000$")

    def aka(self, subscriber, profile, method="AKA"):
        with self.card(subscriber, profile):
            for _ in range(2):
                (answer,) = self.responses(self.authenticate(method), "00880081")
                self.assertRegex(answer, "^DB(08.{16}|10.{32})10.{32}10.{32}08.{16}9000$")
            self.assertEqual(self.centre.requests, ["AKA-REQ-AUTH"] * 2)

    def resynchronisation(self, subscriber, profile, method="AKA"):
        with self.card(subscriber, profile):
            subscriber.number = AHEAD - 32
            self.authenticate(method)
            # The centre has forgotten its numbers, and uses others with the same IND.
            subscriber.number = 3
            first, second = self.responses(self.authenticate(method), "00880081")
            self.assertRegex(first, "^DC0E.{28}9000$")
            self.assertRegex(second, "^DB.*9000$")
            self.assertEqual(subscriber.number, AHEAD + 32)
            self.assertEqual(self.centre.requests, ["AKA-REQ-AUTH", "AKA-REQ-AUTH", "AKA-AUTS", "AKA-REQ-AUTH"])
            self.assertEqual(len(self.responses(self.authenticate(method), "00880081")), 1)

    def pin(self, subscriber, profile, method="AKA"):
        # ENABLE PIN.
        with self.card(subscriber, profile, "002800010830303030FFFFFFFF"):
            commands = self.authenticate(method)
            self.assertIn(("002000010830303030FFFFFFFF", "9000"), commands)
            self.assertEqual(len(self.responses(commands, "0088")), 1 if method != "SIM" else 3)

    def stranger(self, subscriber, profile):
        with self.card(subscriber, profile):
            self.centre.is_stranger = True
            commands = self.authenticate("AKA", is_success=False)
            self.assertEqual(set(self.responses(commands, "00880081")), {"9862"})
            self.centre.is_stranger = False
            self.authenticate("AKA")


def add_tests():
    """A method of the class above for each algorithm, method and case."""
    ts48 = ROOT / "vectors/profiles/ts48/TS48_V7.0_eSIM_GTP_SAIP2.3_BERTLV_SUCI.der"
    subscribers = {
        # docs/default-profile.md
        "milenage": ("MILENAGE", "465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf", None),
        # TS.48 annex
        "xor": ("XOR", "000102030405060708090a0b0c0d0e0f", "0" * 32, ts48),
    }
    cases = {
        "sim": (EAPTests.sim,),
        "aka": (EAPTests.aka,),
        "aka_prime": (EAPTests.aka, "AKA'"),
        "resynchronisation": (EAPTests.resynchronisation,),
        "resynchronisation_aka_prime": (EAPTests.resynchronisation, "AKA'"),
        "pin": (EAPTests.pin,),
        "pin_sim": (EAPTests.pin, "SIM"),
        "stranger": (EAPTests.stranger,),
    }
    for algorithm, (*known, profile) in subscribers.items():
        for case, (body, *options) in cases.items():
            def test(self, body=body, known=known, profile=profile, options=options):
                body(self, Subscriber(*known), profile, *options)

            setattr(EAPTests, f"test_{algorithm}_{case}", test)


add_tests()

if __name__ == "__main__":
    unittest.main()
