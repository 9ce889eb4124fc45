import Memory
import Octets

// The FCP template: TS 102 221 clauses 11.1.1.3 and 11.1.1.4

extension UICC {
    /// Appends the FCP template of `file` to the response.
    mutating func appendFileControlParameters(of file: File) throws(StatusWord) {
        let shown = try target(of: file)
        var writer = output
        try writer.appendTLV(0x62) { (writer) throws(StatusWord) in
            writer.appendTLV(0x82) { writer in
                writer.append(file.descriptor)
                writer.append(0x21 as UInt8)
                if shown.recordLength > 0 {
                    writer.append(UInt16(truncatingIfNeeded: shown.recordLength))
                    writer.append(UInt8(truncatingIfNeeded: shown.records))
                }
            }
            // TS 102 221 clause 8.3: within its application an ADF is 7FFF.
            writer.appendTLV(0x83) { $0.append(file.isApplication ? 0x7FFF : file.fileIdentifier) }
            try withAttributes(of: file) { (attributes) throws(StatusWord) in
                let cursor = OctetCursor(attributes)
                if let name = cursor.firstValue(0x84) { writer.appendTLV(0x84, name) }
                try appendProprietaryInformation(of: file, shown, to: &writer)
                writer.appendTLV(0x8A) { $0.append(file.lifeCycleStatus) }
                var objects = cursor
                while let object = objects.berTLV() {
                    if [0x8B, 0x8C, 0xAB].contains(object.tag) { writer.appendTLV(object.tag, object.value) }
                }
            }
            guard !file.isDirectory else { return try appendPINStatus(of: file, to: &writer) }
            let size = shown.structure == .berTLV ? shown.usedSize : shown.size
            writer.appendTLV(0x80) { $0.append(number: UInt32(truncatingIfNeeded: size), minimum: 2) }
            writer.appendTLV(0x88) { writer in
                if file.shortFileIdentifier != 0 { writer.append(file.shortFileIdentifier << 3) }
            }
        }
        output = writer
    }

    /// Proprietary information, tag A5: TS 102 221 clause 11.1.1.4.6.
    private func appendProprietaryInformation(
        of file: File,
        _ shown: File,
        to writer: inout OctetWriter
    ) throws(StatusWord) {
        if file.parent == nil {
            writer.appendTLV(0xA5) { writer in
                // Clock stop allowed without preference, supply voltage classes A, B and C.
                writer.appendTLV(0x80) { $0.append(0x71 as UInt8) }
                let free = memory.freePages * Geometry.pageSize
                writer.appendTLV(0x83) { $0.append(number: UInt32(truncatingIfNeeded: free), minimum: 4) }
                // TERMINAL CAPABILITY is supported.
                writer.appendTLV(0x87) { $0.append(0x01 as UInt8) }
            }
            return
        }
        try withAttributes(of: shown) { (attributes) throws(StatusWord) in
            let stored = OctetCursor(attributes).firstValue(0xA5)
            guard shown.structure == .berTLV else {
                if let stored { writer.appendTLV(0xA5, stored) }
                return
            }
            writer.appendTLV(0xA5) { writer in
                var objects = OctetCursor(stored ?? .empty)
                while let object = objects.berTLV() {
                    guard object.tag == 0x85 || object.tag == 0x86 else {
                        writer.appendTLV(object.tag, object.value)
                        continue
                    }
                    // Stored in four octets; a maximum of FFFFFFFF is none.
                    guard let size = object.value.number, size != .max else { continue }
                    writer.appendTLV(object.tag) { $0.append(number: size, minimum: 2) }
                }
            }
        }
    }

    /// The PIN status template of a DF, or, where it has none, that of the DF that it links to or lies in.
    private func appendPINStatus(of file: File, to writer: inout OctetWriter) throws(StatusWord) {
        var holder = file
        for _ in 0..<Self.maximumDepth {
            let isFound = try withAttributes(of: holder) { (attributes) throws(StatusWord) -> Bool in
                guard let references = OctetCursor(attributes).firstValue(0xC6) else { return false }
                appendPINStatus(references, of: file, to: &writer)
                return true
            }
            guard !isFound, let next = holder.link ?? holder.parent else { return }
            holder = try self.file(next)
        }
    }

    /// PIN status template DO, tag C6: TS 102 221 clause 11.1.1.4.10.
    private func appendPINStatus(_ references: OctetView, of file: File, to writer: inout OctetWriter) {
        writer.appendTLV(0xC6) { writer in
            writer.appendTLV(0x90) { writer in
                for start in stride(from: 0, to: references.count, by: 8) {
                    var octet: UInt8 = 0
                    for index in 0..<8 {
                        guard let reference = references.octet(at: start + index) else { continue }
                        let pin = codes.number(of: reference, in: file.reference, memory)
                        if let pin, codes.isEnabled(pin, memory) { octet |= 0x80 >> UInt8(index) }
                    }
                    writer.append(octet)
                }
            }
            references.withUnsafeBytes { list in
                for reference in list {
                    // The usage qualifier of the universal PIN comes before it: use, or do not use.
                    if reference == 0x11 {
                        let isUsed = list.contains { replaced in
                            let pin = codes.number(of: replaced, in: file.reference, memory)
                            return pin.flatMap { codes.replacement(of: $0, memory) } == 0x11
                        }
                        writer.appendTLV(0x95) { $0.append(isUsed ? 0x08 : 0x00 as UInt8) }
                    }
                    writer.appendTLV(0x83) { $0.append(reference) }
                }
            }
        }
    }
}
