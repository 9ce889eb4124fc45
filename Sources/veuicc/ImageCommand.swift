import ArgumentParser
import Card
import CardOS
import ImageFile
import Memory
import Octets

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "Looks into image files, compares and verifies them, copies them out and back.",
        subcommands: [
            Info.self, Map.self, Diff.self, Verify.self, Dump.self, Load.self, Export.self, Import.self,
        ]
    )

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what an image is and how much of it is in use.",
            discussion: "veuicc image info card.img"
        )

        @Argument(help: "The image file.")
        var image: String

        @Flag(help: "Show it as JSON.")
        var json = false

        func run() throws {
            let base = try BaseImage(file: image)
            defer { withExtendedLifetime(base) {} }
            let summary: ImageSummary
            do throws(ImageDefect) {
                summary = try ImageSummary(of: base.octets)
            } catch {
                throw Failure(description: "\(image): \(error)")
            }
            if json { try Output.json(summary, indented: true) } else { try Output.line(summary.text) }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists every inconsistency of an image: offset and reason.",
            discussion: """
                veuicc image verify card.img
                Ends with exit status 65 if there is any. Remarks, which are worth a look, are none.
                """
        )

        @Argument(help: "The image file.")
        var image: String

        @Flag(help: "Show them as JSON.")
        var json = false

        func run() throws {
            let base = try BaseImage(file: image)
            defer { withExtendedLifetime(base) {} }
            let findings = Card.defects(of: base.octets).map(Finding.init)
            let hasDefects = findings.contains { !$0.isRemark }
            if json {
                try Output.json(findings, indented: true)
            } else {
                let lines = findings.map(\.line) + (hasDefects ? [] : ["no defect"])
                try Output.line(lines.joined(separator: "\n"))
            }
            if hasDefects { throw ExitCode(ExitStatus.data.rawValue) }
        }
    }

    struct Dump: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies an image out, as it is.",
            discussion: """
                veuicc image dump card.img copy.img
                What is wrong with the image is told on stderr, and copied too.
                """
        )

        @Argument(help: "The image file.")
        var image: String

        @Argument(help: "The file to make; - is the standard output.")
        var file = "-"

        @Flag(help: "Replace a file that is there.")
        var force = false

        func run() throws {
            let base = try BaseImage(file: image)
            defer { withExtendedLifetime(base) {} }
            try CardImage.save(base.octets, toFile: file, overwriting: force)
            let defects = Card.defects(of: base.octets).filter { !$0.reason.isRemark }
            if let first = defects.first {
                Output.note("\(image): copied with \(defects.count) defects, the first at \(first)")
            }
        }
    }

    struct Load: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies an image back that was copied out, if nothing is wrong with it.",
            discussion: "veuicc image load copy.img card.img"
        )

        @Argument(help: "The copy; - is the standard input.")
        var file: String

        @Argument(help: "The image file to make.")
        var image: String

        @Flag(help: "Replace an image that is there.")
        var force = false

        func run() throws {
            let copy = try CardImage.copy(ofFile: file)
            try copy.withUnsafeBytes { octets in
                let defects = Card.defects(of: octets).filter { !$0.reason.isRemark }
                if let first = defects.first {
                    throw Failure(description: "\(file): not loaded: \(defects.count) defects, the first at \(first)")
                }
                try CardImage.save(octets, toFile: image, overwriting: force)
            }
        }
    }
}

/// A defect of an image, or a remark, as `image verify` shows it.
private struct Finding: Encodable {
    let offset: Int
    let reason: String
    let isRemark: Bool

    init(_ defect: ImageDefect) {
        offset = defect.offset
        reason = defect.reason.rawValue
        isRemark = defect.reason.isRemark
    }

    var line: String { "offset \(offset): \(isRemark ? "remark: " : "")\(reason)" }
}

/// What `image info` shows: the image as the next power-on would leave it.
private struct ImageSummary: Encodable {
    struct Share: Encodable {
        let owner: Int
        let parent: Int?
        let quota: Int?
        let reserved: Int
        let used: Int
    }

    let format: String
    let size: Int
    let pageSize = Geometry.pageSize
    let pages: Int
    let freePages: Int
    let freeOctets: Int
    let owners: [Share]
    let files: Int
    let iccid: String?
    let journal: String
    let defects: Int

    /// - Throws: what is wrong with the superblock or the journal.
    init(of image: UnsafeRawBufferPointer) throws(ImageDefect) {
        journal = try Memory.journalState(of: image).rawValue
        defects = Card.defects(of: image).count { !$0.reason.isRemark }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: image.count, alignment: Geometry.pageSize)
        defer { copy.deallocate() }
        copy.copyMemory(from: image)
        let memory = try Memory(inspecting: copy)
        format = "\(Geometry.majorVersion).\(memory.geometry.minorVersion)"
        size = memory.geometry.size
        pages = memory.geometry.pageCount
        freePages = memory.freePages
        freeOctets = memory.freePages * Geometry.pageSize
        owners = (UInt8(0)...254).compactMap { number in
            let owner = Owner(number: number)
            guard memory.exists(owner) else { return nil }
            return Share(
                owner: Int(number),
                parent: memory.parent(of: owner).map { Int($0.number) },
                quota: memory.quota(of: owner).map { Int($0) },
                reserved: memory.reserved(of: owner),
                used: memory.usage(of: owner)
            )
        }
        let system = UICC(memory: memory, responseRule: .immediate, seed: [])
        files = system.memory.count(of: .file)
        iccid = system.integratedCircuitCardIdentification
    }

    var text: String {
        var lines = [
            "format \(format)",
            "size \(size) octets, \(pages) pages of \(pageSize)",
            "free \(freeOctets) octets, \(freePages) pages",
        ]
        for owner in owners {
            let parent = owner.parent.map { ", belongs to owner \($0)" } ?? ""
            let quota = owner.quota.map { "\($0) octets" } ?? "none"
            let reserved = owner.reserved > 0 ? ", \(owner.reserved) octets reserved" : ""
            lines.append("owner \(owner.owner): uses \(owner.used) octets, quota \(quota)\(reserved)\(parent)")
        }
        lines.append("files \(files)")
        lines.append("ICCID \(iccid ?? "none")")
        lines.append("journal \(journal)")
        lines.append("defects \(defects)")
        return lines.joined(separator: "\n")
    }
}

extension Memory {
    /// How many objects of `kind` there are.
    fileprivate func count(of kind: ObjectKind) -> Int {
        var count = 0
        var next = firstObject(of: kind)
        while let reference = next {
            count += 1
            next = firstObject(of: kind, from: reference.page + 1)
        }
        return count
    }
}

extension UICC {
    /// The ICCID in EF.ICCID: TS 102 221 clause 13.2, digits with their octets' halves exchanged; nil where it is not.
    fileprivate var integratedCircuitCardIdentification: String? {
        var next = memory.firstObject(of: .file)
        while let reference = next, description(of: reference)?.parent != nil {
            next = memory.firstObject(of: .file, from: reference.page + 1)
        }
        guard let masterFile = next, let file = child(0x2FE2, of: masterFile).flatMap({ description(of: $0) }) else {
            return nil
        }
        do throws(StatusWord) {
            let start = memory.length(of: file.reference) - file.size
            return try memory.withContent(file.reference, at: start, count: file.size) { (body) throws(StatusWord) in
                Hex.string(body.array.map { $0 << 4 | $0 >> 4 }).replacing("F", with: "")
            }
        } catch {
            return nil
        }
    }
}
