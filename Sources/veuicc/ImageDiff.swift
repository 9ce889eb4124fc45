import CardOS
import Memory
import Octets

/// What changed between two images, in the words of the card: owners, files, codes, parameters. Objects are the same if
/// they have the same place in the file system, wherever they stand in the image.
struct ImageDiff {
    private(set) var changes: [ImageChange] = []
    let old: ImageContents
    let new: ImageContents
    /// Whether names say whose they are.
    private let namesOwners: Bool

    /// What makes an object the same in both images.
    private struct Key: Hashable, Comparable {
        let kind: UInt8
        let owner: UInt8
        /// The path of the file, or of the one that it belongs to.
        let place: String
        /// Which of several that have all of this.
        let number: Int

        static func < (one: Key, other: Key) -> Bool {
            (one.kind, one.owner, one.place, one.number) < (other.kind, other.owner, other.place, other.number)
        }
    }

    init(_ old: ImageContents, _ new: ImageContents) {
        self.old = old
        self.new = new
        namesOwners = max(old.masterFiles, new.masterFiles) > 1
        compareCards()
        compareOwners()
        let (before, after) = (Self.keyed(old), Self.keyed(new))
        let keys = Set(before.keys).union(after.keys).sorted()
        for key in keys {
            switch (before[key], after[key]) {
            case (let object?, nil): note(object, old, .deleted)
            case (nil, let object?): note(object, new, .created)
            case (let before?, let after?): compare(before, after)
            case (nil, nil): break
            }
        }
        for key in keys {
            guard let before = before[key], let after = after[key] else { continue }
            comparePlace(before, after)
        }
    }

    private static func keyed(_ contents: ImageContents) -> [Key: ImageContents.Object] {
        var found: [Key: ImageContents.Object] = [:]
        for object in contents.objects {
            let place = place(of: object, contents)
            var number = 0
            while true {
                let key = Key(kind: object.kind, owner: object.owner.number, place: place, number: number)
                if found[key] == nil {
                    found[key] = object
                    break
                }
                number += 1
            }
        }
        return found
    }

    private static func place(of object: ImageContents.Object, _ contents: ImageContents) -> String {
        func path(_ reference: ObjectReference?) -> String {
            reference.map { contents.node($0)?.path ?? "#\($0.page)" } ?? ""
        }
        return switch ObjectKind(rawValue: object.kind) {
        case .file, nil: path(object.reference)
        case .pinCodes, .unblockingCodes, .authenticationParameters, .cdmaParameters: path(object.object(at: 0))
        case .suspendedSession, .profileHeader: ""
        case .registryEntry, .keySet, .loadFile, .applicationData: contents.registryLabel(of: object) ?? ""
        }
    }

    // MARK: Notes

    func subject(_ object: ImageContents.Object, _ contents: ImageContents) -> String {
        let label = contents.label(of: object)
        return namesOwners ? "owner \(object.owner.number): \(label)" : label
    }

    mutating func note(_ change: ImageChange) { changes.append(change) }

    private mutating func note(_ object: ImageContents.Object, _ contents: ImageContents, _ kind: ImageChange.Kind) {
        var what = Differences.octets(object.content.count)
        if let node = contents.node(object.reference) {
            what =
                node.linkPath.map { _ in "link to \(contents.shortPath(of: node.shown.reference))" }
                ?? Self.shape(of: node)
        }
        note(ImageChange(subject(object, contents), owner: object.owner.number, kind, what))
    }

    static func shape(of node: FileNode) -> String {
        let file = node.file
        return switch file.structure {
        case .directory: node.type
        case .transparent: "transparent, \(Differences.octets(file.size))"
        case .linearFixed: "linear fixed, \(file.records) records of \(Differences.octets(file.recordLength))"
        case .cyclic: "cyclic, \(file.records) records of \(Differences.octets(file.recordLength))"
        case .berTLV: "BER-TLV, \(file.usedSize) of \(Differences.octets(file.size))"
        case nil: "of unknown structure"
        }
    }

    /// Notes a number, or anything else that is short, if it has changed.
    mutating func note<Value: Equatable>(
        _ subject: String,
        _ owner: UInt8,
        _ what: String,
        _ before: Value,
        _ after: Value,
        _ text: (Value) -> String = { "\($0)" }
    ) {
        guard before != after else { return }
        note(ImageChange(subject, owner: owner, .changed, what, .text(text(before)), .text(text(after))))
    }

    /// Notes octets as a whole, if they have changed.
    mutating func noteOctets(
        _ subject: String,
        _ owner: UInt8,
        _ what: String,
        _ before: some Sequence<UInt8>,
        _ after: some Sequence<UInt8>
    ) {
        let (before, after) = (Array(before), Array(after))
        guard before != after else { return }
        let values = [before, after].map { $0.isEmpty ? ImageChange.Value.text("none") : .octets($0) }
        note(ImageChange(subject, owner: owner, .changed, what, values[0], values[1]))
    }

