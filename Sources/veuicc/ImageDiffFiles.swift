import CardOS
import Octets

// Files: docs/memory-image.md section 7.1.

extension ImageDiff {
    mutating func compareFiles(
        _ before: FileNode,
        _ after: FileNode,
        _ oldObject: ImageContents.Object,
        _ newObject: ImageContents.Object
    ) {
        let subject = subject(oldObject, old)
        let owner = oldObject.owner.number
        let (one, other) = (before.file, after.file)
        note(subject, owner, "life cycle", one, other)
        note(subject, owner, "file descriptor", one.descriptor, other.descriptor) { Hex.string([$0]) }
        note(subject, owner, "short file identifier", one.shortFileIdentifier, other.shortFileIdentifier) {
            $0 == 0 ? "none" : Hex.string([$0])
        }
        note(subject, owner, "special file information", one.specialFileInformation, other.specialFileInformation) {
            Hex.string([$0])
        }
        note(subject, owner, "link", before.linkPath, after.linkPath) { $0 ?? "none" }
        compareAttributes(subject, owner, before, after)
        guard one.link == nil, other.link == nil else { return }
        compareSizes(subject, owner, one, other)
        compareBodies(subject, owner, one, other, oldObject, newObject)
    }

    private mutating func note(
        _ subject: String,
        _ owner: UInt8,
        _ what: String,
        _ before: InspectedFile,
        _ after: InspectedFile
    ) {
        let isNameEnough = before.lifeCycleName != after.lifeCycleName
        note(subject, owner, what, before.lifeCycleStatus, after.lifeCycleStatus) { status in
            let name = (status == before.lifeCycleStatus ? before : after).lifeCycleName
            return isNameEnough ? name : "\(name) (\(Hex.string([status])))"
        }
    }

    // MARK: Attributes

    private mutating func compareAttributes(_ subject: String, _ owner: UInt8, _ before: FileNode, _ after: FileNode) {
        let (one, other) = (before.file.attributes ?? [], after.file.attributes ?? [])
        guard one != other else { return }
        if let rule = before.accessRule, let next = after.accessRule, rule != next {
            note(subject, owner, "access rule", rule, next)
        }
        for (tag, name) in [(UInt32(0x84), "DF name"), (0xC6, "PIN references"), (0xA5, "proprietary information")] {
            noteOctets(subject, owner, name, Self.value(tag, of: one), Self.value(tag, of: other))
        }
        let rules = [before, after].map { node in
            node.accessRule.map { $0 == "compact" || $0 == "expanded" } ?? true
        }
        if rules[0] || rules[1], Self.security(of: one) != Self.security(of: other) {
            noteOctets(subject, owner, "security attributes", Self.security(of: one), Self.security(of: other))
        } else if changes.last?.subject != subject || changes.last?.owner != Int(owner) {
            noteOctets(subject, owner, "attributes", one, other)
        }
    }

    private static func value(_ tag: UInt32, of attributes: [UInt8]) -> [UInt8] {
        attributes.withView { OctetCursor($0).firstValue(tag)?.array ?? [] }
    }

    private static func security(of attributes: [UInt8]) -> [UInt8] {
        [0x8B, 0x8C, 0xAB].flatMap { value($0, of: attributes) }
    }

    // MARK: Body

    private mutating func compareSizes(
        _ subject: String,
        _ owner: UInt8,
        _ before: InspectedFile,
        _ after: InspectedFile
    ) {
        note(subject, owner, "record length", before.recordLength, after.recordLength)
        if before.records > 0 || after.records > 0 {
            note(subject, owner, "resized", before.records, after.records) { "\($0) records" }
        } else {
            note(subject, owner, "resized", before.size, after.size)
        }
        note(subject, owner, "octets in use", before.usedSize, after.usedSize)
    }

