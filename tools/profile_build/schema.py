"""The ASN.1 module of the profile package (SAIP 2.3, the tags of 3.3.1) as tables, and its DER codec.

A value is decoded against its type into plain data and encoded from it again:
Null -> None, Int -> int, Octets/Oid/Utf8 -> bytes/str/str, and every constructed type -> a list of (member name, value)
in the order of the encoding. The order and the tags are checked on decoding, so that encoding the result gives the
same octets: a package that does not (a length that is not minimal, an explicit DEFAULT) is not DER and is refused.
"""


class PackageError(Exception):
    """What is wrong with a package or with a description, for the profile engineer to read."""


# --- types ----------------------------------------------------------------------------------------------------------


class Null:
    constructed = False


class Int:
    """INTEGER. `radix` is only how a description shows it: key references and retry counters read best in hex."""

    constructed = False

    def __init__(self, radix=10):
        self.radix = radix


class Octets:
    """OCTET STRING. `form` names the readable form of the octets in a description (see description.FORMS)."""

    constructed = False

    def __init__(self, form="hex"):
        self.form = form


class Oid:
    constructed = False


class Utf8:
    constructed = False


class Sequence:
    """SEQUENCE (also an explicitly tagged CHOICE, which on the wire is a SEQUENCE of the one alternative)."""

    constructed = True

    def __init__(self, members):
        self.members = members


class SequenceOf(Sequence):
    """SEQUENCE OF: any number of `name`."""

    def __init__(self, name, tag, type):
        super().__init__([Member(name, tag, type)])


class Choices(Sequence):
    """SEQUENCE OF CHOICE: the members in any order, any number of times."""


class Member:
    def __init__(self, name, tag, type, default=None):
        self.name, self.tag, self.type, self.default = name, tag, type, default


def written(*members):
    """Members with their tags as written in the module (clause: a type with one written tag numbers nothing)."""
    return [Member(name, bytes.fromhex(tag), type, *default) for name, tag, type, *default in members]


def automatic(*members):
    """Members numbered 0, 1, 2 ... in the context class (AUTOMATIC TAGS)."""
    numbered = []
    for number, (name, type, *default) in enumerate(members):
        lead = 0xA0 if type.constructed else 0x80
        tag = bytes([lead | number]) if number < 31 else bytes([lead | 0x1F, number])
        numbered.append(Member(name, tag, type, *default))
    return numbered


# --- DER ------------------------------------------------------------------------------------------------------------


def tlv(tag, value):
    """One DER TLV; `tag` as octets."""
    size = len(value)
    if size < 0x80:
        return tag + bytes([size]) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag + bytes([0x80 | len(octets)]) + octets + value


def read_tlv(data, at):
    """(tag octets, value, position behind) of the TLV at `at`."""
    try:
        end = at + 1
        if data[at] & 0x1F == 0x1F:
            while data[end] & 0x80:
                end += 1
            end += 1
        tag, size, end = data[at:end], data[end], end + 1
        if size >= 0x80:
            count = size & 0x7F
            size, end = int.from_bytes(data[end : end + count], "big"), end + count
    except IndexError:
        raise PackageError(f"TLV at offset {at} is cut off") from None
    if end + size > len(data):
        raise PackageError(f"TLV {tag.hex().upper()} at offset {at} is longer than what holds it")
    return tag, data[end : end + size], end + size


def oid_octets(text):
    arcs = [int(arc) for arc in text.split(".")]
    octets = b""
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        base128 = bytes([arc & 0x7F])
        while arc := arc >> 7:
            base128 = bytes([0x80 | arc & 0x7F]) + base128
        octets += base128
    return octets


def oid_text(octets):
    arcs, arc = [], 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if octet < 0x80:
            arcs, arc = arcs + [arc], 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in [first, arcs[0] - 40 * first, *arcs[1:]])


