import Card
import CardOS
import Memory
import Octets
import Testing

/// What `Card.defects(of:)` finds in the objects of vectors/images/format-1.0.img when one field of them is changed.
@Suite struct ContentVerificationTests {
    let octets: [UInt8]
    /// The objects of the files by their identifiers, and of the codes.
    private var objects: [String: Int] = [:]

    init() throws {
        octets = try Vectors.octets("images/format-1.0.img")
        let card = try CopiedCard(octets)
        for (name, kind) in [("PIN", ObjectKind.pinCodes), ("PUK", .unblockingCodes)] {
            objects[name] = (card.card.system.memory.firstObject(of: kind)?.page).map { Int($0) }
        }
        var next = card.card.system.memory.firstObject(of: .file)
        while let reference = next {
            let identifier = card.card.system.description(of: reference)?.fileIdentifier ?? 0
            objects[Hex.string([UInt8(identifier >> 8), UInt8(identifier & 0xFF)])] = Int(reference.page)
            next = card.card.system.memory.firstObject(of: .file, from: reference.page + 1)
        }
        #expect(objects.count == 13)
    }

    private func place(_ object: String, _ index: Int) throws -> Int { try #require(objects[object]) * 64 + 4 + index }

    private func changed(_ object: String, _ index: Int, _ new: [UInt8]) throws -> [ImageDefect] {
        var copy = octets
        copy.replaceSubrange(try place(object, index)..<place(object, index) + new.count, with: new)
        return copy.withUnsafeBytes { Card.defects(of: $0) }
    }

    /// The field of `object` at `index`, its new value, and the reason; found at the field, or at `at`.
    @Test(arguments: [
        ("2FE2", 0, "00000001", ImageDefect.Reason.fileParent, 0), ("2FE2", 0, "FFFFFFFF", .fileParent, 0),
        ("3F00", 4, "3F01", .masterFile, 4), ("7F20", 0, "FFFFFFFF", .masterFile, 4),
        ("2FE2", 4, "FFFF", .fileIdentifier, 4), ("2F05", 4, "2FE2", .fileIdentifier, 4),
        ("7F20", 4, "FFFF", .fileIdentifier, 4), ("2FE2", 8, "1F", .fileIdentifier, 8),
        ("2F05", 8, "02", .fileIdentifier, 8), ("7F20", 8, "01", .fileIdentifier, 8),
        ("2FE2", 6, "43", .file, 6), ("2FE2", 14, "0000000B", .fileBody, 14), ("7F20", 14, "00000001", .fileBody, 14),
        ("6F02", 14, "00000001", .fileBody, 14), ("2F11", 10, "0000", .fileBody, 10),
        ("2F11", 10, "0003", .fileBody, 10), ("2FE2", 10, "0005", .fileBody, 10), ("2F10", 12, "0003", .fileBody, 12),
        ("2F11", 12, "0001", .fileBody, 12), ("2FE2", 18, "00000001", .fileBody, 18),
        ("2F12", 18, "00000259", .fileBody, 18), ("2F12", 18, "00000004", .fileBody, 33),
        ("2FE2", 26, "0100", .fileAttributes, 26), ("2FE2", 28, "85", .fileAttributes, 28),
        ("2FE2", 29, "04", .fileAttributes, 28), ("FFFF", 33, "8B", .fileAttributes, 33),
        ("FFFF", 33, "A5", .fileIdentifier, 4),
        ("6F02", 22, "00000005", .fileLink, 22), ("2F05", 22, "00000000", .fileLink, 22),
        ("PIN", 0, "00000007", .codesContext, 0), ("PUK", 0, "00000007", .codesContext, 0),
        ("PIN", 4, "00000007", .codesContext, 4), ("PIN", 10, "34", .codes, 10), ("PIN", 11, "05", .codeReference, 11),
        ("PIN", 12, "11", .codeReference, 12), ("PIN", 13, "00", .codes, 13), ("PIN", 24, "01", .codes, 24),
        ("PUK", 9, "07", .codes, 9), ("2FE2", 31, "7E", .accessRules, 28), ("2FE2", 32, "05", .accessRules, 28),
        ("2FE2", 32, "00", .accessRules, 28),
    ])
    func eachDefect(object: String, index: Int, new: String, reason: ImageDefect.Reason, at found: Int) throws {
        let defects = try changed(object, index, try #require(Hex.octets(new)))
        #expect(defects.contains(ImageDefect(offset: try place(object, found), reason: reason)), "\(defects)")
    }

    @Test func onlyMissingAccessRulesAreARemark() throws {
        let defects = try changed("2FE2", 32, [5])
        #expect(defects.map(\.reason.isRemark) == [true])
        var copy = octets
        copy[try place("2FE2", 32)] = 5
        _ = try CopiedCard(copy)
    }

    @Test func parentsInARing() throws {
        var copy = octets
        let application = try #require(objects["FFFF"])
        let directory = try #require(objects["7F20"])
        for (name, parent) in [("7F20", application), ("FFFF", directory)] {
            for index in 0..<4 { copy[try place(name, index)] = UInt8(truncatingIfNeeded: parent >> (24 - 8 * index)) }
        }
        let defects = copy.withUnsafeBytes { Card.defects(of: $0) }.filter { $0.reason == .fileParent }.map(\.offset)
        // Both directories, and the two files in one of them, lead nowhere.
        #expect(Set(defects) == Set(try ["7F20", "FFFF", "6F01", "6F02"].map { try place($0, 0) }))
    }

    // MARK: Objects that only a profile or a suspension makes

    /// The reasons for the objects of a kind with a content.
    private func reasons(_ kind: ObjectKind, _ contents: [String]) throws -> [ImageDefect.Reason] {
        let card = try CopiedCard(octets)
        for text in contents {
            let content = try #require(Hex.octets(text))
            let object = try card.card.system.memory.allocate(kind, owner: .card, length: content.count)
            try content.withView { (view) throws(StatusWord) in
                try card.card.system.memory.write(object, at: 0, view)
            }
        }
        card.card.system.memory.commit()
        return Card.defects(of: UnsafeRawBufferPointer(card.image)).map(\.reason)
    }

    private func number(_ object: String) throws -> String {
        let page = try #require(objects[object])
        return Hex.string((0..<4).map { UInt8(truncatingIfNeeded: page >> (24 - 8 * $0)) })
    }

    @Test func parametersAndHeader() throws {
        let application = try number("FFFF")
        #expect(try reasons(.cdmaParameters, [application + "8101028202AABB"]) == [])
        #expect(try reasons(.cdmaParameters, [application + "8101028203AABB"]) == [.parameters])
        #expect(try reasons(.cdmaParameters, [try number("7F20") + "810102"]) == [.parameters])
        #expect(try reasons(.cdmaParameters, ["0000"]) == [.parameters])
        #expect(try reasons(.profileHeader, ["800102810103"]) == [])
        #expect(try reasons(.profileHeader, ["80010281"]) == [.parameters])
        #expect(try reasons(.profileHeader, ["800102", "800102"]) == [.parameters])
    }

    @Test func authenticationParameters() throws {
        let (application, none) = (try number("FFFF"), "FFFFFFFF")
        func own(_ context: String, algorithm: String = "01", key: String = "10", ks: String = "FF") -> String {
            let zeroes = { (count: Int) in String(repeating: "00", count: count) }
            return context + none + algorithm + zeroes(3) + key + zeroes(359) + ks + zeroes(80)
        }
        let kind = ObjectKind.authenticationParameters
        #expect(try reasons(kind, [own(application)]) == [])
        #expect(try reasons(kind, [own(application, algorithm: "02", key: "20", ks: "40")]) == [])
        #expect(try reasons(kind, [application + application + "00"]) == [])
        #expect(try reasons(kind, [own(application, algorithm: "04")]) == [.parameters])
        #expect(try reasons(kind, [own(application, key: "11")]) == [.parameters])
        #expect(try reasons(kind, [own(application, ks: "1F")]) == [.parameters])
        #expect(try reasons(kind, [own(application) + "00"]) == [.parameters])
        #expect(try reasons(kind, [own(try number("7F20"))]) == [.parameters])
        #expect(try reasons(kind, [application + (try number("7F20")) + "00"]) == [.parameters])
        #expect(try reasons(kind, ["0000"]) == [.parameters])
    }

    @Test func codesOfAnotherDirectory() throws {
        let (root, directory, none) = (try number("3F00"), try number("7F20"), "FFFFFFFF")
        #expect(try reasons(.pinCodes, [directory + root]) == [])
        #expect(try reasons(.pinCodes, [directory + directory]) == [.codesContext])
        #expect(try reasons(.pinCodes, [root + none]) == [.codesContext])
        #expect(try reasons(.pinCodes, [directory + none + "01"]) == [.codes])
        #expect(try reasons(.unblockingCodes, ["00"]) == [.codes])
    }

    @Test func suspendedSession() throws {
        let (token, none) = ("0102030405060708", "FFFFFFFF")
        let (root, file, application) = (try number("3F00"), try number("2FE2"), try number("FFFF"))
        let channel = root + file + application
        let pin = try number("PIN") + "0A000000"
        for (content, expected) in [
            ("00", 0), ("01 00000000" + channel, 0), ("01 00000000" + root + none + none + pin, 0),
            ("02 00000000" + channel + "01000000" + channel + pin, 0),
            ("02 00000000" + channel, 1), ("01 00000000" + channel + "00", 1), ("", 1),
            ("02 00000000" + channel + "00000000" + channel, 1), ("01 00070100" + channel, 0),
            ("01 00000200" + channel, 1),
            ("01 00000000" + file + file + application, 1), ("01 00000000" + root + root + application, 1),
            ("01 00000000" + root + file + root, 1), ("00" + (try number("PUK")) + "01000000", 1),
            ("00" + (try number("PIN")) + "02000000", 1), ("00" + (try number("PIN")) + "0A000001", 1),
        ] {
            let expectation = [ImageDefect.Reason](repeating: .session, count: expected)
            #expect(try reasons(.suspendedSession, [token + content]) == expectation, "\(content)")
        }
    }

    // MARK: What commands leave behind

    @Test func theCodesOfADirectoryAreDeletedWithIt() throws {
        let card = try TestCard()
        let first = card.card.system.memory.firstObject(of: .file)
        let root = try #require(first)
        var parameters = FileParameters(descriptor: 0x78, fileIdentifier: 0x7F30)
        let rules = try #require(Hex.octets("8B032F0601"))
        let entry = try #require(Hex.octets("8107330000FFFFFF39393939FFFFFFFF"))
        try rules.withView { (rules) throws(StatusWord) in
            try entry.withView { (entry) throws(StatusWord) in
                parameters.securityAttributes = rules
                let directory = try card.card.system.createFile(parameters, parent: root)
                try card.card.system.createCodes(entries: entry, areUnblocking: false, for: directory, sharedWith: nil)
                parameters.fileIdentifier = 0x7F31
                let other = try card.card.system.createFile(parameters, parent: root)
                try card.card.system.createCodes(
                    entries: .empty,
                    areUnblocking: false,
                    for: other,
                    sharedWith: directory
                )
            }
        }
        card.card.system.memory.commit()
        #expect(try card.send("00A4000C027F30") == "9000")
        #expect(try card.send("0020008100") == "63C3")
        #expect(try card.send("00A4000C023F00") == "9000")
        #expect(try card.send("0020000A08 3535353535353535") == "9000")
        #expect(try card.send("00E40000027F30") == "9000")
        #expect(card.octets.withUnsafeBytes { Card.defects(of: $0) } == [])
        #expect(try card.send("00A4000C027F31") == "9000")
        #expect(try card.send("0020008100") == "6A88")
        card.card.powerOn()
        #expect(try card.send("00A4000C027F30") == "6A82")
    }
}
