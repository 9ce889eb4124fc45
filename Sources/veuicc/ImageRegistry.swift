import Memory
import Octets

// The registry of GlobalPlatform and what belongs to it, in words: docs/memory-image.md sections 7.6 to 7.9.

extension ImageContents {
    /// The fields of a registry entry, and where they stand in its content.
    enum RegistryField {
        static let kind = 0
        static let lifeCycle = 1
        static let lifeCycleBeforeLock = 2
        static let privileges = 3
        static let aidLength = 6
        static let aid = 7
        static let program = 23
        static let securityDomain = 24
        static let loadFile = 28
        static let content = 32
        static let data = 36
        static let version = 40
        static let restrictions = 42
        static let attributes = 46
    }

    /// The AID of the registry entry at `reference`; where there is none, the number of the object.
    func aid(_ reference: ObjectReference?) -> String {
        guard let reference else { return "none" }
        guard let entry = object(reference), entry.kind == ObjectKind.registryEntry.rawValue else {
            return "#\(reference.page)"
        }
        let field = entry.content.dropFirst(RegistryField.aid)
        let aid = field.prefix(min(16, entry.number(at: RegistryField.aidLength, width: 1)))
        return aid.isEmpty ? "#\(reference.page)" : Hex.string(aid)
    }

    /// The registry entry that names an object in one of its fields.
    func entry(naming object: Object, at field: Int) -> ObjectReference? {
        objects.first {
            $0.kind == ObjectKind.registryEntry.rawValue && $0.object(at: field) == object.reference
        }?.reference
    }

    /// What a registry entry, or an object that belongs to one, is called.
    func registryLabel(of object: Object) -> String? {
        switch ObjectKind(rawValue: object.kind) {
        case .registryEntry: "\(Self.registryKind(of: object)) \(aid(object.reference))"
        case .keySet: "keys \(Hex.string([UInt8(object.number(at: 8, width: 1))])) of \(aid(object.object(at: 0)))"
        case .loadFile: "load file data block of \(aid(object.object(at: 0)))"
        case .applicationData: "data of \(aid(entry(naming: object, at: RegistryField.data)))"
        default: nil
        }
    }

    private static func registryKind(of entry: Object) -> String {
        switch entry.number(at: RegistryField.kind, width: 1) {
        case 1 where entry.number(at: RegistryField.privileges, width: 1) & 0x80 == 0: "application"
        case 1: entry.object(at: RegistryField.securityDomain) == nil ? "issuer security domain" : "security domain"
        case 2: "executable load file"
        case 3: "executable module"
        default: "registry entry"
        }
    }
}

extension ImageDiff {
    private typealias Field = ImageContents.RegistryField

    mutating func compareRegistryEntries(_ before: ImageContents.Object, _ after: ImageContents.Object) {
        let owner = before.owner.number
        let subject = subject(before, old)
        let isIssuer = before.object(at: Field.securityDomain) == nil
        for (field, what) in [
            (Field.lifeCycle, "life cycle state"), (Field.lifeCycleBeforeLock, "life cycle state before the lock"),
        ] {
            note(subject, owner, what, before.number(at: field, width: 1), after.number(at: field, width: 1)) {
                Self.lifeCycle($0, kind: before.number(at: Field.kind, width: 1), isIssuer: isIssuer)
            }
        }
        for (field, width, what) in [
            (Field.privileges, 3, "privileges"), (Field.program, 1, "program"), (Field.version, 2, "version"),
            (Field.restrictions, 2, "restrictions"),
        ] {
            noteOctets(subject, owner, what, before.content.part(field, width), after.content.part(field, width))
        }
        for (field, what) in [(Field.securityDomain, "security domain"), (Field.loadFile, "executable load file")] {
            note(subject, owner, what, old.aid(before.object(at: field)), new.aid(after.object(at: field)))
        }
        for (field, what) in [(Field.content, "stands for"), (Field.data, "keeps")] {
            note(subject, owner, what, named(before, at: field, old), named(after, at: field, new))
        }
        let attributes = [before, after].map { $0.content.dropFirst(Field.attributes) }
        noteOctets(subject, owner, "attributes", attributes[0], attributes[1])
    }