def minimal(number, signed=False):
    """`number` in the fewest octets, big-endian."""
    return number.to_bytes(max(1, (number.bit_length() + (8 if signed else 7)) // 8), "big", signed=signed)


def encode(type, value, where=""):
    """The contents octets of `value`."""
    if isinstance(type, Null):
        return b""
    if isinstance(type, Int):
        return minimal(value, signed=True)
    if isinstance(type, Octets):
        return value
    if isinstance(type, Oid):
        return oid_octets(value)
    if isinstance(type, Utf8):
        return value.encode()
    members = {member.name: (order, member) for order, member in enumerate(type.members)}
    for name, _ in value:
        if name not in members:
            raise PackageError(f"{where}: there is no {name} here (there are: {', '.join(members)})")
    if not isinstance(type, (SequenceOf, Choices)):
        names = [name for name, _ in value]
        for name in names:
            if names.count(name) > 1:
                raise PackageError(f"{where}: {name} stands twice")
        value = sorted(value, key=lambda pair: members[pair[0]][0])
    octets = b""
    for name, inner in value:
        member = members[name][1]
        contents = encode(member.type, inner, f"{where}/{name}")
        if member.default is not None and contents == member.default:
            raise PackageError(f"{where}/{name}: is the DEFAULT, DER leaves it out")
        octets += tlv(member.tag, contents)
    return octets


def decode(type, octets, where=""):
    """The value of the contents octets."""
    if isinstance(type, Null):
        return None
    if isinstance(type, Int):
        return int.from_bytes(octets, "big", signed=True)
    if isinstance(type, Octets):
        return octets
    if isinstance(type, Oid):
        return oid_text(octets)
    if isinstance(type, Utf8):
        return octets.decode()
    repeats = isinstance(type, (SequenceOf, Choices))
    value, at, order = [], 0, 0
    while at < len(octets):
        tag, contents, end = read_tlv(octets, at)
        start = 0 if repeats else order
        found = next((n for n in range(start, len(type.members)) if type.members[n].tag == tag), None)
        if found is None:
            raise PackageError(f"{where}: unexpected tag {tag.hex().upper()} at offset {at}")
        member, order = type.members[found], found + 1
        value.append((member.name, decode(member.type, contents, f"{where}/{member.name}")))
        at = end
    return value


# --- the module (saip.md section 2.2 to 2.4) ------------------------------------------------------------------------

NULL, INT, KEY, HEX, AID, OID, UTF8 = Null(), Int(), Int(16), Octets(), Octets(), Oid(), Utf8()

SERVICES = (
    "contactless usim isim csim milenage tuak128 cave gba-usim gba-isim mbms eap javacard multos multiple-usim "
    "multiple-isim multiple-csim tuak256 usim-test-algorithm ber-tlv dfLink cat-tp get-identity profile-a-x25519 "
    "profile-b-p256 suciCalculatorApi dns-resolution scp11ac scp11c-authorization-mechanism s16mode eaka"
).split()

PE_HEADER = Sequence(automatic(("mandated", NULL), ("identification", INT)))

PROFILE_HEADER = Sequence(
    automatic(
        ("major-version", INT),
        ("minor-version", INT),
        ("profileType", UTF8),
        ("iccid", HEX),
        ("pol", HEX),
        ("eUICC-Mandatory-services", Sequence(automatic(*((name, NULL) for name in SERVICES)))),
        ("eUICC-Mandatory-GFSTEList", SequenceOf("oid", b"\x06", OID)),
        ("connectivityParameters", HEX),
        (
            "eUICC-Mandatory-AIDs",
            SequenceOf("element", b"\x30", Sequence(automatic(("aid", AID), ("version", HEX)))),
        ),
        ("iotOptions", Sequence(automatic(("pix", HEX)))),
    )
)

PROPRIETARY_INFO = Sequence(
    written(
        ("specialFileInformation", "C0", HEX, b"\x00"),
        ("fillPattern", "C1", HEX),
        ("repeatPattern", "C2", HEX),
        ("maximumFileSize", "86", Octets("size")),
        ("fileDetails", "84", HEX, b"\x01"),
    )
)

FCP = Sequence(
    written(
        ("fileDescriptor", "82", Octets("descriptor")),
        ("fileID", "83", HEX),
        ("dfName", "84", AID),
        ("lcsi", "8A", HEX, b"\x05"),
        ("securityAttributesReferenced", "8B", Octets("rule")),
        ("efFileSize", "80", Octets("size")),
        ("pinStatusTemplateDO", "C6", Octets("references")),
        ("shortEFID", "88", Octets("sfi")),
        ("proprietaryEFInfo", "A5", PROPRIETARY_INFO),
        ("linkPath", "C7", HEX),
    )
)

FILE = Choices(
    automatic(("doNotCreate", NULL), ("fileDescriptor", FCP), ("fillFileOffset", INT), ("fillFileContent", HEX))
)

FILE_MANAGEMENT = Choices(
    written(
        ("filePath", "80", HEX),
        ("createFCP", "62", FCP),
        ("fillFileOffset", "02", INT),
        ("fillFileContent", "81", HEX),
    )
)

PIN_CONFIGURATION = Sequence(
    automatic(
        ("keyReference", KEY),
        ("pinValue", HEX),
        ("unblockingPINReference", KEY),
        ("pinAttributes", INT, b"\x07"),
        ("maxNumOfAttemps-retryNumLeft", KEY, b"\x33"),
    )
)

PUK_CONFIGURATION = Sequence(
    automatic(("keyReference", KEY), ("pukValue", HEX), ("maxNumOfAttemps-retryNumLeft", KEY, b"\x00\xaa"))
)

MAPPING_PARAMETER = Sequence(automatic(("mappingOptions", HEX), ("mappingSource", AID)))

ALGO_PARAMETER = Sequence(
    automatic(
        ("algorithmID", INT),
        ("algorithmOptions", HEX),
        ("key", HEX),
        ("opc", HEX),
        ("rotationConstants", HEX, bytes.fromhex("4000204060")),
        ("xoringConstants", HEX, b"".join(c.to_bytes(16, "big") for c in (0, 1, 2, 4, 8))),
        ("authCounterMax", HEX),
        ("numberOfKeccak", INT, b"\x01"),
    )
)

KEY_OBJECT = Sequence(
    written(
        ("keyUsageQualifier", "95", HEX),
        ("keyAccess", "96", HEX, b"\x00"),
        ("keyIdentifier", "82", HEX),
        ("keyVersionNumber", "83", HEX),
        ("keyCounterValue", "85", HEX),
        (
            "keyCompontents",
            "30",
            SequenceOf(
                "component",
                b"\x30",
                Sequence(written(("keyType", "80", HEX), ("keyData", "86", HEX), ("macLength", "87", INT, b"\x08"))),
            ),
        ),
    )
)

APPLICATION_INSTANCE = Sequence(
    written(
        ("applicationLoadPackageAID", "4F", AID),
        ("classAID", "4F", AID),
        ("instanceAID", "4F", AID),
        ("extraditeSecurityDomainAID", "4F", AID),
        ("applicationPrivileges", "82", HEX),
        ("lifeCycleState", "83", HEX, b"\x07"),
        ("applicationSpecificParametersC9", "C9", HEX),
        (
            "systemSpecificParameters",
            "EF",
            Sequence(
                written(
                    ("volatileMemoryQuotaC7", "C7", HEX),
                    ("nonVolatileMemoryQuotaC8", "C8", HEX),
                    ("globalServiceParameters", "CB", HEX),
                    ("implicitSelectionParameter", "CF", HEX),
                    ("volatileReservedMemory", "D7", HEX),
                    ("nonVolatileReservedMemory", "D8", HEX),
                    ("ts102226SIMFileAccessToolkitParameter", "CA", HEX),
                    (
                        "ts102226AdditionalContactlessParameters",
                        "A0",
                        Sequence(automatic(("protocolParameterData", HEX))),
                    ),
                    ("contactlessProtocolParameters", "D9", HEX),
                    ("userInteractionContactlessParameters", "DA", HEX),
                    ("cumulativeGrantedVolatileMemory", "82", HEX),
                    ("cumulativeGrantedNonVolatileMemory", "83", HEX),
                )
            ),
        ),
        (
            "applicationParameters",
            "EA",
            Sequence(
                written(
                    ("uiccToolkitApplicationSpecificParametersField", "80", HEX),
                    ("uiccAccessApplicationSpecificParametersField", "81", HEX),
                    ("uiccAdministrativeAccessApplicationSpecificParametersField", "82", HEX),
                )
            ),
        ),
        ("processData", "30", SequenceOf("octets", b"\x04", HEX)),
        ("controlReferenceTemplate", "B0", Sequence(written(("applicationProviderIdentifier", "5F20", HEX)))),
    )
)

LOAD_PACKAGE = Sequence(
    written(
        ("loadPackageAID", "4F", AID),
        ("securityDomainAID", "4F", AID),
        ("nonVolatileCodeLimitC6", "C6", HEX),
        ("volatileDataLimitC7", "C7", HEX),
        ("nonVolatileDataLimitC8", "C8", HEX),
        ("hashValue", "C1", HEX),
        ("loadBlockObject", "C4", HEX),
    )
)


def pe(header, *members):
    return Sequence(automatic((header, PE_HEADER), *members))


def file_pe(names):
    """A file-bearing PE (saip.md section 2.5): header, templateID, then one File after the other."""
    header, *files = names.split()
    return pe(header, ("templateID", OID), *((name, FILE) for name in files))


OTHER_PES = {
    "header": PROFILE_HEADER,
    "genericFileManagement": pe("gfm-header", ("fileManagementCMD", SequenceOf("commands", b"\x30", FILE_MANAGEMENT))),
    "pinCodes": pe(
        "pin-Header",
        (
            "pinCodes",
            Sequence(
                automatic(("pinconfig", SequenceOf("PINConfiguration", b"\x30", PIN_CONFIGURATION)), ("filePath", HEX))
            ),
        ),
    ),
    "pukCodes": pe("puk-Header", ("pukCodes", SequenceOf("PUKConfiguration", b"\x30", PUK_CONFIGURATION))),
    "akaParameter": pe(
        "aka-header",
        (
            "algoConfiguration",
            Sequence(automatic(("mappingParameter", MAPPING_PARAMETER), ("algoParameter", ALGO_PARAMETER))),
        ),
        ("sqnOptions", HEX, b"\x02"),
        ("sqnDelta", HEX, bytes.fromhex("000010000000")),
        ("sqnAgeLimit", HEX, bytes.fromhex("000010000000")),
        ("sqnInit", SequenceOf("sqn", b"\x04", HEX), tlv(b"\x04", bytes(6)) * 32),
    ),
    "cdmaParameter": pe(
        "cdma-header",
        ("authenticationKey", HEX),
        ("ssd", HEX),
        ("hrpdAccessAuthenticationData", HEX),
        ("simpleIPAuthenticationData", HEX),
        ("mobileIPAuthenticationData", HEX),
    ),
    "securityDomain": pe(
        "sd-Header",
        ("instance", APPLICATION_INSTANCE),
        ("keyList", SequenceOf("KeyObject", b"\x30", KEY_OBJECT)),
        ("sdPersoData", SequenceOf("octets", b"\x04", HEX)),
        (
            "openPersoData",
            Sequence(written(("restrictParameter", "D9", HEX), ("contactlessProtocolParameters", "04", HEX))),
        ),
        ("catTpParameters", Sequence(automatic(("catTpMaxSduSize", INT), ("catTpMaxPduSize", INT)))),
    ),
    "rfm": Sequence(
        written(
            ("rfm-header", "A0", PE_HEADER),
            ("instanceAID", "4F", AID),
            ("securityDomainAID", "4F", AID),
            ("tarList", "A0", SequenceOf("tar", b"\x04", HEX)),
            ("minimumSecurityLevel", "81", HEX),
            ("uiccAccessDomain", "04", HEX),
            ("uiccAdminAccessDomain", "04", HEX),
            (
                "adfRFMAccess",
                "30",
                Sequence(automatic(("adfAID", AID), ("adfAccessDomain", HEX), ("adfAdminAccessDomain", HEX))),
            ),
        )
    ),
    "application": pe(
        "app-Header",
        ("loadBlock", LOAD_PACKAGE),
        ("instanceList", SequenceOf("ApplicationInstance", b"\x30", APPLICATION_INSTANCE)),
    ),
    "nonStandard": pe("nonStandard-header", ("issuerID", OID), ("content", HEX)),
    "end": pe("end-header"),
}

FILE_PES = {
    "mf": "mf-header mf ef-pl ef-iccid ef-dir ef-arr ef-umpc",
    "cd": "cd-header df-cd ef-launchpad ef-icon",
    "telecom": "telecom-header df-telecom ef-arr ef-rma ef-sume ef-ice-dn ef-ice-ff ef-psismsc df-graphics ef-img "
    "ef-iidf ef-ice-graphics ef-launch-scws ef-icon df-phonebook ef-pbr ef-ext1 ef-aas ef-gas ef-psc ef-cc ef-puid "
    "ef-iap ef-adn ef-pbc ef-anr ef-puri ef-email ef-sne ef-uid ef-grp ef-ccp1 df-multimedia ef-mml ef-mmdf df-mmss "
    "ef-mlpl ef-mspl ef-mmssmode df-mcs ef-mst ef-mcs-config df-v2x ef-vst ef-v2x-config ef-v2xp-pc5 ef-v2xp-Uu",
    "usim": "usim-header adf-usim ef-imsi ef-arr ef-keys ef-keysPS ef-hpplmn ef-ust ef-fdn ef-sms ef-smsp ef-smss "
    "ef-spn ef-est ef-start-hfn ef-threshold ef-psloci ef-acc ef-fplmn ef-loci ef-ad ef-ecc ef-netpar ef-epsloci "
    "ef-epsnsc",
    "opt-usim": "optusim-header ef-li ef-acmax ef-acm ef-gid1 ef-gid2 ef-msisdn ef-puct ef-cbmi ef-cbmid ef-sdn "
    "ef-ext2 ef-ext3 ef-cbmir ef-plmnwact ef-oplmnwact ef-hplmnwact ef-dck ef-cnl ef-smsr ef-bdn ef-ext5 ef-ccp2 "
    "ef-ext4 ef-acl ef-cmi ef-ici ef-oci ef-ict ef-oct ef-vgcs ef-vgcss ef-vbs ef-vbss ef-emlpp ef-aaem ef-hiddenkey "
    "ef-pnn ef-opl ef-mbdn ef-ext6 ef-mbi ef-mwis ef-cfis ef-ext7 ef-spdi ef-mmsn ef-ext8 ef-mmsicp ef-mmsup "
    "ef-mmsucp ef-nia ef-vgcsca ef-vbsca ef-gbabp ef-msk ef-muk ef-ehplmn ef-gbanl ef-ehplmnpi ef-lrplmnsi ef-nafkca "
    "ef-spni ef-pnni ef-ncp-ip ef-ufc ef-nasconfig ef-uicciari ef-pws ef-fdnuri ef-bdnuri ef-sdnuri ef-ial ef-ips "
    "ef-ipd ef-epdgid ef-epdgselection ef-epdgidem ef-epdgselectionem ef-frompreferred ef-imsconfigdata "
    "ef-3gpppsdataoff ef-3gpppsdataoffservicelist ef-xcapconfigdata ef-earfcnlist ef-mudmidconfigdata ef-eaka",
    "isim": "isim-header adf-isim ef-impi ef-impu ef-domain ef-ist ef-ad ef-arr",
    "opt-isim": "optisim-header ef-pcscf ef-sms ef-smsp ef-smss ef-smsr ef-gbabp ef-gbanl ef-nafkca ef-uicciari "
    "ef-frompreferred ef-imsconfigdata ef-xcapconfigdata ef-webrtcuri ef-mudmidconfigdata",
    "phonebook": "phonebook-header df-phonebook ef-pbr ef-ext1 ef-aas ef-gas ef-psc ef-cc ef-puid ef-iap ef-adn "
    "ef-pbc ef-anr ef-puri ef-email ef-sne ef-uid ef-grp ef-ccp1",
    "gsm-access": "gsm-access-header df-gsm-access ef-kc ef-kcgprs ef-cpbcch ef-invscan",
    "csim": "csim-header adf-csim ef-arr ef-call-count ef-imsi-m ef-imsi-t ef-tmsi ef-ah ef-aop ef-aloc ef-cdmahome "
    "ef-znregi ef-snregi ef-distregi ef-accolc ef-term ef-acp ef-prl ef-ruimid ef-csim-st ef-spc ef-otapaspc "
    "ef-namlock ef-ota ef-sp ef-esn-meid-me ef-li ef-usgind ef-ad ef-max-prl ef-spcs ef-mecrp ef-home-tag "
    "ef-group-tag ef-specific-tag ef-call-prompt",
    "opt-csim": "optcsim-header ef-ssci ef-fdn ef-sms ef-smsp ef-smss ef-ssfc ef-spn ef-mdn ef-ecc ef-me3gpdopc "
    "ef-3gpdopm ef-sipcap ef-mipcap ef-sipupp ef-mipupp ef-sipsp ef-mipsp ef-sippapss ef-puzl ef-maxpuzl ef-hrpdcap "
    "ef-hrpdupp ef-csspr ef-atc ef-eprl ef-bcsmscfg ef-bcsmspref ef-bcsmstable ef-bcsmsp ef-bakpara ef-upbakpara "
    "ef-mmsn ef-ext8 ef-mmsicp ef-mmsup ef-mmsucp ef-auth-capability ef-3gcik ef-dck ef-gid1 ef-gid2 ef-cdmacnl "
    "ef-sf-euimid ef-est ef-hidden-key ef-lcsver ef-lcscp ef-sdn ef-ext2 ef-ext3 ef-ici ef-oci ef-ext5 ef-ccp2 "
    "ef-applabels ef-model ef-rc ef-smscap ef-mipflags ef-3gpduppext ef-ipv6cap ef-tcpconfig ef-dgc ef-wapbrowsercp "
    "ef-wapbrowserbm ef-mmsconfig ef-jdl",
    "eap": "eap-header df-eap ef-eapkeys ef-eapstatus ef-puid ef-ps ef-curid ef-reid ef-realm",
    "df-5gs": "df-5gs-header df-df-5gs ef-5gs3gpploci ef-5gsn3gpploci ef-5gs3gppnsc ef-5gsn3gppnsc ef-5gauthkeys "
    "ef-uac-aic ef-suci-calc-info ef-opl5g ef-supinai ef-routing-indicator ef-ursp ef-tn3gppsnn ef-cag ef-sor-cmci "
    "ef-dri ef-5gsedrx ef-5gnswo-conf ef-mchpplmn ef-kausf-derivation",
    "df-saip": "df-saip-header df-df-saip ef-suci-calc-info-usim",
    "df-snpn": "df-snpn-header df-df-snpn ef-pws-snpn",
    "df-5gprose": "df-5g-prose-header df-df-5g-prose ef-5g-prose-st ef-5g-prose-dd ef-5g-prose-dc ef-5g-prose-u2nru "
    "ef-5g-prose-ru ef-5g-prose-uir",
    "iot": "iot-header mf ef-pl ef-iccid ef-dir ef-arr ef-umpc adf-usim ef-imsi ef-arr-usim ef-keys ef-keysPS "
    "ef-hpplmn ef-ust ef-start-hfn ef-threshold ef-psloci ef-acc ef-fplmn ef-loci ef-ad ef-ecc ef-netpar",
    "opt-iot": "optiot-header ef-fdn ef-sms ef-smsp ef-smss ef-spn ef-est ef-oplmnwact ef-hplmnwact ef-ehplmn "
    "ef-epsloci ef-epsnsc df-df-5gs ef-5gs3gpploci ef-5gsn3gpploci ef-5gs3gppnsc ef-5gsn3gppnsc ef-5gauthkeys "
    "ef-uac-aic ef-suci-calc-info ef-opl5g ef-supi-nai ef-routing-indicator ef-ursp ef-tn3gppsnn df-df-saip "
    "ef-suci-calc-info-usim",
}

# The alternatives of ProfileElement, in the order of their numbers.
ALTERNATIVES = (
    "header genericFileManagement pinCodes pukCodes akaParameter cdmaParameter securityDomain rfm application "
    "nonStandard end rfu1 rfu2 rfu3 rfu4 rfu5 mf cd telecom usim opt-usim isim opt-isim phonebook gsm-access csim "
    "opt-csim eap df-5gs df-saip df-snpn df-5gprose iot opt-iot"
).split()

PROFILE_ELEMENT = Choices(
    automatic(
        *(
            (name, file_pe(FILE_PES[name]) if name in FILE_PES else OTHER_PES.get(name, Sequence([])))
            for name in ALTERNATIVES
        )
    )
)



def encode_package(package):
    """The octets of a package: its profile elements one after the other, with nothing around them."""
    return encode(PROFILE_ELEMENT, package)


def decode_package(octets):
    """The profile elements of a package as [(alternative, value)]."""
    return decode(PROFILE_ELEMENT, octets)
