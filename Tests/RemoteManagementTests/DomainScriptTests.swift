import Card
import CardCrypto
import CardOS
import Memory
import Octets
import Testing

@testable import GlobalPlatform
@testable import RemoteManagement

/// Remote application management: commands to a security domain.
struct DomainScriptTests {
    private static let domain = "A00000055910100101020304050607B1"

    private static func installation(_ aid: String, parameters: String = "C900") -> String {
        var data = ""
        for field in ["A0000001515350", "A000000151535041", aid, "80", parameters, ""] {
            data += Hex.string([UInt8(field.count / 2)]) + field
        }
        return "80E60C00" + Hex.string([UInt8(data.count / 2)]) + data + "00"
    }

    @Test func theIssuerSecurityDomainIsAt000000() throws {
        let card = try RemoteCard()
        let application = try #require(try card.application("000000"))
        #expect(application.application == card.card.open.registry.issuer)
        #expect(application.securityDomain == application.application)
        #expect(!application.managesFiles)
        #expect(application.minimumSecurityLevel == 0x16)
        #expect(try card.application("000001") == nil)
        #expect(try card.application(RemoteCard.fullFiles)?.minimumSecurityLevel == 0x02)
    }

    @Test func contentIsManaged() throws {
        let card = try RemoteCard()
        let status = "80F24002" + "12" + "4F10" + Self.domain + "00"
        #expect(try card.results(of: [Self.installation(Self.domain)], for: "000000") == ["009000"])
        #expect(try card.results(of: [status], for: "000000").last?.hasSuffix("9000") == true)
        // Octets 13 to 15 of its AID.
        #expect(try card.application("050607") != nil)
        #expect(try card.results(of: ["80E4000012" + "4F10" + Self.domain + "00"], for: "000000") == ["009000"])
        #expect(try card.application("050607") == nil)
        #expect(try card.results(of: [status], for: "000000") == ["6A88"])
    }

    @Test func dataAreStoredAndRead() throws {
        let card = try RemoteCard()
        let commands = ["80E2900005" + "4203112233", "80CA004200"]
        #expect(try card.results(of: commands, for: "000000") == ["9000", "4203112233" + "9000"])
    }

    /// PUT KEY of version 03, enciphered with the KIK of version 01.
    private static func putKey(_ key: [UInt8], version: String = "03") throws -> String {
        let buffer = SecretOctets(count: 64)
        var writer = OctetWriter(buffer.buffer)
        let kik = SecretOctets(count: 16)
        for index in kik.buffer.indices { kik.buffer[index] = RemoteCard.key[index] }
        let encryption = try DataEncryptionKey(.aes, key: kik.view)
        try key.withView { (key) throws(CryptoError) in
            try KeyDataField.append(.aes, key, encryption, withLength: false, to: &writer)
        }
        let data = version + Hex.string(writer.view.array)
        return "80D80001" + Hex.string([UInt8(data.count / 2)]) + data + "00"
    }

    @Test func keysArePut() throws {
        let card = try RemoteCard()
        let key = [UInt8](0x20...0x2F)
        let result = try card.results(of: [Self.putKey(key)], for: "000000")
        #expect(result.count == 1 && result[0].hasPrefix("03") && result[0].hasSuffix("9000"))
        let set = try card.keySet(3)
        let stored = try card.card.system.memory.withKey(.ciphering, of: set) { (_, octets) in octets.array }
        #expect(stored == key)
    }

    @Test func theLevelIsThatOfThePacket() throws {
        let card = try RemoteCard()
        let asking = "AE80" + "220580CA00D300" + "0000"
        #expect(try card.run(asking, for: "000000").contains("D30183"))
        #expect(try card.run(asking, for: "000000", level: .commandMAC).contains("D30181"))
    }

