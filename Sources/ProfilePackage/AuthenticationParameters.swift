import Memory
import Octets

// PE-AKAParameter and PE-CDMAParameter: eUICC Profile Package 8.4.

extension ProfileInstaller {
    mutating func installAKAParameter<Target: ProfileTarget & ~Copyable>(
        _ members: inout Members,
        _ target: inout Target
    ) throws(Failure) {
        guard let application else { return try missingContext() }
        let whole = members.cursor.view.part(from: members.cursor.position)
        var hasAlgorithm = false
        while let member = try next(&members) {
            switch member.tag {
            case 0xA1:
                try checkAlgorithm(member, target)
                hasAlgorithm = true
            case 0x82: try checkLength(member, 1)
            case 0x83, 0x84: try checkLength(member, 6)
            case 0xA5: try checkSequenceNumbers(member)
            default: try report(PackageStatus.invalidParameter)
            }
        }
        guard hasAlgorithm else { throw Failure(Decision.malformed) }
        let reference = try claim(.authentication, of: application)
        try onCard { () throws(StatusWord) in
            try target.storeAuthenticationParameters(whole, application: reference)
        }
    }

    mutating func installCDMAParameter<Target: ProfileTarget & ~Copyable>(
        _ members: inout Members,
        _ target: inout Target
    ) throws(Failure) {
        guard let application else { return try missingContext() }
        let whole = members.cursor.view.part(from: members.cursor.position)
        var hasKey = false
        while let member = try next(&members) {
            switch member.tag {
            case 0x81:
                try checkLength(member, 8)
                hasKey = true
            case 0x82: try checkLength(member, 16)
            case 0x83: try checkLength(member, 2...32)
            case 0x84: try checkLength(member, 3...483)
            case 0x85: try checkLength(member, 5...957)
            default: try report(PackageStatus.invalidParameter)
            }
        }
        guard hasKey else { throw Failure(Decision.malformed) }
        let reference = try claim(.cdma, of: application)
        try onCard { () throws(StatusWord) in try target.storeCDMAParameters(whole, application: reference) }
    }

    /// An application has its parameters once.
    private mutating func claim(
        _ parameters: Directories.Parameters,
        of application: Int
    ) throws(Failure) -> ObjectReference {
        guard !directories[application].parameters.contains(parameters) else { throw Failure(Decision.wrongOrder) }
        directories[application].parameters.insert(parameters)
        return directories[application].reference
    }

    private func checkLength(_ member: BERTLV, _ length: Int) throws(Failure) {
        try checkLength(member, length...length)
    }

    private func checkLength(_ member: BERTLV, _ lengths: ClosedRange<Int>) throws(Failure) {
        guard lengths.contains(member.value.count) else { throw Failure(PackageStatus.badValues) }
    }

    /// sqnInit: 32 values of 6 octets.
    private func checkSequenceNumbers(_ member: BERTLV) throws(Failure) {
        var cursor = member.cursor
        var count = 0
        while let number = try cursor.member() {
            guard number.tag == 0x04 else { throw Failure(Decision.malformed) }
            try checkLength(number, 6)
            count += 1
        }
        guard count == 32 else { throw Failure(PackageStatus.badValues) }
    }

    /// algoConfiguration, a CHOICE with an explicit tag.
    private mutating func checkAlgorithm<Target: ProfileTarget & ~Copyable>(
        _ member: BERTLV,
        _ target: borrowing Target
    ) throws(Failure) {
        var cursor = member.cursor
        guard let choice = try cursor.member(), cursor.isAtEnd else { throw Failure(Decision.malformed) }
        switch choice.tag {
        case 0xA0: try checkMapping(choice, target)
        case 0xA1: try checkParameters(choice)
        default: throw Failure(Decision.malformed)
        }
    }

    /// MappingParameter: another application's parameters, which must be there already.
    private mutating func checkMapping<Target: ProfileTarget & ~Copyable>(
        _ mapping: BERTLV,
        _ target: borrowing Target
    ) throws(Failure) {
        var cursor = mapping.cursor
        var source: ObjectReference?
        while let member = try cursor.member() {
            switch member.tag {
            case 0x80: try checkLength(member, 1)
            case 0x81: source = target.application(dfName: member.value)
            default: try report(PackageStatus.invalidParameter)
            }
        }
        guard let source, let index = directories.index(of: source),
            directories[index].parameters.contains(.authentication)
        else {
            throw Failure(PackageStatus.badValues)
        }
    }

    /// AlgoParameter.
    private mutating func checkParameters(_ parameters: BERTLV) throws(Failure) {
        var cursor = parameters.cursor
        var algorithm: UInt32?
        var keyLength = 0
        var opcLength: Int?
        while let member = try cursor.member() {
            switch member.tag {
            case 0x80: algorithm = try member.value.integer(limit: 255)
            case 0x81: try checkLength(member, 1)
            case 0x82: keyLength = member.value.count
            case 0x83: opcLength = member.value.count
            case 0x84: try checkLength(member, 5)
            case 0x85: try checkLength(member, 80)
            case 0x86: try checkLength(member, 3)
            case 0x87: _ = try member.value.integer(limit: 255)
            default: try report(PackageStatus.invalidParameter)
            }
        }
        guard let algorithm, let opcLength else { throw Failure(Decision.malformed) }
        let isRight: Bool
        switch algorithm {
        case 1: isRight = keyLength == 16 && opcLength == 16  // Milenage
        case 2: isRight = (keyLength == 16 || keyLength == 32) && opcLength == 32  // TUAK
        case 3: isRight = keyLength == 16  // test algorithm of TS 34.108: there is no OPc
        default: throw Failure(PackageStatus.featureNotSupported)
        }
        guard isRight else { throw Failure(PackageStatus.badValues) }
    }
}
