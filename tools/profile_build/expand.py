"""The file system that a package makes, computed from the package alone (saip.md chapters 3 and 4).

It shares nothing with the card: the card's file system after installation is compared with what comes out here.
"""

import csv
import pathlib

from .schema import FILE_PES, PackageError

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TYPES = {0x01: "TR", 0x02: "LF", 0x06: "CY", 0x39: "BT", 0x38: "DF"}
RECORDS = ("LF", "CY")
NAA = {"A0000000871002": "ADF.USIM", "A0000000871004": "ADF.ISIM", "A0000003431002": "ADF.CSIM"}
COLUMNS = "path pe_field type rec_len records size sfi arr special_info pin_status aid link_to content".split()


def load_templates():
    """(OID, field) -> row, in the order of the table."""
    lines = (ROOT / "vectors/saip/templates.tsv").read_text().splitlines()
    rows = {}
    for row in csv.DictReader(lines, delimiter="\t"):
        field = "ef-ial" if row["pe_field"].startswith("ef-iwl") else row["pe_field"]
        rows[row["template_oid"], field] = row
    return rows


class File:
    """A file as it stands after installation. A link shares the body of its target."""

    def __init__(self, path, field, type):
        self.path, self.field, self.type = path, field, type
        self.record, self.size, self.sfi, self.rule, self.special = 0, 0, None, "", 0
        self.pins, self.aid, self.link, self.body = "", "", "", bytearray()

    @property
    def row(self):
        ef = self.type not in ("MF", "DF", "ADF")
        return {
            "path": self.path, "pe_field": self.field, "type": self.type,
            "rec_len": self.record if self.type in RECORDS else "",
            "records": self.size // self.record if self.type in RECORDS else "",
            "size": self.size if ef else "",
            "sfi": f"{self.sfi:02X}" if self.sfi is not None else "",
            "arr": self.rule, "special_info": f"{self.special:02X}" if ef else "",
            "pin_status": self.pins, "aid": self.aid, "link_to": self.link,
            "content": contents_text(self) if ef and not self.link else "",
        }  # fmt: skip


def contents_text(file):
    body = bytes(file.body)
    if not body:
        return "-"
    run = len(body) - len(body.rstrip(body[-1:]))
    if run == len(body) and run > 4:
        return f"{body[-1]:02X}*{run}"
    if run >= 8:
        return f"{body[:-run].hex().upper()}+{body[-1]:02X}*{run}"
    return body.hex().upper()


def grown(pattern, size):
    """A template's default such as 00FF...FF grown to `size` octets; one without ... is cut, or filled up with FF."""
    head, dots, tail = pattern.partition("...")
    head, tail = bytes.fromhex(head), bytes.fromhex(tail)[1:]
    if not dots:
        return head[:size].ljust(size, b"\xff")
    return (head.ljust(max(0, size - len(tail)), head[-1:])[: size - len(tail)] + tail)[:size]


