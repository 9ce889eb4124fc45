import Memory
import Octets
import ProfilePackage
import Testing

/// Files as the package and the templates describe them: eUICC Profile Package 8.3, 9.1.
@Suite struct FileContentTests {
    /// Installs the elements behind an MF and an ADF.USIM (7FD0), whose EF.UST is given.
    private func install(
        ust: String = "00",
        _ elements: [UInt8]...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> MemoryTarget {
        var target = MemoryTarget()
        let package = Build.package(Build.usim(ust: ust), elements.flatMap { $0 })
        let outcome = ProfilePackageTests.install(package, into: &target)
        #expect(
            outcome == Outcome(progress: .finished, response: "3007A0053003800100"),
            sourceLocation: sourceLocation
        )
        return target
    }

    /// The file at a path from the MF; `USIM` stands for the ADF.
    private func find(_ path: String, _ target: borrowing MemoryTarget) -> MemoryTarget.File? {
        var reference = ObjectReference(page: 0)
        for step in path.split(separator: "/") {
            let next: ObjectReference?
            if step == "USIM" {
                next = hex("A0000000871002").withView { target.application(dfName: $0) }
            } else {
                next = target.child(of: reference, fileIdentifier: UInt16(step, radix: 16) ?? 0)
            }
            guard let next else { return nil }
            reference = next
        }
        return target[reference]
    }

    private func file(_ path: String, _ target: borrowing MemoryTarget) throws -> MemoryTarget.File {
        let file = find(path, target)
        return try #require(file)
    }

    private func body(_ path: String, _ target: borrowing MemoryTarget) throws -> String {
        Hex.string(try file(path, target).body)
    }

    private func optional(_ members: [UInt8]...) -> [UInt8] {
        Build.files(0xB4, 9, Build.template(5), members.flatMap { $0 })
    }

    @Test func appliesDefaultsOfTheTemplate() throws {
        let target = install()
        #expect(try body("USIM/6F08", target) == "07" + String(repeating: "FF", count: 32))
        #expect(try body("USIM/6F73", target) == "FFFFFFFFFFFFFFFFFFFF0000FF01")
        let sms = "00" + String(repeating: "FF", count: 175)
        #expect(try body("USIM/6F3C", target) == String(repeating: sms, count: 10))
        let keys = try file("USIM/6F08", target)
        #expect(keys.securityAttributes == hex("8B036F0605"))
        #expect(keys.specialFileInformation == 0x80)
        #expect(keys.shortFileIdentifier == 8)
        #expect(keys.descriptor == 0x41)
        #expect(keys.lifeCycleStatus == 5)
    }

    @Test func resolvesTheRecordOfEFARR() throws {
        let target = install(optional(tlv(0xA2, Build.fcp(hex("8B0103")))))
        #expect(try file("2F05", target).securityAttributes == hex("8B032F0601"))
        #expect(try file("USIM", target).securityAttributes == hex("8B032F060E"))
        #expect(try file("USIM/6F05", target).securityAttributes == hex("8B036F0603"))
        #expect(try file("", target).securityAttributes == hex("8B032F0601"))
    }

    @Test func createsOptionalFilesOnlyIfNamed() throws {
        let target = install(optional(tlv(0xA2, []), tlv(0xA4, tlv(0x83, hex("010203")))))
        #expect(try body("USIM/6F05", target) == "FFFFFFFFFFFF")
        #expect(try body("USIM/6F39", target) == "010203")
        let absent = find("USIM/6F37", target)
        #expect(absent == nil)
    }

    @Test func leavesOutWhatIsNotToBeCreated() throws {
        var target = MemoryTarget()
        let usim = Build.usim(more: "B702 8000 B800")
        #expect(ProfilePackageTests.install(Build.package(usim), into: &target).progress == .finished)
        let absent = find("USIM/6FC4", target)
        #expect(absent == nil)
        #expect(try body("USIM/6FE3", target) == "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000001")
    }

    @Test func fillsEachRecord() throws {
        let ici = "FFFFFF0000000001FFFF"
        let oci = "AABBBBBBBBBBBBBB"
        let target = install(
            optional(
                tlv(0xBB, Build.fcp(hex("82044621000A 800114"))),
                tlv(0xBC, Build.fcp(hex("820446210008 800118 A504C102AABB"))),
                tlv(0xBD, Build.fcp(hex("820446210003 800106 A505C203112233")))
            )
        )
        #expect(try body("USIM/6F80", target) == ici + ici)
        #expect(try body("USIM/6F81", target) == oci + oci + oci)
        #expect(try body("USIM/6F82", target) == "112233112233")
        // Proprietary information without a special file information sets it to its default value.
        #expect(try file("USIM/6F80", target).specialFileInformation == 0x80)
        #expect(try file("USIM/6F81", target).specialFileInformation == 0x00)
        #expect(try file("USIM/6F80", target).recordLength == 10)
    }

