import CardCrypto
import Octets
import Testing

@testable import GlobalPlatform

/// vectors/globalplatform/scp11a.apdu, scp11b.apdu and scp11c.apdu.
extension DomainTranscriptTests {
    private typealias Variant = DomainSession.Variant

    /// Whoever has signed the certificates of the card: the root, and who stands between it and the card.
    private static let root = [UInt8](repeating: 0x66, count: 32)
    private static let between = [UInt8](repeating: 0x77, count: 32)

    /// The version of the card's key that verifies certificates of hosts.
    private static let authority: UInt8 = 0x10

    private static func putKey(_ key: KeyType, _ octets: [UInt8], _ version: UInt8, _ identifier: UInt8) -> [UInt8] {
        let field = [key.rawValue, UInt8(octets.count)] + octets + [0xF0, 0x01, Curve.p256.rawValue, 0x00]
        return Command.make(0xD8, 0x00, identifier, [version] + field)
    }

    /// The card gets its key, its certificates and the key of the hosts' authority in a session of SCP03.
    private func personalize(_ recorder: Recorder, _ variant: Variant) throws {
        recorder.send("00A4040000", "SELECT the issuer security domain")
        recorder.open(.scp03(0x03), 0x03)
        if variant.isMutual {
            let point = try DomainKeys.point(DomainKeys.authority)
            recorder.exchange(Self.putKey(.eccPublic, point, Self.authority, 0x10), "PUT KEY: the hosts' authority")
        }
        let own = [UInt8(DomainKeys.card.count)] + recorder.session.encipher(DomainKeys.card)
        recorder.exchange(Self.putKey(.eccPrivate, own, 0x03, variant.identifier), "PUT KEY: the key of the card")
        let chain =
            try DomainSession.certificate(of: Self.between, by: Self.root)
            + DomainSession.certificate(of: DomainKeys.card, by: Self.between)
        let object = [0xA6, 0x04, 0x83, 0x02, variant.identifier, 0x03] + Command.tlv(0xBF21, chain)
        let half = object.count / 2
        recorder.exchange(Command.make(0xE2, 0x10, 0x00, Array(object[..<half])), "STORE DATA: its certificates")
        recorder.exchange(Command.make(0xE2, 0x90, 0x01, Array(object[half...])), "STORE DATA: the rest")
    }

    private func readCertificates(_ recorder: Recorder, _ variant: Variant) {
        recorder.send("00A4040000", "SELECT the issuer security domain")
        let reference: [UInt8] = [0xA6, 0x04, 0x83, 0x02, variant.identifier, 0x03]
        let response = recorder.send(
            Command.make(0xCA, 0xBF, 0x21, reference) + [0x00],
            "GET DATA: the certificates of the card"
        )
        guard response.count >= 2, response[response.count - 2] == 0x61 else { return }
        recorder.send([0x00, 0xC0, 0x00, 0x00, response[response.count - 1]], "GET RESPONSE: the rest")
    }

    private func present(_ recorder: Recorder, _ certificate: [UInt8]? = nil, _ note: String = "") throws {
        for segment in try DomainSession.certificateSegments(certificate, version: Self.authority) {
            recorder.send(segment, "PERFORM SECURITY OPERATION\(note)")
        }
    }

    private func open(_ recorder: Recorder, _ variant: Variant, _ level: UInt8) throws {
        if variant.isMutual { try present(recorder) }
        let command = try DomainSession.agreement(variant, level)
        let response = recorder.send(command, variant.isMutual ? "MUTUAL AUTHENTICATE" : "INTERNAL AUTHENTICATE")
        #expect(try recorder.session.take(response, to: command, variant, level))
    }

    private static let list = Command.make(0xF2, 0x80, 0x02, [0x4F, 0x00])

