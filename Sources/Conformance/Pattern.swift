import Octets

/// A stretch of a pattern.
enum PatternElement: Equatable, Sendable {
    /// One octet, whose bits under `mask` are those of `value`.
    case octet(value: UInt8, mask: UInt8)
    /// So many octets that are not all 00.
    case nonZero(Int)
    /// So many octets, which have a name from now on.
    case capture(String, Int)
    /// The octets that have this name.
    case same(String)
    /// As many octets as have this name, but others.
    case other(String)
    /// Any number of octets.
    case rest

    /// `octet`, nothing left open.
    static func exactly(_ octet: UInt8) -> PatternElement { .octet(value: octet, mask: 0xFF) }
}

/// The octets that have been captured, by name.
typealias Captures = [String: [UInt8]]

/// Octets as a transcript describes them: exactly, or with places left open. docs/vectors.md says how it is written.
struct Pattern: Equatable, Sendable {
    /// One after the other; `rest` at most once.
    var elements: [PatternElement] = []

    /// Whether `octets` are what the pattern describes. Names are added to `captures` only if they are.
    func matches(_ octets: [UInt8], _ captures: inout Captures) -> Bool {
        var named = captures
        let parts = elements.split(separator: .rest, maxSplits: 1, omittingEmptySubsequences: false)
        guard let head = parts.first else { return octets.isEmpty }
        guard let end = Self.match(head, octets[...], &named) else { return false }
        if parts.count == 2 {
            let tail = parts[1]
            let length = tail.reduce(0) { $0 + Self.length(of: $1, named) }
            guard octets.count - end >= length else { return false }
            guard Self.match(tail, octets[(octets.count - length)...], &named) == octets.count else { return false }
        } else if end != octets.count {
            return false
        }
        captures = named
        return true
    }

    /// Where the octets that `elements` describe end; nil where they do not stand at the beginning of `octets`.
    private static func match(
        _ elements: ArraySlice<PatternElement>,
        _ octets: ArraySlice<UInt8>,
        _ captures: inout Captures
    ) -> Int? {
        var position = octets.startIndex
        for element in elements {
            let length = length(of: element, captures)
            guard octets.endIndex - position >= length else { return nil }
            let part = octets[position..<position + length]
            let isMatch =
                switch element {
                case .octet(let value, let mask): part.first.map { $0 & mask == value & mask } ?? false
                case .nonZero: part.contains { $0 != 0 }
                case .capture, .rest: true
                case .same(let name): part.elementsEqual(captures[name] ?? [])
                case .other(let name): !part.elementsEqual(captures[name] ?? [])
                }
            guard isMatch else { return nil }
            if case .capture(let name, _) = element { captures[name] = Array(part) }
            position += length
        }
        return position
    }

    private static func length(of element: PatternElement, _ captures: Captures) -> Int {
        switch element {
        case .octet: 1
        case .nonZero(let count), .capture(_, let count): count
        case .same(let name), .other(let name): captures[name]?.count ?? 0
        case .rest: 0
        }
    }

    /// The octets of a pattern that leaves nothing open, such as a command; nil where a name has no octets.
    func octets(_ captures: Captures) -> [UInt8]? {
        var octets: [UInt8] = []
        for element in elements {
            switch element {
            case .octet(let value, 0xFF): octets.append(value)
            case .same(let name):
                guard let named = captures[name] else { return nil }
                octets += named
            default: return nil
            }
        }
        return octets
    }

    /// Whether nothing is left open.
    var isExact: Bool {
        elements.allSatisfy { element in
            switch element {
            case .octet(_, 0xFF), .same: true
            default: false
            }
        }
    }
}

extension Pattern: CustomStringConvertible {
    /// As it may be written, without names for lengths and without spaces but where they separate.
    var description: String {
        var words: [String] = []
        var digits = ""
        func flush() {
            if !digits.isEmpty { words.append(digits) }
            digits = ""
        }
        for element in elements {
            switch element {
            case .octet(let value, let mask):
                for (digit, isGiven) in zip(Hex.string([value]), [mask & 0xF0 != 0, mask & 0x0F != 0]) {
                    digits.append(isGiven ? digit : ".")
                }
            case .nonZero(let count):
                flush()
                words.append("!!*\(count)")
            case .capture(let name, let count):
                flush()
                words.append("<\(name):\(count)>")
            case .same(let name):
                flush()
                words.append("<\(name)>")
            case .other(let name):
                flush()
                words.append("<!\(name)>")
            case .rest:
                flush()
                words.append("*")
            }
        }
        flush()
        return words.joined(separator: " ")
    }
}
