import Memory
import Octets
import ProfilePackage
import Testing

/// GSMA TS.48 packages: vectors/profiles/ts48/README.md names their origin.
@Suite struct InstallationTests {
    static let latest = [
        "TS48_V7.0_eSIM_GTP_SAIP2.3_BERTLV_SUCI",
        "TS48_V7.0_eSIM_GTP_SAIP2.3_BERTLV_SUCI_NoRAMRFM",
        "TS48_V7.0_eSIM_GTP_SAIP2.3_NoBERTLV",
    ]
    static let earlier = [
        "TS48v2_SAIP2.1_BERTLV", "TS48v2_SAIP2.1_NoBERTLV", "TS48v2_SAIP2.3_BERTLV", "TS48v2_SAIP2.3_NoBERTLV",
        "TS48v3_SAIP2.1_BERTLV", "TS48v3_SAIP2.1_NoBERTLV", "TS48v3_SAIP2.3_NoBERTLV", "TS48v4_SAIP2.1A_NoBERTLV",
        "TS48v4_SAIP2.1B_NoBERTLV", "TS48v4_SAIP2.3_BERTLV", "TS48v4_SAIP2.3_NoBERTLV", "TS48v5_SAIP2.1A_NoBERTLV",
        "TS48v5_SAIP2.1B_NoBERTLV", "TS48v5_SAIP2.3_BERTLV_SUCI", "TS48v5_SAIP2.3_NoBERTLV",
    ]

    @Test(arguments: latest) func createsEachFileOfTheList(name: String) throws {
        var target = MemoryTarget()
        let outcome = install(try Vectors.package(name), into: &target)
        #expect(outcome.progress == .finished)
        let rows = try Vectors.table("profiles/ts48/\(name).expected-files.tsv")
        #expect(target.files.count == rows.count)
        for row in rows {
            let path = row["path"] ?? ""
            guard let reference = target.file(path) else {
                Issue.record("\(path) is missing")
                continue
            }
            #expect(describe(reference, target) == expectation(row, target), "\(path)")
        }
    }

    /// Security domain and RFM are reported (pe-not-supported), with the identification of each; then ok.
    @Test(arguments: [
        (latest[0], "1A1B1C1D1E"), (latest[1], "1A"), (latest[2], "1A1B1C1D1E"), (earlier[0], "18191A1B1C"),
        (earlier[1], "18191A1B1C"), (earlier[2], "1A1B1C1D1E"), (earlier[3], "1A1B1C1D1E"), (earlier[4], "18191A1B1C"),
        (earlier[5], "18191A1B1C"), (earlier[6], "1A1B1C1D1E"), (earlier[7], "18191A1B1C"), (earlier[8], "18191A1B1C"),
        (earlier[9], "1A1B1C1D1E"), (earlier[10], "1A1B1C1D1E"), (earlier[11], "18191A1B1C"),
        (earlier[12], "18191A1B1C"), (earlier[13], "1A1B1C1D1E"), (earlier[14], "1A1B1C1D1E"),
    ]) func answers(name: String, passedOver: String) throws {
        let warnings = hex(passedOver).map { "30068001018101" + Hex.string([$0]) }.joined() + "3003800100"
        let length = UInt8(warnings.count / 2)
        let package = try Vectors.package(name)
        var target = MemoryTarget()
        target.hasSecurityDomains = false
        let outcome = install(package, into: &target)
        let response = "30\(Hex.string([length + 2]))A0\(Hex.string([length]))\(warnings)"
        #expect(outcome == Outcome(progress: .finished, response: response))
        // With a registry, every element is installed.
        #expect(install(package) == Outcome(progress: .finished, response: "3007A0053003800100"))
    }

    @Test(arguments: latest + earlier + ["TS48v1_A"]) func doesTheSameWithSegmentsOfAnyLength(name: String) throws {
        let package = try Vectors.package(name)
        var whole = MemoryTarget()
        let outcome = install(package, into: &whole)
        let contents = whole.contents
        for length in [1, 7, 255, 1_008] {
            var target = MemoryTarget()
            #expect(install(package, into: &target, segments: { length }) == outcome)
            #expect(target.contents == contents)
        }
        for seed: UInt64 in 1...4 {
            var generator = SeededGenerator(seed: seed)
            var target = MemoryTarget()
            #expect(install(package, into: &target, segments: { .random(in: 1...600, using: &generator) }) == outcome)
            #expect(target.contents == contents, "seed \(seed)")
        }
    }

