"""Checks `veuicc image map`, `diff`, `export` and `import` against other readers: tools/image-reader.py, GNU objcopy
and srec_cat. Run: python3 tools/image_tools_test.py, after swift build."""

import json
import pathlib
import random
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

import card_process
from card_process import VEUICC

image_reader = card_process.load("image-reader.py")
builder = card_process.load("image_reader_test.py")

FIXTURE = pathlib.Path(__file__).resolve().parent.parent / "vectors/images/format-1.0.img"
SVG = "{http://www.w3.org/2000/svg}"


def run(*arguments, status=0):
    done = subprocess.run([VEUICC, "image", *map(str, arguments)], capture_output=True, check=False)
    if done.returncode != status:
        raise AssertionError(f"{arguments}: exit status {done.returncode}: {done.stderr.decode()}")
    return done.stdout


class ToolTests(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = pathlib.Path(directory.name)
        self.card = self.folder / "card.img"
        card_process.new_card(str(self.card))

    def large_image(self, size=2_621_440):
        """A large image: empty, but for the superblock and the owner table."""
        regions = image_reader.regions_of(size)
        block = b"VEUICC\r\n" + b"".join(number.to_bytes(width, "big") for number, width in (
            (1, 2), (0, 2), (size, 4), (64, 4), (1, 4), (33, 4), (regions["journal"].pages, 4),
            (regions["page table"].page, 4), (regions["data pages"].page, 4))) + b"\xFF" * 20
        image = self.folder / "large.img"
        head = block + image_reader.zlib.crc32(block).to_bytes(4, "big") + bytes([1]) + b"\xFF" * 7
        image.write_bytes(head.ljust(size, b"\xFF"))
        return image


class ExportTests(ToolTests):
    """What is exported is the image for others; what others write is imported to the same image."""

    def images(self):
        return [FIXTURE, self.card, self.large_image()]

    def test_objcopy_reads_what_is_exported(self):
        for image in self.images():
            for format, name in (("ihex", "ihex"), ("srec", "srec")):
                with self.subTest(image=image.name, format=format):
                    file, copy = self.folder / "file", self.folder / "copy"
                    run("export", image, file, "--format", format, "--force")
                    subprocess.run(["objcopy", "-I", name, "-O", "binary", file, copy], check=True)
                    self.assertEqual(copy.read_bytes(), image.read_bytes())

    def test_srec_cat_reads_what_is_exported(self):
        for image in self.images():
            for format, name in (("ihex", "-intel"), ("srec", "-motorola")):
                with self.subTest(image=image.name, format=format):
                    file, copy = self.folder / "file", self.folder / "copy"
                    run("export", image, file, "--format", format, "--force")
                    # It warns of a wrong checksum, of a wrong number of records and of a header that is missing.
                    command = ["srec_cat", file, name, "-o", copy, "-binary"]
                    done = subprocess.run(command, capture_output=True, check=True)
                    self.assertEqual(done.stderr, b"")
                    self.assertEqual(copy.read_bytes(), image.read_bytes())

    def test_what_others_write_is_imported(self):
        ways = [("objcopy", "-I", "binary", "-O", "ihex", "IN", "OUT"),
                ("objcopy", "-I", "binary", "-O", "srec", "IN", "OUT"),
                ("objcopy", "-I", "binary", "-O", "srec", "--srec-forceS3", "IN", "OUT"),
                ("srec_cat", "IN", "-binary", "-o", "OUT", "-intel"),
                ("srec_cat", "IN", "-binary", "-o", "OUT", "-motorola"),
                ("srec_cat", "IN", "-binary", "-o", "OUT", "-motorola", "--address-length=4")]
        # Intel HEX with segment addresses (records 02) ends at 1 MiB.
        segments = ("srec_cat", "IN", "-binary", "-o", "OUT", "-intel", "--address-length=3")
        for image in self.images():
            for way in ways + ([segments] if image != self.folder / "large.img" else []):
                with self.subTest(image=image.name, way=way):
                    file, copy = self.folder / "file", self.folder / "copy.img"
                    command = [{"IN": image, "OUT": file}.get(word, word) for word in way]
                    subprocess.run(command, check=True)
                    run("import", file, copy, "--force")
                    self.assertEqual(copy.read_bytes(), image.read_bytes())

    def test_no_changed_character_is_taken_for_another_image(self):
        """A character of the file is changed: the import fails, or makes the same image."""
        random.seed(1)
        original = FIXTURE.read_bytes()
        for format in ("ihex", "srec"):
            text = run("export", FIXTURE, "-", "--format", format)
            for _ in range(40):
                place = random.randrange(len(text))
                changed = text[:place] + bytes([random.choice(b"0123456789ABCDEF:S\n\r z")]) + text[place + 1:]
                file, copy = self.folder / "file", self.folder / "copy.img"
                file.write_bytes(changed)
                command = [VEUICC, "image", "import", file, copy, "--force"]
                done = subprocess.run(command, capture_output=True, check=False)
                line = text[:place].count(b"\n") + 1
                if done.returncode == 0:
                    self.assertEqual(copy.read_bytes(), original)
                elif not file.read_bytes().startswith((b":", b"S")):
                    self.assertEqual(done.returncode, 65)
                else:
                    self.assertEqual(done.returncode, 65, done.stderr)
                    lines = [int(number) for number in re.findall(rb"file:(\d+): ", done.stderr)]
                    # A missing octet is told at the end of the file.
                    self.assertIn(lines[0], (line, line + 1, text.count(b"\n"), text.count(b"\n") + 1), done.stderr)


class MapTests(ToolTests):
    def fragmented(self):
        """An image whose objects have their pages in a random order."""
        order = list(range(161, 1024))
        random.Random(2).shuffle(order)
        image = builder.Builder(order)
        image.owner(1, 0, 40_000)
        folder = image.object(1, 0, builder.file(builder.NONE, 0x3F00, 0x38))
        for number in range(60):
            body = bytes(number % 7 for _ in range(number * 9))
            image.object(1, number // 50, builder.file(folder, 0x6F00 + number, 0x01, body))
        path = self.folder / "fragmented.img"
        path.write_bytes(image.octets)
        return path

    def test_numbers_are_those_of_the_other_reader(self):
        for path in (FIXTURE, self.card, self.fragmented()):
            with self.subTest(image=path.name):
                image = image_reader.Image(path.read_bytes())
                self.assertEqual(image.problems, [])
                shown = json.loads(run("map", path, "--json"))
                self.assertEqual(shown["free_pages"], image.free)
                self.assertEqual([(owner["owner"], owner.get("parent"), owner.get("quota"), owner["used"])
                                  for owner in shown["owners"]],
                                 [(owner["owner"], owner["parent"], owner["quota"], owner["used"])
                                  for owner in image.owners.values()])
                self.assertEqual([(region["offset"], region["size"], region["pages"]) for region in shown["regions"]],
                                 [(region.offset, region.octets, region.pages) for region in image.regions.values()])
                self.assertEqual([(line["object"], line["owner"], line["pages"], line["octets"])
                                  for line in shown["objects"]],
                                 [(item.number, item.owner, len(item.pages), len(item.content))
                                  for item in image.objects.values()])
                self.assertEqual({line["object"]: line["path"] for line in shown["objects"] if "path" in line},
                                 {number: image.paths[number] for number in image.files})

    def test_picture_shows_each_octet(self):
        """In the picture of a small image a unit of width is always the same number of octets."""
        for path in (FIXTURE, self.card, self.fragmented()):
            with self.subTest(image=path.name):
                image = image_reader.Image(path.read_bytes())
                root = xml.fromstring(run("map", path, "--svg", "-"))
                groups = [(group.find(SVG + "title").text, group.findall(SVG + "rect"))
                          for group in root.iter(SVG + "g")]
                scale = 896 / (8192 if image.size > 131_072 else 2048)
                width = lambda rectangles, style: sum(float(each.get("width")) for each in rectangles
                                                     if each.get("class") == style)
                free = sum(width(rectangles, "f") for title, rectangles in groups if title.startswith("free"))
                self.assertAlmostEqual(free / scale, image.free * 64, delta=2)
                for item in image.objects.values():
                    pages = f", pages {item.number}"
                    found = [rectangles for title, rectangles in groups
                             if re.search(re.escape(pages) + r"(?!\d)", title)]
                    self.assertTrue(found, item.number)
                    drawn = sum(width(rectangles, f"o{list(image.owners).index(item.owner)}") for rectangles in found)
                    # Each run of pages has an edge of 0.6 on both sides, in each row.
                    self.assertAlmostEqual(drawn, (len(item.content) + 4) * scale, delta=1.2 * len(item.pages) + 0.1)

    def test_every_size_has_a_picture(self):
        for path in (FIXTURE, self.card, self.large_image(16_773_120)):
            root = xml.fromstring(run("map", path, "--svg", "-"))
            self.assertLess(float(root.get("height")), 1_000)
            text = {each.text for each in root.iter(SVG + "text")}
            self.assertLessEqual({"superblock", "owner table", "journal", "page table", "data", path.name}, text)


class DiffTests(ToolTests):
    def test_the_bytes_make_the_one_image_the_other(self):
        other = self.folder / "other.img"
        random.seed(3)
        before = FIXTURE.read_bytes()
        for _ in range(20):
            after = bytearray(before)
            for _ in range(random.randrange(1, 40)):
                after[random.randrange(64, len(after))] ^= random.randrange(1, 256)
            # The journal stays closed, so that the state can be told.
            after[33 * 64:97 * 64] = before[33 * 64:97 * 64]
            other.write_bytes(after)
            status = 0 if after == before else 1
            shown = json.loads(run("diff", FIXTURE, other, "--bytes", "--json", status=status))
            result = bytearray(before)
            for line in shown["bytes"]:
                old, new, at = bytes.fromhex(line["old"]), bytes.fromhex(line["new"]), line["offset"]
                self.assertEqual(result[at:at + len(old)], old)
                self.assertEqual(line["page"], at // 64)
                result[at:at + len(new)] = new
            self.assertEqual(result, after)
            self.assertEqual(shown["octets"], sum(one != two for one, two in zip(before, after)))

    def test_same(self):
        self.assertEqual(run("diff", FIXTURE, FIXTURE), b"")


if __name__ == "__main__":
    unittest.main()