    private mutating func compareBodies(
        _ subject: String,
        _ owner: UInt8,
        _ before: InspectedFile,
        _ after: InspectedFile,
        _ oldObject: ImageContents.Object,
        _ newObject: ImageContents.Object
    ) {
        let (one, other) = (Self.body(of: before, oldObject), Self.body(of: after, newObject))
        switch (before.structure, after.structure) {
        case (.linearFixed, .linearFixed), (.cyclic, .cyclic):
            let records = [(before, one), (after, other)].map { file, body in
                let length = max(1, file.recordLength)
                return stride(from: 0, to: body.count, by: length).map {
                    Array(body[$0..<min($0 + length, body.count)])
                }
            }
            if before.structure == .cyclic, let added = Self.added(records[0], records[1]), added > 0 {
                return noteAdded(subject, owner, records[1].prefix(added))
            }
            compareRecords(subject, owner, records[0], records[1])
            if one == other {
                note(
                    subject,
                    owner,
                    "position of record 1",
                    oldObject.number(at: 12, width: 2),
                    newObject.number(at: 12, width: 2)
                )
            }
        case (.berTLV, .berTLV): compareDataObjects(subject, owner, one, other)
        default: noteRuns(subject, owner, "", one, other)
        }
    }

    /// The octets that a card would read: the records of a cyclic EF from record 1 on, of a BER-TLV EF the data objects.
    private static func body(of file: InspectedFile, _ object: ImageContents.Object) -> [UInt8] {
        let body = Array(object.content.suffix(min(file.size, object.content.count)))
        switch file.structure {
        case .berTLV: return Array(body.prefix(file.usedSize))
        case .cyclic:
            let start = min(object.number(at: 12, width: 2) * file.recordLength, body.count)
            return Array(body[start...] + body[..<start])
        default: return body
        }
    }

    private mutating func compareRecords(
        _ subject: String,
        _ owner: UInt8,
        _ before: [[UInt8]],
        _ after: [[UInt8]]
    ) {
        for index in 0..<max(before.count, after.count) {
            let one = before.indices.contains(index) ? before[index] : []
            let other = after.indices.contains(index) ? after[index] : []
            noteRuns(subject, owner, "record \(index + 1)", one, other)
        }
    }

    /// How many records were written into a ring, if the other ones moved up: the least number that explains it.
    private static func added(_ before: [[UInt8]], _ after: [[UInt8]]) -> Int? {
        guard before.count == after.count, !before.isEmpty else { return nil }
        return (0..<before.count).first { after[$0...].elementsEqual(before[..<(before.count - $0)]) }
    }

    private mutating func noteAdded(_ subject: String, _ owner: UInt8, _ records: ArraySlice<[UInt8]>) {
        for (index, record) in records.enumerated() {
            note(ImageChange(subject, owner: owner, .changed, "record \(index + 1) is new:", nil, .octets(record)))
        }
    }

    // MARK: Data objects

    private mutating func compareDataObjects(
        _ subject: String,
        _ owner: UInt8,
        _ before: [UInt8],
        _ after: [UInt8]
    ) {
        guard let one = Self.dataObjects(before), let other = Self.dataObjects(after) else {
            return noteRuns(subject, owner, "", before, after)
        }
        for (tag, value) in one {
            let name = "data object \(Self.hex(tag))"
            if let next = other.first(where: { $0.tag == tag })?.value {
                noteOctets(subject, owner, "\(name):", value, next)
            } else {
                note(ImageChange(subject, owner: owner, .changed, "\(name) deleted:", .octets(value)))
            }
        }
        for (tag, value) in other where !one.contains(where: { $0.tag == tag }) {
            note(
                ImageChange(
                    subject,
                    owner: owner,
                    .changed,
                    "data object \(Self.hex(tag)) created:",
                    nil,
                    .octets(value)
                )
            )
        }
    }

    private static func dataObjects(_ body: [UInt8]) -> [(tag: UInt32, value: [UInt8])]? {
        body.withView { view in
            var cursor = OctetCursor(view)
            var found: [(tag: UInt32, value: [UInt8])] = []
            while !cursor.isAtEnd {
                guard let object = cursor.berTLV() else { return nil }
                found.append((object.tag, object.value.array))
            }
            return found
        }
    }

    private static func hex(_ tag: UInt32) -> String { String(tag, radix: 16, uppercase: true) }
}
