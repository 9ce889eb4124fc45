"""What a package must keep across its profile elements, and no codec sees."""

from .expand import expand
from .schema import FILE_PES, PackageError

ADM = range(0x8A, 0x8F)  # ADM6 to ADM10: global although b8 is set


def lint(package):
    """Raises PackageError if the package breaks one of the rules below; gives its files."""
    names = [name for name, _ in package]
    expect(names[:1] == ["header"] and names.count("header") == 1, "a package begins with its one header")
    expect(names[-1:] == ["end"] and names.count("end") == 1, "a package ends with its one end")
    header = dict(package[0][1])
    numbers = [dict(value[0][1])["identification"] for _, value in package[1:]]
    expect(len(set(numbers)) == len(numbers), f"identifications are not unique: {numbers}")
    declared = {oid for _, oid in header["eUICC-Mandatory-GFSTEList"]}
    used = {dict(value)["templateID"] for name, value in package if name in FILE_PES}
    expect(declared == used, f"eUICC-Mandatory-GFSTEList differs from the templates in use by {declared ^ used}")
    files = expand(package)
    access_rules(files)
    codes(package, files)
    return files


def expect(condition, message):
    if not condition:
        raise PackageError(message)


def access_rules(files):
    """Each access rule exists: the record of the EF.ARR in the file's DF or the nearest above."""
    at = {file.path: file for file in files}
    for file in files:
        fid, record = file.rule[:4], int(file.rule[4:], 16)
        folder = file.path if file.type in ("MF", "DF", "ADF") else file.path.rpartition("/")[0]
        while f"{folder}/{fid}" not in at and "/" in folder:
            folder = folder.rpartition("/")[0]
        rules = at.get(f"{folder}/{fid}") or at.get(f"3F00/{fid}")
        expect(rules is not None, f"{file.path}: there is no EF.ARR {fid}")
        octets = bytes(rules.body[(record - 1) * rules.record : record * rules.record])
        expect(record > 0 and octets.strip(b"\xff"), f"{file.path}: {rules.path} has no record {record}")


def codes(package, files):
    """Each key reference of a PIN status template has its PIN, and each PIN that may be unblocked its PUK."""
    context, last, known, pucs = "3F00", None, {}, set()
    folders = [file for file in files if file.type in ("MF", "DF", "ADF")]
    for name, value in package:
        if name in FILE_PES:
            made = FILE_PES[name].split()[1]
            last = next((file.path for file in folders if file.field == made and made in dict(value)), last)
        elif name == "pukCodes":
            pucs |= {dict(one)["keyReference"] for _, one in dict(value)["pukCodes"]}
        elif name == "pinCodes":
            context = "3F00" if last == "3F00" else last
            for _, one in dict(value)["pinCodes"][0][1] if dict(value)["pinCodes"][0][0] == "pinconfig" else []:
                pin = dict(one)
                known.setdefault(pin["keyReference"], set()).add(context)
                puk = pin.get("unblockingPINReference")
                expect(puk is None or puk in pucs, f"there is no PUK {puk} for PIN {pin['keyReference']:02X}")
    for folder in folders:
        for reference in bytes.fromhex(folder.pins):
            places = known.get(reference, set())
            local = reference & 0x80 and reference not in ADM
            above = any(folder.path == place or folder.path.startswith(place + "/") for place in places)
            expect(above if local else places, f"{folder.path}: PIN {reference:02X} is not defined for it")
