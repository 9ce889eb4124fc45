import Card
import CardCrypto
import Memory
import Octets
import Testing

@testable import GlobalPlatform

/// Security domains, applications and remote file management of profile packages, on a card with an issuer security
/// domain: eUICC Profile Package 8.6 to 8.8.
@Suite struct ProfileContentTests {
    private typealias Package = ProfilePackages
    private static let ok = "3007A0053003800100"
    private static let issuer = FactoryCard.issuer
    private static let other = "A000000559000001"

    private static func card() throws -> FactoryCard {
        try FactoryCard(size: 131_072, .t1, FactoryConfiguration())
    }

    @Test func thePackagesAreThere() {
        #expect(ProfilePackages.ts48.count == 18)
    }

    @Test(arguments: ProfilePackages.ts48) func everyElementIsInstalled(name: String) throws {
        let card = try Self.card()
        #expect(card.install(try Package.octets("profiles/ts48/\(name)")) == Self.ok)
        #expect(card.defects == [])
        #expect(try card.keys(of: Self.issuer).count == (name.contains("NoRAMRFM") ? 1 : 2))
    }

    /// All entries behind TS.48 v7.0: the first security domain is the issuer's, with the parameters and keys of the
    /// package; what the factory made stays associated with it.
    @Test func theRegistryHoldsWhatThePackageSays() throws {
        let card = try Self.card()
        let name = "profiles/ts48/TS48_V7.0_eSIM_GTP_SAIP2.3_BERTLV_SUCI.der"
        #expect(card.install(try Package.octets(name)) == Self.ok)
        func files(_ reference: String, _ application: String = "") -> String {
            let access = "00010000" + (application.isEmpty ? "" : Package.tlv("", application) + "010000")
            let toolkit = Package.tlv("80", "0100000000" + "020102" + "03" + reference + "00")
            return Package.tlv("EA", toolkit + Package.tlv("81", access) + Package.tlv("82", access))
        }
        let usim = "A0000000871002FF49FF0589"
        let isim = "A0000000871004FF49FF0589"
        let csim = "A0000003431002F310FFFF89020000FF"
        let below = " in \(Self.issuer) "
        let parameters = "C90D810280008201F08301F08701F0" + "EA128010010000000002010206B2010000000000"
        let expected: [String] = [
            "0107 000000 2 \(usim)\(below)", "0107 000000 2 \(isim)\(below)",
            "010F 9EFE80 1 \(Self.issuer) in none \(parameters)",
            "0201 000000 0 A00000015141434C\(below)",
            "0107 000000 3 A00000015141434C00\(below)", "0301 000000 3 A00000015141434C00\(below)",
            "0201 000000 0 A0000001515350\(below)", "0301 000000 1 A000000151535041\(below)",
            "0107 000000 2 \(csim)\(below)",
            "0107 000000 4 A00000055910100001\(below)\(files("B00120"))",
            "0107 000000 4 A00000055910100002\(below)\(files("B00140", usim))",
            "0107 000000 4 A00000055910100003\(below)\(files("B00141", isim))",
            "0107 000000 4 A00000055910100004\(below)\(files("B00142", csim))",
        ]
        #expect(try card.entries().sorted() == expected.sorted())
        // Identifier, usage, access, length; type, length, value.
        func keys(_ type: String) -> String {
            ["011800", "021400", "034800"].map { $0 + "000013" + type + "0010000102030405060708090A0B0C0D0E0F" }
                .joined()
        }
        #expect(try card.keys(of: Self.issuer) == ["0180 0 \(keys("80"))", "0280 0 \(keys("88"))"])
    }

    @Test func anAbortedPackageLeavesNothing() throws {
        let package = try Package.octets("profiles/ts48/\(ProfilePackages.ts48[0])")
        for length in [package.count - 9, package.count - 60, package.count - 300, package.count - 500] {
            let card = try Self.card()
            let before = [UInt8](UnsafeRawBufferPointer(card.image))
            #expect(card.install(Array(package[..<length])).hasSuffix("8100"))
            #expect([UInt8](UnsafeRawBufferPointer(card.image)) == before)
            // The keys of the factory are still there.
            card.card.powerOn()
            #expect(try card.send("8050300008000102030405060700").hasSuffix("9000"))
        }
    }

    // MARK: Sessions

