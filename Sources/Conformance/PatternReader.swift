/// Why a piece of a transcript cannot be read: one line for the user, without the place.
struct SyntaxError: Error, Equatable {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// Reads octets as a transcript writes them: docs/vectors.md, "Octets".
struct PatternReader {
    /// How many octets each name stands for that was captured above.
    var lengths: [String: Int] = [:]

    private var characters: ArraySlice<Character> = []

    /// The pattern that `text` describes.
    mutating func pattern(_ text: some StringProtocol) throws(SyntaxError) -> Pattern {
        characters = Array(text)[...]
        let pattern = Pattern(elements: try elements(until: nil))
        guard pattern.elements.count(where: { $0 == .rest }) <= 1 else {
            throw SyntaxError("* stands more than once")
        }
        return pattern
    }

    private mutating func elements(until end: Character?) throws(SyntaxError) -> [PatternElement] {
        var elements: [PatternElement] = []
        while let next = characters.first {
            switch next {
            case " ", "\t": characters.removeFirst()
            case "(", "[":
                characters.removeFirst()
                let value = try self.elements(until: next == "(" ? ")" : "]")
                guard let count = length(of: value) else { throw SyntaxError("* cannot stand in brackets") }
                elements += try lengthOctets(count, isField: next == "[") + value
            case ")", "]":
                guard next == end else { throw SyntaxError("\(next) without its beginning") }
                characters.removeFirst()
                return elements
            case "<": elements.append(try name())
            default: elements += try word()
            }
        }
        if let end { throw SyntaxError("\(end) is missing") }
        return elements
    }

    /// The length in one octet, as Lc; or as BER does it.
    private func lengthOctets(_ count: Int, isField: Bool) throws(SyntaxError) -> [PatternElement] {
        guard count <= (isField ? 0xFF : 0xFFFF) else { throw SyntaxError("\(count) octets in brackets are too many") }
        let (high, low) = (UInt8(count >> 8), UInt8(count & 0xFF))
        if isField || count < 0x80 { return [.exactly(low)] }
        return count <= 0xFF
            ? [.exactly(0x81), .exactly(low)] : [.exactly(0x82), .exactly(high), .exactly(low)]
    }

    private func length(of elements: [PatternElement]) -> Int? {
        var count = 0
        for element in elements {
            switch element {
            case .octet: count += 1
            case .nonZero(let more), .capture(_, let more): count += more
            case .same(let name), .other(let name): count += lengths[name] ?? 0
            case .rest: return nil
            }
        }
        return count
    }

    /// `<name:count>`, `<name>` or `<!name>`.
    private mutating func name() throws(SyntaxError) -> PatternElement {
        guard let end = characters.firstIndex(of: ">") else { throw SyntaxError("> is missing") }
        let parts = characters[characters.startIndex + 1..<end].split(separator: ":", omittingEmptySubsequences: false)
        characters = characters[(end + 1)...]
        var name = String(parts.first ?? [])
        let isOther = name.hasPrefix("!")
        if isOther { name.removeFirst() }
        guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }) else {
            throw SyntaxError("<\(name)>: a name has letters, digits and -")
        }
        guard parts.count > 1 else {
            guard lengths[name] != nil else { throw SyntaxError("<\(name)> is not captured above") }
            return isOther ? .other(name) : .same(name)
        }
        guard parts.count == 2, !isOther, let count = Int(String(parts[1])), (1...0xFFFF).contains(count) else {
            throw SyntaxError("<\(name): a capture is <name:number of octets>")
        }
        lengths[name] = count
        return .capture(name, count)
    }

    /// Digits up to a space or a bracket: octets, `XX*N`, `!!*N`, `*`.
    private mutating func word() throws(SyntaxError) -> [PatternElement] {
        let word = String(characters.prefix { !" \t()[]<>".contains($0) })
        guard !word.isEmpty else { throw SyntaxError("\(characters.first.map(String.init) ?? "") cannot stand here") }
        characters = characters.dropFirst(word.count)
        if word == "*" { return [.rest] }
        let parts = word.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw SyntaxError("\(word) is no octets") }
        var repetitions = 1
        if parts.count == 2 {
            guard let count = Int(parts[1]), (1...0xFFFF).contains(count), parts[0].count == 2 else {
                throw SyntaxError("\(word): a repetition is one octet, *, and a number")
            }
            repetitions = count
        }
        if parts[0] == "!!" { return [.nonZero(repetitions)] }
        let octets = try octets(parts[0], in: word)
        return (0..<repetitions).flatMap { _ in octets }
    }

    private func octets(_ digits: Substring, in word: String) throws(SyntaxError) -> [PatternElement] {
        guard digits.count % 2 == 0 else { throw SyntaxError("\(word) has half an octet") }
        var elements: [PatternElement] = []
        var half: (value: UInt8, mask: UInt8)?
        for digit in digits {
            let value: UInt8
            let mask: UInt8
            if digit == "." {
                (value, mask) = (0, 0)
            } else if digit.isASCII, let number = digit.hexDigitValue {
                (value, mask) = (UInt8(number), 0xF)
            } else {
                throw SyntaxError("\(word) is not hexadecimal")
            }
            if let high = half {
                elements.append(.octet(value: high.value << 4 | value, mask: high.mask << 4 | mask))
                half = nil
            } else {
                half = (value, mask)
            }
        }
        return elements
    }
}
