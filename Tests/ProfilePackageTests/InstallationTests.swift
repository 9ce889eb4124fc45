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

    @Test(arguments: earlier) func installsEarlierPackages(name: String) throws {
        let outcome = install(try Vectors.package(name))
        print(name, outcome.response)
        #expect(outcome.progress == .finished)
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
    private func describe(_ reference: FileReference, _ target: borrowing MemoryTarget) -> [String: String] {
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