    /// TS.48 v7.0: PINs and keys are those of its README.
    @Test func handsOverCodesAndParameters() throws {
        var target = MemoryTarget()
        _ = install(try Vectors.package(InstallationTests.latest[0]), into: &target)
        let mf = ObjectReference(page: 0)
        let puk = "01 00 AA 00 00 FFFFFF 3131313131313131 81 00 AA 00 00 FFFFFF 3232323232323232"
        let pins =
            "01 06 33 01 00 FFFFFF 30303030FFFFFFFF 0A 03 AA 00 00 FFFFFF 3535353535353535"
            + "0B 03 AA 00 00 FFFFFF 3636363636363636"
        let local = "81 03 33 81 00 FFFFFF 39393939FFFFFFFF"
        let contexts = ["3F00/7F10", "ADF.USIM", "ADF.CSIM", "ADF.ISIM"].compactMap { target.file($0) }
        try #require(contexts.count == 4)
        #expect(
            target.codes == [
                MemoryTarget.Codes(kind: .puk, context: mf, sharedWith: nil, entries: hex(puk)),
                MemoryTarget.Codes(kind: .pin, context: mf, sharedWith: nil, entries: hex(pins)),
            ]
                + contexts.map {
                    MemoryTarget.Codes(kind: .pin, context: $0, sharedWith: nil, entries: hex(local))
                }
        )
        let key = "000102030405060708090A0B0C0D0E0F"
        let zero = "00000000000000000000000000000000"
        let parameters = hex("A12C A12A 800103 810102 8210\(key) 8310\(zero)")
        #expect(target.authentication == [contexts[1]: parameters, contexts[3]: parameters])
        #expect(target.cdma.count == 1)
        #expect(target.cdma[contexts[2]]?.starts(with: hex("8108 00000000FFFFFFFF 8210")) == true)
        let package = try Vectors.package(InstallationTests.latest[0])
        #expect(target.header == Array(package[3..<162]))
    }

    /// The columns of a row, with the content spelled out.
    private func expectation(_ row: [String: String], _ target: borrowing MemoryTarget) -> [String: String] {
        var row = row
        row["path"] = nil
        row["pe_field"] = nil
        if let link = row["link_to"], !link.isEmpty { row["link_to"] = "\(target.file(link)?.page ?? .max)" }
        let content = (row["content"] ?? "").split(separator: "+").map { part in
            let run = part.split(separator: "*")
            return run.count == 2 ? String(repeating: String(run[0]), count: Int(run[1]) ?? 0) : String(part)
        }
        row["content"] = content.joined()
        return row
    }

    /// The same of a file that was installed.
    private func describe(_ reference: ObjectReference, _ target: borrowing MemoryTarget) -> [String: String] {
        let file = target[reference]
        let body = target[file.link ?? reference]
        let types: [UInt8: String] = [0x01: "TR", 0x02: "LF", 0x06: "CY", 0x39: "BT", 0x38: "DF"]
        var type = types[file.descriptor & 0x3F] ?? "?"
        if file.parent == nil { type = "MF" } else if !file.dfName.isEmpty { type = "ADF" }
        let isEF = type.count == 2 && type != "DF" && type != "MF"
        let length = Int(body.recordLength)
        var content = file.link == nil ? Hex.string(file.body) : ""
        if type == "BT" { content = file.used == 0 ? "-" : Hex.string(file.body[..<file.used]) }
        return [
            "type": type,
            "rec_len": length == 0 ? "" : "\(length)",
            "records": length == 0 ? "" : "\(body.body.count / length)",
            "size": isEF ? "\(body.body.count)" : "",
            "sfi": file.shortFileIdentifier == 0 ? "" : Hex.string([file.shortFileIdentifier]),
            "arr": Hex.string(file.securityAttributes.dropFirst(2)),
            "special_info": isEF ? Hex.string([file.specialFileInformation]) : "",
            "pin_status": Hex.string(file.pinReferences),
            "aid": Hex.string(file.dfName),
            "link_to": file.link.map { "\($0.page)" } ?? "",
            "content": isEF ? content : "",
        ]
    }
}