class FileSystem:
    def __init__(self, templates):
        self.templates = templates
        self.files = {}
        self.temporary = {}  # FID of an ADF while installing -> its name here
        self.current = {}  # ADF.USIM -> the last ADF made of that kind

    # --- one file ---------------------------------------------------------------------------------------------------

    def make(self, folder, field, row, fcp, where):
        """Creates one file from a template row (None in generic file management) and the members of an FCP."""
        fcp = dict(fcp)
        fid = fcp["fileID"].hex().upper() if "fileID" in fcp else row["fid"] if row else ""
        kind = row["type"] if row else TYPES.get(fcp["fileDescriptor"][0] & 0x3F, "?")
        if "fileDescriptor" in fcp:
            said = TYPES.get(fcp["fileDescriptor"][0] & 0x3F, "?")
            if row and kind in TYPES.values() and said != kind:
                raise PackageError(f"{where}: is {kind} in the template, {said} in the FCP")
        if row and kind == "ADF" or not row and "dfName" in fcp:
            kind, aid = "ADF", fcp["dfName"].hex().upper()
            name = NAA.get(aid[:14], "ADF." + aid)
            self.temporary[fid], self.current[row["name"] if row else name] = name, name
            path = name
        elif kind == "MF":
            path, aid = "3F00", ""
        else:
            if "-" in fid or len(fid) != 4:
                raise PackageError(f"{where}: needs a fileID")
            path, aid = f"{folder}/{fid}", ""
            if folder not in self.files:
                raise PackageError(f"{where}: {folder} does not exist yet")
        if path in self.files:
            raise PackageError(f"{where}: {path} exists")
        file = self.files[path] = File(path, field, kind)
        file.aid = aid
        file.pins = fcp.get("pinStatusTemplateDO", b"").hex().upper()
        file.rule = self.rule(path, kind, fcp.get("securityAttributesReferenced"), row)
        if kind in ("MF", "DF", "ADF"):
            return file
        if fcp.get("linkPath"):
            return self.link(file, fcp, row)
        self.measure(file, fcp, row, where)
        self.content(file, fcp, row)
        return file

    def rule(self, path, kind, octets, row):
        """FID and record of the access rule; a record number alone means 2F06 on the level of the MF, else 6F06."""
        if octets is not None and len(octets) == 3:
            return octets.hex().upper()
        record = octets[0] if octets else int(row["arr"] or 0) if row else 0
        top = kind in ("MF", "ADF") or path.rpartition("/")[0] == "3F00"
        return f"{'2F06' if top else '6F06'}{record:02X}"

    def identifier(self, file, fcp, row):
        if "shortEFID" in fcp:
            return fcp["shortEFID"][0] >> 3 if fcp["shortEFID"] else None
        if row:
            return int(row["sfi"], 16) if row["sfi"] else None
        return int(file.path[-4:], 16) & 0x1F

    def link(self, file, fcp, row):
        path = self.path(fcp["linkPath"])
        if path not in self.files:
            raise PackageError(f"{file.path}: the link's target {path} does not exist")
        target = self.files[path]
        file.link, file.type, file.record = path, target.type, target.record
        file.size, file.body = target.size, target.body
        file.sfi = self.identifier(file, fcp, row)
        return file

    def measure(self, file, fcp, row, name):
        records = 1
        if row:
            file.record = int(row["size"] or 0) if file.type in RECORDS else 0
            records = int(row["records"] or 0)
            file.size = int(row["size"] or 0) if file.type not in RECORDS else 0
        if len(fcp.get("fileDescriptor", b"")) == 4:
            file.record = int.from_bytes(fcp["fileDescriptor"][2:], "big")
        if file.type in RECORDS:
            file.size = records * file.record
        if "efFileSize" in fcp:
            file.size = int.from_bytes(fcp["efFileSize"], "big")
        if not file.size or file.type in RECORDS and (not file.record or file.size % file.record):
            raise PackageError(f"{name}: a file of {file.size} octets in records of {file.record}")
        file.sfi = self.identifier(file, fcp, row)

    def content(self, file, fcp, row):
        info = fcp.get("proprietaryEFInfo")
        file.special = 0x80 if row and row["high_update"] == "yes" else 0
        if info is not None:
            info = dict(info)
            file.special = info.get("specialFileInformation", b"\x00")[0]
        if file.type == "BT":
            return
        unit = file.record or file.size
        if info and "fillPattern" in info:
            one = info["fillPattern"][:unit].ljust(unit, info["fillPattern"][-1:])
        elif info and "repeatPattern" in info:
            one = (info["repeatPattern"] * unit)[:unit]
        elif row and row["default_kind"] == "repeat":
            one = (bytes.fromhex(row["default_content"]) * unit)[:unit]
        elif row and row["default_content"]:
            one = grown(row["default_content"], unit)
        else:
            one = b"\xff" * unit
        file.body[:] = one * (file.size // unit)

    def path(self, fids):
        """The path that a list of FIDs means; an ADF is named by its temporary FID."""
        names = [fids[i : i + 2].hex().upper() for i in range(0, len(fids), 2)]
        if names and names[0] in self.temporary:
            return "/".join([self.temporary[names[0]], *names[1:]])
        return "/".join(["3F00", *names])

    def fill(self, file, at, octets, name):
        """Writes at the pointer and gives the pointer behind; a BER-TLV file just takes one object after the other."""
        if file.type == "BT":
            file.body += octets
            return at + len(octets)
        if at + len(octets) > file.size:
            raise PackageError(f"{name}: {at + len(octets)} octets do not fit in a file of {file.size}")
        file.body[at : at + len(octets)] = octets
        return at + len(octets)

    # --- one profile element ----------------------------------------------------------------------------------------

    def template_element(self, name, value):
        members = dict(value)
        oid = members["templateID"]
        fields = FILE_PES[name].split()[1:]
        present = {field for field in fields if field in members}
        for field in present:
            if (oid, field) not in self.templates:
                raise PackageError(f"{name}/{field}: template {oid} has no such file")
        for field in fields:
            row = self.templates.get((oid, field))
            if row and (field in present or row["created_by_default"] == "yes"):
                self.template_file(f"{name}/{field}", field, row, members.get(field, []))

    def template_file(self, name, field, row, elements):
        if any(element == "doNotCreate" for element, _ in elements):
            return
        parent, _, rest = row["parent"].partition("/")
        folder = "/".join(filter(None, [self.current.get(parent, parent), rest]))
        if not elements or elements[0][0] != "fileDescriptor":
            elements = [("fileDescriptor", []), *elements]
        for element, value in elements:
            if element == "fileDescriptor":
                file, at = self.make(folder, field, row, value, name), 0
            elif element == "fillFileOffset":
                at += value
            elif element == "fillFileContent":
                at = self.fill(file, at, value, name)

    def generic_element(self, value):
        folder, file, at = "3F00", None, 0
        for _, commands in dict(value)["fileManagementCMD"]:
            for command, inner in commands:
                name = f"genericFileManagement in {folder}"
                if command == "filePath":
                    path, at = self.path(inner), 0
                    if path not in self.files:
                        raise PackageError(f"{name}: {path} does not exist")
                    directory = self.files[path].type in ("MF", "DF", "ADF")
                    file = None if directory else self.files[path]
                    folder = path if directory else path.rpartition("/")[0]
                elif command == "createFCP":
                    made, at = self.make(folder, "gfm", None, inner, name), 0
                    directory = made.type in ("DF", "ADF")
                    folder, file = (made.path, None) if directory else (folder, made)
                elif file is None:
                    raise PackageError(f"{name}: no EF is selected")
                elif command == "fillFileOffset":
                    at += inner
                else:
                    at = self.fill(file, at, inner, name)


def expand(package):
    """The files of the package in the order of their creation."""
    system = FileSystem(load_templates())
    for name, value in package:
        if name in FILE_PES:
            system.template_element(name, value)
        elif name == "genericFileManagement":
            system.generic_element(value)
    return list(system.files.values())


def table(package):
    """The files as tab-separated values, one row a file."""
    rows = ["\t".join(COLUMNS)]
    rows += ["\t".join(str(file.row[column]) for column in COLUMNS) for file in expand(package)]
    return "\n".join(rows) + "\n"