    @Test func cutsAndPadsWhatIsFixed() throws {
        let target = install(
            optional(
                tlv(0xA8, Build.fcp(hex("800103"))),
                tlv(0xAF, Build.fcp(hex("80010C"))),
                tlv(0xBF42, Build.fcp(hex("800120")))
            )
        )
        // EF.PUCT FFFFFF0000, EF.PLMNwAcT FFFFFF0000 repeated, EF.UFC 30 octets
        #expect(try body("USIM/6F41", target) == "FFFFFF")
        #expect(try body("USIM/6F60", target) == "FFFFFF0000FFFFFF0000FFFF")
        #expect(
            try body("USIM/6FE6", target) == "801E60C01E900080040000000000000000F0000000004000000000000080FFFF"
        )
    }

    @Test func keepsTheNumberOfRecords() throws {
        // EF.EXT2 with records of 14 instead of 13 octets: still 10 of them
        let target = install(optional(tlv(0xAC, Build.fcp(hex("82044221000E")))))
        let record = "00" + String(repeating: "FF", count: 13)
        #expect(try body("USIM/6F4B", target) == String(repeating: record, count: 10))
    }

    @Test func writesBehindTheFormerContent() throws {
        let target = install(optional(tlv(0xA7, hex("8301AA 820102 8302BBCC 820101 8301DD"))))
        #expect(try body("USIM/6F40", target).hasPrefix("AAFFFFBBCCFFDDFF"))
    }

    @Test func createsSeveralFilesOfAKind() throws {
        let icons = tlv(0xA4, hex("A107 83026F40 800102 8302AABB A107 83026F41 800103 8301CC"))
        let cd = Build.files(
            0xB1,
            9,
            Build.template(2),
            tlv(0xA2, Build.fcp(hex("C60101"))),
            icons
        )
        let target = install(cd)
        #expect(try body("7F11/6F40", target) == "AABB")
        #expect(try body("7F11/6F41", target) == "CCFFFF")
        #expect(try file("7F11/6F41", target).securityAttributes == hex("8B036F0602"))
    }

    @Test func clearsServicesThatTheCardLacks() throws {
        let all = String(repeating: "FF", count: 14)
        // services 69 (octet 9, bit 5) and 76 (octet 10, bit 4)
        #expect(try body("USIM/6F38", install(ust: all)) == "FFFFFFFFFFFFFFFFEFF7FFFFFFFF")
        // also what a later element writes, in parts and with a pattern
        let target = install(
            ust: "00",
            Build.management(9, Build.select("7FD06F38"), Build.offset(8), Build.content("FFFF"))
        )
        #expect(try body("USIM/6F38", target) == "00FFFFFFFFFFFFFFEFF7FFFFFFFF")
        let isim = Build.files(
            0xB5,
            9,
            Build.template(8),
            tlv(0xA2, Build.fcp(hex("83027FB0 8407A0000000871004 C60101"))),
            tlv(0xA3, Build.fcp(hex("800101"))),
            tlv(0xA4, Build.fcp(hex("820442210001 800101"))),
            tlv(0xA5, Build.fcp(hex("800101"))),
            tlv(0xA6, Build.fcp(hex("800102"))),
            tlv(0xA8, Build.fcp(hex("820442210001 800101")))
        )
        let installed = install(isim)
        let reference = try #require(hex("A0000000871004").withView { installed.application(dfName: $0) })
        let istFound = installed.child(of: reference, fileIdentifier: 0x6F07)
        let ist = try #require(istFound)
        #expect(Hex.string(installed[ist].body) == "F7FF")
    }

    private static let directory = "82027821 83027F10 8B032F0601 C60101"

    @Test func linksFiles() throws {
        // TELECOM/6F3B shows the USIM's EF.FDN; 6F3C is a link to that link
        let target = install(
            Build.management(
                9,
                Build.create(FileContentTests.directory),
                Build.create("82024121 83026F3B 8B032F0602 8800 C7047FD06F3B"),
                Build.create("82024121 83026F3C 8B032F0602 8A0104 C7047F106F3B")
            )
        )
        let usim = try #require(hex("A0000000871002").withView { target.application(dfName: $0) })
        let fdn = target.child(of: usim, fileIdentifier: 0x6F3B)
        for (path, sfi, status) in [("7F10/6F3B", 0 as UInt8, 5 as UInt8), ("7F10/6F3C", 0x1C, 4)] {
            let link = try file(path, target)
            #expect(link.link == fdn)
            #expect(link.descriptor == 0x42)
            #expect(link.body.isEmpty && link.recordLength == 0)
            #expect(link.shortFileIdentifier == sfi)
            #expect(link.lifeCycleStatus == status)
            #expect(link.securityAttributes == hex("8B032F0602"))
        }
    }

    @Test func linksDirectories() throws {
        // 5F3A in the ADF shows 7F10; the file below is reached by both paths
        let target = install(
            Build.management(
                9,
                Build.create(FileContentTests.directory),
                Build.create("82024121 83024F01 8B032F0602 800101"),
                Build.select("7FD0"),
                Build.create("82027821 83025F3A 8B036F0601 C7027F10"),
                Build.select("7FD05F3A4F01"),
                Build.content("AB")
            )
        )
        let link = try file("USIM/5F3A", target)
        #expect(link.link == target.child(of: ObjectReference(page: 0), fileIdentifier: 0x7F10))
        #expect(link.pinReferences == [])
        #expect(try body("7F10/4F01", target) == "AB")
    }

    @Test func managesFiles() throws {
        let target = install(
            Build.management(
                9,
                Build.create(FileContentTests.directory),
                Build.create("82024121 83026F61 8A0104 8B032F0602 800104 A506C00140C10111"),
                Build.offset(1),
                Build.content("AA"),
                Build.content("BB"),
                // beside the file, not below it
                Build.create("82027921 83026F62 8B0103 80020100 8801F0 A50486020200"),
                Build.content("8001"),
                Build.content("AA"),
                Build.select(""),
                Build.create("82024121 83024F1F 8B0103 800101 8800"),
                Build.select("2F05"),
                Build.create("82024121 83024F3F 8B0103 800101")
            )
        )
        #expect(try body("7F10/6F61", target) == "11AABB11")
        let first = try file("7F10/6F61", target)
        #expect(first.shortFileIdentifier == 1)
        #expect(first.specialFileInformation == 0x40)
        #expect(first.lifeCycleStatus == 4)
        let second = try file("7F10/6F62", target)
        #expect(second.shortFileIdentifier == 0x1E)
        #expect(second.securityAttributes == hex("8B036F0603"))
        #expect(second.proprietaryInformation == hex("86020200"))
        #expect(second.body.count == 256 && second.used == 3)
        #expect(try file("4F1F", target).securityAttributes == hex("8B032F0603"))
        #expect(try file("4F3F", target).shortFileIdentifier == 0)
    }

    @Test func managesApplications() throws {
        // An ADF made by generic file management is an application too: parameters and PINs belong to it.
        let key = "0000000000000000 0000000000000000"
        let parameters = tlv(0xA1, tlv(0xA1, hex("800101 810100 8210\(key) 8310\(key)")))
        let target = install(
            Build.management(
                9,
                Build.create("82027821 83027FB0 8407A0000000871004 8B032F0601 C6020181"),
                Build.create("82024121 83026F07 8B0101 800102"),
                Build.content("FFFF")
            ),
            Build.pins(10, [0x81]),
            Build.management(11, Build.create("82027821 83027F20 8B032F0601 C60101")),
            tlv(0xA4, Build.head(12), parameters),
            Build.files(0xB6, 13, Build.template(9), tlv(0xA2, Build.fcp(hex("820442210002 800102"))))
        )
        let isim = try #require(hex("A0000000871004").withView { target.application(dfName: $0) })
        #expect(target[isim].fileIdentifier == nil)
        #expect(target[isim].parent == ObjectReference(page: 0))
        #expect(target.codes.last?.context == isim)
        #expect(target.authentication == [isim: parameters])
        let tableFound = target.child(of: isim, fileIdentifier: 0x6F07)
        let table = try #require(tableFound)
        #expect(target[table].body == hex("F7FF"))
        #expect(target.child(of: isim, fileIdentifier: 0x6F09) != nil)
    }

    @Test func sharesPINs() throws {
        let target = install(
            Build.management(9, Build.create("82027821 83027F10 8B032F0601 C6020181")),
            Build.pins(10, [0x81]),
            Build.management(11, Build.create("82027821 83027F20 8B032F0601 C6020181")),
            tlv(0xA2, Build.head(12), hex("A104 81027F10"))
        )
        let shared = try #require(target.codes.last)
        let mf = ObjectReference(page: 0)
        #expect(shared.context == target.child(of: mf, fileIdentifier: 0x7F20))
        #expect(shared.sharedWith == target.child(of: mf, fileIdentifier: 0x7F10))
        #expect(shared.entries == [])
    }

    @Test func takesThePINListOutOfItsWrapping() throws {
        for list in ["0181", "C6020181", "C609900160 830101 830181", "900160 830101 830181"] {
            let status = Hex.string(tlv(0xC6, hex(list)))
            let target = install(
                Build.management(9, Build.create("82027821 83027F10 8B032F0601 \(status)")),
                Build.pins(10, [0x81])
            )
            #expect(try file("7F10", target).pinReferences == [0x01, 0x81])
        }
    }

    @Test func createsTheMFByFileManagement() throws {
        let package =
            Build.header()
            + Build.management(
                9,
                Build.create("82027821 83023F00 8B032F0601 C6010A"),
                Build.create("82024121 83022FE2 8B032F0601 80010A 8800")
            ) + Build.pins(3, [10]) + Build.end()
        var target = MemoryTarget()
        #expect(ProfilePackageTests.install(package, into: &target).response == "3007A0053003800100")
        #expect(try file("", target).pinReferences == [0x0A])
        #expect(try file("2FE2", target).body.count == 10)
    }
}
