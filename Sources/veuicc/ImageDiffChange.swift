import Octets

/// One difference between two images in the words of the card.
struct ImageChange: Encodable {
    enum Kind: String, Encodable {
        case created, deleted, changed
        /// The same content in other pages.
        case moved
    }

    /// What stood or stands there.
    enum Value {
        case text(String)
        case octets([UInt8])

        private static let limit = 16

        /// Octets with spaces, and not more than a line holds.
        var short: String {
            switch self {
            case .text(let text): return text
            case .octets(let octets):
                let shown = octets.prefix(Self.limit).map { Hex.string([$0]) }.joined(separator: " ")
                return octets.count > Self.limit ? "\(shown) …" : shown
            }
        }

        /// All of it; octets without spaces.
        var whole: String {
            switch self {
            case .text(let text): text
            case .octets(let octets): Hex.string(octets)
            }
        }
    }

    let subject: String
    let owner: Int
    let kind: Kind
    /// Which of its properties; empty for the thing itself.
    let what: String
    let old: Value?
    let new: Value?

    init(
        _ subject: String,
        owner: UInt8,
        _ kind: Kind = .changed,
        _ what: String = "",
        _ old: Value? = nil,
        _ new: Value? = nil
    ) {
        (self.subject, self.owner, self.kind) = (subject, Int(owner), kind)
        (self.what, self.old, self.new) = (what, old, new)
    }

    /// `EF.LOCI 4 octets at 0: 08 09 10 10 → FF FF FF FF`.
    var line: String {
        let head = [subject, kind == .changed ? what : kind.rawValue].filter { !$0.isEmpty }.joined(separator: " ")
        let end = kind == .changed || what.isEmpty ? "" : ", \(what)"
        return switch (old?.short, new?.short) {
        case (let old?, let new?): "\(head) \(old) → \(new)\(end)"
        case (let value?, nil), (nil, let value?): "\(head)\(end) \(value)"
        case (nil, nil): "\(head)\(end)"
        }
    }

    private enum CodingKeys: String, CodingKey {
        case subject, owner, kind, what, old, new
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(subject, forKey: .subject)
        try container.encode(owner, forKey: .owner)
        try container.encode(kind, forKey: .kind)
        if !what.isEmpty { try container.encode(what, forKey: .what) }
        try container.encodeIfPresent(old?.whole, forKey: .old)
        try container.encodeIfPresent(new?.whole, forKey: .new)
    }
}

/// Where two lists of octets differ.
enum Differences {
    /// Runs of octets that differ, with no more than `gap` equal ones inside; in what both have.
    static func runs(
        _ old: some RandomAccessCollection<UInt8>,
        _ new: some RandomAccessCollection<UInt8>,
        gap: Int = 3
    ) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for (index, (before, after)) in zip(old, new).enumerated() where before != after {
            if let last = runs.last, index - last.upperBound <= gap {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        return runs
    }

    /// "1 octet", "4 octets".
    static func octets(_ count: Int) -> String { count == 1 ? "1 octet" : "\(count) octets" }
}