    private func named(_ object: ImageContents.Object, at field: Int, _ contents: ImageContents) -> String {
        guard let reference = object.object(at: field) else { return "nothing" }
        return contents.object(reference).map { contents.label(of: $0) } ?? "#\(reference.page)"
    }

    /// GPCS tables 11-3 to 11-6.
    private static func lifeCycle(_ state: Int, kind: Int, isIssuer: Bool) -> String {
        let names: [Int: String] =
            switch (kind, isIssuer) {
            case (1, true): [1: "OP_READY", 7: "INITIALIZED", 15: "SECURED", 0x7F: "CARD_LOCKED", 0xFF: "TERMINATED"]
            case (1, false): [3: "INSTALLED", 7: "SELECTABLE", 15: "PERSONALIZED"]
            default: [1: "LOADED"]
            }
        let number = Hex.string([UInt8(truncatingIfNeeded: state)])
        if let name = names[state] { return name }
        return kind == 1 && !isIssuer && state & 0x83 == 0x83 && state != 0xFF ? "LOCKED (\(number))" : number
    }

    // MARK: Key sets

    /// A key: what is known of it without its value.
    private struct Key: Equatable {
        let identifier: UInt8
        let usageAndAccess: ArraySlice<UInt8>
        /// The types of the components, and their lengths.
        let shape: [[Int]]
        let components: ArraySlice<UInt8>
    }

    private static func keys(_ object: ImageContents.Object) -> [Key] {
        var keys: [Key] = []
        var place = 20
        while place + 6 <= object.content.count {
            let end = place + 6 + object.number(at: place + 4, width: 2)
            guard end <= object.content.count else { break }
            var shape: [[Int]] = []
            var component = place + 6
            while component + 3 <= end {
                let length = object.number(at: component + 1, width: 2)
                shape.append([object.number(at: component, width: 1), length])
                component += 3 + length
            }
            let components = object.content[(place + 6)..<end]
            let octets = object.content
            keys.append(
                Key(
                    identifier: octets[place],
                    usageAndAccess: octets[(place + 1)..<(place + 4)],
                    shape: shape,
                    components: components
                )
            )
            place = end
        }
        return keys
    }

    mutating func compareKeySets(_ before: ImageContents.Object, _ after: ImageContents.Object) {
        let owner = before.owner.number
        let subject = subject(before, old)
        for (field, width, what) in [(9, 1, "purpose"), (10, 1, "option")] {
            noteOctets(subject, owner, what, before.content.part(field, width), after.content.part(field, width))
        }
        let isForPackets = before.number(at: 9, width: 1) == 0x80 && after.number(at: 9, width: 1) == 0x80
        let counters =
            isForPackets
            ? [(11, 5, "counter of secured packets")]
            : [(12, 4, "sequence counter"), (11, 1, "failed authentications")]
        for (field, width, what) in counters + [(16, 1, "failed authentications that block")] {
            note(subject, owner, what, before.number(at: field, width: width), after.number(at: field, width: width))
        }
        let (one, other) = (Self.keys(before), Self.keys(after))
        for key in one {
            let name = "\(subject), key \(Hex.string([key.identifier]))"
            guard let next = other.first(where: { $0.identifier == key.identifier }) else {
                note(ImageChange(name, owner: owner, .deleted))
                continue
            }
            noteOctets(name, owner, "usage and access", key.usageAndAccess, next.usageAndAccess)
            note(name, owner, "components", key.shape, next.shape) { Self.text(of: $0) }
            // A key is not shown.
            if key.shape == next.shape, key.components != next.components {
                note(ImageChange(name, owner: owner, .changed, "has another value"))
            }
        }
        for key in other where !one.contains(where: { $0.identifier == key.identifier }) {
            let name = "\(subject), key \(Hex.string([key.identifier]))"
            note(ImageChange(name, owner: owner, .created, Self.text(of: key.shape)))
        }
    }

    private static func text(of shape: [[Int]]) -> String {
        shape.map { component in
            "\(Hex.string([UInt8(component[0])])) of \(Differences.octets(component[1]))"
        }.joined(separator: ", ")
    }
}

extension [UInt8] {
    /// As much of `width` octets at `index` as there is.
    fileprivate func part(_ index: Int, _ width: Int) -> ArraySlice<UInt8> { dropFirst(index).prefix(width) }
}
