import Octets

/// Compares what an access rule application keeps with docs/memory-image.md section 7.9.
struct RuleVerification {
    /// Where in the content the first thing stands that is not right; nil for right content.
    ///
    /// A rule is right where it is as the card would write it: whatever order, length field or data object that it
    /// would not write is found by that.
    static func firstWrongOctet(in content: OctetView) -> Int? {
        guard content.count >= RuleStore.headerSize, let flags = content.octet(at: 0), flags <= 0x01 else { return 0 }
        var references: Set<[UInt8]> = []
        var cursor = OctetCursor(content)
        _ = cursor.octets(RuleStore.headerSize)
        while !cursor.isAtEnd {
            let start = cursor.position
            guard let object = cursor.berTLV(), object.tag == AccessRule.tag else { return start }
            let octets = content.part(from: start, length: cursor.position - start)
            guard octets.count <= AccessRule.limit, let reference = reference(of: object.value, octets),
                references.insert(reference).inserted
            else { return start }
        }
        return nil
    }

    /// What the rule with a value is for, in octets; nil where the card would write other `octets` for it.
    private static func reference(of value: OctetView, _ octets: OctetView) -> [UInt8]? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: AccessRule.limit, alignment: 8)
        defer { buffer.deallocate() }
        do throws(StatusWord) {
            let rule = try AccessRule(value)
            var writer = OctetWriter(buffer)
            rule.append(to: &writer)
            guard !writer.overflowed, writer.view.equals(octets) else { return nil }
            writer.truncate(to: 0)
            rule.reference.append(to: &writer)
            return writer.view.array
        } catch {
            return nil
        }
    }
}
