import CardCrypto
import Octets
import Testing

@testable import GlobalPlatform

/// What parses the data fields of security domains: right ones, altered in an octet or two, cut, or lengthened. Each is
/// taken or refused, and neither reads outside nor traps.
@Suite struct ParserFuzzTests {
    private typealias Parser = (OctetView) throws(StatusWord) -> Void

    private static func parsers() throws -> [(name: String, examples: [String], parse: Parser)] {
        let key = secret([UInt8](repeating: 0, count: 16))
        let install = "07A000000151535008A0000001515350410AA000000151000000420103800000"
        return [
            (
                "InstallCommand", [install + "02C90000", install + "0EC90481020370EF06C7020100CF014000"],
                { (view) throws(StatusWord) in
                    let command = try InstallCommand(.forInstall, isLoad: false, view)
                    _ = try command.size(0xC7)
                    _ = ImplicitSelection.channels(in: command.systemParameters)
                    let old: [UInt8] = [0xC9, 0x01, 0x00, 0xCF, 0x01, 0x41]
                    let attributes = EntryAttributes(command, isSecurityDomain: true, replacing: old)
                    guard attributes.octets.count <= view.count + old.count + 16 else { throw .technicalProblem }
                    _ = try command.applicationParameters()
                }
            ),
            (
                "INSTALL for load", ["050102030405000000" + "0CEF08C6020100C802020000", "0501020304050814A9000000"],
                { (view) throws(StatusWord) in
                    let command = try InstallCommand(.forLoad, isLoad: true, view)
                    _ = try LoadFileDataBlockHash(command.third)
                    _ = TokenReference(command.parameters).identifier
                }
            ),
            (
                "Token", ["4F07A0000001515350", "4F07A0000001515350B6044202AABB9E0411223344"],
                { (view) throws(StatusWord) in
                    _ = try Token(deleteWithP1: 0, p2: 0, view)
                    _ = TokenReference(view).isMeant(forProvider: view, image: .empty)
                }
            ),
            (
                "SecurityDomainParameters", ["81020370", "8102025581020370820220208702202084020000"],
                { (view) throws(StatusWord) in _ = try SecurityDomainParameters(view).options }
            ),
            (
                "KeyDataField",
                [
                    "8810" + "11223344556677889900AABBCCDDEEFF" + "03AABBCC",
                    "881110" + "11223344556677889900AABBCCDDEEFF" + "03AABBCC",
                    "FF880010" + "11223344556677889900AABBCCDDEEFF" + "03AABBCC" + "01180100",
                    "B041" + "04" + String(repeating: "6B", count: 64) + "F0010000",
                ],
                { (view) throws(StatusWord) in
                    var cursor = OctetCursor(view)
                    let field = try KeyDataField(&cursor, blockLength: 16)
                    var list = KeyList(capacity: 4 * view.count + 64)
                    let encryption: DataEncryptionKey
                    do throws(CryptoError) {
                        encryption = try DataEncryptionKey(.aes, key: key.view)
                    } catch { throw .technicalProblem }
                    try field.append(1, encryption, to: &list)
                    guard !list.overflowed else { throw .technicalProblem }
                }
            ),
            (
                "KeyTemplate",
                ["95011880018881011082010183013084034455AA", "8001B080F085010081012082011183010395020080"],
                { (view) throws(StatusWord) in _ = try KeyTemplate(view) }
            ),
            (
                "LoadFileContents", [Hex.string(DomainGenerator.loadFile)],
                { (view) throws(StatusWord) in
                    let contents = try LoadFileContents(view)
                    var count = 0
                    for module in contents.modules { count += module.count }
                    for package in contents.imports { count += package.aid.count }
                    guard count <= view.count else { throw .technicalProblem }
                }
            ),
            (
                "LoadStream",
                [
                    "E20F4F05A000000151C3061122334455 66C404AABBCCDD".replacing(" ", with: ""),
                    "C40A" + String(repeating: "5A", count: 10), "C48180" + String(repeating: "5A", count: 128),
                ],
                { (view) throws(StatusWord) in
                    var stream = try LoadStream(hash: nil, limit: 4_096)
                    let room = Block(size: 256)
                    var total = 0
                    // In blocks of seven octets.
                    for start in stride(from: 0, to: view.count, by: 7) {
                        var cursor = OctetCursor(view.part(from: start, length: min(7, view.count - start)))
                        while let event = try stream.next(&cursor, scratch: room.octets) {
                            if case .octets(let octets) = event { total += octets.count }
                        }
                    }
                    guard total <= view.count else { throw .technicalProblem }
                    try stream.finish()
                }
            ),
            (
                "KeyAgreementTemplate",
                [
                    "A60D90021101950 13C80018881 01105F4941".replacing(" ", with: "") + "04"
                        + String(repeating: "6B", count: 64)
                ],
                { (view) throws(StatusWord) in _ = try KeyAgreementTemplate(view) }
            ),
            (
                "Certificate", [Hex.string(try DomainSession.certificate())],
                { (view) throws(StatusWord) in _ = try Certificate(view) }
            ),
        ]
    }

    @Test func whatIsMalformedIsRefused() throws {
        let parsers = try Self.parsers()
        for parser in parsers {
            for example in parser.examples {
                let octets = try #require(Hex.octets(example), "\(parser.name)")
                #expect(Self.status(octets, parser.parse) != .technicalProblem, "\(parser.name): \(example)")
            }
        }
        var (taken, refused) = (0, 0)
        try Setting.forEachSeed("data fields", 3_000) { seed in
            var random = SeededGenerator(seed: seed)
            for parser in parsers {
                var octets = Hex.octets(random.pick(parser.examples)) ?? []
                for _ in 0...random.below(3) where !octets.isEmpty {
                    let place = random.below(octets.count)
                    switch random.below(5) {
                    case 0: octets[place] = random.pick([0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF])
                    case 1: octets[place] = random.octet()
                    case 2: octets.removeLast(octets.count - place)
                    case 3: octets.insert(random.octet(), at: place)
                    default: octets.remove(at: place)
                    }
                }
                let status = Self.status(octets, parser.parse)
                if status == .success { taken += 1 } else { refused += 1 }
                if status == .technicalProblem { Issue.record("seed \(seed), \(parser.name): \(Hex.string(octets))") }
            }
        }
        print("data fields: \(taken) taken, \(refused) refused")
        #expect(taken * 20 > refused)
        #expect(refused > taken)
    }

    private static func status(_ octets: [UInt8], _ parse: Parser) -> StatusWord {
        do throws(StatusWord) {
            try octets.withView { (view) throws(StatusWord) in try parse(view) }
            return .success
        } catch { return error }
    }
}