    private func manage(_ recorder: Recorder, _ variant: Variant) {
        recorder.exchange(Command.make(0xCA, 0x00, 0xD3, []), "GET DATA: level")
        recorder.exchange(Self.list, "GET STATUS")
        let object: [UInt8] = [0x00, 0x70, 0x04, 0x45, 0x02, 0xCA, 0xFE]
        recorder.exchange(Command.make(0xE2, 0x88, 0x00, object), "STORE DATA")
        recorder.exchange(Command.make(0xCA, 0x00, 0x45, []), "GET DATA: what was stored")
        guard variant.isMutual else { return }
        let keys = (0..<3).map { number in [UInt8](repeating: 0x10 + UInt8(number), count: 15) + [0x01] }
        recorder.exchange(Command.make(0xD8, 0x00, 0x81, recorder.session.keyData(0x31, .aes, keys)), "PUT KEY")
        recorder.exchange(Command.make(0xCA, 0x00, 0xE0, []), "GET DATA: key information")
        recorder.exchange(Command.make(0xE4, 0x00, 0x00, [0xD2, 0x01, 0x31]), "DELETE [key]")
    }

    /// What a host does wrong with certificates.
    private func presentWrongly(_ recorder: Recorder, _ variant: Variant) throws {
        let mutual = try DomainSession.agreement(variant, 0x33)
        recorder.send(mutual, "MUTUAL AUTHENTICATE without a certificate")
        let right = try DomainSession.certificate()
        try present(recorder, try DomainSession.certificate(by: Self.root), ": signed by another authority")
        recorder.send(mutual, "MUTUAL AUTHENTICATE after it")
        var damaged = right
        damaged[damaged.count - 1] ^= 0x01
        try present(recorder, damaged, ": its signature is damaged")
        damaged = right
        damaged[3] -= 1
        try present(recorder, damaged, ": its length is wrong")
        let segments = try DomainSession.certificateSegments(right, version: Self.authority)
        recorder.send(segments[0], "PERFORM SECURITY OPERATION: one segment of it")
        recorder.send(mutual, "MUTUAL AUTHENTICATE before the rest")
        recorder.send(segments[1], "PERFORM SECURITY OPERATION: the rest, after that")
        for segment in try DomainSession.certificateSegments(right, version: 0x11) {
            recorder.send(segment, "PERFORM SECURITY OPERATION: with a key that the card does not have")
        }
        try present(recorder)
        recorder.send(mutual, "MUTUAL AUTHENTICATE")
        recorder.send(mutual, "with a certificate that was used")
    }

    /// What a host does wrong in the key agreement, with right certificates.
    private func agreeWrongly(_ recorder: Recorder, _ variant: Variant) throws {
        for (place, octet, note) in [
            (2, UInt8(0x04), "a key version that the card does not have"), (3, 0x12, "a key of no variant"),
            (10, variant == .scp11b ? 0x01 : 0x00, "the parameters of another variant"), (13, 0x10, "a key usage"),
            (16, 0x80, "a key type"), (19, 0x11, "a key length"), (60, 0x00, "no point of the curve"),
        ] {
            var command = try DomainSession.agreement(variant, 0x33)
            command[place] = octet
            if variant.isMutual { try present(recorder) }
            recorder.send(command, note)
        }
        // The card shows its receipt first; of the host's, the first C-MAC tells.
        try open(recorder, variant, 0x33)
        let host = recorder.session.host
        host.chain = [UInt8](host.chain.reversed())
        recorder.send(host.wrap(Self.list), "a MAC chained to another receipt than the card's")
        recorder.send(host.wrap(Self.list), "the session is aborted")
    }

    /// A card gets its key and certificates; a session at each level; what hosts do wrong.
    @Test(arguments: DomainSession.Variant.allCases)
    func agreements(variant: DomainSession.Variant) throws {
        let name = variant.rawValue
        let title = "Sessions of SCP11\(name.suffix(1))"
        let recorder = try Recorder(title, clause: "AmdF 6", isSeeded: true)
        for level: UInt8 in [0x11, 0x33] {
            try recorder.begin("Level \(Hex.string([level]))")
            try personalize(recorder, variant)
            readCertificates(recorder, variant)
            try open(recorder, variant, level)
            manage(recorder, variant)
            recorder.send("80F28002024F0000", "without protection")
            recorder.send(recorder.session.wrap(Self.list), "the session is aborted")
        }
        try recorder.begin("What hosts do wrong")
        try personalize(recorder, variant)
        recorder.send("00A4040000", "SELECT the issuer security domain")
        if variant.isMutual { try presentWrongly(recorder, variant) }
        try agreeWrongly(recorder, variant)
        try Self.check(recorder, name)
    }
}