    /// Notes where a body or record has changed. Octets FF behind the shorter one are none.
    mutating func noteRuns(
        _ subject: String,
        _ owner: UInt8,
        _ what: String,
        _ before: [UInt8],
        _ after: [UInt8]
    ) {
        let what = what.isEmpty ? "" : "\(what), "
        for run in Differences.runs(before, after) {
            let place = "\(what)\(Differences.octets(run.count)) at \(run.lowerBound):"
            note(
                ImageChange(
                    subject,
                    owner: owner,
                    .changed,
                    place,
                    .octets(Array(before[run])),
                    .octets(Array(after[run]))
                )
            )
        }
        let common = min(before.count, after.count)
        for (octets, word) in [(before, "lost"), (after, "added")] {
            let rest = octets[common...]
            guard rest.contains(where: { $0 != 0xFF }) else { continue }
            let place = "\(what)\(Differences.octets(rest.count)) at \(common) \(word):"
            let value = ImageChange.Value.octets(Array(rest))
            note(
                ImageChange(
                    subject,
                    owner: owner,
                    .changed,
                    place,
                    word == "lost" ? value : nil,
                    word == "lost" ? nil : value
                )
            )
        }
    }

    // MARK: Card and owners

    private mutating func compareCards() {
        note("image", 0, "size", old.geometry.size, new.geometry.size)
        note("image", 0, "minor version", old.geometry.minorVersion, new.geometry.minorVersion)
        note("journal", 0, "", old.journal.rawValue, new.journal.rawValue)
    }

    private mutating func compareOwners() {
        for number in UInt8(0)...254 {
            let before = old.owners.first { $0.owner.number == number }
            let after = new.owners.first { $0.owner.number == number }
            let subject = "owner \(number)"
            switch (before, after) {
            case (nil, nil): break
            case (_?, nil): note(ImageChange(subject, owner: number, .deleted))
            case (nil, let share?):
                let quota = share.quota.map { "quota \($0)" } ?? "no quota"
                let reserved = share.reserved > 0 ? ", \(share.reserved) reserved" : ""
                note(ImageChange(subject, owner: number, .created, quota + reserved))
            case (let before?, let after?):
                note(subject, number, "belongs to", before.parent?.number, after.parent?.number) {
                    $0.map { "owner \($0)" } ?? "none"
                }
                note(subject, number, "quota", before.quota, after.quota) { $0.map { "\($0)" } ?? "none" }
                note(subject, number, "reserved", before.reserved, after.reserved)
            }
        }
    }

    // MARK: Objects

    private mutating func compare(_ before: ImageContents.Object, _ after: ImageContents.Object) {
        guard before.content != after.content || refersElsewhere(before, after) else { return }
        let subject = subject(before, old)
        let owner = before.owner.number
        switch ObjectKind(rawValue: before.kind) {
        case .file:
            guard let one = old.node(before.reference), let other = new.node(after.reference) else {
                return noteRuns(subject, owner, "", before.content, after.content)
            }
            compareFiles(one, other, before, after)
        case .pinCodes, .unblockingCodes: compareCodes(before, after)
        case .authenticationParameters: compareAuthentication(before, after)
        case .cdmaParameters:
            noteRuns(subject, owner, "", Array(before.content.dropFirst(4)), Array(after.content.dropFirst(4)))
        case .registryEntry: compareRegistryEntries(before, after)
        case .keySet: compareKeySets(before, after)
        case .loadFile:
            noteRuns(subject, owner, "", Array(before.content.dropFirst(4)), Array(after.content.dropFirst(4)))
        case .suspendedSession, .profileHeader, .applicationData, nil:
            noteRuns(subject, owner, "", before.content, after.content)
        }
    }

    /// Whether a link may lead elsewhere although its octets are the same.
    private func refersElsewhere(_ before: ImageContents.Object, _ after: ImageContents.Object) -> Bool {
        before.kind == ObjectKind.file.rawValue
            && old.node(before.reference)?.linkPath != new.node(after.reference)?.linkPath
    }

    private mutating func comparePlace(_ before: ImageContents.Object, _ after: ImageContents.Object) {
        let isSameLength = before.pages.count == after.pages.count
        guard before.reference != after.reference || isSameLength && before.pages != after.pages else { return }
        let pages = [before, after].map { ImageChange.Value.text("pages \(Self.ranges($0.pages))") }
        note(ImageChange(subject(before, old), owner: before.owner.number, .moved, "", pages[0], pages[1]))
    }

    /// `1057-1060, 1070`.
    static func ranges(_ pages: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for page in pages {
            if let last = runs.last, last.upperBound + 1 == page {
                runs[runs.count - 1] = last.lowerBound...page
            } else {
                runs.append(page...page)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ", ")
    }
}