    @Test func nothingElseIsExecuted() throws {
        let card = try RemoteCard()
        let selection = "00A4040008" + RemoteCard.issuer + "00"
        let commands = [
            selection, "8050000008000000000000000000", "00B0000009", "84E2900000", "80E2900005" + "4203112233",
        ]
        #expect(
            try commands.map { try card.results(of: [$0], for: "000000") } == [
                ["6D00"], ["6D00"], ["6D00"], ["6982"], ["9000"],
            ]
        )
        // The session of a terminal, on whatever channel, is not touched, and has not these rights.
        _ = try card.send("00A4040C08" + RemoteCard.issuer)
        _ = try card.results(of: ["80CA004200"], for: "000000")
        #expect(try card.send("80E2900005" + "4203112233") == "6982")
    }

    @Test func whatIsUnderWayGoesOnInTheNextScript() throws {
        let card = try RemoteCard()
        #expect(try card.results(of: ["80E2100004" + "42031122"], for: "000000") == ["9000"])
        #expect(try card.results(of: ["80E2900101" + "33", "80CA004200"], for: "000000").last == "42031122339000")
        // But not behind one for another application.
        #expect(try card.results(of: ["80E2100004" + "42031122"], for: "000000") == ["9000"])
        _ = try card.results(of: ["00A4000000"], for: RemoteCard.fullFiles)
        #expect(try card.results(of: ["80E2900101" + "33"], for: "000000") == ["6A86"])
    }

    // MARK: References

    /// EA with a minimum security level and references.
    private static func parameters(level: String, references: String) -> String {
        var toolkit = "0000000000"
        toolkit += Hex.string([UInt8(level.count / 2)]) + level
        toolkit += Hex.string([UInt8(references.count / 2)]) + references + "00"
        let template = "80" + Hex.string([UInt8(toolkit.count / 2)]) + toolkit
        return "C900" + "EA" + Hex.string([UInt8(template.count / 2)]) + template
    }

    @Test(arguments: [
        ("0116", "B20100", "009000"), ("", "B20100B20200", "009000"), ("0102", "", "009000"),
        // Unsigned packets, unknown parameters, no whole references, one twice, one of another application.
        ("0100", "B20100", "6A80"), ("0101", "B20100", "6A80"), ("0116", "B201", "6A80"), ("16", "B20100", "6A80"),
        ("0216", "B20100", "6A80"), ("0116", "B20100B20100", "6A80"), ("0116", RemoteCard.fullFiles, "6A80"),
        ("0116", "000000", "6A80"),
    ])
    func parametersOfInstall(level: String, references: String, status: String) throws {
        let card = try RemoteCard()
        let command = Self.installation(Self.domain, parameters: Self.parameters(level: level, references: references))
        #expect(try card.results(of: [command], for: "000000") == [status])
        guard status == "009000" else { return }
        let expected: UInt8 = level == "0102" ? 0x02 : 0x16
        let reference = references.isEmpty ? "050607" : String(references.suffix(6))
        #expect(try card.application(reference)?.minimumSecurityLevel == expected)
        // With references of its own, its AID stands for none.
        #expect(try (card.application("050607") == nil) == !references.isEmpty)
    }

    @Test func parametersOfTheField() throws {
        // vectors/gp/ram-rfm-scp81.json: install-params, install-for-install-EA.
        let card = try RemoteCard()
        for (number, parameters) in [
            "C900EF1CC8020100C7020100CA12010001001505000000000000000000000000",
            "C900EA0C800A00000F010000000000000000",
        ].enumerated() {
            let aid = "A0000005591010010" + "\(number)"
            #expect(try card.results(of: [Self.installation(aid, parameters: parameters)], for: "000000") == ["009000"])
        }
    }

    @Test func filesAreManagedWithSignedPacketsOnly() throws {
        let card = try RemoteCard()
        for (aid, reference, level, access) in [
            ("A00000055910100001", "B00009", 0x02, "00"), ("A000000559101000F1", RemoteCard.fullFiles, 0x02, "00"),
            ("A000000559101000F1", "B00009", 0x01, "00"), ("A000000559101000F1", "B00009", 0x02, "01"),
            ("A000000559101000F1", "B00009", 0x02, "0201E0"), ("A000000559101000F1", "B0000900", 0x02, "00"),
        ] as [(String, String, UInt8, String)] {
            let expected = aid.hasSuffix("01") ? StatusWord.conditionsNotSatisfied : .incorrectData
            #expect(throws: expected) {
                try card.installFileManagement(aid, reference, level: level, access: access)
            }
        }
        try card.installFileManagement("A0000005591010000102030405060709", "", access: "00")
        #expect(try card.application("050607")?.managesFiles == true)
    }

    @Test func aLockedDomainIsOutOfReach() throws {
        let card = try RemoteCard()
        let lock = "80F04080" + "10" + Self.domain
        #expect(try card.results(of: [Self.installation(Self.domain), lock], for: "000000") == ["009000", "9000"])
        #expect(try card.application("050607") == nil)
    }

    // MARK: Keys

    @Test func keysAreThoseOfTheAlgorithm() throws {
        let card = try RemoteCard()
        let issuer = try #require(card.issuer)
        let set = try card.keySet(RemoteCard.desVersion)
        let algorithm = try card.card.system.memory.withKey(.integrity, of: set) { (algorithm, _) in algorithm }
        #expect(algorithm == .des)
        for version in [0x30, 0x04] as [UInt8] {
            let none = card.card.system.memory.securedPacketKeySet(version, of: issuer)
            #expect(none == nil)
        }
    }

    @Test func aDESKeyOfEqualHalvesIsNone() throws {
        let half: [UInt8] = [0x10, 0x21, 0x32, 0x43, 0x54, 0x65, 0x76, 0x87]
        let likeHalf: [UInt8] = [0x11, 0x20, 0x33, 0x42, 0x55, 0x64, 0x77, 0x86]
        let other = [UInt8](0x60...0x67)
        for (key, isThere) in [
            (half + half, false), (half + likeHalf, false), (half + other, true), (half + half + other, false),
            (half + other + other, false), (half + other + half, true),
        ] {
            let card = try RemoteCard()
            let issuer = try #require(card.issuer)
            let keys = try key.withView { (key) throws(StatusWord) in
                var keys = KeyList(capacity: 64)
                keys.append(0x02, .des, key)
                try card.card.system.memory.putKeys(keys, version: 0x05, .adding, in: issuer, SecureChannelOptions())
                return true
            }
            #expect(keys)
            let set = try card.keySet(0x05)
            do throws(StatusWord) {
                let found = try card.card.system.memory.withKey(.integrity, of: set) { (_, octets) in octets.array }
                #expect(isThere && found == key)
            } catch {
                #expect(!isThere && error == .referencedDataNotFound)
            }
        }
    }

    @Test func theCounterOfPacketsIsKept() throws {
        let card = try RemoteCard()
        let issuer = try #require(card.issuer)
        let set = try card.keySet(0x01)
        #expect(set.packetCounter == 0)
        try card.card.system.memory.setPacketCounter(0x12_3456_789A, of: set.reference)
        #expect(throws: StatusWord.incorrectData) {
            try card.card.system.memory.setPacketCounter(KeySet.lastPacketCounter + 1, of: set.reference)
        }
        card.card.system.memory.commit()
        card.card.powerOn()
        let again = try card.keySet(0x01)
        #expect(again.packetCounter == 0x12_3456_789A)
        #expect(again.failedAuthentications == 0 && again.sequenceCounter == 0)
        // Other keys begin to count anew, one of them alone does not.
        for (identifiers, counter) in [([3], 0x12_3456_789A), ([1, 2], 0)] as [([UInt8], UInt64)] {
            let key = [UInt8](0x40...0x4F)
            try key.withView { (key) throws(StatusWord) in
                var keys = KeyList(capacity: 128)
                for identifier in identifiers { keys.append(identifier, .aes, key) }
                try card.card.system.memory.putKeys(keys, version: 1, .replacing(1), in: issuer, SecureChannelOptions())
            }
            #expect(try card.keySet(0x01).packetCounter == counter)
        }
        #expect(Card.defects(of: UnsafeRawBufferPointer(card.image)).filter { !$0.reason.isRemark } == [])
    }
}