    /// Keys of the versions 30 and 20 open sessions of SCP03 and SCP02; those of the factory are gone.
    @Test func keysOfThePackageOpenSessions() throws {
        let keys = Package.keys(Package.three("30", "88"), Package.three("20", "80"))
        let instance = Package.instance(Self.issuer, parameters: "810203708102025581028000")
        let card = try Self.card()
        #expect(card.install(try Package.package(Package.domain(instance, keys))) == Self.ok)
        let values = [[UInt8]](repeating: octets(Package.testKey), count: 3)
        let scp03 = SecureChannelProtocol.scp03(try #require(SCP03Options(0x70)))
        let scp02 = SecureChannelProtocol.scp02(try #require(SCP02Options(0x55)))
        for (channel, version) in [(scp03, UInt8(0x30)), (scp02, 0x20)] {
            card.card.powerOn()
            #expect(try card.send(FactoryCard.selection(Self.issuer)).hasSuffix("9000"))
            let host = Host(channel, version: version, keys: values)
            #expect(host.take(octets(try card.send(hex(host.initializeUpdate())))))
            #expect(try card.send(hex(host.externalAuthenticate(0x03))) == "9000")
            // GET STATUS of the issuer security domain.
            let status = try card.send(hex(host.wrap(octets("80F28002024F00"))))
            #expect(status.contains(Self.issuer) && status.hasSuffix("9000"), "\(status)")
        }
        #expect(card.defects == [])
    }

    // MARK: Security domains

    /// One that has another AID than the issuer's stands below that, which keeps its keys.
    @Test func aDomainOfAnotherNameIsBelowTheIssuers() throws {
        let card = try Self.card()
        let second = Package.instance("A000000559000002", privileges: "808000", parameters: "")
        let elements =
            Package.domain(Package.instance(Self.other), Package.keys(Package.three("01", "88")))
            + Package.domain(second, Package.keys(Package.three("30", "88")))
        #expect(card.install(try Package.package(elements)) == Self.ok)
        let entries = try card.entries()
        #expect(entries.contains("010F 82DC00 1 \(Self.other) in \(Self.issuer) C90481028000"))
        #expect(entries.contains("010F 808000 1 A000000559000002 in \(Self.other) C900"))
        #expect(try card.keys(of: Self.other).count == 1)
        #expect(try card.keys(of: "A000000559000002").count == 1)
        #expect(try card.keys(of: Self.issuer).count == 2)
        #expect(card.defects == [])
    }

    @Test func keysStandAsThePackageSays() throws {
        let point = try [UInt8](repeating: 0x21, count: 32).withView { scalar in
            try PrivateKey(.p256, scalar: scalar).publicKey.uncompressed
        }
        let modulus = String(repeating: "C3", count: 128)
        let list = Package.keys(
            Package.key("01", "01", [("88", Package.testKey)], usage: "1880", counter: "0100000107"),
            Package.key("01", "02", [("88", Package.testKey)], counter: "05"),
            Package.key("73", "01", [("F0", "00"), ("B0", hex(point))], usage: "82"),
            // Components in another order than keys have in the image.
            Package.key("73", "02", [("A0", "010001"), ("A1", modulus)])
        )
        let card = try Self.card()
        let answer = card.install(try Package.package(Package.domain(Package.instance(Self.issuer), list)))
        #expect(answer == Self.ok)
        let symmetric = "000013" + "880010" + Package.testKey
        let elliptic = "01820000" + "0048" + "B00041" + hex(point) + "F0000100"
        let rsa = "02180000" + "0089" + "A10080" + modulus + "A00003010001"
        let expected: [String] = ["0180 4294967559 011880\(symmetric)021800\(symmetric)", "73FF 0 \(elliptic)\(rsa)"]
        #expect(try card.keys(of: Self.issuer) == expected)
        #expect(card.defects == [])
    }

    /// Data and keys in data groupings, in the clear: GPCS clause 11.11.3.
    @Test func dataAreStoredAsSTOREDATADoes() throws {
        let template = Package.tlv("00B9", "B90F" + "950118" + "800188" + "810110" + "820101" + "830130")
        let groups = ["0070" + "08" + "4206" + "010203040506", template, Package.tlv("8113", Package.testKey)]
        let data = Package.tlv("A3", groups.map { Package.tlv("04", $0) }.joined())
        let card = try Self.card()
        #expect(card.install(try Package.package(Package.domain(Package.instance(Self.issuer), data))) == Self.ok)
        #expect(try card.keys(of: Self.issuer) == ["30FF 0 011800FF0013880010\(Package.testKey)"])
        #expect(try card.send(FactoryCard.selection(Self.issuer)).hasSuffix("9000"))
        #expect(try card.send("80CA004200") == "42060102030405069000")
        // CPLC data are those of the factory.
        #expect(try card.send("80CA9F7F00").hasPrefix("9F7F2A"))
    }

    @Test func restrictionsHold() throws {
        let card = try Self.card()
        let domain = Package.domain(Package.instance(Self.issuer), Package.tlv("A4", "D90104"))
        #expect(card.install(try Package.package(domain)) == Self.ok)
        try card.authenticate()
        #expect(try card.send(FactoryCard.installation(Self.other)) == "6985")
    }

    // MARK: Applications

    @Test func loadFilesAreKeptAndListed() throws {
        let block = String(repeating: "5A", count: 3_000)
        let hash = try octets(block).withView { try Hash.digest(.sha256, $0) }
        func package(_ hash: [UInt8]) throws -> [UInt8] {
            let file = Package.tlv("4F", Self.other) + Package.tlv("C1", hex(hash)) + Package.tlv("C4", block)
            let application = Package.tlv("A8", Package.header + Package.tlv("A1", file))
            return try Package.package(Package.domain(Package.instance(Self.issuer)), application)
        }
        let card = try Self.card()
        let wrong = card.install(try package([UInt8](repeating: 0, count: 32)))
        #expect(wrong.contains("800103810130") && wrong.hasSuffix("8100"), "\(wrong)")
        #expect(card.install(try package(hash)) == Self.ok)
        try card.authenticate()
        #expect(try card.send(FactoryCard.command("80F22002", "4F00")).contains(Self.other))
        // It goes as any other.
        #expect(try card.send(FactoryCard.command("80E40000", "4F08" + Self.other)) == "009000")
        #expect(card.defects == [])
    }

    /// An instance of a module of the firmware is personalized by its data: rules of the ARA-M.
    @Test func applicationsOfTheFirmwareAreInstalled() throws {
        let aid = "A0000005590A01"
        let names = Package.tlv("4F", "A00000015141434C") + Package.tlv("4F", "A00000015141434C00")
        let instance = names + Package.tlv("4F", aid) + "820100" + "C900"
        func package(_ data: String) throws -> [UInt8] {
            let instance = instance + Package.tlv("30", Package.tlv("04", data)) + "B0055F2002AABB"
            let application = Package.tlv("A8", Package.header + Package.tlv("A2", Package.tlv("30", instance)))
            return try Package.package(Package.domain(Package.instance(Self.issuer)), application)
        }
        let card = try Self.card()
        // What the application refuses aborts the package.
        let refused = card.install(try package("80E29000" + "04" + "F002E200"))
        #expect(refused.contains("800103") && refused.hasSuffix("8100"), "\(refused)")
        let rule = "E20BE1044F00C100E303D00101"
        #expect(card.install(try package("80E29000" + "0F" + "F00D" + rule)) == Self.ok)
        #expect(try card.entries().contains("0107 000000 3 \(aid) in \(Self.issuer) 5F2002AABB"))
        #expect(try card.send(FactoryCard.selection(aid)) == "9000")
        #expect(try card.send("80CAFF4000") == "FF400D" + rule + "9000")
        #expect(card.defects == [])
    }

    /// A security domain takes processData as STORE DATA; a command that commits is none of a personalization.
    @Test func onlySTOREDATAIsProcessed() throws {
        let names = Package.tlv("4F", "A0000001515350") + Package.tlv("4F", "A000000151535041")
        let instance = names + Package.tlv("4F", Self.other) + "820180" + "C900"
        func package(_ command: String) throws -> [UInt8] {
            let data = Package.tlv("30", Package.tlv("04", command))
            let list = Package.tlv("A2", Package.tlv("30", instance + data))
            return try Package.package(
                Package.domain(Package.instance(Self.issuer)),
                Package.tlv("A8", Package.header + list)
            )
        }
        let card = try Self.card()
        let before = [UInt8](UnsafeRawBufferPointer(card.image))
        for command in ["0020000108FFFFFFFFFFFFFFFF", "8050000008000102030405060700", "84E28800080102030405060708"] {
            let answer = card.install(try package(command))
            #expect(answer.contains("80026D00") && answer.hasSuffix("8100"), "\(answer)")
            #expect([UInt8](UnsafeRawBufferPointer(card.image)) == before)
        }
        #expect(card.install(try package("80E28800" + "0A" + "007007" + "4205" + "0102030405")) == Self.ok)
        try card.authenticate()
        #expect(try card.send(FactoryCard.selection(Self.other)).hasSuffix("9000"))
        #expect(try card.send("80CA004200") == "420501020304059000")
        #expect(card.defects == [])
    }

    @Test func unknownModulesAreLeftOut() throws {
        let names = Package.tlv("4F", "A000000601") + Package.tlv("4F", "A00000060101") + Package.tlv("4F", Self.other)
        let list = Package.tlv("A2", Package.tlv("30", names + "820100C900"))
        let domain = Package.domain(Package.instance(Self.issuer))
        let card = try Self.card()
        let mandated = card.install(try Package.package(domain, Package.tlv("A8", Package.header + list)))
        #expect(mandated.contains("800107") && mandated.hasSuffix("8100"), "\(mandated)")
        let optional = card.install(try Package.package(domain, Package.tlv("A8", "A003810130" + list)))
        #expect(optional == "300FA00D30068001078101303003800100")
        #expect(try !card.entries().contains { $0.contains(Self.other) })
    }

    // MARK: What the card refuses

    /// Status of a package with one fault that only the card knows.
    @Test func theCardsRefusalsAreStatuses() throws {
        let keys = { (keys: String) in Package.domain(Package.instance(Self.issuer), Package.keys(keys)) }
        let rfm = { (aid: String) in
            Package.tlv("A7", Package.header + Package.tlv("4F", aid) + "810102" + "040100" + "040100")
        }
        let first = Package.domain(Package.instance(Self.issuer))
        let faults: [(name: String, elements: String, status: String)] = [
            ("a key twice", keys(Package.three("30", "88") + Package.three("30", "88")), "800103"),
            ("an unknown key type", keys(Package.key("30", "01", [("99", Package.testKey)])), "80010A"),
            ("a key of five octets", keys(Package.key("30", "01", [("88", "0102030405")])), "800103"),
            ("a DES key for SCP03", keys(Package.key("30", "01", [("80", Package.testKey)])), "800103"),
            ("key version 80", keys(Package.key("80", "01", [("88", Package.testKey)])), "800103"),
            ("key identifier 80", keys(Package.key("30", "80", [("88", Package.testKey)])), "800103"),
            (
                "a type twice", keys(Package.key("30", "01", [("88", Package.testKey), ("88", Package.testKey)])),
                "800103"
            ),
            ("no curve", keys(Package.key("73", "01", [("B1", Package.testKey + Package.testKey)])), "800103"),
            ("no security domain", Package.domain(Package.instance(Self.issuer, privileges: "000000")), "800103"),
            ("an unknown protocol", Package.domain(Package.instance(Self.issuer, parameters: "81020900")), "800103"),
            ("an AID in use", Package.domain(Package.instance("A00000015141434C00")), "800103"),
            ("an unknown state", Package.domain(Package.instance(Self.other, state: "1F")), "800103"),
            ("an unknown group", Package.domain(Package.instance(Self.issuer), "A3050403007100"), "80026A88"),
            ("half a group", Package.domain(Package.instance(Self.issuer), "A3050403007005"), "800103"),
            ("RFM of an AID in use", first + rfm(Self.issuer), "800103"),
            ("RFM of the AID of an ADF", first + rfm("A0000000871002FF49FF0589"), "80026A8A"),
        ]
        for fault in faults {
            let card = try Self.card()
            let before = [UInt8](UnsafeRawBufferPointer(card.image))
            let answer = card.install(try Package.package(fault.elements))
            #expect(answer.contains(fault.status) && answer.hasSuffix("8100"), "\(fault.name): \(answer)")
            #expect([UInt8](UnsafeRawBufferPointer(card.image)) == before, "\(fault.name)")
        }
    }
}
