#!/usr/bin/env python3
"""Writes the file template tables Sources/ProfilePackage/Templates*.swift from vectors/saip/*.tsv.

Run it from anywhere; it needs nothing beside Python 3. Rows of several versions of a template that say the same become
one row with a range of versions. Rows stand in the order of the members of the profile element.
"""

import csv
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
ARC = "2.23.143.1.2."

# template number: (file, name of the table, what it is, profile element)
TEMPLATES = {
    1: ("MF", "mf", "MF", "mf"),
    2: ("MF", "cd", "DF.CD", "cd"),
    3: ("MF", "telecom", "DF.TELECOM", "telecom"),
    4: ("USIM", "usim", "ADF.USIM", "usim"),
    5: ("OptUSIM", "optUSIM", "the optional files of ADF.USIM", "opt-usim"),
    6: ("DF", "phonebook", "DF.PHONEBOOK of ADF.USIM", "phonebook"),
    7: ("DF", "gsmAccess", "DF.GSM-ACCESS", "gsm-access"),
    8: ("ISIM", "isim", "ADF.ISIM", "isim"),
    9: ("ISIM", "optISIM", "the optional files of ADF.ISIM", "opt-isim"),
    10: ("CSIM", "csim", "ADF.CSIM", "csim"),
    11: ("CSIM", "optCSIM", "the optional files of ADF.CSIM", "opt-csim"),
    12: ("DF", "eap", "DF.EAP", "eap"),
    13: ("DF", "df5GS", "DF.5GS", "df-5gs"),
    14: ("DF", "dfSAIP", "DF.SAIP", "df-saip"),
    15: ("DF", "dfSNPN", "DF.SNPN", "df-snpn"),
    16: ("DF", "df5GProSe", "DF.5G_ProSe", "df-5gprose"),
}
TYPES = {
    "MF": "mf",
    "ADF": "adf",
    "DF": "df",
    "TR": "transparent",
    "LF": "linearFixed",
    "CY": "cyclic",
    "BT": "berTLV",
}
# Members whose name changed between editions of the ASN.1 module.
RENAMED = {"ef-iwl (ef-ial from 3.3)": "ef-ial"}


def table(name):
    with open(ROOT / "vectors/saip" / name, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def needs(template, service):
    """GBA and MBMS files, 9.5.2: only optional USIM files are meant."""
    services = set(service.split(","))
    if template == 5 and services & {"69"}:
        return "mbms"
    if template == 5 and services & {"68", "76"}:
        return "gba"
    return ""


def arguments(template, row, tags, parents):
    """All of a row but its versions, as the arguments of TemplateFile's initialiser."""
    tag = tags[RENAMED.get(row["pe_field"], row["pe_field"])]
    text = [f"0x{tag}", f'"{row["name"]}"', "." + TYPES[row["type"]]]
    first, _, last = row["fid"].partition("-")
    if first:
        text.append(f"0x{first}")
    if last:
        text.append(f"last: 0x{last}")
    if row["parent"] in parents and row["type"] != "ADF":
        text.append(f"in: 0x{parents[row['parent']]}")
    for label, value in (("records", row["records"]), ("size", row["size"])):
        if value:
            text.append(f"{label}: {value}")
    if row["sfi"]:
        text.append(f"sfi: 0x{row['sfi']}")
    if row["arr"]:
        text.append(f"rule: {row['arr']}")
    if row["default_content"]:
        kind = {"fixed": "fixed", "fill": "fill", "repeat": "repeated"}[row["default_kind"]]
        text.append(f'.{kind}("{row["default_content"]}")')
    if row["high_update"] == "yes":
        text.append("highUpdate: true")
    if needs(template, row["service"]):
        text.append("needs: ." + needs(template, row["service"]))
    return int(tag, 16), text


def rows(template):
    _, _, _, element = TEMPLATES[template]
    tags = {row["field"]: row["tag"] for row in table("elements.tsv") if row["pe"] == element}
    versions = {}
    for row in table("templates.tsv"):
        number, _, version = row["template_oid"].removeprefix(ARC).partition(".")
        if int(number) == template:
            versions.setdefault(int(version or "1"), []).append(row)
    merged = {}
    for version in sorted(versions):
        # A DF is the parent of the rows whose parent path ends with it.
        parents = {}
        for row in versions[version]:
            if row["type"] in ("MF", "DF", "ADF"):
                fid = row["fid"] or "<FID from Fcp>"
                path = row["name"] if row["type"] == "ADF" else f"{row['parent']}/{fid}"
                parents["3F00" if row["type"] == "MF" else path] = tags[row["pe_field"]]
        for row in versions[version]:
            tag, text = arguments(template, row, tags, parents)
            # The spelling of a name does not make another row.
            merged.setdefault((tag, tuple(text[:1] + text[2:])), [text, []])
            merged[tag, tuple(text[:1] + text[2:])][0] = text
            merged[tag, tuple(text[:1] + text[2:])][1].append(version)
    latest = max(versions)
    result = []
    for (tag, _), (text, known) in merged.items():
        first, last = min(known), max(known)
        assert known == list(range(first, last + 1)), text
        if (first, last) != (1, latest):
            text.append(f"versions: {first}, {last}")
        result.append((tag, first, text))
    return [text for _, _, text in sorted(result, key=lambda row: row[:2])], latest


def main():
    files = {}
    for number, (file, name, title, _) in TEMPLATES.items():
        lines, latest = rows(number)
        versions = "" if latest == 1 else f", versions 1 to {latest}"
        text = f"    /// Template {number}{versions}: {title}.\n"
        text += f"    static let {name}: [TemplateFile] = [\n"
        for line in lines:
            joined = ", ".join(line).replace("versions: ", "from: ").replace("from: 1, ", "through: ")
            if "from: " in joined:
                head, _, tail = joined.partition("from: ")
                first, last = tail.split(", ")
                joined = f"{head}from: {first}" + ("" if int(last) == latest else f", through: {last}")
            text += f"        .init({joined}),\n"
        files.setdefault(file, []).append(text + "    ]\n")
    for file, tables in files.items():
        path = ROOT / f"Sources/ProfilePackage/Templates{file}.swift"
        head = "// Written by tools/saip-templates.py from vectors/saip/templates.tsv: one row a line, whatever its length.\n"
        head += "// swift-format-ignore-file\n\n"
        path.write_text(head + "extension Templates {\n" + "\n".join(tables) + "}\n")


if __name__ == "__main__":
    main()
