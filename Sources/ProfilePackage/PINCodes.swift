import Memory
import Octets

// PE-PINCodes and PE-PUKCodes: eUICC Profile Package 8.5.

extension ProfileInstaller {
    mutating func installPUKCodes<Target: ProfileTarget & ~Copyable>(
        _ members: inout Members,
        _ target: inout Target
    ) throws(Failure) {
        guard let mf else { return try missingContext() }
        guard definedUnblockingCodes == 0 else { throw Failure(Decision.wrongOrder) }
        guard let list = try next(&members), list.tag == 0xA1 else { throw Failure(Decision.malformed) }
        var entries = OctetWriter(scratch.values)
        var cursor = list.cursor
        while let entry = try cursor.member() {
            guard entry.tag == 0x30 else { throw Failure(Decision.malformed) }
            let code = try readPUK(entry.value)
            guard let bit = ProfileInstaller.unblockingBit(code.reference), definedUnblockingCodes & bit == 0 else {
                throw Failure(PackageStatus.badValues)
            }
            definedUnblockingCodes |= bit
            code.append(to: &entries)
        }
        guard entries.count > 0 else { throw Failure(PackageStatus.badValues) }
        try store(.puk, context: mf, sharedWith: nil, entries, &target)
        try endOfMembers(&members)
    }

    mutating func installPINCodes<Target: ProfileTarget & ~Copyable>(
        _ members: inout Members,
        _ target: inout Target
    ) throws(Failure) {
        guard let context = pinContext else { return try missingContext() }
        guard !directories[context].hasPINs else { throw Failure(Decision.wrongOrder) }
        directories[context].hasPINs = true
        // The tag of a CHOICE is explicit.
        guard let choice = try next(&members), choice.tag == 0xA1 else { throw Failure(Decision.malformed) }
        var cursor = choice.cursor
        guard let codes = try cursor.member(), cursor.isAtEnd else { throw Failure(Decision.malformed) }
        switch codes.tag {
        case 0xA0:
            var entries = OctetWriter(scratch.values)
            var cursor = codes.cursor
            while let entry = try cursor.member() {
                guard entry.tag == 0x30 else { throw Failure(Decision.malformed) }
                let code = try readPIN(entry.value)
                try define(code, in: context)
                code.append(to: &entries)
            }
            guard entries.count > 0, !entries.overflowed else { throw Failure(PackageStatus.badValues) }
            try store(.pin, context: context, sharedWith: nil, entries, &target)
        case 0x81:
            guard let other = directories.index(of: try resolve(codes.value, target)), other != context else {
                throw Failure(PackageStatus.badValues)
            }
            directories[context].definedPINs = directories[other].definedPINs
            try store(.pin, context: context, sharedWith: other, OctetWriter(scratch.values), &target)
        default: throw Failure(Decision.malformed)
        }
        try endOfMembers(&members)
    }

    /// Nothing known may follow in an element that was read whole.
    mutating func endOfMembers(_ members: inout Members) throws(Failure) {
        while try next(&members) != nil { try report(PackageStatus.invalidParameter) }
    }

    private func store<Target: ProfileTarget & ~Copyable>(
        _ kind: CodeKind,
        context: Int,
        sharedWith other: Int?,
        _ entries: OctetWriter,
        _ target: inout Target
    ) throws(Failure) {
        let context = directories[context].reference
        var shared: ObjectReference?
        if let other { shared = directories[other].reference }
        try onCard { () throws(StatusWord) in
            try target.createCodes(kind, context: context, sharedWith: shared, entries: entries.view)
        }
    }

    /// 8.5.1: global PINs in the MF, local ones in any other directory; each once.
    private mutating func define(_ code: Code, in context: Int) throws(Failure) {
        switch PINReference(code.reference) {
        case .global(let bit) where context == mf && definedGlobalPINs & bit == 0: definedGlobalPINs |= bit
        case .local(let bit) where context != mf && directories[context].definedPINs & bit == 0:
            directories[context].definedPINs |= bit
        default: throw Failure(PackageStatus.badValues)
        }
        if code.unblockingReference != 0 {
            guard let bit = ProfileInstaller.unblockingBit(code.unblockingReference) else {
                throw Failure(PackageStatus.badValues)
            }
            guard definedUnblockingCodes & bit != 0 else { throw Failure(Decision.missingUnblockingCode) }
        }
    }

    private static func unblockingBit(_ reference: UInt8) -> UInt16? {
        switch reference {
        case 1...8: 1 << UInt16(reference - 1)
        case 129...136: 1 << UInt16(reference - 121)
        default: nil
        }
    }

    /// PINConfiguration.
    private mutating func readPIN(_ value: OctetView) throws(Failure) -> Code {
        var code = Code(attributes: 0x07, tries: 0x33)
        var cursor = OctetCursor(value)
        while let member = try cursor.member() {
            switch member.tag {
            case 0x80: code.reference = try octet(member)
            case 0x81: code.value = member.value
            case 0x82: code.unblockingReference = try octet(member)
            case 0x83: code.attributes = try octet(member)
            case 0x84: code.tries = try octet(member)
            default: try report(PackageStatus.invalidParameter)
            }
        }
        return try code.checked()
    }

    /// PUKConfiguration.
    private mutating func readPUK(_ value: OctetView) throws(Failure) -> Code {
        var code = Code(attributes: 0x00, tries: 0xAA)
        var cursor = OctetCursor(value)
        while let member = try cursor.member() {
            switch member.tag {
            case 0x80: code.reference = try octet(member)
            case 0x81: code.value = member.value
            case 0x82: code.tries = try octet(member)
            default: try report(PackageStatus.invalidParameter)
            }
        }
        return try code.checked()
    }

    private func octet(_ member: BERTLV) throws(Failure) -> UInt8 {
        UInt8(truncatingIfNeeded: try member.value.integer(limit: 255))
    }
}

/// A PIN or an unblocking code.
private struct Code {
    var reference: UInt8 = 0
    var attributes: UInt8
    var tries: UInt8
    var unblockingReference: UInt8 = 0
    var value = OctetView.empty

    init(attributes: UInt8, tries: UInt8) {
        self.attributes = attributes
        self.tries = tries
    }

    /// Key reference and value are mandatory; more tries left than there are at most have no meaning (8.5.1).
    func checked() throws(Failure) -> Code {
        guard reference != 0, !value.isEmpty else { throw Failure(Decision.malformed) }
        guard value.count == 8, tries & 0x0F <= tries >> 4 else { throw Failure(PackageStatus.badValues) }
        return self
    }

    /// The 16 octets of an entry as the target stores it.
    func append(to writer: inout OctetWriter) {
        writer.append(reference)
        writer.append(attributes)
        writer.append(tries)
        writer.append(unblockingReference)
        writer.append(UInt8(0))
        writer.append(repeating: 0xFF, count: 3)
        writer.append(value)
    }
}
