import CardOS
import Memory
import Octets

// What the UICC and the terminal tell each other of a bootstrapping in files: TS 31.102 clauses 4.2.79 and 4.2.83, TS
// 31.103 clauses 4.2.9 and 4.2.10.

extension UICC {
    /// Begins EF.GBABP anew: RAND, and neither B-TID nor lifetime, which are the terminal's to write (TS 33.220 clause
    /// G.1). Without that file, or with one that is too short, nothing happens.
    mutating func noteBootstrapping(
        _ application: NetworkAccessApplication,
        random: OctetView
    ) throws(StatusWord) {
        guard let file = parametersFile(of: application), file.size >= random.count + 3 else { return }
        var octets = InlineArray<255, UInt8>(repeating: 0xFF)
        try withUnsafeMutableBytes(of: &octets) { (buffer) throws(StatusWord) in
            var writer = OctetWriter(buffer)
            writer.append(UInt8(truncatingIfNeeded: random.count))
            writer.append(random)
            writer.append(UInt16(0x0000))
            let count = min(file.size, buffer.count)
            writer.append(repeating: 0xFF, count: count - writer.count)
            try fill(file.reference, at: 0, writer.view)
        }
    }

    /// Notes in EF.GBANL for which NAF a key has been derived, and from which bootstrapping: in the record of that NAF,
    /// else in an empty one, else in the first. Nothing happens without that file, without a B-TID in EF.GBABP, or where
    /// both do not fit.
    mutating func noteDerivation(_ application: NetworkAccessApplication, naf: OctetView) throws(StatusWord) {
        guard
            let list = workingFile(
                application.kind == .usim ? 0x6FDA : 0x6FD7,
                .linearFixed,
                of: application.file.reference
            ),
            let parameters = parametersFile(of: application), list.records > 0
        else { return }
        var octets = InlineArray<255, UInt8>(repeating: 0xFF)
        try withUnsafeMutableBytes(of: &octets) { (buffer) throws(StatusWord) in
            guard list.recordLength <= buffer.count else { return }
            var writer = OctetWriter(UnsafeMutableRawBufferPointer(rebasing: buffer[0..<list.recordLength]))
            let isKnown = try withContent(of: parameters) { (content) throws(StatusWord) -> Bool in
                guard let identifier = Self.transactionIdentifier(content) else { return false }
                writer.appendTLV(0x80, naf)
                writer.appendTLV(0x81, identifier)
                return true
            }
            guard isKnown, !writer.overflowed else { return }
            let record = try withContent(of: list) { (content) throws(StatusWord) in
                Self.record(of: naf, content, length: list.recordLength)
            }
            writer.append(repeating: 0xFF, count: list.recordLength - writer.count)
            try fill(list.reference, at: record * list.recordLength, writer.view)
        }
    }

    private func parametersFile(of application: NetworkAccessApplication) -> File? {
        let identifier: UInt16 = application.kind == .usim ? 0x6FD6 : 0x6FD5
        return transparentFile(identifier, of: application.file.reference)
    }

    /// B-TID, which stands behind RAND, each behind its length; nil where there is none.
    private static func transactionIdentifier(_ content: OctetView) -> OctetView? {
        var cursor = OctetCursor(content)
        guard let length = cursor.octet(), cursor.octets(Int(length)) != nil, let count = cursor.octet(), count != 0
        else { return nil }
        return cursor.octets(Int(count))
    }

    /// The record, counted from 0, for a NAF.
    private static func record(of naf: OctetView, _ content: OctetView, length: Int) -> Int {
        var empty: Int?
        for record in 0..<content.count / length {
            var cursor = OctetCursor(content.part(from: record * length, length: length))
            guard cursor.peek != 0xFF, let object = cursor.berTLV() else {
                if empty == nil { empty = record }
                continue
            }
            if object.tag == 0x80, object.value.equals(naf) { return record }
        }
        return empty ?? 0
    }
}
