import CardOS
import Memory
import Octets

// PE-AKAParameter: eUICC Profile Package 8.4.2.

extension UICC {
    /// Keeps the authentication parameters of an application.
    ///
    /// - Parameters:
    ///   - members: the members of PE-AKAParameter behind its header.
    ///   - application: the ADF.
    /// - Throws: 6A80 where the members are not those of PE-AKAParameter, 6A88 where they name an application that is
    ///   not there, 6A84 where memory is short.
    public mutating func storeAuthenticationParameters(
        _ members: OctetView,
        application: ObjectReference
    ) throws(StatusWord) {
        guard let configuration = OctetCursor(members).firstValue(0xA1) else { throw .incorrectData }
        var content = InlineArray<453, UInt8>(repeating: 0xFF)
        var span = content.mutableSpan
        let count = try span.withUnsafeMutableBytes { (buffer) throws(StatusWord) -> Int in
            var writer = OctetWriter(buffer)
            writer.append(UInt128(application.page), count: 4)
            if let mapping = OctetCursor(configuration).firstValue(0xA0) {
                try appendMapping(mapping, to: &writer)
            } else if let parameters = OctetCursor(configuration).firstValue(0xA1) {
                writer.append(UInt128(UInt32.max), count: 4)
                try appendParameters(OctetCursor(parameters), OctetCursor(members), to: &writer)
            } else {
                throw .incorrectData
            }
            guard !writer.overflowed else { throw .incorrectData }
            return writer.count
        }
        let owner = memory.owner(of: application)
        let isOwn = count > AuthenticationParameters.sharedLength
        let length = isOwn ? AuthenticationParameters.length : count
        let object = try memory.allocate(.authenticationParameters, owner: owner, length: length)
        try withUnsafeBytes(of: &content) { (buffer) throws(StatusWord) in
            try memory.write(object, at: 0, OctetView(buffer).part(from: 0, length: count))
        }
    }

    /// MappingParameter.
    private func appendMapping(_ mapping: OctetView, to writer: inout OctetWriter) throws(StatusWord) {
        let members = OctetCursor(mapping)
        guard let source = members.firstValue(0x81) else { throw .incorrectData }
        guard let application = application(named: source) else { throw .referencedDataNotFound }
        writer.append(UInt128(application.page), count: 4)
        writer.append(members.firstValue(0x80)?.octet(at: 0) ?? 0)
    }

    /// AlgoParameter, and what stands beside it.
    private func appendParameters(
        _ parameters: OctetCursor,
        _ members: OctetCursor,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        guard let algorithm = parameters.firstValue(0x80)?.number,
            let known = AuthenticationParameters.Algorithm(rawValue: UInt8(truncatingIfNeeded: algorithm)),
            let key = parameters.firstValue(0x82), key.count == 16 || (known == .tuak && key.count == 32)
        else { throw .incorrectData }
        let opc = parameters.firstValue(0x83) ?? .empty
        guard known == .test || opc.count == (known == .tuak ? 32 : 16) else { throw .incorrectData }
        let standard = Milenage.Constants()
        writer.append(known.rawValue)
        writer.append(parameters.firstValue(0x81)?.octet(at: 0) ?? 0x00)
        writer.append(members.firstValue(0x82)?.octet(at: 0) ?? 0x02)
        writer.append(UInt8(truncatingIfNeeded: parameters.firstValue(0x87)?.number ?? 1))
        writer.append(UInt8(truncatingIfNeeded: key.count))
        writer.append(parameters.firstValue(0x86), or: UInt128(AuthenticationParameters.noLimit), count: 3)
        writer.append(key)
        writer.append(repeating: 0xFF, count: 32 - key.count)
        writer.append(opc.part(from: 0, length: 32))
        writer.append(repeating: 0xFF, count: max(0, 32 - opc.count))
        for index in 0..<5 {
            let rotation = parameters.firstValue(0x84)?.octet(at: index)
            writer.append(rotation ?? standard.rotations[index])
        }
        for index in 0..<5 {
            let addition = parameters.firstValue(0x85)?.part(from: index * 16, length: 16)
            writer.append(addition, or: standard.additions[index], count: 16)
        }
        // sqnDelta and sqnAgeLimit.
        for tag: UInt32 in [0x83, 0x84] { writer.append(members.firstValue(tag), or: 0x1000_0000, count: 6) }
        var initial = OctetCursor(members.firstValue(0xA5) ?? .empty)
        for _ in 0..<SequenceNumber.count { writer.append(initial.berTLV()?.value, or: 0, count: 6) }
        writer.append(0, count: 3)
    }
}

extension OctetWriter {
    /// Appends `count` octets (at most 16): those of `octets`, or a number where there are not so many.
    fileprivate mutating func append(_ octets: OctetView?, or number: UInt128, count: Int) {
        if let octets, octets.count == count {
            append(octets)
        } else {
            append(number, count: count)
        }
    }
}
